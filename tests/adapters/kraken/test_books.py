"""A book of Kraken that says verified is the venue's book, whatever was lost, doubled or swapped."""

from __future__ import annotations

import json
from typing import NamedTuple

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.adapters.kraken import KrakenAdapter
from tui.adapters.kraken.checksum import Checksum
from tui.feed.books import BookSync, Verdict
from tui.market.order_book import OrderBook
from tui.model.events import BookDelta, BookSnapshot, Level
from tui.model.instrument import Instrument

BTC = Instrument("KRAKEN", "BTC/USD")
DEPTH = 10
Sides = tuple[list[Level], list[Level]]


class Told(NamedTuple):
    """A message of the venue, and its whole book after it."""

    frame: bytes
    bids: list[Level]
    asks: list[Level]


class Venue:
    """A book of any depth, told in the way of either protocol."""

    def __init__(self, protocol: str) -> None:
        self._protocol = protocol
        self._book = OrderBook()
        self._second = 0
        self._book.replace(
            [(f"{100 - step}.0", "1.00000000") for step in range(1, 15)],
            [(f"{100 + step}.0", "1.00000000") for step in range(1, 15)],
        )

    def snapshot(self) -> Told:
        return self._tell(self._top(DEPTH), is_snapshot=True)

    def change(self, is_bid: bool, step: int, size: int) -> Told:
        """Set a level; what leaves or enters the depth is told as the venue does it: a level that
        falls out is not, and one that comes back in is."""
        before = self._top(DEPTH)
        price = f"{100 - step if is_bid else 100 + step}.0"
        level = price, f"{size}.00000000"
        self._book.apply([level] if is_bid else [], [] if is_bid else [level])
        after = self._top(DEPTH)
        told = [self._difference(*sides) for sides in zip(before, after, strict=True)]
        return self._tell((told[0], told[1]), is_snapshot=False)

    @staticmethod
    def _difference(before: list[Level], after: list[Level]) -> list[Level]:
        prices = {price for price, _ in after}
        gone = [price for price, _ in before if price not in prices] if len(after) < DEPTH else []
        if len(after) == DEPTH:
            # A removed level, not one pushed out: it is better than the worst that is left.
            edge = abs(float(after[-1][0]) - 100)
            gone = [p for p, _ in before if p not in prices and abs(float(p) - 100) < edge]
        return [(price, "0.00000000") for price in gone] + [
            one for one in after if one not in before
        ]

    def _top(self, count: int) -> Sides:
        return self._book.bids.top_raw(count), self._book.asks.top_raw(count)

    def _tell(self, sides: Sides, *, is_snapshot: bool) -> Told:
        self._second += 1
        checksum = Checksum()(self._book)
        if self._protocol == "v2":
            text = self._encode_v2(sides, checksum, is_snapshot)
        else:
            text = self._encode_v1(sides, checksum, is_snapshot)
        return Told(text.encode(), *self._top(DEPTH))

    def _encode_v2(self, sides: Sides, checksum: int, is_snapshot: bool) -> str:
        rows = [
            ",".join(f'{{"price":{price},"qty":{size}}}' for price, size in side) for side in sides
        ]
        return (
            f'{{"channel":"book","type":"{"snapshot" if is_snapshot else "update"}","data":[{{'
            f'"symbol":"BTC/USD","bids":[{rows[0]}],"asks":[{rows[1]}],"checksum":{checksum},'
            f'"timestamp":"2026-08-02T03:{self._second // 60:02}:{self._second % 60:02}.000000Z"}}]}}'
        )

    def _encode_v1(self, sides: Sides, checksum: int, is_snapshot: bool) -> str:
        bids, asks = ([[*level, f"{self._second}.0"] for level in side] for side in sides)
        if is_snapshot:
            return json.dumps([1, {"as": asks, "bs": bids}, "book-10", "XBT/USD"])
        check = {"c": str(checksum)}
        if asks and bids:
            return json.dumps([1, {"a": asks}, {"b": bids, **check}, "book-10", "XBT/USD"])
        return json.dumps(
            [1, {"a": asks, **check} if asks else {"b": bids, **check}, "book-10", "XBT/USD"]
        )


