"""The embedded market under test: small, at a fixed moment, and moved by hand."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from websockets.asyncio.client import ClientConnection, connect

from tui.sim.market import SimMarket
from tui.sim.server import SimServer

# Tests are imported one by one, without a package: what they share is found by its folder.
sys.path.insert(0, str(Path(__file__).parent))

START_NS = 1_800_000_030_000_000_000
"""2027-01-15 08:00:30 UTC, half a minute into a minute."""

Get = Callable[..., Awaitable[tuple[int, Any, dict[str, str]]]]


@pytest.fixture
def market() -> SimMarket:
    return SimMarket(7, START_NS, regime="normal", symbols=("BTCUSDT", "PEPEUSDT"))


@pytest.fixture
async def server(market: SimMarket) -> AsyncIterator[SimServer]:
    server = SimServer(market, is_driven=False)
    await server.start()
    yield server
    await server.close()


@pytest.fixture
async def get(server: SimServer) -> AsyncIterator[Get]:
    """Ask the REST side: `status, body, headers = await get("klines", symbol=..., ...)`."""
    async with aiohttp.ClientSession() as session:

        async def ask(path: str, **params: Any) -> tuple[int, Any, dict[str, str]]:
            headers = params.pop("headers", {})
            url = f"{server.url}/api/v3/{path}"
            async with session.get(url, params=params, headers=headers) as response:
                return response.status, await response.json(), dict(response.headers)

        yield ask


@pytest.fixture
async def stream(server: SimServer) -> AsyncIterator[Callable[[str], Awaitable[Client]]]:
    """Open WebSockets: `client = await stream("/stream?streams=btcusdt@trade")`."""
    sockets: list[ClientConnection] = []

    async def open_socket(path: str) -> Client:
        socket = await connect(
            server.endpoints["stream"] + path, ping_interval=None, max_queue=None
        )
        sockets.append(socket)
        return Client(socket)

    yield open_socket
    for socket in sockets:
        await socket.close()


class Client:
    """A WebSocket client that speaks JSON."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    async def receive(self) -> Any:
        return json.loads(await self.socket.recv())

    async def ask(self, method: str, *params: Any, id: Any = 1) -> Any:
        """Send a control message and return the reply, passing over data."""
        await self.socket.send(json.dumps({"method": method, "params": list(params), "id": id}))
        while True:
            reply = await self.receive()
            if "result" in reply or "error" in reply:
                return reply

    async def heard(self) -> list[Any]:
        """Every data frame sent so far: a request's reply marks the end."""
        await self.socket.send(json.dumps({"method": "LIST_SUBSCRIPTIONS", "id": 987}))
        frames = []
        while (frame := await self.receive()) is not None:
            if isinstance(frame, dict) and frame.get("id") == 987:
                return frames
            frames.append(frame)
        return frames
