"""Conditions in one line: what can be written, what it means, and what is said of the rest."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.market.alerts import FORMS, read_condition, read_duration, write_condition, write_duration
from tui.model.alert import (
    BookUnverified,
    CandleVolumeAbove,
    Condition,
    Direction,
    DrawingTouched,
    FeedStale,
    IndicatorCrosses,
    PriceCrosses,
    PriceMoves,
    PrintAbove,
    SpreadAbove,
    SpreadUnit,
    VolumeAbove,
)
from tui.model.chart import IndicatorChoice
from tui.model.errors import AlertError
from tui.model.subscription import Channel
from tui.model.timeframe import Timeframe

FIVE = Timeframe(5, "m")
UP, DOWN, EITHER = Direction.UP, Direction.DOWN, Direction.EITHER
RSI = IndicatorChoice("rsi", {"length": 14.0})
MACD = IndicatorChoice("macd", {"fast": 12.0, "slow": 26.0, "signal": 9.0})
SMA = IndicatorChoice("sma", {"length": 50.0, "source": 1.0})


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("price > 65000", PriceCrosses(65000.0, UP)),
        ("price < 0.00000812", PriceCrosses(0.00000812, DOWN)),
        ("price crosses 65,000.5", PriceCrosses(65000.5, EITHER)),
        ("price above 65k", PriceCrosses(65000.0, UP)),
        ("Price Crosses Below 1_000", PriceCrosses(1000.0, DOWN)),
        ("> 65000", PriceCrosses(65000.0, UP)),
        ("65000", PriceCrosses(65000.0, EITHER)),
        ("price < -37.63", PriceCrosses(-37.63, DOWN)),
        ("move 2% 5m", PriceMoves(2.0, 300.0, EITHER)),
        ("rises by 0.5% in 1h", PriceMoves(0.5, 3600.0, UP)),
        ("fall 10% within 1d", PriceMoves(10.0, 86400.0, DOWN)),
        ("spread > 5bp", SpreadAbove(5.0, SpreadUnit.BASIS_POINTS)),
        ("spread > 0.1%", SpreadAbove(10.0, SpreadUnit.BASIS_POINTS)),
        ("spread above 0.5", SpreadAbove(0.5, SpreadUnit.PRICE)),
        ("print > 10", PrintAbove(10.0)),
        ("trade > 1.5M quote", PrintAbove(1_500_000.0, is_notional=True)),
        ("volume > 500 5m", VolumeAbove(500.0, 300.0)),
        ("volume over 500 in 90s", VolumeAbove(500.0, 90.0)),
        ("candle volume > 500 1h", CandleVolumeAbove(500.0, Timeframe(1, "h"))),
        ("candle volume > 500", CandleVolumeAbove(500.0, FIVE)),
        ("rsi(14) crosses 70", IndicatorCrosses(RSI, FIVE, "", EITHER, 70.0)),
        ("RSI(14) > 70 1h", IndicatorCrosses(RSI, Timeframe(1, "h"), "", UP, 70.0)),
        (
            "macd(12, 26, signal=9).macd crosses above signal 15m",
            IndicatorCrosses(MACD, Timeframe(15, "m"), "macd", UP, None, "signal"),
        ),
        ("sma(50,open) crosses price", IndicatorCrosses(SMA, FIVE, "", EITHER, None, "price")),
        ("price > sma(50, source=open)", IndicatorCrosses(SMA, FIVE, "", DOWN, None, "price")),
        (
            "adx.+DI > -di",
            IndicatorCrosses(IndicatorChoice("adx"), FIVE, "+di", UP, None, "-di"),
        ),
        ("touch", DrawingTouched()),
        ("touches any line", DrawingTouched()),
        ('touch "Support 1"', DrawingTouched("Support 1")),
        ("stale 30s", FeedStale(30.0)),
        ("trades stale for 2m", FeedStale(120.0, Channel.TRADES)),
        ("book unverified 10s", BookUnverified(10.0)),
        ("unverified 10s", BookUnverified(10.0)),
    ],
)
def test_a_line_says_what_is_watched(text: str, condition: Condition) -> None:
    assert read_condition(text, FIVE) == condition


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("", "no condition", "write one such as price > 65000"),
        ("prise > 3", "'prise > 3' cannot be watched", "write it like move 2% 5m"),
        ("rsj > 3", "there is no indicator 'rsj'", "did you mean rsi?"),
        (
            "rsi(14, close, 3) > 3",
            "rsi has no so many parameters",
            "it has length=14, source=close",
        ),
        ("rsi(size=3) > 3", "rsi has no parameter 'size'", "it has length=14, source=close"),
        ("rsi(0) > 3", "Length is from 1 to 500", "the default is 14"),
        ("macd.x > 3", "macd has no line 'x'", "it has hist, macd, signal"),
        ("macd > macd", "a line does not cross itself", "name two lines, or a value"),
        ("profile > 3", "there is no indicator 'profile'", "there are sma, "),
        ("prrice 3", "'prrice 3' cannot be watched", "write it like price > 65000"),
        ("spread > x", "'spread > x' cannot be watched", "write it like spread > 5bp"),
        ("volume > 500", "'volume > 500' cannot be watched", "write it like volume > 500 5m"),
        ("move 2% 5x", "'5x' is not a time", "write a number and one of s m h d, such as 5m"),
        ("move 2% 30d", "'30d' is out of reach", "choose a time from 1s to 7d"),
        ("move 0% 5m", "0% is no move", "write one such as move 2% 5m"),
        ("print > -1", "-1 is never not exceeded", "write a number above 0"),
        ("price > 1e999", "'1e999' is too large", "write a smaller number"),
        ("rsi(a) > 70", "Length is a number", "the default is 14"),
        (
            "rsi > 70 5y",
            "'5y' is not a timeframe",
            "write a number and one of s m h d w M, such as 15m",
        ),
        ("\x1b[31m", "'�' cannot be watched", "write it like price > 65000"),
    ],
)
def test_what_cannot_be_watched_is_refused_with_an_example(
    text: str, message: str, hint: str
) -> None:
    with pytest.raises(AlertError) as refused:
        read_condition(text, FIVE)

    assert refused.value.message == message
    assert refused.value.hint.startswith(hint)


def test_an_indicator_needs_a_timeframe_from_somewhere() -> None:
    with pytest.raises(AlertError, match="no timeframe"):
        read_condition("rsi(14) > 70")


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.word)
def test_every_example_is_understood_and_written_as_it_is(form: object) -> None:
    example = form.example  # type: ignore[attr-defined]

    assert write_condition(read_condition(example)) == example


LEVELS = st.floats(min_value=1e-12, max_value=1e12)
POSITIVE = st.floats(min_value=0.001, max_value=1e9)
SECONDS = st.integers(1, 86_400).map(float)
CONDITIONS = st.one_of(
    st.builds(PriceCrosses, LEVELS, st.sampled_from(Direction)),
    st.builds(
        PriceMoves, st.floats(min_value=0.001, max_value=1000), SECONDS, st.sampled_from(Direction)
    ),
    st.builds(SpreadAbove, POSITIVE, st.sampled_from(SpreadUnit)),
    st.builds(PrintAbove, POSITIVE, st.booleans()),
    st.builds(VolumeAbove, POSITIVE, SECONDS),
    st.builds(CandleVolumeAbove, POSITIVE, st.just(FIVE)),
    st.builds(DrawingTouched, st.sampled_from(["", "support", "Upper 2"])),
    st.builds(FeedStale, SECONDS, st.sampled_from([Channel.TICKER, Channel.TRADES, Channel.BOOK])),
    st.builds(BookUnverified, SECONDS),
    st.builds(
        IndicatorCrosses,
        st.just(MACD),
        st.just(FIVE),
        st.sampled_from(["", "hist", "signal"]),
        st.sampled_from(Direction),
        LEVELS,
    ),
)


@given(CONDITIONS)
def test_what_is_written_is_read_again(condition: Condition) -> None:
    assert read_condition(write_condition(condition)) == condition


@given(st.text(max_size=60))
def test_any_text_is_understood_or_refused_with_a_remedy(text: str) -> None:
    refusal = None
    try:
        read_condition(text, FIVE)
    except AlertError as error:
        refusal = error

    assert refusal is None or (refusal.message and refusal.hint)


@pytest.mark.parametrize(
    ("text", "seconds"), [("30s", 30.0), ("5m", 300.0), ("1.5h", 5400.0), ("2d", 172_800.0)]
)
def test_durations(text: str, seconds: float) -> None:
    assert read_duration(text) == seconds
    assert read_duration(write_duration(seconds)) == seconds
