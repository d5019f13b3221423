"""Drives Coinbase's own client of Advanced Trade; prints one line of JSON."""

import json
import sys
import time

from coinbase.websocket import WSClient

PLACES = json.loads(sys.argv[1])
frames: list = []
client = WSClient(
    base_url=PLACES["stream"],
    on_message=lambda text: frames.append(json.loads(text)),
    max_size=32 * 2**20,
)
client.open()
client.level2(["BTC-USDT"])
client.market_trades(["BTC-USDT"])
client.candles(["BTC-USDT"])
client.ticker(["BTC-USDT"])
client.heartbeats()
wanted = {"l2_data", "market_trades", "candles", "ticker", "heartbeats", "subscriptions"}
until = time.monotonic() + 60
while time.monotonic() < until:
    time.sleep(0.05)
    updates = {f["channel"] for f in frames if f["events"][0].get("type") == "update"}
    if {f["channel"] for f in frames} == wanted and {"l2_data", "market_trades"} <= updates:
        break
client.close()
numbers = [frame["sequence_num"] for frame in frames]
book: dict = {"bid": {}, "offer": {}}
for frame in frames:
    for event in frame["events"] if frame["channel"] == "l2_data" else ():
        for row in event["updates"]:
            book[row["side"]][float(row["price_level"])] = float(row["new_quantity"])
sides = {side: [price for price, size in rows.items() if size] for side, rows in book.items()}
print(
    json.dumps(
        {
            "channels": sorted({frame["channel"] for frame in frames}),
            "contiguous": numbers == list(range(len(numbers))),
            "crossed": max(sides["bid"]) >= min(sides["offer"]),
            "deep": min(len(rows) for rows in sides.values()) > 50,
        }
    )
)