class Client:
    """Decodes and checks; whenever the book needs a snapshot, it asks for one."""

    def __init__(self, protocol: str) -> None:
        self.adapter = KrakenAdapter({"protocol": protocol})
        policy = msgspec.structs.replace(self.adapter.book_policy, depth=DEPTH)
        self.sync = BookSync(BTC, policy, OrderBook())

    def receive(self, frame: bytes) -> Verdict:
        (event,) = self.adapter.decode(frame, 1)
        assert isinstance(event, BookDelta | BookSnapshot)
        if isinstance(event, BookSnapshot):
            return self.sync.on_snapshot(event)
        return self.sync.on_delta(event)

    @property
    def book(self) -> Sides:
        return self.sync.book.bids.top_raw(DEPTH), self.sync.book.asks.top_raw(DEPTH)


changes = st.lists(
    st.tuples(st.booleans(), st.integers(1, 16), st.sampled_from([0, 0, 1, 2, 3])),
    min_size=1,
    max_size=25,
)
faults = st.lists(st.sampled_from(["", "", "", "lose", "double", "swap", "again"]), max_size=25)


@pytest.mark.parametrize("protocol", ["v2", "v1"])
@settings(max_examples=60, deadline=None)
@given(changes)
def test_what_arrives_whole_is_the_venues_book(
    protocol: str, steps: list[tuple[bool, int, int]]
) -> None:
    venue, client = Venue(protocol), Client(protocol)
    client.receive(venue.snapshot().frame)

    for step in steps:
        told = venue.change(*step)
        assert client.receive(told.frame) is Verdict.APPLIED
        assert client.book == (told.bids, told.asks)


@pytest.mark.parametrize("protocol", ["v2", "v1"])
@settings(max_examples=120, deadline=None)
@given(changes, faults)
def test_a_verified_book_is_one_that_the_venue_had(
    protocol: str, steps: list[tuple[bool, int, int]], mishaps: list[str]
) -> None:
    venue, client = Venue(protocol), Client(protocol)
    first = venue.snapshot()
    told = [first, *(venue.change(*step) for step in steps)]
    books = [(one.bids, one.asks) for one in told]

    for frame in disturbed([one.frame for one in told], mishaps):
        client.receive(frame)
        assert not client.sync.is_verified or client.book in books

    client.receive(venue.snapshot().frame)
    final = venue.change(True, 1, 7)
    client.receive(final.frame)
    if not client.sync.is_verified:
        client.receive(venue.snapshot().frame)
    assert client.sync.is_verified
    assert client.book == (final.bids, final.asks)


def disturbed(frames: list[bytes], mishaps: list[str]) -> list[bytes]:
    """The frames as they arrive: some lost, doubled, swapped with the next, or sent once more later."""
    arriving: list[bytes] = []
    held: bytes | None = None
    for frame, mishap in zip(frames, [*mishaps, *[""] * len(frames)], strict=False):
        if mishap == "lose":
            continue
        if mishap == "swap" and held is None:
            held = frame
            continue
        arriving.append(frame)
        if held is not None:
            arriving.append(held)
            held = None
        if mishap == "double":
            arriving.append(frame)
        elif mishap == "again":
            arriving.append(arriving[len(arriving) // 2])
    return arriving


def test_a_level_that_was_pushed_out_comes_back_as_the_venue_tells_it() -> None:
    venue, client = Venue("v2"), Client("v2")
    client.receive(venue.snapshot().frame)
    client.receive(venue.change(True, 0, 5).frame)

    client.receive(venue.change(True, 0, 0).frame)

    assert client.sync.is_verified
    assert len(client.book[0]) == 10
    assert client.book[0][-1] == ("90.0", "1.00000000")


def test_one_wrong_checksum_makes_the_book_unverified_until_a_snapshot() -> None:
    venue, client = Venue("v2"), Client("v2")
    client.receive(venue.snapshot().frame)
    wrong = venue.change(True, 1, 3).frame.replace(b'"checksum":', b'"checksum":1')

    verdict = client.receive(wrong[: wrong.rindex(b'"checksum":')] + b'"checksum":1}]}')

    assert verdict is Verdict.NEEDS_SNAPSHOT
    assert client.sync.reason.endswith(" instead of 1")
    assert client.receive(venue.snapshot().frame) is Verdict.APPLIED
