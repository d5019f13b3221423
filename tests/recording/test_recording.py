"""A recording in memory: times that never run back, and whose frames they are."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tui.model.errors import RecordingError
from tui.recording.format import RecordedFrame, write_recording
from tui.recording.recording import Recording, guess_venue


def test_offsets_count_from_the_first_frame_and_never_decrease() -> None:
    frames = [RecordedFrame(t, "rx", "") for t in (100.0, 101.5, 101.0, 103.0)]

    recording = Recording(frames, name="x")

    assert list(recording.offsets) == [0.0, 1.5, 1.5, 3.0]
    assert recording.duration_s == 3.0
    assert recording.start_ns == 100_000_000_000
    assert recording.end_ns == 103_000_000_000


def test_a_file_without_frames_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "empty.jsonl"
    path.write_text("\n")

    with pytest.raises(RecordingError, match=r"empty\.jsonl holds no frames"):
        Recording.load(path)


def test_a_cut_file_is_loaded_with_its_problem(tmp_path: Path) -> None:
    path = tmp_path / "cut.jsonl"
    write_recording(path, [RecordedFrame(1.0, "rx", "x")])
    path.write_bytes(path.read_bytes() + b'{"t":2')

    recording = Recording.load(path)

    assert len(recording) == 1
    assert "is cut off" in recording.problem


@pytest.mark.parametrize(
    ("frame", "venue"),
    [
        (RecordedFrame(1.0, "open", "", "wss://stream.binance.com:9443/stream"), "BINANCE"),
        (RecordedFrame(1.0, "open", "", "wss://ws.kraken.com"), "KRAKEN"),
        (RecordedFrame(1.0, "rx", '{"stream":"a@trade","data":{}}'), "BINANCE"),
        (RecordedFrame(1.0, "rx", '{"e":"trade","s":"BTCUSDT","t":1}'), "BINANCE"),
        (RecordedFrame(1.0, "rx", '{"u":4,"s":"BTCUSDT","b":"1"}'), "BINANCE"),
        (RecordedFrame(1.0, "rx", '{"channel":"status","data":[]}'), "KRAKEN"),
        (RecordedFrame(1.0, "rx", '{"type":"match","product_id":"BTC-USD"}'), "COINBASE"),
        (RecordedFrame(1.0, "rx", '~m~4~m~{"m":"du"}'), "TRADINGVIEW"),
        (RecordedFrame(1.0, "rx", "hello"), ""),
    ],
)
def test_the_venue_is_known_by_address_or_shape(frame: RecordedFrame, venue: str) -> None:
    assert guess_venue([RecordedFrame(1.0, "rx", '{"result":null,"id":1}'), frame]) == venue


def test_the_real_recordings_load_whole(recordings: Path) -> None:
    btcusdt = Recording.load(recordings / "binance_spot_btcusdt.jsonl.gz")
    four = Recording.load(recordings / "binance_spot_4symbols.jsonl.gz")

    assert (btcusdt.venue, btcusdt.kinds) == ("BINANCE", {"rx": 41248, "http": 1})
    assert (four.venue, four.kinds) == ("BINANCE", {"open": 1, "rx": 265, "http": 4})
    assert btcusdt.duration_s == pytest.approx(346.0621, abs=1e-4)
    assert btcusdt.problem == four.problem == ""


def test_the_other_venues_recordings_load_and_are_recognised(recordings: Path) -> None:
    venues = {
        path.name: Recording.load(path).venue
        for path in sorted(recordings.glob("*.jsonl.gz"))
        if not path.name.startswith("binance")
    }

    assert venues == {
        "bitstamp_generic.jsonl.gz": "BITSTAMP",
        "coinbase_exchange_10products.jsonl.gz": "COINBASE",
        "kraken_v1_10pairs.jsonl.gz": "KRAKEN",
        "kraken_v2_btcusd_depth25.jsonl.gz": "KRAKEN",
        "kraken_v2_xrpusd_depth25.jsonl.gz": "KRAKEN",
        "tradingview_chart_load.jsonl.gz": "TRADINGVIEW",
    }


@pytest.mark.parametrize(
    ("name", "kinds", "duration_s"),
    [
        ("bitstamp_generic", {"open": 1, "tx": 20, "http": 10, "rx": 747}, 31.0),
        ("coinbase_exchange_10products", {"open": 1, "tx": 3, "rx": 9946}, 31.0),
        ("kraken_v1_10pairs", {"open": 3, "tx": 3, "rx": 4430}, 31.0),
        ("kraken_v2_btcusd_depth25", {"rx": 2104}, 50.7),
        ("kraken_v2_xrpusd_depth25", {"rx": 1192}, 42.6),
        ("tradingview_chart_load", {"rx": 42}, 0.0),
    ],
)
def test_a_recording_holds_the_frames_that_are_known_of_it(
    recordings: Path, name: str, kinds: dict[str, int], duration_s: float
) -> None:
    recording = Recording.load(recordings / f"{name}.jsonl.gz")

    assert recording.kinds == kinds
    assert recording.duration_s == pytest.approx(duration_s, abs=0.05)


def test_the_busiest_second_of_btcusdt_holds_1362_frames(recordings: Path) -> None:
    recording = Recording.load(recordings / "binance_spot_btcusdt.jsonl.gz")

    seconds = Counter(int(frame.t) for frame in recording.frames if frame.kind == "rx")

    assert max(seconds.values()) == 1362
