"""A feed with more than one way to its venue: falling back, probing, coming back, renewing."""

from __future__ import annotations

import asyncio
import itertools
import json
import random
from collections.abc import AsyncIterator, Callable

import msgspec
import pytest

from tui.adapters.base import Adapter, Authentication
from tui.adapters.binance import BinanceAdapter
from tui.adapters.native import NativeAdapter
from tui.feed.clock import ManualClock
from tui.feed.error_log import ErrorLog
from tui.feed.feed import Feed
from tui.feed.settings import FeedSettings
from tui.feed.tokens import Token
from tui.feed.vigil import Disturbance, DisturbanceKind
from tui.market.market import Market
from tui.model.errors import TransportError
from tui.model.events import Event
from tui.model.health import ConnectionState
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription
from tui.model.transport import EventFrame, StreamRequest, TransportKind
from tui.transports.rest import RestResponse, RestTransport

BTC = Instrument("BINANCE", "BTCUSDT")
ETH = Instrument("BINANCE", "ETHUSDT")
TICKER = Subscription(BTC, Channel.TICKER)
WS, POLL = TransportKind.WEBSOCKET, TransportKind.POLL


class Line:
    """A connection in memory; a test plays the venue."""

    def __init__(self, kind: TransportKind, request: StreamRequest, answers: bool) -> None:
        self.kind = kind
        self.requests = [request]
        self.sent: list[dict[str, object]] = []
        self.closed = False
        self.answers = answers
        self._frames: asyncio.Queue[bytes | TransportError] = asyncio.Queue()

    def push(self, payload: dict[str, object]) -> None:
        self._frames.put_nowait(json.dumps(payload).encode())

    def answer(self, key: str, payload: object) -> None:
        self._frames.put_nowait(EventFrame(json.dumps(payload).encode(), key))

    def say_unchanged(self, key: str) -> None:
        self._frames.put_nowait(EventFrame(b"", key))

    def lose(self, error: TransportError) -> None:
        self._frames.put_nowait(error)

    async def receive(self) -> bytes:
        frame = await self._frames.get()
        if isinstance(frame, TransportError):
            raise frame
        return frame

    async def send(self, text: str) -> None:
        assert self.kind.is_two_way
        message = json.loads(text)
        self.sent.append(message)
        if self.answers:
            self.push({"result": None, "id": message["id"]})

    async def update(self, request: StreamRequest) -> None:
        assert not self.kind.is_two_way
        self.requests.append(request)

    async def ping(self) -> float:
        return 0.02

    async def close(self) -> None:
        self.closed = True


class Lines:
    """A transport in memory: hands out lines, or refuses."""

    def __init__(self, kind: TransportKind, clock: ManualClock) -> None:
        self.kind = kind
        self.clock = clock
        self.lines: list[Line] = []
        self.headers: list[dict[str, str]] = []
        self.attempts: list[float] = []
        self.refusal: Callable[[], TransportError | None] = lambda: None
        self.answers = True
        self.forgotten = 0

    def forget(self) -> None:
        self.forgotten += 1

    def refuse(self, error: TransportError | None) -> None:
        self.refusal = lambda: error

    async def connect(self, request: StreamRequest, *, timeout_s: float) -> Line:
        self.attempts.append(self.clock.monotonic())
        self.headers.append(dict(request.headers))
        refusal = self.refusal()
        if refusal is not None:
            raise refusal
        line = Line(self.kind, request, self.answers)
        self.lines.append(line)
        return line


class NoRest(RestTransport):
    async def get(self, *args: object, **kwargs: object) -> RestResponse:
        raise TransportError("no REST here", fatal=True)


class Numbered:
    """Tokens with numbers."""

    def __init__(self) -> None:
        self.count = 0

    async def token(self, *, fresh: bool = False) -> Token:
        self.count += 1
        return Token(f"t{self.count}", None)


