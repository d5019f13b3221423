"""Messages and addresses with places to fill in, such as {symbol}."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from typing import Final
from urllib.parse import parse_qsl, quote

_PLACE: Final = re.compile(r"\{([a-z_]+)\}")


def places_in(template: str) -> list[str]:
    """The names of the places of a template, in their order."""
    return _PLACE.findall(template)


def fill_message(template: str, values: Mapping[str, str | int | Collection[str]]) -> str:
    """Fill in a JSON text: texts inside quotes are escaped, a collection becomes an array."""

    def fill(found: re.Match[str]) -> str:
        value = values.get(found[1])
        if value is None:
            return found[0]
        if isinstance(value, str):
            return json.dumps(value, ensure_ascii=False)[1:-1]
        return str(value) if isinstance(value, int) else json.dumps(list(value))

    return _PLACE.sub(fill, template)


def fill_plain(template: str, values: Mapping[str, str]) -> str:
    """Fill in a text as it is."""
    return _PLACE.sub(lambda found: values.get(found[1], found[0]), template)


def fill_url(template: str, values: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """The address and its parameters, without those that have a place and no value for it."""
    address, _, query = template.partition("?")
    url = _PLACE.sub(lambda found: quote(values.get(found[1], ""), safe=""), address)
    params = {
        name: fill_plain(value, values)
        for name, value in parse_qsl(query, keep_blank_values=True)
        if all(place in values for place in places_in(value))
    }
    return url, params


def to_pattern(template: str) -> re.Pattern[str]:
    """What a filled template looks like, with a group for each place."""
    parts = _PLACE.split(template)
    seen: set[str] = set()
    pattern = ""
    for index, part in enumerate(parts):
        if index % 2 == 0:
            pattern += re.escape(part)
        elif part in seen:
            pattern += f"(?P={part})"
        else:
            seen.add(part)
            pattern += f"(?P<{part}>.+?)"
    return re.compile(pattern)
