"""The REST transport against a real server on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from tui import __version__
from tui.model.errors import TransportError
from tui.transports.rest import RestTransport, fits_header

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


@asynccontextmanager
async def answering(raw: bytes) -> AsyncIterator[str]:
    """A server that answers with these bytes, whatever they are, and leaves."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(raw)
        writer.close()
        await asyncio.wait([asyncio.ensure_future(writer.wait_closed())])

    async with await asyncio.start_server(handle, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


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


async def test_what_comes_after_the_end_leaves_no_connection_behind() -> None:
    rest, asked = RestTransport(), 0

    async def answer(request: web.Request) -> web.Response:
        nonlocal asked
        asked += 1
        return web.Response(body=b"ok")

    async with served(answer) as url:
        # The first request waits for the library while the transport is closed.
        early = asyncio.create_task(rest.get(url, {}))
        await asyncio.sleep(0)
        await rest.close()

        for late in (early, rest.get(url, {}), rest.open(url)):
            with pytest.raises(TransportError, match="after the end") as caught:
                await late
            assert caught.value.fatal

    assert asked == 0


async def test_closing_ends_a_request_that_is_on_its_way() -> None:
    rest, arrived = RestTransport(), asyncio.Event()

    async def answer(request: web.Request) -> web.Response:
        arrived.set()
        await asyncio.Event().wait()
        raise AssertionError

    async with served(answer) as url:
        request = asyncio.create_task(rest.get(url, {}))
        await arrived.wait()
        await rest.close()

        with pytest.raises(TransportError):
            await request


@pytest.mark.parametrize("scheme", ["http", "ftp"])
async def test_a_message_shows_nothing_that_is_secret_in_an_address(
    rest: RestTransport, scheme: str
) -> None:
    with pytest.raises(TransportError) as caught:
        await rest.get(f"{scheme}://me:hush@[bad/path?token=hush", {})

    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n[1,2", id="short"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n[1,2,\r\n",
            id="chunks without an end",
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n[1,2,3]\r\n0\r\n\r\n",
            id="chunks of no size",
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 7\r\n\r\n[1,2,3]",
            id="not what the header says",
        ),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Le", id="headers cut off"),
        pytest.param(b"220 mail.example ESMTP\r\n", id="another protocol"),
        pytest.param(b"", id="nothing"),
    ],
)
async def test_an_answer_that_is_not_whole_is_no_answer(rest: RestTransport, answer: bytes) -> None:
    async with answering(answer) as url:
        with pytest.raises(TransportError) as caught:
            await rest.get(url, {}, timeout_s=2.0)

    assert not caught.value.fatal


async def test_an_endless_answer_without_a_length_is_given_up(rest: RestTransport) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        with contextlib.suppress(ConnectionError):
            while True:
                await response.write(b"x" * 400)
        return response

    async with served(answer) as url:
        with pytest.raises(TransportError, match="answered with more than 1000 bytes"):
            await rest.get(url, {})


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ('W/"abc"', True),
        ("…\t😀", True),
        ("x" * 4096, True),
        ("x" * 4097, False),
        ("a\x01b", False),
        ("a\nb", False),
        ("\x7f", False),
        ("\udcff", False),
    ],
)
def test_what_a_server_sent_goes_back_if_a_header_can_hold_it(value: str, expected: bool) -> None:
    assert fits_header(value) is expected


# -- Redirects ----------------------------------------------------------------------------------


def redirecting(status: int, place: str) -> Handler:
    async def answer(request: web.Request) -> web.Response:
        if request.path == "/there":
            return web.json_response(
                [
                    request.query_string,
                    request.headers.get("X-Token"),
                    request.headers.get("Accept"),
                ]
            )
        return web.Response(status=status, headers={"Location": place})

    return answer


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_followed(rest: RestTransport, status: int) -> None:
    async with served(redirecting(status, "/there?b=2")) as url:
        response = await rest.get(url, {"a": "1"}, headers={"X-Token": "t", "Accept": "x/y"})

    assert response.body == b'["b=2", "t", "x/y"]'


async def test_a_token_is_not_taken_along_to_another_server(rest: RestTransport) -> None:
    async with (
        served(redirecting(302, "")) as other,
        served(redirecting(302, f"{other}/there")) as url,
    ):
        response = await rest.get(url, {}, headers={"X-Token": "t", "Accept": "x/y"})

    assert response.body == b'["", null, "x/y"]'


async def test_a_redirect_in_a_circle_is_left(rest: RestTransport) -> None:
    async with served(redirecting(302, "/again")) as url:
        with pytest.raises(TransportError, match="redirects without end") as caught:
            await rest.get(url, {})

    assert caught.value.fatal


# -- Bodies that go on --------------------------------------------------------------------------


async def test_a_stream_takes_no_place_of_the_requests() -> None:
    leave = asyncio.Event()

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path == "/once":
            return web.Response(body=b"ok")
        response = web.StreamResponse()
        await response.prepare(request)
        await leave.wait()
        return response

    rest = RestTransport()
    async with served(answer) as url:
        streams = [await rest.open(url) for _ in range(10)]

        response = await rest.get(f"{url}/once", {}, timeout_s=2.0)

        assert response.body == b"ok"
        leave.set()
        assert [await stream.read() for stream in streams] == [b""] * 10
        await rest.close()


async def test_a_body_that_is_cut_off_says_so(rest: RestTransport) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"abc")
        assert request.transport is not None
        request.transport.abort()
        return response

    async with served(answer) as url:
        stream = await rest.open(url)
        assert await stream.read() == b"abc"
        with pytest.raises(TransportError) as caught:
            await stream.read()
        stream.close()

    assert caught.value.message.startswith(f"the stream of {url[7:]} ")


# -- Certificates and proxies -------------------------------------------------------------------


async def test_a_certificate_that_nobody_signed_is_fatal(rest: RestTransport) -> None:
    async def nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(Path(__file__).with_name("self_signed.pem"))
    server = await asyncio.start_server(nothing, "127.0.0.1", 0, ssl=context)
    async with server:
        host = f"localhost:{server.sockets[0].getsockname()[1]}"
        for attempt in (rest.get(f"https://{host}/", {}), rest.open(f"https://{host}/")):
            with pytest.raises(TransportError) as caught:
                await attempt

            assert caught.value.fatal
            assert caught.value.message == f"the certificate of {host} is not valid"


async def test_no_proxy_is_asked_for_this_machine(
    rest: RestTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")

    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=b"ok")

    async with served(answer) as url:
        assert (await rest.get(url, {})).body == b"ok"
        stream = await rest.open(url)
        assert await stream.read() == b"ok"
        stream.close()


async def test_a_proxy_of_the_environment_is_asked_for_others(
    rest: RestTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(text=str(request.url))

    async with served(answer) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy)

        assert (
            await rest.get("http://venue.test/a", {"b": "1"})
        ).body == b"http://venue.test/a?b=1"
        stream = await rest.open("http://venue.test/events")
        assert await stream.read() == b"http://venue.test/events"
        stream.close()
