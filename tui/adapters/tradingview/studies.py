"""Studies that TradingView computes: what they are asked for with, and what their lines are called."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import quote

import msgspec

from tui.adapters.base import RestRequest
from tui.adapters.tradingview.messages import StudyAnswer, StudyInput
from tui.adapters.tradingview.words import explain
from tui.model.errors import ConfigError, InstrumentError, ProtocolError

StudyValue = float | int | str | bool

_SCRIPT: Final = "Script@tv-scripting-101!"
_ID: Final = re.compile(r"[A-Za-z0-9_@.-]{1,60}(;[A-Za-z0-9_@. +%-]{1,80})?")
_ANSWER: Final = msgspec.json.Decoder(StudyAnswer)
_OWN: Final = ("text", "pineId", "pineVersion")


class Study(msgspec.Struct, frozen=True):
    """A study as it is asked for.

    Attributes:
        study_id: the venue's name, such as "STD;RSI".
        script: what computes it.
        plots: names of its lines, in the order of the values; "" for a value that is no line but, for
            example, the number of a colour.
    """

    study_id: str
    script: str
    inputs: dict[str, Any]
    plots: tuple[str, ...]


def read_studies(venue: str, text: str) -> tuple[str, ...]:
    """The names in the user's list of studies.

    Raises:
        ConfigError: one cannot be the name of a study.
    """
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    for name in names:
        if not _ID.fullmatch(name):
            raise ConfigError(
                f"{venue}: {name[:80]!r} is not a study", "write a name such as STD;RSI"
            )
    return names


def build_request(
    base_url: str, study_id: str, inputs: Mapping[str, StudyValue]
) -> RestRequest[Study]:
    """Ask what a study needs; `inputs` replace its defaults by their ids, such as "in_0".

    Raises:
        InstrumentError: the name cannot be one of a study.
    """
    if not _ID.fullmatch(study_id):
        raise InstrumentError(
            f"{study_id[:80]!r} is not a study of TradingView", "write a name such as STD;RSI"
        )
    url = f"{base_url}/pine-facade/translate/{quote(study_id, safe='')}/last"
    return RestRequest(url, {}, _reader(study_id, inputs))


def read_refusal(body: bytes) -> str:
    """The server's words in a refusal; "" when it says nothing."""
    try:
        answer = _ANSWER.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return ""
    said = answer.result if isinstance(answer.result, str) else answer.reason
    return explain(said) if said else ""


def _reader(study_id: str, inputs: Mapping[str, StudyValue]) -> Callable[[bytes, int], Study]:
    def read(body: bytes, ts_local: int) -> Study:
        try:
            answer = _ANSWER.decode(body)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise ProtocolError(str(error), body[:200].decode("utf-8", "replace")) from error
        if not answer.success or answer.result is None or isinstance(answer.result, str):
            said = read_refusal(body) or "refused without a reason"
            raise ProtocolError(f"the study {study_id}: {said}")
        return _build(study_id, answer, inputs)

    return read


def _build(study_id: str, answer: StudyAnswer, inputs: Mapping[str, StudyValue]) -> Study:
    assert answer.result is not None
    assert not isinstance(answer.result, str)
    meta = answer.result.metaInfo
    by_id = {one.id: one for one in meta.inputs}
    unknown = sorted(set(inputs) - set(by_id) | set(inputs) & set(_OWN))
    if unknown:
        known = ", ".join(name for name in by_id if name not in _OWN)
        raise ProtocolError(f"the study {study_id} has no input {unknown[0]!r}, only {known}")
    asked: dict[str, Any] = {
        "text": by_id["text"].defval if "text" in by_id else "",
        "pineId": study_id,
        "pineVersion": (meta.pine.version if meta.pine else None) or "1.0",
    }
    for number, one in enumerate(meta.inputs):
        if one.id not in _OWN:
            asked[one.id] = _write_input(number, one, inputs)
    styles = meta.styles
    plots = tuple(
        ((styles[plot.id].title if plot.id in styles else None) or plot.id)
        if plot.type == "line"
        else ""
        for plot in meta.plots
    )
    return Study(study_id, _SCRIPT, asked, plots)


def _write_input(number: int, one: StudyInput, inputs: Mapping[str, StudyValue]) -> dict[str, Any]:
    # Of a colour the server wants a number to tell it by.
    value = number if one.type == "color" else inputs.get(one.id, one.defval)
    return {"v": value, "f": True if one.isFake is None else one.isFake, "t": one.type}
