"""Whatever a stream loses, doubles, delays or reorders: at last every trade and candle is there once."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scripted_venue import BTC, CANDLES, MINUTE, TRADES, symbol_info

from tui.adapters.binance import BinanceAdapter
from tui.feed.clock import ManualClock
from tui.feed.error_log import ErrorLog
from tui.feed.inbox import Inbox
from tui.feed.metrics import Metrics
from tui.feed.rest_client import RestClient
from tui.feed.settings import FeedSettings
from tui.feed.upkeep import Upkeep
from tui.market.market import Market
from tui.model.errors import TransportError
from tui.model.subscription import Channel, SubscriptionStatus
from tui.model.timeframe import MS
from tui.model.transport import TransportKind
from tui.transports.rest import RestResponse, RestTransport

START_MS = 29_000_000 * 60_000


class Truth(RestTransport):
    """A venue that knows all trades; its REST answers from them, or fails as often as it is told."""

    def __init__(self, clock: ManualClock, rng: random.Random) -> None:
        super().__init__()
        self.trades: list[dict[str, Any]] = []
        self.failures = 0
        self._clock = clock
        self._rng = rng
        self._price = 100

    @property
    def now_ms(self) -> int:
        return self._clock.time_ns() // MS

    def trade(self) -> dict[str, Any]:
        """Let somebody trade now."""
        self._price += self._rng.randint(-3, 3)
        made = {
            "a": len(self.trades) + 1, "p": f"{self._price}.0", "q": str(self._rng.randint(1, 9)),
            "f": 1, "l": 1, "T": self.now_ms, "m": False, "M": True,
        }  # fmt: skip
        self.trades.append(made)
        return made

    def rows(self) -> list[list[Any]]:
        """All candles, minutes without trades left out."""
        minutes: dict[int, list[dict[str, Any]]] = {}
        for one in self.trades:
            minutes.setdefault(one["T"] // 60_000, []).append(one)
        return [_row(minute * 60_000, inside) for minute, inside in sorted(minutes.items())]

    async def get(
        self,
        url: str,
        params: Mapping[str, str],
        *,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = 10.0,
    ) -> RestResponse:
        if self.failures:
            self.failures -= 1
            raise TransportError("the network is down")
        answer = self._answer(url.partition("/api/v3/")[2], params)
        await self._clock.sleep(0.05)
        return RestResponse(200, {}, json.dumps(answer).encode())

    def _answer(self, path: str, params: Mapping[str, str]) -> Any:
        limit = int(params.get("limit", "500"))
        if path == "time":
            return {"serverTime": self.now_ms}
        if path == "exchangeInfo":
            return {"symbols": [symbol_info("BTCUSDT")]}
        if path == "klines":
            rows = self.rows()
            if "startTime" in params:
                return [row for row in rows if row[0] >= int(params["startTime"])][:limit]
            return rows[-limit:]
        if path == "aggTrades":
            if "fromId" in params:
                return self.trades[int(params["fromId"]) - 1 :][:limit]
            return self.trades[-limit:]
        raise TransportError(f"nothing at {path}", status=404, fatal=True)


def _row(start: int, inside: list[dict[str, Any]]) -> list[Any]:
    prices = [float(one["p"]) for one in inside]
    volume = sum(float(one["q"]) for one in inside)
    quote = sum(float(one["q"]) * float(one["p"]) for one in inside)
    return [
        start, inside[0]["p"], str(max(prices)), str(min(prices)), inside[-1]["p"], str(volume),
        start + 59_999, str(quote), len(inside), str(volume), str(quote), "0",
    ]  # fmt: skip


class World:
    """A feed's parts between a stream that a test plays and the truth."""

    def __init__(self, seed: int, *, built: bool) -> None:
        self.clock = ManualClock(START_MS * MS)
        self.rng = random.Random(seed)
        self.truth = Truth(self.clock, self.rng)
        self.market, self.errors = Market(), ErrorLog(self.clock)
        channels = {Channel.TRADES} if built else {Channel.TRADES, Channel.CANDLES}
        self.adapter = BinanceAdapter(channels=frozenset(channels))
        self.built = built
        self.connected = False
        self.inbox = Inbox(10_000)
        self._late: list[bytes] = []
        self._sent: list[bytes] = []
        self._tasks: list[asyncio.Task[None]] = []
        rest = RestClient(
            self.adapter, self.truth, clock=self.clock, rng=self.rng, errors=self.errors
        )
        self.upkeep = Upkeep(
            self.adapter,
            self.market,
            rest,
            clock=self.clock,
            rng=self.rng,
            errors=self.errors,
            settings=FeedSettings(history_candles=500),
            metrics=Metrics(),
            useful=lambda: None,
            renew=lambda cause: None,
            fail=lambda cause: None,
        )

    async def play(self, steps: list[tuple[str, int]], *, reconnects: bool) -> None:
        """Play steps, then a quiet end in which everything can be mended, on a new connection or on
        the one that is there."""
        async with asyncio.TaskGroup() as group:
            self.upkeep.jobs.open(group)
            self.upkeep.want([TRADES, CANDLES])
            await self.connect()
            for name, number in steps:
                await getattr(self, name)(number)
            self.truth.failures = 0
            if reconnects:
                await self.reconnect(0)
            await self.pass_time(150)
            self.deliver(self.trade(0))
            await self.pass_time(90)
            self.upkeep.jobs.cancel_all()
            await self.disconnect()

    # -- steps -----------------------------------------------------------------------------

    async def trades(self, count: int) -> None:
        for _ in range(count):
            self.deliver(self.trade(0))
            await self.pass_time(self.rng.choice([0, 1, 7, 20]))

    async def lost(self, count: int) -> None:
        for _ in range(count):
            self.trade(0)
            await self.pass_time(self.rng.choice([0, 1, 7, 20]))

    async def doubled(self, count: int) -> None:
        for frame in self._sent[-count:]:
            self.inbox.put(frame, self.clock.time_ns())
        await self.pass_time(0)

    async def reordered(self, count: int) -> None:
        frames = [frame for _ in range(count + 1) for frame in self.trade(0)]
        self.rng.shuffle(frames)
        self.deliver(frames)
        await self.pass_time(1)

    async def late(self, count: int) -> None:
        """Trades that come a while after they happened, behind newer ones."""
        frames = [frame for _ in range(count) for frame in self.trade(0)]
        await self.pass_time(self.rng.choice([1, 30]))
        self.deliver(self.trade(0))
        self.deliver(frames)
        await self.pass_time(0)

    async def quiet(self, minutes: int) -> None:
        await self.pass_time(60.0 * minutes / 4)

    async def failing(self, count: int) -> None:
        self.truth.failures = count

    async def reconnect(self, seconds: int) -> None:
        await self.disconnect()
        await self.pass_time(seconds)
        await self.connect()

    # -- parts -----------------------------------------------------------------------------

    def trade(self, _: int) -> list[bytes]:
        """Let somebody trade; returns the frames that tell of it."""
        closed = []
        minute = self.truth.now_ms // 60_000
        rows = self.truth.rows()
        if rows and rows[-1][0] // 60_000 < minute:
            closed = [self._kline(rows[-1], closed=True)]
        made = self.truth.trade()
        event = {"e": "aggTrade", "E": made["T"], "s": "BTCUSDT", **made}
        frames = [_frame("btcusdt@aggTrade", event)]
        if not self.built:
            frames = [*closed, *frames, self._kline(self.truth.rows()[-1], closed=False)]
        return frames

    def deliver(self, frames: list[bytes]) -> None:
        for frame in frames:
            if self.connected:
                self._sent.append(frame)
                self.inbox.put(frame, self.clock.time_ns())

    async def pass_time(self, seconds: float) -> None:
        while True:
            step = min(seconds, 5.0)
            await self.clock.advance(step)
            self.upkeep.tick()
            seconds -= step
            if seconds <= 0:
                return

    async def connect(self) -> None:
        self.inbox = Inbox(10_000)
        self.upkeep.connected(TransportKind.WEBSOCKET)
        self.connected = True
        self._tasks = [
            asyncio.create_task(self._answer_requests()),
            asyncio.create_task(self.upkeep.intake.run(self.inbox)),
        ]
        await self.pass_time(0)

    async def disconnect(self) -> None:
        self.connected = False
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.upkeep.lost("the line broke")

    async def _answer_requests(self) -> None:
        inbox = self.inbox
        while True:
            outgoing, asks = await self.upkeep.outbox.next()
            self.upkeep.sent(outgoing, asks)
            inbox.put(json.dumps({"result": None, "id": outgoing.request_id}).encode(), 0)

    def _kline(self, row: list[Any], *, closed: bool) -> bytes:
        candle = {
            "t": row[0], "T": row[6], "s": "BTCUSDT", "i": "1m", "f": 1, "L": 2, "o": row[1],
            "h": row[2], "l": row[3], "c": row[4], "v": row[5], "n": row[8], "x": closed,
            "q": row[7], "V": row[9], "Q": row[10], "B": "0",
        }  # fmt: skip
        at = max(row[0] + 60_000, self.truth.now_ms) if closed else self.truth.now_ms
        return _frame("btcusdt@kline_1m", {"e": "kline", "E": at, "s": "BTCUSDT", "k": candle})


