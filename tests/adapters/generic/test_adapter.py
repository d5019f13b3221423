"""Described messages of every kind become events, on the way that is described."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tui.adapters.generic import DescribedAdapter
from tui.model.errors import InstrumentError, NotOffered, TransportError
from tui.model.events import (
    Ack,
    BookDelta,
    BookSnapshot,
    Candle,
    Event,
    Heartbeat,
    ParseFailure,
    Rejection,
    ServerTime,
    Side,
    Ticker,
    Trade,
)
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription
from tui.model.timeframe import Timeframe
from tui.model.transport import EventFrame, TransportKind

Make = Callable[[str], DescribedAdapter]
GOLD = Instrument("DESK", "GOLD")
MINUTE = Timeframe.parse("1m")
NOW = 1_700_000_000 * 10**9

TRADE = """
stream = "wss://desk.example"
[messages.trade]
kind = "trade"
symbol = "/s"
price = "/p"
size = "/q"
"""
BOOK = """
stream = "wss://desk.example"
symbols = ["GOLD"]
[messages.book]
kind = "book_snapshot"
when = { "/t" = "book" }
"""
CANDLE = """
stream = "wss://desk.example"
symbols = ["GOLD"]
timeframes = { "1m" = "one" }
[messages.candle]
kind = "candle"
timeframe = "/i"
time = "/t"
open = "/o"
high = "/h"
low = "/l"
close = "/c"
volume = "/v"
"""


def only(adapter: DescribedAdapter, message: object, name: str = "") -> Any:
    """The one event of a message."""
    (event,) = all_of(adapter, message, name)
    return event


def all_of(adapter: DescribedAdapter, message: object, name: str = "") -> list[Event]:
    frame = message.encode() if isinstance(message, str) else json.dumps(message).encode()
    return adapter.decode(EventFrame(frame, name) if name else frame, NOW)


# -- trades --------------------------------------------------------------------------------------


def test_a_numbers_digits_are_those_of_the_frame(described: Make) -> None:
    trade = only(described(TRADE), '{"s":"GOLD","p":1.50,"q":"0.0100"}')

    assert (trade.price, trade.price_text, trade.size_text) == (1.5, "1.50", "0.0100")


def test_a_small_number_is_written_out(described: Make) -> None:
    assert only(described(TRADE), '{"s":"GOLD","p":2.5e-7,"q":3}').price_text == "0.00000025"


@pytest.mark.parametrize(("size", "side"), [("3", Side.BUY), ("-3", Side.SELL)])
def test_without_a_side_the_sign_says_it(described: Make, size: str, side: Side) -> None:
    trade = only(described(TRADE), {"s": "GOLD", "p": "1", "q": size})

    assert (trade.aggressor, trade.size) == (side, 3.0)


@pytest.mark.parametrize(
    ("more", "word", "side"),
    [
        ("", "Buy", Side.BUY),
        ("", "S", Side.SELL),
        ('sides = { of = "maker" }\n', "buy", Side.SELL),
        ("sides = { buy = [0], sell = [1] }\n", 1, Side.SELL),
    ],
)
def test_sides_have_the_venues_words(described: Make, more: str, word: object, side: Side) -> None:
    text = more + TRADE + 'side = "/side"\n'
    assert only(described(text), {"s": "A", "p": 1, "q": 1, "side": word}).aggressor is side


@pytest.mark.parametrize(
    ("unit", "value", "ns"),
    [
        ("s", 1_700_000_000, NOW),
        ("s", "1700000000.25", NOW + 250_000_000),
        ("ms", 1_700_000_000_001, NOW + 1_000_000),
        ("us", "1700000000000001", NOW + 1_000),
        ("ns", 1_700_000_000_000_000_001, NOW + 1),
        ("iso", "2023-11-14T22:13:20.000001Z", NOW + 1_000),
        ("iso", "2023-11-14T22:13:20", NOW),
        ("iso", "2023-11-14T23:13:20+01:00", NOW),
    ],
)
def test_times_are_read_in_every_unit_to_the_last_digit(
    described: Make, unit: str, value: object, ns: int
) -> None:
    adapter = described(TRADE + f'time = "/at"\ntime_unit = "{unit}"\n')

    assert only(adapter, {"s": "A", "p": 1, "q": 1, "at": value}).ts_exchange == ns


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ({"s": "A", "q": 1}, "messages.trade.price: there is nothing at /p"),
        ({"s": "A", "p": None, "q": 1}, "messages.trade.price: there is nothing at /p"),
        ({"s": "A", "p": "nan", "q": 1}, "messages.trade.price: 'nan' is not a number"),
        ({"s": "A", "p": "1,5", "q": 1}, "messages.trade.price: '1,5' is not a number"),
        ({"s": "A", "p": True, "q": 1}, "messages.trade.price: 'true' is not a number"),
        ({"s": "A", "p": [], "q": 1}, "messages.trade.price: '[]' is not a number"),
        ({"s": "A B", "p": 1, "q": 1}, "messages.trade.symbol: 'A B' is not a symbol"),
        ({"s": "", "p": 1, "q": 1}, "messages.trade.symbol: '' is not a symbol"),
        ([], "messages.trade.symbol: there is nothing at /s"),
    ],
)
def test_what_is_wrong_is_named_with_its_field(described: Make, message: object, said: str) -> None:
    failure = only(described(TRADE), message)

    assert isinstance(failure, ParseFailure)
    assert failure.message == said


def test_rows_are_trades_oldest_first_and_a_broken_one_spoils_no_other(described: Make) -> None:
    text = TRADE.replace('kind = "trade"', 'kind = "trade"\nrows = "/d"\ntime = "/t"')
    rows = [
        {"p": 3, "q": 1, "t": 3, "s": "A"},
        {"p": "x", "q": 1, "t": 2, "s": "A"},
        {"p": 1, "q": 1, "t": 1, "s": "A"},
    ]

    first, second, failure = all_of(described(text), {"d": rows})

    assert isinstance(first, Trade)
    assert isinstance(second, Trade)
    assert (first.price, second.price) == (1.0, 3.0)
    assert isinstance(failure, ParseFailure)


def test_a_row_may_look_into_the_whole_message_and_at_its_key(described: Make) -> None:
    text = TRADE.replace('kind = "trade"', 'kind = "trade"\nrows = "/d"')
    text = text.replace('"/s"', '"^/s"').replace('"/p"', '"#"').replace('"/q"', '""')

    trade = only(described(text), {"s": "GOLD", "d": {"1.5": "2"}})

    assert (trade.instrument, trade.price, trade.size) == (GOLD, 1.5, 2.0)


def test_ids_that_count_up_are_kept_and_others_are_not(described: Make) -> None:
    message = {"s": "A", "p": 1, "q": 1, "id": 17}

    kept = only(described(TRADE + 'id = "/id"\nids_count_up = true\n'), message)
    dropped = only(described(TRADE + 'id = "/id"\n'), message)

    assert (kept.trade_id, dropped.trade_id) == (17, None)


# -- books ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            'bids = "/b"\nasks = "/a"',
            {"b": [["99", "1"], ["98", 2]], "a": [["101", "3"]]},
        ),
        (
            'bids = "/b"\nasks = "/a"',
            {"b": {"99": "1", "98": 2}, "a": {"101": "3"}},
        ),
        (
            'bids = "/b"\nasks = "/a"\nprice = "/x/p"\nsize = "/x/q"',
            {
                "b": [{"x": {"p": 99, "q": "1"}}, {"x": {"p": "98", "q": 2}}],
                "a": [{"x": {"p": "101", "q": 3}}],
            },
        ),
        (
            'changes = "/c"\nside = "/0"\nprice = "/1"\nsize = "/2"',
            {"c": [["buy", "99", "1"], ["sell", "101", "3"], ["bid", "98", "2"]]},
        ),
    ],
)
def test_levels_come_in_every_shape(described: Make, fields: str, message: Any) -> None:
    book = only(described(BOOK + fields), {"t": "book"} | message)

    assert isinstance(book, BookSnapshot)
    assert (book.instrument, book.bids, book.asks) == (
        GOLD,
        [("99", "1"), ("98", "2")],
        [("101", "3")],
    )


@pytest.mark.parametrize("level", [["1"], [], {}, ["1", None], ["1", "-2"], ["1", "x"], None])
def test_a_level_without_a_sound_size_spoils_its_book(described: Make, level: object) -> None:
    adapter = described(BOOK + 'bids = "/b"\nasks = "/a"')

    event = only(adapter, {"t": "book", "b": [level], "a": []})

    assert isinstance(event, ParseFailure)
    assert event.message.startswith("messages.book.")


def delta(described: Make, fields: str, message: dict[str, Any]) -> Any:
    rest = (
        '[book]\nsnapshot = "stream"\nsequence = "counts"\n[messages.change]\nkind = "book_delta"\n'
        'bids = "/b"\nasks = "/a"\nsequence = "/n"\n'
    )
    adapter = described(BOOK + 'bids = "/b"\nasks = "/a"\nsequence = "/n"\n' + rest + fields)
    return only(adapter, {"b": [["1", "0"]], "a": []} | message)


@pytest.mark.parametrize(
    ("fields", "message", "numbers"),
    [
        ("", {"n": 7}, (7, 7)),
        ('first_sequence = "/f"', {"n": "9", "f": 7}, (7, 9)),
        ('previous_sequence = "/f"', {"n": 9, "f": 6}, (7, 9)),
    ],
)
def test_changes_say_which_numbers_they_cover(
    described: Make, fields: str, message: dict[str, Any], numbers: tuple[int, int]
) -> None:
    change = delta(described, fields, message)

    assert isinstance(change, BookDelta)
    assert (change.first_sequence, change.last_sequence) == numbers
    assert change.bids == [("1", "0")]


# -- tickers and candles -------------------------------------------------------------------------


def test_a_ticker_has_what_its_message_says(described: Make) -> None:
    adapter = described(
        """
        events = "https://desk.example/events"
        [messages.price]
        kind = "ticker"
        when = { event = "price" }
        symbol = "/s"
        last = "/l"
        open = "/o"
        bid = "/b"
        """
    )

    ticker = only(adapter, {"s": "GOLD", "l": 110.0, "o": "100"}, "price")

    assert isinstance(ticker, Ticker)
    assert (ticker.last, ticker.last_text, ticker.bid) == (110.0, "110.0", None)
    assert ticker.change_percent == pytest.approx(10.0)


def candle_row(minute: int, close: float = 2.0) -> dict[str, Any]:
    at = minute * 60_000
    return {"i": "one", "t": at, "o": 1, "h": 3, "l": 0.5, "c": close, "v": "7"}


def test_a_candle_is_closed_by_the_next_where_nothing_says_so(described: Make) -> None:
    adapter = described(CANDLE)

    first = all_of(adapter, candle_row(1))
    again = all_of(adapter, candle_row(1, close=2.5))
    then = all_of(adapter, candle_row(2))

    assert [getattr(event, "closed", None) for event in first + again] == [False, False]
    assert [(getattr(one, "close", 0), getattr(one, "closed", None)) for one in then] == [
        (2.5, True),
        (2.0, False),
    ]


def test_a_candle_says_itself_that_it_is_closed(described: Make) -> None:
    candle = only(described(CANDLE + 'closed = "/x"\n'), candle_row(1) | {"x": True})

    assert isinstance(candle, Candle)
    assert (candle.timeframe, candle.open_time, candle.closed) == (MINUTE, 60 * 10**9, True)
    assert (candle.open, candle.high, candle.low, candle.close, candle.volume) == (1, 3, 0.5, 2, 7)


def test_a_span_that_has_no_name_is_a_failure(described: Make) -> None:
    failure = only(described(CANDLE), candle_row(1) | {"i": "two"})

    assert failure.message == "messages.candle.timeframe: 'two' is not among the timeframes"


def test_a_channels_name_says_symbol_and_span(described: Make) -> None:
    data = {"t": 60_000, "o": 1, "h": 1, "l": 1, "c": 1, "v": 1, "x": False}

    candle = only(described("array"), [{"topic": "kline.1min.GOLD", "data": data}])

    assert (candle.instrument.symbol, candle.timeframe) == ("GOLD", MINUTE)


# -- telling messages apart ----------------------------------------------------------------------


def kinds(described: Make, when: str) -> DescribedAdapter:
    return described(
        TRADE.replace('kind = "trade"', f'kind = "trade"\nwhen = {{ {when} }}')
        + '[messages.rest]\nkind = "heartbeat"\n'
    )


@pytest.mark.parametrize(
    ("when", "message", "fits"),
    [
        ('"/k" = "t"', {"k": "t"}, True),
        ('"/k" = "t"', {"k": "T"}, False),
        ('"/k" = 5', {"k": 5}, True),
        ('"/k" = 5', {"k": "5"}, True),
        ('"/k" = true', {"k": True}, True),
        ('"/k" = true', {}, False),
        ('"/k" = { matches = "tr.*" }', {"k": "trade"}, True),
        ('"/k" = { matches = "tr" }', {"k": "trade"}, False),
        ('"/k" = { exists = true }', {"k": 0}, True),
        ('"/k" = { exists = false }', {"k": 0}, False),
        ('"/k" = { exists = false }', {"k": None}, True),
        ('"/k" = "t", "/m" = 1', {"k": "t", "m": 2}, False),
        ('"/l/1" = "b"', {"l": ["a", "b"]}, True),
        ('"/l/01" = "b"', {"l": ["a", "b"]}, False),
        ('"/a~1b" = 1', {"a/b": 1}, True),
    ],
)
def test_a_message_fits_by_what_stands_at_a_path(
    described: Make, when: str, message: dict[str, Any], fits: bool
) -> None:
    event = only(kinds(described, when), {"s": "A", "p": 1, "q": 1} | message)

    assert isinstance(event, Trade) is fits


def test_a_frame_that_is_no_json_fits_by_its_text(described: Make) -> None:
    adapter = described(
        TRADE.replace('kind = "trade"', 'kind = "trade"\nwhen = { "/s" = { exists = true } }')
        + '[messages.pong]\nkind = "heartbeat"\nwhen = { text = "pong" }\n'
    )

    assert only(adapter, "pong") == Heartbeat(NOW)
    assert only(adapter, "pang").message.startswith("not JSON")


def test_what_fits_nothing_says_what_it_has(described: Make) -> None:
    adapter = described("desk")

    failure = only(adapter, {"a": 1}, "unheard")

    assert failure.message == "messages: none fits: event is 'unheard'"


def test_a_frame_of_several_messages_is_split(described: Make) -> None:
    adapter = described('split = "/all"\n' + TRADE)

    events = all_of(adapter, {"all": [{"s": "A", "p": n, "q": 1} for n in (1, 2)]})

    assert [getattr(event, "price", 0) for event in events] == [1.0, 2.0]


# -- asking and being answered -------------------------------------------------------------------

ASKING = """
stream = "wss://desk.example"
subscribe = '{"do": "sub", "id": {id}, "what": {channels}}'
unsubscribe = '{"do": "unsub", "what": {channels}}'
channels = { trades = "t.{symbol}", book = "b.{symbol}" }
heartbeat = { send = "ping" }
[messages.trade]
kind = "trade"
when = { "/k" = "t" }
channel = "/c"
price = "/p"
size = "/q"
[messages.book]
kind = "book_snapshot"
when = { "/k" = "b" }
channel = "/c"
bids = "/b"
asks = "/a"
[messages.yes]
kind = "accepted"
when = { "/ok" = true }
id = "/id"
[messages.no]
kind = "refused"
when = { "/ok" = false }
id = "/id"
reason = "/why"
[messages.ping]
kind = "heartbeat"
when = { "/ping" = { exists = true } }
value = "/ping"
reply = '{"pong": {value}}'
[messages.clock]
kind = "time"
when = { "/now" = { exists = true } }
time = "/now"
"""
TRADES = Subscription(GOLD, Channel.TRADES)
BOOK_OF_GOLD = Subscription(GOLD, Channel.BOOK)


def test_many_wishes_go_into_one_message_and_its_answer_is_known_by_its_id(
    described: Make,
) -> None:
    adapter = described(ASKING)

    (asked,) = adapter.subscribe([TRADES, BOOK_OF_GOLD])

    assert json.loads(asked.text) == {"do": "sub", "id": 1, "what": ["t.GOLD", "b.GOLD"]}
    assert asked.subscriptions == (TRADES, BOOK_OF_GOLD)
    assert only(adapter, {"ok": True, "id": 1}) == Ack(1)


def test_a_refusal_carries_the_venues_words(described: Make) -> None:
    adapter = described(ASKING)
    adapter.subscribe([TRADES])

    refusal = only(adapter, {"ok": False, "id": 1, "why": "no such metal"})

    assert refusal == Rejection("no such metal", request_id=1)


def test_a_symbol_with_quotes_cannot_break_a_message(described: Make) -> None:
    (asked,) = described(ASKING).subscribe(
        [Subscription(Instrument("DESK", 'A","x":"'), Channel.TRADES)]
    )

    assert json.loads(asked.text)["what"] == ['t.A","x":"']


def test_what_another_wish_lives_on_is_not_given_up(described: Make) -> None:
    text = ASKING.replace('book = "b.{symbol}"', 'book = "t.{symbol}"')
    adapter = described(text)
    adapter.subscribe([TRADES, BOOK_OF_GOLD])

    assert adapter.unsubscribe([TRADES]) == []
    assert [json.loads(one.text)["what"] for one in adapter.unsubscribe([BOOK_OF_GOLD])] == [
        ["t.GOLD"]
    ]


def test_a_ping_is_answered_with_its_value_and_ours_is_sent(described: Make) -> None:
    adapter = described(ASKING)
    heartbeat = adapter.heartbeat()

    assert only(adapter, {"ping": 42}) == Heartbeat(NOW, '{"pong": 42}')
    assert heartbeat is not None
    assert heartbeat.text == "ping"


def test_the_venues_clock_is_read(described: Make) -> None:
    assert only(described(ASKING), {"now": 1_700_000_000_000}) == ServerTime(NOW, NOW)


def test_without_an_answer_to_wait_for_what_was_sent_counts_as_accepted(described: Make) -> None:
    adapter = described(TRADE.replace("[messages", 'subscribe = \'{"s": "{symbol}"}\'\n[messages'))

    (asked,) = adapter.subscribe([TRADES])

    assert (asked.text, asked.request_id) == ('{"s": "GOLD"}', None)


def test_a_venue_that_sends_everything_is_asked_for_nothing(described: Make) -> None:
    assert described(TRADE).subscribe([TRADES]) == []


def test_spans_without_a_word_cannot_be_asked_for(described: Make) -> None:
    hour = Subscription(GOLD, Channel.CANDLES, Timeframe.parse("1h"))

    with pytest.raises(InstrumentError, match="DESK has no candles of 1h"):
        described(CANDLE).subscribe([hour])


# -- one-way -------------------------------------------------------------------------------------


def test_an_event_stream_is_asked_for_the_wanted_symbols(described: Make) -> None:
    adapter = described("desk")
    wanted = [Subscription(Instrument("DESK", name), Channel.TRADES) for name in ("A/B", "C")]

    request = adapter.stream(TransportKind.SSE, wanted)

    assert adapter.transports == (TransportKind.SSE,)
    assert request.url == "https://desk.example.com/events?symbols=A%2FB,C"
    assert adapter.subscribe(wanted)[0].subscriptions == tuple(wanted)


def test_an_event_is_known_by_its_name(described: Make) -> None:
    fill = {"instrument": "GOLD", "px": "10", "qty": "-2", "at": 1_700_000_000_000}

    trade = only(described("desk"), fill, "fill")

    assert (trade.instrument.symbol, trade.aggressor, trade.size) == ("GOLD", Side.SELL, 2.0)


# -- requests ------------------------------------------------------------------------------------


def test_what_is_not_described_is_not_offered(described: Make) -> None:
    adapter = described(TRADE)

    for ask in (
        lambda: adapter.candles_request(GOLD, MINUTE),
        lambda: adapter.trades_request(GOLD),
        lambda: adapter.book_request(GOLD),
        lambda: adapter.tickers_request([GOLD]),
        lambda: adapter.instruments_request(),
        lambda: adapter.time_request(),
    ):
        with pytest.raises(NotOffered):
            ask()


def test_the_users_own_list_of_symbols_is_known_without_asking(described: Make) -> None:
    adapter = described('symbols = { "BTC/USD" = "btcusd", "GOLD" = "xau" }\n' + TRADE)

    request = adapter.instruments_request()

    assert request.url == ""
    assert [(one.instrument.symbol, one.base, one.quote) for one in request.decode(b"", 1)] == [
        ("BTC/USD", "BTC", "USD"),
        ("GOLD", "GOLD", ""),
    ]
    assert only(adapter, {"s": "btcusd", "p": 1, "q": 1}).instrument.symbol == "BTC/USD"


def test_an_address_for_one_symbol_is_asked_for_one_at_a_time(described: Make) -> None:
    adapter = described("bitstamp")
    two = [Instrument("BITSTAMP", "BTCUSD"), Instrument("BITSTAMP", "ETHUSD")]

    with pytest.raises(TransportError) as refused:
        adapter.tickers_request(two)

    assert (refused.value.status, refused.value.fatal) == (400, True)
    assert adapter.tickers_request(two[:1]).url.endswith("/ticker/btcusd/")


def test_headers_go_with_every_request(described: Make, guide: dict[str, Any]) -> None:
    from tui.config.feeds import read_feed

    adapter = DescribedAdapter(
        read_feed(guide["rates"]), venue="RATES", headers={"X-Api-Key": "sesame"}
    )
    pair = Instrument("RATES", "EUR-USD")

    request = adapter.stream(TransportKind.POLL, [Subscription(pair, Channel.TICKER)])

    assert adapter.tickers_request([pair]).headers == {"X-Api-Key": "sesame"}
    assert request.polls[0].headers == {"X-Api-Key": "sesame"}
    assert adapter.secrets == ("sesame",)
    assert adapter.copy().secrets == ("sesame",)
