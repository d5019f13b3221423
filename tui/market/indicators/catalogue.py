"""Every indicator there is, with its parameters; the conventions are TradingView's."""

from __future__ import annotations

from tui.market.indicators import library, oscillators, trends, volumes
from tui.market.indicators.definition import (
    Definition,
    Line,
    LineKind,
    Parameter,
    Placement,
    Settings,
)
from tui.market.indicators.steps import SOURCES

MOST_LENGTH = 500
_LAST_TIME = 7_258_118_400.0  # the year 2200, seconds


def _length(default: int, meaning: str, name: str = "length", label: str = "Length") -> Parameter:
    return Parameter(
        name=name,
        label=label,
        default=float(default),
        minimum=1,
        maximum=MOST_LENGTH,
        meaning=meaning,
    )


def _factor(name: str, label: str, default: float, meaning: str) -> Parameter:
    return Parameter(
        name=name,
        label=label,
        default=default,
        minimum=0.1,
        maximum=50,
        step=0.1,
        meaning=meaning,
    )


def _pace(name: str, label: str, default: float, meaning: str) -> Parameter:
    return Parameter(
        name=name,
        label=label,
        default=default,
        minimum=0.001,
        maximum=1,
        step=0.01,
        meaning=meaning,
    )


_SOURCE = Parameter(
    name="source",
    label="Source",
    default=0,
    minimum=0,
    maximum=len(SOURCES) - 1,
    choices=tuple(SOURCES),
    meaning="which price of each candle",
)

_SESSION = Parameter(
    name="session",
    label="Session",
    default=0,
    minimum=0,
    maximum=len(volumes.SESSIONS) - 1,
    choices=tuple(volumes.SESSIONS),
    meaning="the span in UTC after which it begins anew",
)


def _ahead(settings: Settings) -> int:
    return int(settings["shift"]) - 1


def _behind(settings: Settings) -> int:
    return 1 - int(settings["shift"])


