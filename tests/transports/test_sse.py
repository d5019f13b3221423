"""The transport of server-sent events against real servers on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from tui.model.errors import TransportError
from tui.model.transport import EventFrame, StreamRequest, TransportKind
from tui.transports.rest import RestTransport
from tui.transports.sse import SseConnection, SseTransport

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def served(handler: Handler) -> AsyncIterator[str]:
    application = web.Application()
    application.router.add_get("/{path:.*}", handler)
    runner = web.AppRunner(
        application, access_log=None, shutdown_timeout=0.01, handler_cancellation=True
    )
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield site.name
    finally:
        await runner.cleanup()


@pytest.fixture
async def sse() -> AsyncIterator[SseTransport]:
    rest = RestTransport()
    yield SseTransport(rest)
    await rest.close()


def saying(*pieces: bytes, stay: bool = False, kind: str = "text/event-stream") -> Handler:
    """A server that sends these pieces and ends the stream, or stays."""

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": kind})
        await response.prepare(request)
        for piece in pieces:
            await response.write(piece)
            await asyncio.sleep(0)
        if stay:
            await asyncio.Event().wait()
        return response

    return answer


async def connect(sse: SseTransport, url: str, *, max_bytes: int = 10_000) -> SseConnection:
    return await sse.connect(StreamRequest(url, max_message_bytes=max_bytes), timeout_s=2.0)


async def refusal_of(sse: SseTransport, url: str) -> TransportError:
    with pytest.raises(TransportError) as caught:
        await connect(sse, url)
    return caught.value


async def event(connection: SseConnection) -> tuple[str, bytes]:
    """The next event; signs of life are passed over."""
    async with asyncio.timeout(5):
        while not isinstance(frame := await connection.receive(), EventFrame):
            assert frame == b""
    return frame.event, bytes(frame)


async def end_of(connection: SseConnection) -> TransportError:
    try:
        while True:
            await event(connection)
    except TransportError as error:
        await connection.close()
        return error


def test_it_is_the_second_best_way() -> None:
    assert SseTransport(RestTransport()).kind is TransportKind.SSE


async def test_events_arrive_by_type_with_their_bytes(sse: SseTransport) -> None:
    stream = b'event: metrics\ndata: {"a":1}\n\nevent: alert\ndata: x\ndata: y\n\ndata: z\n\n'

    async with served(saying(stream, stay=True)) as url:
        connection = await connect(sse, url)

        assert await event(connection) == ("metrics", b'{"a":1}')
        assert await event(connection) == ("alert", b"x\ny")
        assert await event(connection) == ("message", b"z")
        await connection.close()


async def test_it_asks_as_the_standard_wants(sse: SseTransport) -> None:
    """request-accept, request-cache-control; the adapter's headers go along."""
    seen: dict[str, str] = {}

    async def answer(request: web.Request) -> web.StreamResponse:
        seen.update(request.headers)
        seen["query"] = request.query_string
        return await saying()(request)

    async with served(answer) as url:
        request = StreamRequest(f"{url}/events?channels=a,b", {"Authorization": "Bearer t"})
        connection = await sse.connect(request, timeout_s=2.0)
        await end_of(connection)

    assert seen["Accept"] == "text/event-stream"
    assert seen["Cache-Control"] == "no-store"
    assert seen["Authorization"] == "Bearer t"
    assert seen["query"] == "channels=a,b"
    assert "Last-Event-ID" not in seen


# -- What is an event stream, and what is not ----------------------------------------------------


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param("text/event-stream;", id="format-mime-trailing-semicolon"),
        pytest.param("text/event-stream;charset=windows-1252", id="format-utf-8"),
        "text/event-stream; charset=utf-8",
        "TEXT/Event-Stream",
        " text/event-stream ; x=y",
    ],
)
async def test_the_content_type_may_have_parameters_and_capitals(
    sse: SseTransport, kind: str
) -> None:
    async with served(saying("data:ok…\n\n".encode(), kind=kind)) as url:
        connection = await connect(sse, url)

        assert await event(connection) == ("message", "ok…".encode())
        await connection.close()


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param("x bogus", id="format-mime-bogus"),
        pytest.param("text/x-bogus", id="format-mime-valid-bogus"),
        "text/event-streams",
        "application/json",
    ],
)
async def test_another_content_type_is_fatal(sse: SseTransport, kind: str) -> None:
    async with served(saying(b"data: x\n\n", kind=kind, stay=True)) as url:
        error = await refusal_of(sse, url)

    assert error.fatal
    assert error.message == f"{url[7:]} answered with {kind} instead of an event stream"


