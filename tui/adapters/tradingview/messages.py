"""What TradingView's messages look like on the wire, as far as they are read."""

from __future__ import annotations

from typing import Any

import msgspec


class Envelope(msgspec.Struct, gc=False):
    """Any message. The first of a connection has no name, and says who answers and when.

    Attributes:
        m, p: name and parameters.
        t_ms: when it was sent, ms; None where it does not tell.
    """

    m: str = ""
    p: list[msgspec.Raw] = []
    t_ms: float | None = None
    session_id: str | None = None
    timestampMs: float | None = None


class Bar(msgspec.Struct, gc=False):
    """`v`: the time (s), then open, high, low, close and perhaps volume, or a study's values."""

    v: list[float | None]


class LastBar(msgspec.Struct, gc=False):
    bar_close_time: float | None = None


class Update(msgspec.Struct, gc=False):
    """What changed of one series (`s`) or one study (`st`); `t` names the request it answers."""

    s: list[Bar] | None = None
    st: list[Bar] | None = None
    t: str | None = None
    lbs: LastBar | None = None


class QuoteValues(msgspec.Struct, gc=False):
    """The quote fields that changed."""

    lp: float | None = None
    lp_time: float | None = None
    chp: float | None = None
    volume: float | None = None
    bid: float | None = None
    ask: float | None = None
    bid_size: float | None = None
    ask_size: float | None = None
    open_price: float | None = None
    high_price: float | None = None
    low_price: float | None = None
    pricescale: float | None = None
    minmov: float | None = None
    short_name: str | None = None
    currency_code: str | None = None
    update_mode: str | None = None
    current_session: str | None = None


class Quote(msgspec.Struct, gc=False):
    n: str
    s: str = "ok"
    v: QuoteValues | None = None
    errmsg: str | None = None


class SymbolInfo(msgspec.Struct, gc=False):
    name: str | None = None
    currency_code: str | None = None
    pricescale: float | None = None
    minmov: float | None = None


class StudyInput(msgspec.Struct, gc=False):
    id: str
    type: str = ""
    defval: Any = None
    isFake: bool | None = None


class StudyPlot(msgspec.Struct, gc=False):
    id: str
    type: str = "line"


class StudyStyle(msgspec.Struct, gc=False):
    title: str | None = None


class StudyPine(msgspec.Struct, gc=False):
    version: str | None = None


class StudyMeta(msgspec.Struct, gc=False):
    inputs: list[StudyInput]
    plots: list[StudyPlot] = []
    styles: dict[str, StudyStyle] = {}
    pine: StudyPine | None = None


class StudyResult(msgspec.Struct, gc=False):
    metaInfo: StudyMeta


class StudyAnswer(msgspec.Struct, gc=False):
    """What the server of studies tells of one; `result` is its refusal where `success` is false."""

    success: bool
    result: StudyResult | str | None = None
    reason: str | None = None


QUOTE_FIELDS = tuple(QuoteValues.__struct_fields__)
