"""The meter counts frames and bytes and knows how long frames take."""

from __future__ import annotations

from tui.terminal.meter import TerminalMeter


def test_a_new_meter_knows_no_frame_times() -> None:
    assert TerminalMeter().quantile_s(0.5) is None


def test_frames_are_counted_by_what_they_wrote() -> None:
    meter = TerminalMeter()

    meter.count_frame(size_bytes=120, took_s=0.002, full=True)
    meter.count_frame(size_bytes=30, took_s=0.001, full=False)
    meter.count_frame(size_bytes=0, took_s=0.001, full=False)

    assert (meter.frames_sent, meter.full_frames, meter.frames_empty) == (2, 1, 1)
    assert meter.bytes_sent == 150


def test_quantiles_are_of_the_latest_thousand_frames() -> None:
    meter = TerminalMeter()
    for _ in range(500):
        meter.count_frame(size_bytes=1, took_s=9.0, full=False)

    for milliseconds in range(1000):
        meter.count_frame(size_bytes=1, took_s=milliseconds / 1000, full=False)

    assert meter.quantile_s(0.5) == 0.5
    assert meter.quantile_s(0.99) == 0.99
    assert meter.quantile_s(1.0) == 0.999
