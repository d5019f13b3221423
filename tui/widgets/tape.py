"""The tape: prints, newest first, the aggressor told by shape and colour, and how fast they come."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import UTC, tzinfo

import msgspec
from rich.style import Style
from textual.reactive import reactive

from tui.charts.glyphs import ASCII, Glyphs
from tui.charts.sparkline import sparkline
from tui.market.market import InstrumentState, Market
from tui.market.prints import Print, PrintRun
from tui.model.events import Side
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription, SubscriptionStatus, Truth
from tui.model.timeframe import NS
from tui.model.transport import TransportKind
from tui.widgets import format as fmt
from tui.widgets.book_title import book_name
from tui.widgets.line_widget import LineWidget, Part, Row
from tui.widgets.look import Look, on
from tui.widgets.title import nothing_known, title_row
from tui.widgets.top_room import TopRoom

_BOLD = Style(bold=True)
_LEAST_FOR_SPEED = 5  # rows; with fewer all are for prints
_REST_NS = 400_000_000
_TIME_WIDTH = 8
_COUNT_WIDTH = 3
_MOST_BARS = 30


class SizeFilter(msgspec.Struct, frozen=True):
    """Which prints are shown: those of a size at least, or the large ones."""

    least: float | None = None

    def passes(self, each: Print) -> bool:
        return each.is_large if self.least is None else each.size >= self.least


class TapeView(LineWidget):
    """Time, direction, price and size of the last prints of one instrument.

    Trades of one order are one row, with their mean price by volume and how many they are.
    """

    instrument: reactive[Instrument | None] = reactive(None, init=False, repaint=False)

    def __init__(
        self,
        market: Market,
        *,
        badge: str = "",
        best_transport: Callable[[str], TransportKind | None] = nothing_known,
        zone: tzinfo = UTC,
        glyphs: Glyphs,
        large_sizes: Mapping[Instrument, float] | None = None,
        id: str | None = None,
    ) -> None:
        """Make a tape; `large_sizes` says what is large where the user has set it."""
        super().__init__(id=id)
        self._market = market
        self._badge = badge
        self._best_transport = best_transport
        self._zone = zone
        self._glyphs = glyphs
        self._large_sizes = large_sizes or {}
        self._filters: dict[Instrument, SizeFilter] = {}
        self._steps: list[float] = []
        self._begin()

    def _begin(self) -> None:
        large = self._large_sizes.get(self.instrument) if self.instrument is not None else None
        self._run = PrintRun(large)
        self._restart_rows()

    def _restart_rows(self) -> None:
        self._room = TopRoom()
        self._newest = -1  # number of the newest print that has a row
        self._counted = -1  # number of the newest print that the filter has let pass or not
        self._hidden = 0
        self._rest_until = 0
        self._drawn_at = 0
        self._seen: Hashable = None

    def on_mount(self) -> None:
        self._begin()

    def watch_instrument(self) -> None:
        self._begin()
        self.sync(self.now)

    def on_resize(self) -> None:
        self._room = TopRoom()
        super().on_resize()

    @property
    def size_filter(self) -> SizeFilter | None:
        """What is shown of the present instrument; None for all."""
        return self._filters.get(self.instrument) if self.instrument is not None else None

    def cycle_filter(self) -> None:
        """Show all prints, the large ones, or those from a size on: three sizes that go by the prints
        of the moment, each for fewer of them."""
        if self.instrument is None:
            return
        held = self.size_filter
        if held is None:
            self._filters[self.instrument] = SizeFilter()
            self._steps = self._run.steps()
        else:
            following = [step for step in self._steps if held.least is None or step > held.least]
            if following:
                self._filters[self.instrument] = SizeFilter(following[0])
            else:
                del self._filters[self.instrument]
        self._restart_rows()
        self.sync(self.now)

    def fingerprint(self, now: int) -> Hashable:
        if self.instrument is None:
            return None
        truth = self._market.truth(Subscription(self.instrument, Channel.TRADES))
        aging = now // NS if truth.status is SubscriptionStatus.STALE else 0
        state = self._market[self.instrument]
        # Prints that come faster than they could be read are looked at a few times a second only.
        if not 0 <= self._rest_until - now < _REST_NS:
            self._seen = state.tape, state.tape.revision, now // NS if len(state.tape) else 0
        return (
            self.instrument,
            self._seen,
            self.size_filter,
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
        self._run.follow(state.tape)
        truth = self._market.truth(Subscription(self.instrument, Channel.TRADES))
        has_speed = height >= _LEAST_FOR_SPEED and bool(self._run.prints)
        missed = state.tape.missed_note
        rows: list[Row] = [self._title(width, look, truth, "" if has_speed else missed)]
        if not self._run.prints:
            rows.append(((" no trades yet", look.muted),))
            return rows
        room = height - 1 - has_speed
        shown = self._shown(room)
        if has_speed:
            rows.append(self._speed(width, look, missed))
        free = self._free_rows(shown, room)
        if not shown:
            rows.append(((" no print of that size yet", look.muted),))
            return rows
        blank: Row = ((" ", look.base),)
        layout = _Columns(width, shown, state)
        rows += [blank] * free
        shown = shown[: room - free]
        # A time stands for the rows above it too, up to the next one: so it is written once a second.
        seconds = [each.ts_exchange // NS for each in shown]
        rows += [
            self._row(each, layout, look, has_time=second != below)
            for each, second, below in zip(shown, seconds, [*seconds[1:], None], strict=True)
        ]
        return rows

    def _title(self, width: int, look: Look, truth: Truth, note: str) -> Row:
        assert self.instrument is not None
        name = book_name(self.instrument, look)
        chosen = self.size_filter
        if chosen is not None:
            least = "≥" if self._glyphs is not ASCII else ">="
            text = "large" if chosen.least is None else f"{least}{chosen.least:g}"
            name.append((f"{text} ", on(look.warning, look.title)))
        return title_row(
            width,
            name=name,
            word="Trades",
            badge=self._badge,
            truth=truth,
            now=self.now,
            look=look,
            focused=False,
            best=self._best_transport(self.instrument.venue),
            is_paused=self.is_paused,
            note=note,
        )

    def _speed(self, width: int, look: Look, missed: str) -> Row:
        speed = self._run.speed(self.now, width)
        rate = "—" if speed.trades_per_s is None else _rate(speed.trades_per_s)
        parts: list[Part] = [(f" {rate:>5}/s", look.base)]
        if speed.bought is not None:
            bought = round(speed.bought * 100)
            parts += [
                (f" {fmt.UP}{bought:>3}%", look.up),
                (f" {fmt.DOWN}{100 - bought:>3}%", look.down),
            ]
        chosen = self.size_filter
        hides = ""
        if chosen is not None:
            hides = f"hides {self._hidden + (not chosen.passes(self._run.prints[-1]))}"
        notes = "".join(f"{note} " for note in (hides, missed) if note)
        room = width - sum(len(text) for text, _ in parts) - len(notes) - 2
        if room < 0 and len(parts) > 1:
            # What is missing is worth more than who was stronger.
            room += sum(len(text) for text, _ in parts[1:])
            del parts[1:]
        line = sparkline(speed.per_second, max(0, min(room, _MOST_BARS)), self._glyphs, floor=0.0)
        return (*parts, (f" {line} ", look.muted), (notes, look.warning))

    def _shown(self, count: int) -> list[Print]:
        """The newest prints that the filter lets pass, newest first."""
        chosen, prints = self.size_filter, self._run.prints
        if chosen is None:
            return [prints[-place] for place in range(1, min(count, len(prints)) + 1)]
        # The newest may still grow.
        for each in prints:
            if self._counted < each.number < prints[-1].number:
                self._counted = each.number
                self._hidden += not chosen.passes(each)
        return [each for each in reversed(prints) if chosen.passes(each)][:count]

    def _free_rows(self, shown: Sequence[Print], rows: int) -> int:
        if not shown:
            return 0
        fresh = sum(each.number > self._newest for each in shown)
        self._newest = shown[0].number
        if fresh * 2 > rows and self.now - self._drawn_at < _REST_NS:
            self._rest_until = self.now + _REST_NS
        self._drawn_at = self.now
        return self._room.after(fresh, rows, self.now)

    def _row(self, each: Print, layout: _Columns, look: Look, *, has_time: bool) -> Row:
        bought = each.aggressor is Side.BUY
        style = look.up if bought else look.down
        mark = " "
        if each.is_large:
            style += _BOLD
            mark = self._glyphs.left[len(self._glyphs.left) // 2]
        when = fmt.clock_time(each.ts_exchange, self._zone) if has_time else ""
        count = f" x{each.count}" if each.count > 1 else ""
        text = f" {fmt.UP if bought else fmt.DOWN} {layout.price(each)} {layout.size(each)}{count}"
        when = when[-layout.time_width :].rjust(layout.time_width)
        return ((mark, style), (when, look.muted), (text, style))


class _Columns:
    """Widths that depend on the venue's precision and on the panel."""

    def __init__(self, width: int, prints: Sequence[Print], state: InstrumentState) -> None:
        self._decimals = fmt.price_decimals(state.info, state.last_text)
        self._size_decimals = state.info.size_decimals if state.info else 8
        self._price_width = max(9, *(len(self._price(each)) for each in prints))
        # Where there is not room for all, the hour is known.
        has_room = width >= 1 + _TIME_WIDTH + 3 + self._price_width + 9 + _COUNT_WIDTH
        self.time_width = _TIME_WIDTH if has_room else _TIME_WIDTH - 3

    def price(self, each: Print) -> str:
        return self._price(each).rjust(self._price_width)

    def size(self, each: Print) -> str:
        return fmt.size(each.size, self._size_decimals).rjust(8)

    def _price(self, each: Print) -> str:
        if each.price_text:
            return fmt.digits(each.price_text, self._decimals)
        return fmt.price(each.price, self._decimals)


def _rate(value: float) -> str:
    return f"{value:.1f}" if value < 999.95 else f"{value / 1000:.1f}K"
