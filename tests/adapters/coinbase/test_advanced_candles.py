"""Advanced Trade streams candles of five minutes, and never says when one is over."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tui.adapters.coinbase import CoinbaseAdapter
from tui.model.errors import InstrumentError
from tui.model.events import Candle, Gap, ParseFailure, ServerTime
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription
from tui.model.timeframe import NS, Timeframe

BTC = Instrument("COINBASE", "BTC-USD")
FIVE_MINUTES = Timeframe(5, "m")
CANDLES = Subscription(BTC, Channel.CANDLES, FIVE_MINUTES)
BEGIN = 1_790_733_600
"""2026-09-30 02:00:00 UTC, in seconds."""


class Connection:
    """An adapter that is told frames with the times and the numbers that they have."""

    def __init__(self) -> None:
        self.adapter = CoinbaseAdapter({"protocol": "advanced"})
        self.messages = self.adapter.subscribe([CANDLES])
        self._number = 0

    def hear(self, channel: str, second: float, *events: Any) -> list[Any]:
        """A frame of so many seconds after the candle's begin."""
        sent = datetime.fromtimestamp(BEGIN + second, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        frame = {"channel": channel, "timestamp": sent, "sequence_num": self._number}
        self._number += 1
        told = json.dumps({**frame, "events": events}).encode()
        return self.adapter.decode(told, round((BEGIN + second) * NS))

    def candles(self, second: float, *rows: dict[str, str], kind: str = "update") -> list[Any]:
        return self.hear("candles", second, {"type": kind, "candles": rows})

    def beat(self, second: float) -> list[Any]:
        return self.hear("heartbeats", second, {"heartbeat_counter": 1})[1:]


@pytest.fixture
def connection() -> Connection:
    return Connection()


def row(number: int, volume: str, product: str = "BTC-USD") -> dict[str, str]:
    """The candle so many spans after the first."""
    prices = {"high": "30", "low": "10", "open": "20", "close": "25.5"}
    start = str(BEGIN + 300 * number)
    return {"start": start, **prices, "volume": volume, "product_id": product}


def told(events: list[Any]) -> list[tuple[int, float, bool]]:
    """Number, volume, and whether it is over."""
    return [
        ((one.open_time // NS - BEGIN) // 300, one.volume, one.closed)
        for one in events
        if isinstance(one, Candle)
    ]


def test_candles_of_five_minutes_are_asked_for_and_no_others(connection: Connection) -> None:
    adapter = connection.adapter

    assert json.loads(connection.messages[-1].text) == {
        "type": "subscribe",
        "product_ids": ["BTC-USD"],
        "channel": "candles",
    }
    assert Channel.CANDLES in adapter.channels
    assert adapter.streamed_timeframes == (FIVE_MINUTES,)
    with pytest.raises(InstrumentError, match="does not stream candles of 1m"):
        adapter.subscribe([Subscription(BTC, Channel.CANDLES, Timeframe(1, "m"))])


def test_exchange_streams_none() -> None:
    adapter = CoinbaseAdapter()

    assert Channel.CANDLES not in adapter.channels
    assert adapter.streamed_timeframes == ()


def test_an_update_is_the_open_candle(connection: Connection) -> None:
    time, candle = connection.candles(12.5, row(0, "1.25"))

    assert time == ServerTime((BEGIN * 10 + 125) * NS // 10, (BEGIN * 10 + 125) * NS // 10)
    assert candle == Candle(
        BTC,
        FIVE_MINUTES,
        BEGIN * NS,
        open=20.0,
        high=30.0,
        low=10.0,
        close=25.5,
        volume=1.25,
        closed=False,
        ts_exchange=time.ts_exchange,
        ts_local=time.ts_local,
    )


def test_of_a_snapshot_all_but_the_newest_are_over(connection: Connection) -> None:
    events = connection.candles(650, row(2, "3"), row(1, "2"), row(0, "1"), kind="snapshot")

    over = [one for one in told(events) if one[2]]
    assert over == [(0, 1.0, True), (1, 2.0, True)]
    assert told(events)[-1] == (2, 3.0, False)


def test_the_end_of_a_candle_that_was_told_too_soon_is_asked_for_once(
    connection: Connection,
) -> None:
    connection.candles(299.4, row(0, "1"))

    assert told(connection.candles(300.6, row(1, "0.5"))) == [(1, 0.5, False)]
    assert connection.beat(303) == []
    (gap,) = connection.beat(304)
    assert isinstance(gap, Gap)
    assert (gap.subscription, gap.is_usual) == (CANDLES, True)
    assert connection.beat(305) == []


def test_a_candle_that_is_told_once_more_after_its_end_is_over(connection: Connection) -> None:
    connection.candles(299.4, row(0, "1"))

    events = connection.candles(300.6, row(1, "0.5"), row(0, "1.5"))

    assert told(events) == [(0, 1.5, False), (0, 1.5, True), (1, 0.5, False)]
    assert connection.beat(304) == []


def test_a_candle_that_is_corrected_later_is_over_as_well(connection: Connection) -> None:
    connection.candles(299.4, row(0, "1"))
    connection.candles(300.6, row(1, "0.5"))

    assert told(connection.candles(301.6, row(0, "1.5"))) == [(0, 1.5, True)]
    assert connection.beat(304) == []


def test_in_a_quiet_market_the_clock_ends_a_candle(connection: Connection) -> None:
    connection.candles(250, row(0, "1"))

    assert connection.beat(301) == []
    assert [type(one) for one in connection.beat(304)] == [Gap]


def test_a_candle_last_told_after_its_end_is_over_by_the_clock(connection: Connection) -> None:
    connection.candles(300.2, row(0, "1"))

    assert connection.beat(301) == []
    assert told(connection.beat(302)) == [(0, 1.0, True)]
    assert connection.beat(304) == []


def test_nothing_is_asked_for_that_is_wanted_no_longer(connection: Connection) -> None:
    connection.candles(299.4, row(0, "1"))
    connection.candles(300.6, row(1, "0.5"))

    connection.adapter.unsubscribe([CANDLES])

    assert connection.beat(304) == []
    assert connection.beat(900) == []


def test_another_connection_begins_with_nothing(connection: Connection) -> None:
    connection.candles(299.4, row(0, "1"))

    connection.adapter.connection_lost()

    assert connection.beat(400) == []


def test_dollars_are_told_to_whoever_asked_for_usdc() -> None:
    connection = Connection()
    usdc = Instrument("COINBASE", "BTC-USDC")
    connection.adapter.connection_lost()
    connection.adapter.subscribe([Subscription(usdc, Channel.CANDLES, FIVE_MINUTES)])

    _, candle = connection.candles(12, row(0, "1"))

    assert candle.instrument == usdc


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("start", str(BEGIN + 1)),
        ("start", str(BEGIN + 900)),
        ("start", "9999999999"),
        ("start", "soon"),
        ("volume", "-1"),
        ("high", "NaN"),
        ("product_id", 7),
    ],
)
def test_a_candle_that_cannot_be_is_reported_with_its_field(
    connection: Connection, field: str, value: Any
) -> None:
    events = connection.candles(12, {**row(0, "1"), field: value})

    (failure,) = events
    assert isinstance(failure, ParseFailure)
    assert f".{field}`" in failure.message
