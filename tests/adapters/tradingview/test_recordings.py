"""Real frames, and exactly what must come out of them."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest
from talk import Talk, of

from tui.adapters.tradingview.framing import split
from tui.model.events import (
    Ack,
    Candle,
    Event,
    Heartbeat,
    Loaded,
    ParseFailure,
    ServerTime,
    Status,
    Ticker,
    VenueNotice,
)
from tui.model.instrument import Instrument, InstrumentInfo
from tui.model.subscription import Channel, Subscription
from tui.model.timeframe import Timeframe

DAY = Timeframe.parse("1d")
MINUTE = Timeframe.parse("1m")
# Sessions of the recorded client with the name of their series, and what they showed.
CHARTS = {
    "cs_FgfPxXzCgyqG": ("sds_2", "NASDAQ:NDX", MINUTE),
    "cs_tP31hw7Hjj9a": ("sds_3", "CBOE:VIX", MINUTE),
    "cs_0USnzSyOw3K4": ("sds_4", "TVC:DXY", MINUTE),
    "cs_1lMtxZTkwtYN": ("sds_5", "TVC:DJI", MINUTE),
    "cs_qgmDV4kRhh9c": ("sds_6", "TVC:RUT", MINUTE),
    "cs_HkkyfdFBmlYf": ("sds_7", "SP:SPX", DAY),
}
QUOTES = ["SP:SPX", "NASDAQ:NDX", "BITSTAMP:BTCUSD", "NASDAQ:AAPL", "NASDAQ:TSLA"]


@pytest.fixture(scope="module")
def chart_load(shared_recordings: Path) -> list[str]:
    """The frames in the order in which they were sent: the capture has the newest first."""
    with gzip.open(shared_recordings / "tradingview_chart_load.jsonl.gz", "rt") as lines:
        return [json.loads(line)["raw"] for line in lines][::-1]


@pytest.fixture(scope="module")
def single_frames(shared_recordings: Path) -> list[bytes]:
    text = (shared_recordings / "tradingview_frames.jsonl").read_text()
    return [json.loads(line)["frame"].encode() for line in text.splitlines()]


@pytest.fixture(scope="module")
def loaded(chart_load: list[str]) -> list[Event]:
    """What the adapter makes of the chart load, as if it had been the client."""
    talk = Talk()
    names: dict[str, str] = {}
    for session, (series, symbol, timeframe) in CHARTS.items():
        chart = Subscription(Instrument("TRADINGVIEW", symbol), Channel.CANDLES, timeframe)
        number = series.removeprefix("sds_")
        names |= {session: talk.open_chart(chart), f"sds_sym_{number}": "sds_sym_1"}
        names[f'"{series}"'] = '"sds_1"'
    tickers = [Subscription(Instrument("TRADINGVIEW", symbol), Channel.TICKER) for symbol in QUOTES]
    asked = talk.ask(*tickers)
    names["qs_PL4Mnuk8pRGP"] = next(one[1] for one in asked if one[0] == "quote_create_session")
    events: list[Event] = []
    for raw in chart_load:
        for theirs, ours in names.items():
            assert theirs == ours or len(theirs) == len(ours)
            raw = raw.replace(theirs, ours)
        events += talk.adapter.decode(raw.encode(), 1_686_475_614_000_000_000)
    return events


# -- the framing -----------------------------------------------------------------------------


def test_every_length_of_the_chart_load_is_exact(chart_load: list[str]) -> None:
    bodies = [list(split(raw.encode())) for raw in chart_load]

    assert len(chart_load) == 42
    assert [len(one) for one in bodies] == [1] * 42
    assert all(isinstance(json.loads(one[0]), dict) for one in bodies)
    assert max(len(raw) for raw in chart_load) == 333_251


def test_the_chart_load_holds_these_messages(chart_load: list[str]) -> None:
    kinds = Counter(json.loads(next(split(raw.encode())))["m"] for raw in chart_load)

    assert kinds == {
        "timescale_update": 6,
        "series_completed": 6,
        "du": 5,
        "qsd": 5,
        "quote_completed": 5,
        "study_completed": 5,
        "series_timeframe": 8,
        "symbol_resolved": 2,
    }


def test_all_single_frames_are_split_exactly(single_frames: list[bytes]) -> None:
    assert len(single_frames) == 7
    assert [len(list(split(one))) for one in single_frames] == [1, 2, 2, 1, 1, 1, 1]


def test_the_korean_length_counts_utf_16_units(single_frames: list[bytes]) -> None:
    korean = next(one for one in single_frames if b"KRX:005930" in one)
    (body,) = split(korean)

    assert korean.startswith(b"~m~99~m~")
    assert len(body.decode()) == 99
    assert len(body) == 113
    assert json.loads(body)["p"][1]["v"] == {"local_description": "삼성전자보통주"}


# -- the chart load --------------------------------------------------------------------------


def test_no_message_of_the_chart_load_fails(loaded: list[Event]) -> None:
    assert of(ParseFailure, loaded) == []


def candles_of(events: list[Event], symbol: str) -> list[Candle]:
    return [one for one in of(Candle, events) if one.instrument.symbol == symbol]


@pytest.mark.parametrize(
    ("symbol", "number", "first"),
    [
        ("NASDAQ:NDX", 2637, (1685632200, 14324.2495, 14329.3185, 14321.9913, 14329.2387, 0.0)),
        ("TVC:DJI", 2637, (1685633880, 33019.3, 33025.31, 33018.84, 33021.84, 638315.0)),
        ("SP:SPX", 368, (1640183400, 4650.36, 4697.67, 4645.53, 4696.57, 1798000000.0)),
    ],
)
def test_history_becomes_candles(
    loaded: list[Event], symbol: str, number: int, first: tuple[Any, ...]
) -> None:
    *candles, closed_at_last = candles_of(loaded, symbol)
    oldest = candles[0]

    assert len(candles) == number
    assert (
        oldest.open_time // 1_000_000_000,
        oldest.open,
        oldest.high,
        oldest.low,
        oldest.close,
        oldest.volume,
    ) == first
    times = [one.open_time for one in candles]
    assert times == sorted(set(times))
    assert [one.closed for one in candles] == [True] * (number - 1) + [False]
    # The market had closed long before: so had the newest candle, at the latest when its delay is known.
    assert closed_at_last == msgspec.structs.replace(
        candles[-1], closed=True, ts_exchange=closed_at_last.ts_exchange
    )


def test_every_series_is_loaded_and_two_are_said_to_be_late(loaded: list[Event]) -> None:
    notes = {
        one.subscription.instrument.symbol: one.note
        for one in of(Loaded, loaded)
        if one.subscription.channel is Channel.CANDLES
    }

    assert len(of(Ack, loaded)) == 6
    assert notes == {
        "NASDAQ:NDX": "15m late, unofficial",
        "CBOE:VIX": "15m late, unofficial",
        "TVC:DXY": "unofficial",
        "TVC:DJI": "unofficial",
        "TVC:RUT": "unofficial",
        "SP:SPX": "unofficial",
    }


def test_quotes_become_tickers_with_their_digits_and_delays(loaded: list[Event]) -> None:
    tickers = {one.instrument.symbol: one for one in of(Ticker, loaded)}
    late = {
        one.subscription.instrument.symbol: one.note
        for one in of(Loaded, loaded)
        if one.subscription.channel is Channel.TICKER
    }

    assert len(of(Ticker, loaded)) == 5
    assert {symbol: one.last_text for symbol, one in tickers.items()} == {
        "SP:SPX": "4298.87",
        "NASDAQ:NDX": "14528.36",
        "BITSTAMP:BTCUSD": "25753",
        "NASDAQ:AAPL": "180.96",
        "NASDAQ:TSLA": "244.40",
    }
    assert tickers["NASDAQ:TSLA"].change_percent == 4.06
    assert tickers["NASDAQ:NDX"].volume is None  # 1e+100 stands for no value
    assert late["NASDAQ:NDX"] == "15m late, unofficial"
    assert late["NASDAQ:AAPL"] == "unofficial"


def test_the_venue_tells_of_instruments_and_of_closed_markets(loaded: list[Event]) -> None:
    states = {one.instrument.symbol: one.word for one in of(Status, loaded) if one.instrument}
    steps = {one.instrument.symbol: one.tick_size for one in of(InstrumentInfo, loaded)}

    assert states["NASDAQ:AAPL"] == "out_of_session"
    assert states["BITSTAMP:BTCUSD"] == "market"
    assert steps["NASDAQ:AAPL"] == "0.01"
    assert steps["BITSTAMP:BTCUSD"] == "1"


# -- single frames ---------------------------------------------------------------------------


def test_the_greeting_says_that_all_this_is_unofficial_once(single_frames: list[bytes]) -> None:
    talk = Talk()
    hello = next(one for one in single_frames if b"session_id" in one)

    time, notice = talk.adapter.decode(hello, 5)
    again = talk.adapter.decode(hello, 6)

    assert time == ServerTime(1_765_958_639_992_000_000, 5)
    assert isinstance(notice, VenueNotice)
    assert "publishes no interface" in notice.message
    assert of(VenueNotice, again) == []


def test_a_heartbeat_is_sent_back_as_it_came(single_frames: list[bytes]) -> None:
    assert Talk().adapter.decode(b"~m~4~m~~h~3", 5) == [Heartbeat(5, "~m~4~m~~h~3")]


def test_prices_of_twenty_digits_have_their_symbols_digits(single_frames: list[bytes]) -> None:
    talk = Talk()
    bitstamp = Subscription(Instrument("TRADINGVIEW", "BITSTAMP:BTCUSD"), Channel.TICKER)
    session = talk.open_quotes(bitstamp).encode()
    two = single_frames[1].replace(b"qs_NxbX6Jfp7lFA", session)

    first, second = of(Ticker, talk.adapter.decode(two, 5))

    assert first.ask == "8004.800000000000"[: len(first.ask or "")]
    assert second.last_text == "8004.80"
    assert second.open == 8007.67
    assert second.volume == 6219.89074752


def test_the_recorded_running_bar_is_a_candle(single_frames: list[bytes]) -> None:
    talk = Talk()
    gold = Subscription(Instrument("TRADINGVIEW", "OANDA:XAUUSD"), Channel.CANDLES, MINUTE)
    session = talk.open_chart(gold)
    raw = next(one for one in single_frames if b"cs_saydeutqehrd" in one)
    # The series of that client had a shorter name.
    body = next(split(raw)).replace(b"cs_saydeutqehrd", session.encode())
    body = body.replace(b'{"s1":', b'{"sds_1":')

    (candle,) = of(Candle, talk.adapter.decode(b"~m~%d~m~%s" % (len(body), body), 5))

    assert (candle.open, candle.high, candle.low, candle.close) == (
        1721.18,
        1721.75,
        1721.17,
        1721.74,
    )
    assert candle.volume == 229.7826
    assert candle.open_time == 1_663_050_540_000_000_000
    assert not candle.closed
