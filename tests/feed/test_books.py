"""The book synchroniser: a book that says verified is the venue's book, whatever was lost on the way."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.adapters.base import POLLED_BOOK, BookPolicy
from tui.feed.books import BookSync, Verdict
from tui.market.order_book import OrderBook
from tui.model.events import BookDelta, BookSnapshot, Level
from tui.model.instrument import Instrument

BTCUSDT = Instrument("BINANCE", "BTCUSDT")
BRIDGED = BookPolicy("sequence", snapshot_by_rest=True, bridged=True)
UNBRIDGED = BookPolicy("uncrossed", snapshot_by_rest=True)
IN_STREAM = BookPolicy("uncrossed", snapshot_by_rest=False)


def size_of_best_bid(book: OrderBook) -> int:
    """A checksum that can be written down: the size of the best bid."""
    return int(float(book.bids.top_raw(1)[0][1]))


CHECKED = BookPolicy("checksum", snapshot_by_rest=False, checksum=size_of_best_bid)


def snapshot(
    sequence: int,
    bids: list[Level] | None = None,
    asks: list[Level] | None = None,
    checksum: int | None = None,
) -> BookSnapshot:
    return BookSnapshot(
        BTCUSDT,
        [("99", "1")] if bids is None else bids,
        [("101", "1")] if asks is None else asks,
        sequence,
        0,
        0,
        checksum,
    )


def delta(
    first: int,
    last: int,
    bids: list[Level] | None = None,
    asks: list[Level] | None = None,
    checksum: int | None = None,
) -> BookDelta:
    return BookDelta(
        BTCUSDT,
        [("98", str(last))] if bids is None else bids,
        asks or [],
        first,
        last,
        0,
        0,
        checksum,
    )


def make(policy: BookPolicy = BRIDGED) -> BookSync:
    return BookSync(BTCUSDT, policy, OrderBook())


def live() -> BookSync:
    """A verified book at update id 165."""
    sync = make()
    sync.on_delta(delta(161, 165))
    sync.on_snapshot(snapshot(160))
    assert sync.is_verified
    return sync


# -- starting --------------------------------------------------------------------------------


def test_a_new_book_waits_for_a_snapshot_and_is_not_verified() -> None:
    sync = make()

    assert sync.needs_snapshot
    assert not sync.is_verified
    assert sync.reason == "waiting for a snapshot"


def test_changes_before_the_snapshot_are_kept_and_do_not_show() -> None:
    sync = make()

    assert sync.on_delta(delta(157, 160)) is Verdict.BUFFERED
    assert len(sync.book.bids) == 0


def test_the_worked_example_drops_joins_applies_and_finds_the_gap() -> None:
    sync = make()
    sync.on_delta(delta(157, 160))
    sync.on_delta(delta(161, 165))

    assert sync.on_snapshot(snapshot(160)) is Verdict.APPLIED
    assert (sync.stale, sync.applied, sync.sequence) == (1, 1, 165)
    assert sync.on_delta(delta(166, 170)) is Verdict.APPLIED
    assert sync.on_delta(delta(173, 175)) is Verdict.NEEDS_SNAPSHOT
    assert sync.reason == "gap: 2 updates missed"
    assert (sync.gaps, sync.resyncs) == (1, 1)


def test_a_change_that_begins_inside_the_snapshot_joins_it() -> None:
    sync = make()
    sync.on_delta(delta(155, 165))

    assert sync.on_snapshot(snapshot(160)) is Verdict.APPLIED
    assert sync.book.bids.top_raw(2) == [("99", "1"), ("98", "165")]


def test_a_snapshot_older_than_the_first_change_is_refused_and_the_changes_stay() -> None:
    sync = make()
    sync.on_delta(delta(163, 165))

    assert sync.on_snapshot(snapshot(160)) is Verdict.NEEDS_SNAPSHOT
    assert sync.needs_snapshot
    assert sync.reason == "the snapshot is older than the stream"
    assert sync.on_snapshot(snapshot(162)) is Verdict.APPLIED
    assert sync.sequence == 165
    assert (sync.gaps, sync.resyncs) == (0, 0)


def test_a_snapshot_without_any_change_is_shown_as_syncing() -> None:
    sync = make()

    assert sync.on_snapshot(snapshot(160)) is Verdict.SYNCING
    assert not sync.is_verified
    assert not sync.needs_snapshot
    assert sync.reason == "waiting for a change that continues the snapshot"
    assert sync.book.bids.top_raw(1) == [("99", "1")]


def test_the_first_change_that_continues_the_snapshot_verifies_the_book() -> None:
    sync = make()
    sync.on_snapshot(snapshot(160))

    assert sync.on_delta(delta(155, 160)) is Verdict.IGNORED
    assert not sync.is_verified
    assert sync.on_delta(delta(161, 161)) is Verdict.APPLIED
    assert sync.is_verified
    assert sync.reason == "sequence"


def test_a_first_change_beyond_the_snapshot_asks_for_another_one() -> None:
    sync = make()
    sync.on_snapshot(snapshot(160))

    assert sync.on_delta(delta(163, 165)) is Verdict.NEEDS_SNAPSHOT
    assert sync.needs_snapshot
    assert sync.on_snapshot(snapshot(164)) is Verdict.APPLIED
    assert sync.sequence == 165


def test_only_what_follows_a_hole_is_kept_while_waiting() -> None:
    sync = make()
    sync.on_delta(delta(150, 155))
    sync.on_delta(delta(161, 165))

    assert sync.gaps == 1
    assert sync.on_snapshot(snapshot(154)) is Verdict.NEEDS_SNAPSHOT
    assert sync.on_snapshot(snapshot(162)) is Verdict.APPLIED


def test_the_buffer_is_bounded_and_keeps_the_newest() -> None:
    sync = BookSync(BTCUSDT, BRIDGED, OrderBook(), buffer_limit=10)
    for sequence in range(1, 101):
        sync.on_delta(delta(sequence, sequence))

    assert sync.on_snapshot(snapshot(89)) is Verdict.NEEDS_SNAPSHOT
    assert sync.on_snapshot(snapshot(90)) is Verdict.APPLIED
    assert (sync.applied, sync.sequence) == (10, 100)


# -- running ---------------------------------------------------------------------------------


def test_a_change_sets_sizes_and_removes_levels() -> None:
    sync = live()

    sync.on_delta(delta(166, 166, [("99", "0.00000000"), ("97", "5"), ("42", "0")], [("101", "3")]))

    assert sync.book.bids.top_raw(3) == [("98", "165"), ("97", "5")]
    assert sync.book.asks.top_raw(3) == [("101", "3")]


@pytest.mark.parametrize(("first", "last"), [(161, 165), (150, 155), (165, 165)])
def test_old_news_is_ignored(first: int, last: int) -> None:
    sync = live()

    assert sync.on_delta(delta(first, last, [("1", "1")])) is Verdict.IGNORED
    assert sync.is_verified
    assert sync.stale == 1
    assert sync.sequence == 165


def test_a_change_that_overlaps_the_book_is_applied() -> None:
    sync = live()

    assert sync.on_delta(delta(163, 168)) is Verdict.APPLIED
    assert sync.sequence == 168


def test_after_a_gap_the_old_levels_stay_unverified_until_the_new_snapshot() -> None:
    sync = live()
    sync.on_delta(delta(170, 171, [("98", "7")]))

    assert not sync.is_verified
    assert sync.book.bids.top_raw(2) == [("99", "1"), ("98", "165")]
    assert sync.on_snapshot(snapshot(169, [("97", "2")])) is Verdict.APPLIED
    assert sync.book.bids.top_raw(2) == [("98", "7"), ("97", "2")]
    assert sync.is_verified


def test_changes_go_on_being_kept_while_the_new_snapshot_is_fetched() -> None:
    sync = live()
    sync.on_delta(delta(170, 171))

    assert sync.on_delta(delta(172, 173)) is Verdict.BUFFERED
    assert sync.on_snapshot(snapshot(171)) is Verdict.APPLIED
    assert sync.sequence == 173


def test_a_crossed_book_is_built_again() -> None:
    sync = live()

    assert sync.on_delta(delta(166, 166, [("101", "1")])) is Verdict.NEEDS_SNAPSHOT
    assert not sync.is_verified
    assert sync.reason == "crossed: the best bid is not below the best ask"
    assert (sync.gaps, sync.resyncs) == (0, 1)


def test_a_crossed_snapshot_is_refused() -> None:
    sync = make()
    sync.on_delta(delta(161, 165))

    verdict = sync.on_snapshot(snapshot(160, [("102", "1")]))

    assert verdict is Verdict.NEEDS_SNAPSHOT
    assert not sync.is_verified


def test_what_follows_a_crossed_change_in_the_buffer_is_kept_for_the_next_snapshot() -> None:
    sync = make()
    sync.on_delta(delta(161, 165, [("101", "1")]))
    sync.on_delta(delta(166, 170))

    assert sync.on_snapshot(snapshot(160)) is Verdict.NEEDS_SNAPSHOT
    assert sync.on_snapshot(snapshot(167)) is Verdict.APPLIED
    assert sync.sequence == 170


@pytest.mark.parametrize("level", [("abc", "1"), ("1", ""), ("1.2.3", "1")])
def test_a_level_that_is_no_number_makes_the_book_build_again(level: Level) -> None:
    sync = live()

    assert sync.on_delta(delta(166, 166, [("97", "1"), level])) is Verdict.NEEDS_SNAPSHOT
    assert not sync.is_verified
    assert sync.reason.startswith("malformed level")


def test_a_snapshot_with_a_level_that_is_no_number_is_refused() -> None:
    sync = make()

    assert sync.on_snapshot(snapshot(160, [("abc", "1")])) is Verdict.NEEDS_SNAPSHOT
    assert sync.needs_snapshot


def test_a_snapshot_that_comes_late_does_not_disturb_a_verified_book() -> None:
    sync = live()

    assert sync.on_snapshot(snapshot(164, [("50", "1")])) is Verdict.IGNORED
    assert sync.on_snapshot(snapshot(200, [("50", "1")])) is Verdict.IGNORED
    assert sync.is_verified
    assert sync.book.bids.top_raw(1) == [("99", "1")]


def test_a_newer_snapshot_replaces_one_that_no_change_has_confirmed() -> None:
    sync = make()
    sync.on_snapshot(snapshot(160))

    assert sync.on_snapshot(snapshot(160, [("50", "1")])) is Verdict.IGNORED
    assert sync.on_snapshot(snapshot(170, [("50", "1")])) is Verdict.SYNCING
    assert sync.book.bids.top_raw(1) == [("50", "1")]


def test_a_reset_keeps_the_levels_and_takes_the_truth_away() -> None:
    sync = live()

    sync.reset("reconnecting")

    assert not sync.is_verified
    assert sync.needs_snapshot
    assert sync.reason == "reconnecting"
    assert sync.book.bids.top_raw(1) == [("99", "1")]
    assert sync.resyncs == 0


def test_after_a_reset_smaller_update_ids_are_as_good_as_any() -> None:
    sync = live()
    sync.reset("another server")
    sync.on_delta(delta(11, 12))

    assert sync.on_snapshot(snapshot(10)) is Verdict.APPLIED
    assert sync.sequence == 12


# -- other policies --------------------------------------------------------------------------


def test_without_a_sequence_a_fetched_snapshot_is_true_with_the_changes_after_it() -> None:
    sync = make(UNBRIDGED)
    sync.on_delta(delta(0, 0, [("98", "4")]))

    assert sync.on_snapshot(snapshot(0)) is Verdict.APPLIED
    assert sync.is_verified
    assert sync.book.bids.top_raw(2) == [("99", "1"), ("98", "4")]
    assert sync.on_delta(delta(0, 0, [("97", "1")])) is Verdict.APPLIED


def test_a_snapshot_in_the_stream_is_true_by_itself() -> None:
    sync = make(IN_STREAM)

    assert sync.on_delta(delta(0, 0)) is Verdict.IGNORED
    assert sync.on_snapshot(snapshot(0)) is Verdict.APPLIED
    assert sync.is_verified
    assert sync.reason == "uncrossed"


def test_a_second_snapshot_in_the_stream_replaces_the_book() -> None:
    sync = make(IN_STREAM)
    sync.on_snapshot(snapshot(0))

    assert sync.on_snapshot(snapshot(0, [("50", "1")])) is Verdict.APPLIED
    assert sync.book.bids.top_raw(2) == [("50", "1")]


def test_a_wrong_checksum_makes_the_book_build_again() -> None:
    sync = make(CHECKED)

    assert sync.on_snapshot(snapshot(0, checksum=1)) is Verdict.APPLIED
    assert sync.on_delta(delta(0, 0, [("99", "7")], checksum=7)) is Verdict.APPLIED
    assert sync.on_delta(delta(0, 0, [("99", "8")], checksum=9)) is Verdict.NEEDS_SNAPSHOT
    assert sync.reason == "checksum 8 instead of 9"
    assert not sync.is_verified
    assert sync.on_delta(delta(0, 0, [("99", "9")], checksum=9)) is Verdict.IGNORED
    assert sync.on_snapshot(snapshot(0, checksum=1)) is Verdict.APPLIED


def test_a_snapshot_with_a_wrong_checksum_is_refused() -> None:
    sync = make(CHECKED)

    assert sync.on_snapshot(snapshot(0, checksum=2)) is Verdict.NEEDS_SNAPSHOT
    assert not sync.is_verified


# -- any sequence of valid messages ----------------------------------------------------------


class Venue:
    """A market whose every state is remembered, by update id, and the messages it would send."""

    def __init__(self, changes: list[tuple[bool, int, int]], cuts: set[int]) -> None:
        """Each change sets one level: of the bids or asks, at a price, to a size (0 removes)."""
        self.states: list[tuple[dict[str, str], dict[str, str]]] = [({}, {})]
        self.deltas: list[BookDelta] = []
        first = 1
        pending: tuple[dict[str, str], dict[str, str]] = ({}, {})
        for update_id, (is_bid, offset, size) in enumerate(changes, start=1):
            bids, asks = dict(self.states[-1][0]), dict(self.states[-1][1])
            price = str(99 - offset if is_bid else 101 + offset)
            (bids if is_bid else asks)[price] = str(size)
            self.states.append((bids, asks))
            (pending[0] if is_bid else pending[1])[price] = str(size)
            if update_id in cuts or update_id == len(changes):
                levels = [list(side.items()) for side in pending]
                self.deltas.append(BookDelta(BTCUSDT, levels[0], levels[1], first, update_id, 0, 0))
                first, pending = update_id + 1, ({}, {})

    def levels(self, sequence: int) -> tuple[list[Level], list[Level]]:
        bids, asks = self.states[sequence]
        return (
            sorted(_present(bids), key=lambda level: -float(level[0])),
            sorted(_present(asks), key=lambda level: float(level[0])),
        )

    def snapshot(self, sequence: int) -> BookSnapshot:
        bids, asks = self.levels(sequence)
        return BookSnapshot(BTCUSDT, bids, asks, sequence, 0, 0)


def _present(side: dict[str, str]) -> list[Level]:
    return [(price, size) for price, size in side.items() if size != "0"]


@st.composite
def disturbed_streams(draw: st.DrawFn) -> tuple[Venue, list[BookDelta | BookSnapshot]]:
    """A venue, and its messages with loss, doubles, reordering and snapshots of any age between."""
    changes = draw(
        st.lists(
            st.tuples(st.booleans(), st.integers(0, 6), st.integers(0, 3)),
            min_size=1,
            max_size=40,
        )
    )
    cuts = draw(st.sets(st.integers(1, len(changes))))
    venue = Venue(changes, cuts)
    messages: list[BookDelta | BookSnapshot] = []
    for change in venue.deltas:
        fate = draw(st.sampled_from(["sent"] * 6 + ["lost", "doubled"]))
        messages += [change] * {"sent": 1, "lost": 0, "doubled": 2}[fate]
    for _ in range(draw(st.integers(0, 3))):
        if len(messages) > 1:
            at = draw(st.integers(0, len(messages) - 2))
            messages[at], messages[at + 1] = messages[at + 1], messages[at]
    for _ in range(draw(st.integers(0, 6))):
        at = draw(st.integers(0, len(messages)))
        messages.insert(at, venue.snapshot(draw(st.integers(0, len(changes)))))
    return venue, messages


def feed(sync: BookSync, message: BookDelta | BookSnapshot) -> Verdict:
    if isinstance(message, BookSnapshot):
        return sync.on_snapshot(message)
    return sync.on_delta(message)


def shown(sync: BookSync) -> tuple[list[Level], list[Level]]:
    return sync.book.bids.top_raw(100), sync.book.asks.top_raw(100)


@settings(max_examples=200, deadline=None)
@given(disturbed_streams())
def test_a_verified_book_is_the_true_book_whatever_was_lost_doubled_or_swapped(
    disturbed: tuple[Venue, list[BookDelta | BookSnapshot]],
) -> None:
    venue, messages = disturbed
    sync = make()
    newest = 0

    for message in messages:
        before = sync.is_verified
        verdict = feed(sync, message)

        if isinstance(message, BookDelta):
            newest = max(newest, message.last_sequence)
        if sync.is_verified:
            assert shown(sync) == venue.levels(sync.sequence)
            assert sync.sequence >= newest
            assert not sync.needs_snapshot
        if before and not sync.is_verified:
            assert verdict is Verdict.NEEDS_SNAPSHOT
            assert sync.reason != "sequence"


@settings(max_examples=100, deadline=None)
@given(disturbed_streams())
def test_a_fresh_snapshot_and_an_undisturbed_stream_bring_the_true_book_back(
    disturbed: tuple[Venue, list[BookDelta | BookSnapshot]],
) -> None:
    venue, messages = disturbed
    sync = make()
    for message in messages:
        feed(sync, message)
    end = len(venue.states) - 1

    sync.on_delta(venue.deltas[-1])
    if sync.needs_snapshot:
        sync.on_snapshot(venue.snapshot(end))
    sync.on_delta(BookDelta(BTCUSDT, [("50", "1")], [], end + 1, end + 1, 0, 0))

    assert sync.is_verified
    bids, asks = venue.levels(end)
    assert shown(sync) == ([*bids, ("50", "1")], asks)


@settings(max_examples=100, deadline=None)
@given(disturbed_streams(), st.integers(0, 3))
def test_a_buffer_that_overflows_never_makes_a_wrong_book(
    disturbed: tuple[Venue, list[BookDelta | BookSnapshot]], limit: int
) -> None:
    venue, messages = disturbed
    sync = BookSync(BTCUSDT, BRIDGED, OrderBook(), buffer_limit=limit)

    for message in messages:
        feed(sync, message)
        if sync.is_verified:
            assert shown(sync) == venue.levels(sync.sequence)


# -- books of a fixed depth, dated by the venue ----------------------------------------------

SHALLOW = BookPolicy("checksum", snapshot_by_rest=False, depth=2, by_time=True)


def dated(ts: int, bids: list[Level]) -> BookDelta:
    return BookDelta(BTCUSDT, bids, [], 0, 0, ts, 0)


def shallow(ts: int = 100) -> BookSync:
    sync = make(SHALLOW)
    sync.on_snapshot(BookSnapshot(BTCUSDT, [("99", "1"), ("98", "1")], [("101", "1")], 0, ts, 0))
    return sync


def test_a_level_that_falls_out_of_the_depth_does_not_come_back() -> None:
    sync = shallow()

    sync.on_delta(dated(101, [("100", "1")]))
    sync.on_delta(dated(102, [("100", "0")]))

    assert sync.book.bids.top_raw(5) == [("99", "1")]


def test_a_snapshot_is_cut_to_the_depth() -> None:
    sync = make(SHALLOW)

    sync.on_snapshot(BookSnapshot(BTCUSDT, [("99", "1"), ("98", "1"), ("97", "1")], [], 0, 1, 0))

    assert len(sync.book.bids) == 2


def test_a_change_older_than_the_book_makes_it_unverified() -> None:
    sync = shallow()
    sync.on_delta(dated(103, [("98", "3")]))

    verdict = sync.on_delta(dated(102, [("98", "2")]))

    assert (verdict, sync.reason) == (Verdict.NEEDS_SNAPSHOT, "a change came out of order")


def test_a_change_older_than_the_snapshot_is_part_of_it() -> None:
    sync = shallow(ts=100)

    assert sync.on_delta(dated(99, [("98", "9")])) is Verdict.IGNORED
    assert sync.is_verified
    assert sync.book.bids.top_raw(5) == [("99", "1"), ("98", "1")]


def test_a_change_without_a_time_is_applied() -> None:
    sync = shallow()

    assert sync.on_delta(dated(0, [("98", "9")])) is Verdict.APPLIED


def test_a_snapshot_older_than_the_book_is_passed_over() -> None:
    sync = shallow(ts=100)
    sync.on_delta(dated(103, [("98", "3")]))

    verdict = sync.on_snapshot(BookSnapshot(BTCUSDT, [("1", "1")], [], 0, 102, 0))

    assert (verdict, sync.is_verified) == (Verdict.IGNORED, True)
    assert sync.book.bids.top_raw(1) == [("99", "1")]


def test_a_snapshot_from_before_is_no_new_beginning_until_the_venue_insists() -> None:
    sync = shallow(ts=100)
    sync.reset("waiting for a snapshot")
    old = BookSnapshot(BTCUSDT, [("1", "1")], [], 0, 99, 0)

    verdicts = [sync.on_snapshot(old) for _ in range(4)]

    assert verdicts == [*[Verdict.NEEDS_SNAPSHOT] * 3, Verdict.APPLIED]


# -- books that are asked for again and again ------------------------------------------------


def polled(number: int, size: str = "1", *, at: int = 0) -> BookSnapshot:
    return BookSnapshot(BTCUSDT, [("99", size)], [("101", "1")], number, at, at)


def bid_size(sync: BookSync) -> float:
    return sync.book.bids.top(1)[0].size


def test_every_answer_replaces_a_polled_book() -> None:
    sync = make(POLLED_BOOK)

    assert sync.on_snapshot(polled(5, "1")) is Verdict.APPLIED
    assert sync.on_snapshot(polled(9, "2")) is Verdict.APPLIED

    assert (bid_size(sync), sync.is_verified, sync.reason) == (2.0, True, "snapshot")


def test_an_older_answer_is_dropped_and_counted_and_the_same_one_is_no_news() -> None:
    sync = make(POLLED_BOOK)
    sync.on_snapshot(polled(9, "2"))

    assert sync.on_snapshot(polled(5, "1")) is Verdict.IGNORED
    assert sync.stale == 1
    assert sync.on_snapshot(polled(9, "2")) is Verdict.IGNORED
    assert (sync.stale, bid_size(sync)) == (1, 2.0)


def test_a_venue_that_counts_anew_is_believed_by_its_clock_or_when_it_insists() -> None:
    by_clock = make(POLLED_BOOK)
    by_clock.on_snapshot(polled(900, "9", at=10))
    assert by_clock.on_snapshot(polled(1, "1", at=11)) is Verdict.APPLIED
    assert bid_size(by_clock) == 1.0

    insisting = make(POLLED_BOOK)
    insisting.on_snapshot(polled(900, "9"))
    verdicts = [insisting.on_snapshot(polled(number, "1")) for number in (1, 2, 3, 4)]
    assert verdicts == [Verdict.IGNORED] * 3 + [Verdict.APPLIED]


def test_changes_that_had_no_room_are_not_taken_for_nothing() -> None:
    unbridged = BookPolicy(name="none", snapshot_by_rest=True)
    sync = BookSync(BTCUSDT, unbridged, OrderBook(), buffer_limit=2)
    for number in (1, 2, 3):
        sync.on_delta(delta(0, 0, bids=[("98", str(number))]))

    assert sync.on_snapshot(snapshot(0)) is Verdict.NEEDS_SNAPSHOT
    assert sync.on_snapshot(snapshot(0)) is Verdict.APPLIED
