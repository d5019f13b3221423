"""Drives python-binance against a server; prints one line of JSON with what it found."""

import asyncio
import json
import sys

from binance import AsyncClient, BinanceSocketManager
from binance.exceptions import BinanceAPIException
from binance.ws.depthcache import DepthCacheManager

REST = sys.argv[1]


async def main() -> dict:
    client = AsyncClient("", "")
    client.API_URL = REST + "/api"
    sockets = BinanceSocketManager(client)
    sockets.STREAM_URL = REST.replace("http", "ws") + "/"
    found = {
        "ping": await client.ping(),
        "symbols": len((await client.get_exchange_info())["symbols"]),
        "minutes": len(await client.get_historical_klines("BTCUSDT", "1m", "3 hours ago UTC")),
        "aggregates": len(await client.get_aggregate_trades(symbol="BTCUSDT")),
        "tickers": len(await client.get_ticker()),
    }
    async with sockets.multiplex_socket(["btcusdt@trade"]) as socket:
        found["combined_stream"] = (await socket.recv())["stream"]
    async with sockets.kline_socket("BTCUSDT", "1m") as socket:
        found["kline"] = (await socket.recv())["e"]
    async with sockets.aggtrade_socket("BTCUSDT") as socket:
        found["aggregate"] = (await socket.recv())["e"]
    async with sockets.depth_socket("BTCUSDT", depth="5") as socket:
        found["partial_levels"] = len((await socket.recv())["bids"])
    async with DepthCacheManager(client, "BTCUSDT", refresh_interval=0, bm=sockets) as manager:
        for _ in range(10):
            cache = await manager.recv()
        bids, asks = cache.get_bids(), cache.get_asks()
        found["cache_deep"] = len(bids) > 300
        found["cache_crossed"] = float(bids[0][0]) >= float(asks[0][0])
    try:
        await client.get_klines(symbol="NOPEUSDT", interval="1m")
    except BinanceAPIException as error:
        found["wrong_symbol"] = error.code
    await client.close_connection()
    return found


print(json.dumps(asyncio.run(main())))
