"""The weather: regimes rule, change, and blend into each other."""

from __future__ import annotations

import random

import pytest

from tui.sim.regimes import MOODS, Regime, Weather


def test_a_chosen_regime_stays() -> None:
    weather = Weather(random.Random(1), Regime.QUIET)

    moods = {weather.second(index).mood for index in range(1500)}

    assert moods == {MOODS[Regime.QUIET]}


def test_left_alone_the_market_goes_through_every_regime() -> None:
    weather = Weather(random.Random(1), Regime.AUTO)

    seen = set()
    for index in range(40_000):
        weather.second(index)
        seen.add(weather.regime)

    assert seen == {Regime.QUIET, Regime.NORMAL, Regime.BUSY, Regime.CRASH}


def test_a_transition_takes_several_seconds() -> None:
    weather = Weather(random.Random(1), Regime.NORMAL)
    weather.second(9)

    weather.set_regime(Regime.BUSY)

    rates = [weather.second(index).mood.rate for index in range(9, 35)]
    assert rates == sorted(rates)
    assert rates[0] == 1.0
    assert 1.0 < rates[1] < 2.0
    assert rates[-1] == 3.5


def test_a_crash_falls_by_percents_within_half_a_minute() -> None:
    weather = Weather(random.Random(1), Regime.CRASH)

    fall = sum(weather.second(index).drift for index in range(25))

    assert -0.08 < fall < -0.025


def test_the_weather_of_long_ago_is_forgotten() -> None:
    weather = Weather(random.Random(1), Regime.NORMAL, keep_s=10)
    weather.second(30)

    assert weather.second(21) is not None
    with pytest.raises(IndexError, match="forgotten"):
        weather.second(20)
