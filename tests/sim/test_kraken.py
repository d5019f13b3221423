"""The embedded market as Kraken, by either protocol: by our adapter, and by what a stranger may say."""

from __future__ import annotations

import json
import zlib
from itertools import pairwise
from typing import Any

import aiohttp
import pytest
from venue_clients import START_NS, executions, levels, raw, serve, speaking, truth
from websockets.exceptions import ConnectionClosed

from tui.adapters.kraken.adapter import DEPTH, KrakenAdapter
from tui.feed.books import Verdict
from tui.feed.clock import ManualClock
from tui.model.events import (
    Ack,
    Candle,
    Gap,
    Heartbeat,
    ParseFailure,
    Rejection,
    Side,
    Ticker,
    Trade,
)
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription
from tui.model.timeframe import NS, Timeframe
from tui.sim.kraken.books import BookTop
from tui.sim.kraken.pairs import price
from tui.sim.server import SimServer

BTC = Instrument("KRAKEN", "BTC/USDT")
PEPE = Instrument("KRAKEN", "PEPE/USDT")
MINUTE = Timeframe.parse("1m")
WANTED = [
    Subscription(BTC, Channel.TICKER),
    Subscription(BTC, Channel.TRADES),
    Subscription(BTC, Channel.BOOK),
    Subscription(PEPE, Channel.BOOK),
    Subscription(BTC, Channel.CANDLES, MINUTE),
]
PROTOCOLS = ("v2", "v1")


def adapter_for(server: SimServer, protocol: str) -> KrakenAdapter:
    return KrakenAdapter({**server.kraken_endpoints, "protocol": protocol})


async def rest(server: SimServer, name: str, method: str = "GET", **params: str) -> Any:
    url = f"{server.kraken_endpoints['rest']}/0/public/{name}"
    place = {"params": params} if method == "GET" else {"data": params}
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, url, **place) as response,  # type: ignore[arg-type]
    ):
        assert response.status == 200
        return await response.json()


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_our_adapter_keeps_the_engines_book_with_every_checksum(protocol: str) -> None:
    async with serve() as server, speaking(server, adapter_for(server, protocol)) as client:
        await client.connect(WANTED)
        await client.until(lambda: len(client.books) == 2 and len(client.seen(Ack)) == 4)
        for _ in range(5):
            await server.advance(1)
        for instrument, symbol in ((BTC, "BTCUSDT"), (PEPE, "PEPEUSDT")):
            pair = server.market.pair(symbol)
            book = client.books[instrument]
            await client.until(lambda b=book, p=pair: levels(b, DEPTH) == truth(p, DEPTH))

        assert set(client.verdicts) == {Verdict.APPLIED}
        assert len(client.verdicts) > 100
        assert all(sync.is_verified for sync in client.syncs.values())
        for fault in (ParseFailure, Gap, Rejection):
            assert not client.seen(fault)
        assert client.seen(Heartbeat)


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_trades_prices_and_candles_are_the_engines(protocol: str) -> None:
    async with (
        serve("BTCUSDT", regime="quiet") as server,
        speaking(server, adapter_for(server, protocol)) as client,
    ):
        await client.connect([one for one in WANTED if one.instrument == BTC])
        await client.until(lambda: len(client.seen(Ack)) == 4)
        pair = server.market.pair("BTCUSDT")
        known = pair.last_trade_id
        await server.advance(35)
        await client.until(
            lambda: client.seen(Trade) and client.seen(Trade)[-1].ts_exchange // 1_000
            == pair.executions[-1].ts_ns // 1_000
        )  # fmt: skip

        expected = executions(pair, known + 1)
        came = client.seen(Trade)[-len(expected) :]
        assert [(t.price, t.size, t.aggressor is Side.SELL) for t in came] == [
            fact[1:] for fact in expected
        ]
        if protocol == "v2":
            assert [trade.trade_id for trade in came] == [fact[0] for fact in expected]
        await client.until(lambda: client.seen(Ticker)[-1].last == expected[-1][1])

        listing = pair.listing
        for opened, bar in pair.ledger.candles(MINUTE, START_NS, server.market.now_ns, 2):
            told = [one for one in client.seen(Candle) if one.open_time == opened][-1]
            assert (told.open, told.high, told.low, told.close, told.volume, told.trades) == (
                *(float(listing.price_text(x)) for x in (bar.open, bar.high, bar.low, bar.close)),
                float(listing.size_text(bar.volume)),
                bar.trades,
            )


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_a_lost_change_of_a_book_breaks_the_checksum_and_asking_again_mends_it(
    protocol: str,
) -> None:
    book = Subscription(BTC, Channel.BOOK)
    name = "kraken:book-25:BTC/USDT" if protocol == "v2" else "kraken-v1:book-25:XBT/USDT"
    async with (
        serve("BTCUSDT") as server,
        speaking(server, adapter_for(server, protocol)) as client,
    ):
        await client.connect([book])
        await client.until(lambda: client.verdicts)
        server.lose_next(name)
        await server.advance(2)
        await client.until(lambda: set(client.verdicts) > {Verdict.APPLIED})

        await client.unsubscribe([book])
        await client.subscribe([book])
        await client.until(lambda: client.verdicts[-1] is Verdict.APPLIED)
        await server.advance(2)
        pair = server.market.pair("BTCUSDT")
        await client.until(lambda: levels(client.books[BTC], DEPTH) == truth(pair, DEPTH))
        assert client.syncs[BTC].is_verified


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_an_unknown_pair_harms_no_other(protocol: str) -> None:
    moon = Subscription(Instrument("KRAKEN", "MOON/USD"), Channel.TRADES)
    async with (
        serve("BTCUSDT") as server,
        speaking(server, adapter_for(server, protocol)) as client,
    ):
        await client.connect([Subscription(BTC, Channel.TRADES), moon])
        await client.until(lambda: client.seen(Rejection) and client.seen(Ack))
        await server.advance(2)
        await client.until(lambda: client.seen(Trade) and client.seen(Heartbeat))

        (rejection,) = client.seen(Rejection)
        assert rejection.subscription == moon
        assert rejection.reason == "Currency pair not supported MOON/USD"


