"""Tells whether what a program writes to a terminal is whole: characters, codes, and frames."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

_PIECE = re.compile(
    rb"(?P<csi>\x1b\[[0-?]*[ -/]*[@-~])"
    rb"|(?P<string>\x1b[\]P_^X][^\x07\x1b]*(?:\x07|\x1b\\))"
    rb"|(?P<short>\x1b[ -/]*[0-OQ-WYZ`-~])"
    rb"|(?P<text>[^\x00-\x1f\x7f\x80-\xff]+|[\b\t\n\r]"
    rb"|[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3})"
)
_BEGIN, _END = b"\x1b[?2026h", b"\x1b[?2026l"
_DRAWING = b"mABCDEFGHdfKJXP@STLMrb"
_MOVES = (b"\x1bM", b"\x1bD", b"\x1bE")
_LONGEST_CODE = 80


class Piece(NamedTuple):
    """A stretch of text, or one code, and where it ends."""

    data: bytes
    kind: str
    end: int


def pieces(data: bytes) -> Iterator[Piece]:
    """Yield what was written, piece by piece; what is no whole piece as one of kind "torn"."""
    at = 0
    while at < len(data):
        found = _PIECE.match(data, at)
        if found is None:
            yield Piece(data[at : at + 20], "torn", at + 1)
            at += 1
        else:
            yield Piece(found[0], found.lastgroup or "", found.end())
            at = found.end()


def faults(data: bytes, writes: Iterable[int]) -> list[str]:
    """Return what is not whole of all that was written: `writes` tells where each write ended.

    Codes and characters come whole and one after the other, no write ends within one, and between the
    beginning and the end of a synchronised update there is nothing but drawing, and no end of a write.
    """
    found = list(pieces(data))
    return [
        *(f"at {piece.end}: torn {piece.data!r}" for piece in found if not _is_whole(piece)),
        *_foreign_to_updates(found),
        *_cut(found, writes),
    ]


def _is_whole(piece: Piece) -> bool:
    return piece.kind != "torn" and (piece.kind != "csi" or len(piece.data) <= _LONGEST_CODE)


def _foreign_to_updates(found: Iterable[Piece]) -> Iterator[str]:
    begun = False
    for piece in found:
        if piece.data in (_BEGIN, _END):
            if begun == (piece.data == _BEGIN):
                yield f"to {piece.end}: {piece.data!r} twice"
            begun = piece.data == _BEGIN
        elif begun and not _draws(piece):
            yield f"to {piece.end}: {piece.data!r} within an update"
    if begun:
        yield "the last update does not end"


def _draws(piece: Piece) -> bool:
    if piece.kind == "csi":
        return piece.data[-1] in _DRAWING
    return piece.kind == "text" or piece.data in _MOVES


def _cut(found: Iterable[Piece], writes: Iterable[int]) -> Iterator[str]:
    ends, within = {0}, set[int]()
    begun, before = False, 0
    for piece in found:
        # A write may end between any two characters of one byte each.
        stretch = range(before + 1, piece.end) if piece.data.isascii() else ()
        if piece.kind == "text":
            ends.update(stretch)
        ends.add(piece.end)
        begun = piece.data == _BEGIN or (begun and piece.data != _END)
        if begun:
            within.add(piece.end)
            within.update(stretch)
        before = piece.end
    for end in writes:
        if end <= before and end not in ends:
            yield f"a write ends at {end}, within a code or a character"
        elif end in within:
            yield f"a write ends at {end}, within an update"