def _frame(stream: str, data: dict[str, Any]) -> bytes:
    return json.dumps({"stream": stream, "data": data}).encode()


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("trades"), st.integers(1, 6)),
        st.tuples(st.just("lost"), st.integers(1, 5)),
        st.tuples(st.just("doubled"), st.integers(1, 6)),
        st.tuples(st.just("reordered"), st.integers(1, 5)),
        st.tuples(st.just("late"), st.integers(1, 3)),
        st.tuples(st.just("quiet"), st.integers(1, 12)),
        st.tuples(st.just("failing"), st.integers(1, 4)),
        st.tuples(st.just("reconnect"), st.integers(0, 150)),
    ),
    max_size=14,
)


@pytest.mark.parametrize("built", [False, True], ids=["streamed candles", "built candles"])
@settings(max_examples=40, deadline=None)
@example(steps=[("trades", 6), ("doubled", 6)] * 4, seed=1, reconnects=False)
@example(steps=[("trades", 6), ("lost", 3)] * 4, seed=2, reconnects=False)
@example(steps=[("trades", 6), ("late", 3), ("reordered", 5)] * 3, seed=3, reconnects=False)
@example(steps=[("trades", 6), ("failing", 4), ("reconnect", 130)] * 3, seed=4, reconnects=True)
@given(steps=STEPS, seed=st.integers(0, 1000), reconnects=st.booleans())
def test_in_the_end_every_trade_and_candle_is_there_once(
    built: bool, steps: list[tuple[str, int]], seed: int, reconnects: bool
) -> None:
    world = World(seed, built=built)

    asyncio.run(world.play([("trades", 3), *steps], reconnects=reconnects))

    tape = world.market[BTC].tape
    ids = [one.trade_id for one in reversed(tape.newest(1000))]
    assert ids == [one["a"] for one in world.truth.trades]
    assert tape.missed_note == ""
    series = world.market[BTC].series(MINUTE)
    found = [
        (one.open_time // MS, one.open, one.high, one.low, one.close, one.volume)
        for one in series.candles
    ]
    assert found == [(row[0], *(float(text) for text in row[1:6])) for row in world.truth.rows()]
    assert list(series.holes) == []
    assert world.market.truth(CANDLES).status is not SubscriptionStatus.REJECTED
