"""Text from outside made harmless: no escape codes, no invisible or direction-changing characters."""

from __future__ import annotations

import re
import unicodedata

PLACEHOLDER = "\ufffd"
"""Stands for what must not reach a terminal: one for each sequence or character."""

ELLIPSIS = "…"

_MOST_MARKS = 2  # kept on one letter: living scripts need no more, stacked ones deface rows

_ESCAPE_SEQUENCE = re.compile(
    r"""
      (?:\x1b\[|\x9b) [0-?]*[ -/]*[@-~]                          # CSI
    | (?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f]) [^\x07\x1b\x9c]* (?:\x07|\x1b\\|\x9c)  # OSC and its kin
    | \x1b[ -/]*[0-OQ-WYZ\\`-~]                                  # two- and three-character escapes
    """,
    re.VERBOSE,
)
_LINE_BREAK = re.compile("\r\n|[\t\n\v\f\r\x85\u2028\u2029]")
_VARIATION_SELECTOR = re.compile("[\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")


def clean(text: str, limit: int | None = None) -> str:
    """Return the text as one line that is safe to draw.

    Escape sequences, control characters, lone surrogates, bidi controls and zero-width characters each
    become one U+FFFD, so that tampering stays visible; line breaks and tabs become spaces. Markup such
    as `[red]` is left alone: whoever draws the text must not parse it as markup.

    Args:
        text: anything.
        limit: the most characters to return, the ellipsis of a shortened text included; None for all.

    Raises:
        ValueError: `limit` is negative.
    """
    if limit is not None and limit < 0:
        raise ValueError(f"a text cannot be shortened to {limit} characters")
    if not (text.isascii() and text.isprintable()):
        text = _ESCAPE_SEQUENCE.sub(PLACEHOLDER, text)
        text = _LINE_BREAK.sub(" ", text)
        text = _VARIATION_SELECTOR.sub("", text)
        text = "".join(_safe_characters(text))
    if limit is not None and len(text) > limit:
        text = text[: max(0, limit - 1)] + ELLIPSIS[:limit]
    return text


def _safe_characters(text: str) -> list[str]:
    safe = []
    marks = _MOST_MARKS  # a mark with no letter before it would fall on a neighbouring cell
    for character in text:
        if character.isascii() and character.isprintable():
            marks = 0
        elif unicodedata.category(character) in ("Mn", "Me"):
            marks += 1
            if marks > _MOST_MARKS:
                continue
        else:
            marks = 0
            if not character.isprintable():
                character = " " if unicodedata.category(character) == "Zs" else PLACEHOLDER
        safe.append(character)
    return safe
