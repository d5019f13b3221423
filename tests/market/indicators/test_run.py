"""A run follows a series: whatever happens to it, its values are those of computing all anew."""

from __future__ import annotations

import msgspec
import pytest
from candle_walks import BTCUSDT, MINUTE, make_candle, make_walk
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.market.candle_series import CandleSeries
from tui.market.indicators.catalogue import CATALOGUE
from tui.market.indicators.definition import Placement
from tui.market.indicators.run import IndicatorRun
from tui.market.tape import Tape
from tui.model.events import Candle, Side, Trade
from tui.model.timeframe import NS

COMPUTED = [name for name, each in CATALOGUE.items() if each.placement is not Placement.PROFILE]
WALK = make_walk(300, seed=5)
SHORT = {
    "ichimoku": {"conversion": 3, "base": 5, "slow": 8, "shift": 4},
    "macd": {"fast": 3, "slow": 5, "signal": 3},
}


def start(name: str, **given: float) -> IndicatorRun:
    definition = CATALOGUE[name]
    return IndicatorRun(definition, definition.settle(given or SHORT.get(name, {})), MINUTE)


def series_of(candles: list[Candle], limit: int = 10_000) -> CandleSeries:
    series = CandleSeries(limit)
    series.merge(candles)
    return series


def assert_as_anew(run: IndicatorRun, series: CandleSeries) -> None:
    anew = IndicatorRun(run.definition, run.settings, MINUTE)
    anew.follow(series)
    assert list(run.times) == list(anew.times)
    for row, wanted in zip(run.values, anew.values, strict=True):
        assert list(row) == pytest.approx(list(wanted), rel=1e-7, abs=1e-7)


def moved(candle: Candle, by: float, at: int) -> Candle:
    close = candle.close * (1 + by)
    return msgspec.structs.replace(
        candle,
        close=close,
        high=max(candle.high, close),
        low=min(candle.low, close),
        volume=candle.volume + 1,
        ts_exchange=candle.ts_exchange + at,
        closed=False,
    )


@pytest.mark.parametrize("name", COMPUTED)
def test_updates_of_the_open_candle_are_as_good_as_computing_anew(name: str) -> None:
    series = series_of(WALK[:80])
    run = start(name)
    run.follow(series)

    for number, candle in enumerate(WALK[80:100]):
        for step in range(3):
            series.upsert(moved(candle, 0.002 * (step - 1) * (number % 3), step))
            assert run.follow(series)
        series.upsert(msgspec.structs.replace(candle, closed=True))

    run.follow(series)
    assert_as_anew(run, series)


@pytest.mark.parametrize("name", COMPUTED)
@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_whatever_comes_in_whatever_order_the_values_are_as_computed_anew(name, data) -> None:
    series = CandleSeries()
    run = start(name)
    newest = 20
    for _ in range(data.draw(st.integers(1, 12))):
        action = data.draw(st.sampled_from(["tick", "next", "skip", "late", "older", "correct"]))
        if action == "next":
            newest += 1
        elif action == "skip":
            newest += data.draw(st.integers(2, 30))
        at = {
            "late": newest - data.draw(st.integers(1, 8)),
            "older": data.draw(st.integers(0, 30)),
            "correct": max(0, newest - data.draw(st.integers(1, 60))),
        }.get(action, newest)
        candle = WALK[at]
        series.upsert(
            moved(candle, data.draw(st.floats(-0.01, 0.01)), data.draw(st.integers(1, 9)))
        )
        run.follow(series)

    assert_as_anew(run, series)


@pytest.mark.parametrize("name", COMPUTED)
def test_an_older_page_changes_the_values_only_when_all_of_it_is_computed(name: str) -> None:
    series = series_of(WALK[150:])
    run = start(name)
    run.follow(series)
    first = run.times[0]

    series.merge(WALK[:150])
    slices = 0
    while run.follow(series, has_time=_never) or run.is_computing:
        slices += 1
        if run.is_computing:
            assert run.times[0] == first
            assert 0.0 < run.progress < 1.0

    assert slices > 10
    assert_as_anew(run, series)


LONG = make_walk(3000, seed=13)
SUMS_FROM_THE_BEGINNING = ("obv", "anchored_vwap")


@pytest.mark.parametrize("name", COMPUTED)
def test_pages_in_front_are_computed_until_they_meet_what_is_known(name: str) -> None:
    definition = CATALOGUE[name]
    make, calls = definition.make, []
    counted = msgspec.structs.replace(
        definition, make=lambda settings: _Counting(make(settings), calls)
    )
    series = series_of(LONG[2000:])
    run = IndicatorRun(counted, counted.settle({}), MINUTE)
    run.follow(series)

    for first, end in ((1700, 2000), (1000, 1700)):
        calls.clear()
        series.merge(LONG[first:end])
        run.follow(series)
        is_whole = len(calls) >= len(series)
        assert is_whole == (name in SUMS_FROM_THE_BEGINNING)
        assert_as_anew(run, series)

    series.upsert(moved(LONG[-1], 0.01, 5))
    run.follow(series)
    assert_as_anew(run, series)


