"""Frames of a described venue turned into events, whatever transport brought them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, Final

import msgspec

from tui.adapters.generic.description import Condition, Description, Kind, Rule
from tui.adapters.generic.events import Builder
from tui.adapters.generic.names import Names
from tui.adapters.generic.pointers import Absent, Place
from tui.adapters.generic.rows import Row, Tally
from tui.adapters.generic.templates import fill_plain
from tui.adapters.generic.values import parse_json, to_text, to_whole
from tui.adapters.generic.wishes import Wishes
from tui.model.errors import ProtocolError
from tui.model.events import (
    BookDelta,
    Candle,
    Event,
    Gap,
    Heartbeat,
    ParseFailure,
    ServerTime,
    Trade,
    VenueNotice,
)
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription
from tui.model.timeframe import Timeframe

_MOST_TEXT: Final = 200
_MOST_KEYS: Final = 4096


class Question(msgspec.Struct, frozen=True):
    """What a poll asks: by which rule its answers are read, and about whom where they do not say."""

    rule: Rule
    instrument: Instrument | None = None
    timeframe: Timeframe | None = None


class FrameDecoder:
    """Reads the frames of one connection.

    Attributes:
        questions: what is polled, by the key that the answers carry.
    """

    def __init__(
        self,
        description: Description,
        names: Names,
        wishes: Wishes,
        tally: Tally | None = None,
    ) -> None:
        self._description = description
        self._wishes = wishes
        self._tally = tally
        self._builder = Builder(description, names, tally)
        self.questions: dict[str, Question] = {}
        self._numbers: dict[Instrument, BookDelta] = {}
        # Of polled trades: what tells each from others, in this answer and in the one before.
        self._marks: dict[int, str] = {}
        self._told: dict[str, Counter[str]] = {}
        self._open: dict[tuple[Instrument, Timeframe], Candle] = {}
        self._nothing = Question(Rule(name="", kind=Kind.IGNORE))
        self._readers: dict[Kind, Callable[[Row, Question, int], list[Event]]] = {
            Kind.TRADE: self._read_trade,
            Kind.BOOK_SNAPSHOT: self._read_snapshot,
            Kind.BOOK_DELTA: self._read_delta,
            Kind.TICKER: self._read_ticker,
            Kind.CANDLE: self._read_candle,
            Kind.ACCEPTED: self._read_accepted,
            Kind.REFUSED: self._read_refused,
            Kind.HEARTBEAT: self._read_heartbeat,
            Kind.TIME: self._read_time,
            Kind.NOTICE: self._read_notice,
        }

    def forget(self) -> None:
        """Another connection."""
        self._numbers.clear()
        self._told.clear()
        self._open.clear()

    def given_up(self, subscription: Subscription) -> None:
        """This was unsubscribed, for good or to be asked for again."""
        instrument, timeframe = subscription.instrument, subscription.timeframe
        if subscription.channel is Channel.BOOK:
            self._numbers.pop(instrument, None)
        elif timeframe is not None:
            self._open.pop((instrument, timeframe), None)

    def decode(self, frame: bytes, ts_local: int) -> list[Event]:
        """The events of a frame received at `ts_local` (ns); never raises."""
        name = str(getattr(frame, "event", ""))
        try:
            message: Any = parse_json(frame)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            return self._decode_text(frame, name, ts_local, str(error))
        question = self.questions.get(name)
        if question is not None:
            return self._read(question.rule, message, question, frame, ts_local)
        return self._decode_parts(message, frame, name, ts_local)

    def match(self, message: Any, text: str, name: str) -> Rule | None:
        """The first rule that a message fits; `text` is its frame, `name` what the transport calls it."""
        place = Place(message, message)
        for rule in self._description.messages:
            if all(_is_fulfilled(condition, place, text, name) for condition in rule.when):
                return rule
        return None

    # -- frames ----------------------------------------------------------------------------

    def _decode_text(self, frame: bytes, name: str, ts_local: int, problem: str) -> list[Event]:
        """A frame that is no JSON: a rule may know its text."""
        text = frame[: _MOST_TEXT + 1].decode("utf-8", "replace")
        for rule in self._description.messages:
            if any(one.subject == "text" for one in rule.when) and all(
                _is_fulfilled(one, Place(None, None), text, name) for one in rule.when
            ):
                return self._read(rule, None, self._nothing, frame, ts_local)
        return [ParseFailure(f"not JSON: {problem}", _excerpt(frame), ts_local)]

    def _decode_parts(self, message: Any, frame: bytes, name: str, ts_local: int) -> list[Event]:
        parts = [message]
        if self._description.split is not None:
            try:
                found = self._description.split.find(Place(message, message))
            except Absent:
                found = None
            parts = found if isinstance(found, list) else parts
        text = frame[: _MOST_TEXT + 1].decode("utf-8", "replace")
        events: list[Event] = []
        for part in parts:
            rule = self.match(part, text, name)
            if rule is None:
                events.append(
                    ParseFailure(self._say_unknown(part, name), _excerpt(frame), ts_local)
                )
            else:
                events += self._read(rule, part, self._nothing, frame, ts_local)
        return events

    def _say_unknown(self, message: Any, name: str) -> str:
        """Why no rule fits: what stands where the rules look."""
        seen: dict[str, str] = {"event": repr(name[:40])} if name else {}
        for rule in self._description.messages:
            for one in rule.when:
                if one.pointer is not None and one.subject not in seen:
                    try:
                        found = one.pointer.find(Place(message, message))
                        seen[one.subject] = repr(to_text(found)[:40])
                    except Absent:
                        seen[one.subject] = "nothing"
        where = ", ".join(f"{subject} is {found}" for subject, found in seen.items())
        return f"messages: none fits{': ' + where if where else ''}"

    def _read(
        self, rule: Rule, message: Any, question: Question, frame: bytes, ts_local: int
    ) -> list[Event]:
        """The events of a message by its rule; a row that is broken spoils no other."""
        if rule.kind is Kind.IGNORE:
            return []
        events: list[Event] = []
        read = self._readers[rule.kind]
        try:
            for row in self._builder.rows(rule, message):
                try:
                    events += read(row, question, ts_local)
                except ProtocolError as error:
                    events.append(ParseFailure(error.message, _excerpt(frame), ts_local))
        except ProtocolError as error:
            events.append(ParseFailure(error.message, _excerpt(frame), ts_local))
        if rule.kind is Kind.TRADE:
            events = self._sort_trades(events)
            if question.rule is rule:
                events = self._only_new(events, str(getattr(frame, "event", "")), ts_local)
        return events

    # -- facts -----------------------------------------------------------------------------

    def _read_trade(self, row: Row, question: Question, ts_local: int) -> list[Event]:
        trade, mark = self._builder.trade(row, ts_local, asked=question.instrument)
        if question is not self._nothing:
            self._marks[id(trade)] = mark
        return [trade]

    def _read_snapshot(self, row: Row, question: Question, ts_local: int) -> list[Event]:
        return [self._builder.book_snapshot(row, ts_local, question.instrument)]

    def _read_delta(self, row: Row, question: Question, ts_local: int) -> list[Event]:
        delta = self._builder.book_delta(row, ts_local, question.instrument)
        if self._description.orders_books:
            newest = self._numbers.get(delta.instrument)
            if newest is not None and delta.last_sequence <= newest.last_sequence:
                if (delta.last_sequence, delta.bids, delta.asks) == (
                    newest.last_sequence,
                    newest.bids,
                    newest.asks,
                ):
                    return []
                self._numbers.pop(delta.instrument)
                book = Subscription(delta.instrument, Channel.BOOK)
                return [Gap("a change of the book came out of order", ts_local, book)]
            if len(self._numbers) >= _MOST_KEYS:
                self._numbers.clear()
            self._numbers[delta.instrument] = delta
        return [delta]

    def _read_ticker(self, row: Row, question: Question, ts_local: int) -> list[Event]:
        return [self._builder.ticker(row, ts_local, question.instrument)]

    def _read_candle(self, row: Row, question: Question, ts_local: int) -> list[Event]:
        candle = self._builder.candle(
            row, ts_local, asked=question.instrument, timeframe=question.timeframe
        )
        if "closed" in row.rule.fields:
            return [candle]
        # Nothing says that it is closed: the next one does.
        key = candle.instrument, candle.timeframe
        newest = self._open.get(key)
        if newest is None or candle.open_time >= newest.open_time:
            if len(self._open) >= _MOST_KEYS:
                self._open.clear()
            self._open[key] = candle
        if newest is None or candle.open_time == newest.open_time:
            return [candle]
        older, newer = (newest, candle) if candle.open_time > newest.open_time else (candle, None)
        closed = msgspec.structs.replace(older, closed=True)
        return [closed] if newer is None else [closed, newer]

    # -- answers ---------------------------------------------------------------------------

    def _read_accepted(self, row: Row, question: Question, ts_local: int) -> list[Event]:
        number, channel, symbol = _addressee(row)
        return [*self._wishes.accepted(number, channel, symbol)] or [Heartbeat(ts_local)]

    def _read_refused(self, row: Row, question: Question, ts_local: int) -> list[Event]:
        number, channel, symbol = _addressee(row)
        found = row.find("reason")
        reason = to_text(found)[:_MOST_TEXT] if found is not None else "refused without a reason"
        return [*self._wishes.refused(reason, number, channel, symbol)]

    def _read_heartbeat(self, row: Row, question: Question, ts_local: int) -> list[Event]:
        if not row.rule.reply:
            return [Heartbeat(ts_local)]
        values = {}
        if "value" in row.rule.fields:
            values["value"] = to_text(row.need("value"))[:_MOST_TEXT]
        return [Heartbeat(ts_local, fill_plain(row.rule.reply, values))]

    def _read_time(self, row: Row, question: Question, ts_local: int) -> list[Event]:
        return [ServerTime(row.time(), ts_local)]

    def _read_notice(self, row: Row, question: Question, ts_local: int) -> list[Event]:
        found = row.find("reason")
        words = row.rule.name.rpartition(".")[2] if found is None else to_text(found)[:_MOST_TEXT]
        return [VenueNotice(words, ts_local, row.rule.reconnect)]

    # -- trades that are polled ------------------------------------------------------------

    def _sort_trades(self, events: list[Event]) -> list[Event]:
        """Oldest first, whatever the venue's order."""
        trades = [event for event in events if isinstance(event, Trade)]
        if len(trades) > 1 and trades[0].ts_exchange > trades[-1].ts_exchange:
            trades.reverse()
        trades.sort(key=lambda trade: trade.ts_exchange)
        return [*trades, *(event for event in events if not isinstance(event, Trade))]

    def _only_new(self, events: list[Event], key: str, ts_local: int) -> list[Event]:
        """Of the newest trades, those that the answer before did not hold."""
        told = self._told.get(key)
        now: Counter[str] = Counter()
        fresh: list[Event] = []
        repeated = 0
        for event in events:
            if not isinstance(event, Trade):
                fresh.append(event)
                continue
            mark = f"{event.instrument} {self._marks[id(event)]}"
            now[mark] += 1
            if told is None:
                fresh.append(msgspec.structs.replace(event, from_history=True))
            elif told[mark] >= now[mark]:
                repeated += 1
            else:
                fresh.append(event)
        first = next((event for event in events if isinstance(event, Trade)), None)
        self._marks.clear()
        if now or told is None:
            self._told[key] = now
        if told and first is not None and not repeated and first.trade_id is None:
            # Between two answers without a trade in common, others may have been.
            trades = Subscription(first.instrument, Channel.TRADES)
            fresh.insert(0, Gap("trades between two answers may be missing", ts_local, trades))
        return fresh


def _addressee(row: Row) -> tuple[int | None, str | None, str | None]:
    """Whom an answer is for: a request's id, a channel's name, a symbol."""
    found = row.find("id")
    number = None if found is None else row.read("id", to_whole, found)
    return number, row.word_or_none("channel"), row.word_or_none("symbol")


def _is_fulfilled(condition: Condition, place: Place, text: str, name: str) -> bool:
    found: str | None
    if condition.subject == "event":
        found = name
    elif condition.subject == "text":
        found = text
    else:
        assert condition.pointer is not None
        try:
            value = condition.pointer.find(place)
        except Absent:
            return condition.exists is False
        if condition.exists is not None:
            return condition.exists
        found = to_text(value)
    if condition.pattern is not None:
        return condition.pattern.fullmatch(found) is not None
    return found == condition.expected


def _excerpt(frame: bytes) -> str:
    return frame[:_MOST_TEXT].decode("utf-8", "replace")
