"""HTTP for the transports: one GET at a time over pooled connections, or a body that goes on."""

from __future__ import annotations

import asyncio
import importlib
import re
import ssl
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

import msgspec

from tui import __version__
from tui.model.errors import TransportError
from tui.transports.refusal import address_of, host_of, is_loopback, os_reason

if TYPE_CHECKING:
    from aiohttp import ClientResponse, ClientSession, ClientTimeout

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MAX_REDIRECTS = 10
# What another server than the one that was asked may be told; the rest may show who asks.
_HARMLESS = frozenset(
    {"accept", "cache-control", "if-modified-since", "if-none-match", "last-event-id", "prefer"}
)
# Tab is the one control character that a header may hold; half a surrogate pair is no character.
_UNSENDABLE = re.compile("[\0-\x08\n-\x1f\x7f\ud800-\udfff]")
_LONGEST_VALUE = 4096


def fits_header(value: str) -> bool:
    """True where a text that a server sent can go back to it in a header."""
    return len(value) <= _LONGEST_VALUE and not _UNSENDABLE.search(value)


class RestResponse(msgspec.Struct, frozen=True):
    """An answer of any status. `headers` may be looked up in any case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class ByteStream:
    """An answer whose body goes on.

    Attributes:
        status, headers: of the answer; headers may be looked up in any case.
    """

    def __init__(self, aiohttp: Any, response: ClientResponse, host: str) -> None:
        self.status = response.status
        self.headers: Mapping[str, str] = response.headers
        self._aiohttp = aiohttp
        self._response = response
        self._host = host

    async def read(self) -> bytes:
        """The next bytes, as many as are there; b"" at the end. Cancellation-safe; one reader only.

        Raises:
            TransportError: the body was cut off.
        """
        try:
            return await self._response.content.readany()
        except (OSError, self._aiohttp.ClientError) as error:
            raise _stream_error(self._aiohttp, self._host, error) from error

    def read_nowait(self) -> bytes:
        """What has come and was not read; b"" where nothing has, or the body is cut off."""
        content = self._response.content
        try:
            return b"" if content.at_eof() else content.read_nowait()
        except (OSError, self._aiohttp.ClientError, RuntimeError):
            # RuntimeError: somebody waits in `read`, so that nothing can have come.
            return b""

    def close(self) -> None:
        """Leave, without waiting for the other side."""
        self._response.close()


class RestTransport:
    """GETs with aiohttp, which is imported on first use; close it when done."""

    def __init__(self, *, max_body_bytes: int = 64 * 2**20) -> None:
        self._max_body_bytes = max_body_bytes
        self._sessions: dict[tuple[bool, bool], ClientSession] = {}
        self._closed = False
        self._aiohttp: Any = None

    async def get(
        self,
        url: str,
        params: Mapping[str, str],
        *,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = 10.0,
    ) -> RestResponse:
        """Fetch one answer, whatever its status.

        Raises:
            TransportError: no whole answer came: refused, timed out, cut off, too large.
        """
        aiohttp = await self._library()
        timeout = aiohttp.ClientTimeout(total=timeout_s)
        try:
            response = await self._send(url, params, headers, timeout, streams=False)
            async with response:
                return RestResponse(
                    response.status, response.headers, await self._body(response, host_of(url))
                )
        except (OSError, aiohttp.ClientError, ValueError) as error:
            raise _request_error(aiohttp, url, error, timeout_s) from error

    async def open(
        self, url: str, *, headers: Mapping[str, str] | None = None, timeout_s: float = 10.0
    ) -> ByteStream:
        """Ask for a body that goes on, on a connection of its own.

        Args:
            timeout_s: until the answer's headers are there; afterwards it may be silent for ever.

        Raises:
            TransportError: no answer came: refused, timed out.
        """
        aiohttp = await self._library()
        try:
            async with asyncio.timeout(timeout_s):
                response = await self._send(
                    url, {}, headers, aiohttp.ClientTimeout(total=None), streams=True
                )
        except (OSError, aiohttp.ClientError, ValueError) as error:
            raise _request_error(aiohttp, url, error, timeout_s) from error
        return ByteStream(aiohttp, response, host_of(url))

    async def close(self) -> None:
        """Close all connections. What is asked for from now on is refused, so that nothing which
        comes late leaves a connection behind."""
        self._closed = True
        sessions, self._sessions = self._sessions, {}
        for session in sessions.values():
            await session.close()

    async def _library(self) -> Any:
        if self._aiohttp is None:
            self._aiohttp = await asyncio.to_thread(importlib.import_module, "aiohttp")
        return self._aiohttp

    async def _send(
        self,
        url: str,
        params: Mapping[str, str],
        headers: Mapping[str, str] | None,
        timeout: ClientTimeout,
        *,
        streams: bool,
    ) -> ClientResponse:
        """The answer after all redirects. We follow them ourselves: the library takes every header
        but three along to whatever server it is sent to, and a token may be in any header."""
        for _ in range(_MAX_REDIRECTS + 1):
            session = self._session(is_loopback(url), streams=streams)
            response = await session.get(
                url, params=params, headers=headers, timeout=timeout, allow_redirects=False
            )
            place = response.headers.get("Location")
            if response.status not in _REDIRECTS or not place:
                return response
            response.release()
            target = urljoin(str(response.url), place)
            if urlsplit(url).scheme == "https" != urlsplit(target).scheme:
                raise TransportError(
                    f"{host_of(url)} leads to {host_of(target)}, which is not encrypted",
                    hint="check the endpoint in config.toml",
                    fatal=True,
                )
            if urlsplit(url)[:2] != urlsplit(target)[:2]:
                headers = {k: v for k, v in (headers or {}).items() if k.lower() in _HARMLESS}
            url, params = target, {}
        raise TransportError(
            f"{host_of(url)} redirects without end",
            hint="check the endpoint in config.toml",
            fatal=True,
        )

    async def _body(self, response: ClientResponse, host: str) -> bytes:
        body = bytearray()
        async for chunk in response.content.iter_any():
            body += chunk
            if len(body) > self._max_body_bytes:
                raise TransportError(f"{host} answered with more than {self._max_body_bytes} bytes")
        return bytes(body)

    def _session(self, loopback: bool, *, streams: bool) -> ClientSession:
        if self._closed:
            raise TransportError("a request came after the end", fatal=True)
        found = self._sessions.get((loopback, streams))
        if found is None:
            aiohttp = self._aiohttp
            # Whoever asks bounds how many ask at a time. A bound in here would let requests that
            # the server holds for long take the places of all others.
            found = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, force_close=streams),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": f"tradetui/{__version__}"},
                trust_env=not loopback,
            )
            self._sessions[loopback, streams] = found
        return found


def _request_error(aiohttp: Any, url: str, error: Exception, timeout_s: float) -> TransportError:
    host = host_of(url)
    if isinstance(error, aiohttp.ClientConnectorCertificateError | ssl.SSLCertVerificationError):
        return TransportError(
            f"the certificate of {host} is not valid",
            hint="check the endpoint, the system's date and any proxy in between",
            fatal=True,
        )
    if isinstance(error, aiohttp.InvalidURL):
        return TransportError(
            f"{address_of(url)} is not a URL", hint="check the endpoint in config.toml", fatal=True
        )
    if isinstance(error, TimeoutError):
        return TransportError(f"{host} did not answer within {timeout_s:g} s")
    if isinstance(error, aiohttp.ClientPayloadError):
        return TransportError(f"the answer of {host} was cut off")
    if isinstance(error, aiohttp.ClientConnectorError):
        return TransportError(f"cannot connect to {host}: {os_reason(error.os_error)}")
    return TransportError(f"the request to {host} failed: {_words(aiohttp, error)}")


def _stream_error(aiohttp: Any, host: str, error: Exception) -> TransportError:
    if isinstance(error, aiohttp.ClientPayloadError):
        return TransportError(f"the stream of {host} was cut off")
    said = os_reason(error) if isinstance(error, OSError) else _words(aiohttp, error)
    return TransportError(f"the stream of {host} broke: {said}")


def _words(aiohttp: Any, error: Exception) -> str:
    """The library's words, without the address, which may hold what nobody should read."""
    if isinstance(error, aiohttp.ClientResponseError):
        return str(error.message)
    return str(error) or type(error).__name__