@settings(max_examples=25, deadline=None)
@given(
    name=st.sampled_from(COMPUTED),
    pages=st.lists(st.integers(1, 400), min_size=1, max_size=5),
    slices=st.integers(1, 40),
)
def test_pages_that_come_while_others_are_computed(name, pages, slices) -> None:
    begin, end = 2000, 2100
    series = series_of(LONG[begin:end])
    run = start(name)
    run.follow(series)
    for size in pages:
        series.merge(LONG[begin - size : begin])
        begin -= size
        for _ in range(slices):
            run.follow(series, has_time=_never)
        end += 1
        series.upsert(LONG[end])
    while run.is_computing:
        run.follow(series, has_time=_never)

    run.follow(series)
    assert_as_anew(run, series)


def test_who_looks_at_the_past_sees_its_values_before_all_are_computed() -> None:
    series = series_of(LONG[1000:])
    run = start("obv")
    run.follow(series)
    series.merge(LONG[:1000])
    old, new = (0, 100), (2500, 2999)

    def follow(view: tuple[int, int]) -> None:
        run.follow(
            series,
            in_view=(LONG[view[0]].open_time, LONG[view[1]].open_time),
            has_time=_never,
        )

    for _ in range(6):
        follow(old)
        assert not run.covers_view
    revision = run.revision
    follow(old)
    assert run.covers_view
    assert run.is_computing
    assert run.revision == revision + 1
    assert run.times[0] == LONG[0].open_time

    follow(new)
    assert run.covers_view
    assert run.times[0] == LONG[1000].open_time


def test_a_correction_in_the_middle_is_computed_to_the_end() -> None:
    series = series_of(LONG[1000:2000])
    run = start("ema")
    run.follow(series)

    series.upsert(moved(LONG[1500], 0.05, 5))
    series.merge(LONG[500:1000])
    run.follow(series)

    assert_as_anew(run, series)


def test_the_newest_candle_moves_on_while_the_past_is_computed_anew() -> None:
    series = series_of(WALK[150:250])
    run = start("ema")
    run.follow(series)
    series.merge(WALK[:150])
    run.follow(series, has_time=_never)

    series.upsert(WALK[250])
    run.follow(series, has_time=_never)

    assert run.is_computing
    assert run.times[0] == WALK[150].open_time
    assert run.times[-1] == WALK[250].open_time
    while run.is_computing:
        run.follow(series, has_time=_never)
    assert_as_anew(run, series)


@pytest.mark.parametrize("name", ["sma", "ichimoku"])
def test_what_the_series_drops_the_run_drops_too(name: str) -> None:
    series = series_of(WALK[:100], limit=100)
    run = start(name)
    run.follow(series)

    for candle in WALK[100:160]:
        series.upsert(candle)
        run.follow(series)

    ahead = 3 if name == "ichimoku" else 0
    assert len(run.times) == len(run.values) == 100 + ahead
    assert run.times[0] == WALK[60].open_time


def test_a_tick_computes_one_candle_however_long_the_history_is() -> None:
    calls: list[Candle] = []
    definition = msgspec.structs.replace(
        CATALOGUE["rsi"], make=lambda settings: _Counting(CATALOGUE["rsi"].make(settings), calls)
    )
    series = series_of(WALK)
    run = IndicatorRun(definition, definition.settle({}), MINUTE)
    run.follow(series)
    assert len(calls) == len(WALK)
    calls.clear()

    series.upsert(moved(WALK[-1], 0.01, 5))
    run.follow(series)

    assert [candle.open_time for candle in calls] == [WALK[-1].open_time]


def test_a_correction_of_the_candle_before_the_newest_computes_two() -> None:
    calls: list[Candle] = []
    definition = msgspec.structs.replace(
        CATALOGUE["rsi"], make=lambda settings: _Counting(CATALOGUE["rsi"].make(settings), calls)
    )
    walk = [msgspec.structs.replace(each, closed=False) for each in WALK]
    series = series_of(walk)
    run = IndicatorRun(definition, definition.settle({}), MINUTE)
    run.follow(series)
    calls.clear()

    series.upsert(msgspec.structs.replace(walk[-2], closed=True))
    run.follow(series)

    assert [candle.open_time for candle in calls] == [each.open_time for each in walk[-2:]]


def test_nothing_new_is_no_change() -> None:
    series = series_of(WALK)
    run = start("rsi")
    assert run.follow(series)
    revision = run.revision

    assert not run.follow(series)
    assert run.revision == revision


def test_a_newer_price_than_the_candles_counts() -> None:
    series = series_of(WALK)
    run = start("sma", length=1)
    carried = msgspec.structs.replace(WALK[-1], close=123.0)

    run.follow(series, carried)

    assert run.values[-1] == (123.0,)
    run.follow(series)
    assert run.values[-1] == pytest.approx((WALK[-1].close,))


