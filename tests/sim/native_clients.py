"""Clients of the native protocol that read plainly in tests: they know nothing of the product's own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import aiohttp
import jsonpatch
from websockets.asyncio.client import ClientConnection

from tui.sim.market import SimMarket

Message = dict[str, Any]
PING = 987_654


class SocketClient:
    """A WebSocket that speaks JSON."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self._ids = iter(range(1, 1_000_000))

    async def send(self, kind: str, *channels: str, **fields: Any) -> int:
        """Send a request about channels, named as in queries; returns its id."""
        request_id = next(self._ids)
        request: Message = {"type": kind, "id": request_id, **fields}
        if channels:
            request["channels"] = [channel(name) for name in channels]
        await self.socket.send(json.dumps(request))
        return request_id

    async def ask(self, kind: str, *channels: str, **fields: Any) -> list[Message]:
        """Send a request and return all that came until now, answers included."""
        await self.send(kind, *channels, **fields)
        return await self.heard()

    async def heard(self) -> list[Message]:
        """Everything sent so far: the answer to a heartbeat marks the end."""
        await self.socket.send(json.dumps({"type": "heartbeat", "id": PING}))
        messages: list[Message] = []
        while True:
            messages += frame(await self.socket.recv())
            if messages[-1]["type"] == "pong" and messages[-1]["id"] == PING:
                return messages[:-1]


def channel(name: str) -> Message:
    """`candles.1m:BTCUSDT` as a message writes it."""
    head, _, symbol = name.partition(":")
    kind, _, option = head.partition(".")
    found: Message = {"channel": kind}
    if symbol:
        found["symbol"] = symbol
    if option:
        found |= {"depth": int(option)} if kind == "orderbook" else {"timeframe": option}
    return found


def frame(text: str | bytes) -> list[Message]:
    """The messages of a frame."""
    said = json.loads(text)
    return said if isinstance(said, list) else [said]


class EventClient:
    """Reads server-sent events, simply; what comes is whole lines ended by LF."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.response = response

    async def next(self) -> dict[str, str]:
        """The fields of the next block, `data` and `id` among them; comments have the name ""."""
        fields: dict[str, str] = {}
        while line := (await self.response.content.readline()).decode():
            if line == "\n":
                return fields
            name, _, value = line.rstrip("\n").partition(":")
            fields[name] = value.removeprefix(" ")
        raise EOFError

    async def message(self) -> Message:
        """The JSON of the next event that has any."""
        while "data" not in (fields := await self.next()):
            pass
        found: Message = json.loads(fields["data"])
        return found

    async def upto(self, seq: int) -> list[Message]:
        """Messages up to the one at a position."""
        messages = [await self.message()]
        while messages[-1].get("seq", 0) < seq:
            messages.append(await self.message())
        return messages


class Book:
    """A book kept as the protocol's text tells it."""

    def __init__(self) -> None:
        self.document: Message = {}
        self.version = 0

    def take(self, message: Message) -> None:
        if "book" in message:
            self.document, self.version = message["book"], message["version"]
            return
        assert message["from_version"] == self.version
        if "patch" in message:
            self.document = jsonpatch.apply_patch(self.document, message["patch"])
        else:
            for side, sizes in message["changes"].items():
                for price, size in sizes.items():
                    if float(size):
                        self.document[side][price] = size
                    else:
                        del self.document[side][price]
        self.version = message["version"]


def engine_book(
    market: SimMarket, symbol: str, depth: int = 10_000
) -> dict[str, dict[float, float]]:
    """What the matching engine holds."""
    pair = market.pair(symbol)
    tick, lot = pair.listing.tick_e8, pair.listing.lot_e8
    sides = zip(("bids", "asks"), pair.engine.top(depth), strict=True)
    return {
        side: {ticks * tick / 1e8: lots * lot / 1e8 for ticks, lots in levels}
        for side, levels in sides
    }


def numbers(document: Mapping[str, Mapping[str, str]]) -> dict[str, dict[float, float]]:
    """A document's texts as numbers."""
    return {
        side: {float(price): float(size) for price, size in sizes.items()}
        for side, sizes in document.items()
    }


def of_type(messages: list[Message], kind: str) -> list[Message]:
    return [message for message in messages if message["type"] == kind]
