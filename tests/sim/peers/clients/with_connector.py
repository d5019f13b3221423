"""Drives binance-connector against a server; prints one line of JSON with what it found."""

import json
import sys
import threading

from binance.error import ClientError
from binance.spot import Spot
from binance.websocket.spot.websocket_stream import SpotWebsocketStreamClient

REST = sys.argv[1]
EVENTS = {"aggTrade", "kline", "depthUpdate", "24hrMiniTicker"}

client = Spot(base_url=REST, show_limit_usage=True)
info = client.exchange_info()
found = {
    "symbols": len(info["data"]["symbols"]),
    "klines": len(client.klines("BTCUSDT", "1m")["data"]),
    "depth": len(client.depth("BTCUSDT")["data"]["bids"]),
    "weight": int(info["limit_usage"]["x-mbx-used-weight-1m"]) >= 20,
}
try:
    client.klines("BTCUSDT", "1x")
except ClientError as error:
    found["wrong_interval"] = error.error_code

seen: set = set()
complete = threading.Event()


def listen(_: object, text: str) -> None:
    event = json.loads(text).get("e")
    if event in EVENTS:
        seen.add(event)
    if seen == EVENTS:
        complete.set()


stream = SpotWebsocketStreamClient(stream_url=REST.replace("http", "ws"), on_message=listen)
stream.subscribe(
    ["btcusdt@aggTrade", "btcusdt@kline_1s", "btcusdt@depth@100ms", "btcusdt@miniTicker"]
)
complete.wait(20)
stream.stop()
found["events"] = sorted(seen)
print(json.dumps(found))