def test_an_emptied_series_has_no_values_and_begins_anew() -> None:
    series = series_of(WALK)
    run = start("sma")
    run.follow(series)

    series.clear()
    assert run.follow(series)
    assert not run.times

    series.merge(WALK[:50])
    run.follow(series)
    assert_as_anew(run, series)


def test_another_series_is_begun_anew() -> None:
    run = start("sma")
    run.follow(series_of(WALK))
    other = series_of(make_walk(40, seed=9))

    run.follow(other)

    assert_as_anew(run, other)


def test_the_cloud_ahead_stands_where_candles_will_open() -> None:
    series = series_of(WALK[:60])
    run = start("ichimoku")

    run.follow(series)

    assert [time - WALK[59].open_time for time in run.times[-3:]] == [
        60 * NS,
        120 * NS,
        180 * NS,
    ]
    assert run.values[-1][2] is not None
    assert run.values[-1][0] is None


# -- from the tape -------------------------------------------------------------------------------


def trade(number: int, second: float, size: float, side: Side) -> Trade:
    at = WALK[0].open_time + int(second * NS)
    return Trade(BTCUSDT, 1.0, size, side, at, at, number, "1", str(size))


def silent(count: int) -> list[Candle]:
    """Candles that do not say what takers bought."""
    return [make_candle(number, 1.0, volume=3.0) for number in range(count)]


def test_the_delta_is_counted_from_the_tape_where_candles_do_not_tell_it() -> None:
    series, tape, run = series_of(silent(2)), Tape(), start("delta")
    tape.add(trade(1, 90, 1.0, Side.BUY))
    run.follow(series, tape=tape)
    assert list(run.values) == [(None,), (1.0,)]
    assert run.counted_since == WALK[0].open_time + 90 * NS

    series.merge(silent(3))
    tape.add(trade(2, 121, 2.0, Side.BUY))
    tape.add(trade(3, 122, 0.5, Side.SELL))
    run.follow(series, tape=tape)
    assert list(run.values) == [(None,), (1.0,), (2.5,)]

    tape.add(trade(4, 123, 4.0, Side.SELL))
    assert run.follow(series, tape=tape)
    assert run.values[-1] == (-1.5,)


def test_trades_that_are_fetched_later_are_counted_where_they_belong() -> None:
    series, tape, run = series_of(silent(4)), Tape(), start("delta")
    tape.add(trade(1, 30, 1.0, Side.BUY))
    tape.add(trade(2, 61, 1.0, Side.BUY))
    run.follow(series, tape=tape)
    tape.add(trade(5, 181, 1.0, Side.BUY))
    run.follow(series, tape=tape)

    tape.merge([trade(3, 62, 2.0, Side.BUY), trade(4, 121, 1.0, Side.SELL)])
    run.follow(series, tape=tape)

    assert list(run.values) == [(1.0,), (4.0,), (3.0,), (4.0,)]


def test_trades_from_before_the_first_one_are_counted_when_they_are_fetched() -> None:
    series, tape, run = series_of(silent(3)), Tape(), start("delta")
    tape.add(trade(7, 121, 1.0, Side.BUY))
    run.follow(series, tape=tape)

    tape.merge([trade(5, 62, 2.0, Side.SELL), trade(6, 63, 1.0, Side.SELL)])
    run.follow(series, tape=tape)

    assert list(run.values) == [(None,), (-3.0,), (-2.0,)]
    assert run.counted_since == WALK[0].open_time + 62 * NS


def test_after_too_much_was_missed_counting_begins_anew() -> None:
    series, tape, run = series_of(silent(4)), Tape(limit=3), start("delta")
    tape.add(trade(1, 30, 1.0, Side.BUY))
    tape.add(trade(2, 61, 1.0, Side.BUY))
    run.follow(series, tape=tape)

    tape.add(trade(5000, 121, 1.0, Side.BUY))
    tape.add(trade(5001, 181, 1.0, Side.SELL))
    tape.add(trade(5002, 182, 1.0, Side.SELL))
    run.follow(series, tape=tape)

    assert list(run.values) == [(None,), (None,), (1.0,), (-1.0,)]
    assert run.counted_since == WALK[0].open_time + 121 * NS


def test_what_the_venue_tells_itself_is_not_counted() -> None:
    told = [make_candle(number, 1.0, volume=3.0, bought=1.0) for number in range(2)]
    series, tape, run = series_of(told), Tape(), start("delta")
    tape.add(trade(1, 1, 1.0, Side.BUY))
    tape.add(trade(2, 61, 9.0, Side.BUY))

    run.follow(series, tape=tape)

    assert list(run.values) == [(-1.0,), (-2.0,)]
    assert run.counted_since is None


class _Counting:
    """A formula that notes what it is given."""

    def __init__(self, formula, calls: list[Candle]) -> None:
        self._formula = formula
        self._calls = calls

    def add(self, candle: Candle):
        self._calls.append(candle)
        return self._formula.add(candle)

    def remove(self) -> None:
        self._formula.remove()

    def state(self) -> object:
        return self._formula.state()


def _never() -> bool:
    return False
