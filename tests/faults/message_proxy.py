"""A proxy that speaks WebSocket on both sides: faults in messages, handshakes, pongs and closings."""

from __future__ import annotations

import asyncio
import contextlib
import random
import ssl
from collections import deque
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from websockets.asyncio.client import connect
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.frames import Opcode
from websockets.http11 import Request, Response

_KEPT = 500


class MessageProxy:
    """Forwards WebSocket connections to one URL. Set its attributes at any time.

    Attributes:
        doubles, swaps, losses, garbles: the part of the server's messages that come twice, after
            the one behind them, not at all, or as garbage.
        refusals: status and headers of the next handshakes, which are refused.
        refuses: status and headers of all handshakes; None lets them pass.
        pongs: pings are answered.
        handshakes: how many there were.
        seen: the server's newest messages.
    """

    def __init__(self, url: str, *, rng: random.Random) -> None:
        self._url = url
        self._rng = rng
        self._server: Server | None = None
        self._sockets: set[ServerConnection] = set()
        self.port = 0
        self.handshakes = 0
        self.seen: deque[str | bytes] = deque(maxlen=_KEPT)
        self.refusals: deque[tuple[int, Mapping[str, str]]] = deque()
        self.heal()

    def heal(self) -> None:
        """No faults any more."""
        self.doubles = self.swaps = self.losses = self.garbles = 0.0
        self.refuses: tuple[int, Mapping[str, str]] | None = None
        self.pongs = True

    async def start(self, *, context: ssl.SSLContext | None = None) -> None:
        """Listen; with TLS where a context is given."""
        self._server = await serve(
            self._converse,
            "127.0.0.1",
            0,
            process_request=self._receive_handshake,
            ping_interval=None,
            max_size=None,
            max_queue=None,
            compression=None,
            close_timeout=0.2,
            ssl=context,
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    # -- what a test does to those who are connected -----------------------------------------

    async def say(self, message: str | bytes) -> None:
        """Send a message of our own to every client."""
        for socket in list(self._sockets):
            with contextlib.suppress(ConnectionClosed):
                await socket.send(message)

    async def repeat(self, count: int) -> None:
        """Say again what was said last, as often as it takes."""
        held = list(self.seen)
        for socket in list(self._sockets):
            with contextlib.suppress(ConnectionClosed):
                for index in range(count):
                    await socket.send(held[index % len(held)])

    async def hang_up(self, code: int | None, reason: str = "") -> None:
        """Close every client's connection with a code; None for a close frame without one."""
        for socket in list(self._sockets):
            if code is None:
                async with socket.send_context():
                    socket.protocol.send_close()
            else:
                # What the library does not let a program send, a server may send all the same.
                async with socket.send_context():
                    socket.protocol.send_close(code, reason)

    # -- the proxy itself ------------------------------------------------------------------

    def _receive_handshake(self, socket: ServerConnection, request: Request) -> Response | None:
        self.handshakes += 1
        refusal = self.refusals.popleft() if self.refusals else self.refuses
        if refusal is None:
            return None
        status, headers = refusal
        try:
            phrase = HTTPStatus(status).phrase
        except ValueError:
            phrase = "Refused"
        body = b"no"
        return Response(
            status, phrase, Headers({**headers, "Content-Length": str(len(body))}), body
        )

    async def _converse(self, socket: ServerConnection) -> None:
        self._mute_pongs(socket)
        path = socket.request.path if socket.request is not None else "/"
        try:
            async with connect(
                self._url + path,
                ping_interval=None,
                max_size=None,
                max_queue=None,
                compression=None,
                close_timeout=0.2,
            ) as upstream:
                self._sockets.add(socket)
                pumps = [
                    asyncio.ensure_future(self._pump_up(socket, upstream)),
                    asyncio.ensure_future(self._pump_down(upstream, socket)),
                ]
                try:
                    await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    for pump in pumps:
                        pump.cancel()
                    await asyncio.gather(*pumps, return_exceptions=True)
        except (OSError, WebSocketException):
            pass  # The server is not there, or no longer: the client sees its connection end.
        finally:
            self._sockets.discard(socket)

    def _mute_pongs(self, socket: ServerConnection) -> None:
        protocol: Any = socket.protocol
        send_frame = protocol.send_frame

        def send_unless_muted(frame: Any) -> None:
            if self.pongs or frame.opcode is not Opcode.PONG:
                send_frame(frame)

        protocol.send_frame = send_unless_muted

    async def _pump_up(self, source: Any, target: Any) -> None:
        with contextlib.suppress(ConnectionClosed):
            while True:
                await target.send(await source.recv())

    async def _pump_down(self, source: Any, target: Any) -> None:
        waiting: str | bytes | None = None
        chance = self._rng.random
        try:
            while True:
                message = await source.recv()
                self.seen.append(message)
                if self.losses and chance() < self.losses:
                    continue
                if self.garbles and chance() < self.garbles:
                    message = self._garble(message)
                if self.swaps and waiting is None and chance() < self.swaps:
                    waiting = message
                    continue
                await target.send(message)
                if self.doubles and chance() < self.doubles:
                    await target.send(message)
                if waiting is not None:
                    await target.send(waiting)
                    waiting = None
        except ConnectionClosed as closed:
            if closed.rcvd is not None:
                with contextlib.suppress(ConnectionClosed):
                    await target.close(closed.rcvd.code, closed.rcvd.reason)

    def _garble(self, message: str | bytes) -> str | bytes:
        """Something that is not the message: cut off, not JSON, other JSON, or not even text."""
        text = message if isinstance(message, str) else message.decode()
        kinds: list[str | bytes] = [
            text[: self._rng.randrange(len(text))],
            "\x1b[31m" + text[::-1],
            '{"stream":"btcusdt@depth@100ms","data":{"e":[[]]}}',
            "[" * 2000,
            b"\xff\xfe\x00" + text[:50].encode(),
            "",
        ]
        return self._rng.choice(kinds)
