"""The rules of a described feed: what its messages and the answers to requests mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tui.adapters.generic.description import Condition, Kind, Request, Rule
from tui.adapters.generic.events import CANDLE_PRICES, TICKER_FIELDS
from tui.adapters.generic.pointers import Pointer
from tui.adapters.generic.values import TimeUnit, to_text
from tui.config.feed_tables import Table, WrongFeed, check_url, parse_pattern, parse_pointer

_BOOK: Final = ("bids", "asks", "changes", "side", "price", "size", "sequence", "time")
_WHOSE: Final = ("symbol", "channel")
FIELDS: Final[Mapping[Kind, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    Kind.TRADE: (("price", "size"), ("side", "id", "time", *_WHOSE)),
    Kind.BOOK_SNAPSHOT: ((), (*_BOOK, *_WHOSE)),
    Kind.BOOK_DELTA: ((), (*_BOOK, "first_sequence", "previous_sequence", *_WHOSE)),
    Kind.TICKER: ((), (*TICKER_FIELDS, "time", *_WHOSE)),
    Kind.CANDLE: (
        ("time", *CANDLE_PRICES, "volume"),
        ("closed", "updated", "quote_volume", "trades", "timeframe", *_WHOSE),
    ),
    Kind.ACCEPTED: ((), ("id", *_WHOSE)),
    Kind.REFUSED: ((), ("id", "reason", *_WHOSE)),
    Kind.HEARTBEAT: ((), ("value",)),
    Kind.TIME: (("time",), ()),
    Kind.NOTICE: ((), ("reason",)),
    Kind.SYMBOL: (
        ("symbol",),
        ("base", "quote", "tick_size", "size_step", "price_decimals", "size_decimals", "trading"),
    ),
    Kind.IGNORE: ((), ()),
}
"""Fields of each kind: those that must be there, and those that may."""

_OPTIONS: Final[Mapping[Kind, tuple[str, ...]]] = {
    Kind.TRADE: ("ids_count_up", "from_history"),
    Kind.HEARTBEAT: ("reply",),
    Kind.NOTICE: ("reconnect",),
}
_MESSAGE_KINDS: Final = tuple(str(kind) for kind in Kind if kind is not Kind.SYMBOL)

REQUESTS: Final[Mapping[str, tuple[Kind, tuple[str, ...]]]] = {
    "candles": (Kind.CANDLE, ("symbol", "timeframe", "limit", "start", "end")),
    "trades": (Kind.TRADE, ("symbol", "limit", "from_id")),
    "book": (Kind.BOOK_SNAPSHOT, ("symbol", "limit")),
    "ticker": (Kind.TICKER, ("symbol", "symbols")),
    "symbols": (Kind.SYMBOL, ()),
    "time": (Kind.TIME, ()),
}
"""The requests: what their answers hold, and what can be filled into their addresses."""


def read_messages(feed: Table, unit: TimeUnit) -> tuple[Rule, ...]:
    """The rules of [feeds.NAME.messages.*], in their order.

    Raises:
        WrongFeed: one is wrong, or none can ever fit.
    """
    rules: list[Rule] = []
    for _, table in feed.tables("messages"):
        table.need_text("kind", f"write one of {', '.join(_MESSAGE_KINDS)}")
        kind = table.choice("kind", Kind, Kind.IGNORE)
        if kind is Kind.SYMBOL:
            table.fail("kind", "symbols do not come by messages", "describe requests.symbols")
        rule = _read_rule(table, kind, unit, ("kind", "when"))
        if rules and not rules[-1].when:
            table.fail(
                "",
                f"{rules[-1].name} fits every message, so that this is never tried",
                "move it up",
            )
        rules.append(rule)
    return tuple(rules)


def read_requests(feed: Table, unit: TimeUnit, rest: str) -> dict[str, Request]:
    """The requests of [feeds.NAME.requests.*].

    Raises:
        WrongFeed: one is wrong.
    """
    feed.table("requests").allow(tuple(REQUESTS))
    requests = {}
    for name, table in feed.tables("requests"):
        kind, places = REQUESTS[name]
        rule = _read_rule(table, kind, unit, ("url", "limit", "every_s"))
        table.need_text("url", "write where to ask, such as /book/{symbol}")
        url = table.template("url", places)
        if "://" in url:
            check_url(table.below("url"), url, ("http", "https"))
        elif not url.startswith("/") or not rest:
            hint = "write https://..., or a path such as /book/{symbol} and above it rest = "
            table.fail("url", f"{url!r} is not an address", hint)
        every_s = table.number("every_s", 1.0, 0.1, 3600.0) if "every_s" in table else None
        if every_s is not None and kind in (Kind.SYMBOL, Kind.TIME):
            table.fail("every_s", "this is asked when it is needed", "remove it")
        requests[name] = Request(
            url=url, rule=rule, limit=table.whole("limit", 1000, 1, 100_000), every_s=every_s
        )
    return requests


def _read_rule(table: Table, kind: Kind, unit: TimeUnit, more: tuple[str, ...]) -> Rule:
    required, optional = FIELDS[kind]
    options = (*_OPTIONS.get(kind, ()), "rows", "time_unit", *more)
    table.allow((*required, *optional, *options))
    fields: dict[str, Pointer] = {}
    for name in (*required, *optional):
        pointer = table.pointer(name)
        if pointer is not None:
            fields[name] = pointer
        elif name in required:
            table.fail(name, "it is missing", f'write where it stands: {name} = "/..."')
    _check_fields(table, kind, fields)
    return Rule(
        name=table.key,
        kind=kind,
        when=_read_conditions(table.table("when")),
        rows=table.pointer("rows"),
        fields=fields,
        time_unit=table.choice("time_unit", TimeUnit, unit),
        ids_count_up="ids_count_up" in table and table.flag("ids_count_up"),
        from_history="from_history" in table and table.flag("from_history"),
        reconnect="reconnect" in table and table.flag("reconnect"),
        reply=table.template("reply", ("value",)) if "reply" in table else "",
    )


def _check_fields(table: Table, kind: Kind, fields: Mapping[str, Pointer]) -> None:
    """What is right alone and wrong in company."""
    if kind in (Kind.BOOK_SNAPSHOT, Kind.BOOK_DELTA):
        halves = [name for name in ("bids", "asks") if name in fields]
        if "changes" in fields:
            if halves or "side" not in fields:
                table.fail(
                    "changes",
                    "both sides in one list need a side, and no bids and asks",
                    "change it",
                )
        elif len(halves) < 2:
            table.fail(
                "bids",
                "a book has bids and asks",
                "write bids = and asks =, or changes = and side =",
            )
        if "first_sequence" in fields and "previous_sequence" in fields:
            table.fail("previous_sequence", "first_sequence says the same", "keep one of them")
        for name in ("first_sequence", "previous_sequence"):
            if name in fields and "sequence" not in fields:
                table.fail(name, "it is of no use without sequence", 'write sequence = "/..."')
    elif kind is Kind.TICKER and not any(name in fields for name in TICKER_FIELDS):
        table.fail("", "a ticker without a price", f"write some of {', '.join(TICKER_FIELDS)}")
    elif kind is Kind.TRADE and "ids_count_up" in table and "id" not in fields:
        table.fail("ids_count_up", "there is no id", 'write id = "/..."')


def _read_conditions(table: Table) -> tuple[Condition, ...]:
    return tuple(_read_condition(table, subject) for subject in table.names)


def _read_condition(table: Table, subject: str) -> Condition:
    key, value = table.below(subject), table.raw(subject)
    pointer = None if subject in ("event", "text") else parse_pointer(key, subject)
    if isinstance(value, bool | str | int):
        return Condition(subject, pointer, expected=to_text(value))
    if isinstance(value, Mapping) and len(value) == 1:
        if "matches" in value:
            return Condition(subject, pointer, pattern=parse_pattern(key, value["matches"]))
        if isinstance(value.get("exists"), bool) and pointer is not None:
            return Condition(subject, pointer, exists=value["exists"])
    raise WrongFeed(
        key,
        "that is no condition",
        'write a text, a whole number, true, false, { matches = "..." } or { exists = true }',
    )
