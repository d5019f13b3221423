"""The embedded market behind a socket like TradingView's: by our adapter, and by hand."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any

import aiohttp
import pytest
from venue_clients import START_NS, RawClient, raw, serve, speaking
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tui.adapters.tradingview.adapter import TradingViewAdapter
from tui.model.events import Candle, Loaded, ParseFailure, Rejection, Ticker
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription
from tui.model.timeframe import NS, Timeframe
from tui.sim.market import Pair, SimMarket
from tui.sim.server import SimServer
from tui.sim.tradingview.framing import message, payloads
from tui.sim.tradingview.streams import candles

BTC = Instrument("TRADINGVIEW", "BINANCE:BTCUSDT")
MINUTE = Timeframe.parse("1m")
ORIGIN = "https://www.tradingview.com"


def bars(pair: Pair, timeframe: Timeframe, now_ns: int, count: int) -> list[list[float]]:
    """The engine's candles, as the socket writes them."""
    listing = pair.listing
    return [
        [
            opened / NS,
            *(float(listing.price_text(x)) for x in (bar.open, bar.high, bar.low, bar.close)),
            float(listing.size_text(bar.volume)),
        ]
        for opened, bar in pair.ledger.candles(timeframe, 0, now_ns, count, newest=True)
    ]


class Speaker:
    """A client that speaks the socket's frames by hand."""

    def __init__(self, client: RawClient) -> None:
        self.client = client
        self._frames: deque[Any] = deque()

    async def say(self, name: str, *params: Any) -> None:
        await self.client.socket.send(message(name, *params))

    async def hear(self) -> Any:
        """The next frame: a message, or the text of a heartbeat."""
        while not self._frames:
            async with asyncio.timeout(5):
                text = await self.client.socket.recv()
            for payload in payloads(str(text)):
                self._frames.append(json.loads(payload) if payload[0] == "{" else payload)
        return self._frames.popleft()

    async def until(self, name: str) -> list[Any]:
        """Frames up to one of a name."""
        frames = [await self.hear()]
        while isinstance(frames[-1], str) or frames[-1].get("m") != name:
            frames.append(await self.hear())
        return frames

    async def open_chart(self, session: str = "cs_1") -> None:
        await self.say("chart_create_session", session, "")
        await self.say("resolve_symbol", session, "sym_1", '={"symbol":"BINANCE:BTCUSDT"}')
        await self.until("symbol_resolved")


@asynccontextmanager
async def speaker(server: SimServer, token: str = "unauthorized_user_token") -> AsyncIterator[Any]:
    async with raw(server.tradingview_endpoints["stream"], ORIGIN) as client:
        one = Speaker(client)
        await one.say("set_auth_token", token)
        assert "session_id" in await one.hear()
        yield one


@pytest.fixture
async def server() -> AsyncIterator[SimServer]:
    async with serve("BTCUSDT", "DOGEUSDT") as server:
        yield server


async def test_our_adapter_shows_the_engines_candles_and_prices(server: SimServer) -> None:
    wanted = [Subscription(BTC, Channel.TICKER), Subscription(BTC, Channel.CANDLES, MINUTE)]
    adapter = TradingViewAdapter(server.tradingview_endpoints)
    async with speaking(server, adapter) as client:
        await client.connect(wanted)
        await client.until(lambda: len(client.seen(Loaded)) == 2)
        await server.advance(45)
        pair = server.market.pair("BTCUSDT")
        last = bars(pair, MINUTE, server.market.now_ns, 1)[0]
        await client.until(lambda: client.seen(Candle)[-1].volume == last[5])
        await client.until(lambda: client.seen(Ticker)[-1].last == last[4])

        told: dict[int, Candle] = {candle.open_time: candle for candle in client.seen(Candle)}
        assert len(told) > 900
        assert [
            [c.open_time / NS, c.open, c.high, c.low, c.close, c.volume] for c in told.values()
        ] == bars(pair, MINUTE, server.market.now_ns, len(told))
        assert not client.seen(Rejection)
        assert not client.seen(ParseFailure)


async def test_an_unknown_symbol_is_rejected_and_harms_no_other(server: SimServer) -> None:
    moon = Subscription(Instrument("TRADINGVIEW", "BINANCE:MOON"), Channel.CANDLES, MINUTE)
    adapter = TradingViewAdapter(server.tradingview_endpoints)
    async with speaking(server, adapter) as client:
        await client.connect([moon, Subscription(BTC, Channel.CANDLES, MINUTE)])
        await client.until(lambda: client.seen(Rejection) and client.seen(Candle))

        (rejection,) = client.seen(Rejection)
        assert rejection.subscription == moon or rejection.request_id is not None


