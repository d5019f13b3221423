"""Charts: their sessions, history, running candles, and when a candle is over."""

from __future__ import annotations

import pytest
from talk import AAPL, CANDLES, DAY, MINUTE, NOW, NS, START, Talk, bar, frame, message, of, read

from tui.adapters.registry import load_adapter
from tui.adapters.tradingview import TradingViewAdapter
from tui.model.errors import ConfigError, InstrumentError, NotOffered
from tui.model.events import (
    Ack,
    Candle,
    Event,
    Heartbeat,
    Loaded,
    ParseFailure,
    Rejection,
    Reply,
    ServerTime,
    VenueNotice,
)
from tui.model.instrument import Instrument, InstrumentInfo
from tui.model.subscription import Channel, Subscription
from tui.model.timeframe import Timeframe


def shapes(events: list[Event]) -> list[tuple[int, float, bool]]:
    """Minute, close and whether it is over, of each candle."""
    return [
        ((one.open_time // NS - START) // 60, one.close, one.closed) for one in of(Candle, events)
    ]


# -- what is said ----------------------------------------------------------------------------


def test_the_venue_is_installed_with_the_program() -> None:
    assert load_adapter("tradingview") is TradingViewAdapter


def test_the_socket_is_asked_with_an_origin() -> None:
    request = TradingViewAdapter().stream()

    assert request.url == "wss://data.tradingview.com/socket.io/websocket?from=chart&type=chart"
    assert request.headers == {"Origin": "https://www.tradingview.com"}
    assert request.max_message_bytes >= 8 * 2**20


def test_the_users_own_server_is_asked_in_the_same_way() -> None:
    adapter = TradingViewAdapter({"stream": "ws://127.0.0.1:9/socket"})

    assert adapter.stream().url == "ws://127.0.0.1:9/socket?from=chart&type=chart"


def test_candles_are_asked_for_in_a_session_of_their_own(talk: Talk) -> None:
    asked = talk.adapter.subscribe([CANDLES])
    names = [read(one.text) for one in asked]
    session = names[2][1]

    assert names == [
        ["set_auth_token", "unauthorized_user_token"],
        ["set_locale", "en", "US"],
        ["chart_create_session", session, ""],
        ["switch_timezone", session, "Etc/UTC"],
        [
            "resolve_symbol",
            session,
            "sds_sym_1",
            '={"symbol":"NASDAQ:AAPL","adjustment":"splits"}',
        ],
    ]
    assert len(session) == 15
    assert session.startswith("cs_")
    assert [(one.request_id, one.subscriptions) for one in asked] == [
        (None, ()),
        (None, ()),
        (None, ()),
        (None, ()),
        (1, (CANDLES,)),
    ]


def test_two_charts_never_share_a_session(talk: Talk) -> None:
    daily = Subscription(AAPL, Channel.CANDLES, DAY)
    asked = talk.ask(CANDLES, daily)
    sessions = [one[1] for one in asked if one[0] == "chart_create_session"]

    assert len(set(sessions)) == 2


def test_the_token_takes_the_place_of_the_anonymous_one(talk: Talk) -> None:
    policy = talk.adapter.authentication
    assert policy is not None
    assert policy.message is not None
    assert policy.variable == "TRADINGVIEW_JWT_TOKEN"
    assert policy.header == ""

    opening = policy.message("ey.secret")
    asked = talk.ask(CANDLES)

    assert read(opening.text) == ["set_auth_token", "ey.secret"]
    assert "set_auth_token" not in [one[0] for one in asked]


def test_everything_is_said_again_on_the_next_connection(talk: Talk) -> None:
    first = talk.open_chart()
    talk.adapter.connection_lost()

    asked = talk.ask(CANDLES)

    assert [one[0] for one in asked[:3]] == ["set_auth_token", "set_locale", "chart_create_session"]
    assert asked[2][1] != first


def test_who_asks_again_begins_a_new_session(talk: Talk) -> None:
    first = talk.open_chart()

    asked = talk.ask(CANDLES)

    assert [one[0] for one in asked] == [
        "chart_delete_session",
        "chart_create_session",
        "switch_timezone",
        "resolve_symbol",
    ]
    assert asked[0][1] == first
    assert asked[1][1] != first


@pytest.mark.parametrize(
    ("timeframe", "code"),
    [
        ("1m", "1"),
        ("5m", "5"),
        ("15m", "15"),
        ("30m", "30"),
        ("1h", "60"),
        ("2h", "120"),
        ("4h", "240"),
        ("1d", "1D"),
        ("1w", "1W"),
        ("1M", "1M"),
    ],
)
def test_each_timeframe_has_its_code(talk: Talk, timeframe: str, code: str) -> None:
    chart = Subscription(AAPL, Channel.CANDLES, Timeframe.parse(timeframe))
    session = talk.open_chart(chart)

    (reply,) = of(Reply, talk.tell(message("symbol_resolved", session, "sds_sym_1", {})))

    assert read(reply.text) == [
        "create_series",
        session,
        "sds_1",
        "s1",
        "sds_sym_1",
        code,
        1000,
        "",
    ]


@pytest.mark.parametrize(
    ("symbol", "timeframe", "words"),
    [
        ("AAPL", "1m", "names no exchange: write it as in NASDAQ:AAPL"),
        ("NASDAQ:AA PL", "1m", "not a symbol"),
        ('NASDAQ:"', "1m", "not a symbol"),
        ("NASDAQ:AAPL", "3m", "choose one of 1m, 5m, 15m, 30m, 1h, 2h, 4h, 1d, 1w, 1M"),
    ],
)
def test_what_cannot_be_asked_for_is_refused_with_a_remedy(
    talk: Talk, symbol: str, timeframe: str, words: str
) -> None:
    wish = Subscription(
        Instrument("TRADINGVIEW", symbol), Channel.CANDLES, Timeframe.parse(timeframe)
    )

    with pytest.raises(InstrumentError) as refused:
        talk.adapter.subscribe([wish])

    assert words in str(refused.value)
    assert talk.adapter.subscribe([CANDLES])[0].text.startswith("~m~")


def test_an_instrument_has_its_exchange_in_its_symbol() -> None:
    assert Instrument.parse("tradingview:NASDAQ:AAPL") == AAPL
    assert str(AAPL) == "TRADINGVIEW:NASDAQ:AAPL"


def test_nothing_is_asked_for_by_requests() -> None:
    adapter = TradingViewAdapter()

    for ask in (
        lambda: adapter.candles_request(AAPL, MINUTE),
        lambda: adapter.trades_request(AAPL),
        lambda: adapter.book_request(AAPL),
        lambda: adapter.tickers_request([AAPL]),
        adapter.instruments_request,
        adapter.time_request,
    ):
        with pytest.raises(NotOffered):
            ask()


def test_a_copy_speaks_to_the_same_server() -> None:
    adapter = TradingViewAdapter({"stream": "ws://127.0.0.1:9/socket"}, venue="MINE")

    made = adapter.copy()

    assert made.venue == "MINE"
    assert made.stream() == adapter.stream()


def test_given_up_charts_are_deleted_and_heard_of_no_more(talk: Talk) -> None:
    session = talk.open_chart()

    (gone,) = talk.adapter.unsubscribe([CANDLES])
    late = talk.load(session, [bar(0)])

    assert read(gone.text) == ["chart_delete_session", session]
    assert [one for one in late if not isinstance(one, Heartbeat)] == []
    assert talk.adapter.unsubscribe([CANDLES]) == []


# -- what comes ------------------------------------------------------------------------------


def test_history_is_candles_of_which_only_the_newest_is_open(talk: Talk) -> None:
    events = talk.load(talk.open_chart(), [bar(0, 10.5), bar(1, 10.6), bar(2, 10.7)])

    assert shapes(events) == [(0, 10.5, True), (1, 10.6, True), (2, 10.7, False)]
    assert of(Ack, events) == [Ack(1)]
    assert of(Loaded, events) == [Loaded(CANDLES, "unofficial")]
    assert of(Candle, events)[0] == Candle(
        AAPL, MINUTE, START * NS, 10.0, 11.0, 9.0, 10.5, 100.0, True, 0, NOW
    )


def test_an_empty_history_is_a_history(talk: Talk) -> None:
    events = talk.load(talk.open_chart(), [])

    assert of(Ack, events) == [Ack(1)]
    assert shapes(events) == []


@pytest.mark.parametrize(
    ("mode", "note"),
    [
        ("streaming", "unofficial"),
        ("delayed_streaming_900", "15m late, unofficial"),
        ("delayed_streaming_90", "90s late, unofficial"),
        ("endofday", "end of day only, unofficial"),
        ("snapshot", "a snapshot, not live, unofficial"),
        ("something\x1b[2J else", "something� else, unofficial"),
    ],
)
def test_the_panel_says_how_late_the_data_is(talk: Talk, mode: str, note: str) -> None:
    events = talk.load(talk.open_chart(), [bar(0)], mode)

    assert of(Loaded, events) == [Loaded(CANDLES, note)]


def test_the_running_candle_is_replaced_and_the_next_one_closes_it(talk: Talk) -> None:
    session = talk.open_chart()
    talk.load(session, [bar(0), bar(1, 10.1)])

    changed = talk.update(session, bar(1, 10.2))
    followed = talk.update(session, bar(2, 10.3))

    assert shapes(changed) == [(1, 10.2, False)]
    assert shapes(followed) == [(1, 10.2, True), (2, 10.3, False)]


def test_final_values_and_the_next_candle_may_come_together(talk: Talk) -> None:
    session = talk.open_chart()
    talk.load(session, [bar(1, 10.1)])

    events = talk.update(session, bar(1, 10.2), bar(2, 10.3))

    assert shapes(events) == [(1, 10.2, True), (2, 10.3, False)]


def test_a_correction_of_an_older_candle_is_a_closed_one(talk: Talk) -> None:
    session = talk.open_chart()
    talk.load(session, [bar(0), bar(1, 10.1)])

    assert shapes(talk.update(session, bar(0, 9.9))) == [(0, 9.9, True)]
    assert shapes(talk.update(session, bar(1, 10.2))) == [(1, 10.2, False)]


def test_new_bars_may_come_as_an_update_of_the_time_axis(talk: Talk) -> None:
    session = talk.open_chart()
    talk.load(session, [bar(0, 10.1)])
    more = message("timescale_update", session, {"sds_1": {"s": [bar(1)], "t": "s1"}}, {})

    assert shapes(talk.tell(more)) == [(0, 10.1, True), (1, 10.5, False)]


def test_a_quiet_candle_is_closed_by_the_venues_clock(talk: Talk) -> None:
    session = talk.open_chart()
    ours = (START + 90 + 3600) * NS  # our clock is an hour ahead
    at_ms = (START + 90) * 1000
    talk.tell(message("series_loading", session, "sds_1", "s1", at_ms=at_ms), at=ours)
    talk.load(session, [bar(0), bar(1, 10.1)], at=ours)

    early = talk.tell("~h~1", at=ours + 34 * NS)  # 4 s after the end: changes may be on their way
    due = talk.tell("~h~2", at=ours + 35 * NS)
    again = talk.tell("~h~3", at=ours + 45 * NS)

    assert shapes(early) == []
    assert shapes(due) == [(1, 10.1, True)]
    assert shapes(again) == []


def test_a_late_change_of_a_candle_closed_by_the_clock_does_not_open_it(talk: Talk) -> None:
    session = talk.open_chart()
    talk.load(session, [bar(0, 10.1)])
    talk.tell("~h~1", at=(START + 65) * NS)

    assert shapes(talk.update(session, bar(0, 10.2))) == [(0, 10.2, True)]
    assert shapes(talk.update(session, bar(1, 10.3))) == [(1, 10.3, False)]


def test_delayed_candles_end_later_by_their_delay(talk: Talk) -> None:
    session = talk.open_chart()
    talk.load(session, [bar(0)], "delayed_streaming_900")

    assert shapes(talk.tell("~h~1", at=(START + 964) * NS)) == []
    assert shapes(talk.tell("~h~1", at=(START + 965) * NS)) == [(0, 10.5, True)]


def test_a_day_ends_with_its_session(talk: Talk) -> None:
    daily = Subscription(AAPL, Channel.CANDLES, DAY)
    session = talk.open_chart(daily)
    talk.load(session, [bar(0)])
    closing = START + 6 * 3600 + 30 * 60
    talk.update(session, bar(0), lbs={"bar_close_time": closing})

    assert shapes(talk.tell("~h~1", at=(closing + 4) * NS)) == []
    assert shapes(talk.tell("~h~1", at=(closing + 5) * NS)) == [(0, 10.5, True)]


def test_an_end_that_cannot_be_is_not_believed(talk: Talk) -> None:
    session = talk.open_chart()
    talk.load(session, [bar(0)])

    events = talk.update(session, bar(0), lbs={"bar_close_time": START - 5})

    assert shapes(events) == [(0, 10.5, False)]
    assert shapes(talk.tell("~h~1", at=(START + 65) * NS)) == [(0, 10.5, True)]


def test_candles_bear_the_time_of_their_sending(talk: Talk) -> None:
    session = talk.open_chart()
    talk.load(session, [bar(0)])
    stamped = message("du", session, {"sds_1": {"s": [bar(0)], "t": "s1"}}, at_ms=1_700_000_050_007)

    time, candle = talk.tell(stamped, at=1_700_000_050_107 * 10**6)
    unstamped = talk.update(session, bar(0, 10.6), at=1_700_000_051_107 * 10**6)

    assert time == ServerTime(1_700_000_050_007_000_000, 1_700_000_050_107_000_000)
    assert isinstance(candle, Candle)
    assert candle.ts_exchange == 1_700_000_050_007_000_000
    assert isinstance(unstamped[0], Heartbeat)
    assert of(Candle, unstamped)[0].ts_exchange == 1_700_000_051_007_000_000


def test_a_candle_without_volume_has_none(talk: Talk) -> None:
    events = talk.load(talk.open_chart(), [bar(0, volume=None), bar(1, volume=1e100)])

    assert [one.volume for one in of(Candle, events)] == [0.0, 0.0]


def test_a_span_in_which_nothing_was_traded_is_left_out(talk: Talk) -> None:
    nothing = {"i": 1, "v": [START + 60.0, 1e100, 1e100, 1e100, 1e100, 0.0]}

    assert shapes(talk.load(talk.open_chart(), [bar(0), nothing])) == [(0, 10.5, False)]


def test_data_of_an_earlier_request_and_of_others_series_is_left_out(talk: Talk) -> None:
    session = talk.open_chart()
    talk.load(session, [bar(0)])

    old = talk.update(session, bar(0, 99.0), t="s0")
    others = talk.tell(message("du", session, {"sds_2": {"s": [bar(0)]}, "sds_1": None}))
    strangers = talk.update("cs_somebodyelse", bar(0))

    assert shapes([*old, *others, *strangers]) == []


def test_one_bad_bar_spoils_no_other(talk: Talk) -> None:
    short, late = {"i": 1, "v": [1.0, 2.0]}, {"i": 2, "v": [1e30, 1.0, 1.0, 1.0, 1.0]}

    events = talk.load(talk.open_chart(), [bar(0), short, late])

    assert shapes(events) == [(0, 10.5, False)]
    assert [one.message for one in of(ParseFailure, events)] == [
        "2 values are no candle - at `$.p[1].sds_1.s[1].v`",
        "1e+30 is not a candle's time - at `$.p[1].sds_1.s[2].v`",
    ]


def test_the_symbol_tells_its_price_step(talk: Talk) -> None:
    session = talk.open_chart()
    info = {"name": "AAPL", "currency_code": "USD", "pricescale": 100, "minmov": 5, "x": [1]}

    events = talk.tell(message("symbol_resolved", session, "sds_sym_1", info))

    assert of(InstrumentInfo, events) == [InstrumentInfo(AAPL, "AAPL", "USD", "0.05")]


def test_a_heartbeat_among_data_is_answered(talk: Talk) -> None:
    session = talk.open_chart()
    talk.load(session, [bar(0)])
    update = message("du", session, {"sds_1": {"s": [bar(0, 10.7)], "t": "s1"}})

    events = talk.tell(update, "~h~12", update)

    assert [one.reply for one in of(Heartbeat, events) if one.reply] == ["~m~5~m~~h~12"]
    assert shapes(events) == [(0, 10.7, False), (0, 10.7, False)]


# -- refusals --------------------------------------------------------------------------------


def test_a_symbol_is_tried_in_three_ways_and_then_rejected(talk: Talk) -> None:
    session = talk.open_chart()
    asked = []
    for attempt in (1, 2):
        error = message("symbol_error", session, f"sds_sym_{attempt}", "invalid symbol")
        (reply,) = of(Reply, talk.tell(error))
        asked.append(read(reply.text))

    events = talk.tell(message("symbol_error", session, "sds_sym_3", "invalid symbol"))

    assert asked == [
        ["resolve_symbol", session, "sds_sym_2", '={"symbol":"NASDAQ:AAPL"}'],
        ["resolve_symbol", session, "sds_sym_3", "NASDAQ:AAPL"],
    ]
    assert of(Rejection, events) == [
        Rejection("unknown symbol (invalid symbol)", subscription=CANDLES)
    ]
    assert [read(one.text) for one in of(Reply, events)] == [["chart_delete_session", session]]


def test_the_second_try_may_succeed(talk: Talk) -> None:
    session = talk.open_chart()
    talk.tell(message("symbol_error", session, "sds_sym_1", "invalid symbol"))

    (reply,) = of(Reply, talk.tell(message("symbol_resolved", session, "sds_sym_2", {})))

    assert read(reply.text)[:5] == ["create_series", session, "sds_1", "s1", "sds_sym_2"]


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("custom_resolution", "the timeframe is not in this account's plan (custom_resolution)"),
        (
            "seconds_not_entitled",
            "timeframes of seconds are not in this account's plan (seconds_not_entitled)",
        ),
        (
            "study_not_auth:BarSetRenko@tv-prostudies-40",
            "the study is not in this account's plan (study_not_auth:BarSetRenko@tv-prostudies-40)",
        ),
        ("a new\x1b[31m one", "a new� one"),
        ("", "refused without a reason"),
    ],
)
def test_a_refused_series_is_rejected_in_plain_words(talk: Talk, said: str, meant: str) -> None:
    session = talk.open_chart()

    events = talk.tell(message("series_error", session, "sds_1", "s1", said))

    assert of(Rejection, events) == [Rejection(meant, subscription=CANDLES)]


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (
            ["exceed limit of series in the session", "method: create_series."],
            "no more series in a chart with this account",
        ),
        (["max sessions rate reached"], "too many charts in a short time: wait some minutes"),
        (["Max state sessions reached"], "too many charts are open with this account"),
        (["invalid timezone"], "the time zone is not accepted"),
        (["invalid parameters", "method: create_series"], "the request is not accepted"),
    ],
)
def test_what_a_new_session_cannot_help_is_rejected_at_once(
    talk: Talk, said: list[str], meant: str
) -> None:
    session = talk.open_chart()

    (rejection,) = of(Rejection, talk.tell(message("critical_error", session, *said)))

    assert rejection.subscription == CANDLES
    assert rejection.reason == f"{meant} ({' '.join(said)})"


