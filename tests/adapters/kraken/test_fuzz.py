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

from tui.adapters.kraken import KrakenAdapter
from tui.model.errors import ProtocolError, TransportError
from tui.model.events import BookDelta, BookSnapshot, ParseFailure
from tui.model.instrument import Instrument
from tui.model.timeframe import Timeframe

BTC = Instrument("KRAKEN", "BTC/USD")

V2 = [
    b'{"channel":"book","type":"update","data":[{"symbol":"BTC/USD","bids":[{"price":63381.0,'
    b'"qty":0.00000000},{"price":63376.4,"qty":0.00005100}],"asks":[],"checksum":3726153463,'
    b'"timestamp":"2026-08-02T03:35:51.660084Z"}]}',
    b'{"channel":"book","type":"snapshot","data":[{"symbol":"BTC/USD","bids":[],"asks":[{"price":'
    b'63395.2,"qty":0.05500000}],"checksum":1494999917,"timestamp":"2026-08-02T03:35:51.000000Z"}]}',
    b'{"channel":"trade","type":"update","data":[{"symbol":"BTC/USD","side":"buy","price":81011.5,'
    b'"qty":0.00123440,"ord_type":"limit","trade_id":100320028,'
    b'"timestamp":"2026-05-14T15:06:09.020392Z"}]}',
    b'{"channel":"ticker","type":"snapshot","data":[{"symbol":"ALGO/USD","bid":0.13099,"bid_qty":'
    b'329.06250000,"ask":0.13108,"ask_qty":1771.75027615,"last":0.13110,"volume":9095630.20903971,'
    b'"vwap":0.12882,"low":0.12437,"high":0.13306,"change":0.00654,"change_pct":5.25,"trades":4606,'
    b'"timestamp":"2026-10-03T20:58:33.794283Z"}]}',
    b'{"channel":"ohlc","type":"update","timestamp":"2026-09-10T17:44:43.105760475Z","data":[{'
    b'"symbol":"BTC/USD","open":77400.0,"high":77445.8,"low":77400.0,"close":77416.3,"trades":15,'
    b'"volume":0.25302078,"vwap":77416.2,"interval_begin":"2026-09-10T17:32:00.000000000Z",'
    b'"interval":1,"timestamp":"2026-09-10T17:33:00.000000Z"}]}',
    b'{"channel":"status","type":"update","data":[{"version":"2.0.10","system":"online",'
    b'"api_version":"v2","connection_id":16174536464690282295,"upcoming_maintenance":[{"title":"x",'
    b'"expected_start_utc":"2026-10-05T09:00:00Z","affected_services":["a"]}],"emergency":[]}]}',
    b'{"method":"subscribe","result":{"channel":"book","depth":25,"snapshot":true,"symbol":"BTC/USD"'
    b',"warnings":["w"]},"success":true,"time_out":"2026-08-02T03:35:50.983398Z","req_id":1}',
    b'{"error":"Currency pair not supported X","method":"subscribe","success":false,"symbol":"X"}',
    b'{"channel":"heartbeat"}',
]
V1 = [
    b'[1234,{"as":[["5541.30000","2.50700000","1534614248.123678"]],"bs":[["5541.20000",'
    b'"1.52900000","1534614248.765567"]]},"book-25","XBT/USD"]',
    b'[1920,{"a":[["0.042990","364630.28272081","1618678145.920470","r"]]},{"b":[["0.042990",'
    b'"0.00000000","1618678145.920708"]],"c":"4105471083"},"book-1000","SC/EUR"]',
    b'[321,[["57126.70000","0.02063928","1616333924.737428","b","m",""]],"trade","XBT/USD"]',
    b'[1668,{"a":["13.25",35,"35.7"],"b":["13.23",185,"185.1"],"c":["13.25","3.71"],"v":["2.8",'
    b'"7.0"],"p":["1","2"],"t":[640,1353],"l":["1","2"],"h":["3","4"],"o":["2","2"]},"ticker",'
    b'"WAVES/EUR"]',
    b'[343,["1675209613.118218","1675209660.000000","23135.00000","23135.40000","23135.00000",'
    b'"23135.40000","23135.13297","0.39012812",7],"ohlc-1","XBT/USD"]',
    b'{"channelID":336,"channelName":"ohlc-5","event":"subscriptionStatus","pair":"XBT/USD",'
    b'"reqid":1,"status":"subscribed","subscription":{"interval":5,"name":"ohlc"}}',
    b'{"connectionID":8628615390848610000,"event":"systemStatus","status":"online"}',
    b'{"event":"heartbeat"}',
]
FRAMES = {"v2": V2, "v1": V1}
BODIES = [
    b'{"error":[],"result":{"XXBTZUSD":[[1762777020,"1.2","1.3","1.1","1.2","0.0","0.0",0]],'
    b'"last":1762777020}}',
    b'{"error":[],"result":{"XXBTZUSD":[["1.6","0.2",1762795433.9717445,"b","l","",10218208]],'
    b'"last":"1762795457846737400"}}',
    b'{"error":[],"result":{"XXBTZUSD":{"asks":[["1.3","0.136",1762820248]],"bids":[]}}}',
    b'{"error":[],"result":{"XXBTZUSD":{"altname":"XBTUSD","wsname":"XBT/USD","tick_size":"0.1"}}}',
    b'{"error":["EQuery:Unknown asset pair"]}',
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
    st.just([["1", "2", "3"]]),
)


