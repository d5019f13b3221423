"""Reading a described feed: [feeds.NAME] of config.toml becomes a checked description."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final

from tui.adapters.base import BookPolicy, Limits
from tui.adapters.generic.description import (
    CHANNEL_OF,
    Case,
    Description,
    Header,
    Kind,
    Request,
    Rule,
)
from tui.adapters.generic.templates import places_in
from tui.adapters.generic.values import TimeUnit
from tui.config.feed_rules import read_messages, read_requests
from tui.config.feed_tables import Table, WrongFeed
from tui.config.values import MAX_SYMBOL_LENGTH, is_open_to_all
from tui.model.errors import InstrumentError
from tui.model.subscription import Channel
from tui.model.timeframe import Timeframe

_TOP: Final = (
    "stream",
    "events",
    "rest",
    "symbols",
    "symbol_case",
    "time_unit",
    "subscribe",
    "unsubscribe",
    "split",
    "error_text",
    "headers",
    "channels",
    "timeframes",
    "sides",
    "book",
    "heartbeat",
    "stale_after_s",
    "limits",
    "messages",
    "requests",
)
_ASKING: Final = ("symbol", "symbols", "channel", "channels", "timeframe", "id")
_BUYS: Final = ("buy", "b", "bid", "bids")
_SELLS: Final = ("sell", "s", "ask", "asks", "a", "offer")
_VARIABLE: Final = re.compile(r"[A-Z_][A-Z0-9_]{0,63}")
_HEADER: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,63}")


class _Snapshot(StrEnum):
    """Where a streamed book begins."""

    REQUEST = "request"
    STREAM = "stream"
    NONE = "none"


class _Sequence(StrEnum):
    """What the numbers of a book's messages say."""

    COUNTS = "counts"
    ORDERS = "orders"
    NONE = "none"


class _Of(StrEnum):
    """Whose side a trade tells."""

    TAKER = "taker"
    MAKER = "maker"


def read_feed(table: Mapping[str, object]) -> Description:
    """Check a table of the file.

    Raises:
        WrongFeed: naming the key below the feed, what was wrong and what to do.
    """
    feed = Table("", table)
    feed.allow(_TOP)
    unit = feed.choice("time_unit", TimeUnit, TimeUnit.MS)
    rest = feed.url("rest", ("http", "https")).rstrip("/")
    messages = read_messages(feed, unit)
    requests = read_requests(feed, unit, rest)
    policy, orders_books = _read_book(feed.table("book"), messages, requests)
    sides = feed.table("sides")
    sides.allow(("buy", "sell", "of"))
    heartbeat = feed.table("heartbeat")
    heartbeat.allow(("send", "silence_s"))
    description = Description(
        stream=feed.url("stream", ("ws", "wss")),
        events=feed.url("events", ("http", "https"), ("channels", "symbols")),
        rest=rest,
        headers=_read_headers(feed.table("headers")),
        symbols=_read_symbols(feed),
        symbol_case=feed.choice("symbol_case", Case, Case.AS_IS),
        subscribe=feed.template("subscribe", _ASKING),
        unsubscribe=feed.template("unsubscribe", _ASKING),
        channels=_read_channels(feed.table("channels")),
        timeframes=_read_timeframes(feed.table("timeframes")),
        split=feed.pointer("split"),
        buys=sides.words("buy", _BUYS),
        sells=sides.words("sell", _SELLS),
        makers_side=sides.choice("of", _Of, _Of.TAKER) is _Of.MAKER,
        messages=messages,
        requests=requests,
        book=policy,
        orders_books=orders_books,
        heartbeat=heartbeat.text("send"),
        silence_s=heartbeat.number("silence_s", 30.0, 1.0, 86_400.0),
        stale_after_s=_read_patience(feed.table("stale_after_s")),
        limits=_read_limits(feed.table("limits")),
        error_text=feed.pointer("error_text"),
        source=dict(table),
    )
    _check_ways(feed, description)
    _check_words(feed, description)
    _check_candles(feed, description)
    return description


# -- tables ------------------------------------------------------------------------------------


def _read_headers(table: Table) -> dict[str, Header]:
    headers = {}
    for name in table.names:
        if not _HEADER.fullmatch(name):
            table.fail(name, "that is not the name of a header", "letters, digits and hyphens only")
        value = table.raw(name)
        if isinstance(value, str):
            if not value.isascii() or not value.isprintable():
                table.fail(name, "no header may hold that", "use letters, digits and signs")
            headers[name] = Header(value)
            continue
        # What is wrong is not repeated: it may be the secret itself.
        entry = table.table(name)
        entry.allow(("env", "prefix"))
        variable = entry.raw("env")
        if not isinstance(variable, str) or not _VARIABLE.fullmatch(variable):
            entry.fail(
                "env",
                "that is not the name of an environment variable",
                "write the variable's name in capitals, never the secret",
            )
        headers[name] = Header(str(entry.raw("prefix") or ""), variable)
    return headers


