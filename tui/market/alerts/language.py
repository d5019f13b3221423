"""Conditions in one line, as the user writes them and as they are kept: `price > 65000`."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from typing import Final, NoReturn

import msgspec

from tui.market.alerts.indicator_terms import (
    PRICE,
    find_definition,
    line_of,
    read_indicator,
    write_indicator,
)
from tui.market.indicators.catalogue import CATALOGUE
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
from tui.model.errors import AlertError, InstrumentError
from tui.model.subscription import Channel
from tui.model.text import clean
from tui.model.timeframe import Timeframe


class Form(msgspec.Struct, frozen=True):
    """One kind of condition: its first word, an example, and what it means in a few words."""

    word: str
    example: str
    meaning: str


FORMS: Final = (
    Form("price", "price > 65000", "the price reaches a level; <, or crosses for both ways"),
    Form("move", "move 2% 5m", "it moves so far within a time; rise and fall for one way"),
    Form("spread", "spread > 5bp", "the spread is wider; without bp, in the price itself"),
    Form("print", "print > 10", "one trade is larger; `print > 100k quote` for its worth"),
    Form("volume", "volume > 500 5m", "so much is traded within a time"),
    Form("candle", "candle volume > 500 5m", "so much is traded in one candle"),
    Form("rsi", "rsi(14) crosses 70 5m", "an indicator reaches a value, another line, the price"),
    Form("touch", "touch", "the price touches a drawn line; `touch NAME` for one of them"),
    Form("stale", "stale 30s", "no data; `trades stale 30s` for another channel"),
    Form("unverified", "book unverified 10s", "the book is not verified"),
)

SHORTEST_S: Final = 1.0
LONGEST_S: Final = 7 * 86_400.0
_UNITS: Final = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_SCALES: Final = {"": 1.0, "k": 1e3, "m": 1e6, "b": 1e9}

_NUMBER = r"(?P<number>[-+]?(?:\d[\d,_]*(?:\.\d*)?|\.\d+)(?:e[-+]?\d+)?)(?P<scale>[kKMbB]?)"
_DURATION = r"(?:(?:in|within|for|per)\s+)?(?P<duration>\S+)"
_MORE = r"(?:is\s+)?(?:>=?|above|over|larger\s+than|more\s+than)"
_OPERATOR = (
    r"(?P<operator>>=?|<=?|=|(?:is\s+)?(?:above|below|over|under|at)"
    r"|(?:crosses|reaches)(?:\s+(?:above|below|over|under|up|down)(?:\s+through)?)?)"
)
_UP = (">", "above", "over", "up")
_DOWN = ("<", "below", "under", "down")


def read_condition(text: str, timeframe: Timeframe | None = None) -> Condition:
    """Read what the user typed.

    Args:
        timeframe: of an indicator where the text names none.

    Raises:
        AlertError: it says nothing that can be watched; the hint is an example.
    """
    line = " ".join(text.split())
    if not line:
        raise AlertError("no condition", f"write one such as {FORMS[0].example}")
    for pattern, build in _compiled():
        match = pattern.fullmatch(line)
        if match is not None:
            return build(match, timeframe)
    _refuse(line)


def write_condition(condition: Condition) -> str:
    """The condition as `read_condition` reads it."""
    match condition:
        case PriceCrosses(level, direction):
            return f"price {_sign(direction)} {number_text(level)}"
        case PriceMoves(percent, window_s, direction):
            verb = {Direction.UP: "rise", Direction.DOWN: "fall"}.get(direction, "move")
            return f"{verb} {number_text(percent)}% {write_duration(window_s)}"
        case SpreadAbove(limit, unit):
            return f"spread > {number_text(limit)}{_unit_text(unit)}"
        case PrintAbove(size, is_notional):
            return f"print > {number_text(size)}{' quote' if is_notional else ''}"
        case VolumeAbove(volume, window_s):
            return f"volume > {number_text(volume)} {write_duration(window_s)}"
        case CandleVolumeAbove(volume, timeframe):
            return f"candle volume > {number_text(volume)} {timeframe}"
        case IndicatorCrosses():
            return _indicator_text(condition)
        case DrawingTouched(label):
            return f"touch {label}" if label else "touch"
        case FeedStale(seconds, channel):
            before = "" if channel is Channel.TICKER else f"{channel} "
            return f"{before}stale {write_duration(seconds)}"
        case BookUnverified(seconds):
            return f"book unverified {write_duration(seconds)}"


def read_duration(text: str) -> float:
    """Seconds of `30s`, `5m`, `1.5h`, `1d`.

    Raises:
        AlertError: it is none, shorter than a second or longer than a week.
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(s|m|h|d)", text.strip())
    if match is None:
        raise AlertError(
            f"{_shown(text)} is not a time", "write a number and one of s m h d, such as 5m"
        )
    seconds = float(match[1]) * _UNITS[match[2]]
    if not SHORTEST_S <= seconds <= LONGEST_S:
        raise AlertError(f"{_shown(text)} is out of reach", "choose a time from 1s to 7d")
    return seconds


