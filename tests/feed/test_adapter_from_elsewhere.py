"""The example of the documentation: a venue in a package of its own, installed, found and kept live."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import WSMsgType, web
from scripted_venue import QUICK, Bench, ScriptedVenue, until

from tui.adapters.base import Adapter
from tui.adapters.registry import load_adapter, venues
from tui.config import Settings
from tui.model.errors import ConfigError
from tui.model.events import ParseFailure
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription
from tui.model.timeframe import Timeframe
from tui.sources import open_venue

EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "examples" / "tradetui-harbour"
OIL = Instrument("HARBOUR", "OIL-USD")
BOOK = Subscription(OIL, Channel.BOOK)
TRADES = Subscription(OIL, Channel.TRADES)
CANDLES = Subscription(OIL, Channel.CANDLES, Timeframe(1, "d"))
BAD = Subscription(Instrument("HARBOUR", "MUD-USD"), Channel.TRADES)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which pip put the package, without the network."""
    if any(importlib.util.find_spec(name) is None for name in ("pip", "hatchling")):
        pytest.skip("pip and hatchling, which install the example, are not here")
    folder = tmp_path_factory.mktemp("site")
    options = ["-q", "--no-deps", "--no-build-isolation", "--no-index", "--no-input"]
    command = [sys.executable, "-m", "pip", "install", *options, "--target", str(folder)]
    done = subprocess.run(
        [*command, "--disable-pip-version-check", "--no-cache-dir", str(EXAMPLE)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def on_path(installed: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.syspath_prepend(str(installed))
    yield
    sys.modules.pop("tradetui_harbour", None)


class Harbour:
    """The imaginary market, on loopback."""

    def __init__(self) -> None:
        self.socket: web.WebSocketResponse | None = None
        self.topics: list[str] = []
        self.endpoints: dict[str, str] = {}

    async def serve_stream(self, request: web.Request) -> web.WebSocketResponse:
        self.socket = socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                await self._answer(json.loads(message.data))
        return socket

    async def _answer(self, asked: dict[str, Any]) -> None:
        if "trades:MUD-USD" in asked["topics"]:
            await self.push(type="refused", id=asked["id"], why="no such market")
            return
        await self.push(type="done", id=asked["id"])
        self.topics += asked["topics"]
        if asked["op"] == "sub" and "book:OIL-USD" in asked["topics"]:
            await self.push_book(7, bids=[["80.10", "3"]], asks=[["80.20", "1.5"]], whole=True)

    async def push_book(self, number: int, **fields: Any) -> None:
        empty: dict[str, Any] = {"bids": [], "asks": []}
        await self.push(
            type="book", market="OIL-USD", seq=number, ms=1_790_733_792_819, **empty | fields
        )

    async def push(self, **message: Any) -> None:
        assert self.socket is not None
        await self.socket.send_str(json.dumps(message))

    async def serve_candles(self, request: web.Request) -> web.Response:
        return web.json_response([[86_400, 1, 3, 1, 2, 9], [172_800, 2, 4, 2, 3, 5]])

    async def serve_markets(self, request: web.Request) -> web.Response:
        names = [("OIL-USD", "OIL"), ("MUD-USD", "MUD")]
        return web.json_response(
            [{"name": name, "base": base, "quote": "USD", "tick": "0.01"} for name, base in names]
        )


@pytest.fixture
async def harbour() -> AsyncIterator[Harbour]:
    made = Harbour()
    application = web.Application()
    application.router.add_get("/stream", made.serve_stream)
    application.router.add_get("/candles", made.serve_candles)
    application.router.add_get("/markets", made.serve_markets)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.endpoints = {"stream": f"{site.name.replace('http', 'ws')}/stream", "rest": site.name}
    yield made
    await runner.cleanup()


@pytest.fixture
async def bench(on_path: None, harbour: Harbour) -> AsyncIterator[Bench]:
    adapter = open_venue("HARBOUR", Settings(venues={"HARBOUR": harbour.endpoints}))
    made = Bench(ScriptedVenue(), QUICK, adapter)
    yield made
    await made.stop()


def test_the_registry_finds_it_once_it_is_installed(on_path: None) -> None:
    assert "HARBOUR" in venues()
    assert load_adapter("harbour").__name__ == "HarbourAdapter"


def test_it_is_what_the_contract_asks_for(on_path: None) -> None:
    adapter = load_adapter("HARBOUR")()

    wanted = {name for name in (*vars(Adapter), *Adapter.__annotations__) if name[0] != "_"}
    assert [name for name in sorted(wanted) if not hasattr(adapter, name)] == []


def test_a_wrong_endpoint_is_told_as_of_any_venue(on_path: None) -> None:
    with pytest.raises(ConfigError, match="HARBOUR: endpoint 'stream' must be a ws or wss URL"):
        load_adapter("HARBOUR")({"stream": "https://x"})


@pytest.mark.parametrize("frame", [b"", b"{", b"[]", b'{"type":"trade","price":"1e9"}', b"\xff"])
def test_what_it_cannot_understand_it_tells(on_path: None, frame: bytes) -> None:
    (event,) = load_adapter("HARBOUR")().decode(frame, 1)

    assert isinstance(event, ParseFailure)


async def test_it_is_kept_live_like_any_venue(bench: Bench, harbour: Harbour) -> None:
    bench.feed.want([BOOK, TRADES, CANDLES])
    bench.start()
    await until(lambda: bench.market.truth(BOOK).verified)
    await harbour.push_book(8, bids=[["80.15", "1"]])
    deal = {
        "market": "OIL-USD",
        "price": "80.20",
        "size": "1",
        "buy": True,
        "ms": 1_790_733_792_900,
    }
    await harbour.push(type="trade", id=5, **deal)

    state = bench.market[OIL]
    await until(lambda: state.book.bids.top_raw(1) == [("80.15", "1")])
    await until(lambda: state.tape.last is not None)
    await until(lambda: len(state.series(Timeframe(1, "d"))) >= 2)

    assert bench.market.truth(BOOK).reason == "sequence"
    assert state.tape.last is not None
    assert state.tape.last.price == 80.2


async def test_a_change_that_is_missing_makes_its_book_begin_anew(
    bench: Bench, harbour: Harbour
) -> None:
    bench.feed.want([BOOK])
    bench.start()
    await until(lambda: bench.market.truth(BOOK).verified)

    await harbour.push_book(9, bids=[["80.15", "1"]])

    await until(lambda: harbour.topics.count("book:OIL-USD") == 3)  # asked, given up, asked again
    await until(lambda: bench.market.truth(BOOK).verified)
    assert any("gap: 1 update missed" in message for message in bench.messages())


async def test_one_market_that_it_refuses_harms_no_other(bench: Bench, harbour: Harbour) -> None:
    bench.feed.want([BOOK, BAD])
    bench.start()

    await until(lambda: bench.status(BAD) == "rejected" and bench.market.truth(BOOK).verified)

    assert bench.market.truth(BAD).reason == "no such market"


async def test_its_markets_can_be_searched(bench: Bench) -> None:
    listed = await bench.feed.instruments()

    assert [str(one.instrument) for one in listed] == ["HARBOUR:OIL-USD", "HARBOUR:MUD-USD"]
