"""The embedded market as Coinbase's Advanced Trade, by our adapter."""

from __future__ import annotations

import pytest
from venue_clients import executions, levels, serve, speaking, truth

from tui.adapters.base import Adapter
from tui.adapters.registry import load_adapter
from tui.feed.books import Verdict
from tui.model.events import (
    Ack,
    Candle,
    Gap,
    ParseFailure,
    Rejection,
    ServerTime,
    Side,
    Ticker,
    Trade,
)
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
    stream = server.advanced_endpoints["stream"]
    endpoints = {**server.coinbase_endpoints, "stream": stream, "protocol": "advanced"}
    return load_adapter("COINBASE")(endpoints)


async def test_our_adapter_keeps_the_engines_book_trades_and_prices() -> None:
    async with serve() as server, speaking(server, adapter_for(server)) as client:
        await client.connect(WANTED)
        await client.until(lambda: len(client.books) == 2 and len(client.seen(Ack)) == 3)
        pair = server.market.pair("BTCUSDT")
        first = pair.last_trade_id + 1
        for _ in range(3):
            await server.advance(1)
        for instrument, symbol in ((BTC, "BTCUSDT"), (PEPE, "PEPEUSDT")):
            expected_book = truth(server.market.pair(symbol))
            book = client.books[instrument]
            await client.until(lambda book=book, wanted=expected_book: levels(book) == wanted)

        assert set(client.verdicts) == {Verdict.APPLIED}
        expected = executions(pair, first)
        told = [
            (trade.trade_id, trade.price, trade.size, trade.aggressor is Side.SELL)
            for trade in client.trades()
            if trade.instrument == BTC
        ]
        assert len(told) > 10
        assert told == expected[: len(told)]
        history = [trade for trade in client.seen(Trade) if trade.from_history]
        assert [trade.instrument for trade in history] == [BTC, PEPE]
        assert [trade.trade_id for trade in history if trade.instrument == BTC] == [first - 1]
        assert {ticker.instrument for ticker in client.seen(Ticker)} == {BTC, PEPE}
        assert client.seen(ServerTime)
        for fault in (ParseFailure, Gap, Rejection):
            assert not client.seen(fault)


async def test_the_candles_of_five_minutes_are_the_ledgers() -> None:
    five_minutes = Timeframe(5, "m")
    wanted = Subscription(BTC, Channel.CANDLES, five_minutes)
    async with serve("BTCUSDT") as server, speaking(server, adapter_for(server)) as client:
        await client.connect([wanted])
        await client.until(lambda: client.seen(Candle) and client.seen(Ack))
        snapshot = client.seen(Candle)
        await server.advance(2)
        await client.until(lambda: len(client.seen(Candle)) > len(snapshot))

        pair = server.market.pair("BTCUSDT")
        over = [candle for candle in snapshot if candle.closed]
        first, last = over[0].open_time, over[-1].open_time
        assert [(one.open_time, one.volume) for one in over] == [
            (opened, pytest.approx(bar.volume * pair.listing.lot_e8 / 1e8))
            for opened, bar in pair.ledger.candles(five_minutes, first, last, 100)
        ]
        assert len(over) == 99
        newest = client.seen(Candle)[-1]
        assert (newest.open_time, newest.closed) == (over[-1].open_time + 300 * NS, False)
        assert not client.seen(ParseFailure)


async def test_a_frame_that_is_lost_on_purpose_is_told_by_whatever_comes_next() -> None:
    async with serve("BTCUSDT") as server, speaking(server, adapter_for(server)) as client:
        await client.connect([Subscription(BTC, Channel.BOOK)])
        await client.until(lambda: client.books and client.seen(Ack))
        server.lose_next("coinbase-advanced:level2:BTC-USDT")
        await server.advance(1)

        await client.until(lambda: client.seen(Gap))
        assert client.seen(Gap)[0].reason == "a frame is missing"
        assert client.seen(Gap)[0].subscription is None