def test_a_session_that_ends_is_opened_again_once(talk: Talk) -> None:
    first = talk.open_chart()
    talk.load(first, [bar(0)])

    reopened = talk.tell(message("critical_error", first, "unknown_session_id"))
    second = read(of(Reply, reopened)[0].text)[1]
    history = talk.load(second, [bar(0), bar(1)])
    ended = talk.tell(message("critical_error", second, "unknown_session_id"))

    assert [read(one.text)[0] for one in of(Reply, reopened)] == [
        "chart_create_session",
        "switch_timezone",
        "resolve_symbol",
    ]
    assert of(VenueNotice, reopened)[0].message == (
        "the chart of NASDAQ:AAPL 1m is opened again: the session is gone (unknown_session_id)"
    )
    assert second != first
    assert shapes(history) == [(0, 10.5, True), (1, 10.5, False)]
    assert of(Rejection, ended) == [
        Rejection("the session is gone (unknown_session_id)", subscription=CANDLES)
    ]


def test_an_error_of_a_session_that_nobody_knows_is_told(talk: Talk) -> None:
    events = talk.tell(message("critical_error", "cs_gone", "duplicate id"))

    assert of(VenueNotice, events)[0].message == (
        "a session ended: a name was used twice in the session (duplicate id)"
    )


