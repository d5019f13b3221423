"""The watchlist: price, 24 h change, a small history and freshness of many instruments."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from rich.cells import cell_len, set_cell_size
from textual import events
from textual.message import Message
from textual.reactive import reactive

from tui.charts.glyphs import Glyphs
from tui.charts.sparkline import sparkline
from tui.market.market import Market
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription, SubscriptionStatus
from tui.model.text import clean
from tui.model.timeframe import Timeframe
from tui.widgets import format as fmt
from tui.widgets.line_widget import LineWidget, Part, Row, spread
from tui.widgets.look import Look
from tui.widgets.title import PAUSED, truth_style, truth_text

HISTORY = Timeframe(1, "h")
"""What the small history is made of: the closes of the last hours."""


class Watchlist(LineWidget):
    """One row an instrument; the cursor row can be put into the chosen panel."""

    instruments: reactive[tuple[Instrument, ...]] = reactive((), init=False, repaint=False)
    cursor: reactive[int] = reactive(0, init=False, repaint=False)

    class Picked(Message):
        """The user clicked an instrument."""

        def __init__(self, instrument: Instrument) -> None:
            super().__init__()
            self.instrument = instrument

    def __init__(
        self, market: Market, *, badge: str = "", glyphs: Glyphs, id: str | None = None
    ) -> None:
        super().__init__(id=id)
        self._market = market
        self._badge = badge
        self._glyphs = glyphs
        self._top = 0

    @property
    def at_cursor(self) -> Instrument | None:
        return self.instruments[self.cursor] if self.cursor < len(self.instruments) else None

    def validate_cursor(self, cursor: int) -> int:
        return max(0, min(cursor, len(self.instruments) - 1))

    def watch_instruments(self) -> None:
        self.cursor = self.cursor  # validated against the new length
        self.sync(self.now)

    def watch_cursor(self) -> None:
        self.sync(self.now)

    def on_click(self, event: events.Click) -> None:
        event.stop()
        index = self._top + event.y - 1
        if 0 <= index < len(self.instruments) and event.y >= 1:
            self.cursor = index
            self.post_message(self.Picked(self.instruments[index]))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.cursor += 1

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.cursor -= 1

    def fingerprint(self, now: int) -> Hashable:
        rows = []
        for instrument in self.instruments:
            state = self._market[instrument]
            truth = self._market.truth(Subscription(instrument, Channel.TICKER))
            stale = truth.status is SubscriptionStatus.STALE
            series = state.candles.get(HISTORY)
            rows.append(
                (
                    instrument,
                    state.ticker_revision,
                    state.last_text,
                    state.info,
                    truth.status,
                    now // 1_000_000_000 if stale else 0,
                    series.revision if series else 0,
                )
            )
        return (self.cursor, tuple(rows))

    def rows(self, width: int, height: int, look: Look) -> Sequence[Row]:
        room = max(1, height - 1)
        self._top = max(0, min(self._top, self.cursor, len(self.instruments) - room))
        if self.cursor >= self._top + room:
            self._top = self.cursor - room + 1
        shown = self.instruments[self._top : self._top + room]
        more = (
            f" {self.cursor + 1}/{len(self.instruments)} " if len(self.instruments) > room else " "
        )
        badge: list[Part] = [(f" {self._badge} ", look.badge)] if self._badge else []
        heading: list[Part] = [(" Watchlist", look.title), (more, look.title)]
        rows: list[Row] = [spread(heading, badge, width, look.title)]
        if not shown:
            return [*rows, ((" empty: press / to search", look.muted),)]
        one_venue = len({instrument.venue for instrument in self.instruments}) == 1
        names = [
            clean(instrument.symbol if one_venue else str(instrument), 18) for instrument in shown
        ]
        name_width = min(max(cell_len(name) for name in names), max(8, width - 26))
        for index, (instrument, name) in enumerate(zip(shown, names, strict=True), self._top):
            rows.append(self._row(instrument, name, name_width, width, look, index == self.cursor))
        return rows

    def _row(
        self,
        instrument: Instrument,
        name: str,
        name_width: int,
        width: int,
        look: Look,
        at_cursor: bool,
    ) -> Row:
        state = self._market[instrument]
        ticker = state.ticker
        truth = self._market.truth(Subscription(instrument, Channel.TICKER))
        decimals = fmt.price_decimals(state.info, state.last_text)
        change = fmt.day_change(
            ticker.open if ticker else None,
            state.last_price,
            ticker.change_percent if ticker else None,
        )
        base = look.cursor if at_cursor else look.base
        moved = look.muted if change is None else look.up if change >= 0 else look.down
        mark = "▸" if at_cursor else " "
        label = set_cell_size(name, name_width)
        freshness = truth_text(truth, self.now, short=True)
        if self.is_paused:
            freshness = PAUSED.partition(" ")[0]
        parts: list[Part] = [
            (f"{mark}{label} ", base),
            (f" {fmt.price(state.last_price, decimals):>10}", look.base),
            (f" {fmt.arrow(change)}{fmt.percent(change):>8} ", moved),
        ]
        used = sum(cell_len(text) for text, _ in parts)
        spark_width = min(24, width - used - 5)
        if spark_width >= 4:
            series = state.candles.get(HISTORY)
            closes = [c.close for c in series.candles[-spark_width:]] if series else []
            parts.append((sparkline(closes, spark_width, self._glyphs) + " ", moved))
            used += spark_width + 1
        room = width - used
        if room >= 1:
            text = freshness if len(freshness) <= room else freshness[:1]
            parts.append((text, truth_style(truth, look, look.base)))
        return tuple(parts)