@st.composite
def bytes_mutated(draw: st.DrawFn, frames: list[bytes]) -> bytes:
    frame = bytearray(draw(st.sampled_from(frames)))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(frame) - 1))
        frame[at : at + draw(st.integers(0, 6))] = draw(st.binary(max_size=6))
        if not frame:
            break
    return bytes(frame)


@st.composite
def values_mutated(draw: st.DrawFn, frames: list[bytes]) -> bytes:
    """A frame that is still JSON, with one value replaced, removed or doubled."""
    frame = json.loads(draw(st.sampled_from(frames)))
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


def check(adapter: KrakenAdapter, frame: bytes) -> None:
    for event in adapter.decode(frame, 1):
        if isinstance(event, ParseFailure):
            assert event.message
        if isinstance(event, BookDelta | BookSnapshot):
            assert all(is_plain(text) for level in (*event.bids, *event.asks) for text in level)
        for name in ("price_text", "size_text", "last_text", "bid", "ask", "bid_size", "ask_size"):
            text = getattr(event, name, None)
            assert text is None or is_plain(text)


@pytest.mark.parametrize("protocol", ["v2", "v1"])
@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_no_frame_makes_decoding_raise(protocol: str, data: st.DataObject) -> None:
    frames = FRAMES[protocol]
    adapter = KrakenAdapter({"protocol": protocol})
    for sound in frames:
        check(adapter, sound)

    mutated = st.one_of(bytes_mutated(frames), values_mutated(frames), st.binary(max_size=60))
    check(adapter, data.draw(mutated))


@pytest.mark.parametrize("protocol", ["v2", "v1"])
def test_the_frames_that_are_mutated_are_sound(protocol: str) -> None:
    adapter = KrakenAdapter({"protocol": protocol})

    for frame in FRAMES[protocol]:
        assert not any(isinstance(one, ParseFailure) for one in adapter.decode(frame, 1))


@settings(max_examples=80, deadline=None)
@given(st.one_of(bytes_mutated(BODIES), values_mutated(BODIES), st.binary(max_size=60)))
def test_no_body_makes_a_request_raise_anything_unforeseen(body: bytes) -> None:
    adapter = KrakenAdapter()
    for request in (
        adapter.candles_request(BTC, Timeframe(1, "m")),
        adapter.trades_request(BTC),
        adapter.book_request(BTC),
        adapter.tickers_request([]),
        adapter.instruments_request(),
    ):
        with suppress(ProtocolError, TransportError):
            request.decode(body, 1)
    assert isinstance(adapter.rest_error(400, body), str)


@pytest.fixture(scope="module")
def real_frames(shared_recordings: Path) -> dict[str, list[bytes]]:
    """One in ten of the real recordings, by protocol."""
    found = {}
    for protocol, name in (("v2", "kraken_v2_btcusd_depth25"), ("v1", "kraken_v1_10pairs")):
        with gzip.open(shared_recordings / f"{name}.jsonl.gz", "rt") as file:
            found[protocol] = [json.loads(line)["raw"].encode() for line in list(file)[40::10]]
    return found


@pytest.mark.parametrize("protocol", ["v2", "v1"])
@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_real_frames_cut_and_joined_do_not_make_decoding_raise(
    real_frames: dict[str, list[bytes]], protocol: str, data: st.DataObject
) -> None:
    frames = real_frames[protocol]
    first, second = data.draw(st.tuples(*[st.sampled_from(frames)] * 2))
    cut = data.draw(st.integers(0, len(first)))
    on = data.draw(st.integers(0, len(second)))
    adapter = KrakenAdapter({"protocol": protocol})
    check(adapter, second)

    check(adapter, first[:cut] + second[on:])
