"""The books of one venue: each verified by itself, rebuilt by itself, never in anybody else's way."""

from __future__ import annotations

from collections.abc import Callable, Collection

from tui.adapters.base import BookPolicy
from tui.feed.books import BookSync, Verdict
from tui.feed.clock import Clock
from tui.feed.error_log import ErrorLog
from tui.feed.subscriptions import Subscriptions
from tui.market.market import Market
from tui.model.events import BookDelta, BookSnapshot
from tui.model.health import ErrorCategory
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription

_DELAY_MAX_S = 30.0
_CALM_S = 60.0
# More than a screen shows; a whole book is most of what an instrument takes in memory.
_KEPT_LEVELS = 200


class _Book:
    __slots__ = ("attempts", "live_since", "subscription", "sync")

    def __init__(self, sync: BookSync) -> None:
        self.sync = sync
        self.subscription = Subscription(sync.instrument, Channel.BOOK)
        self.live_since: float | None = None
        self.attempts = 0


class BookFlow:
    """Brings snapshots and changes to the synchronisers, and their verdicts to the screen.

    Every change is verified at once; that a live book changed is told by `tell_changed`, so that
    many changes are one to whoever draws it. `needs_snapshot` is called with the instrument whenever
    only a snapshot can help.
    """

    def __init__(
        self,
        policy: BookPolicy,
        market: Market,
        subscriptions: Subscriptions,
        *,
        clock: Clock,
        errors: ErrorLog,
        needs_snapshot: Callable[[Instrument], None],
    ) -> None:
        self._policy = policy
        self._market = market
        self._subscriptions = subscriptions
        self._clock = clock
        self._errors = errors
        self._needs_snapshot = needs_snapshot
        self._books: dict[Instrument, _Book] = {}
        self._changed: dict[Instrument, None] = {}

    @property
    def policy(self) -> BookPolicy:
        """How books are started and verified now."""
        return self._policy

    def use(self, policy: BookPolicy) -> None:
        """Start and verify books in this way from now on, as when another transport brings them."""
        if policy == self._policy:
            return
        self._policy = policy
        self.restart()
        self.reset_all("waiting for a snapshot")

    def watch(self, instrument: Instrument) -> None:
        """Keep this book from now on."""
        book = self._market[instrument].book
        self._books[instrument] = _Book(BookSync(instrument, self._policy, book))

    def forget(self, instrument: Instrument) -> None:
        """Keep this book no longer: only its best levels stay, to be shown until it is watched again."""
        if self._books.pop(instrument, None) is not None:
            book = self._market[instrument].book
            book.bids.truncate(_KEPT_LEVELS)
            book.asks.truncate(_KEPT_LEVELS)
            self._market.book_changed(instrument)

    def restart(self) -> None:
        """The market's books were replaced by empty ones: keep those."""
        for instrument in list(self._books):
            self.watch(instrument)

    def reconnected(self) -> None:
        """A new connection: books start at once, without the delays of the last one."""
        self.reset_all("waiting for a snapshot")
        for book in self._books.values():
            book.attempts = 0

    def reset(self, instrument: Instrument, reason: str) -> None:
        """Changes of this book are missing: it does not continue."""
        book = self._books.get(instrument)
        if book is not None:
            self._reset(book, reason)

    def reset_all(self, reason: str) -> None:
        """No book continues: the connection was lost, or changes were."""
        for book in self._books.values():
            self._reset(book, reason)

    def _reset(self, book: _Book, reason: str) -> None:
        book.sync.reset(reason)
        book.live_since = None
        self._subscriptions.syncing(book.subscription, reason)

    def is_waiting(self, instrument: Instrument) -> bool:
        """True while a snapshot would help."""
        book = self._books.get(instrument)
        return book is not None and book.sync.needs_snapshot

    def next_delay(self, instrument: Instrument) -> float:
        """Seconds to wait before the next snapshot is asked for; grows with every call."""
        book = self._books.get(instrument)
        if book is None:
            return 0.0
        delay = 0.0 if book.attempts == 0 else min(_DELAY_MAX_S, 2.0 ** (book.attempts - 1))
        book.attempts += 1
        return delay

    def add_snapshot(self, snapshot: BookSnapshot) -> Verdict | None:
        """Take a snapshot; None where nobody watches the book."""
        book = self._books.get(snapshot.instrument)
        return None if book is None else self._judge(book, book.sync.on_snapshot(snapshot))

    def add_delta(self, delta: BookDelta) -> Verdict | None:
        """Take a change; None where nobody watches the book."""
        book = self._books.get(delta.instrument)
        return None if book is None else self._judge(book, book.sync.on_delta(delta))

    def tell_changed(self, only: Collection[Instrument] | None = None) -> None:
        """Tell the market which live books changed since this was last called, or some of them."""
        if not self._changed:
            return
        changed = (
            list(self._changed) if only is None else [one for one in only if one in self._changed]
        )
        for instrument in changed:
            del self._changed[instrument]
            self._market.book_changed(instrument)

    def _judge(self, book: _Book, verdict: Verdict) -> Verdict:
        instrument = book.sync.instrument
        if verdict is Verdict.APPLIED:
            if book.live_since is None:
                book.live_since = self._clock.monotonic()
                self._market.book_changed(instrument)
                self._subscriptions.loaded(book.subscription, book.sync.reason)
            else:
                self._changed[instrument] = None
        # What is told first is how the book stands: nobody is to believe the levels of a wrong one.
        elif verdict is Verdict.SYNCING:
            self._subscriptions.syncing(book.subscription, book.sync.reason)
            self._market.book_changed(instrument)
        elif verdict is Verdict.NEEDS_SNAPSHOT:
            self._subscriptions.syncing(book.subscription, book.sync.reason)
            self._fall(book)
            self._needs_snapshot(instrument)
        return verdict

    def _fall(self, book: _Book) -> None:
        """A book that was live is no longer: say so, and be quick to repair it if that is rare."""
        if book.live_since is None:
            return
        if self._clock.monotonic() - book.live_since >= _CALM_S:
            book.attempts = 0
        book.live_since = None
        self._market.book_changed(book.sync.instrument)
        self._errors.report(
            ErrorCategory.SUBSCRIPTION,
            f"book is rebuilt: {book.sync.reason}",
            instrument=book.sync.instrument,
        )
