"""The WebSocket transport against real servers on loopback, well-behaved and not."""

from __future__ import annotations

import asyncio
import http
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from tui import __version__
from tui.model.errors import TransportError
from tui.model.transport import StreamRequest
from tui.transports.websocket import WebSocketConnection, WebSocketTransport

Handler = Callable[[ServerConnection], Awaitable[None]]


@asynccontextmanager
async def served(handler: Handler, **options: Any) -> AsyncIterator[str]:
    async with serve(handler, "127.0.0.1", 0, **options) as server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


@asynccontextmanager
async def listening(
    handler: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[str]:
    """A server below HTTP, for one client."""
    done = asyncio.Event()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await handler(reader, writer)
        writer.close()
        await asyncio.wait([asyncio.ensure_future(writer.wait_closed())])
        done.set()

    async with await asyncio.start_server(handle, "127.0.0.1", 0) as server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        await done.wait()


async def connect(host: str, *, max_bytes: int = 2**20) -> WebSocketConnection:
    return await WebSocketTransport().connect(
        StreamRequest(f"ws://{host}", max_message_bytes=max_bytes), timeout_s=2.0
    )


async def refusal_of(host: str) -> TransportError:
    with pytest.raises(TransportError) as caught:
        await connect(host)
    return caught.value


async def end_of(connection: WebSocketConnection) -> TransportError:
    with pytest.raises(TransportError) as caught:
        await connection.receive()
    await connection.close()
    return caught.value


def answering(status: int, headers: dict[str, str] | None = None) -> dict[str, Any]:
    """Options of a server that refuses every handshake with this status."""

    def refuse(connection: ServerConnection, request: Request) -> Response:
        return Response(
            status,
            http.HTTPStatus(status).phrase,
            Headers({"Content-Length": "0", **(headers or {})}),
        )

    return {"process_request": refuse}


async def nothing(socket: ServerConnection) -> None:
    await socket.wait_closed()


async def test_frames_go_both_ways_undecoded() -> None:
    async def echo(socket: ServerConnection) -> None:
        await socket.send(await socket.recv(decode=True))
        await socket.wait_closed()

    async with served(echo) as host:
        connection = await connect(host)
        await connection.send('{"price":"1.10"}')

        frame = await connection.receive()

        assert frame == b'{"price":"1.10"}'
        await connection.close()


async def test_it_names_itself_and_sends_the_adapters_headers() -> None:
    seen: dict[str, str] = {}

    async def look(socket: ServerConnection) -> None:
        assert socket.request is not None
        seen.update(socket.request.headers.raw_items())

    async with served(look) as host:
        connection = await WebSocketTransport().connect(
            StreamRequest(f"ws://{host}", {"X-Test": "yes"}, max_message_bytes=1000), timeout_s=2.0
        )
        await end_of(connection)

    assert seen["User-Agent"] == f"tradetui/{__version__}"
    assert seen["X-Test"] == "yes"


async def test_a_ping_measures_the_round_trip() -> None:
    async with served(nothing) as host:
        connection = await connect(host)

        seconds = await connection.ping()

        assert 0.0 < seconds < 2.0
        await connection.close()


@pytest.mark.parametrize(
    "code",
    [
        *(1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014),
        *(3000, 3003, 3008, 3999, 4000, 4999),
    ],
)
async def test_a_close_code_is_the_status(code: int) -> None:
    async def leave(socket: ServerConnection) -> None:
        await socket.close(code, "so long")

    async with served(leave) as host:
        error = await end_of(await connect(host))

    assert (error.status, error.fatal, error.retry_after_s) == (code, False, None)
    assert error.message == f"{host} closed the connection with code {code}: so long"


async def test_a_close_frame_without_a_code_has_one_of_its_own() -> None:
    async def leave(socket: ServerConnection) -> None:
        socket.transport.write(b"\x88\x00")
        await socket.wait_closed()

    async with served(leave) as host:
        error = await end_of(await connect(host))

    assert error.status == 1005
    assert error.message == f"{host} closed the connection with code 1005"


@pytest.mark.parametrize(
    ("frame", "status"),
    [
        pytest.param(b"\x88\x02" + (1005).to_bytes(2, "big"), 1002, id="1005 on the wire"),
        pytest.param(b"\x88\x02" + (1006).to_bytes(2, "big"), 1002, id="1006 on the wire"),
        pytest.param(b"\x88\x02" + (1015).to_bytes(2, "big"), 1002, id="1015 on the wire"),
        pytest.param(b"\x88\x02" + (999).to_bytes(2, "big"), 1002, id="no code at all"),
        pytest.param(b"\xf1\x01x", 1002, id="reserved bits"),
        pytest.param(b"\x83\x01x", 1002, id="unknown opcode"),
        pytest.param(b"\x80\x01x", 1002, id="the end of nothing"),
    ],
)
async def test_a_frame_that_may_not_be_is_our_reason_to_leave(frame: bytes, status: int) -> None:
    async def misbehave(socket: ServerConnection) -> None:
        socket.transport.write(frame)
        await socket.wait_closed()

    async with served(misbehave) as host:
        error = await end_of(await connect(host))

    assert error.status == status
    assert error.message.startswith(f"the connection to {host} was given up with code {status}")


async def test_a_message_in_pieces_is_one_frame() -> None:
    async def drip(socket: ServerConnection) -> None:
        await socket.send(iter('{"price":"1.10"}'))
        await socket.wait_closed()

    async with served(drip) as host:
        connection = await connect(host)

        assert await connection.receive() == b'{"price":"1.10"}'
        await connection.close()


async def test_a_binary_frame_is_a_frame() -> None:
    async def send(socket: ServerConnection) -> None:
        await socket.send(b"\x00\xff")
        await socket.wait_closed()

    async with served(send) as host:
        connection = await connect(host)

        assert await connection.receive() == b"\x00\xff"
        await connection.close()


async def test_pings_are_answered_while_many_frames_wait() -> None:
    answered = asyncio.Event()

    async def burst(socket: ServerConnection) -> None:
        for number in range(1000):
            await socket.send(str(number))
        await (await socket.ping())
        answered.set()
        await socket.wait_closed()

    async with served(burst) as host:
        connection = await connect(host)

        async with asyncio.timeout(5):
            await answered.wait()

        assert await connection.receive() == b"0"
        await connection.close()


async def test_a_broken_connection_has_no_status() -> None:
    async def abort(socket: ServerConnection) -> None:
        socket.transport.abort()

    async with served(abort) as host:
        error = await end_of(await connect(host))

    assert error.status is None
    assert error.message == f"the connection to {host} broke without a close frame"


async def test_sending_and_pinging_on_a_lost_connection_say_so() -> None:
    async def leave(socket: ServerConnection) -> None:
        await socket.close(1001)

    async with served(leave) as host:
        connection = await connect(host)
        await end_of(connection)

        for attempt in (connection.send("x"), connection.ping()):
            with pytest.raises(TransportError) as caught:
                await attempt
            assert caught.value.status == 1001


async def test_a_message_beyond_the_limit_is_named() -> None:
    async def shout(socket: ServerConnection) -> None:
        await socket.send("x" * 1001)
        await socket.wait_closed()

    async with served(shout) as host:
        error = await end_of(await connect(host, max_bytes=1000))

    assert error.status == 1009
    assert error.message == f"{host} sent a message of more than 1000 bytes"


@pytest.mark.parametrize("status", [401, 403, 404])
async def test_a_refused_handshake_that_cannot_succeed_is_fatal(status: int) -> None:
    async with served(nothing, **answering(status)) as host:
        error = await refusal_of(host)

    assert error.fatal
    assert error.status == status
    assert error.message == f"{host} refused the connection with HTTP {status}"
    assert "config.toml" in error.hint


@pytest.mark.parametrize("status", [400, 408, 418, 425, 429, 500, 502, 503, 504])
async def test_any_other_refused_handshake_may_be_tried_again(status: int) -> None:
    async with served(nothing, **answering(status)) as host:
        error = await refusal_of(host)

    assert (error.status, error.fatal) == (status, False)
    assert error.message == f"{host} refused the connection with HTTP {status}"


async def test_a_message_shows_nothing_that_is_secret_in_an_address() -> None:
    for url in ("http://me:hush@127.0.0.1/a?token=hush", "ws://me:hush@[bad/a?token=hush"):
        with pytest.raises(TransportError) as caught:
            await WebSocketTransport().connect(StreamRequest(url), timeout_s=2.0)

        assert caught.value.fatal
        assert "hush" not in str(caught.value)


@pytest.mark.parametrize(("elsewhere", "token"), [(False, "t"), (True, None)])
async def test_a_token_is_not_taken_along_to_another_server(
    elsewhere: bool, token: str | None
) -> None:
    seen: list[str | None] = []

    async def look(socket: ServerConnection) -> None:
        assert socket.request is not None
        seen.append(socket.request.headers.get("X-Token"))
        await socket.wait_closed()

    def redirect(connection: ServerConnection, request: Request) -> Response | None:
        if request.path == "/there":
            return None
        place = f"ws://{other}/there" if elsewhere else "/there"
        return Response(302, "Found", Headers({"Location": place, "Content-Length": "0"}))

    async with served(look) as other, served(look, process_request=redirect) as host:
        connection = await WebSocketTransport().connect(
            StreamRequest(f"ws://{host}/", {"X-Token": "t"}), timeout_s=2.0
        )
        await connection.close()

    assert seen == [token]


async def test_too_many_requests_says_how_long_to_wait() -> None:
    async with served(nothing, **answering(429, {"Retry-After": "7"})) as host:
        error = await refusal_of(host)

    assert (error.status, error.retry_after_s, error.fatal) == (429, 7.0, False)


async def test_a_server_error_may_be_tried_again() -> None:
    async with served(nothing, **answering(503)) as host:
        error = await refusal_of(host)

    assert (error.status, error.retry_after_s, error.fatal) == (503, None, False)


async def test_a_port_where_nobody_listens_is_refused_with_its_name() -> None:
    async with served(nothing) as host:
        pass

    error = await refusal_of(host)

    assert error.message == f"cannot connect to {host}: connection refused"
    assert not error.fatal


async def test_a_server_that_says_nothing_times_out() -> None:
    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with listening(mute) as host:
        with pytest.raises(TransportError) as caught:
            await WebSocketTransport().connect(
                StreamRequest(f"ws://{host}", max_message_bytes=1000), timeout_s=0.1
            )

    assert caught.value.message == f"{host} did not answer within 0.1 s"


async def test_a_server_that_speaks_something_else_is_named() -> None:
    async def other(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b"220 mail.example ESMTP\r\n\r\n")

    async with listening(other) as host:
        error = await refusal_of(host)

    assert error.message.startswith(f"{host} does not speak WebSocket: ")


async def test_a_certificate_that_nobody_signed_is_fatal() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(Path(__file__).with_name("self_signed.pem"))

    async with served(nothing, ssl=context) as host:
        port = host.rpartition(":")[2]
        with pytest.raises(TransportError) as caught:
            await WebSocketTransport().connect(
                StreamRequest(f"wss://localhost:{port}", max_message_bytes=1000), timeout_s=2.0
            )

    assert caught.value.fatal
    assert caught.value.message.startswith(f"the certificate of localhost:{port} is not valid")


async def test_an_address_that_is_no_websocket_address_is_fatal() -> None:
    with pytest.raises(TransportError) as caught:
        await WebSocketTransport().connect(
            StreamRequest("http://127.0.0.1/", max_message_bytes=1000), timeout_s=2.0
        )

    assert caught.value.fatal


def test_neither_library_is_imported_before_it_is_needed() -> None:
    code = (
        "import sys, tui.transports.websocket as w, tui.transports.rest as r;"
        "import tui.transports.sse as s, tui.transports.polling;"
        "w.WebSocketTransport(); s.SseTransport(r.RestTransport());"
        "print('websockets' in sys.modules, 'aiohttp' in sys.modules)"
    )

    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert run.stdout.split() == ["False", "False"]


async def test_a_refusal_that_says_twice_when_to_come_back_is_understood() -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(
            b"HTTP/1.1 429 Too Many Requests\r\nretry-after: 7\r\nretry-after: 9\r\n"
            b"Content-Length: 0\r\n\r\n"
        )
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(TransportError) as refused:
            await WebSocketTransport().connect(
                StreamRequest(f"ws://127.0.0.1:{port}/", max_message_bytes=1024), timeout_s=5.0
            )

    assert (refused.value.status, refused.value.retry_after_s) == (429, 9.0)
