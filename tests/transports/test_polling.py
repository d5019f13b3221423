"""The polling transports against a real server on loopback, with time moved by hand."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from tui.feed.clock import ManualClock
from tui.model.errors import TransportError
from tui.model.transport import EventFrame, PollRequest, StreamRequest, TransportKind
from tui.transports.cadence import Cadence, adaptive, fixed, smart
from tui.transports.polling import PollConnection, PollTransport
from tui.transports.refusal import retry_after_s
from tui.transports.rest import RestResponse, RestTransport

Reply = Callable[[web.Request], web.Response]


def saying(body: str, status: int = 200, **headers: str) -> Reply:
    """An answer; underscores in the headers' names stand for hyphens."""
    named = {"Content-Type": "application/json"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    return lambda request: web.Response(status=status, body=body.encode(), headers=named)


class Sent:
    """A request as the transport made it."""

    def __init__(
        self, url: str, params: Mapping[str, str], headers: Mapping[str, str], timeout_s: float
    ) -> None:
        self.path = "/" + url.rpartition("/")[2]
        self.params = dict(params)
        self.headers = dict(headers)
        self.timeout_s = timeout_s


class Venue:
    """A server with answers by path, the last of which repeats; without any, requests are held.

    Attributes:
        sent: all requests, in order.
        held: how many are being answered now; `most_held` at most so far.
        reports: failures that the transport told of.
    """

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.url = ""
        self.answers: dict[str, list[Reply]] = {}
        self.sent: list[Sent] = []
        self.weights: list[int] = []
        self.held = self.most_held = 0
        self.arrived = asyncio.Condition()
        self.rest = RestTransport()
        self.reports: list[tuple[str, TransportError]] = []
        self.reported = asyncio.Event()

    async def handle(self, request: web.Request) -> web.Response:
        async with self.arrived:
            self.held += 1
            self.most_held = max(self.most_held, self.held)
            self.arrived.notify_all()
        try:
            while not self.answers.get(request.path):
                async with self.arrived:
                    await self.arrived.wait()
        finally:
            self.held -= 1
        replies = self.answers[request.path]
        return (replies.pop(0) if len(replies) > 1 else replies[0])(request)

    async def get(
        self,
        url: str,
        params: Mapping[str, str],
        *,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = 10.0,
        weight: int = 1,
    ) -> RestResponse:
        """One request as a venue's requests are sent, without a budget."""
        self.sent.append(Sent(url, params, headers or {}, timeout_s))
        self.weights.append(weight)
        response = await self.rest.get(url, params, headers=headers, timeout_s=5.0)
        if response.status >= 500 or response.status in (429, 418):
            raise TransportError(
                f"HTTP {response.status}",
                status=response.status,
                retry_after_s=retry_after_s(response.headers, 0.0),
            )
        return response

    def answer(self, path: str, *replies: Reply) -> None:
        self.answers[path] = list(replies)

    async def let_go(self, path: str, *replies: Reply) -> None:
        """Answer what is held."""
        async with self.arrived:
            self.answers[path] = list(replies)
            self.arrived.notify_all()

    async def holding(self, count: int) -> None:
        """Wait until so many requests are held."""
        async with asyncio.timeout(5), self.arrived:
            while self.held < count:
                await self.arrived.wait()

    def poll(self, key: str, **options: object) -> PollRequest:
        return PollRequest(key=key, url=f"{self.url}/{key}", min_interval_s=0.1, **options)  # type: ignore[arg-type]

    def stream(self, *polls: PollRequest, **headers: str) -> StreamRequest:
        return StreamRequest(self.url, headers, polls=polls)

    def transport(self, cadence: Cadence | None = None) -> PollTransport:
        return PollTransport(
            TransportKind.POLL,
            self.get,
            clock=self.clock,
            rng=Plain(),
            cadence=cadence or smart(5.0),
            report=self.report,
        )

    def report(self, key: str, error: TransportError) -> None:
        self.reports.append((key, error))
        self.reported.set()

    @asynccontextmanager
    async def connected(
        self, *polls: PollRequest, cadence: Cadence | None = None
    ) -> AsyncIterator[PollConnection]:
        connection = await self.transport(cadence).connect(self.stream(*polls), timeout_s=2.0)
        try:
            yield connection
        finally:
            await connection.close()

    @property
    def paths(self) -> list[str]:
        return [sent.path for sent in self.sent]


class Plain(random.Random):
    """Chance that always takes the middle."""

    def uniform(self, a: float, b: float) -> float:
        return (a + b) / 2


@pytest.fixture
async def venue() -> AsyncIterator[Venue]:
    venue = Venue()
    application = web.Application()
    application.router.add_get("/{path:.*}", venue.handle)
    runner = web.AppRunner(
        application, access_log=None, shutdown_timeout=0.01, handler_cancellation=True
    )
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    venue.url = site.name
    yield venue
    await venue.rest.close()
    await runner.cleanup()


async def next_of(connection: PollConnection) -> tuple[str, bytes]:
    """The next answer by its poll's key; plain signs of life are passed over."""
    async with asyncio.timeout(5):
        while not isinstance(frame := await connection.receive(), EventFrame):
            assert frame == b""
    return frame.event, bytes(frame)


async def end_of(connection: PollConnection, venue: Venue) -> TransportError:
    """Why a connection ends, and it does so within five minutes."""
    reader = asyncio.create_task(until_the_end(connection))
    for _ in range(600):
        await venue.clock.advance(0.5)
        # Requests on their way take real time.
        await asyncio.wait([reader], timeout=0.002)
        if reader.done():
            return reader.result()
    raise AssertionError("it went on")


async def until_the_end(connection: PollConnection) -> TransportError:
    try:
        while True:
            await connection.receive()
    except TransportError as error:
        return error


async def refusal_of(venue: Venue, *polls: PollRequest) -> TransportError:
    with pytest.raises(TransportError) as caught:
        await venue.transport().connect(venue.stream(*polls), timeout_s=2.0)
    return caught.value


# -- Asking and answering -----------------------------------------------------------------------


async def test_answers_come_by_the_names_of_their_polls(venue: Venue) -> None:
    venue.answer("/book", saying('{"bids":[]}'))
    venue.answer("/trades", saying("[1]"))

    async with venue.connected(venue.poll("book"), venue.poll("trades")) as connection:
        frames = {await next_of(connection), await next_of(connection)}

    assert frames == {("book", b'{"bids":[]}'), ("trades", b"[1]")}


async def test_a_request_carries_what_the_adapter_wants(venue: Venue) -> None:
    venue.answer("/book", saying("{}"))
    poll = venue.poll("book", params={"depth": "50"}, headers={"X-Poll": "p"}, weight=7)
    request = venue.stream(poll, **{"X-Stream": "s"})

    connection = await venue.transport().connect(request, timeout_s=2.0)
    await connection.close()

    (sent,) = venue.sent
    assert (sent.params, venue.weights) == ({"depth": "50"}, [7])
    assert sent.headers == {"X-Stream": "s", "X-Poll": "p", "Cache-Control": "no-cache"}


async def test_it_asks_again_by_its_cadence_from_start_to_start(venue: Venue) -> None:
    venue.answer("/book", saying("1"), saying("2"))

    async with venue.connected(venue.poll("book"), cadence=fixed(5.0)) as connection:
        assert await next_of(connection) == ("book", b"1")
        await venue.clock.advance(4.9)
        assert len(venue.sent) == 1
        await venue.clock.advance(0.1)

        assert await next_of(connection) == ("book", b"2")


async def test_a_poll_is_not_asked_while_its_answer_is_on_its_way(venue: Venue) -> None:
    venue.answer("/book", saying("1"))

    async with venue.connected(venue.poll("book")) as connection:
        await next_of(connection)
        venue.answers.clear()
        await venue.clock.advance(5.0)
        await venue.holding(1)
        await venue.clock.advance(60.0)

        assert len(venue.sent) == 2


async def test_a_poll_is_not_asked_while_its_answer_waits_to_be_taken(venue: Venue) -> None:
    venue.answer("/book", saying("1"))

    async with venue.connected(venue.poll("book")):
        await venue.clock.advance(60.0)

        assert len(venue.sent) == 1


async def test_one_server_is_not_asked_for_everything_at_once(venue: Venue) -> None:
    polls = [venue.poll(f"book{number}") for number in range(9)]
    connecting = asyncio.create_task(venue.transport().connect(venue.stream(*polls), timeout_s=2.0))
    await venue.holding(4)

    for number in range(9):
        await venue.let_go(f"/book{number}", saying("1"))
    connection = await connecting
    for _ in range(9):
        await next_of(connection)

    assert venue.most_held == 4
    await connection.close()


# -- Opening ------------------------------------------------------------------------------------


async def test_it_is_open_with_the_first_answer(venue: Venue) -> None:
    venue.answer("/book", saying("1"))

    async with venue.connected(venue.poll("slow"), venue.poll("book")) as connection:
        assert await next_of(connection) == ("book", b"1")


async def test_without_anything_to_ask_it_is_open_and_alive(venue: Venue) -> None:
    async with venue.connected() as connection:
        await venue.clock.advance(10.0)

        assert await connection.receive() == b""


async def test_a_server_that_refuses_all_is_not_connected(venue: Venue) -> None:
    venue.answer("/book", saying("", 503, Retry_After="7"))

    error = await refusal_of(venue, venue.poll("book"))

    assert (error.status, error.retry_after_s, error.fatal) == (503, 7.0, False)


async def test_a_port_where_nobody_listens_is_not_connected(venue: Venue) -> None:
    request = PollRequest(key="book", url="http://127.0.0.1:1/book")

    error = await refusal_of(venue, request)

    assert error.message == "cannot connect to 127.0.0.1:1: connection refused"


async def test_an_answer_that_does_not_come_times_out(venue: Venue) -> None:
    with pytest.raises(TransportError, match=r"did not answer within 0\.05 s"):
        await venue.transport().connect(venue.stream(venue.poll("book")), timeout_s=0.05)


# -- Nothing new --------------------------------------------------------------------------------


@pytest.mark.parametrize("tag", ['"abc"', 'W/"abc"'])
async def test_a_tag_goes_back_as_it_came_and_unchanged_is_life(venue: Venue, tag: str) -> None:
    venue.answer("/book", saying("1", ETag=tag), saying("", 304), saying("2"))

    async with venue.connected(venue.poll("book")) as connection:
        assert await next_of(connection) == ("book", b"1")
        await venue.clock.advance(5.0)
        assert await next_of(connection) == ("book", b"")
        await venue.clock.advance(5.0)
        assert await next_of(connection) == ("book", b"2")
        await venue.clock.advance(5.0)
        await next_of(connection)

    assert [sent.headers.get("If-None-Match") for sent in venue.sent] == [None, tag, tag, None]


async def test_unchanged_may_renew_the_tag(venue: Venue) -> None:
    venue.answer("/book", saying("1", ETag='"a"'), saying("", 304, ETag='"b"'), saying("2"))

    async with venue.connected(venue.poll("book")) as connection:
        for _ in range(3):
            await next_of(connection)
            await venue.clock.advance(5.0)

    assert venue.sent[2].headers["If-None-Match"] == '"b"'


async def test_a_tag_that_no_header_can_hold_does_not_go_back(venue: Venue) -> None:
    venue.answer("/book", saying("1", ETag="x" * 5000))

    async with venue.connected(venue.poll("book")) as connection:
        for _ in range(2):
            assert await next_of(connection) == ("book", b"1")
            await venue.clock.advance(5.0)

    assert not any("If-None-Match" in sent.headers for sent in venue.sent)


async def test_a_date_goes_back_as_it_came(venue: Venue) -> None:
    moment = "Fri, 24 Jul 2026 12:00:00 GMT"
    venue.answer("/book", saying("1", Last_Modified=moment), saying("", 304))

    async with venue.connected(venue.poll("book")) as connection:
        await next_of(connection)
        await venue.clock.advance(5.0)
        assert await next_of(connection) == ("book", b"")

    assert venue.sent[1].headers["If-Modified-Since"] == moment


async def test_unchanged_without_a_tag_is_an_error(venue: Venue) -> None:
    venue.answer("/book", saying("", 304))

    assert (await refusal_of(venue, venue.poll("book"))).status == 304


@pytest.mark.parametrize("reply", [saying(""), saying(" \n"), saying("", 202), saying("", 204)])
async def test_nothing_is_an_answer_without_news(venue: Venue, reply: Reply) -> None:
    venue.answer("/book", reply)

    async with venue.connected(venue.poll("book")) as connection:
        assert await next_of(connection) == ("book", b"")


# -- Cursors ------------------------------------------------------------------------------------


def after(body: bytes, headers: Mapping[str, str]) -> dict[str, str]:
    """A cursor in the answer's header, whatever its case; none in answers without."""
    return {"after": headers["x-next"]} if "x-next" in headers else {}


async def test_the_next_request_begins_where_the_last_answer_said(venue: Venue) -> None:
    venue.answer("/trades", saying("1", X_Next="7"), saying("2"), saying("3", X_Next="8"))

    async with venue.connected(venue.poll("trades", params={"n": "5"}, cursor=after)) as connection:
        for _ in range(4):
            await next_of(connection)
            await venue.clock.advance(5.0)

    assert [sent.params for sent in venue.sent[:4]] == [
        {"n": "5"},
        {"n": "5", "after": "7"},
        {"n": "5", "after": "7"},
        {"n": "5", "after": "8"},
    ]


async def test_a_tag_is_of_one_page_only(venue: Venue) -> None:
    venue.answer(
        "/trades",
        saying("1", X_Next="7", ETag='"a"'),
        saying("2", X_Next="7", ETag='"b"'),
        saying("3", X_Next="8", ETag='"c"'),
    )

    async with venue.connected(venue.poll("trades", cursor=after)) as connection:
        for _ in range(4):
            await next_of(connection)
            await venue.clock.advance(5.0)

    tags = [sent.headers.get("If-None-Match") for sent in venue.sent[:4]]
    assert tags == [None, None, '"b"', None]


@pytest.mark.parametrize("status", [400, 410])
async def test_a_server_that_lost_our_place_ends_the_connection(venue: Venue, status: int) -> None:
    venue.answer("/trades", saying("1", X_Next="7"), saying("too old", status), saying("2"))
    transport = venue.transport()
    request = venue.stream(venue.poll("trades", cursor=after))

    connection = await transport.connect(request, timeout_s=2.0)
    error = await end_of(connection, venue)
    await connection.close()
    again = await transport.connect(request, timeout_s=2.0)
    await again.close()

    # Without a status: it is tried again as soon as after any other loss.
    assert (error.status, error.fatal) == (None, False)
    assert error.message == f"{venue.url[7:]} does not know our place any more (HTTP {status})"
    assert [sent.params for sent in venue.sent] == [{}, {"after": "7"}, {}]


async def test_a_new_connection_wants_the_state_now(venue: Venue) -> None:
    venue.answer("/trades", saying("1", X_Next="7"))
    venue.answer("/book", saying("1", ETag='"a"'))
    transport = venue.transport()
    request = venue.stream(venue.poll("trades", cursor=after), venue.poll("book"))

    for _ in range(2):
        connection = await transport.connect(request, timeout_s=2.0)
        await next_of(connection)
        await next_of(connection)
        await connection.close()

    assert [sent.params for sent in venue.sent] == [{}, {}, {}, {}]
    assert not any("If-None-Match" in sent.headers for sent in venue.sent)


async def test_an_answer_that_does_not_say_where_to_go_on_is_a_failure(venue: Venue) -> None:
    def fail(body: bytes, headers: Mapping[str, str]) -> dict[str, str]:
        raise KeyError("next")

    venue.answer("/trades", saying("{}"))

    error = await refusal_of(venue, venue.poll("trades", cursor=fail))

    assert error.message == (
        f"the answer of {venue.url[7:]} to trades does not say where to go on: 'next'"
    )
    assert not error.fatal


# -- Long polling -------------------------------------------------------------------------------


async def test_a_held_request_says_how_long_and_is_followed_at_once(venue: Venue) -> None:
    venue.answer("/messages", saying("1"), saying("2"), saying("", 204), saying("3"))

    async with venue.connected(venue.poll("messages", wait_s=25.0)) as connection:
        assert await next_of(connection) == ("messages", b"1")
        await venue.clock.advance(0.1)
        assert await next_of(connection) == ("messages", b"2")
        await venue.clock.advance(0.1)
        assert await next_of(connection) == ("messages", b"")

    assert [sent.headers["Prefer"] for sent in venue.sent] == ["wait=0", "wait=25", "wait=25"]
    assert [sent.timeout_s for sent in venue.sent] == [10.0, 35.0, 35.0]


async def test_a_held_request_is_asked_again_at_once_after_its_time(venue: Venue) -> None:
    venue.answer("/messages", saying("1"))

    async with venue.connected(venue.poll("messages", wait_s=25.0)) as connection:
        await next_of(connection)
        venue.answers.clear()
        await venue.clock.advance(0.1)
        await venue.holding(1)
        await venue.clock.advance(25.0)
        await venue.let_go("/messages", saying("", 204), saying("2"))
        assert await next_of(connection) == ("messages", b"")
        await venue.clock.advance(0.0)

        assert await next_of(connection) == ("messages", b"2")


async def test_held_requests_take_no_place_of_others(venue: Venue) -> None:
    venue.answer("/book", saying("1"))
    held = [venue.poll(f"messages{number}", wait_s=25.0) for number in range(6)]
    for number in range(6):
        venue.answer(f"/messages{number}", saying("1"))

    async with venue.connected(*held, venue.poll("book")) as connection:
        for _ in range(7):
            await next_of(connection)
        for number in range(6):
            venue.answers.pop(f"/messages{number}")
        await venue.clock.advance(0.2)
        await venue.holding(6)
        await venue.clock.advance(4.8)

        assert await next_of(connection) == ("book", b"1")


# -- Failures -----------------------------------------------------------------------------------


async def test_one_polls_failure_is_told_and_does_not_stop_the_others(venue: Venue) -> None:
    venue.answer("/book", saying("1"))
    venue.answer("/trades", saying("1"), saying("", 503), saying("2"))

    async with venue.connected(venue.poll("book"), venue.poll("trades")) as connection:
        assert {await next_of(connection), await next_of(connection)} == {
            ("book", b"1"),
            ("trades", b"1"),
        }
        await venue.clock.advance(5.0)
        assert await next_of(connection) == ("book", b"1")
        await venue.reported.wait()
        venue.answers.pop("/book")
        await venue.clock.advance(10.0)
        assert await next_of(connection) == ("trades", b"2")

    assert [(key, error.status) for key, error in venue.reports] == [("trades", 503)]


async def test_when_every_poll_failed_three_times_the_connection_ends(venue: Venue) -> None:
    venue.answer("/book", saying("1"), saying("", 503))
    venue.answer("/trades", saying("1"), saying("", 502))

    async with venue.connected(venue.poll("book"), venue.poll("trades")) as connection:
        error = await end_of(connection, venue)

    assert error.status in (502, 503)
    assert not error.fatal
    assert sorted(venue.paths) == ["/book"] * 4 + ["/trades"] * 4
    # The third failure of the second is what ends it.
    assert len(venue.reports) == 5


async def test_being_sent_away_for_long_ends_the_connection_at_once(venue: Venue) -> None:
    venue.answer("/book", saying("1"), saying("", 429, Retry_After="120"))

    async with venue.connected(venue.poll("book")) as connection:
        error = await end_of(connection, venue)

    assert (error.status, error.retry_after_s) == (429, 120.0)
    assert len(venue.sent) == 2


async def test_being_sent_away_for_a_while_is_waited_for(venue: Venue) -> None:
    venue.answer("/book", saying("1"), saying("", 425, Retry_After="20"), saying("2"))

    async with venue.connected(venue.poll("book")) as connection:
        await next_of(connection)
        await venue.clock.advance(5.0)
        await venue.reported.wait()
        await venue.clock.advance(19.0)
        assert len(venue.sent) == 2
        await venue.clock.advance(1.0)

        assert await next_of(connection) == ("book", b"2")


@pytest.mark.parametrize("status", [401, 403])
async def test_who_may_not_ask_ends_the_connection_at_once(venue: Venue, status: int) -> None:
    venue.answer("/book", saying("1"))
    venue.answer("/trades", saying("1"), saying("", status))

    async with venue.connected(venue.poll("book"), venue.poll("trades")) as connection:
        error = await end_of(connection, venue)

    assert (error.status, error.fatal) == (status, True)


@pytest.mark.parametrize("status", [400, 404, 410, 422])
async def test_a_refused_poll_is_told_and_not_asked_again(venue: Venue, status: int) -> None:
    venue.answer("/book", saying("1"))
    venue.answer("/foo", saying('{"msg":"no such symbol"}', status))

    async with venue.connected(venue.poll("book"), venue.poll("foo")) as connection:
        for _ in range(20):
            await next_of(connection)
            await venue.clock.advance(5.0)

    assert venue.paths.count("/foo") == 1
    ((key, error),) = venue.reports
    assert (key, error.status, error.fatal) == ("foo", status, True)
    assert (
        error.message == f'{venue.url[7:]} answered with HTTP {status}: {{"msg":"no such symbol"}}'
    )


async def test_a_refusal_may_have_the_status_of_success(venue: Venue) -> None:
    venue.answer("/book", saying("no such pair"))

    def check(body: bytes, ts_local: int) -> None:
        raise TransportError(body.decode(), status=400, fatal=True)

    error = await refusal_of(venue, venue.poll("book", check=check))

    assert (error.message, error.fatal) == ("no such pair", True)


async def test_when_every_poll_is_refused_so_is_the_connection(venue: Venue) -> None:
    venue.answer("/book", saying("<html>not found</html>", 404))

    error = await refusal_of(venue, venue.poll("book"))

    assert (error.status, error.fatal) == (404, True)
    assert error.message == f"{venue.url[7:]} answered with HTTP 404"


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (saying("{}", Content_Type="text/html; charset=utf-8"), "a web page instead of data"),
        (saying("\n <!doctype html>"), "a web page instead of data"),
        (saying("GIF89a", Content_Type="image/gif"), "image/gif instead of data"),
        (saying("{}", 206), "HTTP 206: {}"),
    ],
)
async def test_what_is_no_data_is_a_failure(venue: Venue, reply: Reply, message: str) -> None:
    venue.answer("/book", reply)

    error = await refusal_of(venue, venue.poll("book"))

    assert error.message == f"{venue.url[7:]} answered with {message}"


