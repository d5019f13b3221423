"""Alerts on indicators: they fire at the candle that brings it about, never at a jump over a gap."""

from __future__ import annotations

from alert_stage import BTC, LIVE, MINUTE, START, Stage

from tui.model.events import Candle
from tui.model.subscription import Channel, SubscriptionStatus
from tui.model.timeframe import NS

MINUTE_NS = 60 * NS


def candle(number: int, close: float, *, closed: bool = True) -> Candle:
    opened = START + number * MINUTE_NS
    return Candle(BTC, MINUTE, opened, close, close, close, close, 1.0, closed, opened, opened)


def history(stage: Stage, *closes: float) -> None:
    """Closed candles that end at the start."""
    candles = [candle(i - len(closes), close) for i, close in enumerate(closes)]
    stage.market.merge_candles(BTC, MINUTE, candles)
    stage.stands(Channel.CANDLES, LIVE)


def test_an_indicator_that_passes_a_value_fires_within_the_candle(stage: Stage) -> None:
    stage.watch("sma(3) > 11 1m")
    history(stage, 10, 10, 10)

    for close in (10.0, 12.0, 12.9, 13.0, 14.0):
        stage.skip(1)
        stage.candle(1.0, close=close)

    assert stage.texts == ["sma(3) rose to 11, past 11 (1m)"]
    assert stage.told[0].value == 11.0


def test_the_first_value_never_fires(stage: Stage) -> None:
    stage.watch("sma(3) crosses 11 1m")
    history(stage, 10, 10, 10)

    stage.candle(1.0, close=20.0)

    assert stage.told == []


def test_a_line_that_crosses_another_fires(stage: Stage) -> None:
    stage.watch("macd(2,4,2) > signal 1m")
    history(stage, *(20 - i for i in range(12)))

    for close in (8.0, 7.9, 8.5, 12.0, 15.0):
        stage.skip(1)
        stage.candle(1.0, close=close)

    (text,) = stage.texts
    assert text.startswith("macd(2,4,2) rose to ")
    assert text.endswith(", past signal (1m)")


def test_a_price_that_crosses_an_average_fires(stage: Stage) -> None:
    stage.watch("price > sma(3) 1m")
    history(stage, 10, 10, 10)

    for close in (9.0, 9.5, 10.5, 11.0):
        stage.skip(1)
        stage.ticker(close)
        stage.candle(1.0, close=close)

    assert stage.texts == ["price rose to 10.5, past sma(3) at 10.1667 (1m)"]


def test_a_jump_because_candles_are_missing_does_not_fire(stage: Stage) -> None:
    stage.watch("sma(3) > 11 1m")
    history(stage, 10, 10, 10)
    stage.candle(1.0, close=10.0)
    stage.stands(Channel.CANDLES, SubscriptionStatus.SYNCING)

    stage.candle(1.0, close=16.0)
    stage.stands(Channel.CANDLES, LIVE)
    stage.skip(1)
    stage.candle(1.0, close=16.5)

    assert stage.told == []


def test_too_little_history_says_nothing(stage: Stage) -> None:
    stage.watch("sma(30) crosses 11 1m")
    history(stage, 10)

    stage.candle(1.0, close=10.0)
    stage.candle(1.0, close=20.0)

    assert stage.told == []
    assert stage.failures == []


def test_a_long_history_is_computed_a_part_at_a_time_and_then_watched(stage: Stage) -> None:
    stage.watch("sma(3) > 11 1m")
    history(stage, *[10.0] * 2000)

    for number in range(12):
        stage.skip(1)
        stage.candle(1.0 + number, close=10.0)
    stage.skip(1)
    stage.candle(20.0, close=14.0)

    assert len(stage.told) == 1
