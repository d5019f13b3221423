"""A feed against a socket on loopback that answers as TradingView's does."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec
import pytest
from aiohttp import web
from talk import AAPL, BTC, CANDLES, MINUTE, TICKER, frame, message
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from tui.adapters.tradingview import TradingViewAdapter
from tui.adapters.tradingview.framing import split
from tui.feed.clock import SystemClock
from tui.feed.error_log import ErrorLog
from tui.feed.feed import Feed
from tui.feed.settings import FeedSettings
from tui.market.market import Market
from tui.model.subscription import Channel, Subscription, SubscriptionStatus
from tui.session import Session
from tui.transports.rest import RestTransport

QUICK = FeedSettings(
    backoff_initial_s=0.02, backoff_cap_s=0.05, min_uptime_s=0.05, ack_timeout_s=2.0
)
NONE_SUCH = Subscription(BTC, Channel.CANDLES, MINUTE)


class Venue:
    """Knows one symbol, whose history ends with the present minute."""

    def __init__(self) -> None:
        self.origins: list[str | None] = []
        self.received: list[list[Any]] = []
        self.sockets: list[ServerConnection] = []
        self.defined: list[str] = []
        self.mode = "delayed_streaming_900"
        self.told = -300
        self.minute = int(time.time()) // 60 * 60
        self._server: Server | None = None

    async def start(self) -> None:
        self._server = await serve(self._serve, "127.0.0.1", 0, ping_interval=None)
        self.url = f"ws://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/socket"

        application = web.Application()
        application.router.add_get("/pine-facade/translate/{name}/last", self._define)
        self._runner = web.AppRunner(application, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.rest_url = site.name

    async def stop(self) -> None:
        await self._runner.cleanup()
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def _define(self, request: web.Request) -> web.Response:
        self.defined.append(request.match_info["name"])
        if request.match_info["name"] != "STD;RSI":
            return web.json_response({"success": False, "reason": "no such script"}, status=404)
        meta = {"inputs": [], "plots": [{"id": "plot_0"}], "styles": {"plot_0": {"title": "RSI"}}}
        return web.json_response({"success": True, "result": {"metaInfo": meta}})

    async def _serve(self, socket: ServerConnection) -> None:
        assert socket.request is not None
        self.origins.append(socket.request.headers.get("Origin"))
        self.sockets.append(socket)
        await socket.send(
            frame({"session_id": "x", "timestampMs": time.time_ns() // 10**6}).decode()
        )
        try:
            async for text in socket:
                assert isinstance(text, str)
                for body in split(text.encode()):
                    await self._answer(socket, body)
        except ConnectionClosed:
            pass
        finally:
            self.sockets.remove(socket)

    async def _answer(self, socket: ServerConnection, body: bytes) -> None:
        if body.startswith(b"~h~"):
            self.received.append([body.decode()])
            return
        asked = json.loads(body)
        name, (session, *rest) = asked["m"], asked["p"]
        self.received.append([name, session, *rest])
        if name == "set_auth_token" and session == "expired":
            await self.say(socket, message("protocol_error", "bad auth token"))
            await socket.close()
            return
        if name == "resolve_symbol":
            if "NASDAQ:AAPL" in rest[1]:
                info = {"pricescale": 100, "minmov": 1, "name": "AAPL", "currency_code": "USD"}
                await self.say(socket, message("symbol_resolved", session, rest[0], info))
            else:
                await self.say(socket, message("symbol_error", session, rest[0], "invalid symbol"))
        elif name == "create_series":
            done = message("series_completed", session, "sds_1", self.mode, "s1", {})
            await self.say(socket, message("series_loading", session, "sds_1", "s1"))
            # Data and a heartbeat share a message.
            await self.say(socket, self.bars(session, -300, 0), "~h~1", done)
        elif name == "request_more_data":
            first = max(self.told - rest[1], -1800)
            if first < self.told:
                await self.say(socket, self.bars(session, first, self.told - 1))
            self.told = first
            await self.say(
                socket, message("series_completed", session, "sds_1", self.mode, "s1", {})
            )
        elif name == "create_study":
            row = {"i": 0, "v": [float(self.minute), 54.2]}
            await self.say(socket, message("du", session, {rest[0]: {"st": [row], "t": "s1_st1"}}))
        elif name == "quote_add_symbols":
            values = {"lp": 180.96, "lp_time": self.minute, "pricescale": 100, "minmov": 1}
            for symbol in rest:
                quote = {"n": symbol, "s": "ok", "v": values | {"update_mode": self.mode}}
                await self.say(socket, message("qsd", session, quote))

    def bars(self, session: str, first: int, last: int, close: float = 10.5) -> dict[str, Any]:
        rows = [
            {"i": n, "v": [float(self.minute + 60 * n), 10.0, 11.0, 9.0, close, 5.0]}
            for n in range(first, last + 1)
        ]
        now_ms = time.time_ns() // 10**6
        return message("timescale_update", session, {"sds_1": {"s": rows, "t": "s1"}}, at_ms=now_ms)

    @property
    def session(self) -> str:
        """The newest chart session."""
        return str(next(one[1] for one in reversed(self.received) if one[0] == "create_series"))

    async def say(self, socket: ServerConnection, *messages: Any) -> None:
        await socket.send(frame(*messages).decode())


@pytest.fixture
async def server() -> AsyncIterator[Venue]:
    made = Venue()
    await made.start()
    yield made
    await made.stop()


class Bench:
    def __init__(self, server: Venue) -> None:
        self.market = Market()
        clock = SystemClock()
        self.errors = ErrorLog(clock)
        self.rest = RestTransport()
        self.adapter = TradingViewAdapter(
            {"stream": server.url, "rest": server.rest_url, "studies": "STD;RSI,STD;SECRET"}
        )
        # Nobody is locked out here.
        self.adapter.limits = msgspec.structs.replace(self.adapter.limits, connections_apart_s=0.1)
        self.feed = Feed(
            self.adapter,
            self.market,
            rest=self.rest,
            clock=clock,
            rng=random.Random(1),
            errors=self.errors,
            settings=QUICK,
        )

    def says(self, subscription: Subscription) -> tuple[str, str]:
        truth = self.market.truth(subscription)
        return truth.status.value, truth.reason

    def messages(self) -> list[str]:
        return [record.message for record in self.errors.records()]


@pytest.fixture
async def bench(server: Venue) -> AsyncIterator[Bench]:
    made = Bench(server)
    task = asyncio.create_task(made.feed.run())
    yield made
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await made.rest.close()


async def until(condition: Callable[[], object], timeout_s: float = 5.0) -> None:
    """Wait for something that real sockets will bring about."""
    async with asyncio.timeout(timeout_s):
        while not condition():  # noqa: ASYNC110 - the condition is other people's state
            await asyncio.sleep(0.005)


async def test_a_chart_fills_from_the_stream_and_says_its_delay(
    server: Venue, bench: Bench
) -> None:
    bench.feed.want([CANDLES, TICKER])

    await until(lambda: {bench.says(one)[0] for one in (CANDLES, TICKER)} == {"live"})

    state = bench.market[AAPL]
    assert bench.says(CANDLES) == ("live", "15m late, unofficial")
    assert bench.says(TICKER) == ("live", "15m late, unofficial")
    assert len(state.series(MINUTE)) == 301
    assert state.last_text == "180.96"
    assert state.info is not None
    assert state.info.price_decimals == 2
    assert server.origins == ["https://www.tradingview.com"]
    assert [text for text in bench.messages() if "publishes no interface" in text]
    await until(lambda: ["~h~1"] in server.received)


async def test_older_candles_are_told_by_the_stream(server: Venue, bench: Bench) -> None:
    bench.feed.want([CANDLES])
    await until(lambda: bench.says(CANDLES)[0] == "live")
    series = bench.market[AAPL].series(MINUTE)

    bench.feed.look_back({CANDLES: (server.minute - 60 * 310) * 10**9})
    await until(lambda: series.past.note == "" and len(series) == 1301)
    assert series.times[0] == (server.minute - 60 * 1300) * 10**9

    bench.feed.look_back({CANDLES: 0})
    await until(lambda: series.past.begins)
    assert len(series) == 1801
    assert bench.says(CANDLES) == ("live", "15m late, unofficial")
    studies = [one for one in server.received if one[0] == "create_study"]
    assert len(studies) == 1


async def test_a_new_connection_tells_again_what_is_held_and_then_what_is_older(
    server: Venue, bench: Bench
) -> None:
    bench.feed.want([CANDLES])
    await until(lambda: bench.says(CANDLES)[0] == "live")
    series = bench.market[AAPL].series(MINUTE)
    bench.feed.look_back({CANDLES: (server.minute - 60 * 310) * 10**9})
    await until(lambda: len(series) == 1301)

    server.told = -300
    await server.sockets[-1].close()
    await until(lambda: len(server.origins) == 2 and bench.says(CANDLES)[0] == "live")
    bench.feed.look_back({CANDLES: 0})
    await until(lambda: series.past.begins)

    assert len(series) == 1801


async def test_the_chart_goes_on_with_what_follows(server: Venue, bench: Bench) -> None:
    bench.feed.want([CANDLES])
    await until(lambda: bench.says(CANDLES)[0] == "live")

    await server.say(server.sockets[0], server.bars(server.session, 1, 1, 10.9))

    series = bench.market[AAPL].series(MINUTE)
    await until(lambda: len(series) == 302)
    assert [(one.close, one.closed) for one in series.candles[-2:]] == [(10.5, True), (10.9, False)]
    # What is not to be had by requests takes nothing back of what the stream said.
    assert bench.says(CANDLES) == ("live", "15m late, unofficial")


async def test_an_unknown_symbol_is_rejected_after_three_tries_and_the_other_lives(
    server: Venue, bench: Bench
) -> None:
    bench.feed.want([CANDLES, NONE_SUCH])

    await until(lambda: bench.says(NONE_SUCH)[0] == "rejected" and bench.says(CANDLES)[0] == "live")

    assert bench.says(NONE_SUCH)[1] == "unknown symbol (invalid symbol)"
    tries = [one[3] for one in server.received if one[0] == "resolve_symbol" and "BTC" in one[3]]
    assert tries == [
        '={"symbol":"BINANCE:BTCUSDT","adjustment":"splits"}',
        '={"symbol":"BINANCE:BTCUSDT"}',
        "BINANCE:BTCUSDT",
    ]


async def test_after_a_drop_everything_is_asked_for_anew_and_nothing_is_doubled(
    server: Venue, bench: Bench
) -> None:
    bench.feed.want([CANDLES, TICKER])
    await until(lambda: bench.market.studies.names(AAPL, MINUTE))
    first = server.session

    server.sockets[0].transport.abort()
    await until(lambda: len(server.origins) == 2 and bench.says(CANDLES)[0] == "live")

    assert server.session != first
    assert len(bench.market[AAPL].series(MINUTE)) == 301
    await until(lambda: [one[0] for one in server.received].count("create_study") == 2)
    assert [one[0] for one in server.received].count("set_auth_token") == 2
    assert server.defined == ["STD;RSI", "STD;SECRET"]


async def test_a_chart_that_is_closed_is_closed_at_the_venue(server: Venue, bench: Bench) -> None:
    bench.feed.want([CANDLES, TICKER])
    await until(lambda: bench.says(CANDLES)[0] == "live")

    bench.feed.want([TICKER])

    await until(lambda: ["chart_delete_session", server.session] in server.received)
    assert bench.says(CANDLES)[0] == "off"


async def test_studies_begin_with_the_chart_and_a_refused_one_is_said(
    server: Venue, bench: Bench
) -> None:
    bench.feed.want([CANDLES])
    await until(lambda: bench.market.studies.names(AAPL, MINUTE))

    series = bench.market.studies.series(AAPL, MINUTE, "STD;RSI")
    assert series is not None
    assert [(one.plots, one.values) for one in series.points] == [(("RSI",), (54.2,))]
    await until(lambda: len(server.defined) == 2)
    await until(lambda: any("STD;SECRET" in text for text in bench.messages()))
    assert bench.says(CANDLES)[0] == "live"


@pytest.fixture
async def session() -> AsyncIterator[Session]:
    """A session whose user has an account."""
    clock, tasks = SystemClock(), []
    made = Session(
        clock=clock,
        rng=random.Random(1),
        errors=ErrorLog(clock),
        settings=QUICK,
        start=lambda name, work: tasks.append(asyncio.create_task(work)),
    )
    made.want([TICKER])
    yield made
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await made.close()


async def test_the_token_of_the_usual_variable_is_shown_first(
    server: Venue, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRADINGVIEW_JWT_TOKEN", "header.payload.signature")

    session.open_feed(TradingViewAdapter({"stream": server.url}))
    await until(lambda: session.market.truth(TICKER).status is SubscriptionStatus.LIVE)

    assert server.received[0] == ["set_auth_token", "header.payload.signature"]
    assert [one[0] for one in server.received].count("set_auth_token") == 1


async def test_a_token_that_is_not_accepted_is_said_in_the_panel(
    server: Venue, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRADINGVIEW_JWT_TOKEN", "expired")

    session.open_feed(TradingViewAdapter({"stream": server.url}))
    await until(lambda: session.market.truth(TICKER).status is SubscriptionStatus.REJECTED)

    assert session.market.truth(TICKER).reason == "the token is not accepted (bad auth token)"
