"""Deadlines, backoff and ends of a feed, on a clock moved by hand and a transport in memory."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator, Callable, Mapping

import pytest

from tui.adapters.base import Limits, Liveness
from tui.adapters.binance import BinanceAdapter
from tui.feed.clock import ManualClock
from tui.feed.error_log import ErrorLog
from tui.feed.feed import Feed
from tui.feed.settings import FeedSettings
from tui.market.market import Market
from tui.model.errors import TransportError
from tui.model.health import ConnectionState, ErrorCategory
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription
from tui.model.timeframe import Timeframe
from tui.model.transport import StreamRequest, TransportKind
from tui.transports.rest import RestResponse, RestTransport

BTC = Instrument("BINANCE", "BTCUSDT")
TICKER = Subscription(BTC, Channel.TICKER)
TRADES = Subscription(BTC, Channel.TRADES)
MINUTE = Timeframe.parse("1m")


class Line:
    """A connection in memory; a test plays the venue."""

    def __init__(self, *, answers: bool, pongs: bool) -> None:
        self.sent: list[dict[str, object]] = []
        self.closed = False
        self.closing = asyncio.Event()
        self.closing.set()
        self.answers = answers
        self.pongs = pongs
        self._frames: asyncio.Queue[bytes | TransportError] = asyncio.Queue()

    def push(self, *payloads: dict[str, object]) -> None:
        for payload in payloads:
            self._frames.put_nowait(json.dumps(payload).encode())

    def lose(self, error: TransportError) -> None:
        self._frames.put_nowait(error)

    async def receive(self) -> bytes:
        frame = await self._frames.get()
        if isinstance(frame, TransportError):
            raise frame
        return frame

    async def send(self, text: str) -> None:
        message = json.loads(text)
        self.sent.append(message)
        if self.answers:
            self.push({"result": None, "id": message["id"]})

    async def ping(self) -> float:
        if not self.pongs:
            await asyncio.Event().wait()
        return 0.02

    async def close(self) -> None:
        await self.closing.wait()
        self.closed = True


class Lines:
    """A transport in memory: hands out lines, or refuses."""

    kind = TransportKind.WEBSOCKET

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.attempts: list[float] = []
        self.refusal: TransportError | None = None
        self.answers = self.pongs = True
        self.on_open: Callable[[Line], None] = lambda line: None
        self.clock = ManualClock()

    def forget(self) -> None:
        pass

    async def connect(self, request: StreamRequest, *, timeout_s: float) -> Line:
        self.attempts.append(self.clock.monotonic())
        if self.refusal is not None:
            raise self.refusal
        line = Line(answers=self.answers, pongs=self.pongs)
        self.lines.append(line)
        self.on_open(line)
        return line


class NoRest(RestTransport):
    """Requests that all fail at once."""

    async def get(self, *args: object, **kwargs: object) -> RestResponse:
        raise TransportError("no REST here", fatal=True)


class ClockRest(RestTransport):
    """A venue that knows the time and one candle, and answers while it is open."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__()
        self.clock = clock
        self.ahead_ms = 0
        self.open = asyncio.Event()
        self.open.set()

    async def get(
        self,
        url: str,
        params: Mapping[str, str],
        *,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = 10.0,
    ) -> RestResponse:
        await self.open.wait()
        if url.endswith("/time"):
            now_ms = self.clock.time_ns() // 1_000_000 + self.ahead_ms
            return RestResponse(200, {}, json.dumps({"serverTime": now_ms}).encode())
        if url.endswith("/klines"):
            row = [0, "1", "1", "1", "1", "1", 59_999, "1", 1, "1", "1", "0"]
            return RestResponse(200, {}, json.dumps([row]).encode())
        raise TransportError("no such request", fatal=True)


