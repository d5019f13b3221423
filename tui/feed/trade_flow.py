"""Trades on their way to the market: doubles dropped, holes found by id, candles built where due."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tui.feed.candle_builder import HELD, CandleBuilder
from tui.market.market import Market
from tui.model.events import Candle, Trade
from tui.model.instrument import Instrument
from tui.model.timeframe import Timeframe


class TradeSequence:
    """The ids of one instrument's trades: the newest seen, and the spans that are missing."""

    def __init__(self) -> None:
        self.last_id: int | None = None
        self.first_id: int | None = None
        self.missing: list[tuple[int, int]] = []

    def observe(self, trade_id: int) -> bool:
        """Note an id; False when it was seen before. Ids that it jumps over become missing."""
        last = self.last_id
        if last is None:
            self.last_id = self.first_id = trade_id
            return True
        if trade_id == last + 1:
            self.last_id = trade_id
            return True
        if trade_id > last:
            self.missing.append((last + 1, trade_id - 1))
            self.last_id = trade_id
            return True
        return self._fill(trade_id)

    def precede(self, oldest_id: int, newest_id: int) -> None:
        """Note a page of history; a hole between it and the first id seen is missing too."""
        first = self.first_id
        if first is None or oldest_id >= first:
            return
        if newest_id < first - 1:
            self.missing.insert(0, (newest_id + 1, first - 1))
        self.first_id = oldest_id

    def missing_count(self) -> int:
        return sum(high - low + 1 for low, high in self.missing)

    def _fill(self, trade_id: int) -> bool:
        for index, (low, high) in enumerate(self.missing):
            if low <= trade_id <= high:
                rest = [(low, trade_id - 1), (trade_id + 1, high)]
                self.missing[index : index + 1] = [span for span in rest if span[0] <= span[1]]
                return True
        return False


