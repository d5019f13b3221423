"""The file format of recordings: one JSON object a line, in order of arrival, plain or gzip."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Literal, Self

import msgspec

from tui.model.errors import RecordingError

Kind = Literal["open", "tx", "rx", "http"]

_GZIP_MAGIC = b"\x1f\x8b"
_GZIP_WINDOW = 31  # zlib's way to ask for the gzip container
_CHUNK_BYTES = 1 << 16
_MAX_LINE_BYTES = 64 << 20
_MAX_SECONDS = 1e11  # the year 5138; beyond it a stamp is a mistake, such as milliseconds


class RecordedFrame(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Something that passed over the wire.

    Attributes:
        t: when it was received or sent, seconds since the epoch.
        kind: `open` a connection was made, `tx` we sent `raw`, `rx` the venue sent `raw`,
            `http` the body of a GET at `url`.
        url: where; "" where the capture did not keep it.
        raw: the text, byte for byte.
    """

    t: float
    kind: Kind
    raw: str
    url: str = ""

    @property
    def time_ns(self) -> int:
        """`t` in ns."""
        return round(self.t * 1e9)


class RecordingReader:
    """The frames of one file, read as a stream.

    A file that ends in the middle (the recorder was killed, the download stopped) gives the frames
    up to there; `problem` then says so.

    Attributes:
        problem: what is wrong with the file's end; "" while nothing is. Final after the iteration.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problem = ""

    def __iter__(self) -> Iterator[RecordedFrame]:
        """Read the file from its start.

        Raises:
            RecordingError: the file cannot be read, or a line is not a recorded frame; it names both.
        """
        self.problem = ""
        decode = msgspec.json.Decoder(RecordedFrame).decode
        number = 0
        try:
            with self.path.open("rb") as file:
                for line, is_whole in self._lines(file):
                    number += 1
                    if not line.strip():
                        continue
                    try:
                        frame = decode(line)
                    except (msgspec.DecodeError, UnicodeDecodeError) as error:
                        if not is_whole and number > 1:
                            self._note_end(number, "the last line is cut off")
                            return
                        raise self._garbage(number, str(error)) from None
                    if not 0 <= frame.t < _MAX_SECONDS:
                        raise self._garbage(number, f"t is {frame.t}, not seconds since the epoch")
                    yield frame
        except OSError as error:
            reason = error.strerror or str(error)
            raise RecordingError(f"cannot read {self.path}: {reason}") from error

    def _lines(self, file: IO[bytes]) -> Iterator[tuple[bytes, bool]]:
        """Lines without their ends, and whether the line's end was there."""
        rest = b""
        number = 0
        for chunk in self._chunks(file):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                yield line, True
            number += len(lines)
            if len(rest) > _MAX_LINE_BYTES:
                raise self._garbage(number + 1, f"longer than {_MAX_LINE_BYTES >> 20} MiB")
        if rest:
            yield rest, False

    def _chunks(self, file: IO[bytes]) -> Iterator[bytes]:
        start = file.read(2)
        file.seek(0)
        if start == _GZIP_MAGIC:
            yield from self._unzipped(file)
        else:
            while chunk := file.read(_CHUNK_BYTES):
                yield chunk

    def _unzipped(self, file: IO[bytes]) -> Iterator[bytes]:
        """Unpack by hand: the gzip module throws away what it had before it met a truncated end."""
        unzip = zlib.decompressobj(_GZIP_WINDOW)
        is_new = True
        while chunk := file.read(_CHUNK_BYTES):
            while chunk:
                if unzip.eof:  # another member follows, as when files are concatenated
                    unzip = zlib.decompressobj(_GZIP_WINDOW)
                    is_new = True
                try:
                    data = unzip.decompress(chunk, _CHUNK_BYTES)
                except zlib.error as error:
                    if is_new and not chunk.startswith(_GZIP_MAGIC):
                        self.problem = f"{self.path}: something follows the packed frames"
                    else:
                        self.problem = f"{self.path} is damaged: {error}"
                    return
                is_new = False
                if data:
                    yield data
                chunk = unzip.unused_data if unzip.eof else unzip.unconsumed_tail
        if not unzip.eof:
            self.problem = f"{self.path} is cut off: the end of the gzip stream is missing"

    def _note_end(self, number: int, what: str) -> None:
        if not self.problem:
            self.problem = f"{self.path} is cut off: line {number}: {what}"

    def _garbage(self, number: int, why: str) -> RecordingError:
        return RecordingError(
            f"{self.path}, line {number}: not a recorded frame: {why}",
            'each line is {"t": seconds, "kind": "open|tx|rx|http", "url": ..., "raw": "text"}',
        )


class RecordingWriter:
    """Writes frames to a new file, packed when its name ends in `.gz`. A context manager."""

    def __init__(self, path: Path) -> None:
        """Create the file.

        Raises:
            RecordingError: it cannot be created.
        """
        self.path = path
        self._encode = msgspec.json.Encoder().encode
        try:
            self._file: gzip.GzipFile | IO[bytes] = (
                gzip.GzipFile(path, "xb") if path.suffix == ".gz" else path.open("xb")
            )
        except OSError as error:
            reason = error.strerror or str(error)
            raise RecordingError(f"cannot create {path}: {reason}") from error

    def write(self, frame: RecordedFrame) -> None:
        """Append a frame.

        Raises:
            RecordingError: the disk is full or the file is gone.
        """
        try:
            self._file.write(self._encode(frame) + b"\n")
        except OSError as error:
            reason = error.strerror or str(error)
            raise RecordingError(f"cannot write {self.path}: {reason}") from error

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def write_recording(path: Path, frames: Iterable[RecordedFrame]) -> None:
    """Write all frames to a new file.

    Raises:
        RecordingError: the file exists or cannot be written.
    """
    with RecordingWriter(path) as writer:
        for frame in frames:
            writer.write(frame)
