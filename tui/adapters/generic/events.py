"""Rows of messages and of answers turned into facts, by the user's rules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tui.adapters.generic.description import CHANNEL_OF, Description, Rule
from tui.adapters.generic.names import Names
from tui.adapters.generic.pointers import Absent, Place, rows_of
from tui.adapters.generic.rows import Row, Tally
from tui.adapters.generic.values import to_number, to_symbol, to_text
from tui.model.errors import ProtocolError
from tui.model.events import BookDelta, BookSnapshot, Candle, Level, Side, Ticker, Trade
from tui.model.instrument import Instrument, InstrumentInfo
from tui.model.timeframe import Timeframe


class Builder:
    """Makes facts of one venue's rows.

    Every method raises ProtocolError where a row is not as described; it names the rule and the field.
    """

    def __init__(self, description: Description, names: Names, tally: Tally | None = None) -> None:
        self._buys = description.buys
        self._sells = description.sells
        self._makers_side = description.makers_side
        self._names = names
        self._tally = tally

    def rows(self, rule: Rule, message: Any) -> Iterator[Row]:
        """The rows of a message; itself where the rule knows none.

        Raises:
            ProtocolError: there is neither an array nor an object at the rule's path.
        """
        if rule.rows is None:
            yield self.whole(rule, message)
            return
        try:
            value = rule.rows.find(Place(message, message))
        except Absent:
            value = None
        if self._tally is not None:
            self._tally.note(rule, "rows", value is not None)
        if not isinstance(value, list | dict):
            what = "there is nothing" if value is None else "there are no rows"
            raise ProtocolError(f"{rule.name}.rows: {what} at {rule.rows.text or 'the top'}")
        for place in rows_of(value, message):
            yield Row(rule, place, self._tally)

    def whole(self, rule: Rule, message: Any) -> Row:
        """A message as its only row."""
        return Row(rule, Place(message, message), self._tally)

    # -- what a row is about ---------------------------------------------------------------

    def instrument(self, row: Row, asked: Instrument | None = None) -> Instrument:
        """Whose row this is; `asked` where the question says it, and the row does not."""
        fields = row.rule.fields
        if "symbol" in fields:
            return self._names.instrument(row.read("symbol", to_symbol, row.need("symbol")))
        if "channel" in fields:
            wire = self._read_channel(row).get("symbol")
            if wire is not None:
                return self._names.instrument(row.read("channel", to_symbol, wire))
        found = asked or self._names.only
        if found is None:
            raise ProtocolError(f"{row.rule.name}.symbol: nothing says whose this is")
        return found

    def timeframe(self, row: Row, asked: Timeframe | None = None) -> Timeframe:
        """The span of a candle."""
        fields = row.rule.fields
        word: str | None = None
        field = "timeframe"
        if field in fields:
            word = to_text(row.need(field))
        elif "channel" in fields:
            field = "channel"
            word = self._read_channel(row).get("timeframe")
        if word is None:
            if asked is None:
                raise ProtocolError(f"{row.rule.name}.timeframe: nothing says how long it is")
            return asked
        found = self._names.timeframe(word)
        if found is None:
            raise ProtocolError(
                f"{row.rule.name}.{field}: {word[:40]!r} is not among the timeframes"
            )
        return found

    def _read_channel(self, row: Row) -> dict[str, str]:
        text = to_text(row.need("channel"))
        found = self._names.read_channel(CHANNEL_OF[row.rule.kind], text)
        if found is None:
            raise ProtocolError(
                f"{row.rule.name}.channel: {text[:80]!r} is not a name as under [channels]"
            )
        return found

    # -- facts -----------------------------------------------------------------------------

    def trade(
        self, row: Row, ts_local: int, *, asked: Instrument | None = None, is_old: bool = False
    ) -> tuple[Trade, str]:
        """A trade, and what tells it from others: its id, or all that is known of it."""
        instrument = self.instrument(row, asked)
        price = row.number("price")
        size = row.number("size")
        aggressor = self._aggressor(row, size)
        size = size.removeprefix("-")
        ts = row.time()
        number = None
        if row.rule.ids_count_up:
            number = row.whole_or_none("id")
            if number is None:
                row.need("id")
            key = str(number)
        else:
            key = row.word_or_none("id") or f"{ts} {price} {size} {aggressor}"
        made = Trade(
            instrument,
            float(price),
            float(size),
            aggressor,
            ts or ts_local,
            ts_local,
            number,
            price,
            size,
            from_history=is_old or row.rule.from_history,
        )
        return made, key

    def book_snapshot(
        self, row: Row, ts_local: int, asked: Instrument | None = None
    ) -> BookSnapshot:
        bids, asks = self._levels(row)
        instrument = self.instrument(row, asked)
        return BookSnapshot(
            instrument,
            [level for level in bids if float(level[1])],
            [level for level in asks if float(level[1])],
            row.whole_or_none("sequence") or 0,
            row.time(),
            ts_local,
        )

    def book_delta(self, row: Row, ts_local: int, asked: Instrument | None = None) -> BookDelta:
        """A change; without the number of the one before, numbers count up by one."""
        bids, asks = self._levels(row)
        instrument = self.instrument(row, asked)
        last = self._sequence(row, "sequence")
        first = last
        if "first_sequence" in row.rule.fields:
            first = self._sequence(row, "first_sequence")
        elif "previous_sequence" in row.rule.fields:
            first = self._sequence(row, "previous_sequence") + 1
        return BookDelta(instrument, bids, asks, first, last, row.time(), ts_local)

    def _sequence(self, row: Row, field: str) -> int:
        if field not in row.rule.fields:
            return 0
        value = row.whole_or_none(field)
        if value is None:
            row.need(field)
        return value or 0

    def ticker(self, row: Row, ts_local: int, asked: Instrument | None = None) -> Ticker:
        found = {name: row.number_or_none(name) for name in TICKER_FIELDS}
        if not any(found.values()):
            raise ProtocolError(f"{row.rule.name}: none of its fields is there")
        figures = {name: None if text is None else float(text) for name, text in found.items()}
        last, opened = figures["last"], figures["open"]
        change = figures["change_percent"]
        if change is None and last is not None and opened:
            change = (last - opened) / opened * 100
        return Ticker(
            instrument=self.instrument(row, asked),
            ts_exchange=row.time(),
            ts_local=ts_local,
            last=last,
            last_text=found["last"],
            bid=found["bid"],
            ask=found["ask"],
            bid_size=found["bid_size"],
            ask_size=found["ask_size"],
            open=opened,
            high=figures["high"],
            low=figures["low"],
            volume=figures["volume"],
            quote_volume=figures["quote_volume"],
            change_percent=change,
        )

    def candle(
        self,
        row: Row,
        ts_local: int,
        *,
        asked: Instrument | None = None,
        timeframe: Timeframe | None = None,
    ) -> Candle:
        """A candle; open where nothing says that it is closed."""
        span = self.timeframe(row, timeframe)
        open_time = row.time()
        closed = row.find("closed")
        if closed is not None and not isinstance(closed, bool):
            raise ProtocolError(
                f"{row.rule.name}.closed: {to_text(closed)[:40]!r} is not true or false"
            )
        opened, high, low, close = (float(row.number(name)) for name in CANDLE_PRICES)
        return Candle(
            self.instrument(row, asked),
            span,
            open_time,
            opened,
            high,
            low,
            close,
            float(row.number("volume")),
            bool(closed),
            # Of the states of an open candle, the one that came last counts.
            row.time("updated"),
            ts_local,
            float(row.number_or_none("quote_volume") or 0.0),
            trades=row.whole_or_none("trades") or 0,
        )

    def instrument_info(self, row: Row) -> InstrumentInfo:
        """What the venue tells of a symbol."""
        wire = row.read("symbol", to_symbol, row.need("symbol"))
        trading = row.find("trading")
        return InstrumentInfo(
            self._names.instrument(wire),
            row.word_or_none("base") or "",
            row.word_or_none("quote") or "",
            _step(row, "tick_size", "price_decimals"),
            _step(row, "size_step", "size_decimals"),
            trading not in (False, "false", "0", 0),
        )

    # -- parts -----------------------------------------------------------------------------

    def _aggressor(self, row: Row, size: str) -> Side:
        if "side" not in row.rule.fields:
            # Some venues say it by the sign of the size.
            return Side.SELL if size.startswith("-") else Side.BUY
        if size.startswith("-"):
            raise ProtocolError(f"{row.rule.name}.size: {size[:40]!r} is below zero")
        is_buy = self._is_buy(row, row.need("side")) is not self._makers_side
        return Side.BUY if is_buy else Side.SELL

    def _is_buy(self, row: Row, value: Any) -> bool:
        word = to_text(value).lower()
        if word in self._buys:
            return True
        if word in self._sells:
            return False
        raise ProtocolError(f"{row.rule.name}.side: {word[:40]!r} is no word for a side")

    def _levels(self, row: Row) -> tuple[list[Level], list[Level]]:
        bids: list[Level] = []
        asks: list[Level] = []
        if "changes" in row.rule.fields:
            for level in self._level_rows(row, "changes"):
                is_bid = self._is_buy(level, level.need("side"))
                (bids if is_bid else asks).append(_level(level))
            return bids, asks
        for field, levels in (("bids", bids), ("asks", asks)):
            levels += [_level(level) for level in self._level_rows(row, field)]
        return bids, asks

    def _level_rows(self, row: Row, field: str) -> Iterator[Row]:
        value = row.need(field)
        if not isinstance(value, list | dict):
            raise ProtocolError(f"{row.rule.name}.{field}: {to_text(value)[:40]!r} has no levels")
        for place in rows_of(value, row.place.message):
            yield Row(row.rule, place, self._tally)


TICKER_FIELDS = (
    "last",
    "bid",
    "ask",
    "bid_size",
    "ask_size",
    "open",
    "high",
    "low",
    "volume",
    "quote_volume",
    "change_percent",
)
CANDLE_PRICES = ("open", "high", "low", "close")


def _level(row: Row) -> Level:
    """A level: an array of price and size, or a price that names its size, or as described."""
    fields, value = row.rule.fields, row.place.row
    if "price" in fields:
        price = row.number("price")
    elif isinstance(value, list) and value:
        price = row.read("price", to_number, value[0])
    elif not isinstance(value, dict | list):
        price = row.read("price", to_number, row.place.key)
    else:
        raise ProtocolError(f"{row.rule.name}.price: a level has none that could be found")
    # A size that cannot be found is no removal: it may as well be a wrong path.
    size: Any = None
    if "size" in fields:
        size = row.need("size")
    elif isinstance(value, list):
        size = value[1] if len(value) > 1 else None
    elif not isinstance(value, dict):
        size = value
    if size is None:
        raise ProtocolError(f"{row.rule.name}.size: a level has none that could be found")
    text = row.read("size", to_number, size)
    if text.startswith("-"):
        raise ProtocolError(f"{row.rule.name}.size: {text[:40]!r} is below zero")
    return price, text


def _step(row: Row, field: str, decimals: str) -> str:
    step = row.number_or_none(field)
    if step is not None:
        return step
    count = row.whole_or_none(decimals)
    if count is None:
        return ""
    if count > 30:
        raise ProtocolError(f"{row.rule.name}.{decimals}: {count} digits are too many")
    return f"0.{'0' * (count - 1)}1" if count else "1"
