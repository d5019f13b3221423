"""A feed against a scripted venue on loopback: real sockets, the real adapter."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

import msgspec
from aiohttp import web
from scripted_venue import (
    BOOK,
    BTC,
    CANDLES,
    MINUTE,
    QUICK,
    TICKER,
    TRADES,
    Bench,
    ScriptedVenue,
    agg_trade,
    kline,
    now_ms,
    until,
)

from tui.adapters.binance import BinanceAdapter
from tui.model.health import ConnectionState
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription

START = 29_000_000  # minutes since the epoch

MakeBench = Callable[..., Bench]


async def test_all_channels_become_live(venue: ScriptedVenue, bench: Bench) -> None:
    venue.klines = [kline(START + i, str(100 + i)) for i in range(5)]
    venue.trades = [agg_trade(i) for i in range(1, 4)]
    bench.feed.want([TICKER, TRADES, BOOK, CANDLES])

    bench.start()
    await until(lambda: len(venue.subscribed) == 4)
    await venue.push_ticker("100.50")
    await until(lambda: bench.status(BOOK) == "syncing")
    await venue.push_depth(99, 105, bids=[["99.5", "3"]])

    await until(lambda: {bench.status(one) for one in (TICKER, TRADES, BOOK, CANDLES)} == {"live"})
    state = bench.market[BTC]
    assert [candle.close for candle in state.series(MINUTE).candles] == [100, 101, 102, 103, 104]
    assert [trade.trade_id for trade in state.tape.newest(9)] == [3, 2, 1]
    assert state.book.bids.best_price == 99.5
    assert bench.market.truth(BOOK).verified
    assert bench.market.truth(BOOK).reason == "sequence"
    await until(lambda: state.last_text == "100.50")
    assert state.info is not None
    assert state.info.price_decimals == 2


async def test_day_figures_fill_the_watchlist_before_the_stream_speaks(
    venue: ScriptedVenue, bench: Bench
) -> None:
    bench.feed.want([TICKER])

    bench.start()

    await until(lambda: bench.status(TICKER) == "live")
    ticker = bench.market[BTC].ticker
    assert ticker is not None
    assert ticker.change_percent == 2.5
    assert bench.market[BTC].last_price == 100.0


async def test_one_unknown_symbol_is_rejected_and_the_others_live(
    venue: ScriptedVenue, bench: Bench
) -> None:
    unknown = Subscription(Instrument("BINANCE", "NOSUCH"), Channel.TICKER)
    bench.feed.want([TICKER, unknown])

    bench.start()

    await until(lambda: bench.status(TICKER) == "live" and bench.status(unknown) == "rejected")
    assert bench.market.truth(unknown).reason == "unknown symbol: Invalid symbol. (code -1121)"
    await until(lambda: "nosuch@ticker" not in venue.subscribed)


async def test_a_gap_rebuilds_the_book_and_verifies_it_again(
    venue: ScriptedVenue, bench: Bench
) -> None:
    bench.feed.want([BOOK])
    bench.start()
    await until(lambda: bench.status(BOOK) == "syncing")
    await venue.push_depth(99, 105)
    await until(lambda: bench.status(BOOK) == "live")

    venue.depth = {"lastUpdateId": 120, "bids": [["98.0", "7"]], "asks": [["102.0", "8"]]}
    await venue.push_depth(110, 115)
    await until(lambda: bench.status(BOOK) == "syncing")
    await until(lambda: ("depth", {"symbol": "BTCUSDT", "limit": "1000"}) in venue.requests[3:])
    await venue.push_depth(116, 125)

    await until(lambda: bench.status(BOOK) == "live")
    assert bench.market.truth(BOOK).verified
    assert bench.market[BTC].book.bids.best_price == 98.0
    assert "book is rebuilt: gap: 4 updates missed" in bench.messages()


async def test_a_dropped_connection_returns_and_fills_the_holes_without_doubles(
    venue: ScriptedVenue, bench: Bench
) -> None:
    venue.klines = [kline(START, "100"), kline(START + 1, "101"), kline(START + 2, "102")]
    venue.trades = [agg_trade(1)]
    bench.feed.want([TRADES, CANDLES, TICKER])
    bench.start()
    await until(lambda: {bench.status(one) for one in (TRADES, CANDLES, TICKER)} == {"live"})
    await venue.push_trade(2)
    await until(lambda: len(bench.market[BTC].tape) == 2)

    await venue.drop()
    venue.klines += [kline(START + 3, "103"), kline(START + 4, "104")]
    venue.trades += [agg_trade(3), agg_trade(4)]
    await until(lambda: venue.connections == 2 and len(venue.subscribed) == 3)
    await until(lambda: {bench.status(one) for one in (TRADES, CANDLES, TICKER)} == {"live"})
    await venue.push_trade(5)

    await until(lambda: len(bench.market[BTC].tape) == 5)
    assert [t.trade_id for t in bench.market[BTC].tape.newest(9)] == [5, 4, 3, 2, 1]
    assert bench.market[BTC].tape.missed == 0
    candles = bench.market[BTC].series(MINUTE).candles
    assert [candle.open_time // 60_000_000_000 - START for candle in candles] == [0, 1, 2, 3, 4]
    assert bench.feed.health().reconnects == 1
    assert not [message for message in bench.messages() if "internal" in message]


async def test_a_loss_is_shown_at_once(venue: ScriptedVenue, bench: Bench) -> None:
    bench.feed.want([TICKER])
    bench.start()
    await until(lambda: bench.status(TICKER) == "live")

    await venue.stop_stream()

    await until(lambda: bench.status(TICKER) == "stale")
    assert bench.market.truth(TICKER).reason.startswith("disconnected: ")


async def test_a_dead_endpoint_at_the_start_is_a_message_and_a_retry(
    venue: ScriptedVenue, bench: Bench
) -> None:
    await venue.stop_stream()
    bench.feed.want([TICKER])

    bench.start()
    await until(lambda: len(bench.feed.history) >= 3)
    assert any(message.startswith("cannot connect to 127.0.0.1") for message in bench.messages())
    assert bench.status(TICKER) == "pending"
    await venue.restart_stream()

    await until(lambda: bench.status(TICKER) == "live")


async def test_cancelling_closes_the_connection_and_leaves_no_task(
    venue: ScriptedVenue, bench: Bench
) -> None:
    before = asyncio.all_tasks()
    bench.feed.want([TICKER, TRADES, BOOK, CANDLES])
    bench.start()
    await until(lambda: bench.status(TICKER) == "live")

    await bench.stop()

    await until(lambda: not venue.sockets)
    await until(lambda: asyncio.all_tasks() <= before)
    assert bench.feed.history[-1].state is ConnectionState.CLOSED
    assert bench.status(TICKER) == "stale"


async def test_trades_that_the_stream_left_out_are_fetched_by_their_ids(
    venue: ScriptedVenue, bench: Bench
) -> None:
    bench.feed.want([TRADES])
    bench.start()
    await until(lambda: bench.status(TRADES) == "live")
    await venue.push_trade(1)
    venue.trades += [agg_trade(2), agg_trade(3)]

    await venue.push_trade(4)

    await until(lambda: len(bench.market[BTC].tape) == 4)
    assert ("aggTrades", {"symbol": "BTCUSDT", "fromId": "2", "limit": "2"}) in venue.requests
    assert bench.market[BTC].tape.missed == 0


async def test_trades_that_cannot_be_fetched_are_counted_on_the_tape(
    venue: ScriptedVenue, bench: Bench
) -> None:
    bench.feed.want([TRADES])
    bench.start()
    await until(lambda: bench.status(TRADES) == "live")
    await venue.push_trade(1)

    async def refuse(request: web.Request) -> web.Response:
        return web.json_response({"code": -1000, "msg": "unknown"}, status=400)

    venue.overrides["aggTrades"] = refuse
    await venue.push_trade(5)

    await until(lambda: bench.market[BTC].tape.missed == 3)
    assert "3 trades missed" in bench.messages()


async def test_candles_live_on_trades_where_the_venue_streams_none(
    venue: ScriptedVenue, make_bench: MakeBench
) -> None:
    minute = (now_ms() + 20_000) // 60_000  # one that does not end meanwhile
    venue.klines = [kline(minute - 1, "101"), kline(minute, "102", volume="10")]
    adapter = BinanceAdapter(
        {"stream": venue.stream_url, "rest": venue.rest_url},
        channels=frozenset({Channel.TRADES}),
    )
    bench = make_bench(QUICK, adapter)
    bench.feed.want([CANDLES, TICKER])
    bench.start()
    await until(lambda: bench.status(CANDLES) == "live")

    await venue.push_trade(1, "150.0", at_ms=minute * 60_000 + 59_999)
    await until(lambda: bench.market[BTC].series(MINUTE).candles[-1].close == 150.0)

    last = bench.market[BTC].series(MINUTE).candles[-1]
    assert (last.open, last.high, last.volume) == (100.0, 150.0, 10.5)
    assert len(bench.market[BTC].series(MINUTE)) == 2
    assert bench.market.truth(CANDLES).reason == "from trades"
    assert venue.subscribed == {"btcusdt@aggTrade"}
    assert bench.status(TICKER) == "live"
    assert bench.market[BTC].last_price == 150.0


async def test_a_switch_unsubscribes_and_keeps_the_last_known_state(
    venue: ScriptedVenue, bench: Bench
) -> None:
    venue.klines = [kline(START, "100")]
    ether = Subscription(Instrument("BINANCE", "ETHUSDT"), Channel.CANDLES, MINUTE)
    bench.feed.want([TICKER, CANDLES])
    bench.start()
    await until(lambda: bench.status(CANDLES) == "live")

    bench.feed.want([TICKER, ether])

    assert bench.status(CANDLES) == "off"
    assert len(bench.market[BTC].series(MINUTE)) == 1
    await until(lambda: venue.subscribed == {"btcusdt@ticker", "ethusdt@kline_1m"})
    bench.feed.want([TICKER, CANDLES])
    await until(lambda: bench.status(CANDLES) == "live")


async def test_history_and_stream_join_in_order_whatever_comes_first(
    venue: ScriptedVenue, bench: Bench
) -> None:
    venue.klines = [kline(START, "100"), kline(START + 1, "101"), kline(START + 2, "102")]
    held = asyncio.Event()

    async def slowly(request: web.Request) -> web.Response:
        await held.wait()
        return web.json_response(venue.klines)

    venue.overrides["klines"] = slowly
    bench.feed.want([CANDLES])
    bench.start()
    await until(lambda: "btcusdt@kline_1m" in venue.subscribed)
    await venue.push_kline(kline(START + 2, "102.5"), closed=True)
    await venue.push_kline(kline(START + 3, "103"), closed=False)
    await until(lambda: len(bench.market[BTC].series(MINUTE)) == 2)
    assert bench.status(CANDLES) == "syncing"

    held.set()

    await until(lambda: bench.status(CANDLES) == "live")
    candles = bench.market[BTC].series(MINUTE).candles
    assert [candle.close for candle in candles] == [100, 101, 102.5, 103]
    assert [candle.closed for candle in candles] == [True, True, True, False]


async def test_a_hole_in_the_candles_is_fetched(venue: ScriptedVenue, bench: Bench) -> None:
    venue.klines = [kline(START, "100"), kline(START + 1, "101")]
    bench.feed.want([CANDLES])
    bench.start()
    await until(lambda: bench.status(CANDLES) == "live")

    venue.klines += [kline(START + 2, "102"), kline(START + 3, "103")]
    await venue.push_kline(kline(START + 4, "104"), closed=False)

    await until(lambda: len(bench.market[BTC].series(MINUTE)) == 5)
    closes = [candle.close for candle in bench.market[BTC].series(MINUTE).candles]
    assert closes == [100, 101, 102, 103, 104]


async def test_of_an_outage_too_long_to_fetch_the_rest_is_a_hole_and_known_as_one(
    venue: ScriptedVenue, bench: Bench
) -> None:
    venue.klines = [kline(START + i, "100") for i in range(10)]
    bench.feed.want([CANDLES])
    bench.start()
    await until(lambda: bench.status(CANDLES) == "live")

    await venue.drop()
    venue.klines = [kline(START + i, "100") for i in range(8000)]
    await until(lambda: venue.connections == 2 and bench.status(CANDLES) == "live")

    series = bench.market[BTC].series(MINUTE)
    minutes = [candle.open_time // 60_000_000_000 - START for candle in series.candles]
    assert minutes == [*range(5005), *range(7950, 8000)]
    assert [
        (low // 60_000_000_000 - START, high // 60_000_000_000 - START)
        for low, high in series.holes
    ] == [(5005, 7950)]


async def test_without_rest_the_stream_still_lives(venue: ScriptedVenue, bench: Bench) -> None:
    async def missing(request: web.Request) -> web.Response:
        return web.Response(status=404)

    for path in ("klines", "aggTrades", "depth", "exchangeInfo", "ticker/24hr", "time"):
        venue.overrides[path] = missing
    bench.feed.want([TICKER, TRADES, CANDLES])
    bench.start()
    await until(lambda: len(venue.subscribed) == 3)
    await venue.push_ticker("100.50")
    await venue.push_trade(1)
    await venue.push_kline(kline(START, "100"), closed=False)

    await until(lambda: {bench.status(one) for one in (TICKER, TRADES, CANDLES)} == {"live"})
    assert bench.market.truth(CANDLES).reason == "no history"


async def test_a_flood_drops_frames_says_so_and_repairs_itself(
    venue: ScriptedVenue, make_bench: MakeBench
) -> None:
    bench = make_bench(msgspec.structs.replace(QUICK, inbox_limit=64))
    bench.feed.want([TRADES, BOOK])
    bench.start()
    await until(lambda: bench.status(TRADES) == "live" and bench.status(BOOK) == "syncing")
    await venue.push_depth(100, 101)
    await until(lambda: bench.status(BOOK) == "live")

    inbox = bench.feed._supervisor.conversation.inbox
    for number in range(1, 201):
        venue.trades.append(agg_trade(number))
        frame = {"stream": "btcusdt@aggTrade", "data": {
            "e": "aggTrade", "E": 1, "s": "BTCUSDT", **agg_trade(number)}}  # fmt: skip
        inbox.put(json.dumps(frame).encode(), 1)
    venue.depth = {"lastUpdateId": 300, "bids": [["98.0", "7"]], "asks": [["102.0", "8"]]}
    await until(lambda: bench.status(BOOK) == "syncing")
    await until(lambda: bench.market[BTC].book.bids.best_price == 98.0)
    await venue.push_depth(300, 301)

    await until(lambda: bench.status(BOOK) == "live")
    await until(lambda: len(bench.market[BTC].tape) == 200)
    assert bench.market[BTC].tape.missed == 0
    assert bench.feed.health().dropped >= 136
    assert any(message.startswith("fell behind") for message in bench.messages())


async def test_a_venue_that_counts_its_trades_anew_is_followed(
    venue: ScriptedVenue, bench: Bench
) -> None:
    venue.trades = [agg_trade(5000, at_ms=1000)]
    bench.feed.want([TRADES])
    bench.start()
    await until(lambda: len(bench.market[BTC].tape) == 1)

    await venue.drop()
    venue.trades = [agg_trade(1, at_ms=2000), agg_trade(2, at_ms=3000)]
    await until(lambda: venue.connections == 2 and bench.status(TRADES) == "live")
    await venue.push_trade(3)

    await until(lambda: len(bench.market[BTC].tape) == 3)
    assert [trade.trade_id for trade in bench.market[BTC].tape.newest(9)] == [3, 2, 1]


async def test_everything_the_venue_lists_is_fetched_once(
    venue: ScriptedVenue, bench: Bench
) -> None:
    listed = await bench.feed.instruments()
    again = await bench.feed.instruments()

    assert [str(info.instrument) for info in listed] == ["BINANCE:BTCUSDT", "BINANCE:ETHUSDT"]
    assert again is listed
    assert [path for path, _ in venue.requests] == ["exchangeInfo"]


async def test_a_symbol_that_the_list_lacks_is_rejected(venue: ScriptedVenue, bench: Bench) -> None:
    unknown = Subscription(Instrument("BINANCE", "NOSUCH"), Channel.TRADES)
    bench.feed.want([TICKER, unknown])

    await bench.feed.instruments()

    assert bench.market.truth(unknown).reason == "unknown symbol"
    assert bench.status(TICKER) == "pending"


async def test_the_venues_clock_is_measured(venue: ScriptedVenue, bench: Bench) -> None:
    venue.clock_ahead_ms = 60_000
    bench.start()

    await until(lambda: bench.feed.health().clock_offset_ms is not None)

    offset_ms = bench.feed.health().clock_offset_ms
    assert offset_ms is not None
    assert -60_500 < offset_ms < -59_500


async def test_wishes_for_other_venues_are_not_ours(venue: ScriptedVenue, bench: Bench) -> None:
    other = Subscription(Instrument("KRAKEN", "BTC/USD"), Channel.TICKER)

    bench.feed.want([other, TICKER])

    assert bench.status(other) == "off"
    assert bench.status(TICKER) == "pending"


async def test_twenty_quick_reconnects_leave_no_task_behind(
    venue: ScriptedVenue, bench: Bench
) -> None:
    bench.feed.want([TICKER, TRADES, BOOK, CANDLES])
    bench.start()
    await until(lambda: bench.status(TICKER) == "live")
    await until(lambda: bench.feed.health().state is ConnectionState.CONNECTED)
    before = len(asyncio.all_tasks())

    for number in range(20):
        bench.feed.restart("once more")
        await until(lambda number=number: bench.feed.health().reconnects == number + 1)
    await until(lambda: bench.status(TICKER) == "live" and len(venue.subscribed) == 4)

    await until(lambda: len(asyncio.all_tasks()) <= before + 4)
    assert bench.feed.health().reconnects == 20


async def test_a_near_miss_of_a_symbol_is_told_what_was_probably_meant(
    venue: ScriptedVenue, bench: Bench
) -> None:
    near = Subscription(Instrument("BINANCE", "BTC-USDT"), Channel.TICKER)
    bench.feed.want([TICKER, near])

    bench.start()

    await until(lambda: "did you mean" in bench.market.truth(near).reason)
    assert bench.status(near) == "rejected"
    assert bench.market.truth(near).reason.endswith("; did you mean BINANCE:BTCUSDT?")
    await until(lambda: bench.status(TICKER) == "live")
