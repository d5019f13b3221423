"""Whatever arrives, decoding does not raise: the documented messages, mutated byte by byte and value
by value."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tui.adapters.native import NativeAdapter
from tui.model.errors import ProtocolError
from tui.model.instrument import Instrument
from tui.model.timeframe import Timeframe

DOCS = Path(__file__).resolve().parents[3] / "docs"
EXAMPLES = [
    line
    for block in re.findall(
        r"```json(?: answer)?\n(.*?)```", (DOCS / "protocol.md").read_text(), re.DOTALL
    )
    for line in block.splitlines()
]
BOOK = b"""{"type":"orderbook_update","symbol":"BTC-USD","version":900,
    "book":{"bids":{"81011.49":"0.20","81011.00":"1.10"},"asks":{"81011.50":"1.75"}}}"""
BTC = Instrument("NATIVE", "BTC-USD")

WILD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False),
    st.text(max_size=8),
    st.sampled_from(["nan", "-1", "1e9", "", " 1", "1.", "٣", "[red]", "\x1b[2J", "1,5", "/bids"]),
    st.just([]),
    st.just({}),
    st.just([{"op": "add", "path": "/bids/1", "value": []}]),
)


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every value inside, as container and key."""
    found: list[tuple[Any, Any]] = []
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in items:
        found.append((value, key))
        if isinstance(inner, dict | list):
            found += places(inner)
    return found


@st.composite
def bytes_mutated(draw: st.DrawFn) -> bytes:
    frame = bytearray(draw(st.sampled_from(EXAMPLES)).encode())
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(frame) - 1))
        frame[at : at + draw(st.integers(0, 6))] = draw(st.binary(max_size=6))
        if not frame:
            break
    return bytes(frame)


@st.composite
def values_mutated(draw: st.DrawFn) -> bytes:
    message = json.loads(draw(st.sampled_from(EXAMPLES)))
    place, key = draw(st.sampled_from(places(message)))
    if draw(st.booleans()):
        place[key] = draw(WILD)
    else:
        del place[key]
    return json.dumps(message if draw(st.booleans()) else [message, message]).encode()


@settings(max_examples=300)
@given(st.lists(st.one_of(bytes_mutated(), values_mutated()), min_size=1, max_size=4))
def test_no_frame_makes_the_decoder_raise(frames: list[bytes]) -> None:
    adapter = NativeAdapter({"rest": "http://localhost:8080/v1"})
    adapter.decode(BOOK, 1)

    for frame in frames:
        adapter.decode(frame, 1)


@settings(max_examples=100)
@given(st.one_of(bytes_mutated(), values_mutated()))
def test_no_body_raises_anything_but_what_is_promised(body: bytes) -> None:
    adapter = NativeAdapter({"rest": "http://localhost:8080/v1"})

    for request in (
        adapter.candles_request(BTC, Timeframe.parse("1m")),
        adapter.trades_request(BTC),
        adapter.book_request(BTC),
        adapter.tickers_request([]),
        adapter.instruments_request(),
        adapter.time_request(),
    ):
        with suppress(ProtocolError):
            request.decode(body, 1)
    adapter.rest_error(400, body)