async def test_history_comes_in_the_order_that_the_venue_keeps(server: SimServer) -> None:
    async with speaker(server) as one:
        await one.open_chart()
        await one.say("create_series", "cs_1", "s1", "t1", "sym_1", "5", 300, "")
        frames = await one.until("series_completed")

    assert [frame["m"] for frame in frames] == [
        "series_loading",
        "timescale_update",
        "series_timeframe",
        "series_completed",
    ]
    rows = frames[1]["p"][1]["s1"]["s"]
    assert [row["i"] for row in rows] == list(range(300))
    pair = server.market.pair("BTCUSDT")
    assert [row["v"] for row in rows] == bars(pair, Timeframe.parse("5m"), START_NS, 300)
    assert frames[1]["t_ms"] == START_NS // 1_000_000
    assert frames[3]["p"] == ["cs_1", "s1", "streaming", "t1", {"rt_update_period": 0}]


async def test_a_running_bar_is_replaced_and_the_next_one_appended(server: SimServer) -> None:
    async with speaker(server) as one:
        await one.open_chart()
        await one.say("create_series", "cs_1", "s1", "t1", "sym_1", "1", 10, "")
        await one.until("series_completed")
        await server.advance(40)
        frames = [await one.hear()]
        while isinstance(frames[-1], str) or frames[-1]["p"][1]["s1"]["s"][-1]["i"] != 10:
            frames.append(await one.hear())

    updates = [frame["p"][1]["s1"] for frame in frames if not isinstance(frame, str)]
    rows = [row for update in updates for row in update["s"]]
    indices = [row["i"] for row in rows]
    assert {9, 10} == set(indices)
    assert indices == sorted(indices)
    assert {update["ns"]["indexes"] for update in updates} == {"nochange"}
    pair = server.market.pair("BTCUSDT")
    complete = bars(pair, MINUTE, server.market.now_ns, 2)[0]
    assert [row["v"] for row in rows if row["i"] == 9][-1] == complete


async def test_older_bars_have_indices_below_zero(server: SimServer) -> None:
    async with speaker(server) as one:
        await one.open_chart()
        await one.say("create_series", "cs_1", "s1", "t1", "sym_1", "60", 5, "")
        await one.until("series_completed")
        await one.say("request_more_data", "cs_1", "s1", 3)
        frames = await one.until("series_completed")

    rows = frames[1]["p"][1]["s1"]["s"]
    hours = bars(server.market.pair("BTCUSDT"), Timeframe.parse("1h"), START_NS, 8)
    assert [row["i"] for row in rows] == [-3, -2, -1]
    assert [row["v"] for row in rows] == hours[:3]


async def test_another_timeframe_comes_under_its_own_turnaround(server: SimServer) -> None:
    async with speaker(server) as one:
        await one.open_chart()
        await one.say("create_series", "cs_1", "s1", "t1", "sym_1", "1", 5, "")
        await one.until("series_completed")
        await one.say("modify_series", "cs_1", "s1", "t2", "sym_1", "1M", "")
        frames = await one.until("series_completed")

    update = frames[1]["p"][1]["s1"]
    assert update["t"] == "t2"
    times = [row["v"][0] for row in update["s"]]
    assert {b - a for a, b in pairwise(times)} <= {86_400.0 * days for days in (28, 29, 30, 31)}


@pytest.mark.parametrize(
    ("frames", "words"),
    [
        ([("create_series", "cs_1", "s2", "t", "sym_1", "1", 5, "")], "exceed limit of series"),
        ([("resolve_symbol", "cs_1", "sym_1", "BINANCE:BTCUSDT")], "duplicate id"),
        ([("switch_timezone", "cs_1", "Mars/Base")], "invalid timezone"),
        ([("modify_series", "cs_1", "s1", "t2", "sym_1", "XX", "")], "invalid parameters"),
        ([("create_study", "cs_9", "st", "t", "s1", "x", {})], "unknown_session_id"),
    ],
)
async def test_critical_errors_end_the_session(
    server: SimServer, frames: list[tuple[Any, ...]], words: str
) -> None:
    async with speaker(server) as one:
        await one.open_chart()
        await one.say("create_series", "cs_1", "s1", "t1", "sym_1", "1", 5, "")
        await one.until("series_completed")
        for frame in frames:
            await one.say(*frame)
        error = await one.hear()

        assert error["m"] == "critical_error"
        assert error["p"][1].startswith(words)
        await one.say("chart_delete_session", error["p"][0])
        assert (await one.hear())["p"][1] == "unknown_session_id"


async def test_what_is_not_in_the_plan_is_an_error_of_the_series(server: SimServer) -> None:
    async with speaker(server) as one:
        await one.open_chart()
        await one.say("create_series", "cs_1", "s1", "t1", "sym_1", "20", 5, "")
        frames = await one.until("series_error")

    assert frames[-1]["p"] == ["cs_1", "s1", "t1", "custom_resolution"]


