"""Whatever arrives, decoding does not raise: real frames mutated byte by byte and value by value."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tui.adapters.coinbase import CoinbaseAdapter
from tui.model.events import BookDelta, BookSnapshot, ParseFailure
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription

FRAMES = [
    b'{"channel":"l2_data","client_id":"","timestamp":"2026-09-30T02:39:53.862739917Z",'
    b'"sequence_num":15,"events":[{"type":"update","product_id":"ETH-USD","updates":[{"side":'
    b'"offer","event_time":"2026-09-30T02:39:53.836012Z","price_level":"2666.08",'
    b'"new_quantity":"0"},{"side":"bid","price_level":"2666","new_quantity":"0.5"}]}]}',
    b'{"channel":"market_trades","timestamp":"2026-06-14T05:54:18.66623968Z","sequence_num":0,'
    b'"events":[{"type":"snapshot","trades":[{"product_id":"BTC-USD","trade_id":"1037798145",'
    b'"price":"64340.74","size":"0.00746872","time":"2026-06-14T05:54:17.799285Z","side":"SELL"}]}]}',
    b'{"channel":"ticker","timestamp":"2026-06-14T05:35:45.435813533Z","sequence_num":16,"events":'
    b'[{"type":"update","tickers":[{"type":"ticker","product_id":"BTC-USD","price":"64281.7",'
    b'"volume_24_h":"3974.9","low_24_h":"63454","high_24_h":"64727.27","price_percent_chg_24_h":'
    b'"-1.21","best_bid":"64281.7","best_ask":"64281.71","best_bid_quantity":"0.2",'
    b'"best_ask_quantity":"0.02"}]}]}',
    b'{"channel":"candles","timestamp":"2026-09-30T02:03:12.862739917Z","sequence_num":4,"events":'
    b'[{"type":"update","candles":[{"start":"1790733600","high":"83280","low":"83242.39","open":'
    b'"83250.1","close":"83277.26","volume":"1.93","product_id":"BTC-USD"}]}]}',
    b'{"channel":"heartbeats","timestamp":"2026-09-07T23:37:22.675755362Z","sequence_num":3,"events":'
    b'[{"current_time":"2026-09-07 23:37:22.674409 +0000 UTC m=+139651.2","heartbeat_counter":1}]}',
    b'{"channel":"subscriptions","timestamp":"2026-09-07T23:37:22.278Z","sequence_num":1,"events":'
    b'[{"subscriptions":{"level2":["BTC-USD"],"heartbeats":["heartbeats"]}}]}',
    b'{"type":"error","message":"authentication failure"}',
]

WILD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["nan", "inf", "-1", "1e9", "", ".", "1.", "1..2", "1_0", "٣", "\x1b[2J"]),
    st.just([]),
    st.just({}),
)


@st.composite
def bytes_mutated(draw: st.DrawFn) -> bytes:
    frame = bytearray(draw(st.sampled_from(FRAMES)))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(frame)))
        frame[at : at + draw(st.integers(0, 6))] = draw(st.binary(max_size=6))
    return bytes(frame)


@st.composite
def values_mutated(draw: st.DrawFn) -> bytes:
    """A frame that is still JSON, with one value replaced, removed or doubled."""
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
    # The venue's way of writing it, and another: what is quick must not be what is safe.
    compact = draw(st.booleans())
    return json.dumps(frame, separators=(",", ":") if compact else None).encode()


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    for key in list(value) if isinstance(value, dict) else range(len(value)):
        yield value, key
        if isinstance(value[key], dict | list):
            yield from places(value[key])


def is_number(text: str) -> bool:
    whole, _, fraction = text.partition(".")
    return text.isascii() and (whole + fraction).isdigit()


@settings(max_examples=250, deadline=None)
@given(st.one_of(bytes_mutated(), values_mutated(), st.binary(max_size=60)))
def test_no_frame_makes_decoding_raise(frame: bytes) -> None:
    adapter = CoinbaseAdapter({"protocol": "advanced"})
    adapter.subscribe([Subscription(Instrument("COINBASE", "BTC-USD"), Channel.BOOK)])

    events = adapter.decode(frame, 1)

    assert events  # none vanishes
    for event in events:
        if isinstance(event, ParseFailure):
            assert event.message
        if isinstance(event, BookDelta | BookSnapshot):
            assert all(is_number(text) for level in (*event.bids, *event.asks) for text in level)
        for name in ("price_text", "size_text", "last_text", "bid", "ask", "bid_size", "ask_size"):
            text = getattr(event, name, None)
            assert text is None or is_number(text)


def test_the_frames_that_are_mutated_are_sound() -> None:
    for frame in FRAMES:
        events = CoinbaseAdapter({"protocol": "advanced"}).decode(frame, 1)
        assert events
        assert not any(isinstance(event, ParseFailure) for event in events)