async def test_what_a_server_says_is_one_harmless_line(venue: Venue) -> None:
    venue.answer("/book", saying("\x1b[31mno\nsuch" + "h" * 500, 404))

    error = await refusal_of(venue, venue.poll("book"))

    assert error.message.startswith(f"{venue.url[7:]} answered with HTTP 404: \ufffdno suchhh")
    assert len(error.message) < 260


async def test_a_fault_of_ours_does_not_end_in_silence(venue: Venue) -> None:
    async def broken(*args: object, **kwargs: object) -> RestResponse:
        raise ZeroDivisionError

    transport = PollTransport(
        TransportKind.POLL, broken, clock=venue.clock, rng=Plain(), cadence=smart(5.0)
    )

    with pytest.raises(ZeroDivisionError):
        await transport.connect(venue.stream(venue.poll("book")), timeout_s=2.0)


# -- Somebody looks, or nobody ------------------------------------------------------------------


async def test_it_rests_while_nobody_looks_and_wakes_with_the_first_key(venue: Venue) -> None:
    idle: list[float | None] = [0.0]
    venue.answer("/book", saying("1"))

    async with venue.connected(
        venue.poll("book"), cadence=adaptive(5.0, lambda: idle[0])
    ) as connection:
        await next_of(connection)
        idle[0] = None
        await venue.clock.advance(600.0)
        assert len(venue.sent) == 1
        idle[0] = 0.0
        await venue.clock.advance(0.5)

        assert await next_of(connection) == ("book", b"1")