class Stage:
    def __init__(self) -> None:
        self.clock = ManualClock(1_700_000_000_000_000_000)
        self.ways = {kind: Lines(kind, self.clock) for kind in (WS, POLL)}
        self.adapter: Adapter = BinanceAdapter()
        self.market = Market()
        self.errors = ErrorLog(self.clock)
        self.tokens: Numbered | None = None
        self.feed: Feed
        self.task: asyncio.Task[None] | None = None

    def start(
        self,
        settings: FeedSettings = FeedSettings(),  # noqa: B008 - frozen
    ) -> None:
        self.feed = Feed(
            self.adapter,
            self.market,
            transports=self.ways,
            rest=NoRest(),
            clock=self.clock,
            rng=random.Random(5),
            errors=self.errors,
            settings=settings,
            tokens=self.tokens,
        )
        self.feed.want([TICKER])
        self.task = asyncio.create_task(self.feed.run())

    async def run_for(self, seconds: float) -> None:
        for _ in range(round(seconds * 4)):
            await self.clock.advance(0.25)

    def line(self, kind: TransportKind) -> Line:
        return self.ways[kind].lines[-1]

    def messages(self) -> list[str]:
        return [record.message for record in self.errors.records()]


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    made = Stage()
    yield made
    if made.task is not None:
        made.task.cancel()
        await asyncio.gather(made.task, return_exceptions=True)


BROKEN = TransportError("cannot connect: connection refused")


def streamed(last: str = "100.0") -> dict[str, object]:
    return {
        "stream": "btcusdt@miniTicker",
        "data": {
            "e": "24hrMiniTicker", "E": 1, "s": "BTCUSDT",
            "c": last, "o": "1", "h": "1", "l": "1", "v": "1", "q": "1",
        },
    }  # fmt: skip


async def fall_back(stage: Stage) -> None:
    stage.ways[WS].refuse(BROKEN)
    stage.start()
    await stage.run_for(12)
    assert stage.feed.health().transport is POLL


async def test_the_best_transport_is_tried_first(stage: Stage) -> None:
    stage.start()
    await stage.run_for(1)

    health = stage.feed.health()
    assert (health.transport, health.fallback, health.probe_in_s) == (WS, "", None)
    assert health.transports == (WS, POLL)
    assert stage.market.truth(TICKER).transport is WS


async def test_a_transport_that_keeps_failing_is_left_for_the_next(stage: Stage) -> None:
    await fall_back(stage)

    health = stage.feed.health()
    assert health.state is ConnectionState.CONNECTED
    assert health.fallback == "websocket failed 3 times: cannot connect: connection refused"
    assert len(stage.ways[WS].attempts) == 3
    assert "cannot connect: connection refused; going on by poll" in stage.messages()
    assert stage.market.truth(TICKER).transport is POLL


async def test_by_polling_the_request_asks_for_what_is_wanted(stage: Stage) -> None:
    await fall_back(stage)
    line = stage.line(POLL)
    assert [json.loads(p.params["symbols"]) for p in line.requests[-1].polls] == [["BTCUSDT"]]

    stage.feed.want([TICKER, Subscription(ETH, Channel.TICKER)])
    await stage.run_for(2)

    assert line.requests[-1].polls[0].params["symbols"] == '["BTCUSDT","ETHUSDT"]'


async def test_what_is_polled_is_live_when_it_comes(stage: Stage) -> None:
    await fall_back(stage)
    line = stage.line(POLL)
    row = {"symbol": "BTCUSDT", "lastPrice": "123.5", "closeTime": 1_700_000_000_000}

    line.answer(line.requests[-1].polls[0].key, [row | MORE])
    await stage.run_for(0.5)

    assert stage.market[BTC].last_text == "123.5"
    assert stage.market.truth(TICKER).status.value == "live"


MORE = {
    "priceChange": "1", "priceChangePercent": "1", "weightedAvgPrice": "1", "prevClosePrice": "1",
    "lastQty": "1", "bidPrice": "1", "bidQty": "1", "askPrice": "2", "askQty": "1", "openPrice": "1",
    "highPrice": "1", "lowPrice": "1", "volume": "1", "quoteVolume": "1", "openTime": 1,
    "firstId": 1, "lastId": 2, "count": 2,
}  # fmt: skip


async def test_what_a_poll_says_is_unchanged_does_not_grow_stale(stage: Stage) -> None:
    await fall_back(stage)
    line = stage.line(POLL)
    key = line.requests[-1].polls[0].key
    row = {"symbol": "BTCUSDT", "lastPrice": "123.5", "closeTime": 1_700_000_000_000}
    line.answer(key, [row | MORE])

    for _ in range(5):
        await stage.run_for(60)
        line.say_unchanged(key)
    await stage.run_for(1)

    assert stage.market.truth(TICKER).status.value == "live"
    assert stage.line(POLL) is line


