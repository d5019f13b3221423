"""Requests to one venue: within its budget, frozen when it says so, every answer decoded or explained."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from typing import Protocol, TypeVar

from tui.adapters.base import Limits, RestRequest
from tui.feed.clock import Clock
from tui.feed.error_log import ErrorLog
from tui.model.errors import ProtocolError, TransportError
from tui.model.health import ErrorCategory
from tui.transports.refusal import host_of, retry_after_s
from tui.transports.rest import RestResponse, RestTransport

T = TypeVar("T")

_CONCURRENT = 3
_ATTEMPTS = 3
_PATIENCE_S = 30.0
_LARGE_BODY = 256 * 1024
_FREEZE_S = {429: 60.0, 418: 300.0, 403: 60.0}
_FREEZE_MAX_S = 3 * 86_400.0
# Leave a part of the budget to other programs at the same address.
_BUDGET_SHARE = 0.8


class RestAdapter(Protocol):
    """The part of an adapter that requests need."""

    venue: str
    limits: Limits

    def rest_error(self, status: int, body: bytes) -> str: ...


class RestClient:
    """One venue's requests. Reports what goes wrong, save refusals (4xx), which only the caller
    understands; raises either way."""

    def __init__(
        self,
        adapter: RestAdapter,
        transport: RestTransport,
        *,
        clock: Clock,
        rng: random.Random,
        errors: ErrorLog,
    ) -> None:
        self._adapter = adapter
        self._transport = transport
        self._clock = clock
        self._rng = rng
        self._errors = errors
        self._slots = asyncio.Semaphore(_CONCURRENT)
        self._budget = int(adapter.limits.rest_weight * _BUDGET_SHARE)
        self._spent: deque[tuple[float, int]] = deque()
        self._frozen_until = 0.0

    @property
    def frozen_s(self) -> float:
        """Seconds until requests may go out again; 0 when they may."""
        return max(0.0, self._frozen_until - self._clock.monotonic())

    async def fetch(self, request: RestRequest[T]) -> T:
        """Send a request and decode its answer, trying again where that can help.

        Raises:
            TransportError: the venue could not be reached, is frozen (`retry_after_s` says for how
                long), or refused (`status` 400 to 499, the message in the venue's words).
            ProtocolError: the answer does not mean what the venue documents.
        """
        async with self._slots:
            for attempt in range(1, _ATTEMPTS + 1):
                await self._allow(request.weight)
                try:
                    response = await self._answer(request)
                except TransportError as error:
                    if attempt == _ATTEMPTS or error.fatal:
                        self._report(_blame_status(error), str(error))
                        raise
                    told_s = min(error.retry_after_s or 0.0, _PATIENCE_S)
                else:
                    return await self._interpret(request, response)
                jitter_s = self._rng.uniform(0.2, 1.0) * 2.0 ** (attempt - 1)
                await self._clock.sleep(max(told_s, jitter_s))
        raise AssertionError("the last attempt returns or raises")

    async def _allow(self, weight: int) -> None:
        """Wait for room in the budget; refuse at once while frozen."""
        weight = min(weight, self._budget)
        while True:
            if self.frozen_s:
                raise TransportError(
                    f"{self._adapter.venue} allows no requests for {self.frozen_s:.0f} s",
                    retry_after_s=self.frozen_s,
                )
            now = self._clock.monotonic()
            window_s = self._adapter.limits.rest_window_s
            while self._spent and self._spent[0][0] <= now - window_s:
                self._spent.popleft()
            if sum(spent for _, spent in self._spent) + weight <= self._budget:
                self._spent.append((now, weight))
                return
            await self._clock.sleep(self._spent[0][0] + window_s - now + 0.001)

    async def _answer(self, request: RestRequest[T]) -> RestResponse:
        """An answer that says something; what is worth another try is raised."""
        response = await self._transport.get(request.url, request.params)
        if response.status < 500:
            return response
        said = self._adapter.rest_error(response.status, response.body)
        raise TransportError(
            f"{host_of(request.url)} answered with HTTP {response.status}"
            + (f": {said}" if said else ""),
            status=response.status,
            retry_after_s=retry_after_s(response.headers, self._clock.time_ns() / 1e9),
        )

    async def _interpret(self, request: RestRequest[T], response: RestResponse) -> T:
        if response.status in (429, 418):
            raise self._freeze(request, response)
        if response.status >= 400:
            said = self._adapter.rest_error(response.status, response.body)
            if response.status == 403:
                self._freeze(request, response)
            raise TransportError(
                said or f"{host_of(request.url)} answered with HTTP {response.status}",
                status=response.status,
                fatal=True,
            )
        try:
            return await self._decode(request, response.body)
        except ProtocolError as error:
            self._report(*_blame(request.url, response, error))
            raise

    async def _decode(self, request: RestRequest[T], body: bytes) -> T:
        if body.lstrip()[:1] == b"<":
            raise ProtocolError(
                f"{host_of(request.url)} answered with a web page instead of data",
                body[:200].decode("utf-8", "replace"),
            )
        ts_local = self._clock.time_ns()
        try:
            if len(body) > _LARGE_BODY:
                return await asyncio.to_thread(request.decode, body, ts_local)
            return request.decode(body, ts_local)
        except ProtocolError:
            raise
        except (ValueError, LookupError, TypeError, ArithmeticError) as error:
            raise ProtocolError(
                f"{type(error).__name__}: {error}", body[:200].decode("utf-8", "replace")
            ) from error

    def _freeze(self, request: RestRequest[T], response: RestResponse) -> TransportError:
        now_s = self._clock.time_ns() / 1e9
        told = retry_after_s(response.headers, now_s)
        wait_s = _FREEZE_S[response.status] if told is None else told
        wait_s = min(max(1.0, wait_s), _FREEZE_MAX_S)
        self._frozen_until = max(self._frozen_until, self._clock.monotonic() + wait_s)
        said = self._adapter.rest_error(response.status, response.body)
        message = f"{host_of(request.url)} answered with HTTP {response.status}" + (
            f": {said}" if said else ""
        )
        self._report(ErrorCategory.SERVER, f"{message}; no requests for {wait_s:.0f} s")
        return TransportError(message, status=response.status, retry_after_s=wait_s)

    def _report(self, category: ErrorCategory, message: str) -> None:
        self._errors.report(category, message, venue=self._adapter.venue)


def _blame_status(error: TransportError) -> ErrorCategory:
    return ErrorCategory.CONNECTION if error.status is None else ErrorCategory.SERVER


def _blame(url: str, response: RestResponse, error: ProtocolError) -> tuple[ErrorCategory, str]:
    """A web page is the server's fault; data that cannot be understood is a parse error."""
    if response.body.lstrip()[:1] == b"<":
        return ErrorCategory.SERVER, error.message
    return ErrorCategory.PARSE, f"the answer of {host_of(url)}: {error.message}"