async def test_rest_is_no_silence(venue: Venue) -> None:
    venue.answer("/book", saying("1"))

    async with venue.connected(
        venue.poll("book"), cadence=adaptive(5.0, lambda: 99.0)
    ) as connection:
        await next_of(connection)
        await venue.clock.advance(10.0)
        for _ in range(4):
            await venue.clock.advance(10.0)
            frame = await asyncio.wait_for(connection.receive(), 2)
            assert frame == b""
            assert not isinstance(frame, EventFrame)


async def test_failing_is_no_rest(venue: Venue) -> None:
    venue.answer("/book", saying("1"), saying("", 503))

    async with venue.connected(venue.poll("book")) as connection:
        await next_of(connection)
        await venue.clock.advance(5.0)
        await venue.reported.wait()
        reader = asyncio.create_task(connection.receive())
        await venue.clock.advance(9.0)

        assert not reader.done()
        reader.cancel()


# -- Something else -----------------------------------------------------------------------------


async def test_polls_come_and_go_and_those_that_stay_are_not_disturbed(venue: Venue) -> None:
    venue.answer("/book", saying("1", ETag='"a"'))
    venue.answer("/trades", saying("1"))

    async with venue.connected(venue.poll("book"), venue.poll("trades")) as connection:
        await next_of(connection)
        await next_of(connection)
        await connection.update(
            venue.stream(venue.poll("book"), venue.poll("ticker"), Authorization="Bearer fresh")
        )
        await venue.let_go("/ticker", saying("9"))
        assert await next_of(connection) == ("ticker", b"9")
        venue.answers.pop("/ticker")
        assert venue.paths.count("/book") == 1
        await venue.clock.advance(5.0)
        assert await next_of(connection) == ("book", b"1")

    assert venue.paths.count("/trades") == 1
    (again,) = [sent for sent in venue.sent if sent.path == "/book"][1:]
    assert again.headers["If-None-Match"] == '"a"'
    assert again.headers["Authorization"] == "Bearer fresh"