@pytest.mark.parametrize("status", [205, 210, 299, 400, 401, 403, 404, 410, 451])
async def test_a_status_that_will_not_change_is_fatal(sse: SseTransport, status: int) -> None:
    """request-status-error"""

    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=status, content_type="text/event-stream")

    async with served(answer) as url:
        error = await refusal_of(sse, url)

    assert (error.status, error.fatal) == (status, True)
    assert error.message == f"{url[7:]} refused the event stream with HTTP {status}"


async def test_no_content_means_do_not_come_back(sse: SseTransport) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=204)

    async with served(answer) as url:
        error = await refusal_of(sse, url)

    assert (error.status, error.fatal) == (204, True)
    assert error.message == f"{url[7:]} wants no more connections (HTTP 204)"


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503])
async def test_a_status_that_passes_is_tried_again_when_the_server_says(
    sse: SseTransport, status: int
) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=status, headers={"Retry-After": "7"})

    async with served(answer) as url:
        error = await refusal_of(sse, url)

    assert (error.status, error.fatal, error.retry_after_s) == (status, False, 7.0)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_followed(sse: SseTransport, status: int) -> None:
    """request-redirect"""

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path != "/there":
            return web.Response(status=status, headers={"Location": "/there"})
        return await saying(b"data: x\n\n")(request)

    async with served(answer) as url:
        connection = await connect(sse, url)

        assert await event(connection) == ("message", b"x")
        await connection.close()


async def test_a_port_where_nobody_listens_is_refused_with_its_name(sse: SseTransport) -> None:
    async with served(saying()) as url:
        pass

    error = await refusal_of(sse, url)

    assert error.message == f"cannot connect to {url[7:]}: connection refused"
    assert not error.fatal


async def test_an_answer_that_does_not_begin_times_out(sse: SseTransport) -> None:
    async def answer(request: web.Request) -> web.Response:
        await asyncio.Event().wait()
        raise AssertionError

    async with served(answer) as url:
        with pytest.raises(TransportError, match=r"did not answer within 0\.05 s"):
            await sse.connect(StreamRequest(url), timeout_s=0.05)


# -- The end of a stream, and the next one ------------------------------------------------------


async def test_the_end_says_so_and_is_no_fault(sse: SseTransport) -> None:
    async with served(saying(b"data: x\n\ndata: unfinished\n")) as url:
        connection = await connect(sse, url)

        assert await event(connection) == ("message", b"x")
        error = await end_of(connection)

    assert error.message == f"{url[7:]} ended the event stream"
    assert (error.status, error.fatal, error.retry_after_s) == (None, False, None)


async def test_a_broken_stream_says_so(sse: SseTransport) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = await saying(b"data: x\n\n")(request)
        assert request.transport is not None
        request.transport.abort()
        return response

    async with served(answer) as url:
        connection = await connect(sse, url)
        error = await end_of(connection)

    assert error.message.startswith(f"the stream of {url[7:]} ")
    assert not error.fatal


async def test_the_end_waits_as_long_as_the_server_asks(sse: SseTransport) -> None:
    async with served(saying(b"retry: 2500\ndata: x\n\n")) as url:
        error = await end_of(await connect(sse, url))

    assert error.retry_after_s == 2.5


async def test_a_network_error_after_it_waits_as_long(sse: SseTransport) -> None:
    async with served(saying(b"retry: 2500\n\n")) as url:
        await end_of(await connect(sse, url))

    assert (await refusal_of(sse, url)).retry_after_s == 2.5


