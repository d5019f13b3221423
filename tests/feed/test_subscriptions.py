"""How each subscription stands."""

from __future__ import annotations

import msgspec
import pytest

from tui.adapters.binance import BinanceAdapter
from tui.feed.clock import ManualClock
from tui.feed.settings import FeedSettings
from tui.feed.streams import Entry, Stream
from tui.feed.subscriptions import Subscriptions
from tui.model.events import Rejection
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription
from tui.model.timeframe import Timeframe

BTC = Instrument("BINANCE", "BTCUSDT")
TICKER = Subscription(BTC, Channel.TICKER)
TRADES = Subscription(BTC, Channel.TRADES)
BOOK = Subscription(BTC, Channel.BOOK)
CANDLES = Subscription(BTC, Channel.CANDLES, Timeframe.parse("1m"))
SETTINGS = FeedSettings(ack_timeout_s=10.0, stale_after_s=10.0)


class Registry(Subscriptions):
    """A registry with a clock of its own, that remembers what it told."""

    def __init__(self, channels: frozenset[Channel] | None = None) -> None:
        self.clock = ManualClock()
        self.adapter = BinanceAdapter(channels=channels)
        self.told: list[tuple[Channel, str, str]] = []
        super().__init__(self.adapter, SETTINGS, self.clock, self._note)

    def _note(self, entry: Entry) -> None:
        self.told.append((entry.subscription.channel, entry.status.value, entry.reason))

    def status(self, subscription: Subscription) -> tuple[str, str]:
        entry = self.entries[subscription]
        return entry.status.value, entry.reason

    def ask(self, *subscriptions: Subscription) -> int:
        """Send one request for these; returns its id."""
        (outgoing,) = self.adapter.subscribe(subscriptions)
        self.sent(outgoing)
        assert outgoing.request_id is not None
        return outgoing.request_id

    def stream(self, subscription: Subscription) -> Stream:
        return self.streams[subscription]


def test_without_a_connection_everything_waits() -> None:
    registry = Registry()

    registry.want([TICKER])

    assert registry.status(TICKER) == ("pending", "waiting for the connection")


def test_a_ticker_is_live_with_its_first_data() -> None:
    registry = Registry()
    registry.want([TICKER])
    registry.connected()
    assert registry.status(TICKER) == ("pending", "subscribing")
    registry.acknowledge(registry.ask(TICKER))
    assert registry.status(TICKER) == ("syncing", "waiting for data")

    registry.data(registry.stream(TICKER))

    assert registry.status(TICKER) == ("live", "")


def test_candles_are_live_when_their_history_is_there() -> None:
    registry = Registry()
    registry.want([CANDLES])
    registry.connected()
    registry.acknowledge(registry.ask(CANDLES))
    registry.data(registry.stream(CANDLES))
    registry.syncing(CANDLES, "loading history")
    assert registry.status(CANDLES) == ("syncing", "loading history")

    registry.loaded(CANDLES)

    assert registry.status(CANDLES) == ("live", "")


def test_a_book_is_live_and_verified_when_its_policy_says_so() -> None:
    registry = Registry()
    registry.want([BOOK])
    registry.connected()
    registry.acknowledge(registry.ask(BOOK))

    registry.loaded(BOOK, "sequence")
    assert registry.status(BOOK) == ("live", "sequence")
    assert registry.entries[BOOK].verified

    registry.syncing(BOOK, "gap: 3 updates missed")
    assert registry.status(BOOK) == ("syncing", "gap: 3 updates missed")
    assert not registry.entries[BOOK].verified


def test_a_loss_makes_what_lived_stale_and_the_rest_pending() -> None:
    registry = Registry()
    registry.want([TICKER, CANDLES])
    registry.connected()
    registry.acknowledge(registry.ask(TICKER, CANDLES))
    registry.data(registry.stream(TICKER))

    registry.lost("disconnected: no pong")

    assert registry.status(TICKER) == ("stale", "disconnected: no pong")
    assert registry.status(CANDLES) == ("pending", "disconnected: no pong")


async def test_a_request_without_an_answer_is_asked_again() -> None:
    registry = Registry()
    registry.want([TICKER])
    registry.connected()
    registry.ask(TICKER)
    await registry.clock.advance(9.0)
    assert registry.overdue() == []

    await registry.clock.advance(1.0)

    assert registry.overdue() == [TICKER]
    assert registry.overdue() == []
    registry.ask(TICKER)
    assert registry.status(TICKER) == ("pending", "no answer, asked 2 times")


async def test_data_counts_as_an_answer() -> None:
    registry = Registry()
    registry.want([TICKER])
    registry.connected()
    registry.ask(TICKER)
    registry.data(registry.stream(TICKER))

    await registry.clock.advance(60.0)

    assert registry.overdue() == []


