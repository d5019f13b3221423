"""What a Binance recording tells of each symbol at any of its frames: streams, trades, books, steps."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from urllib.parse import parse_qs, urlsplit

import msgspec

from tui.market.order_book import OrderBook
from tui.model.events import Level
from tui.model.subscription import Channel
from tui.recording.format import RecordedFrame
from tui.recording.recording import Recording
from tui.sim.replay_wire import (
    KlineRow,
    WireDelta,
    WireKline,
    WireSnapshot,
    WireTrade,
    decode_delta,
    decode_kline,
    decode_rows,
    decode_snapshot,
    decode_trade,
    split_frame,
)

_DELTAS_BETWEEN_CHECKPOINTS = 200
_NO_SYMBOL = -1
_FINER_THAN_THE_STEP = 0.01
_LEVELS_OF_TODAY = 100  # far from the market lie old orders, of times when the step was another


class BookState(msgspec.Struct, frozen=True):
    """A book, best levels first, that includes all updates up to `sequence`."""

    sequence: int
    bids: list[Level]
    asks: list[Level]


class _Checkpoint(msgspec.Struct, frozen=True):
    """The book after a frame; `state` is None from a gap on until the next snapshot."""

    frame: int
    state: BookState | None


class BookHistory:
    """One symbol's book at any frame: checkpoints, and the deltas between them decoded again."""

    def __init__(self, frames: Sequence[RecordedFrame]) -> None:
        self._frames = frames
        self._delta_frames = array("L")
        self._checkpoints: list[_Checkpoint] = []
        self._book = OrderBook()
        self._sequence: int | None = None
        self._since_checkpoint = 0
        self._pending_from = 0
        self.gaps = 0

    def __len__(self) -> int:
        """How many deltas there are."""
        return len(self._delta_frames)

    def add_delta(self, frame: int, delta: WireDelta) -> None:
        self._delta_frames.append(frame)
        if self._sequence is None or delta.u <= self._sequence:
            return
        if self._sequence + 1 < delta.U:
            self.gaps += 1
            self._sequence = None
            self._pending_from = len(self._delta_frames) - 1
            self._checkpoints.append(_Checkpoint(frame, None))
            return
        self._book.apply(delta.b, delta.a)
        self._sequence = delta.u
        self._since_checkpoint += 1
        if self._since_checkpoint >= _DELTAS_BETWEEN_CHECKPOINTS:
            self._keep(frame)

    def add_snapshot(self, frame: int, snapshot: WireSnapshot) -> None:
        """Start from a snapshot, unless the book is whole already or the snapshot does not bridge."""
        if self._sequence is not None:
            return
        book = OrderBook()
        book.replace(snapshot.bids, snapshot.asks)
        sequence = _apply_deltas(
            book, snapshot.lastUpdateId, self._deltas(self._delta_frames[self._pending_from :])
        )
        if sequence is not None:
            self._book, self._sequence = book, sequence
            self._keep(frame)

    def at(self, upto: int, *, before_last_delta: bool = False) -> BookState | None:
        """The book after the first `upto` frames of the recording; None while it is not known.

        With `before_last_delta` the newest delta is left out where that is possible, so that a
        client who receives that delta can verify its book although nothing new is coming.
        """
        count = bisect_left(self._delta_frames, upto)
        if before_last_delta and count:
            state = self._at(self._delta_frames[count - 1])
            if state is not None:
                return state
        return self._at(upto)

    def is_over(self, upto: int) -> bool:
        """Whether no delta comes after the first `upto` frames."""
        return bisect_left(self._delta_frames, upto) == len(self._delta_frames)

    def is_known_after(self, upto: int) -> bool:
        """Whether a later frame than the first `upto` makes the book known."""
        return any(
            checkpoint.frame >= upto and checkpoint.state is not None
            for checkpoint in self._checkpoints
        )

    def _at(self, upto: int) -> BookState | None:
        index = bisect_left(self._checkpoints, upto, key=lambda checkpoint: checkpoint.frame)
        if index == 0:
            return None
        checkpoint = self._checkpoints[index - 1]
        if checkpoint.state is None:
            return None
        book = OrderBook()
        book.replace(checkpoint.state.bids, checkpoint.state.asks)
        start = bisect_left(self._delta_frames, checkpoint.frame + 1)
        end = bisect_left(self._delta_frames, upto)
        deltas = self._deltas(self._delta_frames[start:end])
        sequence = _apply_deltas(book, checkpoint.state.sequence, deltas)
        return None if sequence is None else _state(book, sequence)

    def _keep(self, frame: int) -> None:
        assert self._sequence is not None
        self._checkpoints.append(_Checkpoint(frame, _state(self._book, self._sequence)))
        self._since_checkpoint = 0

    def _deltas(self, frames: Iterable[int]) -> Iterable[WireDelta]:
        for frame in frames:
            yield decode_delta(split_frame(self._frames[frame].raw)[1])


