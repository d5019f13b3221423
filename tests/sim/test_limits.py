"""Limits: weight by the minute, bans that grow, and rates in a sliding window."""

from __future__ import annotations

from tui.sim.limits import RateWindow, SimLimits, WeightMeter

SECOND = 1_000_000_000
NOON = 1_800_000_000 * SECOND
"""A moment at which a minute begins."""


def test_weight_adds_up_within_a_minute_and_starts_anew_in_the_next() -> None:
    meter = WeightMeter(SimLimits())

    used = [
        meter.charge("a", 50, NOON).used,
        meter.charge("a", 250, NOON + 59 * SECOND).used,
        meter.charge("a", 2, NOON + 60 * SECOND).used,
    ]

    assert used == [50, 300, 2]


def test_too_much_weight_is_refused_until_the_minute_ends() -> None:
    meter = WeightMeter(SimLimits())
    meter.charge("a", 6000, NOON + 20 * SECOND)

    verdict = meter.charge("a", 1, NOON + 20 * SECOND)

    assert (verdict.status, verdict.retry_after_s) == (429, 40)
    assert meter.charge("a", 1, NOON + 60 * SECOND).status == 200


def test_exactly_the_limit_passes() -> None:
    assert WeightMeter(SimLimits()).charge("a", 6000, NOON).status == 200


def test_addresses_are_counted_apart() -> None:
    meter = WeightMeter(SimLimits(weight=10))
    meter.charge("a", 11, NOON)

    assert meter.charge("b", 1, NOON).status == 200


def test_who_goes_on_after_429_is_banned_for_two_minutes() -> None:
    meter = WeightMeter(SimLimits(weight=10, patience=2))

    statuses = [meter.charge("a", 6, NOON).status for _ in range(5)]

    assert statuses == [200, 429, 429, 418, 418]
    verdict = meter.charge("a", 1, NOON + 119 * SECOND)
    assert (verdict.status, verdict.retry_after_s) == (418, 1)
    assert verdict.banned_until_ns == NOON + 120 * SECOND
    assert meter.charge("a", 1, NOON + 120 * SECOND).status == 200


def test_the_second_ban_is_twice_as_long() -> None:
    meter = WeightMeter(SimLimits(weight=10, patience=0))
    meter.charge("a", 11, NOON)

    verdict = meter.charge("a", 11, NOON + 120 * SECOND)

    assert (verdict.status, verdict.retry_after_s) == (418, 240)


def test_a_rate_window_slides() -> None:
    window = RateWindow(2, 1.0)

    assert [window.allow(moment) for moment in (0.0, 0.5, 0.9, 1.6, 2.0)] == [
        True,
        True,
        False,
        True,
        True,
    ]
