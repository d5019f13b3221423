"""A proxy of HTTP requests: answers spoilt in every way that a venue or something before it may."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping

import aiohttp
from aiohttp import web

Rule = Callable[[web.Request, "Answer"], Awaitable["Answer | None"]]
"""Makes another answer from the true one; None closes the connection without any."""

_PASSED_ON = ("content-type", "etag", "retry-after", "date")


class Answer:
    """An answer on its way back."""

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.status = status
        self.headers = dict(headers)
        self.body = body
        self.cut_at: int | None = None
        """Bytes of the body after which the connection is closed; None for the whole."""


class RequestProxy:
    """Forwards GETs to one address.

    Attributes:
        rule: what becomes of each answer; None passes them on.
        spoils: which paths the rule is for; a part of the path, "" for all.
        requests: how many there were, by path.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._runner: web.AppRunner | None = None
        self._session: aiohttp.ClientSession | None = None
        self.port = 0
        self.requests: Counter[str] = Counter()
        self.heal()

    def heal(self) -> None:
        """No faults any more."""
        self.rule: Rule | None = None
        self.spoils = ""

    async def start(self) -> None:
        self._session = aiohttp.ClientSession(auto_decompress=False)
        application = web.Application()
        application.router.add_get("/{path:.*}", self._answer)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
        if self._session is not None:
            await self._session.close()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.requests[request.path] += 1
        answer = await self._fetch(request)
        rule = self.rule
        if rule is not None and self.spoils in request.path:
            spoilt = await rule(request, answer)
            if spoilt is None:
                _drop(request)
                return web.Response(status=500)
            answer = spoilt
        if answer.cut_at is None:
            return web.Response(status=answer.status, headers=answer.headers, body=answer.body)
        response = web.StreamResponse(status=answer.status, headers=answer.headers)
        response.content_length = len(answer.body)
        await response.prepare(request)
        await response.write(answer.body[: answer.cut_at])
        _drop(request)
        return response

    async def _fetch(self, request: web.Request) -> Answer:
        assert self._session is not None
        try:
            async with self._session.get(
                f"{self._url}{request.rel_url}", allow_redirects=False
            ) as response:
                headers = {
                    name: value
                    for name, value in response.headers.items()
                    if name.lower() in _PASSED_ON
                }
                return Answer(response.status, headers, await response.read())
        except aiohttp.ClientError:
            return Answer(502, {}, b"")


def _drop(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()


# -- rules ---------------------------------------------------------------------------------


def refusing(status: int, **headers: str) -> Rule:
    """Every answer is this status, with headers such as `retry_after="2"`."""
    named = {name.replace("_", "-").title(): value for name, value in headers.items()}

    async def rule(request: web.Request, answer: Answer) -> Answer:
        return Answer(status, named, b'{"code":-1,"msg":"not now"}')

    return rule


async def web_page(request: web.Request, answer: Answer) -> Answer:
    """A captive portal's page, and it says 200."""
    return Answer(200, {"Content-Type": "text/html"}, b"<!DOCTYPE html><h1>Please log in</h1>")


async def truncated(request: web.Request, answer: Answer) -> Answer:
    """The connection closes before the body ends."""
    answer.cut_at = len(answer.body) // 2
    return answer


async def ends_early(request: web.Request, answer: Answer) -> Answer:
    """The body ends in the middle, and its length says that this is all."""
    return Answer(answer.status, answer.headers, answer.body[: len(answer.body) // 2])


async def mistyped(request: web.Request, answer: Answer) -> Answer:
    """The right body under a wrong content type."""
    return Answer(answer.status, {"Content-Type": "image/png"}, answer.body)


async def empty(request: web.Request, answer: Answer) -> Answer:
    return Answer(200, {"Content-Type": "application/json"}, b"")


async def other_json(request: web.Request, answer: Answer) -> Answer:
    """JSON, and not what was asked for."""
    return Answer(200, {"Content-Type": "application/json"}, b'{"result":[1,null,{"e":"x"}]}')


async def closing(request: web.Request, answer: Answer) -> None:
    """The connection closes without an answer."""


def slow(seconds: float, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> Rule:
    """Every answer comes so much later."""

    async def rule(request: web.Request, answer: Answer) -> Answer:
        await sleep(seconds)
        return answer

    return rule
