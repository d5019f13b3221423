"""What tells whole output from torn output tells it."""

from __future__ import annotations

import pytest
from written_codes import faults

WHOLE = (
    "\x1b[?2026h\x1b[3;4H\x1b[38;2;1;2;3m▇界\r\n\x1bM\x1b[K\x1b[?2026l\x1b[6n\x1b]0;title\x07abc"
).encode()


def test_whole_output_has_no_faults() -> None:
    assert faults(WHOLE, [len(WHOLE) - 3, len(WHOLE) - 2, len(WHOLE)]) == []


@pytest.mark.parametrize(
    ("written", "fault"),
    [
        (b"\x1b[3;\x1b[4H", "torn"),  # a code that another one begins in
        (b"\xe2\x96\x1b[4H", "torn"),  # a character that is not all there
        (b"\x1b[3;", "torn"),
        (b"\x1b[?2026ha\x1b[?2026hb\x1b[?2026l", "twice"),
        (b"\x1b[?2026ha\x1b[6n\x1b[?2026l", "within an update"),
        (b"\x1b[?2026ha\x1b]0;t\x07\x1b[?2026l", "within an update"),
        (b"\x1b[?2026ha", "does not end"),
    ],
)
def test_what_is_not_whole_is_told(written: bytes, fault: str) -> None:
    assert fault in " ".join(faults(written, []))


@pytest.mark.parametrize("place", [2, 30, 31])  # in a code, in a character, in the update
def test_a_write_that_ends_in_the_middle_is_told(place: int) -> None:
    assert len(faults(WHOLE, [place])) == 1