async def test_the_rest_side_tells_the_engines_candles_and_trades() -> None:
    async with serve("BTCUSDT") as server, speaking(server, adapter_for(server, "v2")) as client:
        await server.advance(45)
        candles = await client.get(client.adapter.candles_request(BTC, MINUTE))
        trades = await client.get(client.adapter.trades_request(BTC, limit=100))
        pair = server.market.pair("BTCUSDT")

        listing = pair.listing
        expected = pair.ledger.candles(MINUTE, 0, server.market.now_ns, 720, newest=True)
        assert [
            (c.open_time, c.open, c.high, c.low, c.close, c.volume, c.trades) for c in candles
        ] == [
            (
                opened,
                *(float(listing.price_text(x)) for x in (bar.open, bar.high, bar.low, bar.close)),
                float(listing.size_text(bar.volume)),
                bar.trades,
            )
            for opened, bar in expected
        ]
        assert [candle.closed for candle in candles[-2:]] == [True, False]
        assert [
            (t.trade_id, t.price, t.size, t.aggressor is Side.SELL) for t in trades
        ] == executions(pair, pair.last_trade_id - 99)


async def test_the_rest_side_answers_all_that_our_adapter_asks() -> None:
    async with serve() as server, speaking(server, adapter_for(server, "v2")) as client:
        adapter = client.adapter
        listed = await client.get(adapter.instruments_request())
        book = await client.get(adapter.book_request(BTC))
        tickers = await client.get(adapter.tickers_request([BTC, PEPE]))
        now = (await rest(server, "Time"))["result"]["unixtime"]

    assert [(info.instrument, info.tick_size) for info in listed] == [
        (BTC, "0.01"),
        (PEPE, "0.00000001"),
    ]
    assert float(book.bids[0][0]) < float(book.asks[0][0])
    assert {ticker.instrument for ticker in tickers} == {BTC, PEPE}
    assert now == START_NS // NS