async def test_the_better_is_probed_ever_more_rarely_while_it_fails(stage: Stage) -> None:
    await fall_back(stage)

    await stage.run_for(700)

    probes = stage.ways[WS].attempts[3:]
    waits = [b - a for a, b in itertools.pairwise(probes)]
    assert 24 <= probes[0] - stage.ways[WS].attempts[2] <= 32
    assert all(later > 1.4 * sooner for sooner, later in itertools.pairwise(waits))
    assert stage.feed.health().state is ConnectionState.CONNECTED
    assert not stage.line(POLL).closed


async def test_the_better_is_taken_back_once_it_brought_something_and_stayed(stage: Stage) -> None:
    await fall_back(stage)
    stage.ways[WS].refuse(None)

    while not stage.ways[WS].lines:
        await stage.run_for(1)
    probe = stage.line(WS)
    assert [message["method"] for message in probe.sent] == ["SUBSCRIBE"]
    assert stage.feed.health().transport is POLL
    assert not stage.line(POLL).closed  # the better one has not stayed long enough
    await stage.run_for(5)

    health = stage.feed.health()
    assert (health.transport, health.fallback) == (WS, "")
    assert stage.line(POLL).closed
    assert probe.closed
    assert stage.line(WS) is not probe
    assert "websocket works again" in [step.cause for step in stage.feed.history]


async def test_a_better_one_that_accepts_and_stays_silent_is_not_taken(stage: Stage) -> None:
    await fall_back(stage)
    stage.ways[WS].refuse(None)
    stage.ways[WS].answers = False

    await stage.run_for(60)

    assert stage.feed.health().transport is POLL
    assert stage.feed.health().fallback == ("websocket still fails: it brought nothing within 15 s")


async def test_one_that_fails_soon_after_it_was_taken_back_is_left_at_once(stage: Stage) -> None:
    await fall_back(stage)
    stage.ways[WS].refuse(None)
    await stage.run_for(36)
    assert stage.feed.health().transport is WS

    stage.line(WS).lose(TransportError("gone"))
    await stage.run_for(2)

    health = stage.feed.health()
    assert health.transport is POLL
    assert health.fallback == "websocket did not last: gone"
    assert health.probe_in_s is not None
    assert health.probe_in_s > 40


async def test_the_user_may_begin_again_with_the_best(stage: Stage) -> None:
    await fall_back(stage)
    stage.ways[WS].refuse(None)

    stage.feed.retry()
    await stage.run_for(1)

    assert stage.feed.health().transport is WS


async def test_a_stream_that_answers_nothing_is_left(stage: Stage) -> None:
    stage.ways[WS].answers = False
    stage.start()

    await stage.run_for(130)

    assert stage.feed.health().transport is POLL
    assert "no request was answered, and no data came; going on by poll" in stage.messages()


async def test_an_endpoint_that_fails_again_and_again_is_left_alone(stage: Stage) -> None:
    stage.adapter.transports = (WS,)
    stage.ways[WS].refuse(BROKEN)
    stage.start()

    await stage.run_for(90)

    attempts = stage.ways[WS].attempts
    assert len(attempts) == 6
    assert attempts[5] - attempts[4] >= 60
    assert stage.feed.health().breakers.keys() == {"stream.binance.com:9443 websocket"}


async def test_the_user_closes_a_breaker_by_hand(stage: Stage) -> None:
    stage.adapter.transports = (WS,)
    stage.ways[WS].refuse(BROKEN)
    stage.start()
    await stage.run_for(40)
    before = len(stage.ways[WS].attempts)

    stage.ways[WS].refuse(None)
    stage.feed.retry()
    await stage.run_for(1)

    assert len(stage.ways[WS].attempts) == before + 1
    assert stage.feed.health().state is ConnectionState.CONNECTED
    assert stage.feed.health().breakers == {}


async def test_after_so_many_attempts_only_the_user_goes_on(stage: Stage) -> None:
    stage.ways[WS].refuse(BROKEN)
    stage.ways[POLL].refuse(BROKEN)
    stage.start(FeedSettings(max_attempts=4))
    await stage.run_for(300)
    tried = sum(len(way.attempts) for way in stage.ways.values())

    assert stage.feed.health().state is ConnectionState.ERROR
    assert stage.feed.health().cause == (
        "cannot connect: connection refused; 4 attempts in a row failed"
    )
    stage.feed.retry()
    await stage.run_for(300)
    again = sum(len(way.attempts) for way in stage.ways.values())

    # The last attempts may be probes of the better transport, which the connection is not.
    assert tried >= 4
    assert again >= tried + 4
    assert stage.feed.health().state is ConnectionState.ERROR


