"""Timeframes: their spelling, and where their candles open."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.model.errors import InstrumentError
from tui.model.timeframe import NS, USUAL, Timeframe, adds_up, longest_part

ALL = ["1s", "1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d"]
ALL += ["1w", "2w", "1M", "3M", "12M", "45s", "7m"]


def ns(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * NS


@pytest.mark.parametrize("text", ALL)
def test_a_timeframe_is_written_as_it_was_read(text: str) -> None:
    assert str(Timeframe.parse(text)) == text


@pytest.mark.parametrize(
    "text", ["", "m", "1", "0m", "-1m", "1.5h", "1y", "1 m", "01m", "m1", "12345m", "1m\n1", "١m"]
)
def test_what_is_not_a_timeframe_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InstrumentError, match=r"is not a timeframe .*such as 15m"):
        Timeframe.parse(text)


def test_space_around_a_timeframe_is_forgiven() -> None:
    assert Timeframe.parse(" 5m ") == Timeframe(5, "m")


def test_minute_and_month_are_different() -> None:
    assert Timeframe.parse("1m") != Timeframe.parse("1M")
    assert (Timeframe.parse("1m").seconds, Timeframe.parse("1M").seconds) == (60, 2_629_746)


@pytest.mark.parametrize(
    ("timeframe", "moment", "opened", "following"),
    [
        ("1s", "2024-08-08T23:54:13", "2024-08-08T23:54:13", "2024-08-08T23:54:14"),
        ("1m", "2024-08-08T23:54:13", "2024-08-08T23:54:00", "2024-08-08T23:55:00"),
        ("15m", "2024-08-08T23:54:13", "2024-08-08T23:45:00", "2024-08-09T00:00:00"),
        ("4h", "2024-08-08T23:54:13", "2024-08-08T20:00:00", "2024-08-09T00:00:00"),
        ("1d", "2024-02-29T23:59:59", "2024-02-29T00:00:00", "2024-03-01T00:00:00"),
        ("1w", "2024-08-11T23:59:59", "2024-08-05T00:00:00", "2024-08-12T00:00:00"),
        ("1w", "2024-08-12T00:00:00", "2024-08-12T00:00:00", "2024-08-19T00:00:00"),
        ("1M", "2024-02-29T12:00:00", "2024-02-01T00:00:00", "2024-03-01T00:00:00"),
        ("1M", "2024-12-31T23:59:59", "2024-12-01T00:00:00", "2025-01-01T00:00:00"),
        ("3M", "2024-12-31T23:59:59", "2024-10-01T00:00:00", "2025-01-01T00:00:00"),
        ("12M", "2024-06-15T00:00:00", "2024-01-01T00:00:00", "2025-01-01T00:00:00"),
        ("1w", "1970-01-01T00:00:00", "1969-12-29T00:00:00", "1970-01-05T00:00:00"),
        ("1M", "1969-12-31T23:59:59", "1969-12-01T00:00:00", "1970-01-01T00:00:00"),
    ],
)
def test_candles_open_where_calendars_and_venues_say(
    timeframe: str, moment: str, opened: str, following: str
) -> None:
    frame = Timeframe.parse(timeframe)

    assert frame.floor(ns(moment)) == ns(opened)
    assert frame.next_open(ns(moment)) == ns(following)


@given(st.sampled_from(ALL), st.integers(-(10**18), 4 * 10**18))
def test_each_moment_lies_in_exactly_one_candle(text: str, ts: int) -> None:
    frame = Timeframe.parse(text)
    opened, following = frame.floor(ts), frame.next_open(ts)

    assert opened <= ts < following
    assert frame.floor(opened) == opened
    assert frame.floor(following - 1) == opened
    assert frame.floor(following) == following


@pytest.mark.parametrize(
    ("part", "whole", "expected"),
    [
        ("1m", "3m", True),
        ("5m", "3m", False),
        ("1h", "12h", True),
        ("6h", "8h", False),
        ("1d", "1w", True),
        ("3d", "1w", False),
        ("1w", "1M", False),
        ("1w", "2w", True),
        ("1w", "14d", False),
        ("4h", "1M", True),
        ("7h", "1w", False),
        ("1M", "3M", True),
        ("2M", "3M", False),
        ("1M", "30d", False),
        ("1d", "1d", True),
    ],
)
def test_candles_add_up_where_none_of_them_reaches_into_two(
    part: str, whole: str, expected: bool
) -> None:
    assert adds_up(Timeframe.parse(part), Timeframe.parse(whole)) is expected


@given(st.sampled_from(USUAL), st.sampled_from(USUAL), st.integers(0, 2**61))
def test_where_they_add_up_every_part_lies_in_one_whole(
    part: Timeframe, whole: Timeframe, moment: int
) -> None:
    if adds_up(part, whole):
        opened = part.floor(moment)
        assert whole.next_open(opened) >= part.next_open(opened)


def test_the_longest_part_is_taken() -> None:
    coinbase = [Timeframe.parse(text) for text in ("1m", "5m", "15m", "1h", "6h", "1d")]

    found = {str(one): longest_part(coinbase, one) for one in USUAL}

    assert {whole: str(part) for whole, part in found.items()} == {
        "1s": "None",
        "1m": "1m",
        "3m": "1m",
        "5m": "5m",
        "15m": "15m",
        "30m": "15m",
        "1h": "1h",
        "2h": "1h",
        "4h": "1h",
        "6h": "6h",
        "8h": "1h",
        "12h": "6h",
        "1d": "1d",
        "3d": "1d",
        "1w": "1d",
        "1M": "1d",
    }
