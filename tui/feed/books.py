"""Keeps one instrument's order book true: joins a snapshot with the stream, and checks every change."""

from __future__ import annotations

from collections import deque
from enum import StrEnum

from tui.adapters.base import BookPolicy
from tui.market.order_book import OrderBook
from tui.model.events import BookDelta, BookSnapshot
from tui.model.instrument import Instrument

BUFFER_LIMIT = 1000
"""Changes kept while a snapshot is on its way: 100 s of the fastest Binance stream."""

_INSISTS = 3
_TOO_OLD = "the snapshot is older than the stream"


class Verdict(StrEnum):
    """What became of a snapshot or a change.

    APPLIED: it is in the book, and the book is verified.
    SYNCING: the snapshot is in the book; no change has confirmed yet that the stream continues it.
    BUFFERED: kept until a snapshot comes.
    IGNORED: old news; nothing changed.
    NEEDS_SNAPSHOT: the book is no longer verified, or the snapshot does not reach the stream.
        Fetch another one (or subscribe again, where the stream sends it), after a delay that grows.
    """

    APPLIED = "applied"
    SYNCING = "syncing"
    BUFFERED = "buffered"
    IGNORED = "ignored"
    NEEDS_SNAPSHOT = "needs snapshot"


class BookSync:
    """The only writer of an instrument's book.

    While a book is built again its old levels stay, unverified, until the snapshot replaces them.
    Changes must come in the order in which they arrived.

    Attributes:
        applied: changes that went into the book.
        stale: changes and snapshots that were older than the book.
        gaps: times that changes were missing.
        resyncs: times that a book in use had to be built again.
        reason: the policy's name while the book is verified, otherwise why it is not.
    """

    def __init__(
        self,
        instrument: Instrument,
        policy: BookPolicy,
        book: OrderBook,
        *,
        buffer_limit: int = BUFFER_LIMIT,
    ) -> None:
        self.instrument = instrument
        self.policy = policy
        self.book = book
        self.applied = 0
        self.stale = 0
        self.gaps = 0
        self.resyncs = 0
        self.reason = "waiting for a snapshot"
        self._bridged = policy.bridged
        self._verified = False
        self._has_snapshot = False
        self._sequence = 0
        self._snapshot_at = 0
        self._newest_at = 0
        self._refused = 0
        self._is_cut = False
        self._depth = policy.depth
        self._buffer: deque[BookDelta] = deque(maxlen=buffer_limit)

    @property
    def is_verified(self) -> bool:
        """True while the book is known to be the venue's, up to its last change."""
        return self._verified

    @property
    def needs_snapshot(self) -> bool:
        """True while only a snapshot can bring the book on."""
        return not self._has_snapshot

    @property
    def sequence(self) -> int:
        """The update id that the book includes; 0 without a snapshot or where the venue has none."""
        return self._sequence

    def reset(self, reason: str) -> None:
        """Forget the stream's position, as after a reconnect; the old levels stay until a snapshot."""
        self._verified = False
        self._has_snapshot = False
        self._sequence = 0
        self._buffer.clear()
        self._is_cut = False
        self._refused = 0
        self.reason = reason

    def on_snapshot(self, snapshot: BookSnapshot) -> Verdict:
        """Replace the book and join the buffered changes to it."""
        if not self.policy.snapshot_by_rest:
            # The stream sends it in its own order: it is true by itself.
            return self._replace_in_stream(snapshot)
        if self._has_snapshot and (self._verified or snapshot.sequence <= self._sequence):
            self.stale += 1
            return Verdict.IGNORED
        if (
            (self._bridged or self.policy.overlapping)
            and self._buffer
            and self._buffer[0].first_sequence > snapshot.sequence + 1
        ):
            self.reason = _TOO_OLD
            self._has_snapshot = False
            return Verdict.NEEDS_SNAPSHOT
        if self._is_cut:
            # What the buffer had no room for may lie between; what comes from now on does not.
            self._is_cut = False
            self._buffer.clear()
            self.reason = _TOO_OLD
            return Verdict.NEEDS_SNAPSHOT
        failure = self._replace(snapshot)
        if failure:
            return self._fail(failure)
        buffered, self._buffer = self._buffer, deque(maxlen=self._buffer.maxlen)
        if not self._bridged:
            self._confirm()
        while buffered:
            if self._apply(buffered.popleft()) is Verdict.NEEDS_SNAPSHOT:
                self._buffer.extend(buffered)
                return Verdict.NEEDS_SNAPSHOT
        if self._verified:
            return Verdict.APPLIED
        self.reason = "waiting for a change that continues the snapshot"
        return Verdict.SYNCING

    def on_delta(self, delta: BookDelta) -> Verdict:
        """Apply a change, or keep it while there is no snapshot."""
        if self._has_snapshot:
            return self._apply(delta)
        if not self.policy.snapshot_by_rest:
            # What precedes a snapshot in the same stream is part of it.
            self.stale += 1
            return Verdict.IGNORED
        return self._keep(delta)

    def _replace_in_stream(self, snapshot: BookSnapshot) -> Verdict:
        if self._verified and snapshot.sequence and snapshot.sequence == self._sequence:
            return Verdict.IGNORED
        if self._is_from_before(snapshot):
            self.stale += 1
            self._refused += 1
            return Verdict.IGNORED if self._has_snapshot else Verdict.NEEDS_SNAPSHOT
        self._refused = 0
        self._snapshot_at = self._newest_at = snapshot.ts_exchange
        failure = self._replace(snapshot)
        if failure:
            return self._fail(failure)
        self._confirm()
        return Verdict.APPLIED

    def _is_from_before(self, snapshot: BookSnapshot) -> bool:
        """True for a snapshot older than the book; a venue that counts anew is believed by its clock,
        or when it insists."""
        if self._refused >= _INSISTS:
            return False
        if self.policy.by_time:
            return 0 < snapshot.ts_exchange < self._newest_at
        return (
            self._has_snapshot
            and 0 < snapshot.sequence < self._sequence
            and snapshot.ts_exchange <= self._snapshot_at
        )

    def _replace(self, snapshot: BookSnapshot) -> str:
        """Take the snapshot over; returns what is wrong with the book then, "" when nothing is."""
        try:
            self.book.replace(snapshot.bids, snapshot.asks)
        except ValueError as error:
            return f"malformed level: {error}"
        if self._depth is not None:
            self.book.truncate(self._depth)
        self._has_snapshot = True
        self._sequence = snapshot.sequence
        return self._find_fault(snapshot.checksum)

    def _apply(self, delta: BookDelta) -> Verdict:
        last = delta.last_sequence
        if last and last <= self._sequence:
            self.stale += 1
            return Verdict.IGNORED
        if self._bridged and delta.first_sequence > self._sequence + 1:
            return self._miss(delta)
        if delta.ts_exchange < self._newest_at and self.policy.by_time and delta.ts_exchange:
            return self._come_late(delta)
        try:
            self.book.apply(delta.bids, delta.asks)
        except ValueError as error:
            return self._fail(f"malformed level: {error}")
        if self._depth is not None:
            self.book.truncate(self._depth)
        self._sequence = last
        self._newest_at = delta.ts_exchange or self._newest_at
        if delta.checksum is not None or self.book.is_crossed:
            fault = self._find_fault(delta.checksum)
            if fault:
                return self._fail(fault)
        self.applied += 1
        if not self._verified:
            self._confirm()
        return Verdict.APPLIED

    def _come_late(self, delta: BookDelta) -> Verdict:
        """A change is older than the book: the snapshot may hold it, the changes since do not."""
        if delta.ts_exchange < self._snapshot_at:
            self.stale += 1
            return Verdict.IGNORED
        return self._fail("a change came out of order")

    def _miss(self, delta: BookDelta) -> Verdict:
        """Between the book and this change others are missing."""
        if self._verified:
            self.gaps += 1
            missed = delta.first_sequence - self._sequence - 1
            return self._fail(f"gap: {missed} update{'' if missed == 1 else 's'} missed", delta)
        self._has_snapshot = False
        self._keep(delta)
        self.reason = _TOO_OLD
        return Verdict.NEEDS_SNAPSHOT

    def _keep(self, delta: BookDelta) -> Verdict:
        """Buffer a change. What is buffered has no holes: before one, nothing can be used any more."""
        if self._buffer:
            newest = self._buffer[-1].last_sequence
            if delta.last_sequence and delta.last_sequence <= newest:
                self.stale += 1
                return Verdict.IGNORED
            if self._bridged and delta.first_sequence > newest + 1:
                self.gaps += 1
                self._buffer.clear()
        if not self._bridged and len(self._buffer) == self._buffer.maxlen:
            self._is_cut = True  # without numbers that join, nothing else would tell
        self._buffer.append(delta)
        return Verdict.BUFFERED

    def _find_fault(self, checksum: int | None) -> str:
        if self.book.is_crossed:
            return "crossed: the best bid is not below the best ask"
        if checksum is not None and self.policy.checksum is not None:
            computed = self.policy.checksum(self.book)
            if computed != checksum:
                return f"checksum {computed} instead of {checksum}"
        return ""

    def _confirm(self) -> None:
        self._verified = True
        self.reason = self.policy.name

    def _fail(self, reason: str, delta: BookDelta | None = None) -> Verdict:
        """Give the book up; `delta` is kept as the first of the new stream."""
        self.resyncs += 1
        self.reset(reason)
        if delta is not None and self.policy.snapshot_by_rest:
            self._buffer.append(delta)
        return Verdict.NEEDS_SNAPSHOT