def _apply_deltas(book: OrderBook, sequence: int, deltas: Iterable[WireDelta]) -> int | None:
    """Bring a book up to date; returns its new sequence, or None where updates are missing."""
    for delta in deltas:
        if delta.u <= sequence:
            continue
        if sequence + 1 < delta.U:
            return None
        book.apply(delta.b, delta.a)
        sequence = delta.u
    return sequence


def _state(book: OrderBook, sequence: int) -> BookState:
    return BookState(sequence, book.bids.top_raw(len(book.bids)), book.asks.top_raw(len(book.asks)))


class SymbolHistory:
    """Everything recorded of one symbol.

    Attributes:
        number: counts the symbols in order of appearance.
        trade_kind: which of the venue's two streams of trades was recorded; "" for none.
        streams: the frames of each stream, by the stream's name.
        trades, trade_frames: the executions in order of arrival, and the frames that brought them.
        klines: by interval: the frames that brought candles, and the candles.
        rows: by interval: candles fetched by REST, with the frame of the answer.
    """

    def __init__(self, symbol: str, number: int, frames: Sequence[RecordedFrame]) -> None:
        self.symbol = symbol
        self.number = number
        self.trade_kind = ""
        self.streams: dict[str, array[int]] = {}
        self.trades: list[WireTrade] = []
        self.trade_frames = array("L")
        self.klines: dict[str, list[tuple[int, WireKline]]] = {}
        self.rows: dict[str, list[tuple[int, list[KlineRow]]]] = {}
        self.book = BookHistory(frames)
        self._price_digits: Counter[int] = Counter()
        self._size_digits: Counter[int] = Counter()

    def trade_count(self, upto: int) -> int:
        """How many of the trades the first `upto` frames of the recording hold."""
        return bisect_left(self.trade_frames, upto)

    def is_trade(self, frame: int) -> bool:
        count = bisect_left(self.trade_frames, frame)
        return count < len(self.trade_frames) and self.trade_frames[count] == frame

    def newest_frames(self, upto: int, channels: Collection[Channel | None]) -> list[int]:
        """The newest frame of each stream of these channels among the first `upto`."""
        return [
            frames[count - 1]
            for name, frames in self.streams.items()
            if channel_of(name) in channels and (count := bisect_left(frames, upto))
        ]

    @property
    def price_decimals(self) -> int:
        """Digits after the point that prices have."""
        return _common(self._price_digits)

    @property
    def size_decimals(self) -> int:
        """Digits after the point that sizes have."""
        return _common(self._size_digits)

    def note_digits(self, levels: Iterable[Level]) -> None:
        """Learn from prices and sizes how fine their steps are."""
        for price, size in levels:
            self._price_digits[_decimals(price)] += 1
            self._size_digits[_decimals(size)] += 1


def _decimals(number: str) -> int:
    return len(number.rpartition(".")[2].rstrip("0")) if "." in number else 0


def _common(digits: Counter[int]) -> int:
    """The digits that all but a few numbers make do with."""
    left = round(digits.total() * _FINER_THAN_THE_STEP)
    for decimals in sorted(digits, reverse=True):
        left -= digits[decimals]
        if left < 0:
            return decimals
    return 0