async def test_a_poll_that_comes_back_begins_from_the_start(venue: Venue) -> None:
    venue.answer("/trades", saying("1", X_Next="7"))
    poll = venue.poll("trades", cursor=after)

    async with venue.connected(poll) as connection:
        await next_of(connection)
        await connection.update(venue.stream())
        await connection.update(venue.stream(poll))
        await next_of(connection)

    assert [sent.params for sent in venue.sent] == [{}, {}]


async def test_other_parameters_are_another_poll(venue: Venue) -> None:
    venue.answer("/messages", saying("1"))

    async with venue.connected(venue.poll("messages", params={"channels": "a"})) as connection:
        await next_of(connection)
        venue.answers.clear()
        await venue.clock.advance(5.0)
        await venue.holding(1)
        await connection.update(venue.stream(venue.poll("messages", params={"channels": "b"})))
        await venue.let_go("/messages", saying("2"))

        assert await next_of(connection) == ("messages", b"2")

    assert [sent.params["channels"] for sent in venue.sent] == ["a", "a", "b"]


async def test_an_answer_that_nobody_wants_any_more_is_not_handed_over(venue: Venue) -> None:
    venue.answer("/book", saying("1"))
    venue.answer("/trades", saying("2"))

    async with venue.connected(venue.poll("book")) as connection:
        await connection.update(venue.stream(venue.poll("trades")))

        assert await next_of(connection) == ("trades", b"2")