class Stage:
    def __init__(self) -> None:
        self.lines = Lines()
        self.clock = self.lines.clock
        self.adapter = BinanceAdapter()
        self.market = Market()
        self.errors = ErrorLog(self.clock)
        self.feed: Feed
        self.task: asyncio.Task[None] | None = None

    def start(
        self,
        settings: FeedSettings = FeedSettings(),  # noqa: B008 - frozen
        rest: RestTransport | None = None,
    ) -> None:
        self.feed = Feed(
            self.adapter,
            self.market,
            transports={TransportKind.WEBSOCKET: self.lines},
            rest=rest or NoRest(),
            clock=self.clock,
            rng=random.Random(5),
            errors=self.errors,
            settings=settings,
        )
        self.feed.want([TICKER, TRADES])
        self.task = asyncio.create_task(self.feed.run())

    async def run_for(self, seconds: float) -> None:
        for _ in range(round(seconds * 4)):
            await self.clock.advance(0.25)

    def status(self, subscription: Subscription = TICKER) -> tuple[str, str]:
        truth = self.market.truth(subscription)
        return truth.status.value, truth.reason

    def causes(self) -> list[tuple[str, str]]:
        return [(step.state.value, step.cause) for step in self.feed.history]


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    made = Stage()
    yield made
    if made.task is not None:
        made.task.cancel()
        await asyncio.gather(made.task, return_exceptions=True)


def ticker(last: str = "100.0") -> dict[str, object]:
    return {
        "stream": "btcusdt@miniTicker",
        "data": {
            "e": "24hrMiniTicker", "E": 1, "s": "BTCUSDT",
            "c": last, "o": "1", "h": "1", "l": "1", "v": "1", "q": "1",
        },
    }  # fmt: skip


async def test_accept_then_close_is_not_hammered(stage: Stage) -> None:
    stage.lines.on_open = lambda line: line.lose(TransportError("closed", status=1000))
    stage.start()

    await stage.run_for(300)

    gaps = [b - a for a, b in zip(stage.lines.attempts, stage.lines.attempts[1:], strict=False)]
    assert min(gaps) >= 1.0
    assert len(stage.lines.attempts) < 45


async def test_without_a_pong_the_connection_is_given_up_and_replaced(stage: Stage) -> None:
    stage.lines.pongs = False
    stage.start(FeedSettings(ping_interval_s=15.0, pong_timeout_s=5.0))
    await stage.run_for(6)
    assert stage.causes()[-1] == ("CONNECTED", "connected by websocket")

    await stage.run_for(2)

    assert ("DISCONNECTED", "no pong within 5 s") in stage.causes()
    assert stage.lines.lines[0].closed
    assert len(stage.lines.lines) == 2


async def test_a_connection_on_which_nothing_comes_is_given_up(stage: Stage) -> None:
    stage.adapter.liveness = Liveness(connection_s=20.0)
    stage.lines.answers = False
    stage.start(FeedSettings(ping_interval_s=1000.0))
    await stage.run_for(1.5)

    await stage.run_for(21)

    assert ("DISCONNECTED", "nothing came for 20 s") in stage.causes()


@pytest.mark.parametrize(("pongs_count", "connections"), [(True, 1), (False, 3)])
async def test_pongs_are_life_enough_only_where_the_venue_says_nothing_by_itself(
    stage: Stage, pongs_count: bool, connections: int
) -> None:
    stage.adapter.liveness = Liveness(connection_s=20.0, pongs_count=pongs_count)
    stage.lines.answers = False
    stage.start(FeedSettings(ping_interval_s=5.0, ack_timeout_s=1000.0))

    await stage.run_for(50)

    assert len(stage.lines.lines) == connections


async def test_a_connection_is_renewed_before_the_venue_ends_it(stage: Stage) -> None:
    stage.adapter.limits = Limits(max_connection_age_s=100.0)
    stage.start()

    await stage.run_for(103)

    assert len(stage.lines.lines) == 2
    assert stage.causes()[-2:] == [
        ("DISCONNECTED", "renewed before the venue ends it for its age"),
        ("CONNECTED", "connected by websocket"),
    ]
    assert stage.lines.lines[0].closed


async def test_an_announced_shutdown_is_left_within_seconds(stage: Stage) -> None:
    stage.start()
    await stage.run_for(1)

    stage.lines.lines[0].push({"e": "serverShutdown", "E": 1})
    await stage.run_for(6)

    assert len(stage.lines.lines) == 2
    assert stage.feed.health().state is ConnectionState.CONNECTED