async def test_silence_is_stale_even_if_the_first_frame_never_came() -> None:
    registry = Registry()
    registry.want([TICKER, TRADES])
    registry.connected()
    registry.acknowledge(registry.ask(TICKER, TRADES))
    registry.loaded(TICKER)
    registry.loaded(TRADES)

    await registry.clock.advance(90.5)
    fallen = registry.check_silence()

    assert [stream.subscription for stream in fallen] == [TICKER]
    assert registry.status(TICKER) == ("stale", "no data for 90 s")
    assert registry.status(TRADES) == ("live", "")
    assert registry.check_silence() == []
    registry.data(registry.stream(TICKER))
    assert registry.status(TICKER) == ("live", "")


def test_a_rejection_shows_the_venues_words_and_stays_through_a_reconnect() -> None:
    registry = Registry()
    registry.want([TICKER])
    registry.connected()
    request_id = registry.ask(TICKER)

    registry.refuse(Rejection("Invalid request: invalid stream", request_id=request_id))
    assert registry.status(TICKER) == ("rejected", "Invalid request: invalid stream")
    registry.lost("gone")
    registry.connected()

    assert registry.status(TICKER) == ("rejected", "Invalid request: invalid stream")
    assert registry.streams == {}


def test_of_a_refused_batch_only_the_guilty_one_is_rejected() -> None:
    registry = Registry()
    wanted = [TICKER, TRADES, BOOK, CANDLES]
    registry.want(wanted)
    registry.connected()
    pending = [registry.ask(*wanted)]
    rejected: list[Subscription] = []

    while pending:
        request_id = pending.pop()
        asked = registry._requests[request_id]
        if BOOK not in asked:
            registry.acknowledge(request_id)
            continue
        entries, groups = registry.refuse(Rejection("no", request_id=request_id))
        rejected += [entry.subscription for entry in entries]
        pending += [registry.ask(*group) for group in groups]

    assert rejected == [BOOK]
    assert [registry.status(one)[0] for one in wanted] == [
        "syncing",
        "syncing",
        "rejected",
        "syncing",
    ]


def test_the_user_may_ask_again_for_what_was_rejected() -> None:
    registry = Registry()
    registry.want([TICKER])
    registry.connected()
    registry.reject([TICKER], "unknown symbol")

    assert registry.forgive() == [TICKER]

    assert registry.status(TICKER) == ("pending", "subscribing")
    assert list(registry.streams) == [TICKER]


def test_what_is_no_longer_wanted_is_off_and_given_up() -> None:
    registry = Registry()
    registry.want([TICKER, BOOK])
    registry.told.clear()

    change = registry.want([TICKER])

    assert change.give_up == [BOOK]
    assert change.removed == [BOOK]
    assert registry.told == [(Channel.BOOK, "off", "")]


def test_candles_are_streamed_in_the_timeframes_that_the_venue_streams_and_built_in_the_others() -> (
    None
):
    registry = Registry()
    five = Subscription(BTC, Channel.CANDLES, Timeframe.parse("5m"))
    registry.adapter.streamed_timeframes = (Timeframe.parse("5m"),)

    change = registry.want([CANDLES, five])

    assert change.ask == [TRADES, five]
    assert registry.entries[CANDLES].stream is registry.stream(TRADES)
    assert registry.entries[five].stream is registry.stream(five)


def test_candles_and_prices_live_on_trades_where_the_venue_streams_neither() -> None:
    registry = Registry(channels=frozenset({Channel.TRADES, Channel.BOOK}))

    change = registry.want([CANDLES, TICKER])
    assert change.ask == [TRADES]
    registry.connected()
    registry.acknowledge(registry.ask(TRADES))
    registry.data(registry.stream(TRADES))
    registry.loaded(CANDLES)

    assert registry.status(TICKER) == ("live", "")
    assert registry.status(CANDLES) == ("live", "")
    assert registry.want([CANDLES]).give_up == []
    assert registry.want([]).give_up == [TRADES]


def test_a_timeframe_that_the_venue_lacks_is_built_from_trades() -> None:
    registry = Registry()

    change = registry.want([Subscription(BTC, Channel.CANDLES, Timeframe.parse("7m"))])

    assert change.ask == [TRADES]


def test_a_channel_that_the_venue_lacks_is_rejected() -> None:
    registry = Registry(channels=frozenset({Channel.TRADES}))

    registry.want([BOOK])

    assert registry.status(BOOK) == ("rejected", "BINANCE has no such channel")


