"""What an HTTP answer's headers say about when to come back, and what a refused handshake means."""

from __future__ import annotations

import errno
import ipaddress
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from tui.model.errors import TransportError

FATAL_STATUSES = {
    401: "the venue wants credentials; check the endpoint in config.toml",
    403: "the venue refuses this address or region; check the endpoint in config.toml",
    404: "nothing is served at this path; check the endpoint in config.toml",
}

# Of the statuses below 500, only these may be different the next time.
_PASSING = frozenset({408, 418, 425, 429})


def may_pass(status: int) -> bool:
    """True of an HTTP status of refusal that the same request may not meet again."""
    return status in _PASSING or status >= 500


def host_of(url: str) -> str:
    """Host and port of a URL, for messages."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2] or url.partition("?")[0]
    except ValueError:
        return "a malformed address"


def address_of(url: str) -> str:
    """A URL for messages: without a user's name and password, and without its query."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return host_of(url)
    return f"{parts.scheme}://{host_of(url)}{parts.path}" if parts.netloc else host_of(url)


def is_loopback(url: str) -> bool:
    """True where the URL leads to this machine, which no proxy can serve."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def os_reason(error: OSError) -> str:
    """The operating system's own words; asyncio replaces them by its own, and lists addresses."""
    if error.errno is not None and error.errno > 0:
        return os.strerror(error.errno).lower()
    text = str(error)
    if "Multiple exceptions" in text and f"Errno {errno.ECONNREFUSED}" in text:
        return os.strerror(errno.ECONNREFUSED).lower()
    return error.strerror or text


def retry_after_s(headers: Mapping[str, str], now_s: float) -> float | None:
    """Seconds that `Retry-After` asks to wait, from a number or an HTTP date; None without one.

    A date is compared with the answer's own `Date`, so that a wrong local clock does not matter;
    `now_s` (seconds since the epoch) stands in where there is none.
    """
    text = headers.get("Retry-After", "").strip()
    if not text:
        return None
    if text.replace(".", "", 1).isascii() and text.replace(".", "", 1).isdigit():
        return float(text)
    until = _http_date(text)
    if until is None:
        return None
    answered = _http_date(headers.get("Date", ""))
    return max(0.0, until - (now_s if answered is None else answered))


def _http_date(text: str) -> float | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()


def handshake_error(
    url: str, status: int, headers: Mapping[str, str], now_s: float
) -> TransportError:
    """The error of a handshake that was answered with an HTTP status instead of a stream."""
    hint = FATAL_STATUSES.get(status, "")
    return TransportError(
        f"{host_of(url)} refused the connection with HTTP {status}",
        hint=hint,
        status=status,
        retry_after_s=retry_after_s(headers, now_s),
        fatal=bool(hint),
    )
