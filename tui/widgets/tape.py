"""The tape: trades, newest first, the aggressor told by shape and colour."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from datetime import UTC, tzinfo

from textual.reactive import reactive

from tui.market.market import Market
from tui.model.events import Side
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription, SubscriptionStatus
from tui.model.transport import TransportKind
from tui.widgets import format as fmt
from tui.widgets.depth_ladder import book_name
from tui.widgets.line_widget import LineWidget, Row
from tui.widgets.look import Look
from tui.widgets.title import nothing_known, title_row


class TapeView(LineWidget):
    """Time, direction, price and size of the last trades of one instrument."""

    instrument: reactive[Instrument | None] = reactive(None, init=False, repaint=False)

    def __init__(
        self,
        market: Market,
        *,
        badge: str = "",
        best_transport: Callable[[str], TransportKind | None] = nothing_known,
        zone: tzinfo = UTC,
        id: str | None = None,
    ) -> None:
        super().__init__(id=id)
        self._market = market
        self._badge = badge
        self._best_transport = best_transport
        self._zone = zone

    def watch_instrument(self) -> None:
        self.sync(self.now)

    def fingerprint(self, now: int) -> Hashable:
        if self.instrument is None:
            return None
        truth = self._market.truth(Subscription(self.instrument, Channel.TRADES))
        aging = now // 1_000_000_000 if truth.status is SubscriptionStatus.STALE else 0
        state = self._market[self.instrument]
        return (
            self.instrument,
            state.tape.revision,
            state.info,
            truth.status,
            truth.reason,
            truth.transport,
            aging,
        )

    def rows(self, width: int, height: int, look: Look) -> Sequence[Row]:
        if self.instrument is None:
            return []
        state = self._market[self.instrument]
        tape = state.tape
        truth = self._market.truth(Subscription(self.instrument, Channel.TRADES))
        rows: list[Row] = [
            title_row(
                width,
                name=book_name(self.instrument, look),
                word="Trades",
                badge=self._badge,
                truth=truth,
                now=self.now,
                look=look,
                focused=False,
                best=self._best_transport(self.instrument.venue),
                is_paused=self.is_paused,
                note=tape.missed_note,
            )
        ]
        trades = tape.newest(height - 1)
        if not trades:
            rows.append(((" no trades yet", look.muted),))
            return rows
        decimals = fmt.price_decimals(state.info, state.last_text)
        size_decimals = state.info.size_decimals if state.info else 8
        price_width = max(9, *(len(fmt.digits(t.price_text, decimals)) for t in trades))
        millis = width >= 12 + price_width + 8 + 5
        for trade in trades:
            bought = trade.aggressor is Side.BUY
            style = look.up if bought else look.down
            when = fmt.clock_time(trade.ts_exchange, self._zone, millis=millis)
            price = fmt.digits(trade.price_text, decimals).rjust(price_width)
            rows.append(
                (
                    (f" {when} ", look.muted),
                    (f"{fmt.UP if bought else fmt.DOWN} {price}", style),
                    (" " + fmt.size(trade.size, size_decimals).rjust(8), look.base),
                )
            )
        return rows
