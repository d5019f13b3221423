"""Drives unicorn-binance-websocket-api against a server; prints one line of JSON."""

import json
import sys
import time

from unicorn_binance_websocket_api.manager import BinanceWebSocketApiManager

WS = sys.argv[1].replace("http", "ws")
EVENTS = {"aggTrade", "kline", "depthUpdate", "24hrTicker"}

manager = BinanceWebSocketApiManager(
    exchange="binance.com", websocket_base_uri=WS + "/", warn_on_update=False
)
manager.create_stream(["aggTrade", "kline_1s", "depth", "ticker"], ["btcusdt"])
seen: set = set()
end = time.monotonic() + 20
while seen != EVENTS and time.monotonic() < end:
    text = manager.pop_stream_data_from_stream_buffer()
    if not text:
        time.sleep(0.02)
        continue
    event = json.loads(text).get("data", {}).get("e")
    if event in EVENTS:
        seen.add(event)
manager.stop_manager()
print(json.dumps({"events": sorted(seen)}))
