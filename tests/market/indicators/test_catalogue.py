"""The catalogue is sound, and the guide tells of all of it."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest

from tui.charts.layers import PlotKind
from tui.market.indicators.catalogue import CATALOGUE
from tui.market.indicators.definition import (
    Definition,
    LineKind,
    Parameter,
    ParameterError,
    Placement,
)

GUIDE = Path(__file__).parents[3] / "docs" / "indicators.md"
ALL = pytest.mark.parametrize("definition", CATALOGUE.values(), ids=list(CATALOGUE))

LENGTH = Parameter(name="length", label="Length", default=20, minimum=1, maximum=500)
FACTOR = Parameter(name="factor", label="Factor", default=2, minimum=0.1, maximum=50, step=0.1)
SOURCE = Parameter(
    name="source", label="Source", default=0, minimum=0, maximum=2, choices=("close", "open", "hl2")
)
SINCE = Parameter(name="since", label="Since", default=0, minimum=0, maximum=7e9, is_time=True)


@ALL
def test_defaults_can_be_taken_and_are_read_as_they_are_written(definition: Definition) -> None:
    for parameter in definition.parameters:
        assert parameter.problem(parameter.default) == ""
        assert parameter.read(parameter.write(parameter.default)) == parameter.default
        assert parameter.meaning


@ALL
def test_bands_name_lines_and_titled_parameters_exist(definition: Definition) -> None:
    assert all(line < len(definition.lines) for band in definition.bands for line in band)
    assert set(definition.titled) <= {each.name for each in definition.parameters}
    assert (definition.make is None) == (definition.placement is Placement.PROFILE)


@ALL
def test_the_guide_names_it_with_its_parameters_and_their_defaults(definition: Definition) -> None:
    rows = [
        line.split("|")
        for line in GUIDE.read_text(encoding="utf-8").splitlines()
        if line.startswith(f"| `{definition.short}` |")
    ]
    expected = ", ".join(
        f"{each.label}: empty" if each.is_time else f"{each.label} {each.write(each.default)}"
        for each in definition.parameters
    )

    assert [row[2].strip() for row in rows] == [expected or "none"]


def test_the_kinds_of_lines_are_those_that_charts_draw() -> None:
    assert [kind.value for kind in LineKind] == [kind.value for kind in PlotKind]


def test_titles_tell_indicators_of_one_kind_apart() -> None:
    bollinger, ichimoku = CATALOGUE["bollinger"], CATALOGUE["ichimoku"]

    assert bollinger.title(bollinger.settle({"length": 50.0, "deviations": 2.5})) == "BB 50 2.5"
    assert ichimoku.title(ichimoku.settle({})) == "Ichimoku 9 26 52"
    assert CATALOGUE["obv"].title({}) == "OBV"
    assert CATALOGUE["anchored_vwap"].title({"anchor": 0.0}) == "AVWAP"
    assert CATALOGUE["anchored_vwap"].title({"anchor": 3600.0}) == "AVWAP 1970-01-01 01:00"


def test_what_cannot_be_taken_is_replaced_by_the_default() -> None:
    settled = CATALOGUE["rsi"].settle({"length": 0.0, "source": math.nan, "of": 3.0})

    assert settled == {"length": 14.0, "source": 0.0}


@pytest.mark.parametrize(
    ("parameter", "text", "value"),
    [
        (LENGTH, "7", 7.0),
        (LENGTH, " 500 ", 500.0),
        (FACTOR, "0.5", 0.5),
        (FACTOR, ".5", 0.5),
        (SOURCE, "HL2", 2.0),
        (SINCE, "", 0.0),
        (SINCE, "1970-01-02", 86_400.0),
        (SINCE, "1970-01-01 00:01", 60.0),
        (SINCE, "1970-01-01T01:00+01:00", 0.0),
    ],
)
def test_values_are_read(parameter: Parameter, text: str, value: float) -> None:
    assert parameter.read(text) == value


@pytest.mark.parametrize(
    ("parameter", "text", "message"),
    [
        (LENGTH, "", "Length is a number"),
        (LENGTH, "1e3", "Length is a number"),
        (LENGTH, "nan", "Length is a number"),
        (LENGTH, "２", "Length is a number"),
        (LENGTH, "0", "Length is from 1 to 500"),
        (LENGTH, "501", "Length is from 1 to 500"),
        (LENGTH, "2.5", "Length is a whole number"),
        (FACTOR, "0.05", "Factor is from 0.1 to 50"),
        (SOURCE, "low", "Source is one of close, open, hl2"),
        (
            SINCE,
            "yesterday",
            "Since is a date and a time in UTC (such as 2026-03-01 14:30)",
        ),
        (SINCE, "1960-01-01", "Since is a time from 1970 to 2199"),
    ],
)
def test_what_is_no_value_is_refused_with_the_reason(
    parameter: Parameter, text: str, message: str
) -> None:
    with pytest.raises(ParameterError, match=f"^{re.escape(message)}$"):
        parameter.read(text)
