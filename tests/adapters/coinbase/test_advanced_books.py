"""A book of Advanced Trade that says verified is the venue's, whatever was lost, doubled or swapped."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from tui.adapters.coinbase import CoinbaseAdapter
from tui.feed.books import BookSync
from tui.market.order_book import OrderBook
from tui.model.events import BookDelta, BookSnapshot, Gap, Level, ParseFailure
from tui.model.instrument import Instrument

PRODUCTS = ("BTC-USD", "ETH-USD")
Sides = tuple[list[Level], list[Level]]
Step = tuple[str, int, bool, int, int]


class Told(NamedTuple):
    """A frame of the venue, and its books after it."""

    frame: bytes
    books: dict[str, Sides]


class Venue:
    """Two books on one connection."""

    def __init__(self) -> None:
        self._number = 0
        self._books = {product: OrderBook() for product in PRODUCTS}
        for book in self._books.values():
            book.replace(
                [(str(100 - n), "1") for n in range(1, 6)],
                [(str(100 + n), "1") for n in range(1, 6)],
            )

    def snapshot(self, product: str) -> Told:
        bids, asks = self._sides(product)
        return self._tell_book("snapshot", product, bids, asks)

    def do(self, step: Step) -> Told:
        kind, which, is_bid, distance, size = step
        product = PRODUCTS[which]
        if kind == "beat":
            return self._tell("heartbeats", [])
        if kind == "snapshot":
            return self.snapshot(product)
        level = (str(100 - distance if is_bid else 100 + distance), str(size))
        bids, asks = ([level], []) if is_bid else ([], [level])
        self._books[product].apply(bids, asks)
        return self._tell_book("update", product, bids, asks)

    def _sides(self, product: str) -> Sides:
        book = self._books[product]
        return book.bids.top_raw(50), book.asks.top_raw(50)

    def _tell_book(self, kind: str, product: str, bids: list[Level], asks: list[Level]) -> Told:
        updates = [
            {"side": side, "price_level": price, "new_quantity": size}
            for side, levels in (("bid", bids), ("offer", asks))
            for price, size in levels
        ]
        return self._tell("l2_data", [{"type": kind, "product_id": product, "updates": updates}])

    def _tell(self, channel: str, events: list[Any]) -> Told:
        frame = {
            "channel": channel,
            "timestamp": "2026-09-30T02:39:53.862739917Z",
            "sequence_num": self._number,
            "events": events,
        }
        self._number += 1
        books = {product: self._sides(product) for product in PRODUCTS}
        return Told(json.dumps(frame, separators=(",", ":")).encode(), books)


class Client:
    """Decodes and checks; a gap is the end of every book that was not asked for again since."""

    def __init__(self) -> None:
        self.adapter = CoinbaseAdapter({"protocol": "advanced"})
        self.books = {
            product: BookSync(
                Instrument("COINBASE", product), self.adapter.book_policy, OrderBook()
            )
            for product in PRODUCTS
        }

    def receive(self, frame: bytes) -> bool:
        """True where the frame was taken in its place."""
        events = self.adapter.decode(frame, 1)
        for event in events:
            if isinstance(event, Gap):
                for book in self.books.values():
                    book.reset(event.reason)
            elif isinstance(event, BookSnapshot):
                self.books[event.instrument.symbol].on_snapshot(event)
            elif isinstance(event, BookDelta):
                self.books[event.instrument.symbol].on_delta(event)
        return not any(isinstance(event, ParseFailure) for event in events)

    def verified(self) -> dict[str, Sides]:
        return {
            product: (held.book.bids.top_raw(50), held.book.asks.top_raw(50))
            for product, held in self.books.items()
            if held.is_verified
        }


steps = st.lists(
    st.tuples(
        st.sampled_from(["change", "change", "change", "beat", "snapshot"]),
        st.integers(0, 1),
        st.booleans(),
        st.integers(1, 8),
        st.integers(0, 3),
    ),
    min_size=1,
    max_size=25,
)


@settings(max_examples=100, deadline=None)
@given(steps)
def test_what_arrives_whole_is_the_venues_book(taken: list[Step]) -> None:
    venue, client = Venue(), Client()
    for product in PRODUCTS:
        client.receive(venue.snapshot(product).frame)

    for step in taken:
        told = venue.do(step)
        client.receive(told.frame)
        assert client.verified() == told.books


@settings(max_examples=200, deadline=None)
@given(steps, st.data())
def test_a_verified_book_is_the_venues_at_the_newest_frame(
    taken: list[Step], data: st.DataObject
) -> None:
    venue, client = Venue(), Client()
    told = [*(venue.snapshot(product) for product in PRODUCTS), *map(venue.do, taken)]
    # Any of them, in any order, any number of times.
    order = data.draw(st.lists(st.integers(0, len(told) - 1), max_size=40))
    if data.draw(st.booleans()):
        order = sorted(order)

    newest = -1
    for number in order:
        assert client.receive(told[number].frame) is (number > newest)
        newest = max(newest, number)
        for product, sides in client.verified().items():
            assert sides == told[newest].books[product]

    for product in PRODUCTS:
        final = venue.snapshot(product)
        client.receive(final.frame)
    assert client.verified() == final.books
