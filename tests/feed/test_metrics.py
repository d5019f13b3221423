"""A feed's counters and rates."""

from __future__ import annotations

from tui.feed.metrics import Metrics

MS = 1_000_000


def test_rates_are_of_the_last_five_whole_seconds() -> None:
    metrics = Metrics()
    for second in range(10):
        for _ in range(20):
            metrics.received(100, second + 0.5)

    assert metrics.rates(10.0) == (20.0, 2000.0)


def test_rates_fall_to_zero_when_nothing_comes() -> None:
    metrics = Metrics()
    metrics.received(100, 1.0)

    assert metrics.rates(20.0) == (0.0, 0.0)


def test_latency_is_freed_of_the_clock_offset() -> None:
    metrics = Metrics()
    for latency in range(1, 101):
        metrics.timed((latency - 1270) * MS, now=0.0)

    assert metrics.latency_ms(-1270 * MS, now=1.0) == (51.0, 99.0)


def test_latency_is_unknown_without_an_offset_or_data() -> None:
    metrics = Metrics()
    assert metrics.latency_ms(0, now=0.0) == (None, None)
    metrics.timed(5 * MS, now=0.0)
    assert metrics.latency_ms(None, now=0.0) == (None, None)


def test_old_latencies_do_not_count() -> None:
    metrics = Metrics()
    metrics.timed(900 * MS, now=0.0)
    metrics.timed(5 * MS, now=40.0)

    assert metrics.latency_ms(0, now=41.0) == (5.0, 5.0)


def test_latencies_are_sorted_anew_twice_a_second() -> None:
    metrics = Metrics()
    metrics.timed(5 * MS, 1.0)
    assert metrics.latency_ms(0, now=1.0) == (5.0, 5.0)

    metrics.timed(9 * MS, 1.1)
    metrics.timed(9 * MS, 1.2)

    assert metrics.latency_ms(0, now=1.4) == (5.0, 5.0)
    assert metrics.latency_ms(0, now=1.5) == (9.0, 9.0)
