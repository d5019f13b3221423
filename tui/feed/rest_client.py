"""Requests to one venue: within its budget, frozen when it says so, every answer decoded or explained."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol, TypeVar

from tui.adapters.base import Limits, RestRequest
from tui.feed.breaker import Breakers, endpoint_of
from tui.feed.clock import Clock
from tui.feed.error_log import ErrorLog
from tui.feed.lanes import Lanes
from tui.feed.rest_budget import RestBudget
from tui.feed.settings import FeedSettings
from tui.model.errors import ConfigError, NotOffered, ProtocolError, TransportError
from tui.model.health import ErrorCategory
from tui.model.text import clean
from tui.transports.refusal import host_of, retry_after_s
from tui.transports.rest import RestResponse, RestTransport

T = TypeVar("T")

_CONCURRENT = 3
_ATTEMPTS = 3
_PATIENCE_S = 30.0
_LARGE_BODY = 256 * 1024
_FREEZE_S = {429: 60.0, 418: 300.0, 403: 60.0}
_TOO_MANY = (429, 418)
_ANOTHER_TRY = (408, 425)


class RestAdapter(Protocol):
    """The part of an adapter that requests need."""

    venue: str
    limits: Limits

    def rest_error(self, status: int, body: bytes) -> str: ...


class RestClient:
    """One venue's requests.

    `fetch` reports what goes wrong, save refusals (4xx), which only the caller understands; `get`
    reports only what freezes the venue. Both raise.
    """

    def __init__(
        self,
        adapter: RestAdapter,
        transport: RestTransport,
        *,
        clock: Clock,
        rng: random.Random,
        errors: ErrorLog,
        breakers: Breakers | None = None,
        headers: Callable[[], Awaitable[Mapping[str, str]]] | None = None,
    ) -> None:
        """Prepare to ask.

        Args:
            breakers: of the whole feed; the client's own when None.
            headers: gives what shows the venue who asks, for every request anew.
        """
        self._adapter = adapter
        self._transport = transport
        self._clock = clock
        self._rng = rng
        self._errors = errors
        self._breakers = breakers or Breakers(clock, FeedSettings())
        self._headers = headers
        self._shows_identity = False
        self._lanes = Lanes(_CONCURRENT)
        self._budget = RestBudget(adapter.venue, adapter.limits, clock)

    @property
    def frozen_s(self) -> float:
        """Seconds until requests may go out again; 0 when they may."""
        return self._budget.frozen_s

    async def get(
        self,
        url: str,
        params: Mapping[str, str],
        *,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = 10.0,
        weight: int = 1,
    ) -> RestResponse:
        """Send one request, once: any answer below 500 is an answer, save "too many requests".

        Raises:
            TransportError: the venue could not be reached, failed, or allows no requests for now
                (`retry_after_s` says for how long).
        """
        self._check_breaker(url)
        await self._budget.spend(weight)
        merged = await self._with_identity(headers)
        # Last, since in a half-open breaker this takes the one permission there is.
        self._check_breaker(url, take=True)
        breaker = self._breakers.of(endpoint_of(url))
        try:
            response = await self._transport.get(url, params, headers=merged, timeout_s=timeout_s)
        except TransportError:
            breaker.failed()
            raise
        self._budget.note_used(response.headers)
        failed = response.status >= 500 or response.status in (*_TOO_MANY, *_ANOTHER_TRY)
        breaker.failed() if failed else breaker.succeeded()
        if response.status in _TOO_MANY:
            raise self._freeze(url, response)
        if response.status >= 500:
            raise self._failure(url, response)
        return response

    async def fetch(self, request: RestRequest[T], *, lane: str = "") -> T:
        """Send a request and decode its answer, trying again where that can help.

        Args:
            lane: what kind of request it is: many of one kind hold up none of another.

        Raises:
            TransportError: the venue could not be reached, allows no requests for now
                (`retry_after_s` says for how long), or refused (`status` 400 to 499, the message in
                the venue's words).
            ProtocolError: the answer does not mean what the venue documents.
        """
        if not request.url:
            return request.decode(b"", self._clock.time_ns())
        for attempt in range(1, _ATTEMPTS + 1):
            self._check_breaker(request.url)
            self._budget.check()
            try:
                async with self._lanes.turn(lane):
                    response = await self._ask(request)
                if response.status in _ANOTHER_TRY:
                    raise self._failure(request.url, response)
            except TransportError as error:
                if never_went_out(error) or error.status in _TOO_MANY:
                    raise
                if attempt == _ATTEMPTS or error.fatal:
                    self._report(_blame_status(error), str(error))
                    raise
                told_s = min(error.retry_after_s or 0.0, _PATIENCE_S)
            else:
                try:
                    return await self._interpret(request, response)
                except TransportError as error:
                    told_s = self._wait_for_another_try(request.url, error, attempt)
            jitter_s = self._rng.uniform(0.2, 1.0) * 2.0 ** (attempt - 1)
            await self._clock.sleep(max(told_s, jitter_s))
        raise AssertionError("the last attempt returns or raises")

    # -- before a request ------------------------------------------------------------------

    async def _ask(self, request: RestRequest[T]) -> RestResponse:
        return await self.get(
            request.url, request.params, headers=request.headers, weight=request.weight
        )

    def _check_breaker(self, url: str, *, take: bool = False) -> None:
        breaker = self._breakers.of(endpoint_of(url))
        if breaker.allow() if take else breaker.retry_in_s <= 0.0:
            return
        raise TransportError(
            f"{host_of(url)} failed again and again, and is left alone for now",
            retry_after_s=max(breaker.retry_in_s, 0.001),
        )

    async def _with_identity(self, headers: Mapping[str, str] | None) -> Mapping[str, str] | None:
        if self._headers is None:
            return headers
        try:
            identity = await self._headers()
        except ConfigError as error:
            raise TransportError(error.message, hint=error.hint, fatal=True) from error
        self._shows_identity = bool(identity)
        return {**(headers or {}), **identity}

    # -- after it --------------------------------------------------------------------------

    async def _interpret(self, request: RestRequest[T], response: RestResponse) -> T:
        if response.status >= 400:
            raise self._refusal(request, response)
        try:
            return await self._decode(request, response)
        except ProtocolError as error:
            self._report(*_blame(request.url, response, error))
            raise

    def _wait_for_another_try(self, url: str, error: TransportError, attempt: int) -> float:
        """The venue refused in the body of an answer: seconds to wait, where asking again can help.

        Raises:
            TransportError: the same one, where it cannot, or not for now.
        """
        if error.fatal:
            raise error
        if error.status in _TOO_MANY:
            asked_s = error.retry_after_s
            wait_s = self._budget.freeze(_FREEZE_S[429] if asked_s is None else asked_s)
            message = f"{host_of(url)}: {error.message}; no requests for {wait_s:.0f} s"
            self._report(ErrorCategory.SERVER, message)
            raise error
        if attempt == _ATTEMPTS:
            self._report(ErrorCategory.SERVER, str(error))
            raise error
        return min(error.retry_after_s or 0.0, _PATIENCE_S)

    def _refusal(self, request: RestRequest[T], response: RestResponse) -> TransportError:
        said = self._adapter.rest_error(response.status, response.body)
        wait_s = None
        if response.status == 403 and not self._shows_identity:
            # Without credentials it is our address that is refused, for a while.
            wait_s = self._freeze(request.url, response).retry_after_s
        return TransportError(
            said or f"{host_of(request.url)} answered with HTTP {response.status}",
            status=response.status,
            retry_after_s=wait_s,
            fatal=True,
        )

    def _failure(self, url: str, response: RestResponse) -> TransportError:
        return TransportError(
            self._what_came(url, response),
            status=response.status,
            retry_after_s=retry_after_s(response.headers, self._clock.time_ns() / 1e9),
        )

    async def _decode(self, request: RestRequest[T], response: RestResponse) -> T:
        body = response.body
        wrong = _wrong_kind(request.url, response)
        if not body.strip() or body.lstrip()[:1] == b"<":
            raise ProtocolError(wrong, body[:200].decode("utf-8", "replace"))
        ts_local = self._clock.time_ns()
        try:
            if len(body) > _LARGE_BODY:
                return await asyncio.to_thread(request.decode, body, ts_local)
            return request.decode(body, ts_local)
        except ProtocolError as error:
            if wrong:
                raise ProtocolError(wrong, error.raw) from error
            raise
        except (ValueError, LookupError, TypeError, ArithmeticError) as error:
            raise ProtocolError(
                wrong or f"{type(error).__name__}: {error}", body[:200].decode("utf-8", "replace")
            ) from error

    def _freeze(self, url: str, response: RestResponse) -> TransportError:
        told = retry_after_s(response.headers, self._clock.time_ns() / 1e9)
        wait_s = self._budget.freeze(_FREEZE_S[response.status] if told is None else told)
        message = self._what_came(url, response)
        self._report(ErrorCategory.SERVER, f"{message}; no requests for {wait_s:.0f} s")
        return TransportError(message, status=response.status, retry_after_s=wait_s)

    def _what_came(self, url: str, response: RestResponse) -> str:
        said = self._adapter.rest_error(response.status, response.body)
        return f"{host_of(url)} answered with HTTP {response.status}" + (
            f": {said}" if said else ""
        )

    def _report(self, category: ErrorCategory, message: str) -> None:
        self._errors.report(category, message, venue=self._adapter.venue)


def never_went_out(error: TransportError) -> bool:
    """True of a request that was held back here, by a freeze or a breaker: the venue said nothing."""
    return error.status is None and error.retry_after_s is not None


def is_final(error: TransportError) -> bool:
    """True where asking again unchanged cannot help, and nobody told us to come back."""
    return isinstance(error, NotOffered) or (error.is_refusal and error.retry_after_s is None)


def _wrong_kind(url: str, response: RestResponse) -> str:
    """What is wrong with an answer's kind, "" when it may well be data.

    A wrong label alone is none: servers say text/html of good data, and JSON of web pages.
    """
    start = response.body.lstrip()[:1]
    if not start:
        return f"{host_of(url)} answered with nothing"
    if start == b"<":
        return f"{host_of(url)} answered with a web page instead of data"
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if start not in b"{[" and kind and "json" not in kind:
        return f"{host_of(url)} answered with {clean(kind, 40)} instead of data"
    return ""


def _blame_status(error: TransportError) -> ErrorCategory:
    return ErrorCategory.CONNECTION if error.status is None else ErrorCategory.SERVER


def _blame(url: str, response: RestResponse, error: ProtocolError) -> tuple[ErrorCategory, str]:
    """Something else than data is the server's fault; data that cannot be understood a parse error."""
    if _wrong_kind(url, response):
        return ErrorCategory.SERVER, error.message
    return ErrorCategory.PARSE, f"the answer of {host_of(url)}: {error.message}"
