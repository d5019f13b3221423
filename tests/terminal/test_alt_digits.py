"""Alt with a digit comes as that key, whichever way a terminal sends it."""

from __future__ import annotations

import pytest
from textual._xterm_parser import XTermParser
from textual.events import Key

from tui.terminal.alt_digits import hear_alt_digits


@pytest.mark.parametrize("sent", ["\x1b1", "\x1b[49;3u"])
def test_alt_with_a_digit_is_told_by_its_name(sent: str) -> None:
    hear_alt_digits()

    keys = [event.key for event in XTermParser().feed(sent) if isinstance(event, Key)]

    assert keys == ["alt+1"]


def test_a_digit_alone_stays_a_digit() -> None:
    hear_alt_digits()

    keys = [event.key for event in XTermParser().feed("1") if isinstance(event, Key)]

    assert keys == ["1"]
