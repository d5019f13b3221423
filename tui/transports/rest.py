"""The request side of a venue: one GET at a time over pooled connections, without judging answers."""

from __future__ import annotations

import asyncio
import importlib
import ssl
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from tui import __version__
from tui.model.errors import TransportError
from tui.transports.refusal import host_of, is_loopback, os_reason

if TYPE_CHECKING:
    from aiohttp import ClientSession


class RestResponse(msgspec.Struct, frozen=True):
    """An answer of any status. `headers` may be looked up in any case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class RestTransport:
    """GETs with aiohttp, which is imported on first use; close it when done."""

    def __init__(self, *, max_body_bytes: int = 64 * 2**20) -> None:
        self._max_body_bytes = max_body_bytes
        self._sessions: dict[bool, ClientSession] = {}
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
        host = host_of(url)
        if self._aiohttp is None:
            self._aiohttp = await asyncio.to_thread(importlib.import_module, "aiohttp")
        aiohttp = self._aiohttp
        try:
            async with self._session(is_loopback(url)).get(
                url,
                params=params,
                headers=headers,
                timeout=aiohttp.ClientTimeout(total=timeout_s),
            ) as response:
                body = await response.content.read(self._max_body_bytes + 1)
                while len(body) <= self._max_body_bytes:
                    chunk = await response.content.readany()
                    if not chunk:
                        break
                    body += chunk
                if len(body) > self._max_body_bytes:
                    raise TransportError(
                        f"{host} answered with more than {self._max_body_bytes} bytes"
                    )
                return RestResponse(response.status, response.headers, body)
        except (OSError, aiohttp.ClientError, ValueError) as error:
            raise _request_error(aiohttp, url, error, timeout_s) from error

    async def close(self) -> None:
        """Close pooled connections; a later `get` opens new ones."""
        sessions, self._sessions = self._sessions, {}
        for session in sessions.values():
            await session.close()

    def _session(self, loopback: bool) -> ClientSession:
        found = self._sessions.get(loopback)
        if found is None:
            aiohttp = self._aiohttp
            found = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit_per_host=4),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": f"tradetui/{__version__}"},
                trust_env=not loopback,
            )
            self._sessions[loopback] = found
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
            f"{url} is not a URL", hint="check the endpoint in config.toml", fatal=True
        )
    if isinstance(error, TimeoutError):
        return TransportError(f"{host} did not answer within {timeout_s:g} s")
    if isinstance(error, aiohttp.ClientPayloadError):
        return TransportError(f"the answer of {host} was cut off")
    if isinstance(error, aiohttp.ClientConnectorError):
        return TransportError(f"cannot connect to {host}: {os_reason(error.os_error)}")
    return TransportError(f"the request to {host} failed: {str(error) or type(error).__name__}")
