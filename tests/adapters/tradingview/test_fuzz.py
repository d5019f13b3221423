"""Whatever arrives, decoding does not raise, and what is not understood says where."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from talk import CANDLES, NOW, START, TICKER, Talk, bar, frame, message

from tui.adapters.tradingview.studies import Study
from tui.model.errors import ProtocolError
from tui.model.events import Candle, ParseFailure, Ticker

CHART, QUOTES = "cs_" + "A" * 12, "qs_" + "A" * 12
WILD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
    st.sampled_from(["~m~3~m~", "[red]", "\x1b[2J", 1e100, -0.0, 1e308]),
    st.just([]),
    st.just({}),
)
MESSAGES: list[Any] = [
    {"session_id": "x", "timestamp": 1, "timestampMs": 1_765_958_639_992, "release": "r"},
    message("symbol_resolved", CHART, "sds_sym_1", {"name": "A", "pricescale": 100, "minmov": 1}),
    message(
        "timescale_update",
        CHART,
        {"sds_1": {"s": [bar(0), bar(1)], "t": "s1", "lbs": {"bar_close_time": START + 60}}},
        {"index": 0},
        at_ms=1_686_475_613_189,
    ),
    message("series_completed", CHART, "sds_1", "delayed_streaming_900", "s1", {}),
    message("du", CHART, {"sds_1": {"s": [bar(1)]}, "st1": {"st": [{"v": [START, 1.0, 2.0]}]}}),
    message("symbol_error", CHART, "sds_sym_1", "invalid symbol"),
    message("series_error", CHART, "sds_1", "s1", "custom_resolution"),
    message("study_error", CHART, "st1", "s1_st1", {"error": "x"}, "detail"),
    message("critical_error", CHART, "unknown_session_id", "args"),
    message("critical_error", QUOTES, "duplicate id"),
    message("protocol_error", "bad auth token"),
    message(
        "qsd",
        QUOTES,
        {
            "n": "NASDAQ:AAPL",
            "s": "ok",
            "v": {"lp": 1.5, "lp_time": START, "pricescale": 100, "minmov": 1, "bid": 1.0},
        },
    ),
]


class Names:
    """Instead of chance: every session is called the same."""

    def choices(self, letters: str, k: int) -> list[str]:
        return ["A"] * k


def listening() -> Talk:
    """An adapter that waits for all of these messages."""
    talk = Talk()
    talk.adapter._rng = Names()  # type: ignore[assignment]
    talk.ask(TICKER, CANDLES)
    talk.adapter.add_study(CANDLES, Study("STD;RSI", "x", {}, ("RSI",)))
    talk.adapter.decode(frame(MESSAGES[1], MESSAGES[2], MESSAGES[3]), NOW)
    return talk


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in a message that holds a value."""
    keys = value.keys() if isinstance(value, dict) else range(len(value))
    for key in keys:
        yield value, key
        if isinstance(value[key], (dict, list)):
            yield from places(value[key])


@st.composite
def mutated_values(draw: st.DrawFn) -> bytes:
    mutated = copy.deepcopy(draw(st.sampled_from(MESSAGES)))
    for _ in range(draw(st.integers(1, 3))):
        found = list(places(mutated))
        if not found:
            break
        place, key = draw(st.sampled_from(found))
        if draw(st.booleans()):
            place[key] = draw(WILD)
        else:
            del place[key]
    body = json.dumps(mutated)
    return f"~m~{len(body)}~m~{body}".encode()


@st.composite
def mutated_bytes(draw: st.DrawFn) -> bytes:
    raw = bytearray(frame(*draw(st.lists(st.sampled_from([*MESSAGES, "~h~7"]), min_size=1))))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(raw)))
        raw[at : at + draw(st.integers(0, 6))] = draw(st.binary(max_size=6))
    return bytes(raw)


def check(raw: bytes) -> None:
    talk = listening()
    for event in talk.adapter.decode(raw, NOW):
        if isinstance(event, Candle):
            assert 0 <= event.open_time < 9_000_000_000 * 10**9
            assert all(abs(one) < 1e99 for one in (event.open, event.high, event.low, event.close))
        elif isinstance(event, Ticker):
            assert event.last is None or abs(event.last) < 1e99
        elif isinstance(event, ParseFailure):
            assert event.message
            assert len(event.raw) <= 200
    # And what comes next is understood as before.
    assert talk.adapter.decode(frame("~h~9"), NOW)


@settings(max_examples=150, deadline=None)
@given(mutated_values())
def test_wrong_values_never_raise(raw: bytes) -> None:
    check(raw)


@settings(max_examples=150, deadline=None)
@given(mutated_bytes())
def test_wrong_bytes_never_raise(raw: bytes) -> None:
    check(raw)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=60))
def test_anything_at_all_never_raises(raw: bytes) -> None:
    check(raw)


@settings(max_examples=60, deadline=None)
@given(st.recursive(WILD, lambda inner: st.dictionaries(st.text(max_size=5), inner, max_size=3)))
def test_a_definition_of_a_study_is_read_or_refused(body: Any) -> None:
    request = Talk().adapter.study_request("STD;RSI")
    for answer in (body, {"success": True, "result": {"metaInfo": body}}):
        try:
            request.decode(json.dumps(answer).encode(), 0)
        except ProtocolError as error:
            assert error.message  # noqa: PT017 - either is right