async def test_a_venue_that_announces_its_end_each_time_is_not_hammered(stage: Stage) -> None:
    stage.lines.on_open = lambda line: line.push({"e": "serverShutdown", "E": 1})
    stage.start()

    await stage.run_for(300)

    gaps = [b - a for a, b in zip(stage.lines.attempts, stage.lines.attempts[1:], strict=False)]
    assert min(gaps) >= 1.0
    assert len(stage.lines.attempts) < 45


async def test_nothing_is_live_while_a_dead_connection_is_closed(stage: Stage) -> None:
    stage.start()
    await stage.run_for(1)
    line = stage.lines.lines[0]
    line.push({"stream": "btcusdt@ticker", "data": full_ticker()})
    await stage.run_for(0.25)
    assert stage.status() == ("live", "")

    line.closing.clear()
    line.lose(TransportError("gone"))
    await stage.run_for(0.25)

    assert not line.closed
    assert stage.status() == ("stale", "disconnected: gone")
    assert stage.feed.health().state is ConnectionState.DISCONNECTED
    line.closing.set()


async def test_a_connection_that_cannot_even_be_closed_ends_nothing(stage: Stage) -> None:
    async def fail() -> None:
        raise OSError("bad file descriptor")

    stage.start()
    await stage.run_for(1)
    stage.lines.lines[0].close = fail  # type: ignore[method-assign]

    stage.lines.lines[0].lose(TransportError("gone"))
    await stage.run_for(2)

    assert stage.feed.health().state is ConnectionState.CONNECTED


async def test_trades_on_their_way_when_nobody_watches_any_more_open_no_gap(stage: Stage) -> None:
    stage.start()
    await stage.run_for(1)
    line = stage.lines.lines[0]
    line.push(agg_trade(10))
    await stage.run_for(0.25)

    stage.feed.want([TICKER])
    line.push(agg_trade(11))
    await stage.run_for(60)
    stage.feed.want([TICKER, TRADES])
    await stage.run_for(1)
    line.push(agg_trade(90_000))
    await stage.run_for(60)

    assert stage.market[BTC].tape.last.trade_id == 90_000  # type: ignore[union-attr]
    assert stage.market[BTC].tape.missed == 0


async def test_a_ticker_that_falls_silent_is_stale_while_trades_may_rest(stage: Stage) -> None:
    stage.adapter.liveness = Liveness(channels={Channel.TICKER: 10.0})
    stage.start()
    await stage.run_for(1)
    line = stage.lines.lines[0]
    line.push({**ticker(), "stream": "btcusdt@ticker", "data": full_ticker()})
    await stage.run_for(1)
    assert stage.status() == ("live", "")

    await stage.run_for(10.5)

    assert stage.status() == ("stale", "no data for 10 s")
    assert stage.status(TRADES)[0] != "stale"
    assert [message["method"] for message in line.sent[1:]] == ["UNSUBSCRIBE", "SUBSCRIBE"]
    line.push({"stream": "btcusdt@ticker", "data": full_ticker()})
    await stage.run_for(0.25)
    assert stage.status() == ("live", "")


async def test_an_unanswered_request_is_asked_again(stage: Stage) -> None:
    stage.lines.answers = False
    stage.start(FeedSettings(ack_timeout_s=10.0))
    await stage.run_for(9)
    assert len(stage.lines.lines[0].sent) == 1

    await stage.run_for(2)

    first, second = stage.lines.lines[0].sent
    assert first["params"] == second["params"]
    assert first["id"] != second["id"]
    assert stage.status() == ("pending", "no answer, asked 2 times")


async def test_everything_is_asked_for_again_after_a_reconnect(stage: Stage) -> None:
    stage.start()
    await stage.run_for(1)

    stage.lines.lines[0].lose(TransportError("gone", status=1012))
    await stage.run_for(15)

    assert stage.lines.lines[1].sent[0]["params"] == ["btcusdt@ticker", "btcusdt@aggTrade"]