async def test_a_disturbance_reconnects_at_once(stage: Stage) -> None:
    stage.start()
    await stage.run_for(5)

    stage.feed.disturbed(
        Disturbance(DisturbanceKind.SUSPENDED, 3600.0, "the machine slept for 3600 s")
    )
    await stage.run_for(0.5)

    assert len(stage.ways[WS].lines) == 2
    assert [step.cause for step in stage.feed.history][-3:] == [
        "the machine slept for 3600 s",
        "the machine slept for 3600 s",
        "connected by websocket",
    ]


async def test_a_venue_of_which_nothing_is_wanted_is_left_alone(stage: Stage) -> None:
    stage.start()
    await stage.run_for(1)
    stage.feed.want([])
    stage.line(WS).lose(TransportError("nothing was subscribed"))

    await stage.run_for(300)
    assert len(stage.ways[WS].attempts) == 1
    stage.feed.want([TICKER])
    await stage.run_for(0.25)

    assert len(stage.ways[WS].attempts) == 2
    assert stage.feed.health().state is ConnectionState.CONNECTED


async def test_without_a_network_no_transport_is_blamed(stage: Stage) -> None:
    stage.start()
    await stage.run_for(5)
    stage.ways[WS].refuse(BROKEN)
    stage.feed.disturbed(Disturbance(DisturbanceKind.NETWORK_LOST, 0.0, "no network"))
    stage.line(WS).lose(TransportError("gone"))
    await stage.run_for(120)
    assert stage.feed.health().transport is WS
    assert stage.feed.health().breakers == {}
    before = len(stage.ways[WS].attempts)

    stage.ways[WS].refuse(None)
    stage.feed.disturbed(Disturbance(DisturbanceKind.NETWORK_BACK, 0.0, "a network is back"))
    await stage.run_for(0.5)

    assert len(stage.ways[WS].attempts) == before + 1
    assert stage.feed.health().state is ConnectionState.CONNECTED


async def test_a_clock_that_was_set_is_followed_by_a_new_connection(stage: Stage) -> None:
    stage.start()
    await stage.run_for(5)

    stage.feed.disturbed(
        Disturbance(DisturbanceKind.CLOCK_JUMP, 60.0, "the clock was set forward by 60 s")
    )
    await stage.run_for(0.5)

    assert len(stage.ways[WS].lines) == 2


async def test_a_short_standstill_ends_no_connection(stage: Stage) -> None:
    stage.start()
    await stage.run_for(5)

    stage.feed.disturbed(Disturbance(DisturbanceKind.STALLED, 8.0, "this program stood still"))
    await stage.run_for(1)

    assert len(stage.ways[WS].lines) == 1


async def test_the_old_connection_goes_on_until_the_new_one_is_open(stage: Stage) -> None:
    stage.adapter.limits = msgspec.structs.replace(stage.adapter.limits, max_connection_age_s=100.0)
    stage.start()
    await stage.run_for(99)
    stage.ways[WS].refuse(BROKEN)

    await stage.run_for(20)
    stage.line(WS).push(streamed("200.5"))
    await stage.run_for(0.5)

    assert len(stage.ways[WS].attempts) == 2
    assert stage.feed.health().state is ConnectionState.CONNECTED
    assert stage.market[BTC].last_text == "200.5"


async def test_the_token_goes_with_the_request(stage: Stage) -> None:
    stage.adapter.authentication = Authentication()
    stage.tokens = Numbered()
    stage.start()
    await stage.run_for(1)

    assert stage.ways[WS].headers == [{"Authorization": "Bearer t1"}]


async def test_a_refused_token_is_replaced_once_and_then_the_refusal_stands(stage: Stage) -> None:
    stage.adapter.authentication = Authentication()
    stage.tokens = Numbered()
    refused = TransportError("refused the connection with HTTP 401", status=401, fatal=True)
    stage.ways[WS].refuse(refused)
    stage.start()

    await stage.run_for(300)

    assert [one["Authorization"] for one in stage.ways[WS].headers] == ["Bearer t1", "Bearer t2"]
    assert stage.ways[POLL].attempts == []
    assert stage.feed.health().state is ConnectionState.ERROR
    assert stage.feed.health().cause == "refused the connection with HTTP 401"


async def test_how_each_subscription_stands_is_told(stage: Stage) -> None:
    stage.start()
    await stage.run_for(1)

    states = [
        (str(one), status.value, why) for one, status, why in stage.feed.subscription_states()
    ]
    assert states == [("BINANCE:BTCUSDT ticker", "syncing", "waiting for data")]