def write_duration(seconds: float) -> str:
    """Seconds as `read_duration` reads them, in the largest unit that fits."""
    for unit in ("d", "h", "m"):
        if seconds % _UNITS[unit] == 0:
            return f"{seconds / _UNITS[unit]:.0f}{unit}"
    return f"{number_text(seconds)}s"


def number_text(value: float) -> str:
    """A number without exponent and without digits that nobody wrote."""
    text = format(Decimal(repr(value)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


# -- the forms ---------------------------------------------------------------------------------

_Build = Callable[[re.Match[str], Timeframe | None], Condition]


def _price(match: re.Match[str], _: Timeframe | None) -> Condition:
    return PriceCrosses(_number(match), _direction(match["operator"] or ""))


def _move(match: re.Match[str], _: Timeframe | None) -> Condition:
    verb = match["verb"].lower()[:4]
    direction = {"rise": Direction.UP, "fall": Direction.DOWN}.get(verb, Direction.EITHER)
    percent = _number(match)
    if not 0 < percent <= 1000:
        raise AlertError(f"{number_text(percent)}% is no move", "write one such as move 2% 5m")
    return PriceMoves(percent, read_duration(match["duration"]), direction)


def _spread(match: re.Match[str], _: Timeframe | None) -> Condition:
    limit, unit = _not_negative(match), (match["unit"] or "").lower()
    if unit == "%":
        limit, unit = limit * 100, "bp"
    return SpreadAbove(limit, SpreadUnit.BASIS_POINTS if unit else SpreadUnit.PRICE)


def _print(match: re.Match[str], _: Timeframe | None) -> Condition:
    return PrintAbove(_not_negative(match), match["worth"] is not None)


def _volume(match: re.Match[str], _: Timeframe | None) -> Condition:
    return VolumeAbove(_not_negative(match), read_duration(match["duration"]))


def _candle_volume(match: re.Match[str], timeframe: Timeframe | None) -> Condition:
    return CandleVolumeAbove(_not_negative(match), _timeframe(match["timeframe"], timeframe))


def _touch(match: re.Match[str], _: Timeframe | None) -> Condition:
    label = (match["label"] or "").strip("\"' ")
    return DrawingTouched("" if label.lower() in ("any", "any line", "a line") else label)


def _stale(match: re.Match[str], _: Timeframe | None) -> Condition:
    word = (match["channel"] or "ticker").lower()
    channel = {"feed": Channel.TICKER, "trade": Channel.TRADES}.get(word)
    return FeedStale(read_duration(match["duration"]), channel or Channel(word))


def _unverified(match: re.Match[str], _: Timeframe | None) -> Condition:
    return BookUnverified(read_duration(match["duration"]))


def _indicator(match: re.Match[str], timeframe: Timeframe | None) -> Condition:
    name = match["name"].lower()
    if name in _WORDS:  # one of the other forms, half written
        _refuse(match[0])
    if name not in CATALOGUE and difflib.get_close_matches(name, _WORDS, 1, 0.7):
        _refuse(match[0])
    other = (match["other"] or "").lower()
    return _crossing(
        match,
        timeframe,
        level=None if other else _number(match),
        other=other,
        direction=_direction(match["operator"]),
    )


def _price_at_indicator(match: re.Match[str], timeframe: Timeframe | None) -> Condition:
    """The price that rises above a line is the line that falls below the price."""
    turned = {Direction.UP: Direction.DOWN, Direction.DOWN: Direction.UP}
    direction = _direction(match["operator"])
    return _crossing(
        match, timeframe, level=None, other=PRICE, direction=turned.get(direction, direction)
    )


def _crossing(
    match: re.Match[str],
    timeframe: Timeframe | None,
    *,
    level: float | None,
    other: str,
    direction: Direction,
) -> Condition:
    choice = read_indicator(match["name"], match["parameters"] or "")
    definition = find_definition(choice.name)
    line = line_of(definition, match["line"] or "")
    if other and other != PRICE and line_of(definition, other) == line:
        raise AlertError("a line does not cross itself", "name two lines, or a value")
    return IndicatorCrosses(
        choice,
        _timeframe(match["timeframe"], timeframe),
        (match["line"] or "").lower(),
        direction,
        level,
        other,
    )


_INDICATOR = (
    r"(?P<name>[a-z][a-z0-9_-]*)\s*(?:\((?P<parameters>[^()]*)\))?"
    r"(?:\.(?P<line>[%+-]?[a-z][\w]*))?"
)
_TIMEFRAME = r"(?:\s+(?P<timeframe>\S+))?"

_PATTERNS: Final[tuple[tuple[str, _Build], ...]] = (
    (rf"(?:(?:price|last)\s*)?(?:{_OPERATOR})?\s*{_NUMBER}", _price),
    (
        rf"(?:price\s+)?(?P<verb>moves?|rises?|falls?)\s+(?:by\s+|{_MORE}\s*)?{_NUMBER}\s*%\s*"
        rf"{_DURATION}",
        _move,
    ),
    (rf"spread\s*{_MORE}\s*{_NUMBER}\s*(?P<unit>bps?|%)?", _spread),
    (
        rf"(?:print|trade)s?\s*{_MORE}\s*{_NUMBER}\s*(?P<worth>quote|worth|notional)?",
        _print,
    ),
    (rf"volume\s*{_MORE}\s*{_NUMBER}\s+{_DURATION}", _volume),
    (rf"candle\s+volume\s*{_MORE}\s*{_NUMBER}(?:\s+(?P<timeframe>\S+))?", _candle_volume),
    (r"touch(?:es)?(?:\s+(?P<label>.{1,40}))?", _touch),
    (
        r"(?:(?P<channel>feed|ticker|trades?|book)\s+)?stale\s+(?:for\s+)?(?P<duration>\S+)",
        _stale,
    ),
    (r"(?:book\s+)?unverified\s+(?:for\s+)?(?P<duration>\S+)", _unverified),
    (rf"price\s*{_OPERATOR}\s*{_INDICATOR}{_TIMEFRAME}", _price_at_indicator),
    (
        rf"{_INDICATOR}\s*{_OPERATOR}\s*(?:{_NUMBER}|(?P<other>[%+-]?[a-z]\w*)){_TIMEFRAME}",
        _indicator,
    ),
)


@cache
def _compiled() -> list[tuple[re.Pattern[str], _Build]]:
    # Not when the program starts: it takes longer than a frame.
    return [(re.compile(pattern, re.IGNORECASE), build) for pattern, build in _PATTERNS]


_WORDS: Final = {form.word: form for form in FORMS if form.word != "rsi"} | {
    "last": FORMS[0],
    "rise": FORMS[1],
    "fall": FORMS[1],
    "trade": FORMS[3],
    "trades": FORMS[3],
    "book": FORMS[9],
    "ticker": FORMS[8],
}


def _refuse(line: str) -> NoReturn:
    first = re.match(r"[A-Za-z]*", line)
    near = difflib.get_close_matches(first[0].lower() if first else "", _WORDS, 1, 0.7)
    form = _WORDS[near[0]] if near else FORMS[0]
    raise AlertError(f"{_shown(line)} cannot be watched", f"write it like {form.example}")


def _direction(operator: str) -> Direction:
    found = operator.lower()
    if any(word in found for word in _UP):
        return Direction.UP
    if any(word in found for word in _DOWN):
        return Direction.DOWN
    return Direction.EITHER


def _sign(direction: Direction) -> str:
    return {Direction.UP: ">", Direction.DOWN: "<"}.get(direction, "crosses")


def _unit_text(unit: SpreadUnit) -> str:
    return "bp" if unit is SpreadUnit.BASIS_POINTS else ""


def _number(match: re.Match[str]) -> float:
    value = float(match["number"].replace(",", "").replace("_", ""))
    value *= _SCALES[match["scale"].lower()]
    if not math.isfinite(value):
        raise AlertError(f"{_shown(match['number'])} is too large", "write a smaller number")
    return value


def _not_negative(match: re.Match[str]) -> float:
    value = _number(match)
    if value < 0:
        raise AlertError(f"{number_text(value)} is never not exceeded", "write a number above 0")
    return value


def _timeframe(text: str | None, default: Timeframe | None) -> Timeframe:
    if not text:
        if default is None:
            raise AlertError("no timeframe", "name one at the end, such as 5m")
        return default
    try:
        return Timeframe.parse(text)
    except InstrumentError as error:
        raise AlertError(error.message, error.hint) from None


def _indicator_text(condition: IndicatorCrosses) -> str:
    line = f".{condition.line}" if condition.line else ""
    target = condition.other if condition.level is None else number_text(condition.level)
    return (
        f"{write_indicator(condition.indicator)}{line} {_sign(condition.direction)} {target}"
        f" {condition.timeframe}"
    )


def _shown(text: str) -> str:
    return repr(clean(text, 40))
