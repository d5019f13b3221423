"""A market with alerts on it, to which a test tells facts one by one."""

from __future__ import annotations

import itertools

from tui.feed.clock import ManualClock
from tui.market.alerts import Alerts, read_condition
from tui.market.market import Market
from tui.model.alert import AlertRule, Firing
from tui.model.chart import Drawing
from tui.model.events import Candle, Side, Ticker, Trade
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription, SubscriptionStatus, Truth
from tui.model.timeframe import NS, Timeframe

BTC = Instrument("BINANCE", "BTCUSDT")
ETH = Instrument("BINANCE", "ETHUSDT")
MINUTE = Timeframe(1, "m")
START = 1_700_000_040 * NS  # a full minute
LIVE = SubscriptionStatus.LIVE


class Stage:
    """Attributes:
    drawings: what is drawn on the charts of BTC.
    """

    def __init__(self) -> None:
        self.market = Market()
        self.clock = ManualClock(START)
        self.told: list[Firing] = []
        self.failures: list[str] = []
        self.drawings: tuple[Drawing, ...] = ()
        self.alerts = Alerts(
            self.market,
            self.clock,
            drawings=lambda _: self.drawings,
            fired=self.told.append,
            failed=lambda _, text: self.failures.append(text),
        )
        self._ids = itertools.count(1)

    @property
    def now(self) -> int:
        return self.clock.time_ns()

    @property
    def texts(self) -> list[str]:
        return [firing.text for firing in self.told]

    def watch(
        self,
        condition: str,
        *,
        cooldown_s: float | None = 0.0,
        instrument: Instrument = BTC,
        enabled: bool = True,
    ) -> str:
        """Add a rule; one that may fire again at once unless said otherwise."""
        rule = AlertRule(
            id=f"rule {next(self._ids)}",
            instrument=instrument,
            condition=read_condition(condition, MINUTE),
            cooldown_s=cooldown_s,
            enabled=enabled,
        )
        self.alerts.put(rule)
        return rule.id

    def pass_time(self, seconds: float) -> None:
        """Let time pass, and the alerts look at it each second."""
        for _ in range(int(seconds)):
            self.skip(1.0)
            self.alerts.check_time()

    def skip(self, seconds: float) -> None:
        """Let time pass unseen."""
        self.clock._move_to(self.clock.monotonic() + seconds)

    # -- facts -----------------------------------------------------------------------------

    def trade(
        self,
        price: float,
        size: float = 1.0,
        *,
        ago_s: float = 0.0,
        is_old: bool = False,
        instrument: Instrument = BTC,
    ) -> None:
        """A trade that was made `ago_s` before it comes."""
        trade = Trade(
            instrument,
            price,
            size,
            Side.BUY,
            self.now - round(ago_s * NS),
            self.now,
            next(self._ids),
            f"{price:.2f}",
            f"{size:g}",
            is_old,
        )
        self.market.apply_trade(trade)

    def prices(self, *prices: float) -> None:
        """A trade a second."""
        for price in prices:
            self.trade(price)
            self.skip(1.0)

    def ticker(
        self, last: float | None = None, *, ago_s: float = 0.0, bid: str = "", ask: str = ""
    ) -> None:
        self.market.apply_ticker(
            Ticker(
                instrument=BTC,
                ts_exchange=self.now - round(ago_s * NS),
                ts_local=self.now,
                last=last,
                last_text=None if last is None else f"{last:.2f}",
                bid=bid or None,
                ask=ask or None,
            )
        )

    def book(self, bid: str, ask: str) -> None:
        self.market[BTC].book.replace([(bid, "1")], [(ask, "1")])
        self.market.book_changed(BTC)

    def candle(
        self, volume: float, *, opened: int = START, close: float = 1.0, closed: bool = False
    ) -> None:
        self.market.apply_candle(
            Candle(
                BTC, MINUTE, opened, close, close, close, close, volume, closed, self.now, self.now
            )
        )

    def stands(
        self, channel: Channel, status: SubscriptionStatus, reason: str = "", verified: bool = False
    ) -> None:
        timeframe = MINUTE if channel is Channel.CANDLES else None
        self.market.set_truth(
            Subscription(BTC, channel, timeframe), Truth(status, reason, self.now, verified)
        )
