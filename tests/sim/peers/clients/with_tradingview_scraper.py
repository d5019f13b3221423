"""Drives tradingview-scraper's stream against a server; prints one line of JSON."""

import json
import logging
import sys

import tradingview_scraper.symbols.stream.stream_handler as handler
import tradingview_scraper.symbols.stream.streamer as streamer

logging.disable(logging.CRITICAL)
PLACES = json.loads(sys.argv[1])
connect = handler.create_connection
handler.create_connection = lambda url, **options: connect(PLACES["stream"], **options)
streamer.validate_symbols = lambda symbols: True

rows, updates = 0, 0
client = streamer.Streamer(export_result=False)
stream = client.stream(exchange="BINANCE", symbol="BTCUSDT", timeframe="1m", numb_price_candles=30)
for packet in stream:
    kind = packet.get("m")
    if kind == "timescale_update":
        rows = len(packet["p"][1]["sds_1"]["s"])
    updates += kind == "du"
    if rows and updates >= 2:
        break
print(json.dumps({"rows": rows, "updates": updates >= 2}))
