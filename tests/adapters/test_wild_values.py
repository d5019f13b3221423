"""Every value of real frames, one after the other, replaced by what it must not be: no adapter raises,
and what cannot be understood is told with its place."""

from __future__ import annotations

import copy
import gzip
import json
import re
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from tui.adapters.base import Adapter
from tui.adapters.binance import BinanceAdapter
from tui.adapters.coinbase import CoinbaseAdapter
from tui.adapters.kraken import KrakenAdapter
from tui.adapters.native import NativeAdapter
from tui.model.events import ParseFailure
from tui.model.transport import EventFrame

PROTOCOL = Path(__file__).resolve().parents[2] / "docs" / "protocol.md"
WILD: tuple[Any, ...] = (
    *(None, True, -1, 2**70, 1e308, 0.5),
    *("", "nan", "1.2.3", "-1", "1e9", "1_0", "٣", "\x1b[2J", "x" * 50),
    *([], {}, [[]], [None], {"x": {}}),
)
_LONGEST = 3000
_PLACE = re.compile(r"`|unknown (channel|type) '|^a frame that is neither data nor an answer$")
"""A field by its path or its name, or what the whole frame was taken for."""


def kraken_v1() -> KrakenAdapter:
    return KrakenAdapter({"protocol": "v1"})


def advanced() -> CoinbaseAdapter:
    return CoinbaseAdapter({"protocol": "advanced"})


def native() -> NativeAdapter:
    return NativeAdapter({"rest": "http://localhost:8080/v1"})


def frames_of(path: Path) -> Iterator[str]:
    """Frames of a recording that are not too long to be looked at value by value."""
    if path.suffix == ".md":
        blocks = re.findall(r"```json(?: answer)?\n(.*?)```", path.read_text(), re.DOTALL)
        yield from (line for block in blocks for line in block.splitlines())
        return
    if path.suffix != ".gz":
        yield from (line for line in path.read_text().splitlines() if len(line) < _LONGEST)
        return
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in map(json.loads, file):
            if line["kind"] == "rx" and len(line["raw"]) < _LONGEST:
                yield line["raw"]


def kind_of(frame: str) -> str:
    """What tells frames of a recording apart."""
    message = json.loads(frame)
    if isinstance(message, list):
        return f"{message[-2:-1]} {len(message)}"
    told = message.get("data", message)
    return str(
        [message.get("stream"), message.get("type"), *(told if isinstance(told, dict) else ())]
    )


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    for key in list(value) if isinstance(value, dict) else range(len(value)):
        yield value, key
        if isinstance(value[key], dict | list):
            yield from places(value[key])


def replaced(frame: str) -> Iterator[bytes]:
    """The frame with each value in turn replaced, and left out."""
    message = json.loads(frame)
    for place, key in list(places(message)):
        held = copy.deepcopy(place[key])
        for wild in WILD:
            place[key] = wild
            yield json.dumps(message, separators=(",", ":")).encode()
        if isinstance(place, dict):
            del place[key]
            yield json.dumps(message, separators=(",", ":")).encode()
        place[key] = held


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (BinanceAdapter, "binance_spot_4symbols.jsonl.gz"),
        (CoinbaseAdapter, "coinbase_exchange_frames.jsonl"),
        (CoinbaseAdapter, "coinbase_exchange_oddities.jsonl"),
        (advanced, "coinbase_advanced_frames.jsonl"),
        (advanced, "coinbase_advanced_seq10_16.jsonl"),
        (KrakenAdapter, "kraken_v2_control_frames.jsonl"),
        (kraken_v1, "kraken_v1_10pairs.jsonl.gz"),
        (native, "protocol.md"),
    ],
)
def test_wild_values_are_events_or_errors_with_a_place(
    recordings: Path, make: Callable[[], Adapter], name: str
) -> None:
    kinds = {}
    path = PROTOCOL if name == PROTOCOL.name else recordings / name
    for frame in islice(frames_of(path), 2000):
        kinds.setdefault(kind_of(frame), frame)
    for frame in kinds.values():
        for raw in replaced(frame):
            for event in make().decode(raw, 5):
                if isinstance(event, ParseFailure):
                    assert _PLACE.search(event.message), (event.message, raw)


@pytest.mark.parametrize("name", ["kraken_rest_trades", "kraken_rest_ohlc"])
def test_wild_values_of_polled_answers_are_events_or_errors_with_a_place(
    recordings: Path, name: str
) -> None:
    body = json.loads(gzip.decompress((recordings / f"{name}.json.gz").read_bytes()))
    for value in body["result"].values():
        if isinstance(value, list):
            del value[2:]
    key = "trades@BTC/USDT" if name.endswith("trades") else "candles_1@BTC/USDT"
    for raw in replaced(json.dumps(body)):
        for event in KrakenAdapter().decode(EventFrame(raw, key), 5):
            if isinstance(event, ParseFailure):
                assert key in event.message
