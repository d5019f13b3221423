"""A staged program in which nothing moves but by calls, and the market that moves it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import msgspec
from staging import HOUR, INSTRUMENTS, MINUTE, SYMBOLS, StagedApp, walk

from tui.app import TradeTuiApp
from tui.market.market import Market
from tui.model.events import Alert, AlertLevel, Candle, Metric, Side, Status, Ticker, Trade
from tui.model.instrument import Instrument, InstrumentInfo
from tui.model.subscription import Channel, Subscription, SubscriptionStatus, Truth
from tui.model.timeframe import NS

HOSTILE = (
    "界面" + "e\u0301" * 3 + "o" + "\u0300" * 9,
    "[red]R[/red]\x1b[31m\u202eOLLEH",
    "👩\u200d👩\u200d👧☺\ufe0f🇩🇪",
    "XY" * 60,
)
"""Names with what a terminal may draw wider or narrower than expected, or must not be shown."""
WALKED = (*INSTRUMENTS[:4], *(Instrument("BINANCE", name) for name in HOSTILE))
_FOR_EVER_S = 1e6
_OTHER = (97.31, "0.01", "0.001")


class StillApp(StagedApp):
    """Keeps its notices until somebody takes them away, and is not ended or suspended by a key."""

    def notify(self, message: str, **options: Any) -> None:
        super().notify(message, **options | {"timeout": _FOR_EVER_S})

    async def action_quit(self) -> None:
        pass

    def action_suspend_process(self) -> None:
        pass


class MovedMarket:
    """What may happen to the instruments of `WALKED`, at the time of the program's clock."""

    def __init__(self, app: TradeTuiApp) -> None:
        self._app = app
        self._sizes = random.Random(5)

    @property
    def now(self) -> int:
        """Of the program, ns."""
        return self._app._source.clock.time_ns()

    @property
    def _market(self) -> Market:
        return self._app.session.market

    def begin(self) -> None:
        """Give every instrument candles, a trade, a ticker and a book."""
        for instrument in WALKED:
            base, tick, step = SYMBOLS.get(instrument.symbol, _OTHER)
            base_asset, quote = instrument.symbol[:-4], instrument.symbol[-4:]
            self._market.set_info(InstrumentInfo(instrument, base_asset, quote, tick, step))
            for timeframe in (HOUR, MINUTE):
                candles = walk(instrument, timeframe, base, random.Random(3))
                self._market.merge_candles(instrument, timeframe, candles)
            self.trade(instrument, 0, 1.0)
            self.tick(instrument, 0)
            self.replace_book(instrument, 0)

    def price(self, instrument: Instrument, offset: int) -> str:
        """The digits of a price so many steps from where the instrument began."""
        base, tick, _ = SYMBOLS.get(instrument.symbol, _OTHER)
        decimals = len(tick.partition(".")[2])
        return f"{max(float(tick), base + offset * float(tick)):.{decimals}f}"

    def trade(self, instrument: Instrument, offset: int, size: float) -> None:
        price = self.price(instrument, offset)
        now = self.now
        self._market.apply_trade(
            Trade(
                instrument,
                float(price),
                size,
                Side.BUY if offset % 2 else Side.SELL,
                now,
                now,
                None,
                price,
                f"{size:.8f}",
            )
        )

    def tick(self, instrument: Instrument, offset: int) -> None:
        price = self.price(instrument, offset)
        self._market.apply_ticker(
            Ticker(
                instrument=instrument,
                ts_exchange=self.now,
                ts_local=self.now,
                last=float(price),
                last_text=price,
                bid=self.price(instrument, offset - 1),
                ask=self.price(instrument, offset + 1),
                open=float(self.price(instrument, 0)) * 0.98,
            )
        )

    def replace_book(self, instrument: Instrument, offset: int) -> None:
        book = self._market[instrument].book
        sizes = [f"{self._sizes.expovariate(1) + 0.001:.8f}" for _ in range(60)]
        book.replace(
            [(self.price(instrument, offset - i), size) for i, size in enumerate(sizes, 1)],
            [(self.price(instrument, offset + i), size) for i, size in enumerate(sizes, 1)],
        )
        self._market.book_changed(instrument)

    def change_book(self, instrument: Instrument, levels: Sequence[tuple[int, float]]) -> None:
        bids = [(self.price(instrument, -i), f"{size:.8f}") for i, size in levels if i % 2]
        asks = [(self.price(instrument, i), f"{size:.8f}") for i, size in levels if not i % 2]
        self._market[instrument].book.apply(bids, asks)
        self._market.book_changed(instrument)

    def change_candle(self, instrument: Instrument, offset: int, volume: float) -> None:
        opened = MINUTE.floor(self.now)
        close = float(self.price(instrument, offset))
        held = self._market[instrument].series(MINUTE).last
        if held is None or held.open_time != opened:
            held = Candle(instrument, MINUTE, opened, close, close, close, close, 0, False)
        candle = msgspec.structs.replace(
            held,
            high=max(close, held.high),
            low=min(close, held.low),
            close=close,
            volume=held.volume + volume,
            closed=False,
            ts_exchange=self.now,
        )
        self._market.apply_candle(candle)

    def tell_truth(self, instrument: Instrument, status: SubscriptionStatus, reason: str) -> None:
        """Set how all subscriptions of an instrument stand; the data is twelve seconds old."""
        for channel in Channel:
            timeframe = MINUTE if channel is Channel.CANDLES else None
            self._market.set_truth(
                Subscription(instrument, channel, timeframe),
                Truth(status, reason, self.now - 12 * NS, reason == "sequence"),
            )

    def miss_trades(self, instrument: Instrument, count: int) -> None:
        """So many trades were missed; 0 for nobody knows how many."""
        if count:
            self._market.mark_missed(instrument, count)
        else:
            self._market.mark_some_missed(instrument)

    def announce(self, instrument: Instrument, text: str, kind: int) -> None:
        """Let the venue announce an alert (0), a status (1) or a figure (2)."""
        now = self.now
        if kind == 0:
            alert = Alert("BINANCE", instrument, AlertLevel.WARNING, text[:3], text, now, now)
            self._market.notices.apply(alert)
        elif kind == 1:
            status = Status("BINANCE", instrument, text[:5], text, now, now)
            self._market.notices.apply(status)
        else:
            figure = Metric("BINANCE", instrument, text[:7], float(now % 97), now, now)
            self._market.metrics.apply(figure)