def test_an_error_of_the_protocol_is_told(talk: Talk) -> None:
    events = talk.tell(message("protocol_error", "wrong data"))

    assert of(VenueNotice, events)[0].message == (
        "TradingView ends the connection: our message was not understood (wrong data)"
    )
    assert of(Rejection, events) == []


def test_a_token_that_is_not_accepted_rejects_all_that_was_asked_for(talk: Talk) -> None:
    ticker = Subscription(AAPL, Channel.TICKER)
    talk.ask(CANDLES, ticker)

    events = talk.tell(message("protocol_error", "bad auth token"))

    assert of(Rejection, events) == [
        Rejection("the token is not accepted (bad auth token)", subscription=CANDLES),
        Rejection("the token is not accepted (bad auth token)", subscription=ticker),
    ]


def test_nothing_is_asked_for_with_a_token_that_was_refused_until_there_is_another(
    talk: Talk,
) -> None:
    policy = talk.adapter.authentication
    assert policy is not None
    assert policy.message is not None
    policy.message("old.token")
    talk.tell(message("protocol_error", "bad auth token"))
    talk.adapter.connection_lost()

    policy.message("old.token")
    with pytest.raises(ConfigError, match="the token is not accepted"):
        talk.ask(CANDLES)

    policy.message("new.token")
    assert talk.ask(CANDLES)[-1][0] == "resolve_symbol"


