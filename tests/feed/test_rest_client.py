"""Requests to one venue, against a real server."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aiohttp import web
from scripted_venue import until

from tui.adapters.base import Limits, RestRequest
from tui.adapters.binance import BinanceAdapter
from tui.feed.breaker import Breakers
from tui.feed.clock import ManualClock
from tui.feed.error_log import ErrorLog
from tui.feed.rest_client import RestClient
from tui.feed.settings import FeedSettings
from tui.model.errors import ConfigError, ProtocolError, TransportError
from tui.model.health import ErrorCategory
from tui.transports.rest import RestTransport

Answer = Callable[[], web.Response]
Headers = Callable[[], Awaitable[dict[str, str]]]


class Venue:
    """A server that gives its answers one after the other, the last one for ever."""

    def __init__(self) -> None:
        self.clock = ManualClock(time_ns=1_784_894_400_000_000_000)  # 2026-07-24 12:00:00 UTC
        self.errors = ErrorLog(self.clock)
        self.answers: list[Answer] = []
        self.asked = 0
        self.at_once = self.at_once_most = 0
        self.hold = asyncio.Event()
        self.hold.set()
        self.paths: list[str] = []
        self.seen_headers: dict[str, str] = {}
        self.breakers = Breakers(self.clock, FeedSettings())
        self.client: RestClient
        self.adapter: BinanceAdapter
        self.transport: RestTransport
        self.host = ""

    def make_client(self, headers: Headers | None = None) -> RestClient:
        return RestClient(
            self.adapter,
            self.transport,
            clock=self.clock,
            rng=random.Random(1),
            errors=self.errors,
            breakers=self.breakers,
            headers=headers,
        )

    async def serve(self, request: web.Request) -> web.Response:
        self.asked += 1
        self.paths.append(request.path)
        self.seen_headers = dict(request.headers)
        self.at_once += 1
        self.at_once_most = max(self.at_once_most, self.at_once)
        await self.hold.wait()
        self.at_once -= 1
        return self.answers.pop(0)() if len(self.answers) > 1 else self.answers[0]()

    async def fetch(self) -> int:
        return await self.client.fetch(self.adapter.time_request())

    async def patiently(self, wish: Awaitable[int]) -> int:
        """Await a fetch while time passes."""
        task = asyncio.ensure_future(wish)
        while not task.done():
            await self.clock.advance(0.1)
            await asyncio.sleep(0.001)
        return task.result()

    def log(self) -> list[tuple[ErrorCategory, str]]:
        return [(record.category, record.message) for record in self.errors.records()]


@pytest.fixture
async def venue() -> AsyncIterator[Venue]:
    made = Venue()
    application = web.Application()
    application.router.add_get("/{path:.*}", made.serve)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    rest = RestTransport()
    made.adapter = BinanceAdapter({"rest": site.name})
    made.transport = rest
    made.client = made.make_client()
    made.host = site.name.removeprefix("http://")
    yield made
    await rest.close()
    await runner.cleanup()


def good() -> web.Response:
    return web.json_response({"serverTime": 5})


def answer(status: int, body: str = "", **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda: web.Response(status=status, text=body, headers=named)


async def test_an_answer_is_decoded(venue: Venue) -> None:
    venue.answers = [good]

    assert await venue.fetch() == 5_000_000


async def test_a_server_error_is_tried_again(venue: Venue) -> None:
    venue.answers = [answer(502), answer(503), good]

    assert await venue.patiently(venue.fetch()) == 5_000_000
    assert venue.log() == []


async def test_a_server_error_that_stays_is_told(venue: Venue) -> None:
    venue.answers = [answer(502)]

    with pytest.raises(TransportError) as caught:
        await venue.patiently(venue.fetch())

    assert caught.value.status == 502
    assert venue.asked == 3
    assert venue.log() == [(ErrorCategory.SERVER, f"{venue.host} answered with HTTP 502")]


async def test_a_refusal_speaks_in_the_venues_words_and_is_not_repeated(venue: Venue) -> None:
    venue.answers = [answer(400, '{"code":-1121,"msg":"Invalid symbol."}')]

    with pytest.raises(TransportError) as caught:
        await venue.fetch()

    assert caught.value.message == "Invalid symbol. (code -1121)"
    assert (caught.value.status, caught.value.fatal) == (400, True)
    assert venue.asked == 1


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [
        (429, {"Retry_After": "30"}, 30.0),
        (
            429,
            {
                "Date": "Fri, 24 Jul 2026 12:00:00 GMT",
                "Retry_After": "Fri, 24 Jul 2026 12:01:30 GMT",
            },
            90.0,
        ),
        (429, {}, 60.0),
        (418, {"Retry_After": "86400"}, 86400.0),
        (418, {}, 300.0),
    ],
)
async def test_too_many_requests_freeze_every_request_of_the_venue(
    venue: Venue, status: int, headers: dict[str, str], seconds: float
) -> None:
    venue.answers = [answer(status, **headers), good]

    with pytest.raises(TransportError) as caught:
        await venue.fetch()
    assert caught.value.retry_after_s == pytest.approx(seconds)
    with pytest.raises(TransportError, match="allows no requests for"):
        await venue.fetch()
    assert venue.asked == 1

    await venue.clock.advance(seconds + 0.1)
    assert await venue.fetch() == 5_000_000
    assert venue.log()[0][0] is ErrorCategory.SERVER


async def test_a_web_page_instead_of_data_is_the_servers_fault(venue: Venue) -> None:
    venue.answers = [answer(200, "\n<!DOCTYPE html><title>Maintenance</title>")]

    with pytest.raises(ProtocolError):
        await venue.fetch()

    assert venue.log() == [
        (ErrorCategory.SERVER, f"{venue.host} answered with a web page instead of data")
    ]


async def test_a_truncated_body_is_a_parse_error(venue: Venue) -> None:
    venue.answers = [answer(200, '{"serverTi')]

    with pytest.raises(ProtocolError):
        await venue.fetch()

    assert venue.log() == [
        (ErrorCategory.PARSE, f"the answer of {venue.host}: Input data was truncated")
    ]


def refusing(error: TransportError) -> Callable[[bytes, int], int]:
    """A decoder of a venue that refuses in the bodies of good answers, the first time."""
    refusals = [error]

    def decode(body: bytes, ts_local: int) -> int:
        if refusals:
            raise refusals.pop()
        return 5

    return decode


async def test_a_refusal_in_a_good_answer_is_left_to_the_caller(venue: Venue) -> None:
    venue.answers = [good]
    error = TransportError("EQuery:Unknown asset pair", status=400, fatal=True)
    request = RestRequest(f"http://{venue.host}/", {}, refusing(error))

    with pytest.raises(TransportError, match="Unknown asset pair"):
        await venue.client.fetch(request)

    assert (venue.asked, venue.log()) == (1, [])


async def test_a_failure_told_in_a_good_answer_is_tried_again(venue: Venue) -> None:
    venue.answers = [good]
    error = TransportError("EService:Unavailable", status=503)
    request = RestRequest(f"http://{venue.host}/", {}, refusing(error))

    assert await venue.patiently(venue.client.fetch(request)) == 5
    assert (venue.asked, venue.log()) == (2, [])


async def test_too_many_requests_told_in_a_good_answer_freezes_the_venue(venue: Venue) -> None:
    venue.answers = [good]
    error = TransportError("EAPI:Rate limit exceeded", status=429, retry_after_s=5.0)
    request = RestRequest(f"http://{venue.host}/", {}, refusing(error))

    with pytest.raises(TransportError, match="Rate limit"):
        await venue.client.fetch(request)

    assert venue.client.frozen_s == 5.0
    assert venue.log() == [
        (
            ErrorCategory.SERVER,
            f"{venue.host}: EAPI:Rate limit exceeded; no requests for 5 s",
        )
    ]


async def test_a_decoder_that_stumbles_is_a_parse_error_too(venue: Venue) -> None:
    def stumble(body: bytes, ts_local: int) -> int:
        raise KeyError("price")

    venue.answers = [good]

    with pytest.raises(ProtocolError):
        await venue.client.fetch(RestRequest(f"http://{venue.host}/", {}, stumble))

    assert venue.log() == [(ErrorCategory.PARSE, f"the answer of {venue.host}: KeyError: 'price'")]


async def test_a_venue_that_cannot_be_reached_is_a_connection_error(venue: Venue) -> None:
    adapter = BinanceAdapter({"rest": "http://127.0.0.1:1"})

    with pytest.raises(TransportError):
        await venue.patiently(venue.client.fetch(adapter.time_request()))

    assert venue.log() == [
        (ErrorCategory.CONNECTION, "cannot connect to 127.0.0.1:1: connection refused")
    ]


async def test_three_requests_at_once_are_enough(venue: Venue) -> None:
    venue.answers = [good]
    venue.hold.clear()
    tasks = [asyncio.create_task(venue.fetch()) for _ in range(8)]
    await until(lambda: venue.at_once == 3)
    venue.hold.set()

    assert await asyncio.gather(*tasks) == [5_000_000] * 8
    assert venue.at_once_most == 3


async def test_the_budget_of_weight_is_kept(venue: Venue) -> None:
    venue.answers = [good]
    venue.adapter.limits = Limits(rest_weight=100, rest_window_s=60.0)
    client = venue.make_client()
    request = RestRequest(f"http://{venue.host}/", {}, lambda body, ts: 1, weight=40)
    await client.fetch(request)
    await client.fetch(request)
    third = asyncio.create_task(client.fetch(request))
    await venue.clock.advance(59.0)
    assert venue.asked == 2

    await venue.clock.advance(1.1)

    assert await third == 1


async def test_what_others_at_our_address_spent_counts_too(venue: Venue) -> None:
    venue.adapter.limits = Limits(rest_weight=100, rest_used_header="X-Used")
    venue.answers = [answer(200, '{"serverTime": 5}', X_Used="75")]
    client = venue.make_client()
    request = RestRequest(f"http://{venue.host}/", {}, lambda body, ts: 1, weight=10)
    await client.fetch(request)

    second = asyncio.create_task(client.fetch(request))
    await venue.clock.advance(59.0)
    assert venue.asked == 1
    await venue.clock.advance(1.1)

    assert await second == 1


@pytest.mark.parametrize(
    ("body", "kind", "message"),
    [
        ("", "application/json", "answered with nothing"),
        ("  \n", "application/json", "answered with nothing"),
        ("upstream timed out", "text/plain", "answered with text/plain instead of data"),
        ("<html>", "application/json", "answered with a web page instead of data"),
    ],
)
async def test_an_answer_that_is_no_data_is_named_with_its_host(
    venue: Venue, body: str, kind: str, message: str
) -> None:
    venue.answers = [lambda: web.Response(text=body, content_type=kind)]

    with pytest.raises(ProtocolError):
        await venue.fetch()

    assert venue.log() == [(ErrorCategory.SERVER, f"{venue.host} {message}")]


async def test_data_under_a_wrong_label_is_data(venue: Venue) -> None:
    venue.answers = [lambda: web.Response(text='{"serverTime": 5}', content_type="text/html")]

    assert await venue.fetch() == 5_000_000


async def test_an_endpoint_that_fails_again_and_again_is_left_alone_and_then_tried_once(
    venue: Venue,
) -> None:
    venue.answers = [answer(503)]
    url = f"http://{venue.host}/"
    for _ in range(5):
        with pytest.raises(TransportError, match="HTTP 503"):
            await venue.client.get(url, {})

    with pytest.raises(TransportError, match="left alone for now") as held:
        await venue.client.get(url, {})
    assert (venue.asked, held.value.retry_after_s) == (5, 60.0)
    assert venue.breakers.resting() == {venue.host: 60.0}

    venue.answers = [good]
    await venue.clock.advance(60.0)
    assert await venue.fetch() == 5_000_000
    assert venue.breakers.resting() == {}


async def test_a_breaker_that_opens_ends_the_tries_of_a_request(venue: Venue) -> None:
    venue.answers = [answer(502)]
    for _ in range(2):
        with pytest.raises(TransportError):
            await venue.patiently(venue.fetch())

    assert venue.asked == 5


async def test_refusals_are_the_venues_answers_and_open_no_breaker(venue: Venue) -> None:
    venue.answers = [answer(400, '{"code":-1121,"msg":"Invalid symbol."}')]

    for _ in range(8):
        with pytest.raises(TransportError, match="Invalid symbol"):
            await venue.fetch()

    assert venue.breakers.resting() == {}


async def test_one_request_without_a_second_try_gives_any_answer_as_it_is(venue: Venue) -> None:
    venue.answers = [answer(304, ETag='"7"')]

    response = await venue.client.get(f"http://{venue.host}/", {}, headers={"If-None-Match": "1"})

    assert (response.status, response.headers["ETag"]) == (304, '"7"')
    assert venue.seen_headers["If-None-Match"] == "1"


async def test_a_request_timeout_of_the_server_is_tried_again(venue: Venue) -> None:
    venue.answers = [answer(408), answer(425), good]

    assert await venue.patiently(venue.fetch()) == 5_000_000


async def test_every_request_shows_who_asks_and_no_message_does(venue: Venue) -> None:
    async def identity() -> dict[str, str]:
        return {"Authorization": "Bearer s3cret"}

    client = venue.make_client(identity)
    venue.answers = [good, answer(403, "no such right")]
    await client.get(f"http://{venue.host}/", {}, headers={"Accept": "text/plain"})
    assert venue.seen_headers["Authorization"] == "Bearer s3cret"
    assert venue.seen_headers["Accept"] == "text/plain"

    with pytest.raises(TransportError) as caught:
        await client.fetch(venue.adapter.time_request())

    assert "s3cret" not in str(caught.value)
    assert not any("s3cret" in message for _, message in venue.log())
    assert client.frozen_s == 0.0


async def test_without_an_identity_nothing_is_asked(venue: Venue) -> None:
    async def identity() -> dict[str, str]:
        raise ConfigError("the token command failed", "check auth.command")

    venue.answers = [good]

    with pytest.raises(TransportError, match="the token command failed") as caught:
        await venue.make_client(identity).fetch(venue.adapter.time_request())

    assert (caught.value.fatal, venue.asked) == (True, 0)


async def test_many_requests_of_one_kind_hold_up_none_of_another(venue: Venue) -> None:
    venue.answers = [good]
    venue.hold.clear()

    def ask(path: str) -> RestRequest[int]:
        return RestRequest(f"http://{venue.host}/{path}", {}, lambda body, ts: 1)

    books = [
        asyncio.create_task(venue.client.fetch(ask(f"book{number}"), lane="books"))
        for number in range(9)
    ]
    await until(lambda: venue.at_once == 3)
    candles = asyncio.create_task(venue.client.fetch(ask("candles"), lane="candles"))
    gone = asyncio.create_task(venue.client.fetch(ask("gone"), lane="candles"))
    await asyncio.sleep(0)
    gone.cancel()
    venue.hold.set()
    await asyncio.gather(candles, *books)

    assert venue.paths.index("/candles") <= 4
    assert "/gone" not in venue.paths
