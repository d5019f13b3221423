"""What runs behind the screen, against a venue on loopback."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from tui.adapters.binance import BinanceAdapter
from tui.feed.clock import ManualClock
from tui.feed.error_log import ErrorLog
from tui.feed.settings import FeedSettings
from tui.model.instrument import Instrument
from tui.model.timeframe import Timeframe
from tui.session import Session

BTC = Instrument("BINANCE", "BTCUSDT")
MINUTE = Timeframe.parse("1m")
ROW = [0, "1", "1", "1", "1", "1", 59_999, "1", 1, "1", "1", "0"]


class Venue:
    """Serves one candle, and counts how often it is asked for."""

    def __init__(self) -> None:
        self.asked = 0
        self.refuses = False

    async def klines(self, request: web.Request) -> web.Response:
        self.asked += 1
        if self.refuses:
            return web.json_response({"code": -1121, "msg": "Invalid symbol."}, status=400)
        return web.json_response([ROW])


@pytest.fixture
def venue() -> Venue:
    return Venue()


@pytest.fixture
async def session(venue: Venue) -> AsyncIterator[Session]:
    application = web.Application()
    application.router.add_get("/api/v3/klines", venue.klines)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    clock = ManualClock()
    made = Session(
        clock=clock,
        rng=random.Random(1),
        errors=ErrorLog(clock),
        settings=FeedSettings(),
        start=lambda name, work: work.close(),
    )
    made.open_feed(BinanceAdapter({"rest": site.name}))
    yield made
    await made.close()
    await runner.cleanup()


async def test_small_histories_are_fetched_once_while_they_are_fresh(
    session: Session, venue: Venue
) -> None:
    await session.fetch_history([BTC], MINUTE)
    await session.fetch_history([BTC], MINUTE)

    assert venue.asked == 1
    assert len(session.market[BTC].series(MINUTE)) == 1


async def test_small_histories_are_fetched_again_after_a_jump_in_time(
    session: Session, venue: Venue
) -> None:
    await session.fetch_history([BTC], MINUTE)

    session.restart("moved to another moment")
    await session.fetch_history([BTC], MINUTE)

    assert venue.asked == 2
    assert len(session.market[BTC].series(MINUTE)) == 1


async def test_a_history_that_the_venue_refuses_is_said_and_not_asked_for_in_a_loop(
    session: Session, venue: Venue
) -> None:
    venue.refuses = True

    await session.fetch_history([BTC], MINUTE)
    await session.fetch_history([BTC], MINUTE)

    assert venue.asked == 1
    assert [record.message for record in session.errors.records()] == [
        "no candles by REST: Invalid symbol. (code -1121)"
    ]
