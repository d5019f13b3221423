"""One market at three venues, staged: what the tests of comparisons and their pictures share."""

from __future__ import annotations

import random

import msgspec
from staging import MINUTE, NOW, StagedApp, staged_app, tell, walk

from tui.model.events import Ticker
from tui.model.instrument import Instrument, InstrumentInfo
from tui.model.subscription import SubscriptionStatus
from tui.model.timeframe import NS

BINANCE, COINBASE, KRAKEN = (
    Instrument("BINANCE", "BTCUSDT"),
    Instrument("COINBASE", "BTC-USD"),
    Instrument("KRAKEN", "BTC/USD"),
)
SOURCES = (BINANCE, COINBASE, KRAKEN)
LAST = {BINANCE: "61837.64", COINBASE: "61851.10", KRAKEN: "61840.0"}
TICKS = {BINANCE: "0.01", COINBASE: "0.01", KRAKEN: "0.1"}
QUOTES = {BINANCE: "USDT", COINBASE: "USD", KRAKEN: "USD"}


def comparing_app(*, badge: str = "", theme: str = "dark", glyphs: str = "eighths") -> StagedApp:
    """The application on three venues, its market filled; bids are a tick below the last price."""
    app = staged_app(
        badge=badge, theme=theme, glyphs=glyphs, grid=4, instruments=SOURCES, filled=False
    )
    app._launch = msgspec.structs.replace(app._launch, comparing=True)
    for instrument in SOURCES:
        fill_source(app, instrument)
    return app


def fill_source(app: StagedApp, instrument: Instrument) -> None:
    market, tick = app.session.market, TICKS[instrument]
    decimals = len(tick.partition(".")[2])
    last = float(LAST[instrument])
    market.set_info(InstrumentInfo(instrument, "BTC", QUOTES[instrument], tick, "0.00000001"))
    candles = walk(instrument, MINUTE, last, random.Random(str(instrument)))
    market.merge_candles(instrument, MINUTE, candles)
    market.apply_ticker(
        Ticker(
            instrument=instrument,
            ts_exchange=NOW - NS,
            ts_local=NOW,
            last=last,
            last_text=LAST[instrument],
            bid=f"{last - float(tick):.{decimals}f}",
            ask=f"{last + float(tick):.{decimals}f}",
        )
    )
    rng = random.Random(LAST[instrument])
    levels = [(i, f"{rng.expovariate(1) + 0.001:.8f}") for i in range(1, 61)]
    market[instrument].book.replace(
        [(f"{last - i * float(tick):.{decimals}f}", size) for i, size in levels],
        [(f"{last + i * float(tick):.{decimals}f}", size) for i, size in levels],
    )
    market.book_changed(instrument)
    tell(app, instrument, SubscriptionStatus.LIVE)
