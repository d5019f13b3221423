"""The embedded market as Coinbase Exchange: by our adapter, and by what a stranger may say."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import aiohttp
import pytest
from venue_clients import START_NS, executions, levels, raw, serve, speaking, truth
from websockets.exceptions import ConnectionClosed

from tui.adapters.base import Adapter
from tui.adapters.registry import load_adapter
from tui.feed.books import Verdict
from tui.feed.clock import ManualClock
from tui.model.events import Ack, Gap, ParseFailure, Rejection, ServerTime, Side, Ticker, Trade
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription
from tui.model.timeframe import NS, Timeframe
from tui.sim.server import SimServer

BTC = Instrument("COINBASE", "BTC-USDT")
PEPE = Instrument("COINBASE", "PEPE-USDT")
WANTED = [
    Subscription(instrument, channel)
    for instrument in (BTC, PEPE)
    for channel in (Channel.TICKER, Channel.TRADES, Channel.BOOK)
]


def adapter_for(server: SimServer) -> Adapter:
    return load_adapter("COINBASE")(server.coinbase_endpoints)


async def get(server: SimServer, path: str, **params: Any) -> tuple[int, Any, dict[str, str]]:
    headers = params.pop("headers", {})
    async with (
        aiohttp.ClientSession() as session,
        session.get(
            f"{server.coinbase_endpoints['rest']}/{path}", params=params, headers=headers
        ) as response,
    ):
        return response.status, await response.json(), dict(response.headers)


async def test_our_adapter_keeps_the_engines_book_trades_and_prices() -> None:
    async with serve() as server, speaking(server, adapter_for(server)) as client:
        await client.connect(WANTED)
        await client.until(lambda: len(client.books) == 2 and client.seen(Ack))
        pair = server.market.pair("BTCUSDT")
        first = pair.last_trade_id + 1
        for _ in range(3):
            await server.advance(1)
        await client.until(lambda: levels(client.books[BTC]) == truth(pair))
        await client.until(lambda: client.trades()[-1].ts_exchange)

        pepe = server.market.pair("PEPEUSDT")
        await client.until(lambda: levels(client.books[PEPE]) == truth(pepe))
        assert set(client.verdicts) == {Verdict.APPLIED}
        expected = executions(pair, first)
        assert len(expected) > 10
        assert [
            (trade.trade_id, trade.price, trade.size, trade.aggressor is Side.SELL)
            for trade in client.trades()
            if trade.instrument == BTC
        ] == expected
        assert [trade.from_history for trade in client.seen(Trade)[:2]] == [True, True]
        last = [ticker for ticker in client.seen(Ticker) if ticker.instrument == BTC][-1]
        assert last.last == expected[-1][1]
        assert client.seen(ServerTime)[-1].ts_exchange == START_NS + 3 * NS
        for fault in (ParseFailure, Gap, Rejection):
            assert not client.seen(fault)


async def test_what_is_lost_on_purpose_leaves_a_hole_in_the_trade_ids() -> None:
    async with serve("BTCUSDT") as server, speaking(server, adapter_for(server)) as client:
        await client.connect([Subscription(BTC, Channel.TRADES)])
        await client.until(lambda: client.seen(Ack) and client.seen(Trade))
        first = server.market.pair("BTCUSDT").last_trade_id + 1
        server.lose_next("coinbase:matches:BTC-USDT")
        await server.advance(4)
        await client.until(lambda: len(client.seen(ServerTime)) == 4)

        all_of_them = [fact[0] for fact in executions(server.market.pair("BTCUSDT"), first)]
        came = [trade.trade_id for trade in client.trades()]
        assert 0 < len(came) < len(all_of_them)
        assert came == all_of_them[-len(came) :]


async def test_candles_and_trades_by_rest_are_the_engines() -> None:
    async with serve("BTCUSDT") as server, speaking(server, adapter_for(server)) as client:
        await server.advance(45)
        minute = Timeframe.parse("1m")
        end = server.market.now_ns
        candles = await client.get(
            client.adapter.candles_request(BTC, minute, start=end - 200 * 60 * NS, end=end)
        )

        ledger, listing = (server.market.pair("BTCUSDT").ledger, server.market.listings["BTCUSDT"])
        expected = [
            (
                opened,
                *(float(listing.price_text(x)) for x in (bar.open, bar.high, bar.low, bar.close)),
                float(listing.size_text(bar.volume)),
            )
            for opened, bar in ledger.candles(minute, end - 200 * 60 * NS, end, 1000)
            if bar.trades
        ]
        assert len(candles) > 100
        assert [
            (c.open_time, c.open, c.high, c.low, c.close, c.volume) for c in candles
        ] == expected
        trades = await client.get(client.adapter.trades_request(BTC, limit=50))
        pair = server.market.pair("BTCUSDT")
        assert [
            (trade.trade_id, trade.price, trade.size, trade.aggressor is Side.SELL)
            for trade in trades
        ] == executions(pair, pair.last_trade_id - 49)


async def test_the_rest_side_answers_all_that_our_adapter_asks() -> None:
    async with serve() as server, speaking(server, adapter_for(server)) as client:
        adapter = client.adapter
        listed = await client.get(adapter.instruments_request())
        one = await client.get(adapter.instruments_request([PEPE]))
        book = await client.get(adapter.book_request(BTC))
        tickers = await client.get(adapter.tickers_request([BTC, PEPE]))
        now = await client.get(adapter.time_request())

    assert [info.instrument for info in listed] == [BTC, PEPE]
    assert (one[0].tick_size, one[0].size_step) == ("0.00000001", "1")
    assert float(book.bids[0][0]) < float(book.asks[0][0])
    assert {ticker.instrument for ticker in tickers} == {BTC, PEPE}
    assert now == START_NS


async def test_a_bad_product_harms_no_other() -> None:
    wrong = Subscription(Instrument("COINBASE", "MOON-USD"), Channel.TRADES)
    async with serve("BTCUSDT") as server, speaking(server, adapter_for(server)) as client:
        await client.connect([Subscription(BTC, Channel.TRADES), wrong])
        await client.until(lambda: client.seen(Rejection) and client.seen(Trade))

        (rejection,) = client.seen(Rejection)
        assert rejection.subscription == wrong
        assert rejection.reason == "MOON-USD is not a valid product"


async def test_names_are_echoed_as_the_venue_does() -> None:
    async with serve("BTCUSDT") as server, raw(server.coinbase_endpoints["stream"]) as client:
        answer = await client.ask(
            {
                "type": "subscribe",
                "product_ids": ["BTC-USDT"],
                "channels": ["level2_batch", {"name": "ticker_batch", "product_ids": ["BTC-USDT"]}],
            }
        )

        assert answer == {
            "type": "subscriptions",
            "channels": [
                {"name": "level2_50", "product_ids": ["BTC-USDT"], "account_ids": None},
                {"name": "ticker_1000", "product_ids": ["BTC-USDT"], "account_ids": None},
            ],
        }
        assert [(await client.receive())["type"] for _ in range(2)] == ["snapshot", "ticker"]
        answer = await client.ask({"type": "unsubscribe", "channels": ["level2_batch"]})
        assert [channel["name"] for channel in answer["channels"]] == ["ticker_1000"]


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ({"type": "subscribe", "product_ids": ["BTC-USDT"], "channels": ["foo"]}, "foo is not"),
        ({"type": "subscribe", "product_ids": ["BTC-USDT"], "channels": ["level2"]}, "level2, lev"),
        ({"type": "subscribe", "product_ids": ["NO-NO"], "channels": ["matches"]}, "NO-NO is not"),
        ({"type": "dance"}, "Type has to be"),
        ([1], "Type has to be"),
        ({"type": "subscribe", "channels": 7}, "channels and"),
    ],
)
async def test_refusals_leave_the_connection_open(message: Any, reason: str) -> None:
    async with serve("BTCUSDT") as server, raw(server.coinbase_endpoints["stream"]) as client:
        answer = await client.ask(message)

        assert answer["type"] == "error"
        assert answer["reason"].startswith(reason)
        fine = {"type": "subscribe", "product_ids": ["BTC-USDT"], "channels": ["heartbeat"]}
        assert (await client.ask(fine))["type"] == "subscriptions"


async def test_who_signs_may_have_the_book_in_real_time() -> None:
    async with serve("BTCUSDT") as server, raw(server.coinbase_endpoints["stream"]) as client:
        signed = {"signature": "s", "key": "k", "passphrase": "p", "timestamp": "1"}
        request = {"type": "subscribe", "product_ids": ["BTC-USDT"], "channels": ["level2"]}
        await client.ask(request | signed)

        assert (await client.receive())["type"] == "snapshot"


async def test_who_subscribes_nothing_for_five_seconds_has_to_go() -> None:
    clock = ManualClock(START_NS)
    async with (
        serve("BTCUSDT", clock=clock) as server,
        raw(server.coinbase_endpoints["stream"]) as client,
    ):
        await (await client.socket.ping())
        await clock.advance(5.1)
        with pytest.raises(ConnectionClosed) as closed:
            await client.receive()

    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1008


async def test_sequences_rise_with_gaps_and_trade_ids_without() -> None:
    async with serve("BTCUSDT") as server, raw(server.coinbase_endpoints["stream"]) as client:
        channels = ["matches", "heartbeat"]
        await client.ask({"type": "subscribe", "product_ids": ["BTC-USDT"], "channels": channels})
        await server.advance(3)
        frames = []
        while (frame := await client.receive())["type"] != "heartbeat" or len(frames) < 10:
            frames.append(frame)

    sequences = [frame["sequence"] for frame in frames]
    ids = [frame["trade_id"] for frame in frames if "trade_id" in frame]
    assert all(a < b or frames[0]["type"] == "last_match" for a, b in pairwise(sequences))
    assert sequences == sorted(sequences)
    assert max(b - a for a, b in pairwise(sequences)) > 1
    assert {b - a for a, b in pairwise(ids)} == {1}


async def test_candles_are_told_low_first_newest_first_and_only_where_there_were_trades() -> None:
    async with serve("PEPEUSDT", regime="quiet") as server:
        status, rows, _ = await get(server, "products/PEPE-USDT/candles", granularity="60")

    assert status == 200
    assert 0 < len(rows) <= 350
    assert all(low <= min(o, c) and max(o, c) <= high for _, low, high, o, c, _ in rows)
    times = [row[0] for row in rows]
    assert times == sorted(times, reverse=True)
    assert all(row[5] > 0 for row in rows)


@pytest.mark.parametrize(
    ("path", "params", "status", "message"),
    [
        ("products/NO-NO/trades", {}, 404, "NotFound"),
        ("nothing", {}, 404, "NotFound"),
        ("products/BTC-USDT/candles", {"granularity": "1800"}, 400, "Unsupported granularity"),
        (
            "products/BTC-USDT/candles",
            {"granularity": "60", "start": "1800000000", "end": "1800018000"},
            400,
            "granularity too small for the requested time range. "
            "Count of aggregations requested exceeds 300",
        ),
        ("products/BTC-USDT/trades", {"limit": "5000"}, 400, "Invalid limit"),
        ("time", {"headers": {"User-Agent": ""}}, 400, "User-Agent header is required."),
    ],
)
async def test_rest_refusals(path: str, params: dict[str, Any], status: int, message: str) -> None:
    async with serve("BTCUSDT") as server:
        answered, body, _ = await get(server, path, **params)

    assert (answered, body) == (status, {"message": message})


async def test_an_hour_of_299_spans_is_allowed() -> None:
    async with serve("BTCUSDT") as server:
        start = START_NS // NS // 60 * 60 - 299 * 60
        status, rows, _ = await get(
            server,
            "products/BTC-USDT/candles",
            granularity="60",
            start=str(start),
            end=str(start + 299 * 60),
        )

    assert status == 200
    assert rows[0][0] <= start + 299 * 60


async def test_one_end_alone_is_ignored() -> None:
    async with serve("BTCUSDT") as server:
        _, asked, _ = await get(server, "products/BTC-USDT/candles", start="1700000000")
        _, plain, _ = await get(server, "products/BTC-USDT/candles")

    assert asked == plain


async def test_trades_page_backwards_by_headers() -> None:
    async with serve("BTCUSDT") as server:
        _, newest, headers = await get(server, "products/BTC-USDT/trades", limit="5")
        _, older, _ = await get(
            server, "products/BTC-USDT/trades", limit="5", after=headers["cb-after"]
        )

    assert [row["trade_id"] for row in newest] == list(
        range(int(headers["cb-before"]), int(headers["cb-after"]) - 1, -1)
    )
    assert older[0]["trade_id"] == newest[-1]["trade_id"] - 1


async def test_more_than_fifteen_requests_at_once_are_refused() -> None:
    clock = ManualClock(START_NS)
    async with serve("BTCUSDT", clock=clock) as server:
        statuses = [(await get(server, "time"))[0] for _ in range(17)]
        await clock.advance(0.2)
        later = (await get(server, "time"))[0]

    assert statuses == [200] * 15 + [429] * 2
    assert later == 200


async def test_the_status_channel_lists_everything() -> None:
    async with serve() as server, raw(server.coinbase_endpoints["stream"]) as client:
        await client.ask({"type": "subscribe", "channels": ["status"]})
        told = await client.receive()

    assert [product["id"] for product in told["products"]] == ["BTC-USDT", "PEPE-USDT"]
    assert [one["id"] for one in told["currencies"]] == ["BTC", "PEPE", "USDT"]
    assert json.dumps(told["products"][1]["quote_increment"]) == '"0.00000001"'