@pytest.mark.parametrize("retry", [b"0", b"60001", b"-5", b"1e3", b""])
async def test_a_time_that_nobody_should_wait_is_not_heeded(
    sse: SseTransport, retry: bytes
) -> None:
    async with served(saying(b"retry: " + retry + b"\ndata: x\n\n")) as url:
        error = await end_of(await connect(sse, url))

    assert error.retry_after_s is None


def remembering(stream: bytes) -> tuple[Handler, list[str | None]]:
    """A server that keeps the ids with which its clients come back."""
    ids: list[str | None] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        ids.append(request.headers.get("Last-Event-ID"))
        return await saying(stream)(request)

    return answer, ids


async def test_a_reconnect_brings_the_last_id_until_it_is_forgotten(sse: SseTransport) -> None:
    """eventsource-reconnect, format-field-id"""
    answer, ids = remembering("id: …\ndata: x\n\n".encode())

    async with served(answer) as url:
        await end_of(await connect(sse, url))
        await end_of(await connect(sse, url))
        sse.forget()
        await end_of(await connect(sse, url))

    assert ids == [None, "…", None]


async def test_an_id_that_was_taken_back_is_not_brought(sse: SseTransport) -> None:
    """format-field-id-3"""
    answer, ids = remembering(b"id: 1\ndata: x\n\nid\ndata: y\n\n")

    async with served(answer) as url:
        await end_of(await connect(sse, url))
        await end_of(await connect(sse, url))

    assert ids == [None, None]


async def test_an_id_without_data_is_brought_as_well(sse: SseTransport) -> None:
    answer, ids = remembering(b"id: 1\ndata: x\n\nid: 2\n\n")

    async with served(answer) as url:
        await end_of(await connect(sse, url))
        await end_of(await connect(sse, url))

    assert ids == [None, "2"]


@pytest.mark.parametrize("sent", ["a\x01b", "\x7f", "x" * 5000])
async def test_an_id_that_no_header_can_hold_is_not_brought(sse: SseTransport, sent: str) -> None:
    answer, ids = remembering(f"id: {sent}\ndata: x\n\n".encode())

    async with served(answer) as url:
        await end_of(await connect(sse, url))
        await end_of(await connect(sse, url))

    assert ids == [None, None]


async def test_the_id_is_that_of_the_last_event_handed_over(sse: SseTransport) -> None:
    answer, ids = remembering(b"id: 1\ndata: x\n\nid: 2\ndata: y\n\nid: 3\ndata: z\n\n")

    async with served(answer) as url:
        connection = await connect(sse, url)
        await event(connection)
        await event(connection)
        await connection.close()
        await end_of(await connect(sse, url))

    assert ids == [None, "2"]


# -- Life, limits, and leaving ------------------------------------------------------------------


async def test_a_comment_is_life_and_no_event(sse: SseTransport) -> None:
    async with served(saying(b": ping\n\n", stay=True)) as url:
        connection = await connect(sse, url)

        frame = await connection.receive()

        assert frame == b""
        assert not isinstance(frame, EventFrame)
        await connection.close()


async def test_an_event_beyond_the_limit_ends_the_stream_after_those_before_it(
    sse: SseTransport,
) -> None:
    stream = b"id: 1\ndata: a\n\nid: 2\ndata: " + b"x" * 1001 + b"\n\n"

    async with served(saying(stream, stay=True)) as url:
        connection = await connect(sse, url, max_bytes=1000)

        assert await event(connection) == ("message", b"a")
        error = await end_of(connection)

    assert (error.status, error.fatal) == (1009, False)
    assert error.message == f"{url[7:]} sent an event of more than 1000 bytes"
    assert sse.last_event_id == "1"


async def test_a_reader_that_is_cancelled_loses_nothing(sse: SseTransport) -> None:
    go_on = asyncio.Event()

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b"data: a")
        await go_on.wait()
        await response.write(b"b\n\n")
        return response

    async with served(answer) as url:
        connection = await connect(sse, url)
        assert await connection.receive() == b""
        reader = asyncio.create_task(connection.receive())
        await asyncio.sleep(0)
        reader.cancel()
        await asyncio.wait([reader])
        go_on.set()

        assert await event(connection) == ("message", b"ab")
        await connection.close()


