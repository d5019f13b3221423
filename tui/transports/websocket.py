"""The WebSocket transport: single connection attempts, errors in one shape, no retrying of its own."""

from __future__ import annotations

import asyncio
import functools
import importlib
import ssl
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tui import __version__
from tui.model.errors import TransportError
from tui.model.transport import StreamRequest, TransportKind
from tui.transports.refusal import address_of, handshake_error, host_of, is_loopback, os_reason

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection, connect
    from websockets.exceptions import ConnectionClosed

# The library stops reading the socket, and so stops answering pings, when this many frames wait.
_MAX_QUEUE = 4096
_CLOSE_TIMEOUT_S = 1.0


class WebSocketTransport:
    """Opens WebSocket connections with the `websockets` library, which is imported on first use."""

    kind = TransportKind.WEBSOCKET

    async def connect(self, request: StreamRequest, *, timeout_s: float) -> WebSocketConnection:
        """Open one connection, without retrying.

        Raises:
            TransportError: refused, timed out, bad certificate; `fatal` and `retry_after_s` are set.
        """
        url = request.url
        await asyncio.to_thread(importlib.import_module, "websockets.asyncio.client")
        try:
            socket = await _careful_connect()(
                url,
                additional_headers=dict(request.headers),
                user_agent_header=f"tradetui/{__version__}",
                open_timeout=timeout_s,
                close_timeout=_CLOSE_TIMEOUT_S,
                # The feed pings by itself: it measures the round trip and decides what late means.
                ping_interval=None,
                max_size=request.max_message_bytes,
                max_queue=_MAX_QUEUE,
                proxy=None if is_loopback(url) else True,
            )
        except Exception as error:
            raise _connect_error(url, error, timeout_s) from error
        return WebSocketConnection(socket, host_of(url), request.max_message_bytes)

    def forget(self) -> None:
        """A WebSocket keeps nothing of the one before."""


@functools.cache
def _careful_connect() -> type[connect]:
    """The library's connect, which takes all but the best known headers along when it is redirected
    to another server; this one takes none, since a token may be in any."""
    from websockets.asyncio.client import connect

    class CarefulConnect(connect):
        def process_redirect(self, exc: Exception) -> Exception | str:
            target = super().process_redirect(exc)
            if isinstance(target, str) and urlsplit(target)[:2] != urlsplit(self.uri)[:2]:
                self.additional_headers = None
            return target

    return CarefulConnect


class WebSocketConnection:
    """An open WebSocket."""

    def __init__(self, socket: ClientConnection, host: str, max_message_bytes: int) -> None:
        from websockets.exceptions import ConnectionClosed

        self._socket = socket
        self._host = host
        self._max_message_bytes = max_message_bytes
        self._closed_error: type[ConnectionClosed] = ConnectionClosed

    async def receive(self) -> bytes:
        """The next frame's bytes, text not decoded. Cancellation-safe; one reader only.

        Raises:
            TransportError: the connection is gone; `status` is the close code, if there was one.
        """
        try:
            return await self._socket.recv(decode=False)
        except self._closed_error as error:
            raise self._lost(error) from None

    async def send(self, text: str) -> None:
        try:
            await self._socket.send(text)
        except self._closed_error as error:
            raise self._lost(error) from None

    async def update(self, request: StreamRequest) -> None:
        """Not here: what is wanted is asked for by messages."""
        raise NotImplementedError

    async def ping(self) -> float:
        """Send a ping and wait for its pong; returns the round trip in seconds."""
        try:
            return await (await self._socket.ping())
        except self._closed_error as error:
            raise self._lost(error) from None

    async def close(self) -> None:
        """Close with code 1000; the library gives the other side one second."""
        await self._socket.close()

    def _lost(self, error: ConnectionClosed) -> TransportError:
        if error.rcvd is not None:
            said = f": {error.rcvd.reason}" if error.rcvd.reason else ""
            return TransportError(
                f"{self._host} closed the connection with code {error.rcvd.code}{said}",
                status=int(error.rcvd.code),
            )
        if error.sent is not None and error.sent.code == 1009:
            return TransportError(
                f"{self._host} sent a message of more than {self._max_message_bytes} bytes",
                status=1009,
            )
        if error.sent is not None and error.sent.code != 1000:
            said = f": {error.sent.reason}" if error.sent.reason else ""
            return TransportError(
                f"the connection to {self._host} was given up with code {error.sent.code}{said}",
                status=int(error.sent.code),
            )
        return TransportError(f"the connection to {self._host} broke without a close frame")


def _connect_error(url: str, error: Exception, timeout_s: float) -> TransportError:
    """One shape for everything that can go wrong before the stream is open."""
    from websockets.exceptions import InvalidHandshake, InvalidProxy, InvalidStatus, InvalidURI

    host = host_of(url)
    if isinstance(error, InvalidStatus):
        response = error.response
        # The library's own headers raise where a name comes twice, as behind some proxies.
        headers = {name.title(): value for name, value in response.headers.raw_items()}
        return handshake_error(url, response.status_code, headers, time.time())
    if isinstance(error, ssl.SSLCertVerificationError):
        return TransportError(
            f"the certificate of {host} is not valid: {error.verify_message}",
            hint="check the endpoint, the system's date and any proxy in between",
            fatal=True,
        )
    if isinstance(error, InvalidURI | InvalidProxy | ValueError):
        # Their own text has the address in full, with whatever is secret in it.
        return TransportError(
            f"{address_of(url)} cannot be opened: {getattr(error, 'msg', error)}",
            hint="check the endpoint in config.toml and the proxy variables",
            fatal=True,
        )
    if isinstance(error, ssl.SSLError):
        return TransportError(f"TLS with {host} failed: {error.reason or error}")
    if isinstance(error, TimeoutError):
        return TransportError(f"{host} did not answer within {timeout_s:g} s")
    if isinstance(error, InvalidHandshake | EOFError):
        return TransportError(f"{host} does not speak WebSocket: {error}")
    if isinstance(error, OSError):
        return TransportError(f"cannot connect to {host}: {os_reason(error)}")
    return TransportError(f"cannot connect to {host}: {type(error).__name__}: {error}")
