"""Cuts what arrives into messages: `~m~LENGTH~m~BODY`, the length in UTF-16 code units, repeated."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from tui.model.errors import ProtocolError

_HEAD: Final = re.compile(r"~m~([0-9]{1,9})~m~")
_HEAD_BYTES: Final = re.compile(rb"~m~([0-9]{1,9})~m~")


def split(frame: bytes) -> Iterator[bytes]:
    """The bodies of one WebSocket message, in order, as UTF-8.

    Raises:
        ProtocolError: after the bodies that are whole, where the rest is cut off or is something else.
    """
    if frame.isascii():
        return _split_ascii(frame)
    try:
        return _split_text(frame.decode())
    except UnicodeDecodeError as error:
        raise ProtocolError(
            f"a frame that is not UTF-8, at byte {error.start}", repr(frame[:80])
        ) from error


def wrap(body: str) -> str:
    """A body as it is sent; it must be ASCII, whose length is the same in every unit."""
    return f"~m~{len(body)}~m~{body}"


def write(name: str, *parameters: Any) -> str:
    """A message as it is sent."""
    return wrap(json.dumps({"m": name, "p": parameters}, separators=(",", ":")))


def _split_ascii(frame: bytes) -> Iterator[bytes]:
    # Nearly all frames, and the largest: a third of a megabyte must not be decoded to be cut.
    at, end = 0, len(frame)
    while at < end:
        head = _HEAD_BYTES.match(frame, at)
        if head is None:
            raise _garbage(at, frame[at : at + 80].decode())
        start = head.end()
        at = start + int(head[1])
        if at > end:
            raise _cut_off(int(head[1]), end - start)
        yield frame[start:at]


def _split_text(text: str) -> Iterator[bytes]:
    at, end = 0, len(text)
    while at < end:
        head = _HEAD.match(text, at)
        if head is None:
            raise _garbage(at, text[at : at + 80])
        start, units = head.end(), int(head[1])
        body = text[start : start + units]  # as many characters are at least as many units
        if not body.isascii():
            try:
                body = body.encode("utf-16-le")[: 2 * units].decode("utf-16-le")
            except UnicodeDecodeError as error:
                raise ProtocolError(
                    f"the length {units} ends within a character", text[start : start + 80]
                ) from error
        held = len(body.encode("utf-16-le")) // 2
        if held < units:
            raise _cut_off(units, held)
        yield body.encode()
        at = start + len(body)


def _garbage(at: int, rest: str) -> ProtocolError:
    return ProtocolError(f"no ~m~LENGTH~m~ at character {at} of a frame", rest)


def _cut_off(units: int, held: int) -> ProtocolError:
    return ProtocolError(f"a message of length {units} is cut off after {held}")