def test_messages_of_no_concern_are_signs_of_life(talk: Talk) -> None:
    events = talk.tell(message("series_timeframe", "cs_x", "sds_1", "s1", 1, 2, "12M", True))

    assert events == [Heartbeat(NOW)]


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ({"x": 1}, "a message without a name - at `$.m`"),
        ({"m": 5}, "Expected `str`, got `int` - at `$.m`"),
        ({"m": "du", "p": 1}, "Expected `array`, got `int` - at `$.p`"),
        ({"m": "du", "p": []}, "du: missing - at `$.p[0]`"),
        ("x", "JSON is malformed: invalid character (byte 0)"),
        ("~h~x", "a heartbeat without a number"),
        ('["m"]', "Expected `object`, got `array`"),
    ],
)
def test_what_is_not_understood_names_its_field(talk: Talk, raw: object, words: str) -> None:
    (failure,) = talk.tell(raw)

    assert isinstance(failure, ParseFailure)
    assert failure.message == words


def test_a_wrong_value_deep_inside_is_named(talk: Talk) -> None:
    session = talk.open_chart()

    (failure,) = talk.tell(message("du", session, {"sds_1": {"s": [{"v": [1.0, "x"]}]}}))

    assert failure.message == (
        "du: Expected `float | null`, got `str` - at `$[...].s[0].v[1]` - in `$.p[1]`"
    )


def test_what_was_whole_counts_though_the_rest_is_cut_off(talk: Talk) -> None:
    session = talk.open_chart()
    whole = frame(message("symbol_resolved", session, "sds_sym_1", {}))

    events = talk.adapter.decode(whole + b"~m~99~m~{", NOW)

    assert len(of(Reply, events)) == 1
    assert of(ParseFailure, events)[0].message == "a message of length 99 is cut off after 1"
