"""What a user says of a venue, as checked values: addresses, messages, requests, rules of the book."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

import msgspec

from tui.adapters.base import BookPolicy, Limits
from tui.adapters.generic.pointers import Pointer
from tui.adapters.generic.values import TimeUnit
from tui.model.subscription import Channel
from tui.model.timeframe import Timeframe


class Kind(StrEnum):
    """What a message means."""

    TRADE = "trade"
    BOOK_SNAPSHOT = "book_snapshot"
    BOOK_DELTA = "book_delta"
    TICKER = "ticker"
    CANDLE = "candle"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    HEARTBEAT = "heartbeat"
    TIME = "time"
    NOTICE = "notice"
    SYMBOL = "symbol"
    IGNORE = "ignore"


CHANNEL_OF: Final[Mapping[Kind, Channel]] = {
    Kind.TRADE: Channel.TRADES,
    Kind.BOOK_SNAPSHOT: Channel.BOOK,
    Kind.BOOK_DELTA: Channel.BOOK,
    Kind.TICKER: Channel.TICKER,
    Kind.CANDLE: Channel.CANDLES,
}


class Case(StrEnum):
    """How the venue writes symbols."""

    AS_IS = "as-is"
    LOWER = "lower"
    UPPER = "upper"


class Condition(msgspec.Struct, frozen=True):
    """Something that a message must fulfil.

    Attributes:
        subject: "event" (the name that the transport gives a frame), "text" (the frame as it is), or
            the pointer's text.
        pointer: where to look; None for the two words.
        expected: the text that must be there; None where the others say.
        pattern: what the whole text must match.
        exists: whether something must be there at all.
    """

    subject: str
    pointer: Pointer | None = None
    expected: str | None = None
    pattern: re.Pattern[str] | None = None
    exists: bool | None = None


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """What one kind of message means.

    Attributes:
        name: "messages.trade", as in the file.
        when: all must be fulfilled.
        rows: the array or object whose members are one event each; None for one event a message.
        fields: where each field stands.
        ids_count_up: trade ids count up by one for each symbol, so that a hole in them is a loss.
        from_history: trades that were made before anybody asked.
        reconnect: the venue is about to close the connection.
        reply: a template of the answer; "" for none.
    """

    name: str
    kind: Kind
    when: tuple[Condition, ...] = ()
    rows: Pointer | None = None
    fields: dict[str, Pointer] = {}
    time_unit: TimeUnit = TimeUnit.MS
    ids_count_up: bool = False
    from_history: bool = False
    reconnect: bool = False
    reply: str = ""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """A GET: its address as a template, and what the answer means.

    Attributes:
        limit: the most rows that the venue gives.
        every_s: asked again and again, this far apart; None for only when it is needed.
    """

    url: str
    rule: Rule
    limit: int = 1000
    every_s: float | None = None


class Header(msgspec.Struct, frozen=True):
    """A header: `text` as it is, or after it the value of an environment variable."""

    text: str = ""
    variable: str = ""


class Description(msgspec.Struct, frozen=True, kw_only=True):
    """A venue.

    Attributes:
        stream, events: addresses of a WebSocket and of server-sent events; "" for none.
        rest: what relative addresses of requests begin with.
        symbols: the venue's spelling by the one on the screen; empty where any symbol may be asked.
        subscribe, unsubscribe: templates of messages; "" where nothing is to be said.
        channels: templates of the venue's names of channels.
        timeframes: the venue's words for spans.
        split: where in a frame an array of messages stands; None where a frame is one message.
        buys, sells: words for sides, lower case. `makers_side`: a trade tells the maker's.
        messages: tried in this order.
        requests: by "candles", "trades", "book", "ticker", "symbols", "time".
        book: how a streamed book is started and verified.
        orders_books: changes carry a number that grows, so that one which comes late can be told.
        heartbeat: said now and then; "" for nothing.
        error_text: where a refused request's body has the venue's words.
        source: the table in the file, to be shown.
    """

    stream: str = ""
    events: str = ""
    rest: str = ""
    headers: dict[str, Header] = {}
    symbols: dict[str, str] = {}
    symbol_case: Case = Case.AS_IS
    subscribe: str = ""
    unsubscribe: str = ""
    channels: dict[Channel, str] = {}
    timeframes: dict[Timeframe, str] = {}
    split: Pointer | None = None
    buys: frozenset[str] = frozenset()
    sells: frozenset[str] = frozenset()
    makers_side: bool = False
    messages: tuple[Rule, ...] = ()
    requests: dict[str, Request] = {}
    book: BookPolicy = BookPolicy(name="snapshot", snapshot_by_rest=False)
    orders_books: bool = False
    heartbeat: str = ""
    silence_s: float = 30.0
    stale_after_s: dict[Channel, float] = {}
    limits: Limits = Limits()
    error_text: Pointer | None = None
    source: dict[str, Any] = {}

    @property
    def streamed(self) -> frozenset[Channel]:
        """What the stream brings."""
        if not self.stream and not self.events:
            return frozenset()
        return frozenset(CHANNEL_OF[rule.kind] for rule in self.messages if rule.kind in CHANNEL_OF)

    @property
    def polled(self) -> dict[Channel, Request]:
        """What is asked for again and again."""
        return {
            CHANNEL_OF[request.rule.kind]: request
            for request in self.requests.values()
            if request.every_s is not None and request.rule.kind in CHANNEL_OF
        }
