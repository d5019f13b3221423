"""A feed against a scripted venue on loopback: real sockets, the real adapter."""

from __future__ import annotations

import asyncio

from scripted_venue import (
    BOOK,
    BTC,
    CANDLES,
    MINUTE,
    TICKER,
    TRADES,
    Bench,
    ScriptedVenue,
    agg_trade,
    kline,
    until,
)

from tui.model.health import ConnectionState
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription

START = 29_000_000  # minutes since the epoch


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
    assert state.last_text == "100.50"
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
