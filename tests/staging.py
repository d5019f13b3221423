"""A dashboard with a fixed market behind it: no feed, no clock, the same picture every time."""

from __future__ import annotations

import functools
import random
from typing import Any, NamedTuple

import msgspec
from server_source import PlainSource

from tui.adapters.base import Adapter
from tui.app import TradeTuiApp
from tui.config import Colours
from tui.feed.clock import ManualClock
from tui.launch import Launch, Mode
from tui.model.events import Candle, Side, Ticker, Trade
from tui.model.health import AppHealth, ConnectionState, FeedHealth, Transition
from tui.model.instrument import Instrument, InstrumentInfo
from tui.model.subscription import Channel, Subscription, SubscriptionStatus, Truth
from tui.model.timeframe import NS, Timeframe
from tui.model.transport import TransportKind
from tui.session import Session
from tui.themes import load_themes

NOW = 1_723_161_255 * NS + 250_000_000  # 2024-08-08 23:54:15.250 UTC
MINUTE = Timeframe(1, "m")
HOUR = Timeframe(1, "h")
SYMBOLS = {
    "BTCUSDT": (61_837.64, "0.01", "0.00001"),
    "ETHUSDT": (2_683.11, "0.01", "0.0001"),
    "SOLUSDT": (159.87, "0.01", "0.001"),
    "XRPUSDT": (0.6123, "0.0001", "0.1"),
    "PEPEUSDT": (0.00000812, "0.00000001", "1"),
    "ETHBTC": (0.04339, "0.00001", "0.0001"),
}
INSTRUMENTS = tuple(Instrument("BINANCE", symbol) for symbol in SYMBOLS)
CONNECTED = FeedHealth(
    venue="BINANCE",
    endpoint="wss://stream.binance.com:9443/stream",
    transport=TransportKind.WEBSOCKET,
    state=ConnectionState.CONNECTED,
    cause="connected",
    uptime_s=4321.0,
    messages_in=123_456,
    messages_out=7,
    bytes_in=34_567_890,
    bytes_out=812,
    message_rate=119.4,
    byte_rate=32_100.0,
    reconnects=1,
    subscriptions={"live": 16, "stale": 1},
    latency_p50_ms=12.5,
    latency_p99_ms=48.2,
    ping_ms=23.4,
    clock_offset_ms=-1270.4,
)
PROGRAM = AppHealth(
    frame_rate=9.8,
    frame_p50_ms=1.9,
    frame_p99_ms=6.2,
    terminal_byte_rate=2_345.0,
    memory_bytes=78 * 2**20,
    objects={"instruments": 6, "tasks": 31, "errors": 0},
)


class StagedSource(PlainSource):
    """No venue at all: the test fills the market."""

    def __init__(self, badge: str = "") -> None:
        self.badge = badge
        self.clock = ManualClock(NOW)
        self.instruments = INSTRUMENTS

    async def open(self, venues: object, report: object) -> list[Adapter]:
        return []


class StagedSession(Session):
    """A session whose feeds are always in the same health, with the same past."""

    staged: list[FeedHealth]
    staged_history: list[Transition]
    staged_subscriptions: list[tuple[Subscription, SubscriptionStatus, str]]
    retries = 0

    def health(self) -> list[FeedHealth]:
        return self.staged

    def history(self, venue: str) -> list[Transition]:
        return self.staged_history

    def subscriptions(self, venue: str) -> list[tuple[Subscription, SubscriptionStatus, str]]:
        return self.staged_subscriptions

    def best_transport(self, venue: str) -> TransportKind:
        return TransportKind.WEBSOCKET

    def retry(self) -> None:
        self.retries += 1


class StagedApp(TradeTuiApp):
    """The real application over a staged market."""

    def __init__(self, launch: Launch, source: StagedSource, health: FeedHealth) -> None:
        self._staged_health = health
        super().__init__(launch, source, frame_clock=False)

    def _make_session(self, rng: random.Random) -> Session:
        session = super()._make_session(rng)
        session.__class__ = StagedSession
        assert isinstance(session, StagedSession)
        session.staged = [self._staged_health]
        session.staged_history = []
        session.staged_subscriptions = []
        return session

    def _health(self) -> AppHealth:
        return PROGRAM