async def test_a_poll_without_news_says_nothing_of_the_others(stage: Stage) -> None:
    await fall_back(stage)
    line = stage.line(POLL)
    book = Subscription(BTC, Channel.BOOK)
    stage.feed.want([TICKER, book])
    await stage.run_for(1)
    keys = {poll.key.partition("@")[0]: poll.key for poll in line.requests[-1].polls}
    line.answer(
        keys["ticker"], [MORE | {"symbol": "BTCUSDT", "lastPrice": "123.5", "closeTime": 1}]
    )
    line.answer(keys["depth"], {"lastUpdateId": 1, "bids": [["1", "1"]], "asks": [["2", "1"]]})
    await stage.run_for(1)
    assert stage.market.truth(book).status.value == "live"

    for _ in range(5):
        await stage.run_for(40)
        line.say_unchanged(keys["ticker"])
    await stage.run_for(1)

    assert stage.market.truth(TICKER).status.value == "live"
    truth = stage.market.truth(book)
    assert (truth.status.value, truth.reason) == ("stale", "no data for 180 s")


async def test_another_try_by_the_user_shows_a_new_token(stage: Stage) -> None:
    stage.adapter.authentication = Authentication()
    stage.tokens = Numbered()
    refused = TransportError("refused the connection with HTTP 401", status=401, fatal=True)
    stage.ways[WS].refuse(refused)
    stage.start()
    await stage.run_for(60)

    stage.feed.retry()
    await stage.run_for(60)

    assert [one["Authorization"] for one in stage.ways[WS].headers] == [
        "Bearer t1",
        "Bearer t2",
        "Bearer t3",
    ]
    assert stage.feed.health().state is ConnectionState.ERROR


