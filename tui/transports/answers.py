"""What the answer to a poll means: news, nothing new, or a refusal, and where the next request begins."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from tui.model.errors import TransportError
from tui.model.text import clean
from tui.model.transport import PollRequest
from tui.transports.refusal import FATAL_STATUSES, host_of, may_pass, retry_after_s
from tui.transports.rest import RestResponse, fits_header

_NOTHING = frozenset({202, 204})
_NO_DATA = ("image/", "audio/", "video/", "font/")
_SAID = 200


class Place(msgspec.Struct, frozen=True):
    """Where a poll stands.

    Attributes:
        cursor: parameters that the last answer gave for the next request.
        validators: headers that ask for the answer only if it is another than the last.
    """

    cursor: dict[str, str] = {}
    validators: dict[str, str] = {}


class Answer(msgspec.Struct, frozen=True):
    """What came, b"" for nothing new, and the place for the next request."""

    body: bytes
    place: Place


def read_answer(request: PollRequest, place: Place, response: RestResponse, now_ns: int) -> Answer:
    """Tell what an answer means to a request that was sent from this place.

    Raises:
        TransportError: no data; `fatal` where the same request can have no other answer.
    """
    host, status = host_of(request.url), response.status
    if status == 304 and place.validators:
        # It may renew the tag; what it does not say stays as it was.
        return Answer(
            b"", Place(place.cursor, {**place.validators, **_validators(response.headers)})
        )
    if status in _NOTHING or (status in (200, 203) and not response.body.strip()):
        return Answer(b"", place)
    if status not in (200, 203):
        raise _refusal(host, response, now_ns)
    kind = _kind(response.headers)
    if _is_web_page(kind, response.body):
        raise TransportError(
            f"{host} answered with a web page instead of data",
            hint="check the endpoint, and any proxy in between",
        )
    if kind.startswith(_NO_DATA):
        raise TransportError(f"{host} answered with {kind} instead of data")
    if request.check is not None:
        request.check(response.body, now_ns)
    cursor = _next_cursor(request, response) or place.cursor
    # A tag belongs to one address, parameters and all: that of the next request may be another.
    validators = _validators(response.headers) if cursor == place.cursor else {}
    return Answer(response.body, Place(cursor, validators))


def _next_cursor(request: PollRequest, response: RestResponse) -> dict[str, str]:
    if request.cursor is None:
        return {}
    try:
        return request.cursor(response.body, response.headers)
    except Exception as error:
        # The adapter's part, and its decoder's errors are of no common family.
        raise TransportError(
            f"the answer of {host_of(request.url)} to {request.key} does not say where to go on: "
            f"{clean(str(error), _SAID)}"
        ) from error


def _validators(headers: Mapping[str, str]) -> dict[str, str]:
    found = {}
    for name, question in (("ETag", "If-None-Match"), ("Last-Modified", "If-Modified-Since")):
        value = headers.get(name)
        if value and fits_header(value):
            found[question] = value
    return found


def _kind(headers: Mapping[str, str]) -> str:
    return headers.get("Content-Type", "").partition(";")[0].strip().lower()


def _is_web_page(kind: str, body: bytes) -> bool:
    return kind in ("text/html", "application/xhtml+xml") or body.lstrip()[:1] == b"<"


def _refusal(host: str, response: RestResponse, now_ns: int) -> TransportError:
    status = response.status
    passing = may_pass(status)
    page = _is_web_page(_kind(response.headers), response.body)
    said = "" if page else clean(response.body[:_SAID].decode("utf-8", "replace").strip())
    return TransportError(
        f"{host} answered with HTTP {status}" + (f": {said}" if said else ""),
        hint="" if passing else FATAL_STATUSES.get(status, ""),
        status=status,
        retry_after_s=retry_after_s(response.headers, now_ns / 1e9),
        fatal=not passing,
    )