def staged_app(
    *,
    badge: str = "",
    theme: str = "dark",
    grid: int = 4,
    glyphs: str = "eighths",
    health: FeedHealth = CONNECTED,
    instruments: tuple[Instrument, ...] = INSTRUMENTS,
    filled: bool = True,
    kind: type[StagedApp] = StagedApp,
    **more_settings: Any,
) -> StagedApp:
    """The application on a fixed market; `filled` False leaves the market empty; `kind` is its class;
    `more_settings` are others of the user's."""
    themes, problems = load_themes()
    assert problems == []
    settings = Launch(mode=Mode.LIVE).settings
    more_settings = {"colours": Colours.TRUECOLOR} | more_settings
    settings = msgspec.structs.replace(
        settings, theme=theme, grid=grid, glyphs=glyphs, **more_settings
    )
    launch = Launch(
        mode=Mode.LIVE,
        settings=settings,
        origins={"grid": "command line"},
        instruments=instruments[:grid],
        watchlist=instruments,
        themes=themes,
    )
    app = kind(launch, StagedSource(badge), health)
    if filled:
        fill(app, instruments)
    return app


def fill(app: TradeTuiApp, instruments: tuple[Instrument, ...]) -> None:
    """Give every instrument candles, trades, a book and a ticker, all from one seed."""
    market = app.session.market
    for index, instrument in enumerate(instruments):
        past = _past(instrument, index)
        market.set_info(past.info)
        for timeframe, candles in past.candles.items():
            market.merge_candles(instrument, timeframe, list(candles))
        market.apply_ticker(past.ticker)
        for trade in past.trades:
            market.apply_trade(trade)
        market[instrument].book.replace(past.bids, past.asks)
        market.book_changed(instrument)
        tell(app, instrument, SubscriptionStatus.LIVE)


class _Past(NamedTuple):
    """What happened to an instrument until now."""

    info: InstrumentInfo
    candles: dict[Timeframe, tuple[Candle, ...]]
    ticker: Ticker
    trades: tuple[Trade, ...]
    bids: tuple[tuple[str, str], ...]
    asks: tuple[tuple[str, str], ...]


@functools.cache
def _past(instrument: Instrument, index: int) -> _Past:
    """The same for every app: hundreds of them ask."""
    base, tick, step = SYMBOLS[instrument.symbol]
    rng = random.Random(index)
    decimals = len(tick.partition(".")[2])
    candles = {
        timeframe: tuple(walk(instrument, timeframe, base, rng)) for timeframe in (HOUR, MINUTE)
    }
    last = round(candles[MINUTE][-1].close, decimals)
    trades = []
    for number in range(60):
        price = f"{last + rng.randint(-3, 3) * float(tick):.{decimals}f}"
        size = f"{rng.expovariate(2):.8f}"
        trades.append(
            Trade(
                instrument,
                float(price),
                float(size),
                rng.choice([Side.BUY, Side.SELL]),
                NOW - (60 - number) * 137_000_000,
                NOW,
                1000 + number,
                price,
                size,
            )
        )
    levels = [(i, f"{rng.expovariate(1) + 0.001:.8f}") for i in range(1, 61)]
    return _Past(
        info=InstrumentInfo(instrument, instrument.symbol[:-4], instrument.symbol[-4:], tick, step),
        candles=candles,
        ticker=Ticker(
            instrument=instrument,
            ts_exchange=NOW - NS,
            ts_local=NOW,
            last=last,
            last_text=f"{last:.{decimals}f}",
            open=last * (0.97 + 0.02 * index),
        ),
        trades=tuple(trades),
        bids=tuple((f"{last - i * float(tick):.{decimals}f}", size) for i, size in levels),
        asks=tuple((f"{last + i * float(tick):.{decimals}f}", size) for i, size in levels[::-1]),
    )


def tell(
    app: TradeTuiApp,
    instrument: Instrument,
    status: SubscriptionStatus,
    reason: str = "",
    transport: TransportKind = TransportKind.WEBSOCKET,
) -> None:
    """Set how all subscriptions of an instrument stand; the data is twelve seconds old."""
    market = app.session.market
    verified = status is SubscriptionStatus.LIVE
    for channel in Channel:
        timeframe = MINUTE if channel is Channel.CANDLES else None
        is_book = channel is Channel.BOOK and verified
        market.set_truth(
            Subscription(instrument, channel, timeframe),
            Truth(status, "sequence" if is_book else reason, NOW - 12 * NS, is_book, transport),
        )


def walk(
    instrument: Instrument, timeframe: Timeframe, end: float, rng: random.Random
) -> list[Candle]:
    """Two hundred candles of a random walk that ends at a price."""
    candles = []
    close = end
    opened = timeframe.floor(NOW)
    for index in range(200):
        start = close * (1 + rng.gauss(0, 0.0008))
        high = max(start, close) * (1 + abs(rng.gauss(0, 0.0004)))
        low = min(start, close) * (1 - abs(rng.gauss(0, 0.0004)))
        volume = rng.expovariate(0.02)
        candles.append(
            Candle(
                instrument, timeframe, opened, start, high, low, close, volume, index > 0, NOW - NS
            )
        )
        close = start
        opened -= timeframe.seconds * NS
    return candles[::-1]
