"""How far our clock is from the venue's; all figures in milliseconds, as nanoseconds."""

from __future__ import annotations

from tui.feed.clock_offset import ClockOffset

MS = 1_000_000


def test_nothing_is_known_at_first() -> None:
    assert ClockOffset().offset is None


def test_the_middle_of_a_round_trip_meets_the_venues_time() -> None:
    offset = ClockOffset()

    offset.add_round_trip(1000 * MS, 1250 * MS, 1100 * MS)

    assert offset.offset == -200 * MS


def test_the_shortest_round_trip_counts() -> None:
    offset = ClockOffset()
    offset.add_round_trip(0, 900 * MS, 1000 * MS)
    offset.add_round_trip(5000 * MS, 5110 * MS, 5020 * MS)

    assert offset.offset == -100 * MS


def test_the_fastest_message_stands_for_no_latency_without_a_time_request() -> None:
    offset = ClockOffset()
    for difference in (-1200, -1270, -1250):
        offset.add_message(10_000 * MS, (10_000 + difference) * MS, now=0.0)

    assert offset.offset == -1270 * MS


def test_a_message_cannot_have_arrived_before_it_was_sent() -> None:
    offset = ClockOffset()
    offset.add_round_trip(1000 * MS, 1000 * MS, 1100 * MS)
    assert offset.offset == 50 * MS

    offset.add_message(2000 * MS, 2010 * MS, now=0.0)

    assert offset.offset == 10 * MS


def test_old_messages_are_forgotten_because_clocks_drift() -> None:
    offset = ClockOffset()
    offset.add_message(0, -500 * MS, now=0.0)

    for minute in range(1, 6):
        offset.add_message(0, -100 * MS, now=minute * 60.0)

    assert offset.offset == -100 * MS


def test_a_clock_that_was_set_makes_all_earlier_measures_worthless() -> None:
    offset = ClockOffset()
    offset.add_round_trip(1000 * MS, 1005 * MS, 1010 * MS)
    offset.add_message(2000 * MS, 2005 * MS, now=0.0)

    offset.add_round_trip(11_000 * MS, 1050 * MS, 11_100 * MS)

    assert offset.offset == 10_000 * MS


def test_a_request_during_which_the_clock_was_set_back_says_nothing() -> None:
    offset = ClockOffset()
    offset.add_round_trip(1000 * MS, 1005 * MS, 1010 * MS)

    offset.add_round_trip(1000 * MS, 1005 * MS, 400 * MS)

    assert offset.offset == 0


def test_the_venues_time_follows() -> None:
    offset = ClockOffset()
    assert offset.venue_time(7000 * MS) == 7000 * MS
    offset.add_round_trip(1000 * MS, 2270 * MS, 1000 * MS)

    assert offset.venue_time(7000 * MS) == 8270 * MS
