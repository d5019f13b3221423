"""Every number of nanoseconds has a date."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from tui.model.moment import date_of


def test_a_time_has_its_date_in_the_zone() -> None:
    ts = 1_723_161_255_250_000_000

    assert date_of(ts) == datetime(2024, 8, 8, 23, 54, 15, tzinfo=UTC)
    assert f"{date_of(ts, ZoneInfo('Asia/Tokyo')):%Y-%m-%d %H:%M}" == "2024-08-09 08:54"


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago", "UTC"])
@pytest.mark.parametrize(("ts", "year"), [(10**26, 9999), (-(10**26), 1), (2**80, 9999)])
def test_what_lies_beyond_the_calendar_has_its_end(ts: int, year: int, zone: str) -> None:
    assert date_of(ts, ZoneInfo(zone)).year == year
