"""What runs behind the screen, against a venue on loopback."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from tui.adapters.binance import BinanceAdapter
from tui.adapters.native import NativeAdapter
from tui.config import TokenSettings
from tui.debug_log import DebugLog
from tui.feed.clock import ManualClock, SystemClock
from tui.feed.error_log import ErrorLog
from tui.feed.feed import Feed
from tui.feed.redaction import Redactor
from tui.feed.settings import FeedSettings
from tui.feed.vigil import Disturbance, DisturbanceKind
from tui.market.candle_series import Past
from tui.model.errors import TransportError
from tui.model.health import ConnectionState
from tui.model.instrument import Instrument, InstrumentInfo, VenueListing
from tui.model.subscription import Channel, Subscription, SubscriptionStatus, Truth
from tui.model.timeframe import Timeframe
from tui.model.transport import TransportKind
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


# -- secrets, tokens, focus --------------------------------------------------------------------

SECRET = "s3cr3t-t0k3n"


async def refuse(request: web.Request) -> web.Response:
    """Every request, with the token in the refusal: in clear and encoded."""
    sent = request.headers.get("Authorization", "")
    told = {"error": f"I do not know {sent}", "code": f"?token={SECRET}"}
    return web.json_response(told, status=401)


@pytest.fixture
async def refusing() -> AsyncIterator[str]:
    application = web.Application()
    application.router.add_route("*", "/{tail:.*}", refuse)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield site.name
    await runner.cleanup()


async def test_a_refused_token_is_told_and_shown_nowhere(
    refusing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_TOKEN", SECRET)
    clock, redactor, tasks = SystemClock(), Redactor(), []
    debug = DebugLog(tmp_path / "debug.log", clock=clock, redactor=redactor)
    debug.switch(True)
    session = Session(
        clock=clock,
        rng=random.Random(1),
        errors=ErrorLog(clock, redactor=redactor),
        settings=FeedSettings(backoff_initial_s=0.01),
        start=lambda name, work: tasks.append(asyncio.create_task(work)),
        redactor=redactor,
        trace=debug,
    )
    adapter = NativeAdapter({"rest": refusing}, venue="MINE")
    mine = Subscription(Instrument("MINE", "BTCUSDT"), Channel.TRADES)
    session.want([mine])
    session.open_feed(adapter, TokenSettings(variable="MY_TOKEN"))
    for _ in range(1500):
        if session.health()[0].state is ConnectionState.ERROR:
            break
        await asyncio.sleep(0.01)
    debug.close()

    shown = [
        repr(session.health()),
        repr(session.history("MINE")),
        repr(session.subscriptions("MINE")),
        repr(session.market.truth(mine)),
        repr(session.errors.records()),
        (tmp_path / "debug.log").read_text(),
    ]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await session.close()

    assert "ERROR" in shown[0]
    assert "401" in shown[0]
    assert [SECRET in text for text in shown] == [False] * 6


async def test_a_truth_repeats_no_secret(session: Session) -> None:
    session._redactor.add(SECRET)
    subscription = Subscription(BTC, Channel.TICKER)

    session.market.set_truth(subscription, Truth(SubscriptionStatus.REJECTED, f"who is {SECRET}?"))

    assert session.market.truth(subscription).reason == "who is •••?"


async def test_a_word_on_older_candles_repeats_no_secret(session: Session) -> None:
    session._redactor.add(SECRET)

    session.market.tell_past(
        Subscription(BTC, Channel.CANDLES, MINUTE), Past(note=f"no older candles: {SECRET}")
    )

    assert session.market[BTC].series(MINUTE).past == Past(note="no older candles: •••")


async def test_a_token_for_a_public_venue_is_told_to_be_of_no_use() -> None:
    clock = ManualClock()
    session = Session(
        clock=clock,
        rng=random.Random(1),
        errors=ErrorLog(clock),
        settings=FeedSettings(),
        start=lambda name, work: work.close(),
    )

    session.open_feed(BinanceAdapter(), TokenSettings(variable="MY_TOKEN"))
    await session.close()

    assert [record.message for record in session.errors.records()] == [
        "all of its data is public: the token of config.toml is not used"
    ]


async def test_focus_reaches_feeds_that_are_open_and_those_that_open_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    focused: list[tuple[str, set[Instrument]]] = []
    monkeypatch.setattr(Feed, "focus", lambda feed, chosen: focused.append((feed.venue, chosen)))
    clock = ManualClock()
    session = Session(
        clock=clock,
        rng=random.Random(1),
        errors=ErrorLog(clock),
        settings=FeedSettings(),
        start=lambda name, work: work.close(),
    )
    session.open_feed(BinanceAdapter())

    session.focus([BTC])
    session.focus([BTC])
    session.open_feed(BinanceAdapter(venue="SIM"))
    await session.close()

    assert focused == [("BINANCE", set()), ("BINANCE", {BTC}), ("SIM", {BTC})]


async def test_the_best_transport_of_a_venue_is_known_once_its_feed_is_open(
    session: Session,
) -> None:
    assert session.best_transport("BINANCE") is TransportKind.WEBSOCKET
    assert session.best_transport("KRAKEN") is None


async def test_what_the_machine_did_is_told_to_every_feed_and_to_the_user(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Disturbance] = []
    monkeypatch.setattr(Feed, "disturbed", lambda feed, disturbance: told.append(disturbance))
    slept = Disturbance(DisturbanceKind.SUSPENDED, 90.0, "this machine slept for 90 s")

    session._disturbed(slept)

    assert told == [slept]
    assert session.errors.records()[0].message == "this machine slept for 90 s"


# -- symbols -----------------------------------------------------------------------------------


async def test_each_venues_symbols_come_as_soon_as_it_answers_and_a_problem_is_told(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = asyncio.Event()
    eth = InstrumentInfo(Instrument("BINANCE", "ETHUSDT"), "ETH", "USDT")

    async def answer(feed: Feed) -> list[InstrumentInfo]:
        if feed.venue == "NATIVE":
            raise TransportError("there is no list of symbols")
        await slow.wait()
        return [eth]

    monkeypatch.setattr(Feed, "instruments", answer)
    session.open_feed(NativeAdapter({"rest": "http://127.0.0.1:9"}))
    listings = session.instruments()

    first = await anext(listings)
    slow.set()

    assert first == VenueListing("NATIVE", [], "there is no list of symbols")
    assert await anext(listings) == VenueListing("BINANCE", [eth])
    await listings.aclose()