@pytest.mark.parametrize(
    ("name", "params", "words"),
    [
        ("OHLC", {"pair": "MOONUSD"}, "EQuery:Unknown asset pair"),
        ("OHLC", {"pair": "XBTUSDT", "interval": "7"}, "EGeneral:Invalid arguments"),
        ("Depth", {"pair": "XBTUSDT", "count": "501"}, "EGeneral:Invalid arguments"),
        ("Trades", {}, "EGeneral:Invalid arguments"),
        ("Dance", {}, "EGeneral:Unknown method"),
    ],
)
async def test_refusals_come_as_good_answers(name: str, params: dict[str, str], words: str) -> None:
    async with serve("BTCUSDT") as server:
        assert await rest(server, name, **params) == {"error": [words]}


async def test_answers_are_keyed_by_names_that_nobody_asked_for() -> None:
    async with serve("ETHBTC", "DOGEUSDT") as server:
        found = await rest(server, "Depth", pair="ETH/XBT", count="1")
        echoed = await rest(server, "AssetPairs", pair="ETH/BTC")
        listed = await rest(server, "AssetPairs", "POST")

    assert list(found["result"]) == ["XETHXXBT"]
    assert list(echoed["result"]) == ["ETH/BTC"]
    assert {key: row["wsname"] for key, row in listed["result"].items()} == {
        "XDGUSDT": "XDG/USDT",
        "XETHXXBT": "ETH/XBT",
    }


async def test_candles_begin_after_since_and_the_last_one_still_runs() -> None:
    async with serve("BTCUSDT") as server:
        whole = (await rest(server, "OHLC", pair="XBTUSDT"))["result"]
        since = str(whole["last"])
        rest_of_it = (await rest(server, "OHLC", pair="XBTUSDT", since=since))["result"]

    assert len(whole["XBTUSDT"]) == 720
    assert whole["last"] == whole["XBTUSDT"][-2][0]
    assert rest_of_it["XBTUSDT"] == whole["XBTUSDT"][-1:]


async def test_more_requests_than_the_venue_forgives_are_refused() -> None:
    clock = ManualClock(START_NS)
    async with serve("BTCUSDT", clock=clock) as server:
        answers = [await rest(server, "Time") for _ in range(16)]

    assert answers[-1] == {"error": ["EAPI:Rate limit exceeded"]}
    assert answers[-2]["error"] == []


# -- the second protocol ----------------------------------------------------------------------


def v2(server: SimServer) -> Any:
    return raw(server.kraken_endpoints["stream"] + "/v2")


def subscribe(channel: str, *symbols: str, **more: Any) -> dict[str, Any]:
    params = {"channel": channel, "symbol": list(symbols), **more}
    return {"method": "subscribe", "params": params, "req_id": 7}


async def test_the_state_of_the_venue_comes_unasked() -> None:
    async with serve("BTCUSDT") as server, v2(server) as client:
        told = await client.receive()

    assert (told["channel"], told["data"][0]["system"]) == ("status", "online")
    assert told["data"][0]["connection_id"] > 2**53


