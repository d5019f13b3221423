"""Indicators in a condition: `macd(12,26,9).hist`, checked against the catalogue."""

from __future__ import annotations

import difflib

from tui.market.indicators.catalogue import CATALOGUE
from tui.market.indicators.definition import Definition, Parameter, ParameterError
from tui.model.chart import IndicatorChoice
from tui.model.errors import AlertError
from tui.model.text import clean

PRICE = "price"
"""Stands for the close of the candle where a line is expected."""


def read_indicator(name: str, parameters: str) -> IndicatorChoice:
    """An indicator by its name and its parameters, by place or by name, such as `14, source=hlc3`.

    Raises:
        AlertError: there is none, or it has no such parameter or value.
    """
    definition = find_definition(name)
    found: dict[str, float] = {}
    for place, part in enumerate(filter(None, (one.strip() for one in parameters.split(",")))):
        word, equals, value = part.partition("=")
        parameter = _parameter(definition, word.strip().lower() if equals else place)
        try:
            found[parameter.name] = parameter.read(value if equals else word)
        except ParameterError as error:
            hint = error.hint or f"the default is {_default(parameter)}"
            raise AlertError(error.message, hint) from None
    return IndicatorChoice(definition.name, found)


def write_indicator(choice: IndicatorChoice) -> str:
    """The indicator as `read_indicator` reads it, its parameters in brackets behind it."""
    if not choice.parameters:
        return choice.name
    parameters = CATALOGUE[choice.name].parameters
    given = [one for one in parameters if one.name in choice.parameters]
    texts = [one.write(choice.parameters[one.name]) for one in given]
    if given != list(parameters[: len(given)]):
        texts = [f"{one.name}={text}" for one, text in zip(given, texts, strict=True)]
    return f"{choice.name}({','.join(texts)})"


def find_definition(name: str) -> Definition:
    """An indicator that can be watched.

    Raises:
        AlertError: there is none of that name.
    """
    definition = CATALOGUE.get(name.lower())
    if definition is None or definition.make is None:
        known = [each.name for each in CATALOGUE.values() if each.make is not None]
        near = difflib.get_close_matches(name.lower(), known, 1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
        raise AlertError(f"there is no indicator {clean(name, 30)!r}", hint)
    return definition


def line_of(definition: Definition, name: str) -> int:
    """Index of a line: by its name, or the one that the indicator is named after where that is "".

    Raises:
        AlertError: it has no such line.
    """
    names = [_plain(line.name) for line in definition.lines]
    if name:
        wanted = _plain(name)
    else:
        own = (_plain(definition.short), definition.name)
        wanted = next((one for one in names if one in own), names[0])
    if wanted not in names:
        told = ", ".join(write_line(line.name) for line in definition.lines)
        raise AlertError(f"{definition.name} has no line {clean(name, 30)!r}", f"it has {told}")
    return names.index(wanted)


def write_line(name: str) -> str:
    """A line's name in one word."""
    return name.lower().replace(" ", "_")


def _plain(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter not in " _%")


def _parameter(definition: Definition, key: str | int) -> Parameter:
    parameters = definition.parameters
    if isinstance(key, int) and key < len(parameters):
        return parameters[key]
    named = [one for one in parameters if one.name == key]
    if not named:
        known = ", ".join(f"{one.name}={_default(one)}" for one in parameters) or "none"
        what = f"parameter {clean(key, 30)!r}" if isinstance(key, str) else "so many parameters"
        raise AlertError(f"{definition.name} has no {what}", f"it has {known}")
    return named[0]


def _default(parameter: Parameter) -> str:
    return parameter.write(parameter.default) or "empty"
