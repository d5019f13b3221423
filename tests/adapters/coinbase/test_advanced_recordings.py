"""Real frames of Coinbase Advanced Trade yield exactly what the notes on the recordings say."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from tui.adapters.coinbase import CoinbaseAdapter
from tui.model.events import Gap, ParseFailure, Rejection


def adapter() -> CoinbaseAdapter:
    return CoinbaseAdapter({"protocol": "advanced"})


def lines(recordings: Path, name: str) -> list[bytes]:
    return (recordings / f"{name}.jsonl").read_bytes().splitlines()


def test_ten_to_sixteen_come_without_a_gap(recordings: Path) -> None:
    speaking = adapter()
    frames = lines(recordings, "coinbase_advanced_seq10_16")

    events = [event for frame in frames for event in speaking.decode(frame, 1)]

    assert [json.loads(frame)["sequence_num"] for frame in frames] == [10, 11, 12, 13, 14, 15, 16]
    assert Counter(type(event).__name__ for event in events) == {"ServerTime": 2, "BookDelta": 5}
    levels = [(event.instrument.symbol, len(event.bids), len(event.asks)) for event in events[2:]]
    assert levels == [
        ("BTC-USD", 6, 6),
        ("ETH-USD", 0, 4),
        ("BTC-USD", 6, 6),
        ("ETH-USD", 0, 2),
        ("BTC-USD", 4, 3),
    ]


def test_one_of_them_left_out_is_one_gap(recordings: Path) -> None:
    frames = lines(recordings, "coinbase_advanced_seq10_16")
    for left_out in range(1, 6):
        speaking = adapter()
        kept = frames[:left_out] + frames[left_out + 1 :]

        events = [event for frame in kept for event in speaking.decode(frame, 1)]

        assert [one for one in events if isinstance(one, Gap)] == [Gap("a frame is missing", 1)]


def test_every_frame_is_an_event_or_an_error(recordings: Path) -> None:
    found: list[list[Any]] = [
        adapter().decode(frame, 1) for frame in lines(recordings, "coinbase_advanced_frames")
    ]

    assert [[type(event).__name__ for event in events] for events in found] == [
        ["BookSnapshot"],
        ["ServerTime"],
        ["ServerTime"],
        ["ServerTime"],
        ["Rejection"],
        ["Ticker"],
        ["ServerTime"],
        ["ServerTime", "Trade"],
    ]
    assert found[4] == [Rejection("authentication failure")]
    assert not any(isinstance(event, ParseFailure) for events in found for event in events)
