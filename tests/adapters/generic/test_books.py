"""Described books under loss, doubles and disorder: the true book, or a declared resync, never a wrong
book that is called verified."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tui.adapters.generic import DescribedAdapter
from tui.feed.books import BookSync, Verdict
from tui.market.order_book import OrderBook
from tui.model.events import BookDelta, BookSnapshot, Gap
from tui.model.instrument import Instrument

Make = Callable[[str], DescribedAdapter]
GOLD = Instrument("DESK", "GOLD")
Levels = dict[str, str]

BASE = """
stream = "wss://desk.example"
rest = "https://desk.example"
symbols = ["GOLD"]
[messages.change]
kind = "book_delta"
when = { "/k" = "change" }
bids = "/b"
asks = "/a"
sequence = "/n"
LINK
[book]
snapshot = "SNAPSHOT"
sequence = "SEQUENCE"
"""
WHOLE = """
[HOW]
WHEN
bids = "/b"
asks = "/a"
sequence = "/n"
"""
BY_REQUEST = WHOLE.replace("HOW", "requests.book").replace("WHEN", 'url = "/book"')
BY_STREAM = WHOLE.replace("HOW", "messages.book").replace("WHEN", 'kind = "book_snapshot"')


def feed(snapshot: str, sequence: str, link: str = "") -> str:
    text = BASE.replace("LINK", link).replace("SNAPSHOT", snapshot).replace("SEQUENCE", sequence)
    return text + (BY_REQUEST if snapshot == "request" else BY_STREAM)


class Venue:
    """A book with a history: `after[n]` is the truth after the n-th change."""

    def __init__(self, changes: Iterable[tuple[int, int]], step: int) -> None:
        self.after: dict[int, tuple[Levels, Levels]] = {0: ({}, {})}
        self.changes: list[dict[str, Any]] = []
        number = 0
        for price, size in changes:
            bids, asks = (dict(side) for side in self.after[number])
            side, name = (bids, "b") if price < 50 else (asks, "a")
            if size:
                side[str(price)] = str(size)
            else:
                side.pop(str(price), None)
            change = {"k": "change", "b": {}, "a": {}, "p": number, "f": number + 1}
            change[name] = {str(price): str(size)}
            number += step
            self.after[number] = bids, asks
            self.changes.append(change | {"n": number})

    def book(self, number: int) -> dict[str, Any]:
        bids, asks = self.after[number]
        return {"k": "book", "n": number, "b": bids, "a": asks}


class Follower:
    """What a feed does with the adapter's events."""

    def __init__(self, adapter: DescribedAdapter, venue: Venue) -> None:
        self.adapter = adapter
        self.venue = venue
        self.sync = BookSync(GOLD, adapter.book_policy, OrderBook())
        self.needs_snapshot = True

    def stream(self, message: dict[str, Any]) -> None:
        for event in self.adapter.decode(json.dumps(message).encode(), 1):
            if isinstance(event, BookDelta):
                self.judge(self.sync.on_delta(event))
            elif isinstance(event, BookSnapshot):
                self.needs_snapshot = False
                self.judge(self.sync.on_snapshot(event))
            else:
                assert isinstance(event, Gap)
                self.sync.reset(event.reason)
                self.needs_snapshot = True

    def fetch(self, number: int) -> None:
        """Get the book as it is at the venue now."""
        if not self.needs_snapshot:
            return
        if self.sync.policy.snapshot_by_rest:
            request = self.adapter.book_request(GOLD)
            snapshot = request.decode(json.dumps(self.venue.book(number)).encode(), 1)
            self.needs_snapshot = False
            self.judge(self.sync.on_snapshot(snapshot))
        else:
            self.stream(self.venue.book(number))

    def judge(self, verdict: Verdict) -> None:
        self.needs_snapshot |= verdict is Verdict.NEEDS_SNAPSHOT

    @property
    def levels(self) -> tuple[Levels, Levels]:
        book = self.sync.book
        return dict(book.bids.top_raw(1000)), dict(book.asks.top_raw(1000))


CHANGES = st.lists(st.tuples(st.integers(40, 59), st.integers(0, 3)), min_size=1, max_size=25)
# What becomes of each change on its way: how often it comes, and how much later than the others.
FATES = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3)), min_size=25, max_size=25)
NO_LOSS = st.lists(st.tuples(st.integers(1, 2), st.integers(0, 3)), min_size=25, max_size=25)
LINKS = {
    "one by one": ("", 1),
    "first": ('first_sequence = "/f"', 4),
    "before": ('previous_sequence = "/p"', 4),
}
RELAXED = settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def arrivals(venue: Venue, fates: list[tuple[int, int]]) -> list[tuple[int, dict[str, Any]]]:
    """The changes as they come, each with the newest number that the venue has by then."""
    come: list[tuple[int, dict[str, Any]]] = []
    for index, (change, (times, late)) in enumerate(zip(venue.changes, fates, strict=False)):
        come += [(index + late * copy + late, change) for copy in range(times)]
    come.sort(key=lambda one: one[0])
    numbers = [change["n"] for change in venue.changes]
    return [(numbers[min(at, len(numbers) - 1)], change) for at, change in come]


