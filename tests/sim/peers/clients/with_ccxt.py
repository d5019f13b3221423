"""Drives ccxt and ccxt.pro against a server; prints one line of JSON with what they found."""

import asyncio
import json
import sys
from itertools import pairwise

import ccxt.pro

REST = sys.argv[1]


async def main() -> dict:
    exchange = ccxt.pro.binance(
        {"options": {"defaultType": "spot", "fetchMarkets": ["spot"], "fetchCurrencies": False}}
    )
    for name in ("public", "private", "v1"):
        exchange.urls["api"][name] = REST + "/api/v3"
    exchange.urls["api"]["ws"]["spot"] = REST.replace("http", "ws") + "/ws"
    try:
        markets = await exchange.load_markets()
        tickers = await exchange.fetch_tickers()
        hours = await exchange.fetch_ohlcv("BTC/USDT", "1h", limit=1000)
        trades = await exchange.fetch_trades("ETH/USDT", limit=500)
        snapshot = await exchange.fetch_order_book("BTC/USDT", 100)
        crossed, nonces = False, []
        for _ in range(20):
            book = await exchange.watch_order_book("BTC/USDT")
            crossed = crossed or book["bids"][0][0] >= book["asks"][0][0]
            nonces.append(book["nonce"])
        candles = await exchange.watch_ohlcv("BTC/USDT", "1m")
        live = await exchange.watch_trades("BTC/USDT")
        ticker = await exchange.watch_ticker("BTC/USDT")
        best = await exchange.watch_bids_asks(["ETH/USDT"])
    finally:
        await exchange.close()
    return {
        "markets": len(markets),
        "tick": markets["BTC/USDT"]["precision"]["price"],
        "pepe_tick": markets["PEPE/USDT"]["precision"]["price"],
        "tickers": len(tickers),
        "hours": len(hours),
        "hours_contiguous": all(b[0] - a[0] == 3_600_000 for a, b in pairwise(hours)),
        "trades": len(trades),
        "snapshot_crossed": snapshot["bids"][0][0] >= snapshot["asks"][0][0],
        "book_updates": len(nonces),
        "book_crossed": crossed,
        "book_moves_on": nonces == sorted(nonces) and nonces[0] < nonces[-1],
        "candle_timeframe_s": 60 if candles[-1][0] % 60_000 == 0 else 0,
        "live_trades": len(live) > 0 and live[-1]["side"] in ("buy", "sell"),
        "live_ticker": ticker["last"] > 0,
        "live_best": best["ETH/USDT"]["bid"] < best["ETH/USDT"]["ask"],
    }


print(json.dumps(asyncio.run(main())))
