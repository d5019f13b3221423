"""A recording in memory: its frames in order, the times they are due, and whose they are."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path

import msgspec

from tui.model.errors import RecordingError
from tui.recording.format import RecordedFrame, RecordingReader

_HOSTS = {
    "binance": "BINANCE",
    "coinbase": "COINBASE",
    "kraken": "KRAKEN",
    "tradingview": "TRADINGVIEW",
    "bitstamp": "BITSTAMP",
}
_FRAMES_TO_GUESS_FROM = 200


class Recording:
    """Frames in order of arrival.

    Attributes:
        name: the file's name, for messages and the screen.
        frames: all of them, of every kind.
        offsets: when each frame is due, seconds after the first; never decreasing, also where the
            recorder's clock was set back.
        start_ns: time of the first frame, ns.
        problem: what was wrong with the file's end; "" when nothing.
    """

    def __init__(self, frames: Iterable[RecordedFrame], *, name: str, problem: str = "") -> None:
        """Hold frames.

        Raises:
            RecordingError: there are none.
        """
        self.frames: Sequence[RecordedFrame] = list(frames)
        if not self.frames:
            raise RecordingError(f"{name} holds no frames", problem)
        self.name = name
        self.problem = problem
        self.start_ns = self.frames[0].time_ns
        self.offsets = array("d")
        start = self.frames[0].t
        latest = 0.0
        for frame in self.frames:
            latest = max(latest, frame.t - start)
            self.offsets.append(latest)
        self.venue = guess_venue(self.frames)

    @classmethod
    def load(cls, path: Path) -> Recording:
        """Read a file.

        Raises:
            RecordingError: it cannot be read, holds something else, or nothing.
        """
        reader = RecordingReader(path)
        frames = list(reader)
        return cls(frames, name=path.name, problem=reader.problem)

    def __len__(self) -> int:
        return len(self.frames)

    @property
    def duration_s(self) -> float:
        return self.offsets[-1]

    @property
    def end_ns(self) -> int:
        return self.start_ns + round(self.duration_s * 1e9)

    @property
    def kinds(self) -> dict[str, int]:
        """How many frames there are of each kind."""
        return dict(Counter(frame.kind for frame in self.frames))


def guess_venue(frames: Iterable[RecordedFrame]) -> str:
    """Whose frames these are: by the addresses, else by their shape; "" when neither says it."""
    first = list(islice(frames, _FRAMES_TO_GUESS_FROM))
    for frame in first:
        host = frame.url.partition("://")[2].partition("/")[0].lower()
        for part, venue in _HOSTS.items():
            if part in host:
                return venue
    for frame in first:
        if frame.kind == "rx" and (venue := _venue_of_shape(frame.raw)):
            return venue
    return ""


class _Shape(msgspec.Struct):
    """The members that tell venues' frames apart."""

    stream: object = None
    data: object = None
    e: object = None
    s: object = None
    u: object = None
    channel: object = None
    product_id: object = None
    product_ids: object = None


_decode_shape = msgspec.json.Decoder(_Shape).decode


def _venue_of_shape(raw: str) -> str:
    if raw.startswith("~m~"):
        return "TRADINGVIEW"
    try:
        shape = _decode_shape(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    is_wrapped = isinstance(shape.stream, str) and shape.data is not None
    is_bare = isinstance(shape.s, str) and (shape.e is not None or shape.u is not None)
    if is_wrapped or is_bare:
        return "BINANCE"
    if shape.product_id is not None or shape.product_ids is not None:
        return "COINBASE"
    if isinstance(shape.channel, str):
        return "KRAKEN"
    return ""
