"""The framing of TradingView's socket: lengths in UTF-16 units, several frames in one message."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

_HEAD: Final = re.compile(r"~m~(\d{1,9})~m~")
_BEAT: Final = re.compile(r"~h~(\d{1,9})")


def frame(payload: str) -> str:
    """A payload with its length in front."""
    length = len(payload) if payload.isascii() else len(payload.encode("utf-16-le")) // 2
    return f"~m~{length}~m~{payload}"


def message(name: str, *params: Any) -> str:
    """A framed message. Names of instruments stay as they are written: that is what makes lengths
    in bytes wrong."""
    body = {"m": name, "p": list(params)}
    return frame(json.dumps(body, separators=(",", ":"), ensure_ascii=False))


def beat(number: int) -> str:
    """A framed heartbeat."""
    return frame(f"~h~{number}")


def payloads(text: str) -> Iterator[str]:
    """The payloads of one WebSocket message.

    Raises:
        ValueError: it is not made of whole frames.
    """
    position = 0
    while match := _HEAD.match(text, position):
        start, length = match.end(), int(match[1])
        body = text[start : start + length]
        if not body.isascii():
            body = body.encode("utf-16-le")[: 2 * length].decode("utf-16-le")
        if len(body.encode("utf-16-le")) < 2 * length:
            raise ValueError("a frame is cut off")
        yield body
        position = start + len(body)
    if position != len(text):
        raise ValueError("something stands outside of the frames")


def beat_number(payload: str) -> int | None:
    """The number of a heartbeat; None of what is none."""
    match = _BEAT.fullmatch(payload)
    return int(match[1]) if match else None
