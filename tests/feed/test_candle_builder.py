"""Candles added up from trades."""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from tui.feed.candle_builder import CandleBuilder
from tui.market.candle_series import CandleSeries
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
    for minute in range(100):
        builder.add(trade(minute * 60, 100.0))

    builder.take_incomplete()

    assert builder.add(trade(1, 50.0)) == []
    assert builder.take_incomplete() == [START]


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


def test_what_takers_bought_is_not_known_of_a_candle_that_the_venue_did_not_tell_it_of() -> None:
    builder = CandleBuilder(BTC, MINUTE)
    builder.seed(Candle(BTC, MINUTE, START, 100.0, 101.0, 99.0, 100.0, 5.0, closed=False))

    candles = {each.open_time: each for each in builder.add(trade(30, 100.0, 1.0))}
    assert (candles[START].volume, candles[START].taker_buy_volume) == (6.0, None)

    candles = {each.open_time: each for each in builder.add(trade(61, 100.0, 2.0))}
    assert candles[START + 60 * NS].taker_buy_volume == 2.0


def test_a_fetched_candle_without_a_trade_says_nothing_of_those_to_come() -> None:
    builder = CandleBuilder(BTC, MINUTE)
    builder.seed(Candle(BTC, MINUTE, START, 90.0, 90.0, 90.0, 90.0, 0.0, False))

    builder.add(trade(30, 120.0, 2.0))
    (candle,) = builder.add(trade(31, 110.0, 1.0))

    assert (candle.open, candle.high, candle.low, candle.close) == (120.0, 120.0, 110.0, 110.0)
    assert candle.volume == 3.0


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


# -- flat candles ----------------------------------------------------------------------------


def flat_builder(*moments: float, timeframe: Timeframe = MINUTE) -> CandleBuilder:
    builder = CandleBuilder(BTC, timeframe, flat=True)
    for moment in moments:
        builder.add(trade(moment, 100.0 + moment))
    return builder


