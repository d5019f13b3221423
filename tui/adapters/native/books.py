"""Order books of the native protocol: documents by version, and what each change did to the levels."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from tui.adapters.documents import Documents, SnapshotNeeded
from tui.adapters.native.events import check_levels, to_ns
from tui.adapters.native.messages import OrderbookUpdate, Sides
from tui.model.errors import ProtocolError
from tui.model.events import BookDelta, BookSnapshot, Event, Gap, Level
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription

_ZERO: Final = frozenset("0.")
_MAX_BOOKS: Final = 1024


class _Touched(NamedTuple):
    """Prices that a patch may have changed; `whole` where it may have changed any."""

    bids: dict[str, None]
    asks: dict[str, None]
    whole: bool


_ANY: Final = _Touched({}, {}, True)


class Books:
    """The books of one connection."""

    def __init__(self) -> None:
        self._documents = Documents()

    @property
    def failures(self) -> int:
        """Books that had to be asked for again."""
        return self._documents.failures

    def read(self, update: OrderbookUpdate, instrument: Instrument, ts_local: int) -> list[Event]:
        """The events of one message: a snapshot, a change, a Gap, or nothing for old news.

        Raises:
            ProtocolError: it is neither a book nor a change of one.
        """
        if update.book is not None:
            return [self._replace(update, update.book, instrument, ts_local)]
        if update.from_version is None:
            raise ProtocolError("neither a book nor a change of one - at `$.from_version`")
        if update.from_version >= update.version:
            raise ProtocolError("a change that leads to no higher version - at `$.version`")
        try:
            if update.changes is not None:
                return self._change(update, update.changes, instrument, ts_local)
            if update.patch is not None:
                return self._patch(update, update.patch, instrument, ts_local)
        except SnapshotNeeded as gap:
            return [
                Gap(
                    f"the book is asked for again: {gap.message}",
                    ts_local,
                    Subscription(instrument, Channel.BOOK),
                )
            ]
        raise ProtocolError("a change without a patch or changes - at `$.patch`")

    def await_snapshot(self, instrument: Instrument) -> None:
        """It was asked for again, or given up: what comes before a whole book means nothing."""
        self._documents.await_snapshot(instrument)

    def clear(self) -> None:
        """The connection was lost."""
        self._documents.clear()

    def _replace(
        self, update: OrderbookUpdate, book: Sides, instrument: Instrument, ts_local: int
    ) -> BookSnapshot:
        check_levels(book.bids.items(), "$.book.bids")
        check_levels(book.asks.items(), "$.book.asks")
        if len(self._documents) >= _MAX_BOOKS and self._documents.version(instrument) is None:
            raise ProtocolError(f"more than {_MAX_BOOKS} books on one connection")
        content = {"bids": book.bids, "asks": book.asks}
        self._documents.replace(instrument, update.version, content)
        return _snapshot(update, content, instrument, ts_local)

    def _change(
        self, update: OrderbookUpdate, changes: Sides, instrument: Instrument, ts_local: int
    ) -> list[Event]:
        def write(content: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
            check_levels(changes.bids.items(), "$.changes.bids")
            check_levels(changes.asks.items(), "$.changes.asks")
            _write_levels(content["bids"], changes.bids)
            _write_levels(content["asks"], changes.asks)
            return content

        assert update.from_version is not None
        content = self._documents.change(instrument, update.from_version, update.version, write)
        if content is None:
            return []
        return [
            _delta(
                update, list(changes.bids.items()), list(changes.asks.items()), instrument, ts_local
            )
        ]

    def _patch(
        self, update: OrderbookUpdate, patch: list[Any], instrument: Instrument, ts_local: int
    ) -> list[Event]:
        touched = _find_touched(patch)
        bids: list[Level] = []
        asks: list[Level] = []

        def check(content: Any) -> None:
            if touched.whole:
                _check_document(content)
                return
            bids.extend(_levels(content["bids"], touched.bids))
            asks.extend(_levels(content["asks"], touched.asks))
            check_levels(bids, "$.patch")
            check_levels(asks, "$.patch")

        assert update.from_version is not None
        content = self._documents.patch(
            instrument, update.from_version, update.version, patch, check=check
        )
        if content is None:
            return []
        if touched.whole:
            return [_snapshot(update, content, instrument, ts_local)]
        return [_delta(update, bids, asks, instrument, ts_local)]


def _find_touched(patch: list[Any]) -> _Touched:
    sides: dict[str, dict[str, None]] = {"/bids/": {}, "/asks/": {}}
    for operation in patch:
        if not isinstance(operation, dict):
            return _ANY
        kind = operation.get("op")
        if kind == "test":
            continue
        pointers = [operation.get("path")]
        if kind in ("move", "copy"):
            pointers.append(operation.get("from"))
        for pointer in pointers:
            if not isinstance(pointer, str):
                return _ANY
            side, price = sides.get(pointer[:6]), pointer[6:]
            if side is None or "/" in price or "~" in price:
                return _ANY
            side[price] = None
    return _Touched(sides["/bids/"], sides["/asks/"], False)


def _levels(side: dict[str, str], prices: Iterable[str]) -> list[Level]:
    return [(price, side.get(price, "0")) for price in prices]


def _write_levels(side: dict[str, str], changes: dict[str, str]) -> None:
    for price, size in changes.items():
        if _ZERO.issuperset(size):
            side.pop(price, None)
        else:
            side[price] = size


def _check_document(content: Any) -> None:
    """Raise ProtocolError unless a patch left a book."""
    if not (
        isinstance(content, dict)
        and isinstance(content.get("bids"), dict)
        and isinstance(content.get("asks"), dict)
    ):
        raise ProtocolError("a patch left no book - at `$.patch`")
    check_levels(content["bids"].items(), "$.patch")
    check_levels(content["asks"].items(), "$.patch")


def _snapshot(
    update: OrderbookUpdate,
    content: dict[str, dict[str, str]],
    instrument: Instrument,
    ts_local: int,
) -> BookSnapshot:
    return BookSnapshot(
        instrument,
        list(content["bids"].items()),
        list(content["asks"].items()),
        update.version,
        to_ns(update.time),
        ts_local,
    )


def _delta(
    update: OrderbookUpdate,
    bids: list[Level],
    asks: list[Level],
    instrument: Instrument,
    ts_local: int,
) -> BookDelta:
    assert update.from_version is not None
    return BookDelta(
        instrument,
        bids,
        asks,
        update.from_version + 1,
        update.version,
        to_ns(update.time),
        ts_local,
    )
