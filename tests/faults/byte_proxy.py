"""A proxy of bytes on real TCP: between a client and a server, with every fault of a network."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import struct
from enum import StrEnum

from tui.feed.clock import Clock

_READ = 64 * 1024
_RST_ON_CLOSE = struct.pack("ii", 1, 0)


class Way(StrEnum):
    UP = "to the server"
    DOWN = "to the client"


BOTH = frozenset(Way)


class ByteProxy:
    """Forwards connections to one address. Set its attributes at any time; they count at once.

    Attributes:
        silent: ways on which nothing arrives any more, without an end; what was sent meanwhile
            arrives when the way is no longer silent.
        latency_s, jitter_s: each piece arrives so much later, plus up to so much.
        bytes_per_s: 0 for no limit.
        piece: at most so many bytes in one write; 0 for as they come.
        splits: pieces have random sizes up to `piece`.
        to_corrupt: pieces, by way, of which one byte is still to be spoilt.
        hangs_up: connections are accepted and closed at once.
        links: open connections. accepted: how many there were.
    """

    def __init__(self, host: str, port: int, *, clock: Clock, rng: random.Random) -> None:
        self._target = (host, port)
        self._clock = clock
        self._rng = rng
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0
        self.links: set[_Link] = set()
        self.accepted = 0
        self._moved = asyncio.Event()
        self.heal()

    def heal(self) -> None:
        """No faults any more; whoever is refused is still refused."""
        self._silent: frozenset[Way] = frozenset()
        self.latency_s = self.jitter_s = 0.0
        self.bytes_per_s = 0.0
        self.piece = 0
        self.splits = False
        self.to_corrupt = dict.fromkeys(Way, 0)
        self.hangs_up = False
        self._moved.set()

    @property
    def silent(self) -> frozenset[Way]:
        return self._silent

    @silent.setter
    def silent(self, ways: frozenset[Way]) -> None:
        self._silent = ways
        self._moved.set()

    @property
    def listens(self) -> bool:
        return self._server is not None

    async def start(self) -> None:
        """Listen, on the same port as before if there was one."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port, limit=2**20)
        self.port = self._server.sockets[0].getsockname()[1]

    async def refuse(self) -> None:
        """Listen no longer, so that connections are refused; those that are open stay."""
        if self._server is not None:
            self._server.close()
            self._server = None
            await asyncio.sleep(0)

    async def close(self) -> None:
        await self.refuse()
        self.cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self, *, reset: bool = False) -> None:
        """End every connection, by FIN or by RST."""
        for link in list(self.links):
            link.cut(reset=reset)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            if self.hangs_up:
                writer.close()
                return
            await self._link(reader, writer)
        except (OSError, asyncio.CancelledError):
            pass  # Ended by a test, or by one of the two sides.
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _link(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_connection(*self._target, limit=2**20)
        link = _Link(writer, up_writer)
        self.links.add(link)
        try:
            pumps = [
                asyncio.ensure_future(self._pump(Way.UP, reader, up_writer)),
                asyncio.ensure_future(self._pump(Way.DOWN, up_reader, writer)),
            ]
            try:
                await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for pump in pumps:
                    pump.cancel()
                await asyncio.gather(*pumps, return_exceptions=True)
        finally:
            self.links.discard(link)
            up_writer.close()

    async def _pump(
        self, way: Way, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Forward one way until it ends; reading goes on while what was read is late."""
        pieces: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        deliver = asyncio.ensure_future(self._deliver(way, pieces, writer))
        try:
            while data := await reader.read(_READ):
                late_s = self.latency_s + self._rng.uniform(0.0, self.jitter_s)
                pieces.put_nowait((self._clock.monotonic() + late_s, data))
            pieces.put_nowait((0.0, b""))
            await deliver
        finally:
            deliver.cancel()
            await asyncio.gather(deliver, return_exceptions=True)

    async def _deliver(
        self, way: Way, pieces: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter
    ) -> None:
        while True:
            due, data = await pieces.get()
            wait_s = due - self._clock.monotonic()
            if wait_s > 0:
                await self._clock.sleep(wait_s)
            await self._until_heard(way)
            if not data:
                return
            for piece in self._cut_up(self._spoil(way, data)):
                await self._until_heard(way)
                writer.write(piece)
                await writer.drain()
                if self.bytes_per_s:
                    await self._clock.sleep(len(piece) / self.bytes_per_s)

    async def _until_heard(self, way: Way) -> None:
        while way in self._silent:
            self._moved.clear()
            await self._moved.wait()

    def _spoil(self, way: Way, data: bytes) -> bytes:
        """Put in a byte that is nowhere allowed: a digit changed into another one nobody can tell."""
        if not self.to_corrupt[way]:
            return data
        self.to_corrupt[way] -= 1
        spoilt = bytearray(data)
        spoilt[self._rng.randrange(len(spoilt))] = 0xFF
        return bytes(spoilt)

    def _cut_up(self, data: bytes) -> list[bytes]:
        if not self.piece:
            return [data]
        pieces = []
        while data:
            size = self._rng.randint(1, self.piece) if self.splits else self.piece
            pieces.append(data[:size])
            data = data[size:]
        return pieces


class _Link:
    """Both ends of one connection."""

    def __init__(self, *writers: asyncio.StreamWriter) -> None:
        self._writers = writers

    def cut(self, *, reset: bool) -> None:
        for writer in self._writers:
            if not reset:
                writer.close()
                continue
            with contextlib.suppress(OSError):
                held: socket.socket = writer.get_extra_info("socket")
                held.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RST_ON_CLOSE)
            writer.transport.abort()