_ALL = (
    Definition(
        name="sma",
        label="Simple moving average",
        short="SMA",
        meaning="The mean of the last candles.",
        placement=Placement.CHART,
        make=library.make_sma,
        parameters=(_length(20, "how many candles are averaged"), _SOURCE),
        titled=("length",),
        lines=(Line("SMA"),),
    ),
    Definition(
        name="ema",
        label="Exponential moving average",
        short="EMA",
        meaning="A mean in which newer candles weigh more.",
        placement=Placement.CHART,
        make=library.make_ema,
        parameters=(
            _length(20, "the newest candle counts for 2 parts in this many and one"),
            _SOURCE,
        ),
        titled=("length",),
        lines=(Line("EMA"),),
    ),
    Definition(
        name="wma",
        label="Weighted moving average",
        short="WMA",
        meaning="A mean whose weights fall evenly towards the oldest candle.",
        placement=Placement.CHART,
        make=library.make_wma,
        parameters=(_length(20, "how many candles are averaged"), _SOURCE),
        titled=("length",),
        lines=(Line("WMA"),),
    ),
    Definition(
        name="vwap",
        label="VWAP, session",
        short="VWAP",
        meaning="The average price paid since the session began, weighed by volume.",
        placement=Placement.CHART,
        make=volumes.make_vwap,
        parameters=(_SESSION,),
        titled=("session",),
        lines=(Line("VWAP"),),
    ),
    Definition(
        name="anchored_vwap",
        label="VWAP, anchored",
        short="AVWAP",
        meaning="The average price paid since a moment of your choice.",
        placement=Placement.CHART,
        make=volumes.make_anchored_vwap,
        parameters=(
            Parameter(
                name="anchor",
                label="Since",
                default=0,
                minimum=0,
                maximum=_LAST_TIME,
                is_time=True,
                meaning="date and time in UTC; empty for the first candle held",
            ),
        ),
        titled=("anchor",),
        lines=(Line("AVWAP"),),
    ),
    Definition(
        name="bollinger",
        label="Bollinger bands",
        short="BB",
        meaning="A mean, and bands as far from it as prices usually are.",
        placement=Placement.CHART,
        make=library.make_bollinger,
        parameters=(
            _length(20, "how many candles are averaged"),
            _factor("deviations", "Deviations", 2.0, "how many standard deviations away"),
            _SOURCE,
        ),
        titled=("length", "deviations"),
        lines=(Line("mid"), Line("upper"), Line("lower")),
        bands=((1, 2),),
    ),
    Definition(
        name="keltner",
        label="Keltner channel",
        short="KC",
        meaning="A mean, and bands as far from it as candles usually range.",
        placement=Placement.CHART,
        make=library.make_keltner,
        parameters=(
            _length(20, "of the exponential mean in the middle"),
            _length(10, "of the average true range", "atr_length", "ATR length"),
            _factor("multiple", "Multiple", 2.0, "how many average true ranges away"),
        ),
        titled=("length", "multiple"),
        lines=(Line("mid"), Line("upper"), Line("lower")),
        bands=((1, 2),),
    ),
    Definition(
        name="donchian",
        label="Donchian channel",
        short="DC",
        meaning="The highest and the lowest price of the last candles.",
        placement=Placement.CHART,
        make=library.make_donchian,
        parameters=(_length(20, "how many candles are looked at"),),
        titled=("length",),
        lines=(Line("mid"), Line("upper"), Line("lower")),
        bands=((1, 2),),
    ),
    Definition(
        name="supertrend",
        label="SuperTrend",
        short="ST",
        meaning="A stop below a rising and above a falling market.",
        placement=Placement.CHART,
        make=trends.make_supertrend,
        parameters=(
            _length(10, "of the average true range"),
            _factor("multiple", "Multiple", 3.0, "how many average true ranges away"),
        ),
        titled=("length", "multiple"),
        lines=(Line("up"), Line("down")),
    ),
    Definition(
        name="ichimoku",
        label="Ichimoku cloud",
        short="Ichimoku",
        meaning="Middles of ranges, two of them drawn ahead as a cloud, and the close drawn back.",
        placement=Placement.CHART,
        make=trends.make_ichimoku,
        parameters=(
            _length(9, "candles of the fast line", "conversion", "Conversion"),
            _length(26, "candles of the slow line", "base", "Base"),
            _length(52, "candles of the cloud's slow edge", "slow", "Span B"),
            Parameter(
                name="shift",
                label="Shift",
                default=26,
                minimum=1,
                maximum=200,
                meaning="how many candles on the cloud stands, its own counted",
            ),
        ),
        titled=("conversion", "base", "slow"),
        lines=(
            Line("conversion"),
            Line("base"),
            Line("span A", shift=_ahead),
            Line("span B", shift=_ahead),
            Line("lagging", shift=_behind),
        ),
        bands=((2, 3),),
    ),
    Definition(
        name="sar",
        label="Parabolic SAR",
        short="SAR",
        meaning="A stop that closes in on the price and turns when it is met.",
        placement=Placement.CHART,
        make=trends.make_sar,
        parameters=(
            _pace("start", "Start", 0.02, "how fast it closes in at first"),
            _pace("increment", "Increment", 0.02, "how much faster with each new extreme"),
            _pace("most", "Maximum", 0.2, "how fast at most"),
        ),
        titled=("start", "most"),
        lines=(Line("SAR", LineKind.DOTS),),
    ),
    Definition(
        name="profile",
        label="Volume profile of the view",
        short="VP",
        meaning="How much was traded at which price, of the candles in view.",
        placement=Placement.PROFILE,
        make=None,
        parameters=(
            Parameter(
                name="rows",
                label="Rows",
                default=24,
                minimum=4,
                maximum=100,
                meaning="into how many rows the prices in view are divided",
            ),
        ),
        titled=("rows",),
    ),
    Definition(
        name="rsi",
        label="Relative strength index",
        short="RSI",
        meaning="Rises as a part of all moves, in percent.",
        placement=Placement.PANE,
        make=oscillators.make_rsi,
        parameters=(_length(14, "of Wilder's averages"), _SOURCE),
        titled=("length",),
        lines=(Line("RSI"),),
        levels=(30.0, 70.0),
        bounds=(0.0, 100.0),
    ),
    Definition(
        name="macd",
        label="MACD",
        short="MACD",
        meaning="A fast mean less a slow one, and how far that is from its own mean.",
        placement=Placement.PANE,
        make=library.make_macd,
        parameters=(
            _length(12, "of the fast exponential mean", "fast", "Fast"),
            _length(26, "of the slow exponential mean", "slow", "Slow"),
            _length(9, "of the exponential mean of their difference", "signal", "Signal"),
            _SOURCE,
        ),
        titled=("fast", "slow", "signal"),
        lines=(Line("hist", LineKind.HISTOGRAM), Line("MACD"), Line("signal")),
        levels=(0.0,),
    ),
    Definition(
        name="stochastic",
        label="Stochastic",
        short="Stoch",
        meaning="Where the close is in the range of the last candles, in percent.",
        placement=Placement.PANE,
        make=oscillators.make_stochastic,
        parameters=(
            _length(14, "candles of the range"),
            _length(1, "candles that %K is averaged over", "smooth", "%K smoothing"),
            _length(3, "candles that %D averages %K over", "signal", "%D smoothing"),
        ),
        titled=("length", "smooth", "signal"),
        lines=(Line("%K"), Line("%D")),
        levels=(20.0, 80.0),
        bounds=(0.0, 100.0),
    ),
    Definition(
        name="atr",
        label="Average true range",
        short="ATR",
        meaning="How far the price usually goes in a candle.",
        placement=Placement.PANE,
        make=library.make_atr,
        parameters=(_length(14, "of Wilder's average"),),
        titled=("length",),
        lines=(Line("ATR"),),
    ),
    Definition(
        name="adx",
        label="Directional movement (ADX, +DI, -DI)",
        short="ADX",
        meaning="How strong a trend is, and which side it is on.",
        placement=Placement.PANE,
        make=oscillators.make_adx,
        parameters=(
            _length(14, "of Wilder's averages of movement"),
            _length(14, "of Wilder's average of their difference", "smoothing", "ADX smoothing"),
        ),
        titled=("length", "smoothing"),
        lines=(Line("ADX"), Line("+DI"), Line("-DI")),
        levels=(20.0,),
    ),
    Definition(
        name="cci",
        label="Commodity channel index",
        short="CCI",
        meaning="How far the typical price is from its mean, in parts of its usual distance.",
        placement=Placement.PANE,
        make=oscillators.make_cci,
        parameters=(_length(20, "how many candles are averaged"),),
        titled=("length",),
        lines=(Line("CCI"),),
        levels=(-100.0, 100.0),
    ),
    Definition(
        name="obv",
        label="On-balance volume",
        short="OBV",
        meaning="Volume added while the close rises, taken away while it falls.",
        placement=Placement.PANE,
        make=volumes.make_obv,
        lines=(Line("OBV"),),
    ),
    Definition(
        name="mfi",
        label="Money flow index",
        short="MFI",
        meaning="The part of the money that changed hands at rising prices, in percent.",
        placement=Placement.PANE,
        make=volumes.make_mfi,
        parameters=(_length(14, "how many candles are summed up"),),
        titled=("length",),
        lines=(Line("MFI"),),
        levels=(20.0, 80.0),
        bounds=(0.0, 100.0),
    ),
    Definition(
        name="delta",
        label="Cumulative volume delta",
        short="CVD",
        meaning="What takers bought less what they sold since the session began.",
        placement=Placement.PANE,
        make=volumes.make_delta,
        parameters=(_SESSION,),
        titled=("session",),
        lines=(Line("CVD"),),
        levels=(0.0,),
        needs_trades=True,
    ),
)

CATALOGUE: dict[str, Definition] = {each.name: each for each in _ALL}
"""The indicators by name: those over the candles first, then those in panes."""