class RecordedHistory:
    """The symbols of a recording, and what each of them was at any frame.

    Attributes:
        symbols: by the venue's spelling, in order of appearance.
        channels: what the recorded streams carry.
        clock_offset_ns: the venue's clock minus the recorder's, as far as the stamps tell.
        unreadable: frames received that are not of this protocol.
    """

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self.symbols: dict[str, SymbolHistory] = {}
        self.clock_offset_ns = 0
        self.unreadable = 0
        self._owners = array("l", [_NO_SYMBOL]) * len(recording)
        self._names: list[str] = []
        self._ahead_ns: int | None = None
        for index, frame in enumerate(recording.frames):
            try:
                if frame.kind == "rx":
                    self._add_frame(index, frame)
                elif frame.kind == "http":
                    self._add_answer(index, frame)
            except (msgspec.DecodeError, ValueError, RecursionError):
                self.unreadable += 1
        self.clock_offset_ns = self._ahead_ns or 0
        self._names = list(self.symbols)
        self.channels = frozenset(
            channel
            for history in self.symbols.values()
            for name in history.streams
            if (channel := channel_of(name)) is not None
        )

    def owner(self, frame: int) -> str:
        """The symbol that a frame belongs to; "" for what is not market data."""
        owner = self._owners[frame]
        return "" if owner == _NO_SYMBOL else self._names[owner]

    def _add_frame(self, index: int, frame: RecordedFrame) -> None:
        name, payload = split_frame(frame.raw)
        symbol, _, kind = name.partition("@")
        if not kind or symbol.startswith("!"):
            return
        history = self._history(symbol.upper())
        if kind in ("trade", "aggTrade"):
            history.trade_kind = history.trade_kind or kind
            if history.trade_kind != kind:
                return  # both streams were recorded: their ids are two sequences, and one is enough
        # Before the payload is read: what the client cannot read either must reach it all the same.
        history.streams.setdefault(name, array("L")).append(index)
        self._owners[index] = history.number
        if kind in ("trade", "aggTrade"):
            trade = decode_trade(payload)
            history.trades.append(trade)
            history.trade_frames.append(index)
            history.note_digits([(trade.p, trade.q)])
            self._note_clock(trade.E, frame)
        elif kind in ("depth", "depth@100ms"):
            delta = decode_delta(payload)
            if len(history.book) < _DELTAS_BETWEEN_CHECKPOINTS:
                history.note_digits(delta.b)
                history.note_digits(delta.a)
            history.book.add_delta(index, delta)
            self._note_clock(delta.E, frame)
        elif kind.startswith("kline_"):
            candle = decode_kline(payload).k
            history.klines.setdefault(kind.removeprefix("kline_"), []).append((index, candle))

    def _note_clock(self, event_time: int, frame: RecordedFrame) -> None:
        if event_time:
            # The message that travelled least is nearest the truth.
            ahead = event_time * 1_000_000 - frame.time_ns
            self._ahead_ns = ahead if self._ahead_ns is None else max(ahead, self._ahead_ns)

    def _add_answer(self, index: int, frame: RecordedFrame) -> None:
        address = urlsplit(frame.url)
        query = parse_qs(address.query)
        symbol = query.get("symbol", [""])[0]
        if address.path.endswith("klines") and symbol:
            rows = decode_rows(frame.raw)
            history = self._history(symbol)
            history.rows.setdefault(query.get("interval", [""])[0], []).append((index, rows))
        elif address.path.endswith("/depth") or not frame.url:
            snapshot = decode_snapshot(frame.raw)
            symbol = symbol or self._symbol_of_book(snapshot.lastUpdateId)
            if symbol:
                history = self._history(symbol)
                history.note_digits(snapshot.bids[:_LEVELS_OF_TODAY])
                history.note_digits(snapshot.asks[:_LEVELS_OF_TODAY])
                history.book.add_snapshot(index, snapshot)

    def _symbol_of_book(self, sequence: int) -> str:
        """Whose book a snapshot without an address is: whose deltas go on from its update id."""
        for frame in self.recording.frames:
            if frame.kind == "rx" and "depthUpdate" in frame.raw:
                name, payload = split_frame(frame.raw)
                delta = decode_delta(payload)
                if delta.U <= sequence + 1 <= delta.u:
                    return name.partition("@")[0].upper()
        return ""

    def _history(self, symbol: str) -> SymbolHistory:
        found = self.symbols.get(symbol)
        if found is None:
            found = SymbolHistory(symbol, len(self.symbols), self.recording.frames)
            self.symbols[symbol] = found
        return found


def channel_of(stream: str) -> Channel | None:
    """What a stream carries, by its name; None for what is not shown."""
    kind = stream.partition("@")[2]
    if kind in ("trade", "aggTrade"):
        return Channel.TRADES
    if kind.startswith("depth"):
        return Channel.BOOK
    if kind.startswith("kline_"):
        return Channel.CANDLES
    if kind in ("ticker", "miniTicker", "bookTicker"):
        return Channel.TICKER
    return None
