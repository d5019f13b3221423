"""What is said when a rule fired: the message, and the command's arguments filled in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from tui.model.alert import Firing
from tui.model.errors import AlertError
from tui.model.moment import date_of
from tui.model.text import clean
from tui.model.timeframe import NS

PLACES: Final = ("instrument", "price", "text", "time")
"""What may stand in braces in a command's arguments."""

MOST_WORDS: Final = 64
_LONGEST_WORD: Final = 1000
_LONGEST_TEXT: Final = 300
_PLACE: Final = re.compile(r"\{([a-z_]+)\}")


def message(firing: Firing) -> str:
    """What happened, where, and the user's note, on one line."""
    note = f" ({clean(firing.rule.note, 100)})" if firing.rule.note else ""
    return clean(f"{firing.rule.instrument} {firing.text}{note}", _LONGEST_TEXT)


def check_command(words: Iterable[str]) -> tuple[str, ...]:
    """A command and its arguments, as they may be run.

    Raises:
        AlertError: there is no command, or a place in braces that nothing is known for.
    """
    command = tuple(words)
    if not command or not command[0].strip():
        raise AlertError("no command", 'write its name first, such as ["notify-send", "{text}"]')
    if len(command) > MOST_WORDS or any(len(word) > _LONGEST_WORD for word in command):
        raise AlertError("the command is too long", "put it into a script, and name that")
    if _PLACE.search(command[0]):
        raise AlertError("the command's name has a place to fill in", "only arguments may have one")
    for word in command:
        if "\0" in word:
            raise AlertError("the command holds a NUL character", "remove it")
        for place in _PLACE.findall(word):
            if place not in PLACES:
                known = " ".join(f"{{{one}}}" for one in PLACES)
                raise AlertError(f"there is no {{{place}}} to fill in here", f"there is {known}")
    return command


def fill_command(command: Sequence[str], firing: Firing) -> list[str]:
    """The command's words with their places filled in, each for itself: a value stays in its word,
    whatever it holds, and is not looked at for places again."""
    moment = date_of(firing.ts)
    values = {
        "instrument": clean(str(firing.rule.instrument)),
        "price": clean(firing.price_text),
        "text": message(firing),
        "time": f"{moment:%Y-%m-%dT%H:%M:%S}.{firing.ts % NS // 1_000_000:03d}Z",
    }
    return [_PLACE.sub(lambda found: values.get(found[1], found[0]), word) for word in command]
