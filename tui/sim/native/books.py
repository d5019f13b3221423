"""Order books as versioned documents: whole, and what changed since the version before."""

from __future__ import annotations

from tui.sim.market import Pair
from tui.sim.native import texts
from tui.sim.native.draft import Draft, Slots, Source

_PERIOD_NS = 100_000_000
_ALL = 1_000_000


class BookSource(Source):
    """An instrument's book, or the top of it.

    A whole book is changed by JSON Patch, a part of one by new sizes: either says all, and clients
    have to know both. The document is what has been said, not what the engine holds now, so that
    who joins between two messages can go on with the next.
    """

    def __init__(self, pair: Pair, depth: int, now_ns: int) -> None:
        self._pair = pair
        self._depth = depth
        self._digits = texts.Digits(pair.listing)
        self._slots = Slots(_PERIOD_NS, now_ns)
        self._changed: set[int] = set()
        self._said = self._wanted()
        self._version = pair.engine.update_id

    def state(self, now_ns: int) -> list[Draft]:
        keys = sorted(self._said, reverse=True)
        bids = [(key, self._said[key]) for key in keys if key > 0]
        asks = [(-key, self._said[key]) for key in keys if key < 0]
        return [
            _snapshot(self._pair, self._digits, self._depth, (bids, asks), self._version, now_ns)
        ]

    def due(self, now_ns: int) -> list[Draft]:
        engine = self._pair.engine
        if not self._depth:
            self._changed |= engine.changed
        if not self._slots.is_new(now_ns) or engine.update_id == self._version:
            return []
        changes = self._whole_changes() if not self._depth else self._top_changes()
        if not changes:
            return []
        head = texts.book_head(self._pair.listing.symbol, self._depth, now_ns)
        versions = f'"from_version":{self._version},"version":{engine.update_id}'
        self._version = engine.update_id
        return [Draft("orderbook_update", f"{head},{versions},{self._write(changes)}")]

    def _wanted(self) -> dict[int, int]:
        """Lots by key of all levels that the document is to have."""
        bids, asks = self._pair.engine.top(self._depth or _ALL)
        return dict(bids) | {-ticks: lots for ticks, lots in asks}

    def _whole_changes(self) -> list[tuple[int, int, int]]:
        lots_at = self._pair.engine.lots_at
        changes = []
        for key in sorted(self._changed, reverse=True):
            before, lots = self._said.get(key, 0), lots_at(key)
            if before == lots:
                continue
            changes.append((key, before, lots))
            if lots:
                self._said[key] = lots
            else:
                del self._said[key]
        self._changed.clear()
        return changes

    def _top_changes(self) -> list[tuple[int, int, int]]:
        said, wanted = self._said, self._wanted()
        self._said = wanted
        keys = [key for key, lots in wanted.items() if said.get(key) != lots]
        keys += [key for key in said if key not in wanted]
        return [(key, said.get(key, 0), wanted.get(key, 0)) for key in sorted(keys, reverse=True)]

    def _write(self, changes: list[tuple[int, int, int]]) -> str:
        if not self._depth:
            return texts.patch(texts.operation(self._digits, *change) for change in changes)
        bids = [(key, lots) for key, _, lots in changes if key > 0]
        asks = [(-key, lots) for key, _, lots in changes if key < 0]
        return texts.changes(self._digits, bids, asks)


def _snapshot(
    pair: Pair,
    digits: texts.Digits,
    depth: int,
    sides: tuple[texts.Levels, texts.Levels],
    version: int,
    now_ns: int,
) -> Draft:
    head = texts.book_head(pair.listing.symbol, depth, now_ns)
    document = texts.book(digits, *sides)
    return Draft(
        "orderbook_update", f'"snapshot":true,{head},"version":{version},"book":{document}'
    )