def _read_symbols(feed: Table) -> dict[str, str]:
    value = feed.raw("symbols")
    pairs: dict[str, object] = {}
    if isinstance(value, list):
        case = feed.choice("symbol_case", Case, Case.AS_IS)
        for text in map(str, value):
            pairs[text] = {Case.LOWER: text.lower(), Case.UPPER: text.upper()}.get(case, text)
    elif isinstance(value, Mapping):
        pairs = dict(value)
    elif value is not None:
        feed.fail(
            "symbols", f"{value!r} is not a list", 'write ["BTCUSD"] or { "BTC/USD" = "btcusd" }'
        )
    for symbol in (*pairs, *pairs.values()):
        if (
            not isinstance(symbol, str)
            or not 0 < len(symbol) <= MAX_SYMBOL_LENGTH
            or any(char.isspace() or not char.isprintable() for char in symbol)
        ):
            feed.fail("symbols", f"{symbol!r} is not a symbol", "a symbol is a text without spaces")
    return {symbol: str(wire) for symbol, wire in pairs.items()}


def _read_channels(table: Table) -> dict[Channel, str]:
    table.allow([str(channel) for channel in Channel])
    return {Channel(name): table.template(name, ("symbol", "timeframe")) for name in table.names}


def _read_timeframes(table: Table) -> dict[Timeframe, str]:
    found = {}
    for name in table.names:
        word = table.raw(name)
        try:
            timeframe = Timeframe.parse(name)
        except InstrumentError as error:
            table.fail(name, error.message, error.hint)
        if isinstance(word, bool) or not isinstance(word, str | int):
            table.fail(name, f"{word!r} is not a word", 'write the venue\'s own, such as "1min"')
        found[timeframe] = str(word)
    return found


def _read_patience(table: Table) -> dict[Channel, float]:
    table.allow([str(channel) for channel in Channel])
    return {Channel(name): table.number(name, 0.0, 1.0, 86_400.0) for name in table.names}


def _read_limits(table: Table) -> Limits:
    table.allow(
        ("messages_per_s", "subscriptions", "connections_per_minute", "requests_per_minute")
    )
    return Limits(
        messages_per_s=table.number("messages_per_s", 3.0, 0.1, 1000.0),
        streams_per_connection=table.whole("subscriptions", 1000, 1, 100_000),
        connections=table.whole("connections_per_minute", 30, 1, 10_000),
        connections_window_s=60.0,
        rest_weight=table.whole("requests_per_minute", 120, 1, 100_000),
        rest_window_s=60.0,
        max_connection_age_s=float("inf"),
    )


def _read_book(
    table: Table, messages: Iterable[Rule], requests: Mapping[str, Request]
) -> tuple[BookPolicy, bool]:
    """How a streamed book is verified, and whether its numbers tell what comes late."""
    table.allow(("snapshot", "sequence", "depth"))
    deltas = [rule for rule in messages if rule.kind is Kind.BOOK_DELTA]
    snapshots = [rule for rule in messages if rule.kind is Kind.BOOK_SNAPSHOT]
    book = requests.get("book")
    usual = _Snapshot.NONE
    if deltas:
        usual = _Snapshot.STREAM if snapshots or book is None else _Snapshot.REQUEST
    start = table.choice("snapshot", _Snapshot, usual)
    sequence = table.choice("sequence", _Sequence, _Sequence.NONE)
    depth = table.whole("depth", 1, 1, 100_000) if "depth" in table else None
    if start is _Snapshot.NONE:
        if deltas:
            hint = f'write "request" or "stream", or make {deltas[0].name} a book_snapshot'
            table.fail("snapshot", "changes without a book to change", hint)
        return BookPolicy(name="snapshot", snapshot_by_rest=False, depth=depth), False
    parts = [*deltas]
    if start is _Snapshot.STREAM:
        if deltas and not snapshots:
            hint = 'describe a message of kind = "book_snapshot", or requests.book'
            table.fail("snapshot", "no message brings the whole book", hint)
        parts += snapshots
    elif book is None or not deltas:
        table.fail("snapshot", "there is no request for the book", "describe requests.book")
    elif sequence is _Sequence.NONE:
        hint = 'write "counts" where none is left out, "orders" where they only grow'
        table.fail("sequence", "a fetched book is joined with its changes by numbers", hint)
    else:
        parts.append(book.rule)
    if sequence is _Sequence.NONE and deltas and "sequence" in deltas[0].fields:
        hint = 'write "counts" where none is left out, "orders" where they only grow'
        table.fail("sequence", f"{deltas[0].name} has numbers: what do they say?", hint)
    for rule in parts:
        if sequence is not _Sequence.NONE and "sequence" not in rule.fields:
            raise WrongFeed(f"{rule.name}.sequence", "it is missing", 'write sequence = "/..."')
    counts, orders = sequence is _Sequence.COUNTS, sequence is _Sequence.ORDERS
    name = {_Sequence.COUNTS: "sequence", _Sequence.ORDERS: "order"}.get(sequence, "crossed-check")
    policy = BookPolicy(
        name=name,
        snapshot_by_rest=start is _Snapshot.REQUEST,
        bridged=counts,
        overlapping=orders,
        depth=depth,
    )
    return policy, orders