@pytest.mark.parametrize("snapshot", ["request", "stream"])
@pytest.mark.parametrize("link", LINKS)
@RELAXED
@given(changes=CHANGES, fates=FATES, fetches=st.lists(st.booleans(), min_size=80, max_size=80))
def test_a_book_whose_numbers_count_is_true_whenever_it_is_verified(
    described: Make,
    link: str,
    snapshot: str,
    changes: list[tuple[int, int]],
    fates: list[tuple[int, int]],
    fetches: list[bool],
) -> None:
    text, step = LINKS[link]
    venue = Venue(changes, step)
    follower = Follower(described(feed(snapshot, "counts", text)), venue)

    for (newest, change), is_fetched in zip(arrivals(venue, fates), fetches, strict=False):
        follower.stream(change)
        if is_fetched:
            follower.fetch(newest)
        if follower.sync.is_verified:
            assert follower.levels == venue.after[follower.sync.sequence]

    for _ in range(3):
        follower.fetch(venue.changes[-1]["n"])
    assert follower.sync.is_verified or follower.sync.reason
    if follower.sync.is_verified:
        assert follower.levels == venue.after[follower.sync.sequence]


@pytest.mark.parametrize("snapshot", ["request", "stream"])
@RELAXED
@given(changes=CHANGES, fates=NO_LOSS, fetches=st.lists(st.booleans(), min_size=160, max_size=160))
def test_a_book_whose_numbers_only_grow_is_built_again_after_doubles_and_disorder(
    described: Make,
    snapshot: str,
    changes: list[tuple[int, int]],
    fates: list[tuple[int, int]],
    fetches: list[bool],
) -> None:
    venue = Venue(changes, 7)
    follower = Follower(described(feed(snapshot, "orders")), venue)
    come: set[int] = set()

    for (newest, change), is_fetched in zip(arrivals(venue, fates), fetches, strict=False):
        follower.stream(change)
        come.add(change["n"])
        if is_fetched:
            follower.fetch(newest)
        sequence = follower.sync.sequence
        # While a change is late nobody can know of it; once it is there, it must have been noticed.
        if follower.sync.is_verified and come.issuperset(range(7, sequence + 1, 7)):
            assert follower.levels == venue.after[sequence]


def test_the_same_change_twice_is_no_disorder(described: Make) -> None:
    adapter = described(feed("request", "orders"))
    change = json.dumps({"k": "change", "n": 5, "b": {"1": "1"}, "a": {}}).encode()

    assert [type(event) for event in adapter.decode(change, 1)] == [BookDelta]
    assert adapter.decode(change, 1) == []


def test_another_change_of_the_same_number_is_disorder(described: Make) -> None:
    adapter = described(feed("request", "orders"))
    one, other = (
        json.dumps({"k": "change", "n": 5, "b": {"1": size}, "a": {}}).encode() for size in "12"
    )
    adapter.decode(one, 1)

    (gap,) = adapter.decode(other, 1)

    assert isinstance(gap, Gap)


def test_a_fetched_book_that_is_older_than_the_stream_is_not_taken(described: Make) -> None:
    venue = Venue([(40, 1), (41, 1), (42, 1)], 7)
    follower = Follower(described(feed("request", "orders")), venue)

    follower.stream(venue.changes[1])
    follower.fetch(7)
    too_old = follower.sync.is_verified
    follower.fetch(14)

    assert (too_old, follower.sync.is_verified) == (False, True)
    assert follower.levels == venue.after[14]


def test_a_book_without_numbers_is_checked_for_being_crossed(described: Make) -> None:
    text = feed("stream", "none").replace('sequence = "/n"\n', "")
    follower = Follower(described(text), Venue([(40, 1)], 1))

    follower.stream({"k": "book", "b": {"40": "1"}, "a": {"50": "1"}})
    fine = follower.sync.reason
    follower.stream({"k": "change", "b": {"51": "1"}, "a": {}})

    assert fine == "crossed-check"
    assert follower.sync.reason.startswith("crossed")
    assert not follower.sync.is_verified