async def test_each_pair_is_answered_by_itself_then_told_how_it_stands() -> None:
    async with serve("BTCUSDT") as server, v2(server) as client:
        await client.receive()
        fine = await client.ask(subscribe("book", "BTC/USDT", "XBT/USDT", depth=10))
        snapshot = await client.receive()
        bad = await client.receive()

    assert (fine["success"], fine["req_id"], fine["result"]) == (
        True,
        7,
        {"channel": "book", "snapshot": True, "depth": 10, "symbol": "BTC/USDT"},
    )
    assert (snapshot["type"], len(snapshot["data"][0]["bids"])) == ("snapshot", 10)
    assert (bad["success"], bad["symbol"], bad["error"]) == (
        False,
        "XBT/USDT",
        "Currency pair not supported XBT/USDT",
    )


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (subscribe("book", "BTC/USDT", depth=42), "Subscription depth not supported"),
        (subscribe("ohlc", "BTC/USDT", interval=3), "Subscription ohlc interval not supported"),
        (subscribe("dance", "BTC/USDT"), "Channel not supported"),
        ({"method": "dance"}, "Unsupported method"),
        ({"method": "subscribe"}, "Malformed request"),
        ([1], "Malformed request"),
    ],
)
async def test_what_is_refused_as_a_whole_names_no_pair(message: Any, words: str) -> None:
    async with serve("BTCUSDT") as server, v2(server) as client:
        await client.receive()
        answer = await client.ask(message)

        assert (answer["success"], answer["error"]) == (False, words)
        assert "symbol" not in answer
        pong = await client.ask({"method": "ping", "req_id": 101})
        assert (pong["method"], pong["req_id"]) == ("pong", 101)


async def test_checksums_are_of_the_very_digits_that_are_sent() -> None:
    async with serve("BTCUSDT") as server, v2(server) as client:
        await client.receive()
        await client.ask(subscribe("book", "BTC/USDT", depth=10))
        data = json.loads(await client.socket.recv(), parse_float=str, parse_int=str)["data"][0]

    def digits(text: str) -> str:
        return text.replace(".", "").lstrip("0")

    text = "".join(
        digits(level["price"]) + digits(level["qty"]) for level in data["asks"] + data["bids"]
    )
    assert zlib.crc32(text.encode()) == int(data["checksum"])
    assert all(len(level["qty"].partition(".")[2]) == 8 for level in data["bids"])


async def test_candles_leave_out_empty_minutes_and_have_no_word_for_closed() -> None:
    async with serve("PEPEUSDT", regime="quiet") as server, v2(server) as client:
        await client.receive()
        answer = await client.ask(subscribe("ohlc", "PEPE/USDT", interval=1))
        told = await client.receive()

    assert answer["result"]["warnings"] == ["timestamp is deprecated, use interval_begin"]
    rows = told["data"]
    assert all(row["trades"] > 0 for row in rows)
    begins = [row["interval_begin"] for row in rows]
    assert begins == sorted(begins)
    assert begins[-1].endswith(".000000000Z")


async def test_heartbeats_come_every_second_once_something_is_subscribed() -> None:
    async with serve("BTCUSDT") as server, v2(server) as client:
        await client.receive()
        await server.advance(3)
        await client.ask(subscribe("ohlc", "BTC/USDT", interval=21_600, snapshot=False))
        await server.advance(2)
        await client.send({"method": "ping"})
        kinds = []
        while (frame := await client.receive()).get("method") != "pong":
            kinds.append(frame["channel"])

    assert kinds.count("heartbeat") == 2


async def test_the_fifty_newest_trades_come_only_when_wanted() -> None:
    async with serve("BTCUSDT") as server, v2(server) as client:
        await client.receive()
        await client.ask(subscribe("trade", "BTC/USDT", snapshot=True))
        told = await client.receive()

    ids = [row["trade_id"] for row in told["data"]]
    assert (told["type"], len(ids)) == ("snapshot", 50)
    assert {b - a for a, b in pairwise(ids)} == {1}


async def test_too_many_messages_are_answered_with_an_error_not_with_the_end() -> None:
    clock = ManualClock(START_NS)
    async with serve("BTCUSDT", clock=clock) as server, v2(server) as client:
        await client.receive()
        answers = [await client.ask({"method": "ping"}) for _ in range(51)]

    assert answers[-1]["error"] == "Exceeded msg rate"


async def test_a_connection_on_which_nobody_says_anything_ends_after_a_minute() -> None:
    clock = ManualClock(START_NS)
    async with serve("BTCUSDT", clock=clock) as server, v2(server) as client:
        await client.receive()
        await clock.advance(59)
        await client.ask({"method": "ping"})
        await clock.advance(59)
        await client.ask({"method": "ping"})
        await clock.advance(61)
        with pytest.raises(ConnectionClosed):
            await client.receive()


