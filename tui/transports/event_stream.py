"""The event-stream format of server-sent events, to the letter of the WHATWG standard."""

from __future__ import annotations

import msgspec

from tui.model.errors import ProtocolError

_BOM = b"\xef\xbb\xbf"
_LF, _CR, _COLON = b"\n\r:"
# Longer numbers than this are no time that anybody waits, and Python refuses to read the longest.
_RETRY_DIGITS = 18


class ServerSentEvent(msgspec.Struct, frozen=True, gc=False):
    """One event.

    Attributes:
        event: its type, "message" where the server names none.
        data: UTF-8 as it was sent, lines joined by LF. What is not UTF-8 stands as it came, for
            whoever decodes it to complain of: a price with a hole in it is no price.
        id: the last event id as of this event; "" without one.
    """

    event: str
    data: bytes
    id: str


class EventTooLarge(ProtocolError):
    """An event outgrew the limit. The parser is of no further use: the stream has to be opened anew.

    Attributes:
        events: whole ones that came before it in the same bytes.
    """

    def __init__(self, limit: int, events: list[ServerSentEvent]) -> None:
        super().__init__(f"an event of more than {limit} bytes")
        self.events = events


class EventStreamParser:
    """Parses one stream, however its bytes are cut into pieces.

    Bytes are compared, not characters: no byte of a longer UTF-8 sequence looks like CR, LF or a
    colon, and so a character may be cut in two as well.

    Attributes:
        last_event_id: what a reconnect has to send; "" for nothing.
        retry_ms: the reconnection time the server asked for last; None when it did not.
    """

    def __init__(self, max_event_bytes: int, *, last_event_id: str = "") -> None:
        """Begin a stream.

        Args:
            max_event_bytes: bounds the data of one event, and any single line.
            last_event_id: of the stream before; it holds until an event brings another.
        """
        self.last_event_id = last_event_id
        self.retry_ms: int | None = None
        self._max_event_bytes = max_event_bytes
        self._start: bytes | None = b""
        self._after_cr = False
        self._line: list[bytes] = []
        self._line_bytes = 0
        self._data: list[bytes] = []
        self._data_bytes = 0
        self._event = ""
        self._id = last_event_id

    def feed(self, data: bytes) -> list[ServerSentEvent]:
        """The events that are complete with these bytes.

        Raises:
            EventTooLarge: an event or a line outgrew the limit.
        """
        if self._start is not None:
            data = self._start + data
            if len(data) < len(_BOM) and _BOM.startswith(data):
                self._start = data
                return []
            self._start = None
            data = data.removeprefix(_BOM)
        if self._after_cr and data:
            self._after_cr = False
            if data[0] == _LF:
                data = data[1:]
        if not data:
            return []
        # Of bytes, splitlines knows CR, LF and CRLF only; of text it would know seven more.
        lines = data.splitlines()
        last = data[-1]
        if last not in (_LF, _CR) and len(lines) == 1:
            return self._grow(data)
        if self._line:
            lines[0] = b"".join((*self._line, lines[0]))
        self._after_cr = last == _CR
        rest = b"" if last in (_LF, _CR) else lines.pop()
        events = self._read(lines)
        self._line, self._line_bytes = ([rest], len(rest)) if rest else ([], 0)
        self._check(self._line_bytes, events)
        return events

    def _grow(self, data: bytes) -> list[ServerSentEvent]:
        self._line.append(data)
        self._line_bytes += len(data)
        self._check(self._line_bytes, [])
        return []

    def _check(self, line_bytes: int, events: list[ServerSentEvent]) -> None:
        # The field's name is not data, but a limit need not be exact to a few bytes.
        if line_bytes + self._data_bytes > self._max_event_bytes + len(b"data: "):
            raise EventTooLarge(self._max_event_bytes, events)

    def _read(self, lines: list[bytes]) -> list[ServerSentEvent]:
        events: list[ServerSentEvent] = []
        for line in lines:
            if not line:
                self._dispatch(events)
            elif line.startswith(b"data:"):
                value = line[6:] if line.startswith(b"data: ") else line[5:]
                self._append(value, events)
            elif line == b"data":
                self._append(b"", events)
            elif line[0] != _COLON:
                self._set(line)
        return events

    def _append(self, value: bytes, events: list[ServerSentEvent]) -> None:
        self._data.append(value)
        self._data_bytes += len(value) + 1
        # The last line feed is not part of the data.
        if self._data_bytes > self._max_event_bytes + 1:
            raise EventTooLarge(self._max_event_bytes, events)

    def _set(self, line: bytes) -> None:
        """A field other than data."""
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"event":
            self._event = value.decode("utf-8", "replace")
        elif name == b"id":
            if b"\0" not in value:
                self._id = value.decode("utf-8", "replace")
        elif name == b"retry" and value.isdigit() and len(value) <= _RETRY_DIGITS:
            self.retry_ms = int(value)

    def _dispatch(self, events: list[ServerSentEvent]) -> None:
        self.last_event_id = self._id
        if self._data:
            data = self._data[0] if len(self._data) == 1 else b"\n".join(self._data)
            events.append(ServerSentEvent(self._event or "message", data, self._id))
            self._data = []
            self._data_bytes = 0
        self._event = ""
