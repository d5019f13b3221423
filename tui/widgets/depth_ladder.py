"""The depth ladder: asks above, bids below, each price in a row that it keeps while the market moves."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from decimal import Decimal

from textual import events
from textual.message import Message
from textual.reactive import reactive

from tui.charts.glyphs import Glyphs
from tui.market.depth import (
    MOST_STEPS,
    Band,
    Bucket,
    band,
    bid_share,
    bp_from,
    large_size,
    middle_price,
    read_buckets,
    slot_of,
    step_ticks,
    tick_of,
)
from tui.market.ladder import Ladder, Rung, RungKind, fitting_step
from tui.market.level_changes import LevelChanges
from tui.market.market import InstrumentState, Market
from tui.market.order_book import OrderBook
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription, SubscriptionStatus
from tui.model.text import clean
from tui.model.timeframe import NS
from tui.model.transport import TransportKind
from tui.widgets import format as fmt
from tui.widgets.book_title import book_title, is_sound
from tui.widgets.ladder_rows import Columns, HeldBars, rung_row
from tui.widgets.level_lines import Reach, balance_line, reach_lines, reach_of
from tui.widgets.line_widget import LineWidget, Row
from tui.widgets.look import Look
from tui.widgets.title import nothing_known

BAND_BP = 10.0
"""How far from the middle, in basis points, the balance near it is taken."""
_SLOW_NS = NS // 2
_MANY_LEVELS = 1000
_LEAST_ROWS_WITH_BALANCE = 7
_LEAST_ROWS_WITH_REACH = 14
_FIT_AGAIN_NS = 5 * NS
_ROWS_UNSEEN = 20  # of a ladder that is not shown, whose cursor is moved all the same


class DepthLadder(LineWidget):
    """Price, size and cumulative size around the spread of one book, in steps of price.

    A cursor can stand at a price; what it costs to reach that is told in the last rows.
    """

    instrument: reactive[Instrument | None] = reactive(None, init=False, repaint=False)
    cursor: reactive[Decimal | None] = reactive(None, init=False, repaint=False)
    """The price that the level cursor stands at; None while there is none."""

    class CursorMoved(Message):
        """The level cursor was moved, set or ended."""

    def __init__(
        self,
        market: Market,
        *,
        badge: str = "",
        best_transport: Callable[[str], TransportKind | None] = nothing_known,
        glyphs: Glyphs,
        large_sizes: Mapping[Instrument, float] | None = None,
        id: str | None = None,
    ) -> None:
        """Make a ladder; `large_sizes` says from what size on an order is large, where the user did."""
        super().__init__(id=id)
        self._market = market
        self._badge = badge
        self._best_transport = best_transport
        self._glyphs = glyphs
        self._large_sizes = large_sizes or {}
        self._steps: dict[Instrument, int] = {}
        self._begin()

    def _begin(self) -> None:
        self._ladder = Ladder()
        self._bars = HeldBars()
        self._changes = LevelChanges(), LevelChanges()
        self._rungs: list[Rung] = []
        self._fitted: tuple[int, int, int] | None = None  # step, rows it was fitted for, when
        self._step: Decimal | None = None
        self._is_slow = False
        self._seen: Hashable = None
        self._seen_at = 0
        self._settles = 0
        self._looked_at = 0
        self._looked_revision = -1
        self._rows_read = 0
        self._near: Band | None = None
        self._share: float | None = None
        self._large: float | None = None

    # -- what others may set ---------------------------------------------------------------

    def watch_instrument(self) -> None:
        self._begin()
        self.set_reactive(DepthLadder.cursor, None)
        self.sync(self.now)

    def watch_cursor(self) -> None:
        self.post_message(self.CursorMoved())
        if self.is_attached:
            self.sync(self.now)

    def on_resize(self) -> None:
        self._ladder.forget()
        super().on_resize()

    def change_grouping(self, steps: int) -> None:
        """Take prices together in larger steps, or in smaller ones; below one tick the ladder chooses
        by itself again. It is remembered for the instrument."""
        held = self.grouping
        number = (self._fitted[0] if self._fitted else 0) if held is None else held
        self.choose_grouping(number + steps if number + steps >= 0 else None)

    def choose_grouping(self, number: int | None) -> None:
        """Take prices together in the step of this number, 0 being one tick; None for what fits."""
        if self.instrument is None:
            return
        if number is None:
            self._steps.pop(self.instrument, None)
        else:
            self._steps[self.instrument] = min(max(number, 0), MOST_STEPS - 1)
        self._start_step()
        self.sync(self.now)

    @property
    def grouping(self) -> int | None:
        """The number of the step that the user chose for the present instrument; None for none."""
        return self._steps.get(self.instrument) if self.instrument is not None else None

    @property
    def step(self) -> Decimal | None:
        """The step of price in use; None before there was a book."""
        return self._step

    def move_cursor(self, rows: int) -> None:
        """Move the level cursor down (or up, if negative); the first move sets it at the best price."""
        if self.instrument is None:
            return
        if not self._rungs:
            self._arrange(self._market[self.instrument], max(self.size.height - 2, _ROWS_UNSEEN))
        rungs = [rung for rung in self._rungs if rung.slot is not None]
        at = self._cursor_index(rungs)
        step = self._step
        if not rungs or step is None:
            return
        if at is None:
            kind = RungKind.BID if rows > 0 else RungKind.ASK
            resting = [number for number, rung in enumerate(rungs) if rung.kind is kind]
            at = (resting[0] if rows > 0 else resting[-1]) if resting else len(rungs) // 2
        else:
            at = min(max(at + rows, 0), len(rungs) - 1)
        self.cursor = (rungs[at].slot or 0) * step

    def on_click(self, event: events.Click) -> None:
        event.stop()
        row = event.y - 1
        rung = self._rungs[row] if 0 <= row < len(self._rungs) else None
        if rung is None or rung.slot is None or self._step is None or row >= self._rows_of_rungs():
            return
        price = rung.slot * self._step
        self.cursor = None if self.cursor == price else price

    # -- the picture -----------------------------------------------------------------------

    def fingerprint(self, now: int) -> Hashable:
        if self.instrument is None:
            return None
        truth = self._market.truth(Subscription(self.instrument, Channel.BOOK))
        aging = now // NS if truth.status is SubscriptionStatus.STALE else 0
        state = self._market[self.instrument]
        rest = _SLOW_NS if self._is_slow else 0
        if not 0 <= now - self._seen_at < rest:
            is_behind = self._looked_revision != state.book_revision
            ends = tuple([each.next_end for each in self._changes if 0 < each.next_end <= now])
            if self._seen != (state.book_revision, ends):
                self._seen, self._seen_at = (state.book_revision, ends), now
            self._settles = now // _SLOW_NS if is_behind else 0
        return (
            self.instrument,
            self._seen,
            self._settles,
            state.info,
            truth.status,
            truth.reason,
            truth.transport,
            truth.verified,
            aging,
            self.cursor,
            self.grouping,
        )

    def rows(self, width: int, height: int, look: Look) -> Sequence[Row]:
        if self.instrument is None:
            return []
        state = self._market[self.instrument]
        truth = self._market.truth(Subscription(self.instrument, Channel.BOOK))
        title = book_title(
            width,
            look,
            instrument=self.instrument,
            word="Book",
            badge=self._badge,
            truth=truth,
            now=self.now,
            best=self._best_transport(self.instrument.venue),
            is_paused=self.is_paused,
        )
        has_balance = height >= _LEAST_ROWS_WITH_BALANCE
        room = max(height - 1 - has_balance, 0)
        sound = is_sound(truth)
        if not sound:
            for each in self._changes:
                each.forget()
        if not self._arrange(state, room):
            reason = clean(truth.reason, width) or "waiting for the book"
            blank: list[Row] = [((" ", look.base),)] * max((height - 2) // 2, 0)
            return [title, *blank, ((reason.center(width), look.muted),)]
        step = self._step
        assert step is not None
        if sound:
            self._note_changes(step)
        is_due = self._looked_revision < 0 or not 0 <= self.now - self._looked_at < _SLOW_NS
        if is_due:
            self._look_closer(state)
        rows = [title, *self._draw_rungs(state, step, width, look, sound, settles=is_due)]
        if has_balance:
            rows.append(self._balance(step, width, look, sound))
        if self.cursor is not None:
            lines = self._reach_lines(state, self.cursor, width, look, sound)
            end = len(rows) - has_balance
            rows[end - len(lines) : end] = lines
        return rows

    def _arrange(self, state: InstrumentState, rows: int) -> bool:
        """Read the book and find each row's price; False while the book is empty."""
        book = state.book
        self._rungs = []
        if book.bids.best_price is None and book.asks.best_price is None:
            return False
        tick = tick_of(state.info, (*book.asks.top(5), *book.bids.top(5)))
        step = step_ticks(self._step_number(book, tick, rows)) * tick
        if step != self._step:
            self._step = step
            self._start_step()
        # One more than can be seen, so that the last one in sight is whole.
        asks = read_buckets(book.asks, step, rows + 1, is_bid=False)
        bids = read_buckets(book.bids, step, rows + 1, is_bid=True)
        self._is_slow = sum(one.levels for one in (*asks, *bids)) > _MANY_LEVELS
        if rows != self._rows_read:
            self._rows_read, self._looked_revision = rows, -1
        self._rungs = self._ladder.arrange(asks, bids, rows)
        self._sides: tuple[list[Bucket], list[Bucket]] = asks, bids
        return True

    def _step_number(self, book: OrderBook, tick: Decimal, rows: int) -> int:
        """The user's step, or else the one that fits, which is kept while it does."""
        chosen = self.grouping
        fitted = self._fitted
        if fitted is None or fitted[1] != rows:
            is_due = True
        else:
            is_due = not self._ladder.is_dense and abs(self.now - fitted[2]) >= _FIT_AGAIN_NS
        if is_due and chosen is None:
            self._fitted = fitted = fitting_step(book, tick, rows), rows, self.now
        if chosen is not None:
            return chosen
        return fitted[0] if fitted else 0

    def _start_step(self) -> None:
        self._looked_revision = -1  # what is in sight is another part of the book
        self._ladder.forget()
        self._bars.forget()
        for each in self._changes:
            each.forget()

    def _note_changes(self, step: Decimal) -> None:
        for changes, side in zip(self._changes, self._sides, strict=True):
            changes.note(side, self.now)

    def _look_closer(self, state: InstrumentState) -> None:
        """What need not follow every tick, as the bars need not: the balance in sight and near the
        middle, and what counts as large."""
        self._looked_at, self._looked_revision = self.now, state.book_revision
        book = state.book
        self._near = band(book.bids, book.asks, BAND_BP)
        self._share = bid_share(
            *(
                sum(rung.bucket.size for rung in self._rungs if rung.bucket and rung.kind is kind)
                for kind in (RungKind.BID, RungKind.ASK)
            )
        )
        chosen = self._large_sizes.get(state.instrument)
        count = max(sum(one.levels for one in side) for side in self._sides)
        held = [*book.asks.top(count), *book.bids.top(count)]
        self._large = chosen if chosen is not None else large_size(held)

    def _draw_rungs(
        self,
        state: InstrumentState,
        step: Decimal,
        width: int,
        look: Look,
        sound: bool,
        *,
        settles: bool,
    ) -> list[Row]:
        rungs = self._rungs
        size_decimals = state.info.size_decimals if state.info else 8
        top = max((abs(rung.slot) for rung in rungs if rung.slot is not None), default=0)
        columns = Columns.share(width, step, top, size_decimals)
        lengths = self._bars.lengths(rungs, columns.bar_width, self._glyphs, settles=settles)
        at = self._cursor_index(rungs)
        large = self._large
        found: list[Row] = []
        for number, (rung, length) in enumerate(zip(rungs, lengths, strict=True)):
            if rung.kind is RungKind.SPREAD:
                found.append(self._spread(width, state, look))
                continue
            changes = self._changes[rung.kind is RungKind.BID]
            found.append(
                rung_row(
                    rung,
                    length,
                    columns,
                    step,
                    self._glyphs,
                    look,
                    is_sound=sound,
                    is_recent=rung.slot is not None and changes.is_recent(rung.slot, self.now),
                    is_large=bool(large and rung.bucket and rung.bucket.largest >= large),
                    is_at_cursor=number == at,
                )
            )
        return found

    def _cursor_index(self, rungs: Sequence[Rung]) -> int | None:
        """The row that is nearest to the cursor's price; None without a cursor."""
        price, step = self.cursor, self._step
        if price is None or step is None:
            return None
        numbers = [number for number, rung in enumerate(rungs) if rung.slot is not None]
        if not numbers:
            return None
        at = slot_of(price, step, is_bid=True)
        return min(numbers, key=lambda number: abs((rungs[number].slot or 0) - at))

    def _spread(self, width: int, state: InstrumentState, look: Look) -> Row:
        bid, ask = state.book.bids.best_price, state.book.asks.best_price
        if bid is None or ask is None:
            return ((" one-sided".ljust(width), look.title_muted),)
        decimals = fmt.price_decimals(state.info, state.last_text)
        middle = middle_price(bid, ask) or 0.0
        points = (bp_from(ask, middle) or 0.0) - (bp_from(bid, middle) or 0.0)
        if bid >= ask:
            text = f" crossed by {fmt.price(bid - ask, decimals)}"
            return ((text.ljust(width), look.warning),)
        text = f" {fmt.price(middle, decimals + 1)}  spread {fmt.price(ask - bid, decimals)}"
        more = f" ({fmt.basis_points(points)} bp)"
        return (((text + more if len(text + more) <= width else text).ljust(width), look.base),)

    def _balance(self, step: Decimal, width: int, look: Look, sound: bool) -> Row:
        own = "" if self.grouping is not None else " auto"
        share, near = (self._share, self._near) if sound else (None, None)
        return balance_line(share, near, f"{step:f}{own}", width, self._glyphs, look)

    def _rows_of_rungs(self) -> int:
        """Rows that show prices while the cursor's lines are there."""
        return len(self._rungs) - (self._reach_rows() if self.cursor is not None else 0)

    def _reach_rows(self) -> int:
        return 3 if self.size.height >= _LEAST_ROWS_WITH_REACH else 1

    def _reach_lines(
        self, state: InstrumentState, price: Decimal, width: int, look: Look, sound: bool
    ) -> list[Row]:
        reach: Reach | None = reach_of(state.book, price)
        return reach_lines(
            reach,
            decimals=fmt.price_decimals(state.info, state.last_text),
            size_decimals=state.info.size_decimals if state.info else 8,
            width=width,
            count=self._reach_rows(),
            is_sound=sound,
            look=look,
        )
