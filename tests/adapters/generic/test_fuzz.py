"""Whatever arrives, nothing raises: real and described frames, mutated bytes and mutated values."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tui.adapters.generic import DescribedAdapter
from tui.model.errors import ProtocolError
from tui.model.events import Candle, ParseFailure
from tui.model.instrument import Instrument
from tui.model.timeframe import Timeframe
from tui.model.transport import EventFrame

Make = Callable[[str], DescribedAdapter]

FRAMES = {
    "bitstamp": [
        b'{"data":{"timestamp":"1641343691","microtimestamp":"1641343691244908",'
        b'"bids":[["1.15979","993.02588113"]],"asks":[["1.16601","0.00000000"]]},'
        b'"channel":"diff_order_book_bateur","event":"data"}',
        b'{"data":{"id":216000477,"amount":0.0792,"amount_str":"0.07920000","price":3805.44,'
        b'"price_str":"3805.44","type":0,"microtimestamp":"1641343699596000"},'
        b'"channel":"live_trades_ethusd","event":"trade"}',
        b'{"event":"bts:subscription_succeeded","channel":"live_trades_ethusd","data":{}}',
        b'{"event":"bts:error","channel":"","data":{"code":null,"message":"Bad."}}',
    ],
    "array": [
        b'[{"topic":"kline.1min.GOLD","data":{"t":60000,"o":1,"h":2,"l":0.5,"c":1.5,"v":"3",'
        b'"x":true}},{"id":1}]',
    ],
    "rates": [b'{"at":"2024-08-08T12:00:00Z","rates":{"EUR-USD":{"bid":1.08,"ask":"1.0900"}}}'],
    "desk": [b'{"instrument":"GOLD","px":"10","qty":"-2","at":1700000000000}'],
}
CASES = [(name, frame) for name, frames in FRAMES.items() for frame in frames]
ANSWERS = [
    b'{"timestamp":"1","microtimestamp":"164134369557","bids":[["0.1","4"]],"asks":[["0.2","1"]]}',
    b'{"data":{"pair":"ETH/USD","ohlc":[{"high":"12","timestamp":"7200","volume":"3.5","low":"9",'
    b'"close":"11","open":"10"}]}}',
    b'[{"url_symbol":"btcusd","base_decimals":8,"counter_decimals":2,"trading":"Enabled"}]',
    b'{"last":"1","bid":"1","ask":"1","open":"1","high":"1","low":"1","volume":"1","timestamp":"1"}',
]
WILD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["nan", "-1", "1e99", "", " 1", "1.", "٣", "\x1b[2J", "1,5", "9" * 50, "-0"]),
    st.sampled_from(["9999-12-31T23:59:59Z", "0001-01-01", "2024-02-30", "buy", "5", "data"]),
    st.just([]),
    st.just({}),
    st.just([[]]),
    st.just([[["1", "2"]]]),
)


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every value inside, as container and key."""
    found: list[tuple[Any, Any]] = []
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
        found.append((value, key))
        if isinstance(inner, dict | list):
            found += places(inner)
    return found


def spoil(draw: st.DrawFn, frame: bytes) -> bytes:
    if draw(st.booleans()):
        spoiled = bytearray(frame)
        for _ in range(draw(st.integers(1, 4))):
            at = draw(st.integers(0, max(0, len(spoiled) - 1)))
            spoiled[at : at + draw(st.integers(0, 6))] = draw(st.binary(max_size=6))
        return bytes(spoiled)
    message = json.loads(frame)
    place, key = draw(st.sampled_from(places(message)))
    if draw(st.booleans()):
        place[key] = draw(WILD)
    else:
        del place[key]
    return json.dumps(message).encode()


@st.composite
def spoiled_frames(draw: st.DrawFn) -> tuple[str, list[bytes]]:
    name, _ = draw(st.sampled_from(CASES))
    chosen = draw(st.lists(st.sampled_from(FRAMES[name]), min_size=1, max_size=4))
    return name, [spoil(draw, frame) for frame in chosen]


@st.composite
def spoiled_answers(draw: st.DrawFn) -> bytes:
    return spoil(draw, draw(st.sampled_from(ANSWERS)))


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(spoiled_frames())
def test_no_frame_makes_the_decoder_raise(described: Make, case: tuple[str, list[bytes]]) -> None:
    name, frames = case
    adapter = described(name)

    for frame in frames:
        named = EventFrame(frame, {"desk": "fill", "rates": "requests.ticker"}.get(name, ""))
        for event in adapter.decode(named, 1):
            assert not isinstance(event, ParseFailure) or event.message


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(spoiled_answers())
def test_no_answer_raises_anything_but_a_protocol_error(described: Make, body: bytes) -> None:
    adapter = described("bitstamp")
    btc = Instrument("BITSTAMP", "BTCUSD")

    for request in (
        adapter.book_request(btc),
        adapter.candles_request(btc, Timeframe.parse("1h")),
        adapter.tickers_request([btc]),
        adapter.instruments_request(),
    ):
        with suppress(ProtocolError):
            request.decode(body, 1)
    adapter.rest_error(400, body)


@pytest.mark.parametrize("frame", [b"[" * 20_000, b'{"a":' * 20_000, b"\xff\xfe", b"", b"null"])
def test_hostile_json_is_a_failure(described: Make, frame: bytes) -> None:
    for name in FRAMES:
        (event,) = described(name).decode(frame, 1)

        assert isinstance(event, ParseFailure)


def test_times_at_the_edge_of_what_can_be_counted_are_refused(described: Make) -> None:
    data = {"t": 9_300_000_000_000_000, "o": 1, "h": 1, "l": 1, "c": 1, "v": 1, "x": False}
    frame = json.dumps([{"topic": "kline.1min.GOLD", "data": data}]).encode()

    (event,) = described("array").decode(frame, 1)

    assert isinstance(event, ParseFailure)
    assert event.message.startswith("messages.candle.time: ")
    assert not isinstance(event, Candle)


def test_real_frames_cut_anywhere_are_failures_and_nothing_worse(
    described: Make, shared_recordings: Path
) -> None:
    adapter = described("bitstamp")
    with gzip.open(shared_recordings / "bitstamp_generic.jsonl.gz", "rt") as file:
        frames = [json.loads(line)["raw"].encode() for line in file if '"kind":"rx"' in line]

    for index, frame in enumerate(frames):
        (event,) = adapter.decode(frame[: index % len(frame)], 1)

        assert isinstance(event, ParseFailure)