class Expiring(Numbered):
    """Tokens of a minute, until the source dries up."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__()
        self.clock = clock
        self.is_dry = False
        self.fault: Exception = TransportError("the token command failed with exit code 1")
        self.asked_in_vain = 0

    async def token(self, *, fresh: bool = False) -> Token:
        if self.is_dry:
            self.asked_in_vain += 1
            raise self.fault
        self.count += 1
        return Token(f"t{self.count}", self.clock.time_ns() / 1e9 + 60)


async def test_a_token_that_cannot_be_renewed_is_told_and_asked_for_ever_more_rarely(
    stage: Stage,
) -> None:
    stage.adapter.authentication = Authentication()
    stage.tokens = tokens = Expiring(stage.clock)
    stage.start()
    await stage.run_for(1)
    stage.line(WS).push(streamed())
    await stage.run_for(58)
    assert tokens.count == 2
    stage.line(WS).push(streamed())
    tokens.is_dry = True

    await stage.run_for(180)

    assert 4 <= tokens.asked_in_vain <= 25
    assert stage.feed.health().state is ConnectionState.CONNECTED
    assert (
        "the connection could not be renewed: the token command failed with exit code 1"
        in stage.messages()
    )


async def test_a_venue_that_takes_no_second_connection_is_asked_as_it_says(stage: Stage) -> None:
    stage.start()
    await stage.run_for(1)
    stage.line(WS).push(streamed())
    await stage.run_for(60)
    stage.ways[WS].refuse(TransportError("too many", status=429, retry_after_s=100.0))

    for _ in range(3):
        stage.line(WS).push({"e": "serverShutdown", "E": 1})
        await stage.run_for(30)
    assert len(stage.ways[WS].attempts) == 2
    await stage.run_for(30)

    first, second = stage.ways[WS].attempts[1:]
    assert second - first >= 100.0
    assert not stage.line(WS).closed


async def test_after_giving_up_no_better_transport_is_tried_either(stage: Stage) -> None:
    stage.ways[WS].refuse(BROKEN)
    stage.ways[POLL].refuse(BROKEN)
    stage.start(FeedSettings(max_attempts=4))
    await stage.run_for(60)
    assert stage.feed.health().state is ConnectionState.ERROR
    tried = len(stage.ways[WS].attempts)

    await stage.run_for(300)

    assert len(stage.ways[WS].attempts) == tried
    assert (stage.feed.health().probe_in_s, stage.feed.health().retry_in_s) == (None, None)


async def test_of_a_venue_of_which_nothing_is_wanted_no_better_transport_is_tried(
    stage: Stage,
) -> None:
    await fall_back(stage)
    stage.feed.want([])
    tried = len(stage.ways[WS].attempts)

    await stage.run_for(300)

    assert len(stage.ways[WS].attempts) == tried
    assert (stage.feed.health().probe_in_s, stage.feed.health().retry_in_s) == (None, None)


async def test_a_try_that_the_user_was_ahead_of_ends_no_connection(stage: Stage) -> None:
    await fall_back(stage)
    stage.ways[WS].refuse(None)
    while not stage.ways[WS].lines:
        await stage.run_for(1)

    stage.feed.retry()
    await stage.run_for(30)

    assert len(stage.ways[WS].lines) == 2  # the try, and what the user asked for
    assert not stage.line(WS).closed


async def test_a_key_that_is_held_down_hammers_no_venue(stage: Stage) -> None:
    stage.start()
    await stage.run_for(5)
    for _ in range(80):
        stage.feed.retry()
        await stage.clock.advance(0.05)

    attempts = stage.ways[WS].attempts
    assert 4 <= len(attempts) <= 6
    assert min(b - a for a, b in itertools.pairwise(attempts)) >= 1.0


async def test_a_place_in_a_stream_is_forgotten_once_data_came_by_another_way(
    stage: Stage,
) -> None:
    await fall_back(stage)
    stage.ways[WS].refuse(None)
    before = stage.ways[WS].forgotten
    await stage.run_for(36)
    assert stage.feed.health().transport is WS

    # The try moved the place on, by events that nobody kept.
    assert stage.ways[WS].forgotten > before


class Faulty(BinanceAdapter):
    def decode(self, frame: bytes, ts_local: int) -> list[Event]:
        raise KeyError("a fault of ours")


async def test_a_fault_of_ours_in_a_try_ends_no_feed(stage: Stage) -> None:
    await fall_back(stage)
    stage.ways[WS].refuse(None)
    stage.adapter.copy = Faulty  # type: ignore[method-assign]

    await stage.run_for(40)

    health = stage.feed.health()
    assert (health.state, health.transport) == (ConnectionState.CONNECTED, POLL)
    assert health.fallback == ("websocket still fails: internal error: KeyError: 'a fault of ours'")


async def test_a_fault_of_ours_in_a_renewal_is_told_and_not_repeated_in_a_loop(
    stage: Stage,
) -> None:
    stage.adapter.authentication = Authentication()
    stage.tokens = tokens = Expiring(stage.clock)
    stage.start()
    await stage.run_for(1)
    stage.line(WS).push(streamed())
    tokens.is_dry, tokens.fault = True, KeyError("a fault of ours")

    await stage.run_for(180)

    assert 4 <= tokens.asked_in_vain <= 25
    assert (
        "the connection could not be renewed: internal error: KeyError: 'a fault of ours'"
        in stage.messages()
    )
    assert not stage.line(WS).closed


async def test_to_look_at_the_figures_changes_nothing_of_what_is_asked(stage: Stage) -> None:
    sse = Lines(TransportKind.SSE, stage.clock)
    market = Instrument("NATIVE", "BTCUSDT")
    stage.adapter = NativeAdapter({"rest": "https://desk.example/v1"})
    stage.ways = {TransportKind.SSE: sse}
    stage.start()
    stage.feed.want([Subscription(market, Channel.BOOK)])
    await stage.run_for(1)

    for _ in range(3):
        assert stage.feed.health().endpoint == "https://desk.example/v1/events"
        await stage.run_for(1)
    stage.feed.want([Subscription(market, Channel.BOOK), Subscription(market, Channel.TRADES)])
    await stage.run_for(1)

    # Once to begin with, and once for the second wish.
    (line,) = sse.lines
    assert [one.url.partition("#")[2] for one in line.requests] == ["1", "2"]


async def test_a_pushed_event_without_data_is_life_and_no_news(stage: Stage) -> None:
    stage.ways = {TransportKind.SSE: Lines(TransportKind.SSE, stage.clock)}
    stage.adapter.transports = (TransportKind.SSE,)
    stage.start()
    await stage.run_for(1)
    line = stage.line(TransportKind.SSE)
    (poll,) = stage.adapter.stream(POLL, [TICKER]).polls
    line.answer(poll.key, [MORE | {"symbol": "BTCUSDT", "lastPrice": "123.5", "closeTime": 1}])
    await stage.run_for(1)
    assert stage.market.truth(TICKER).status.value == "live"

    for _ in range(5):
        await stage.run_for(20)
        line.say_unchanged(poll.key)

    assert stage.market.truth(TICKER).status.value == "stale"
    assert not line.closed
