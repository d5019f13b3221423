"""Drives ccxt and ccxt.pro as Kraken's client; prints one line of JSON.

Its own check of checksums is off, as it comes: it makes floats of the digits, and fails at Kraken too.
"""

import asyncio
import json
import sys
from itertools import pairwise

import ccxt.pro

PLACES = json.loads(sys.argv[1])


async def main() -> dict:
    exchange = ccxt.pro.kraken()
    exchange.urls["api"]["public"] = PLACES["rest"]
    exchange.urls["api"]["ws"]["public"] = PLACES["stream"]
    exchange.urls["api"]["ws"]["publicV2"] = PLACES["stream"] + "/v2"
    try:
        markets = await exchange.load_markets()
        minutes = await exchange.fetch_ohlcv("BTC/USDT", "1m")
        trades = await exchange.fetch_trades("ETH/USDT", limit=200)
        snapshot = await exchange.fetch_order_book("DOGE/USDT", 10)
        books = []
        for _ in range(20):
            book = await exchange.watch_order_book("BTC/USDT", 10)
            books.append((book["bids"][0][0], book["asks"][0][0]))
        live = await exchange.watch_trades("BTC/USDT")
        candles = await exchange.watch_ohlcv("BTC/USDT", "1m")
        ticker = await exchange.watch_ticker("BTC/USDT")
    finally:
        await exchange.close()
    return {
        "markets": len(markets),
        "minutes": len(minutes),
        "minutes_contiguous": all(b[0] - a[0] == 60_000 for a, b in pairwise(minutes)),
        "trades": len(trades),
        "snapshot_crossed": snapshot["bids"][0][0] >= snapshot["asks"][0][0],
        "book_updates": len(books),
        "book_crossed": any(bid >= ask for bid, ask in books),
        "book_moves": len(set(books)) > 1,
        "live_trades": live[-1]["side"] in ("buy", "sell"),
        "candle_on_a_minute": candles[-1][0] % 60_000 == 0,
        "ticker": ticker["bid"] < ticker["ask"],
    }


print(json.dumps(asyncio.run(main())))
