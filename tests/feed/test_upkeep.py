"""What each subscription needs is done at the right moment: after gaps, silence and standstill."""

from __future__ import annotations

import random

from tui.adapters.binance import BinanceAdapter
from tui.feed.clock import ManualClock
from tui.feed.error_log import ErrorLog
from tui.feed.metrics import Metrics
from tui.feed.rest_client import RestClient
from tui.feed.settings import FeedSettings
from tui.feed.trace import TraceKind
from tui.feed.upkeep import Upkeep
from tui.market.market import Market
from tui.model.events import Gap, Rejection
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription
from tui.model.timeframe import Timeframe
from tui.model.transport import TransportKind
from tui.transports.rest import RestTransport

BTC = Instrument("BINANCE", "BTCUSDT")
ETH = Instrument("BINANCE", "ETHUSDT")
TICKER = Subscription(BTC, Channel.TICKER)
TRADES = Subscription(BTC, Channel.TRADES)
BOOK = Subscription(BTC, Channel.BOOK)
CANDLES = Subscription(BTC, Channel.CANDLES, Timeframe(1, "m"))
ETH_TRADES = Subscription(ETH, Channel.TRADES)


class Notes:
    is_on = True

    def __init__(self) -> None:
        self.notes: list[tuple[str, str]] = []

    def note(self, kind: TraceKind, venue: str, text: str | bytes) -> None:
        self.notes.append((kind.value, str(text)))


class Desk:
    """An upkeep that was told of a connection, whose jobs wait to be looked at."""

    def __init__(self, *wanted: Subscription) -> None:
        self.clock = ManualClock()
        self.adapter = BinanceAdapter()
        self.market = Market()
        self.errors = ErrorLog(self.clock)
        self.failed: list[str] = []
        self.trace = Notes()
        rng = random.Random(1)
        self.upkeep = Upkeep(
            self.adapter,
            self.market,
            RestClient(
                self.adapter, RestTransport(), clock=self.clock, rng=rng, errors=self.errors
            ),
            clock=self.clock,
            rng=rng,
            errors=self.errors,
            settings=FeedSettings(),
            metrics=Metrics(),
            useful=lambda: None,
            renew=lambda cause: None,
            fail=self.failed.append,
            trace=self.trace,
        )
        self.upkeep.want(wanted)
        self.upkeep.connected(TransportKind.WEBSOCKET)
        for stream in self.upkeep.subscriptions.streams.values():
            stream.acked = True
            stream.asked_at = self.clock.monotonic()
        self.upkeep.jobs.cancel_all()
        self.upkeep.outbox.clear()

    def fetches(self) -> set[Subscription]:
        streams = self.upkeep.subscriptions.streams
        return {one for one in streams if self.upkeep.jobs.is_running(one)}


def test_a_gap_in_one_subscription_is_mended_alone() -> None:
    desk = Desk(TICKER, TRADES, BOOK, CANDLES, ETH_TRADES)

    desk.upkeep.gap(Gap("sequence jumped from 4 to 7", 1, TRADES))

    assert desk.fetches() == {TRADES}
    assert [record.message for record in desk.errors.records()] == ["sequence jumped from 4 to 7"]


def test_after_a_gap_on_the_whole_connection_everything_is_fetched() -> None:
    desk = Desk(TICKER, TRADES, BOOK, CANDLES, ETH_TRADES)

    desk.upkeep.gap(Gap("messages 10 to 12 are missing", 1))

    assert desk.fetches() == {TRADES, BOOK, CANDLES, ETH_TRADES}


def test_a_book_with_a_gap_is_not_shown_as_verified() -> None:
    desk = Desk(BOOK)

    desk.upkeep.gap(Gap("a patch did not fit", 1, BOOK))

    truth = desk.market.truth(BOOK)
    assert (truth.status.value, truth.reason, truth.verified) == (
        "syncing",
        "a patch did not fit",
        False,
    )


def test_a_gap_in_what_nobody_wants_any_more_is_only_told() -> None:
    desk = Desk(TICKER)

    desk.upkeep.gap(Gap("sequence jumped", 1, TRADES))

    assert desk.fetches() == set()
    assert len(desk.errors) == 1


async def test_a_silent_subscription_is_asked_for_alone_and_the_connection_ended_only_after() -> (
    None
):
    desk = Desk(TICKER, TRADES)
    sent = []

    await desk.clock.advance(91.0)
    desk.upkeep.tick()
    while len(desk.upkeep.outbox):
        sent.append(await desk.upkeep.outbox.next())
    assert desk.failed == []
    await desk.clock.advance(90.0)
    desk.upkeep.tick()

    assert [(one.subscriptions, asks) for one, asks in sent[-1:]] == [((TICKER,), True)]
    assert desk.failed == ["no data of BINANCE:BTCUSDT ticker, though it was asked for again"]


def test_when_everything_is_refused_nothing_is_wished_until_the_user_tries_again() -> None:
    desk = Desk(TICKER)
    assert desk.upkeep.wishes.is_set()

    desk.upkeep.refused(Rejection("no such symbol", subscription=TICKER))
    assert not desk.upkeep.wishes.is_set()

    desk.upkeep.forgive()
    assert desk.upkeep.wishes.is_set()


def test_each_change_of_a_subscription_is_noted_for_whoever_debugs() -> None:
    desk = Desk(TICKER)

    desk.upkeep.lost("gone")

    assert desk.trace.notes[-1] == ("subscription", "BINANCE:BTCUSDT ticker: pending gone")


def test_the_screen_is_told_how_data_arrives() -> None:
    desk = Desk(TICKER)
    assert desk.market.truth(TICKER).transport is TransportKind.WEBSOCKET

    desk.upkeep.lost("gone")
    assert desk.market.truth(TICKER).transport is None

    desk.upkeep.connected(TransportKind.POLL)
    assert desk.market.truth(TICKER).transport is TransportKind.POLL
