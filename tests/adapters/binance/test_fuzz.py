"""Whatever arrives, decoding does not raise: real frames mutated byte by byte and value by value."""

from __future__ import annotations

import copy
import gzip
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.adapters.binance import BinanceAdapter
from tui.model.errors import ProtocolError
from tui.model.events import ParseFailure
from tui.model.instrument import Instrument
from tui.model.timeframe import Timeframe

BTCUSDT = Instrument("BINANCE", "BTCUSDT")

FRAMES = [
    b'{"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1723161255208,"s":"BTCUSDT",'
    b'"U":50093239189,"u":50093239202,"b":[["61737.63000000","0.00000000"]],'
    b'"a":[["61837.64000000","1.54698000"],["61839.85000000","0.00000000"]]}}',
    b'{"stream":"btcusdt@bookTicker","data":{"u":50093239212,"s":"BTCUSDT","b":"61837.63000000",'
    b'"B":"3.78826000","a":"61837.64000000","A":"1.54698000"}}',
    b'{"stream":"btcusdt@trade","data":{"e":"trade","E":1723161255343,"s":"BTCUSDT","t":3735683259,'
    b'"p":"61837.63000000","q":"0.02000000","T":1723161255342,"m":true,"M":true}}',
    b'{"stream":"btcusdt@kline_1m","data":{"e":"kline","E":1672515782136,"s":"BTCUSDT","k":{'
    b'"t":1672515780000,"T":1672515839999,"s":"BTCUSDT","i":"1m","f":100,"L":200,"o":"0.0010",'
    b'"c":"0.0020","h":"0.0025","l":"0.0015","v":"1000","n":100,"x":false,"q":"1.0000","V":"500",'
    b'"Q":"0.500","B":"123456"}}}',
    b'{"stream":"btcusdt@depth5","data":{"lastUpdateId":160,"bids":[["0.0024","10"]],"asks":[]}}',
    b'{"e":"24hrMiniTicker","E":1672515782136,"s":"BTCUSDT","c":"0.0025","o":"0.0010","h":"0.0025",'
    b'"l":"0.0010","v":"10000","q":"18"}',
    b'{"error":{"code":2,"msg":"Invalid request: invalid stream"},"id":2}',
    b'{"result":null,"id":7}',
]

WILD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["nan", "inf", "-1", "1e9", "", " 1", "1.", "1_0", "٣", "[red]", "\x1b[2J"]),
    st.just([]),
    st.just({}),
    st.just([["1", "2"]]),
)


@st.composite
def bytes_mutated(draw: st.DrawFn) -> bytes:
    frame = bytearray(draw(st.sampled_from(FRAMES)))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(frame) - 1))
        frame[at : at + draw(st.integers(0, 6))] = draw(st.binary(max_size=6))
        if not frame:
            break
    return bytes(frame)


@st.composite
def values_mutated(draw: st.DrawFn) -> bytes:
    """A frame that is still JSON, with one value replaced, removed or moved."""
    frame = json.loads(draw(st.sampled_from(FRAMES)))
    place, key = draw(st.sampled_from(list(places(frame))))
    action = draw(st.sampled_from(["replace", "remove", "double"]))
    if action == "replace":
        place[key] = draw(WILD)
    elif action == "remove":
        del place[key]
    elif isinstance(place, list):
        place.append(copy.deepcopy(place[key]))
    else:
        place[draw(st.text(max_size=3))] = place[key]
    return json.dumps(frame).encode()


def places(value: Any) -> Any:
    keys = list(value) if isinstance(value, dict) else range(len(value))
    for key in keys:
        yield value, key
        if isinstance(value[key], dict | list):
            yield from places(value[key])


def is_plain(text: str) -> bool:
    whole, _, fraction = text.partition(".")
    return text.isascii() and whole.isdigit() and (not fraction or fraction.isdigit())


@settings(max_examples=200, deadline=None)
@given(st.one_of(bytes_mutated(), values_mutated(), st.binary(max_size=60)))
def test_no_frame_makes_decoding_raise(frame: bytes) -> None:
    adapter = BinanceAdapter()
    for sound in FRAMES:
        adapter.decode(sound, 1)

    for event in adapter.decode(frame, 1):
        if isinstance(event, ParseFailure):
            assert event.message
        for name in ("price_text", "size_text", "last_text", "bid", "ask", "bid_size", "ask_size"):
            text = getattr(event, name, None)
            assert text is None or is_plain(text)


@settings(max_examples=100, deadline=None)
@given(st.one_of(values_mutated(), st.binary(max_size=60), WILD.map(json.dumps).map(str.encode)))
def test_no_body_makes_a_request_raise_anything_but_a_protocol_error(body: bytes) -> None:
    adapter = BinanceAdapter()
    for request in (
        adapter.candles_request(BTCUSDT, Timeframe(1, "m")),
        adapter.trades_request(BTCUSDT),
        adapter.book_request(BTCUSDT),
        adapter.tickers_request([]),
        adapter.instruments_request(),
        adapter.time_request(),
    ):
        with suppress(ProtocolError):
            request.decode(body, 1)
    assert isinstance(adapter.rest_error(400, body), str)


@pytest.fixture(scope="module")
def real_frames(shared_recordings: Path) -> list[bytes]:
    """One in a hundred of a real recording."""
    with gzip.open(shared_recordings / "binance_spot_btcusdt.jsonl.gz", "rt") as file:
        return [json.loads(line)["raw"].encode() for line in list(file)[::100]]


@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_real_frames_cut_and_joined_do_not_make_decoding_raise(
    real_frames: list[bytes], data: st.DataObject
) -> None:
    first, second = data.draw(st.tuples(*[st.sampled_from(real_frames)] * 2))
    cut = data.draw(st.integers(0, len(first)))
    on = data.draw(st.integers(0, len(second)))
    adapter = BinanceAdapter()
    adapter.decode(second, 1)

    assert isinstance(adapter.decode(first[:cut] + second[on:], 1), list)