async def test_when_what_stays_had_failed_the_connection_ends(venue: Venue) -> None:
    venue.answer("/book", saying("1"))
    venue.answer("/foo", saying("", 404))

    async with venue.connected(venue.poll("book"), venue.poll("foo")) as connection:
        await venue.reported.wait()
        await connection.update(venue.stream(venue.poll("foo")))

        with pytest.raises(TransportError) as caught:
            await connection.receive()

    assert (caught.value.status, caught.value.fatal) == (404, True)


async def test_a_connection_that_ended_cannot_be_changed(venue: Venue) -> None:
    async with venue.connected() as connection:
        await connection.close()

        with pytest.raises(TransportError, match="were closed"):
            await connection.update(venue.stream(venue.poll("book")))


async def test_closing_leaves_nothing_running(venue: Venue) -> None:
    venue.answer("/book", saying("1"))
    before = asyncio.all_tasks()

    async with venue.connected(venue.poll("book"), venue.poll("slow")) as connection:
        await next_of(connection)
        reader = asyncio.create_task(until_the_end(connection))
        await asyncio.sleep(0)

    assert (await reader).message == f"the polls of {venue.url[7:]} were closed"
    left = {task for task in asyncio.all_tasks() - before if "poll" in repr(task.get_coro())}
    assert left == set()


async def test_a_reader_that_is_cancelled_loses_nothing(venue: Venue) -> None:
    venue.answer("/book", saying("1"), saying("2"))

    async with venue.connected(venue.poll("book")) as connection:
        await next_of(connection)
        reader = asyncio.create_task(connection.receive())
        await asyncio.sleep(0)
        reader.cancel()
        await asyncio.wait([reader])
        await venue.clock.advance(5.0)

        assert await next_of(connection) == ("book", b"2")


async def test_asking_a_failing_server_for_something_else_gives_it_no_new_chances(
    venue: Venue,
) -> None:
    venue.answer("/messages", saying("1"), saying("", 503))

    async with venue.connected(venue.poll("messages", params={"channels": "0"})) as connection:
        await next_of(connection)
        reader = asyncio.create_task(connection.receive())
        for number in range(1, 60):
            await venue.clock.advance(1.0)
            if number % 6 == 0 and not reader.done():
                poll = venue.poll("messages", params={"channels": str(number)})
                await connection.update(venue.stream(poll))
            if reader.done():
                break

        assert number < 40
        with pytest.raises(TransportError, match="HTTP 503"):
            await reader
