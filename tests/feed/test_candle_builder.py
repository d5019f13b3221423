"""Candles added up from trades."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from tui.feed.candle_builder import CandleBuilder
from tui.model.events import Candle, Side, Trade
from tui.model.instrument import Instrument
from tui.model.timeframe import Timeframe

BTC = Instrument("COINBASE", "BTC-USD")
NS = 1_000_000_000
MINUTE = Timeframe.parse("1m")
START = 29_000_000 * 60 * NS


def trade(seconds: float, price: float, size: float = 1.0, side: Side = Side.BUY) -> Trade:
    ts = START + round(seconds * NS)
    return Trade(BTC, price, size, side, ts, ts, None, str(price), str(size))


def build(trades: list[Trade], timeframe: Timeframe = MINUTE) -> dict[int, Candle]:
    """The last state of every candle, by open time."""
    builder = CandleBuilder(BTC, timeframe)
    candles = {}
    for one in trades:
        for candle in builder.add(one):
            candles[candle.open_time] = candle
    return candles


def test_a_candle_is_the_sum_of_its_trades() -> None:
    candles = build(
        [
            trade(0, 100.0, 1.0),
            trade(10, 105.0, 2.0, Side.SELL),
            trade(20, 95.0, 3.0),
            trade(59.9, 101.0, 4.0),
        ]
    )

    candle = candles[START]
    assert (candle.open, candle.high, candle.low, candle.close) == (100.0, 105.0, 95.0, 101.0)
    assert (candle.volume, candle.taker_buy_volume, candle.trades) == (10.0, 8.0, 4)
    assert candle.quote_volume == 100.0 + 210.0 + 285.0 + 404.0
    assert not candle.closed


def test_the_first_instant_of_a_minute_belongs_to_the_new_candle() -> None:
    candles = build([trade(59.999, 100.0), trade(60.0, 101.0)])

    assert candles[START].closed
    assert candles[START].close == 100.0
    assert candles[START + 60 * NS].open == 101.0
    assert not candles[START + 60 * NS].closed


def test_a_late_trade_corrects_the_candle_it_belongs_to() -> None:
    candles = build([trade(10, 100.0), trade(61, 101.0), trade(30, 120.0)])

    late = candles[START]
    assert (late.open, late.high, late.close, late.volume) == (100.0, 120.0, 120.0, 2.0)
    assert late.closed


def test_a_trade_out_of_order_moves_the_open_or_nothing_but_never_the_close() -> None:
    candles = build([trade(10, 100.0), trade(50, 101.0), trade(5, 99.0), trade(20, 100.5)])

    assert (candles[START].open, candles[START].close) == (99.0, 101.0)


def test_a_trade_too_old_for_any_held_candle_changes_nothing() -> None:
    builder = CandleBuilder(BTC, MINUTE)
    for minute in range(10):
        builder.add(trade(minute * 60, 100.0))

    assert builder.add(trade(1, 50.0)) == []


def test_months_follow_the_calendar() -> None:
    def at(year: int, month: int, day: int, hour: int = 0) -> int:
        return int(datetime(year, month, day, hour, tzinfo=UTC).timestamp()) * NS

    def moment(ts: int, price: float) -> Trade:
        return Trade(BTC, price, 1.0, Side.BUY, ts, ts, None, "", "")

    candles = build(
        [
            moment(at(2024, 2, 1), 1.0),
            moment(at(2024, 2, 29, 23), 2.0),
            moment(at(2024, 3, 1), 3.0),
        ],
        Timeframe.parse("1M"),
    )

    assert candles[at(2024, 2, 1)].close == 2.0
    assert candles[at(2024, 2, 1)].closed
    assert candles[at(2024, 3, 1)].open == 3.0


def test_time_closes_a_candle_that_no_trade_follows() -> None:
    builder = CandleBuilder(BTC, MINUTE)
    builder.add(trade(10, 100.0))
    assert builder.close_until(START + 59 * NS, 0) == []

    (closed,) = builder.close_until(START + 60 * NS, 0)

    assert closed.closed
    assert builder.close_until(START + 61 * NS, 0) == []


def test_a_candle_that_began_before_we_did_is_named_once_when_it_closes() -> None:
    builder = CandleBuilder(BTC, MINUTE)
    builder.add(trade(30, 100.0))
    builder.add(trade(60, 100.0))
    builder.add(trade(120, 100.0))

    assert builder.take_incomplete() == [START]
    assert builder.take_incomplete() == []


def test_after_a_gap_the_open_candle_is_not_whole_but_the_next_one_is() -> None:
    builder = CandleBuilder(BTC, MINUTE)
    for moment in (0, 60, 90):
        builder.add(trade(moment, 100.0))
    builder.take_incomplete()

    builder.interrupt()
    for moment in (100, 120, 180):
        builder.add(trade(moment, 100.0))

    assert builder.take_incomplete() == [START + 60 * NS]


def test_it_goes_on_from_a_fetched_candle() -> None:
    builder = CandleBuilder(BTC, MINUTE)
    builder.seed(
        Candle(
            BTC, MINUTE, START, 90.0, 110.0, 80.0, 100.0, 50.0, False, trades=7, quote_volume=5.0
        )
    )

    (candle,) = builder.add(trade(30, 120.0, 2.0))

    assert (candle.open, candle.high, candle.low, candle.close) == (90.0, 120.0, 80.0, 120.0)
    assert (candle.volume, candle.trades) == (52.0, 8)


def test_a_whole_candle_is_not_replaced_by_a_fetched_one() -> None:
    builder = CandleBuilder(BTC, MINUTE)
    builder.add(trade(0, 100.0))
    builder.add(trade(60, 100.0, 3.0))

    builder.seed(Candle(BTC, MINUTE, START + 60 * NS, 1.0, 1.0, 1.0, 1.0, 99.0, False))
    (candle,) = builder.add(trade(61, 101.0, 1.0))

    assert candle.volume == 4.0


@given(
    st.lists(st.tuples(st.integers(0, 239), st.integers(1, 1000), st.integers(1, 50)), max_size=60)
)
def test_late_trades_in_any_order_give_the_same_candles(rows: list[tuple[int, int, int]]) -> None:
    unique = {second: (price, size) for second, price, size in rows}
    arrived = [trade(second, price, size) for second, (price, size) in unique.items()]
    ordered = sorted(arrived, key=lambda one: one.ts_exchange)
    opening = {one.ts_exchange // (60 * NS): one for one in reversed(ordered)}
    heads = sorted(opening.values(), key=lambda one: one.ts_exchange)
    late = [one for one in arrived if one not in heads]

    candles = build([*heads, *late])

    assert len(candles) == len(heads)
    for open_time, candle in candles.items():
        inside = [one for one in ordered if open_time <= one.ts_exchange < open_time + 60 * NS]
        assert candle.open == inside[0].price
        assert candle.close == inside[-1].price
        assert candle.high == max(one.price for one in inside)
        assert candle.low == min(one.price for one in inside)
        assert candle.volume == sum(one.size for one in inside)
        assert candle.trades == len(inside)
