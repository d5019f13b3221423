"""When a candle is over, though the venue has no word for it."""

from __future__ import annotations

from tui.adapters.open_candles import OpenCandles, VenueClock
from tui.model.events import Candle
from tui.model.instrument import Instrument
from tui.model.timeframe import NS, Timeframe

BTC = Instrument("KRAKEN", "BTC/USD")
MINUTE = Timeframe.parse("1m")


def candle(minute: int, volume: float = 1.0, *, closed: bool = False) -> Candle:
    return Candle(BTC, MINUTE, minute * 60 * NS, 1.0, 2.0, 0.5, 1.5, volume, closed)


def told(candles: list[Candle]) -> list[tuple[int, float, bool]]:
    return [(one.open_time // (60 * NS), one.volume, one.closed) for one in candles]


def test_a_running_candle_stays_open() -> None:
    candles = OpenCandles()

    assert told(candles.take(candle(1, 1.0))) == [(1, 1.0, False)]
    assert told(candles.take(candle(1, 2.0))) == [(1, 2.0, False)]


def test_the_next_candle_closes_the_one_before_as_it_was_last_seen() -> None:
    candles = OpenCandles()
    candles.take(candle(1, 2.0))

    assert told(candles.take(candle(3))) == [(1, 2.0, True), (3, 1.0, False)]


def test_the_clock_closes_a_candle_once() -> None:
    candles = OpenCandles()
    candles.take(candle(1, 2.0))

    assert candles.close_until(119 * NS) == []
    assert told(candles.close_until(120 * NS)) == [(1, 2.0, True)]
    assert candles.close_until(180 * NS) == []


def test_a_candle_that_the_clock_closed_is_not_closed_again_by_the_next() -> None:
    candles = OpenCandles()
    candles.take(candle(1))
    candles.close_until(120 * NS)

    assert told(candles.take(candle(2))) == [(2, 1.0, False)]


def test_a_late_row_corrects_a_closed_candle() -> None:
    candles = OpenCandles()
    candles.take(candle(1))
    candles.close_until(120 * NS)

    assert told(candles.take(candle(1, 3.0))) == [(1, 3.0, True)]
    candles.take(candle(2))
    assert told(candles.take(candle(1, 4.0))) == [(1, 4.0, True)]


def test_the_clock_leaves_candles_alone_that_nobody_tells_of_any_more() -> None:
    candles = OpenCandles()
    candles.take(candle(1))

    candles.end(BTC, MINUTE)
    candles.take(candle(1, 2.0))  # on its way already

    assert candles.close_until(600 * NS) == []


def test_candles_asked_for_again_are_closed_again() -> None:
    candles = OpenCandles()
    candles.end(BTC, MINUTE)

    candles.begin(BTC, MINUTE)
    candles.take(candle(1))

    assert told(candles.close_until(120 * NS)) == [(1, 1.0, True)]


def test_the_venues_clock_runs_on_with_ours_and_is_unknown_at_first() -> None:
    clock = VenueClock()
    assert clock.now(5 * NS) == 0

    clock.note(100 * NS, 5 * NS)

    assert clock.now(8 * NS) == 103 * NS


def test_an_older_message_does_not_turn_the_venues_clock_back() -> None:
    clock = VenueClock()
    clock.note(100 * NS, 5 * NS)

    clock.note(90 * NS, 6 * NS)

    assert clock.now(6 * NS) == 101 * NS


def test_our_clock_set_back_does_not_turn_the_venues_back() -> None:
    clock = VenueClock()
    clock.note(100 * NS, 5 * NS)

    assert clock.now(1 * NS) == 100 * NS