class TradeFlow:
    """All trades of one venue. `on_gap` is called with the instrument when ids are missing."""

    def __init__(
        self,
        market: Market,
        on_gap: Callable[[Instrument], None],
        *,
        flat_candles: bool = False,
    ) -> None:
        """Begin without trades; `flat_candles`: built candles without a trade are flat, not absent."""
        self._market = market
        self._on_gap = on_gap
        self._flat_candles = flat_candles
        self._sequences: dict[Instrument, TradeSequence] = {}
        self._builders: dict[Instrument, dict[Timeframe, CandleBuilder]] = {}
        # Built candles that stayed wrong when nobody wanted them any more: their series is still there.
        self._left_unsure: dict[tuple[Instrument, Timeframe], list[int]] = {}
        # Of trades without ids: those that flow, and those whose next one follows an interruption.
        self._without_ids: set[Instrument] = set()
        self._interrupted: set[Instrument] = set()

    def sequence(self, instrument: Instrument) -> TradeSequence:
        found = self._sequences.get(instrument)
        if found is None:
            found = self._sequences[instrument] = TradeSequence()
        return found

    def reset(self) -> None:
        """Forget all ids; candles are built anew."""
        self._sequences.clear()
        self._without_ids.clear()
        self._interrupted.clear()
        self._left_unsure.clear()
        for instrument, builders in self._builders.items():
            for timeframe in builders:
                builders[timeframe] = self._builder(instrument, timeframe)

    def forget(self, instrument: Instrument) -> None:
        """Forget the ids: the next trade is the first."""
        self._sequences.pop(instrument, None)
        self._without_ids.discard(instrument)
        self._interrupted.discard(instrument)

    def add(self, trade: Trade) -> bool:
        """Take a streamed trade; False when it was seen before."""
        instrument = trade.instrument
        if trade.trade_id is None:
            self._note_without_id(instrument)
        else:
            sequence = self.sequence(instrument)
            if trade.from_history and sequence.last_id is None:
                # Sent to begin with: it may be hours old, and belongs to no candle built from now on.
                self.merge(instrument, [trade])
                return True
            holes = len(sequence.missing)
            if not sequence.observe(trade.trade_id):
                return False
            if trade.trade_id != sequence.last_id:
                self._market.merge_trades(instrument, [trade])
                self._build(trade)
                return True
            if len(sequence.missing) > holes:
                self._on_gap(instrument)
        self._market.apply_trade(trade)
        self._build(trade)
        return True

    def merge(self, instrument: Instrument, trades: list[Trade]) -> None:
        """Take fetched trades, oldest first."""
        sequence = self.sequence(instrument)
        first = sequence.first_id
        ids = [trade.trade_id for trade in trades if trade.trade_id is not None]
        if ids:
            sequence.precede(min(ids), max(ids))
        history = []
        for trade in trades:
            if trade.trade_id is None:
                continue
            is_new = sequence.observe(trade.trade_id)
            if first is None or trade.trade_id < first:
                history.append(trade)
            elif is_new:
                self._build(trade)
        for builder in self._builders.get(instrument, {}).values():
            for candle in builder.add_history(history):
                self._market.apply_candle(candle)
        self._market.merge_trades(instrument, trades)

    def frames_lost(self, instrument: Instrument) -> None:
        """Frames were dropped: trades without ids may have been in them, and nothing can tell."""
        if instrument in self._without_ids:
            self._market.mark_some_missed(instrument)

    def ids_restarted(self, instrument: Instrument, newest: Trade) -> bool:
        """True when a newer trade has a lower id than one seen before: the venue counts anew."""
        last = self._market[instrument].tape.last
        return (
            last is not None
            and last.trade_id is not None
            and newest.trade_id is not None
            and newest.trade_id < last.trade_id
            and newest.ts_exchange > last.ts_exchange
        )

    def start_over(self, instrument: Instrument) -> None:
        """Forget an instrument's ids and tape."""
        self._sequences.pop(instrument, None)
        self._market[instrument].tape.clear()

    def give_up(self, instrument: Instrument) -> int:
        """Call what is missing missed; returns how many trades that are."""
        sequence = self.sequence(instrument)
        count = sequence.missing_count()
        sequence.missing.clear()
        if count:
            self._market.mark_missed(instrument, count)
            self.interrupt(instrument)
        return count

    # -- built candles ---------------------------------------------------------------------

    def build(self, instrument: Instrument, timeframe: Timeframe) -> None:
        """Build these candles from now on."""
        builders = self._builders.setdefault(instrument, {})
        if timeframe not in builders:
            builder = builders[timeframe] = self._builder(instrument, timeframe)
            builder.doubt(self._left_unsure.pop((instrument, timeframe), ()))

    def stop_building(self, instrument: Instrument, timeframe: Timeframe) -> None:
        builders = self._builders.get(instrument, {})
        builder = builders.pop(timeframe, None)
        if builder is not None and builder.unsure:
            self._left_unsure[instrument, timeframe] = builder.unsure
        if not builders:
            self._builders.pop(instrument, None)

    def builds(self, instrument: Instrument, timeframe: Timeframe) -> bool:
        return timeframe in self._builders.get(instrument, {})

    def unsure(self, instrument: Instrument, timeframe: Timeframe) -> list[int]:
        """Open times (ns) of built candles that closed without all of their trades and were not
        fetched since, oldest first."""
        builder = self._builders.get(instrument, {}).get(timeframe)
        return [] if builder is None else builder.unsure

    def is_vague(self, instrument: Instrument, timeframe: Timeframe) -> bool:
        """True where the open candle was fetched while trades came, and may count some wrongly."""
        builder = self._builders.get(instrument, {}).get(timeframe)
        return builder is not None and builder.is_vague

    def take_fetched(
        self,
        instrument: Instrument,
        timeframe: Timeframe,
        page: Sequence[Candle],
        *,
        since: int,
        as_of: tuple[int, int],
    ) -> None:
        """Continue from fetched candles, and correct what was built by them.

        Args:
            page: at least one, oldest first.
            since: from this time (ns) on they are all that the venue has; those without trades may be
                absent.
            as_of: the venue's times (ns) between which they were true.
        """
        builder = self._builders.get(instrument, {}).get(timeframe)
        if builder is None:
            return
        for candle in page[-HELD:]:
            builder.seed(candle, as_of=as_of)
        newest = page[-1]
        end = timeframe.next_open(newest.open_time) if newest.closed else newest.open_time
        builder.corrected(since, end)

    def interrupt(self, instrument: Instrument) -> None:
        """Trades were missed: the candle of this moment is not whole."""
        for builder in self._builders.get(instrument, {}).values():
            builder.interrupt()

    def interrupt_all(self) -> None:
        """The connection was lost: trades may pass unseen, and any open candle lack them."""
        self._interrupted |= self._without_ids
        for instrument in self._builders:
            self.interrupt(instrument)

    def close_until(self, ts: int, ts_local: int) -> list[tuple[Instrument, Timeframe]]:
        """Close candles that ended by `ts` (venue's ns); returns those to fetch: they lack trades."""
        incomplete = []
        for instrument, builders in self._builders.items():
            for timeframe, builder in builders.items():
                for candle in builder.close_until(ts, ts_local):
                    self._market.apply_candle(candle)
                if builder.take_incomplete():
                    incomplete.append((instrument, timeframe))
        return incomplete

    def _builder(self, instrument: Instrument, timeframe: Timeframe) -> CandleBuilder:
        return CandleBuilder(instrument, timeframe, flat=self._flat_candles)

    def _note_without_id(self, instrument: Instrument) -> None:
        self._without_ids.add(instrument)
        if instrument in self._interrupted:
            self._interrupted.discard(instrument)
            self._market.mark_some_missed(instrument)

    def _build(self, trade: Trade) -> None:
        builders = self._builders.get(trade.instrument)
        if builders:
            for builder in builders.values():
                for candle in builder.add(trade):
                    self._market.apply_candle(candle)