async def test_a_fatal_refusal_waits_for_the_user_and_says_what_to_do(stage: Stage) -> None:
    stage.lines.refusal = TransportError("bad certificate", hint="check the date", fatal=True)
    stage.start()
    await stage.run_for(600)
    assert len(stage.lines.attempts) == 1
    assert stage.feed.health().state is ConnectionState.ERROR
    assert "bad certificate (check the date)" in [
        record.message for record in stage.errors.records(ErrorCategory.CONNECTION)
    ]

    stage.lines.refusal = None
    stage.feed.reconnect("asked by the user")
    await stage.run_for(0.25)

    assert stage.feed.health().state is ConnectionState.CONNECTED


async def test_a_wish_to_reconnect_does_not_wait_for_the_backoff(stage: Stage) -> None:
    stage.lines.refusal = TransportError("go away", status=1008)
    stage.start()
    await stage.run_for(10)
    health = stage.feed.health()
    assert health.retry_in_s is not None
    assert 20.0 <= health.retry_in_s <= 30.0
    assert health.cause == "go away"

    stage.lines.refusal = None
    stage.feed.reconnect("asked by the user")
    await stage.run_for(0.25)

    assert stage.feed.health().state is ConnectionState.CONNECTED
    assert stage.feed.health().retry_in_s is None


async def test_a_wish_to_reconnect_replaces_a_good_connection(stage: Stage) -> None:
    stage.start()
    await stage.run_for(1)

    stage.feed.reconnect("asked by the user")
    await stage.run_for(0.25)

    assert len(stage.lines.lines) == 2
    assert stage.lines.lines[0].closed
    assert stage.feed.health().reconnects == 1


async def test_a_fault_of_ours_is_told_and_the_feed_goes_on(stage: Stage) -> None:
    stage.start()
    await stage.run_for(1)

    def stumble(frame: bytes, ts_local: int) -> list[object]:
        raise RuntimeError("surprise")

    stage.adapter.decode = stumble  # type: ignore[method-assign, assignment]
    stage.lines.lines[0].push(ticker())
    await stage.run_for(1)

    assert any(
        record.message.startswith("internal error: RuntimeError('surprise')")
        for record in stage.errors.records()
    )
    assert stage.feed.health().state is ConnectionState.CONNECTED


async def test_what_came_before_the_end_still_counts(stage: Stage) -> None:
    stage.start()
    await stage.run_for(1)
    line = stage.lines.lines[0]

    line.push({"stream": "btcusdt@ticker", "data": full_ticker("123.5")})
    line.lose(TransportError("gone"))
    await stage.run_for(0.25)

    assert stage.market[BTC].last_price == 123.5


async def test_a_restart_forgets_the_past_and_connects_at_once(stage: Stage) -> None:
    stage.start()
    await stage.run_for(1)
    line = stage.lines.lines[0]
    line.push(agg_trade(1000), {"stream": "btcusdt@ticker", "data": full_ticker()})
    await stage.run_for(0.25)
    assert len(stage.market[BTC].tape) == 1

    line.push(agg_trade(1001))
    stage.feed.restart("moved to another moment")
    await stage.run_for(0.25)
    stage.lines.lines[1].push(agg_trade(7))
    await stage.run_for(0.25)

    assert [trade.trade_id for trade in stage.market[BTC].tape.newest(9)] == [7]
    assert stage.market[BTC].tape.missed == 0
    assert stage.market[BTC].ticker is None
    assert stage.status(TRADES)[0] == "live"


async def test_a_restart_measures_the_clock_anew_at_once(stage: Stage) -> None:
    rest = ClockRest(stage.clock)
    stage.start(rest=rest)
    await stage.run_for(10)
    assert stage.feed.health().clock_offset_ms == 0.0

    rest.ahead_ms = 5000
    stage.feed.restart("moved to another moment")
    await stage.run_for(1)

    assert stage.feed.health().clock_offset_ms == -5000.0


async def test_a_restart_while_connecting_does_not_keep_that_connection(stage: Stage) -> None:
    def jump_again(line: Line) -> None:
        if len(stage.lines.lines) == 2:
            stage.feed.restart("moved once more")
            line.lose(TransportError("service restart", status=1012))

    stage.lines.on_open = jump_again
    stage.start()
    await stage.run_for(1)

    stage.feed.restart("moved to another moment")
    await stage.run_for(0.25)

    assert len(stage.lines.lines) == 3
    assert stage.lines.lines[1].closed
    assert stage.feed.health().state is ConnectionState.CONNECTED