async def test_levels_that_are_pushed_out_get_no_word_and_those_that_come_back_are_told() -> None:
    async with serve("BTCUSDT") as server:
        pair = server.market.pair("BTCUSDT")
        engine = pair.engine
        top = BookTop(pair, 10, price)
        bids, _ = engine.top(11)
        inner, tenth, eleventh = bids[0][0], bids[9], bids[10]
        engine.changed.clear()
        order, _ = engine.place(is_bid=True, price=inner + 1, lots=5)
        pushed = top.advance()
        engine.changed.clear()
        engine.cancel(order)
        back = top.advance()

    assert pushed is not None
    assert back is not None
    assert pushed.bids == [(inner + 1, 5)]
    assert back.bids == [(inner + 1, 0), tenth]
    assert back.republished == {tenth[0]}
    assert eleventh not in back.bids


# -- the first protocol -----------------------------------------------------------------------


def v1(server: SimServer) -> Any:
    return raw(server.kraken_endpoints["stream"])


def old_subscribe(name: str, *pairs: str, **more: Any) -> dict[str, Any]:
    return {
        "event": "subscribe",
        "pair": list(pairs),
        "subscription": {"name": name, **more},
        "reqid": 7,
    }


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (old_subscribe("book", "BTC/USDT"), "Currency pair not supported BTC/USDT"),
        (old_subscribe("book", "XBTUSDT"), "Currency pair not in ISO 4217-A3 format XBTUSDT"),
        (old_subscribe("book", "XBT/USDT", depth=42), "Subscription depth not supported"),
        (old_subscribe("ohlc", "XBT/USDT", interval=3), "Subscription ohlc interval not supported"),
        ({"event": "dance", "reqid": 7}, "Event(s) not found"),
        ([1], "Malformed request"),
    ],
)
async def test_refusals_of_the_first_protocol(message: Any, words: str) -> None:
    async with serve("BTCUSDT") as server, v1(server) as client:
        assert (await client.receive())["status"] == "online"
        answer = await client.ask(message)

        assert answer["errorMessage"] == words
        assert await client.ask({"event": "ping", "reqid": 1}) == {"event": "pong", "reqid": 1}


async def test_changes_of_both_sides_come_in_two_parts_the_checksum_in_the_last() -> None:
    async with serve("BTCUSDT") as server, v1(server) as client:
        await client.receive()
        accepted = await client.ask(old_subscribe("book", "XBT/USDT", depth=10))
        snapshot = await client.receive()
        await server.advance(5)
        frames = [await client.receive() for _ in range(20)]

    assert accepted["channelName"] == "book-10"
    assert list(snapshot[1]) == ["as", "bs"]
    assert "c" not in snapshot[1]
    updates = [frame for frame in frames if isinstance(frame, list)]
    double = [frame for frame in updates if len(frame) == 5]
    assert double
    for _, asks, bids, channel, pair in double:
        assert (list(asks), list(bids), channel, pair) == (
            ["a"],
            ["b", "c"],
            "book-10",
            "XBT/USDT",
        )
    assert all("c" in frame[-3] for frame in updates)


async def test_the_first_protocols_candles_name_their_end() -> None:
    async with serve("BTCUSDT") as server, v1(server) as client:
        await client.receive()
        await client.ask(old_subscribe("ohlc", "XBT/USDT", interval=1))
        _, row, channel, _ = await client.receive()

    assert channel == "ohlc-1"
    assert float(row[1]) % 60 == 0
    assert float(row[0]) <= float(row[1])
    assert isinstance(row[8], int)


async def test_spreads_are_told() -> None:
    async with serve("BTCUSDT") as server, v1(server) as client:
        await client.receive()
        await client.ask(old_subscribe("spread", "XBT/USDT"))
        _, (bid, ask, *_), channel, pair = await client.receive()

    assert (channel, pair) == ("spread", "XBT/USDT")
    assert float(bid) < float(ask)
