"""Binance's frames and answers as a recording holds them: what a replay must read of them."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from tui.adapters.binance.messages import Number

_Moment = Annotated[int, msgspec.Meta(ge=0, le=253_370_764_799_999)]
"""Milliseconds since the epoch, up to a year before the last month that the calendar knows."""

_WireLevel = tuple[Number, Number]


class WireTrade(msgspec.Struct, frozen=True, gc=False):
    """A `trade` or `aggTrade` payload, by the venue's letters."""

    p: Number
    q: Number
    T: _Moment
    m: bool
    E: _Moment = 0
    t: int | None = None
    a: int | None = None
    f: int | None = None
    l: int | None = None  # noqa: E741 - the venue's name

    @property
    def id(self) -> int:
        if self.a is not None:
            return self.a
        return self.t if self.t is not None else 0


class WireDelta(msgspec.Struct, frozen=True):
    """A `depthUpdate` payload."""

    U: int
    u: int
    b: list[_WireLevel]
    a: list[_WireLevel]
    E: _Moment = 0


class WireKline(msgspec.Struct, frozen=True, gc=False):
    """The candle in a `kline` payload."""

    t: _Moment
    T: _Moment
    o: Number
    h: Number
    l: Number  # noqa: E741 - the venue's name
    c: Number
    v: Number
    n: int
    q: Number
    V: Number
    Q: Number


class WireSnapshot(msgspec.Struct, frozen=True):
    """The body of a GET of `/api/v3/depth`."""

    lastUpdateId: int
    bids: list[_WireLevel]
    asks: list[_WireLevel]


KlineRow = tuple[
    _Moment, Number, Number, Number, Number, Number, _Moment, Number, int, Number, Number, Any
]
"""Open time, open, high, low, close, volume, close time, quote volume, trades, taker-buy both, unused."""


class _Envelope(msgspec.Struct, gc=False):
    stream: str = ""
    data: msgspec.Raw = msgspec.Raw()
    e: str = ""
    s: str = ""
    b: msgspec.Raw = msgspec.Raw()
    k: msgspec.Raw = msgspec.Raw()


class _KlinePayload(msgspec.Struct, gc=False):
    k: WireKline


class _Interval(msgspec.Struct, gc=False):
    i: str


_decode_envelope = msgspec.json.Decoder(_Envelope).decode
decode_trade = msgspec.json.Decoder(WireTrade).decode
decode_delta = msgspec.json.Decoder(WireDelta).decode
decode_kline = msgspec.json.Decoder(_KlinePayload).decode
_decode_interval = msgspec.json.Decoder(_Interval).decode
decode_snapshot = msgspec.json.Decoder(WireSnapshot).decode
decode_rows = msgspec.json.Decoder(list[KlineRow]).decode

_BARE_KINDS = {
    "trade": "trade",
    "aggTrade": "aggTrade",
    "depthUpdate": "depth",
    "24hrMiniTicker": "miniTicker",
    "24hrTicker": "ticker",
}


def split_frame(raw: str) -> tuple[str, bytes | msgspec.Raw]:
    """The stream's name and the payload of a frame, wrapped or bare; the name is "" for anything else.

    Raises:
        msgspec.DecodeError: it is not a JSON object.
    """
    envelope = _decode_envelope(raw)
    if envelope.stream:
        return envelope.stream, envelope.data
    if not envelope.s:
        return "", b""
    kind = _BARE_KINDS.get(envelope.e, "")
    if envelope.e == "kline":
        kind = f"kline_{_decode_interval(envelope.k).i}"
    elif not envelope.e and bytes(envelope.b):
        kind = "bookTicker"
    return (f"{envelope.s.lower()}@{kind}" if kind else ""), raw.encode()


def change_mode(raw: str, *, is_combined: bool) -> str:
    """A frame as a combined or a raw connection gets it; untouched where it was recorded like that."""
    if raw.startswith('{"stream":') and is_combined:
        return raw
    name, payload = split_frame(raw)
    is_wrapped = isinstance(payload, msgspec.Raw)
    if not name or is_wrapped == is_combined:
        return raw
    return bytes(payload).decode() if is_wrapped else f'{{"stream":"{name}","data":{raw}}}'