@pytest.mark.parametrize(
    "answer", [lambda r: r.acknowledge(999), lambda r: r.refuse(Rejection("?"))]
)
def test_an_answer_to_nothing_changes_nothing(answer: object) -> None:
    registry = Registry()
    registry.want([TICKER])
    registry.connected()
    registry.told.clear()

    answer(registry)  # type: ignore[operator]

    assert registry.told == []


def test_more_than_the_venue_takes_is_rejected_and_harms_no_other() -> None:
    registry = Registry()
    wanted = [
        Subscription(Instrument("BINANCE", f"S{number}"), Channel.TICKER) for number in range(1025)
    ]

    registry.want(wanted)

    assert registry.counts() == {"pending": 1024, "rejected": 1}


async def test_a_stream_that_stays_silent_though_asked_again_is_hopeless_once() -> None:
    registry = Registry()
    registry.want([TICKER])
    registry.connected()
    registry.acknowledge(registry.ask(TICKER))
    registry.data(registry.stream(TICKER))

    await registry.clock.advance(91)
    assert [one.subscription for one in registry.check_silence()] == [TICKER]
    assert registry.hopeless() is None
    await registry.clock.advance(90)

    assert registry.hopeless() == TICKER
    assert registry.hopeless() is None


async def test_with_a_market_that_sleeps_patience_doubles() -> None:
    registry = Registry()
    registry.want([TICKER])
    waits = []
    for _ in range(3):
        registry.connected()
        registry.acknowledge(registry.ask(TICKER))
        waited = 0
        while registry.hopeless() is None:
            await registry.clock.advance(10)
            registry.check_silence()
            waited += 10
        waits.append(waited)

    assert waits == [190, 370, 730]


async def test_one_that_was_never_answered_is_not_the_connections_fault_while_others_are() -> None:
    registry = Registry()
    registry.want([TICKER, TRADES])
    registry.connected()
    registry.acknowledge(registry.ask(TICKER))
    for _ in range(4):
        registry.ask(TRADES)
        await registry.clock.advance(11)

    assert not registry.is_ignored()


async def test_a_venue_that_answers_no_request_ignores_us() -> None:
    registry = Registry()
    registry.want([TICKER, TRADES])
    registry.connected()
    for _ in range(3):
        assert not registry.is_ignored()
        registry.ask(TICKER, TRADES)
        await registry.clock.advance(10)

    assert registry.is_ignored()


def test_a_late_answer_does_not_acknowledge_what_was_given_up_and_asked_for_again() -> None:
    registry = Registry()
    registry.want([TRADES])
    registry.connected()
    first = registry.ask(TRADES)
    registry.want([])
    registry.want([TRADES])
    second = registry.ask(TRADES)

    assert registry.acknowledge(first) == []
    assert [stream.subscription for stream in registry.acknowledge(second)] == [TRADES]


def test_where_others_left_there_is_room_for_those_that_wait() -> None:
    registry = Registry()
    registry.adapter.limits = msgspec.structs.replace(
        registry.adapter.limits, streams_per_connection=2
    )
    registry.want([TICKER, TRADES, BOOK])
    assert registry.status(BOOK) == ("rejected", "more than 2 subscriptions")

    change = registry.want([TRADES, BOOK])

    assert (change.ask, change.give_up) == ([BOOK], [TICKER])
    assert registry.status(BOOK)[0] == "pending"


def test_a_new_wish_goes_before_those_that_wait() -> None:
    registry = Registry()
    registry.adapter.limits = msgspec.structs.replace(
        registry.adapter.limits, streams_per_connection=2
    )
    registry.want([TICKER, TRADES, BOOK])

    assert registry.want([TRADES, BOOK, CANDLES]).ask == [CANDLES]
    assert registry.status(BOOK) == ("rejected", "more than 2 subscriptions")


async def test_what_is_never_answered_is_asked_for_ever_more_rarely() -> None:
    registry = Registry()
    registry.want([TICKER])
    registry.connected()
    registry.ask(TICKER)
    asked = []
    for _ in range(360):
        await registry.clock.advance(10.0)
        for late in registry.overdue():
            registry.ask(late)
            asked.append(registry.clock.monotonic())

    assert asked[:6] == [10.0, 20.0, 30.0, 50.0, 90.0, 170.0]
    assert len(asked) == 12  # once in eleven minutes at last


def test_requests_that_are_never_answered_are_not_remembered_for_ever() -> None:
    registry = Registry()
    registry.want([TICKER])
    registry.connected()
    for _ in range(2000):
        registry.ask(TICKER)

    assert len(registry._requests) == 1024


def test_requests_for_what_was_given_up_are_forgotten() -> None:
    registry = Registry()
    registry.connected()
    for _ in range(10):
        registry.want([TICKER])
        registry.ask(TICKER)
        registry.want([])

    assert registry._requests == {}
