"""Studies that the socket computes of a series: a few of the built-in ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

NO_VALUE: Final = 1e100
"""Stands where a study has no value yet."""


class Study(msgspec.Struct, frozen=True):
    """A study's title, its line's, its usual length, and how closes become its values."""

    title: str
    plot: str
    length: int
    compute: Callable[[Sequence[float], int], list[float]]


def _simple(closes: Sequence[float], length: int) -> list[float]:
    values = []
    total = 0.0
    for place, close in enumerate(closes):
        total += close
        if place >= length:
            total -= closes[place - length]
        values.append(total / length if place + 1 >= length else NO_VALUE)
    return values


def _exponential(closes: Sequence[float], length: int) -> list[float]:
    values = _simple(closes[:length], length)
    factor = 2 / (length + 1)
    for close in closes[length:]:
        values.append(values[-1] + factor * (close - values[-1]))
    return values


def _strength(closes: Sequence[float], length: int) -> list[float]:
    values = [NO_VALUE] * min(length, len(closes))
    gain = loss = 0.0
    for place in range(1, len(closes)):
        change = closes[place] - closes[place - 1]
        up, down = max(0.0, change), max(0.0, -change)
        if place <= length:
            gain, loss = gain + up / length, loss + down / length
        else:
            gain += (up - gain) / length
            loss += (down - loss) / length
        if place >= length:
            values.append(100 * gain / (gain + loss) if gain + loss else 50.0)
    return values


STUDIES: Final = {
    "STD;RSI": Study("Relative Strength Index", "RSI", 14, _strength),
    "STD;SMA": Study("Moving Average Simple", "MA", 9, _simple),
    "STD;EMA": Study("Moving Average Exponential", "MA", 9, _exponential),
}
_VERSION: Final = "37.0"


def read_study(inputs: object) -> tuple[Study, int] | None:
    """The study that a request's inputs name, and its length; None where there is no such one."""
    if not isinstance(inputs, dict):
        return None
    study = STUDIES.get(str(inputs.get("pineId")))
    if study is None:
        return None
    given = inputs.get("in_0")
    length = given.get("v") if isinstance(given, dict) else study.length
    if not isinstance(length, int) or not 1 <= length <= 5_000:
        return None
    return study, length


def describe(study_id: str) -> dict[str, Any]:
    """What is needed to ask for a study."""
    study = STUDIES.get(study_id)
    if study is None:
        return {"success": False, "reason": "no such script"}
    text = {"id": "text", "type": "text", "defval": "bmI9Ks46_", "name": "ILScript"}
    inputs = [
        {**text, "isHidden": True, "isFake": False},
        {"id": "in_0", "type": "integer", "defval": study.length, "name": "Length", "isFake": True},
    ]
    info = {
        "id": "Script@tv-scripting-101!",
        "scriptIdPart": study_id,
        "description": study.title,
        "shortDescription": study.plot,
        "inputs": inputs,
        "plots": [{"id": "plot_0", "type": "line"}],
        "styles": {"plot_0": {"title": study.plot, "histogramBase": 0}},
        "pine": {"version": _VERSION, "digest": "0"},
    }
    return {"success": True, "result": {"ilTemplate": "", "metaInfo": info}}