def test_minutes_without_a_trade_are_flat_at_the_last_price() -> None:
    builder = flat_builder(0, 60)

    candles = builder.add(trade(4 * 60, 90.0))

    assert [
        ((one.open_time - START) // (60 * NS), one.open, one.high, one.low, one.close, one.volume)
        for one in candles
    ] == [
        (1, 160.0, 160.0, 160.0, 160.0, 1.0),
        (2, 160.0, 160.0, 160.0, 160.0, 0.0),
        (3, 160.0, 160.0, 160.0, 160.0, 0.0),
        (4, 90.0, 90.0, 90.0, 90.0, 1.0),
    ]
    assert [one.closed for one in candles] == [True, True, True, False]


def test_flat_candles_come_with_time_alone_each_once() -> None:
    builder = flat_builder(0, 60)

    first = builder.close_until(START + 179 * NS, 0)
    second = builder.close_until(START + 240 * NS, 0)

    assert [(one.open_time - START) // (60 * NS) for one in first] == [1]
    assert [(one.open_time - START) // (60 * NS) for one in second] == [2, 3]
    assert builder.close_until(START + 241 * NS, 0) == []


def test_a_late_trade_moves_the_flat_candles_behind_it() -> None:
    builder = flat_builder(0, 60)
    builder.close_until(START + 5 * 60 * NS, 0)

    candles = builder.add(trade(130, 50.0))

    assert [((one.open_time - START) // (60 * NS), one.close) for one in candles] == [
        (2, 50.0),
        (3, 50.0),
        (4, 50.0),
    ]
    assert all(one.closed for one in candles)


def test_nothing_is_made_flat_while_trades_may_have_been_missed() -> None:
    builder = flat_builder(0, 60)
    builder.interrupt()

    assert [one.open_time for one in builder.close_until(START + 300 * NS, 0)] == [START + 60 * NS]
    candles = builder.add(trade(400, 1.0))
    assert [one.open_time for one in candles] == [START + 360 * NS]


def test_a_weekend_of_hours_is_flat_and_a_century_of_seconds_has_an_end() -> None:
    hours = flat_builder(0, 3600, timeframe=Timeframe.parse("1h"))
    assert len(hours.add(trade(3600 + 49 * 3600, 1.0))) == 1 + 48 + 1

    seconds = flat_builder(0, 1, timeframe=Timeframe.parse("1s"))
    assert len(seconds.add(trade(3e9, 1.0))) <= 10_003


# -- what was fetched ------------------------------------------------------------------------


def fetched(minute: int, volume: float, *, closed: bool) -> Candle:
    start = START + minute * 60 * NS
    at = start + 60 * NS if closed else 0
    return Candle(BTC, MINUTE, start, 100.0, 100.0, 100.0, 100.0, volume, closed, at)


def test_trades_that_a_fetched_candle_holds_are_not_counted_again() -> None:
    builder = CandleBuilder(BTC, MINUTE)
    builder.add(trade(20, 100.0, 5.0))
    builder.add(trade(42, 100.0, 7.0))

    builder.seed(fetched(0, 50.0, closed=False), as_of=(START + 40 * NS, START + 41 * NS))

    assert builder.add(trade(30, 100.0, 9.0)) == []
    (candle,) = builder.add(trade(45, 100.0, 1.0))
    assert candle.volume == 50.0 + 7.0 + 1.0


def test_a_candle_fetched_while_a_trade_came_is_vague_until_it_is_fetched_in_peace() -> None:
    builder = CandleBuilder(BTC, MINUTE)
    builder.add(trade(20, 100.0))

    builder.seed(fetched(0, 50.0, closed=False), as_of=(START + 30 * NS, START + 34 * NS))
    assert not builder.is_vague
    builder.add(trade(32, 100.0))
    assert builder.is_vague

    builder.seed(fetched(0, 51.0, closed=False), as_of=(START + 35 * NS, START + 36 * NS))
    assert not builder.is_vague


def test_what_the_venue_says_of_a_closed_candle_is_final() -> None:
    builder = CandleBuilder(BTC, MINUTE)
    builder.add(trade(30, 100.0))
    builder.add(trade(60, 100.0))
    assert builder.unsure == [START]

    builder.seed(fetched(0, 50.0, closed=True))

    assert builder.unsure == []
    assert builder.add(trade(31, 300.0)) == []


def test_a_candle_that_the_venue_calls_open_closes_again_where_the_clock_was_wrong() -> None:
    builder = CandleBuilder(BTC, MINUTE)
    builder.close_until(START + 600 * NS, 0)

    builder.seed(fetched(0, 50.0, closed=False))
    (candle,) = builder.add(trade(30, 100.0))
    assert not candle.closed

    assert [one.closed for one in builder.close_until(START + 60 * NS, 0)] == [True]
    assert builder.unsure == [START]


def test_a_candle_stays_unsure_until_it_was_fetched_even_if_it_does_not_exist() -> None:
    builder = CandleBuilder(BTC, MINUTE)
    for moment in (30, 60, 120, 180):
        builder.add(trade(moment, 100.0))
    builder.take_incomplete()
    assert builder.unsure == [START]

    builder.corrected(START, START + 60 * NS)

    assert builder.unsure == []


def test_a_late_trade_in_a_minute_that_had_none_makes_its_candle() -> None:
    candles = build([trade(0, 1.0), trade(60, 1.0), trade(200, 1.0), trade(130, 7.0)])

    late = candles[START + 120 * NS]
    assert (late.open, late.close, late.volume, late.closed) == (7.0, 7.0, 1.0, True)


# -- against a naive reference ---------------------------------------------------------------


def naive(trades: list[Trade], timeframe: Timeframe, *, flat: bool) -> list[tuple[object, ...]]:
    """All trades grouped by where their candle opens."""
    groups: dict[int, list[Trade]] = {}
    for one in sorted(trades, key=lambda one: one.ts_exchange):
        groups.setdefault(timeframe.floor(one.ts_exchange), []).append(one)
    rows: list[tuple[object, ...]] = []
    close = 0.0
    at = min(groups)
    while at <= max(groups):
        inside = groups.get(at)
        if inside is not None:
            prices = [one.price for one in inside]
            close = prices[-1]
            size = sum(one.size for one in inside)
            rows.append((at, prices[0], max(prices), min(prices), close, size, len(inside)))
        elif flat:
            rows.append((at, close, close, close, close, 0.0, 0))
        at = timeframe.next_open(at)
    return rows


@settings(max_examples=150, deadline=None)
@given(
    timeframe=st.sampled_from(["1s", "1m", "7m", "1h", "1d", "3d", "1w", "2w", "1M", "3M"]),
    flat=st.booleans(),
    steps=st.lists(
        st.tuples(
            st.one_of(st.floats(0, 0.5), st.floats(0, 6)),  # how far the market moves on, in spans
            st.integers(1, 50),
            st.integers(1, 9),
            st.booleans(),  # whether the trade comes late
        ),
        min_size=1,
        max_size=30,
    ),
    rng=st.randoms(use_true_random=False),
)
def test_built_candles_are_all_trades_grouped_by_their_span(
    timeframe: str, flat: bool, steps: list[tuple[float, int, int, bool]], rng: Random
) -> None:
    span = Timeframe.parse(timeframe)
    builder = CandleBuilder(BTC, span, flat=flat)
    series = CandleSeries()
    # The first candle begins before we do; the reference begins with the next.
    first = Trade(BTC, 1.0, 1.0, Side.BUY, START, START, None, "1", "1")
    builder.add(first)
    ts = span.next_open(START)
    opening = Trade(BTC, 2.0, 1.0, Side.BUY, ts, ts, None, "2", "1")
    trades, late = [opening], []
    series.merge(builder.add(opening))
    for number, (spans, price, size, is_late) in enumerate(steps, start=1):
        ts += round(spans * span.seconds * NS) + 1
        trades.append(Trade(BTC, float(price), float(size), Side.BUY, ts, number, None, "", ""))
        if is_late:
            late.append(trades[-1])
        else:
            series.merge(builder.add(trades[-1]))
        if late and rng.random() < 0.5:
            series.merge(builder.add(late.pop(rng.randrange(len(late)))))
        if rng.random() < 0.3:
            series.merge(builder.close_until(ts - 1, ts))
    for one in late:
        series.merge(builder.add(one))

    built = [
        (one.open_time, one.open, one.high, one.low, one.close, one.volume, one.trades)
        for one in series.candles
        if one.open_time >= span.next_open(START)
    ]
    expected = naive(trades, span, flat=flat)
    # Time alone may have closed empty spans behind the last trade.
    assert built[: len(expected)] == expected
    assert all(row[5] == 0.0 for row in built[len(expected) :])
