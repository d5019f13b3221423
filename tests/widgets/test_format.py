"""Numbers and times as the screen writes them."""

from __future__ import annotations

from datetime import UTC

import pytest

from tui.model.instrument import Instrument, InstrumentInfo
from tui.widgets import format as fmt

BTC = Instrument("BINANCE", "BTCUSDT")


def test_prices_are_grouped_and_keep_the_venues_precision() -> None:
    assert fmt.price(61837.64, 2) == "61,837.64"
    assert fmt.price(0.00001234, 8) == "0.00001234"
    assert fmt.price(None, 2) == "—"


@pytest.mark.parametrize(
    ("value", "text"), [(12.345, "12.35"), (0.02, "0.02"), (0.0016, "0.0016"), (0.0, "0.00")]
)
def test_a_spread_of_one_tick_of_a_high_price_is_not_told_as_none(value: float, text: str) -> None:
    assert fmt.basis_points(value) == text


def test_the_venues_digits_lose_trailing_zeros_only_beyond_the_tick() -> None:
    assert fmt.digits("61837.64000000", 2) == "61,837.64"
    assert fmt.digits("61837.60000000", 2) == "61,837.60"
    assert fmt.digits("61837.64500000", 2) == "61,837.645"
    assert fmt.digits("not a number", 2) == "not a number"


def test_the_precision_comes_from_the_tick_size_or_else_from_the_last_text() -> None:
    info = InstrumentInfo(BTC, "BTC", "USDT", tick_size="0.01000000")

    assert fmt.price_decimals(info) == 2
    assert fmt.price_decimals(None, "0.00006421") == 8
    assert fmt.price_decimals(None, "") == 2


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.00012345, "0.000123"),
        (12.345678, "12.34568"),
        (0.5, "0.500000"),
        (12345.0, "12.345K"),
        (56_780_000.0, "56.780M"),
        (1e12, "1000.0B"),
        (0.0, "0.000000"),
        (1e300, "1e+300"),
        (float("inf"), "inf"),
        (float("nan"), "nan"),
    ],
)
def test_sizes_take_at_most_eight_characters(value: float, text: str) -> None:
    assert fmt.size(value) == text
    assert len(text) <= 8


def test_sizes_have_no_more_digits_than_the_venues_step() -> None:
    assert fmt.size(12.3, 1) == "12.3"
    assert fmt.size(95.0, 0) == "95"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-1.0, "0s"), (12.9, "12s"), (240.0, "4m"), (10_800.0, "3h"), (2e6, "23d")],
)
def test_ages_are_short(seconds: float, text: str) -> None:
    assert fmt.age(seconds) == text


def test_a_change_is_told_by_shape_and_sign() -> None:
    assert fmt.arrow(0.5) + fmt.percent(0.5) == "▲+0.50%"
    assert fmt.arrow(-12.345) + fmt.percent(-12.345) == "▼-12.35%"
    assert fmt.arrow(None) + fmt.percent(None) == " —"


def test_the_day_change_follows_the_last_price_rather_than_the_last_ticker() -> None:
    assert fmt.day_change(100.0, 110.0, 3.0) == pytest.approx(10.0)
    assert fmt.day_change(None, 110.0, 3.0) == 3.0
    assert fmt.day_change(None, None, None) is None


def test_times_are_written_in_the_zone_asked_for() -> None:
    assert fmt.clock_time(1723161255343000000, UTC) == "23:54:15"
    assert fmt.clock_time(1723161255343000000, UTC, millis=True) == "23:54:15.343"


def test_rates_have_units() -> None:
    assert fmt.byte_rate(900) == "900 B/s"
    assert fmt.byte_rate(12 * 1024) == "12.0 KiB/s"
    assert fmt.byte_rate(3 * 1024 * 1024) == "3.0 MiB/s"
