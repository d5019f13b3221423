"""Drives ccxt and ccxt.pro as Coinbase Exchange's client; prints one line of JSON."""

import asyncio
import base64
import json
import sys
from itertools import pairwise

import ccxt.pro

PLACES = json.loads(sys.argv[1])


async def main() -> dict:
    # Its book needs a login; the embedded market takes any.
    secret = base64.b64encode(b"secret").decode()
    exchange = ccxt.pro.coinbaseexchange({"apiKey": "key", "secret": secret, "password": "word"})
    exchange.urls["api"]["public"] = exchange.urls["api"]["private"] = PLACES["rest"]
    exchange.urls["api"]["ws"] = PLACES["stream"]
    try:
        markets = await exchange.load_markets()
        minutes = await exchange.fetch_ohlcv("BTC/USDT", "1m", limit=200)
        trades = await exchange.fetch_trades("ETH/USDT", limit=100)
        snapshot = await exchange.fetch_order_book("BTC/USDT", 50)
        books = []
        for _ in range(20):
            book = await exchange.watch_order_book("BTC/USDT")
            books.append((book["bids"][0][0], book["asks"][0][0]))
        live = await exchange.watch_trades("BTC/USDT")
        ticker = await exchange.watch_ticker("BTC/USDT")
    finally:
        await exchange.close()
    return {
        "markets": len(markets),
        "tick": markets["BTC/USDT"]["precision"]["price"],
        "minutes": len(minutes) > 150,
        "minutes_ascend": all(a[0] < b[0] for a, b in pairwise(minutes)),
        "candles_sound": all(row[3] <= min(row[1], row[4]) for row in minutes),
        "trades": len(trades),
        "snapshot_crossed": snapshot["bids"][0][0] >= snapshot["asks"][0][0],
        "book_updates": len(books),
        "book_crossed": any(bid >= ask for bid, ask in books),
        "book_moves": len(set(books)) > 1,
        "live_trades": live[-1]["side"] in ("buy", "sell"),
        "ticker": ticker["bid"] < ticker["ask"],
    }


print(json.dumps(asyncio.run(main())))
