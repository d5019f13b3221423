"""ASCII forms of what is drawn, for terminals that show no more: one character for each cell."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from tui.terminal.glyphs import CONTINUATION

_MARKS: Final = {
    # directions and states
    "▲△↑▴": "^",
    "▼▽↓▾": "v",
    "▸►▶→❯›»": ">",
    "◂◄◀←‹«": "<",
    "●•◆■◉⬤": "*",
    "○◌◯□◇": "o",
    "◐◑◒◓": "%",
    "✓✔": "y",
    "✗✘✕×": "x",
    "⚠": "!",
    "★☆": "*",
    "⏎↵": "$",
    "⏸": "=",
    "…⋯": "~",
    "·∙‧": ".",
    "–—−‐‑‒―": "-",
    "‘’‚′": "'",
    "“”„″": '"',
    "≈∼": "~",
    "≤": "<",
    "≥": ">",
    "≠": "#",
    "±": "+",
    "∞": "8",
    "°": "o",
    "€₿£¥¢₹₽₩₮": "$",
    "Σ": "S",
    "Δ": "d",
    "µμ": "u",
    "↔↕⇄": "|",
    # lines
    "─━┄┅┈┉╌╍╴╶╸╺═‾": "-",
    "│┃┆┇┊┋╎╏╵╷╹╻║╽╿❙": "|",
    "▬": "=",
    "⎯": "-",
}
_BY_CHARACTER: Final = {
    character: form for characters, form in _MARKS.items() for character in characters
}
_LINES: Final = range(0x2500, 0x2580)
_BLOCKS: Final = range(0x2580, 0x25A0)
_DOTS: Final = range(0x2800, 0x2900)


def to_ascii(cells: Sequence[str]) -> list[str]:
    """Return the cells in ASCII, as many as before; the second half of a wide character is blank."""
    return [" " if cell == CONTINUATION else _form_of(cell) for cell in cells]


@lru_cache(maxsize=4096)
def _form_of(cell: str) -> str:
    if cell.isascii():
        return cell
    character = cell[0]
    form = _BY_CHARACTER.get(character)
    if form is not None:
        return form
    code = ord(character)
    if code in _LINES:
        return "+"
    if code in _BLOCKS:
        return "." if character in "░▁▂" else ":" if character in "▒▃▄" else "#"
    if code in _DOTS:
        return " .:*#"[min(4, (code - 0x2800).bit_count())]
    letter = unicodedata.normalize("NFKD", character)[:1]
    return letter if letter.isascii() and letter.isprintable() else "?"
