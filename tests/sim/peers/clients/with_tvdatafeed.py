"""Drives tvDatafeed against a server; prints one line of JSON with what it found."""

import json
import sys

import tvDatafeed.main
from tvDatafeed import Interval, TvDatafeed

PLACES = json.loads(sys.argv[1])
connect = tvDatafeed.main.create_connection
tvDatafeed.main.create_connection = lambda url, **options: connect(PLACES["stream"], **options)

client = TvDatafeed()
found = {}
for interval in (Interval.in_1_minute, Interval.in_1_hour, Interval.in_monthly):
    frame = TvDatafeed().get_hist("BTCUSDT", "BINANCE", interval=interval, n_bars=60)
    found[interval.name] = {
        "rows": len(frame),
        "sound": bool((frame["low"] <= frame["high"]).all() and (frame["volume"] > 0).all()),
        "ascending": bool(frame.index.is_monotonic_increasing),
    }
print(json.dumps(found))