async def test_a_symbol_that_is_not_listed_is_an_error_of_the_symbol(server: SimServer) -> None:
    async with speaker(server) as one:
        await one.say("chart_create_session", "cs_1", "")
        await one.say("resolve_symbol", "cs_1", "sym_1", "NASDAQ:AAPL")

        assert (await one.hear())["p"] == ["cs_1", "sym_1", "invalid symbol"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (message("set_auth_token", "stale"), "bad auth token"),
        ("~m~99~m~short", "wrong data"),
        ("hello", "wrong data"),
        (message("dance", "x"), "wrong data"),
    ],
)
async def test_protocol_errors_end_the_connection(server: SimServer, text: str, words: str) -> None:
    async with speaker(server) as one:
        await one.client.socket.send(text)

        assert await one.hear() == {"m": "protocol_error", "p": [words]}
        with pytest.raises(ConnectionClosed):
            await one.hear()


async def test_who_does_not_send_back_three_heartbeats_is_dropped(server: SimServer) -> None:
    async with speaker(server) as one:
        await server.advance(30)
        assert [await one.hear() for _ in range(3)] == ["~h~1", "~h~2", "~h~3"]
        await server.advance(10)
        with pytest.raises(ConnectionClosed):
            await one.hear()


async def test_who_sends_heartbeats_back_stays(server: SimServer) -> None:
    async with speaker(server) as one:
        for number in range(1, 7):
            await server.advance(10)
            assert await one.hear() == f"~h~{number}"
            await one.client.socket.send(f"~m~4~m~~h~{number}")
            await one.say("quote_create_session", f"qs_{number}")
            await one.say("quote_add_symbols", f"qs_{number}", "SIM:NO")
            await one.until("quote_completed")


async def test_without_the_right_origin_nobody_comes_in(server: SimServer) -> None:
    for origin in (None, "https://example.com"):
        with pytest.raises(InvalidStatus) as refused:
            async with raw(server.tradingview_endpoints["stream"], origin):
                pass
        assert refused.value.response.status_code == 403


async def test_quotes_come_whole_then_only_what_changed(server: SimServer) -> None:
    async with speaker(server) as one:
        await one.say("quote_create_session", "qs_1")
        await one.say("quote_set_fields", "qs_1", "lp", "bid", "description", "pricescale")
        await one.say("quote_add_symbols", "qs_1", "SIM:DOGEUSDT")
        frames = await one.until("quote_completed")
        await server.advance(3)
        update = await one.hear()

    whole = frames[0]["p"][1]
    assert (whole["n"], whole["s"]) == ("SIM:DOGEUSDT", "ok")
    assert set(whole["v"]) == {"lp", "bid", "description", "pricescale"}
    assert whole["v"]["description"] == "도지코인 🐕 / USDT"
    assert set(update["p"][1]["v"]) <= {"lp", "bid"}


@pytest.mark.parametrize("text", ["1m", "1h", "1M"])
def test_late_candles_are_what_they_were_then(text: str) -> None:
    market = SimMarket(7, START_NS, regime="busy", symbols=("SOLUSDT",))
    pair, timeframe = market.pair("SOLUSDT"), Timeframe.parse(text)
    market.advance(START_NS + 40 * NS)
    then = pair.ledger.candles(timeframe, 0, market.now_ns, 3, newest=True)

    market.advance(START_NS + 70 * NS)

    now_ns = market.now_ns
    late = candles(pair, timeframe, 0, now_ns, 3, now_ns=now_ns, delay_s=30, newest=True)
    assert late == then
    assert late != pair.ledger.candles(timeframe, 0, now_ns, 3, newest=True)


async def test_what_is_late_and_what_has_no_volume_says_so_and_goes_on() -> None:
    stock, index = (Instrument("TRADINGVIEW", name) for name in ("NASDAQ:AAPL", "TVC:VIX"))
    wanted = [
        *(Subscription(one, Channel.CANDLES, MINUTE) for one in (stock, index)),
        *(Subscription(one, Channel.TICKER) for one in (stock, index)),
    ]
    async with serve("SOLUSDT", "LINKUSDT") as server:
        adapter = TradingViewAdapter(server.tradingview_endpoints)
        async with speaking(server, adapter) as client:
            await client.connect(wanted)
            await client.until(lambda: len(client.seen(Loaded)) == 4)
            began = len(client.seen(Candle))
            await server.advance(20)

            def newest(instrument: Instrument) -> list[Candle]:
                return [one for one in client.seen(Candle)[began:] if one.instrument == instrument]

            await client.until(lambda: newest(stock) and newest(index))

            notes = {
                (one.subscription.instrument.symbol, one.subscription.channel): one.note
                for one in client.seen(Loaded)
            }
            assert notes == {
                ("NASDAQ:AAPL", Channel.CANDLES): "15m late, unofficial",
                ("NASDAQ:AAPL", Channel.TICKER): "15m late, unofficial",
                ("TVC:VIX", Channel.CANDLES): "unofficial",
                ("TVC:VIX", Channel.TICKER): "unofficial",
            }
            assert 880 <= (server.market.now_ns - newest(stock)[-1].open_time) / NS <= 960
            assert {one.volume for one in client.seen(Candle) if one.instrument == index} == {0.0}
            assert newest(stock)[-1].volume > 0
            assert {one.bid for one in client.seen(Ticker) if one.instrument == stock} == {None}
            assert not client.seen(ParseFailure)


