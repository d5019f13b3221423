"""The file format: what is written is read, and damage is told, with file and line."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from tui.model.errors import RecordingError
from tui.recording.format import RecordedFrame, RecordingReader, RecordingWriter, write_recording

FRAMES = [
    RecordedFrame(1700000000.5, "open", "", "wss://stream.binance.com:9443/stream"),
    RecordedFrame(1700000000.625, "tx", '{"method":"SUBSCRIBE"}'),
    RecordedFrame(1700000001.0, "rx", '{"a":"ü\\u0000 \\"[red]\\""}\n'),
    RecordedFrame(1700000002.25, "http", "[]", "https://api.binance.com/api/v3/depth?symbol=A"),
]


@pytest.mark.parametrize("name", ["plain.jsonl", "packed.jsonl.gz"])
def test_frames_come_back_as_they_were_written(tmp_path: Path, name: str) -> None:
    path = tmp_path / name

    write_recording(path, FRAMES)

    assert list(RecordingReader(path)) == FRAMES


def test_a_name_with_gz_is_packed(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"

    write_recording(path, FRAMES)

    assert path.read_bytes()[:2] == b"\x1f\x8b"


def test_packed_files_are_known_by_their_content_not_their_name(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(gzip.compress(b'{"t":1,"kind":"rx","raw":"x"}\n'))

    assert [frame.raw for frame in RecordingReader(path)] == ["x"]


def test_concatenated_packed_files_are_read_to_the_end(tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    one = gzip.compress(b'{"t":1,"kind":"rx","raw":"x"}\n')
    two = gzip.compress(b'{"t":2,"kind":"rx","raw":"y"}\n')
    path.write_bytes(one + two)

    reader = RecordingReader(path)

    assert [frame.raw for frame in reader] == ["x", "y"]
    assert reader.problem == ""


def test_an_existing_file_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("precious")

    with pytest.raises(RecordingError, match=r"cannot create .*a\.jsonl: File exists"):
        RecordingWriter(path)

    assert path.read_text() == "precious"


def test_a_time_is_given_in_nanoseconds() -> None:
    assert RecordedFrame(1723161253.9370856, "rx", "").time_ns == 1723161253937085696


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("not json", "malformed"),
        ('{"t":1,"kind":"rx"}', "raw"),
        ('{"t":1,"kind":"smoke","raw":""}', "kind"),
        ('{"t":"now","kind":"rx","raw":""}', "Expected `float`"),
        ('{"t":1723161253937,"kind":"rx","raw":""}', "not seconds since the epoch"),
        ("[1,2]", "Expected `object`"),
        ('{"t":1,"kind":"rx","raw":"\\ud800"}', "not a recorded frame"),
    ],
)
def test_garbage_is_named_by_file_and_line(tmp_path: Path, line: str, why: str) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text('{"t":1,"kind":"rx","raw":""}\n' + line + "\n")

    with pytest.raises(RecordingError) as caught:
        list(RecordingReader(path))

    assert f"{path}, line 2: " in caught.value.message
    assert why in caught.value.message
    assert '"kind"' in caught.value.hint


def test_binary_garbage_is_an_error_of_line_one(tmp_path: Path) -> None:
    path = tmp_path / "noise"
    path.write_bytes(bytes(range(256)) * 40)

    with pytest.raises(RecordingError, match="line 1"):
        list(RecordingReader(path))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"cannot read .*nowhere: No such file"):
        list(RecordingReader(tmp_path / "nowhere"))


def test_a_truncated_packed_file_gives_what_is_before_the_cut(tmp_path: Path) -> None:
    whole = tmp_path / "whole.gz"
    frames = [RecordedFrame(float(i), "rx", f"{i * 7919 % 104729}") for i in range(20_000)]
    write_recording(whole, frames)
    cut = tmp_path / "cut.gz"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])

    reader = RecordingReader(cut)
    read = list(reader)

    assert 8_000 < len(read) < 12_000
    assert read == frames[: len(read)]
    assert reader.problem == f"{cut} is cut off: the end of the gzip stream is missing"


def test_a_damaged_packed_file_gives_what_is_well_before_the_damage(tmp_path: Path) -> None:
    path = tmp_path / "bad.gz"
    frames = [RecordedFrame(float(i), "rx", str(i)) for i in range(20_000)]
    write_recording(path, frames)
    data = bytearray(path.read_bytes())
    data[-8] ^= 0xFF  # the checksum
    path.write_bytes(data)

    reader = RecordingReader(path)
    read = list(reader)

    assert 15_000 < len(read) < 20_000
    assert read == frames[: len(read)]
    assert "is damaged" in reader.problem


def test_a_plain_file_cut_in_its_last_line_gives_the_lines_before(tmp_path: Path) -> None:
    path = tmp_path / "cut.jsonl"
    path.write_text('{"t":1,"kind":"rx","raw":"x"}\n\n{"t":2,"kind":"rx","ra')

    reader = RecordingReader(path)

    assert [frame.raw for frame in reader] == ["x"]
    assert reader.problem == f"{path} is cut off: line 3: the last line is cut off"


def test_a_last_line_without_its_newline_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"t":1,"kind":"rx","raw":"x"}\n{"t":2,"kind":"rx","raw":"y"}')

    reader = RecordingReader(path)

    assert [frame.raw for frame in reader] == ["x", "y"]
    assert reader.problem == ""