async def test_closing_ends_a_reader(sse: SseTransport) -> None:
    async with served(saying(b": hi\n\n", stay=True)) as url:
        connection = await connect(sse, url)
        await connection.receive()
        reader = asyncio.create_task(connection.receive())
        await asyncio.sleep(0)

        await connection.close()

        with pytest.raises(TransportError):
            await reader


# -- Another address ----------------------------------------------------------------------------


class Counting:
    """A server of two addresses that counts on, from the id that it is told."""

    def __init__(self, *, ids: bool) -> None:
        self.ids = ids
        self.count = 0
        self.more = asyncio.Condition()
        self.open: list[str] = []
        self.left = asyncio.Event()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if request.path == "/refused":
            return web.Response(status=503)
        if request.path == "/slow":
            await self.add(2)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        sent = int(request.headers.get("Last-Event-ID", self.count))
        self.open.append(request.path)
        try:
            while True:
                async with self.more:
                    if sent == self.count:
                        await self.more.wait()
                while sent < self.count:
                    sent += 1
                    mark = f"id: {sent}\n" if self.ids else ""
                    await response.write(f"{mark}data: {request.path} {sent}\n\n".encode())
        finally:
            self.open.remove(request.path)
            self.left.set()

    async def add(self, events: int) -> None:
        async with self.more:
            self.count += events
            self.more.notify_all()
        # Let what was written arrive.
        for _ in range(20):
            await asyncio.sleep(0)


async def events(connection: SseConnection, count: int) -> list[str]:
    return [(await event(connection))[1].decode() for _ in range(count)]


async def test_with_ids_the_other_address_goes_on_where_this_one_was_left(
    sse: SseTransport,
) -> None:
    server = Counting(ids=True)

    async with served(server.answer) as url:
        connection = await connect(sse, f"{url}/a")
        await server.add(2)
        assert await events(connection, 2) == ["/a 1", "/a 2"]
        reader = asyncio.create_task(events(connection, 3))
        await asyncio.sleep(0)

        await connection.update(StreamRequest(f"{url}/slow"))
        await server.add(1)

        assert await reader == ["/slow 3", "/slow 4", "/slow 5"]
        await server.left.wait()
        assert server.open == ["/slow"]
        await connection.close()


async def test_without_ids_the_first_address_is_read_to_the_end(sse: SseTransport) -> None:
    server = Counting(ids=False)

    async with served(server.answer) as url:
        connection = await connect(sse, f"{url}/a")
        await server.add(2)
        assert await events(connection, 2) == ["/a 1", "/a 2"]

        await connection.update(StreamRequest(f"{url}/slow"))
        await server.add(1)

        assert await events(connection, 3) == ["/a 3", "/a 4", "/slow 5"]
        await connection.close()


@pytest.mark.parametrize("ids", [True, False])
async def test_an_address_that_cannot_be_opened_leaves_everything_as_it_is(
    sse: SseTransport, ids: bool
) -> None:
    server = Counting(ids=ids)

    async with served(server.answer) as url:
        connection = await connect(sse, f"{url}/a")
        await server.add(1)
        assert await events(connection, 1) == ["/a 1"]

        with pytest.raises(TransportError) as caught:
            await connection.update(StreamRequest(f"{url}/refused"))
        await server.add(1)

        assert caught.value.status == 503
        assert await events(connection, 1) == ["/a 2"]
        await connection.close()


async def test_a_connection_that_is_closed_opens_nothing_more(sse: SseTransport) -> None:
    server = Counting(ids=True)

    async with served(server.answer) as url:
        connection = await connect(sse, f"{url}/a")
        move = asyncio.create_task(connection.update(StreamRequest(f"{url}/b")))
        await asyncio.sleep(0)
        await connection.close()

        with pytest.raises(TransportError, match="closed"):
            await move
        while server.open:
            await server.left.wait()
            server.left.clear()
