"""What venues compute of their candles is kept in order, once, and in bounded memory."""

from __future__ import annotations

from tui.market.studies import Studies, StudySeries
from tui.model.events import StudyPoint
from tui.model.instrument import Instrument
from tui.model.timeframe import Timeframe

AAPL = Instrument("TRADINGVIEW", "NASDAQ:AAPL")
DAY = Timeframe.parse("1d")


def point(number: int, value: float | None = 1.0, study: str = "STD;RSI") -> StudyPoint:
    return StudyPoint(AAPL, DAY, study, number, ("RSI",), (value,), 0)


def values(series: StudySeries) -> list[tuple[int, float | None]]:
    return [(one.open_time, one.values[0]) for one in series.points]


def test_points_are_in_order_and_one_a_candle() -> None:
    series = StudySeries()

    news = [series.upsert(point(2)), series.upsert(point(1)), series.upsert(point(2, 5.0))]

    assert news == [True, True, True]
    assert values(series) == [(1, 1.0), (2, 5.0)]
    assert series.revision == 3


def test_the_same_point_is_no_news() -> None:
    series = StudySeries()
    series.upsert(point(1))

    assert not series.upsert(point(1))
    assert series.revision == 1


def test_the_oldest_go_when_there_is_no_room() -> None:
    series = StudySeries(limit=2)

    kept = [series.upsert(point(number)) for number in (1, 2, 3, 0)]

    assert kept == [True, True, True, False]
    assert [time for time, _ in values(series)] == [2, 3]
    assert len(series) == 2


def test_times_and_values_stand_side_by_side() -> None:
    series = StudySeries(limit=2)

    for number, value in ((3, 30.0), (1, 10.0), (2, 20.0), (3, 33.0)):
        series.upsert(point(number, value))

    assert list(series.times) == [2, 3]
    assert list(series.values) == [(20.0,), (33.0,)]


def test_the_newest_point_names_the_lines() -> None:
    series = StudySeries()
    assert series.plots == ()

    series.upsert(point(1))

    assert series.plots == ("RSI",)


def test_studies_are_found_by_chart_and_name() -> None:
    studies = Studies()
    studies.apply(point(1))
    studies.apply(point(1, 7.0, "STD;MACD"))
    macd = studies.series(AAPL, DAY, "STD;MACD")

    assert studies.names(AAPL, DAY) == ("STD;RSI", "STD;MACD")
    assert macd is not None
    assert values(macd) == [(1, 7.0)]
    assert studies.series(AAPL, Timeframe.parse("1m"), "STD;RSI") is None


def test_a_removed_study_and_a_forgotten_venue_are_gone() -> None:
    studies = Studies()
    studies.apply(point(1))
    studies.apply(point(1, 7.0, "STD;MACD"))

    studies.remove(AAPL, DAY, "STD;RSI")
    left = studies.names(AAPL, DAY)
    studies.forget("BINANCE")
    still = studies.names(AAPL, DAY)
    studies.forget("TRADINGVIEW")

    assert left == still == ("STD;MACD",)
    assert studies.names(AAPL, DAY) == ()