async def test_candles_asked_for_before_a_restart_come_too_late(stage: Stage) -> None:
    rest = ClockRest(stage.clock)
    stage.start(rest=rest)
    await stage.run_for(1)
    rest.open.clear()
    asking = asyncio.create_task(stage.feed.fetch_candles(BTC, MINUTE, limit=1))
    await stage.run_for(1)

    stage.feed.restart("moved to another moment")
    rest.open.set()

    assert await asking == 0
    assert len(stage.market[BTC].series(MINUTE)) == 0


async def test_a_cancellation_counts_even_if_the_connection_fails_in_the_same_moment(
    stage: Stage,
) -> None:
    stage.start()
    await stage.run_for(1)
    assert stage.task is not None

    stage.lines.lines[0].lose(TransportError("gone"))
    for _ in range(3):
        await asyncio.sleep(0)
    stage.task.cancel()
    async with asyncio.timeout(5):
        await asyncio.gather(stage.task, return_exceptions=True)

    assert stage.task.cancelled()
    assert stage.feed.history[-1].state is ConnectionState.CLOSED


async def test_a_feed_that_was_stopped_may_run_again(stage: Stage) -> None:
    stage.start()
    await stage.run_for(1)
    assert stage.task is not None
    stage.task.cancel()
    await asyncio.gather(stage.task, return_exceptions=True)
    assert stage.status() == ("pending", "the feed is stopped")

    stage.task = asyncio.create_task(stage.feed.run())
    await stage.run_for(2)

    assert stage.feed.health().state is ConnectionState.CONNECTED
    assert stage.lines.lines[1].sent[0]["params"] == ["btcusdt@ticker", "btcusdt@aggTrade"]


async def test_the_figures_of_a_moment(stage: Stage) -> None:
    stage.start()
    await stage.run_for(1)
    for _ in range(5):
        stage.lines.lines[0].push(*[agg_trade(number) for number in range(10)])
        await stage.run_for(1)

    health = stage.feed.health()

    assert health.venue == "BINANCE"
    assert health.endpoint == "wss://stream.binance.com:9443/stream"
    assert health.transport == "websocket"
    assert health.message_rate == pytest.approx(10.0, abs=2.1)
    assert health.messages_out == 1
    assert health.subscriptions == {"live": 1, "syncing": 1}
    assert health.uptime_s == 6.0
    assert health.ping_ms == 20.0


async def test_the_budget_of_messages_holds_while_wishes_change_quickly(stage: Stage) -> None:
    stage.start()
    await stage.run_for(1)

    for number in range(40):
        symbol = Instrument("BINANCE", f"S{number}USDT")
        stage.feed.want([TICKER, Subscription(symbol, Channel.TICKER)])
        await stage.clock.advance(0.05)
    await stage.run_for(2)

    line = stage.lines.lines[0]
    assert len(line.sent) <= 1 + 3 * 5
    held: set[object] = set()
    for message in line.sent:
        params = message["params"]
        assert isinstance(params, list)
        held = held | set(params) if message["method"] == "SUBSCRIBE" else held - set(params)
    assert held == {"btcusdt@ticker", "s39usdt@ticker"}


def full_ticker(last: str = "100.0") -> dict[str, object]:
    return {
        "e": "24hrTicker", "E": 1, "s": "BTCUSDT", "p": "1", "P": "1.00", "w": "1", "x": "1",
        "c": last, "Q": "1", "b": "99.0", "B": "1", "a": "101.0", "A": "1", "o": "99", "h": "102",
        "l": "98", "v": "10", "q": "1000", "O": 0, "C": 1, "F": 0, "L": 1, "n": 2,
    }  # fmt: skip


def agg_trade(number: int) -> dict[str, object]:
    return {
        "stream": "btcusdt@aggTrade",
        "data": {
            "e": "aggTrade", "E": 1, "s": "BTCUSDT", "a": number, "p": "100.0", "q": "1",
            "f": number, "l": number, "T": 1, "m": False, "M": True,
        },
    }  # fmt: skip