# -- in company --------------------------------------------------------------------------------


def _check_ways(feed: Table, description: Description) -> None:
    """Something must bring data, and nothing secret may be read on its way."""
    has_stream = bool(description.stream or description.events)
    polled = frozenset(description.polled)
    if not has_stream and not polled:
        hint = (
            "write stream = (WebSocket), events = (server-sent events) or a request with every_s ="
        )
        feed.fail("", "nothing brings data", hint)
    if has_stream and not description.streamed:
        feed.fail("messages", "no message brings data", "describe one of kind = trade, ticker, ...")
    if not has_stream and description.messages:
        feed.fail("messages", "there is no stream to bring them", "write stream = or events =")
    missing = sorted(description.streamed - polled)
    if has_stream and polled and missing:
        hint = f"describe a request with every_s = for {' and '.join(missing)} too, or for none"
        feed.fail("requests", "polls bring less than the stream does", hint)
    for request in description.polled.values():
        if request.rule.kind is Kind.TRADE and "time" not in request.rule.fields:
            hint = 'write time = "/..."'
            raise WrongFeed(f"{request.rule.name}.time", "polled trades need their time", hint)
    if any(header.variable for header in description.headers.values()):
        addresses = {
            "stream": description.stream,
            "events": description.events,
            "rest": description.rest,
            **{f"requests.{name}.url": one.url for name, one in description.requests.items()},
        }
        for key, url in addresses.items():
            if is_open_to_all(url):
                hint = "use wss:// or https://, or remove the header"
                feed.fail(key, "the header would travel where anybody can read it", hint)


def _check_words(feed: Table, description: Description) -> None:
    """Every channel has its name where names are needed, and every message says whose it is."""
    asking = {*places_in(description.subscribe), *places_in(description.events)}
    for channel in sorted(description.streamed):
        if asking & {"channel", "channels"} and channel not in description.channels:
            hint = f'write {channel} = "..." below [channels]'
            feed.fail("channels", f"the venue's name of {channel} is missing", hint)
    for channel in description.channels:
        if channel not in description.streamed:
            hint = "describe one, or remove the name"
            feed.fail(f"channels.{channel}", "no message brings this", hint)
    for rule in description.messages:
        _check_whose(description, rule)
    for request in description.requests.values():
        places = places_in(request.url)
        if request.rule.kind in CHANNEL_OF and "symbol" not in places:
            _check_whose(description, request.rule)
        if request.rule.kind is Kind.CANDLE and "timeframe" not in places:
            hint = "write {timeframe} where the address names the span"
            raise WrongFeed(f"{request.rule.name}.url", "it asks for no timeframe", hint)
        if "channel" in request.rule.fields:
            hint = "answers are told apart by what was asked"
            raise WrongFeed(f"{request.rule.name}.channel", "requests have no channels", hint)


def _check_whose(description: Description, rule: Rule) -> None:
    channel = CHANNEL_OF.get(rule.kind)
    if channel is None or "symbol" in rule.fields:
        return
    template = description.channels.get(channel)
    if "channel" in rule.fields:
        if template is None or "symbol" not in places_in(template):
            hint = f'write {channel} = "...{{symbol}}..." below [channels], or symbol = "/..." here'
            raise WrongFeed(f"{rule.name}.channel", "the channel's name has no {symbol}", hint)
    elif len(description.symbols) != 1:
        hint = 'write symbol = "/..." or channel = "/..."'
        raise WrongFeed(f"{rule.name}.symbol", "nothing says whose this is", hint)


def _check_candles(feed: Table, description: Description) -> None:
    rules = [rule for rule in description.messages if rule.kind is Kind.CANDLE]
    if (rules or "candles" in description.requests) and not description.timeframes:
        feed.fail(
            "timeframes", "it is missing", 'write "1m" = and the venue\'s word for it, below it'
        )
    for rule in rules:
        template = description.channels.get(Channel.CANDLES, "")
        if "timeframe" not in rule.fields and not (
            "channel" in rule.fields and "timeframe" in places_in(template)
        ):
            hint = 'write timeframe = "/...", or {timeframe} into the channel\'s name'
            raise WrongFeed(f"{rule.name}.timeframe", "nothing says how long a candle is", hint)
