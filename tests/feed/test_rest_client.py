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
from tui.feed.clock import ManualClock
from tui.feed.error_log import ErrorLog
from tui.feed.rest_client import RestClient
from tui.model.errors import ProtocolError, TransportError
from tui.model.health import ErrorCategory
from tui.transports.rest import RestTransport

Answer = Callable[[], web.Response]


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
        self.client: RestClient
        self.adapter: BinanceAdapter

    async def serve(self, request: web.Request) -> web.Response:
        self.asked += 1
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
    made.client = RestClient(
        made.adapter, rest, clock=made.clock, rng=random.Random(1), errors=made.errors
    )
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
    rest = RestTransport()
    client = RestClient(
        venue.adapter, rest, clock=venue.clock, rng=random.Random(1), errors=venue.errors
    )
    request = RestRequest(f"http://{venue.host}/", {}, lambda body, ts: 1, weight=40)
    await client.fetch(request)
    await client.fetch(request)
    third = asyncio.create_task(client.fetch(request))
    await venue.clock.advance(59.0)
    assert venue.asked == 2

    await venue.clock.advance(1.1)

    assert await third == 1
    await rest.close()