async def test_a_line_of_five_values_is_what_a_symbol_without_volume_promised() -> None:
    async with serve("LINKUSDT") as server, speaker(server) as one:
        await one.say("chart_create_session", "cs_1", "")
        await one.say("resolve_symbol", "cs_1", "sym_1", "TVC:VIX")
        resolved = (await one.until("symbol_resolved"))[-1]["p"][2]
        await one.say("create_series", "cs_1", "s1", "t1", "sym_1", "1", 5, "")
        frames = await one.until("series_completed")

    assert (resolved["visible_plots_set"], resolved["type"]) == ("ohlc", "index")
    assert [len(row["v"]) for row in frames[1]["p"][1]["s1"]["s"]] == [5] * 5


async def test_a_search_finds_stocks_by_their_exchange() -> None:
    async with serve("SOLUSDT") as server, aiohttp.ClientSession() as session:
        query = {"text": "AAPL", "exchange": "NASDAQ"}
        url = f"{server.tradingview_endpoints['rest']}/symbol_search/v3/"
        async with session.get(url, params=query, headers={"Origin": ORIGIN}) as response:
            (row,) = (await response.json())["symbols"]

    assert (row["symbol"], row["exchange"], row["type"]) == ("<em>AAPL</em>", "NASDAQ", "stock")


async def test_lengths_count_utf_16_units(server: SimServer) -> None:
    async with raw(server.tradingview_endpoints["stream"], ORIGIN) as client:
        await client.socket.recv()
        await client.socket.send(message("set_auth_token", "unauthorized_user_token"))
        await client.socket.send(message("chart_create_session", "cs_1", ""))
        await client.socket.send(message("resolve_symbol", "cs_1", "sym_1", "SIM:DOGEUSDT"))
        text = str(await client.socket.recv())

    (body,) = payloads(text)
    length = int(text.split("~")[2])
    assert "🐕" in body
    assert length == len(body.encode("utf-16-le")) // 2
    assert len(body) < length < len(body.encode())


async def test_a_study_follows_its_series_and_a_third_one_is_too_many(server: SimServer) -> None:
    async with speaker(server) as one:
        await one.open_chart()
        await one.say("create_series", "cs_1", "s1", "t1", "sym_1", "1", 20, "")
        await one.until("series_completed")
        inputs = {"text": "", "pineId": "STD;SMA", "in_0": {"v": 4, "f": True, "t": "integer"}}
        for name in ("st1", "st2", "st3"):
            await one.say(
                "create_study", "cs_1", name, name, "s1", "Script@tv-scripting-101!", inputs
            )
        frames = await one.until("study_error")
        closes = [row[4] for row in bars(server.market.pair("BTCUSDT"), MINUTE, START_NS, 20)]
        await server.advance(5)
        update = (await one.until("du"))[-1]

    values = [row["v"][1] for row in frames[1]["p"][1]["st1"]["st"]]
    assert values[:3] == [1e100] * 3
    assert values[3:] == pytest.approx([sum(closes[i - 3 : i + 1]) / 4 for i in range(3, 20)])
    assert frames[-1]["p"][3].startswith("The maximum number of studies")
    assert set(update["p"][1]) == {"s1", "st1", "st2"}
    assert "st" in update["p"][1]["st1"]


async def test_what_a_study_needs_is_told_by_http(server: SimServer) -> None:
    base = server.tradingview_endpoints["rest"]
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{base}/pine-facade/translate/STD%3BRSI/last") as response:
            found = await response.json()
        async with session.get(f"{base}/symbol?symbol=SIM:NOPE") as response:
            unknown = response.status
        async with session.get(
            f"{base}/symbol_search/v3/?text=btc", headers={"Origin": ORIGIN}
        ) as response:
            listed = await response.json()

    assert found["result"]["metaInfo"]["inputs"][1]["defval"] == 14
    assert unknown == 404
    assert listed["symbols"][0]["symbol"] == "<em>BTC</em>USDT"
