"""Text to terminal cells: one string a cell, nothing in it that a terminal would act on."""

from __future__ import annotations

import re
import unicodedata

from rich.cells import get_character_cell_size, split_graphemes

PLACEHOLDER = "\ufffd"
"""Stands for a character that must not reach the terminal but has a column of its own."""

CONTINUATION = ""
"""The cell to the right of a wide character, which paints both."""

_PLAIN = re.compile(
    "[ -~\xa0-\xac\xae-\u02ff\u0370-\u0377\u037a-\u037f\u0384-\u038a\u038e-\u03a1\u03a3-\u0482"
    "\u2010-\u2027\u2030-\u205e\u20a0-\u20bf\u2190-\u2193\u2200-\u22ff\u2500-\u25fc\u2800-\u28ff"
    "\U0001fb00-\U0001fb92]*"
)
_MOST_MARKS = 2
_CACHE_LIMIT = 4096

_glyphs: dict[str, list[str]] = {}
_odd: set[str] = set()


def is_plain(text: str) -> bool:
    """Tell whether each character is one harmless cell, so that the text is its own list of cells."""
    return (text.isascii() and text.isprintable()) or _PLAIN.fullmatch(text) is not None


def is_odd(cell: str) -> bool:
    """Tell whether terminals disagree on the width of this cell, so that the cursor is lost behind it."""
    return cell in _odd


def split_cells(text: str) -> list[str]:
    """Return the cells of a text that is not plain, as many as the layout reserved for it.

    A wide character is followed by `CONTINUATION`. Control characters, bidi controls, joiners, lone
    surrogates and variation selectors are left out where the layout gave them no column, and become a
    placeholder where it did; no column shifts.
    """
    cells = _glyphs.get(text)
    if cells is None:
        if len(_glyphs) >= _CACHE_LIMIT:
            _glyphs.clear()
        cells = []
        for start, end, width in split_graphemes(text)[0]:
            if width:
                cells.extend(_cell_of(text[start:end], width))
        _glyphs[text] = cells
    return cells


def _cell_of(cluster: str, width: int) -> list[str]:
    base = cluster[0]
    drawn_width = get_character_cell_size(base)
    harmless = (base.isprintable() or base == "\u3000") and 0 < drawn_width <= width
    if not harmless or base == PLACEHOLDER:
        return [PLACEHOLDER, *[" "] * (width - 1)]
    marks = [mark for mark in cluster[1:] if _is_mark(mark)][:_MOST_MARKS]
    cell = base + "".join(marks)
    if marks or (not is_plain(base) and not unicodedata.category(base).startswith("L")):
        if len(_odd) >= _CACHE_LIMIT:
            _odd.clear()
            _glyphs.clear()
        _odd.add(cell)
    return [cell, *[CONTINUATION] * (drawn_width - 1), *[" "] * (width - drawn_width)]


def _is_mark(character: str) -> bool:
    return unicodedata.category(character) in ("Mn", "Me") and not (
        "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef"
    )
