"""Drives cbpro, an old client of Coinbase Exchange; prints one line of JSON."""

import json
import sys
import time
from itertools import pairwise

import cbpro

PLACES = json.loads(sys.argv[1])
frames: list = []


class Client(cbpro.WebsocketClient):
    def on_open(self) -> None:
        self.url = PLACES["stream"]
        self.products = ["BTC-USDT", "ETH-USDT"]

    def on_message(self, message: dict) -> None:
        frames.append(message)


client = Client(
    url=PLACES["stream"],
    channels=["matches", "ticker", "heartbeat", "level2_batch"],
    should_print=False,
)
client.start()
kinds = {"match", "ticker", "heartbeat", "l2update", "snapshot", "subscriptions", "last_match"}
until = time.monotonic() + 60
while time.monotonic() < until and {frame["type"] for frame in frames} != kinds:
    time.sleep(0.05)
client.close()
rest = cbpro.PublicClient(api_url=PLACES["rest"])
candles = rest.get_product_historic_rates("BTC-USDT", granularity=3600)
book = rest.get_product_order_book("BTC-USDT", level=2)
ids: dict = {}
for frame in frames:
    if frame["type"] == "match":
        ids.setdefault(frame["product_id"], []).append(frame["trade_id"])
print(
    json.dumps(
        {
            "kinds": sorted({frame["type"] for frame in frames}),
            "ids_contiguous": all(b - a == 1 for one in ids.values() for a, b in pairwise(one)),
            "products": len(rest.get_products()),
            "hours": len(candles) > 300,
            "newest_first": candles[0][0] > candles[1][0],
            "crossed": float(book["bids"][0][0]) >= float(book["asks"][0][0]),
            "time": "epoch" in rest.get_time(),
        }
    )
)
