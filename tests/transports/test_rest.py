"""The REST transport against a real server on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from tui import __version__
from tui.model.errors import TransportError
from tui.transports.rest import RestTransport

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def served(handler: Handler) -> AsyncIterator[str]:
    application = web.Application()
    application.router.add_get("/{path:.*}", handler)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield site.name
    finally:
        await runner.cleanup()


@pytest.fixture
async def rest() -> AsyncIterator[RestTransport]:
    transport = RestTransport(max_body_bytes=1000)
    yield transport
    await transport.close()


async def test_an_answer_of_any_status_is_handed_over_whole(rest: RestTransport) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=429, body=b"slow down", headers={"Retry-After": "5"})

    async with served(answer) as url:
        response = await rest.get(url, {})

    assert (response.status, response.body) == (429, b"slow down")
    assert response.headers["retry-after"] == "5"


async def test_parameters_headers_and_name_arrive(rest: RestTransport) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.json_response(
            [request.query["symbols"], request.headers["X-Test"], request.headers["User-Agent"]]
        )

    async with served(answer) as url:
        response = await rest.get(url, {"symbols": '["A","B&C"]'}, headers={"X-Test": "yes"})

    assert response.body == f'["[\\"A\\",\\"B&C\\"]", "yes", "tradetui/{__version__}"]'.encode()


async def test_an_answer_that_does_not_come_times_out(rest: RestTransport) -> None:
    async def answer(request: web.Request) -> web.Response:
        await asyncio.Event().wait()
        raise AssertionError

    async with served(answer) as url:
        with pytest.raises(TransportError) as caught:
            await rest.get(url, {}, timeout_s=0.1)

    assert caught.value.message == f"{url.removeprefix('http://')} did not answer within 0.1 s"


async def test_an_answer_that_is_cut_off_is_no_answer(rest: RestTransport) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "100"})
        await response.prepare(request)
        await response.write(b"[1,2")
        assert request.transport is not None
        request.transport.close()
        return response

    async with served(answer) as url:
        with pytest.raises(TransportError) as caught:
            await rest.get(url, {})

    assert "was cut off" in caught.value.message


async def test_an_answer_without_end_is_given_up(rest: RestTransport) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=b"x" * 1001)

    async with served(answer) as url:
        with pytest.raises(TransportError) as caught:
            await rest.get(url, {})

    assert "answered with more than 1000 bytes" in caught.value.message


async def test_a_port_where_nobody_listens_is_refused_with_its_name(rest: RestTransport) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response()

    async with served(answer) as url:
        host = url.removeprefix("http://")

    with pytest.raises(TransportError) as caught:
        await rest.get(url, {})

    assert caught.value.message == f"cannot connect to {host}: connection refused"
    assert not caught.value.fatal


async def test_after_closing_it_opens_anew(rest: RestTransport) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=b"ok")

    async with served(answer) as url:
        await rest.get(url, {})
        await rest.close()

        response = await rest.get(url, {})

        assert response.body == b"ok"
        await rest.close()
