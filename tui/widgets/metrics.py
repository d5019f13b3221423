"""The metrics panel: how each feed and the program itself are doing, with their recent history."""

from __future__ import annotations

import textwrap
from collections import deque
from collections.abc import Callable, Hashable, Sequence

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual_plotext import PlotextPlot

from tui.charts.glyphs import Glyphs
from tui.model.health import AppHealth, ConnectionState, FeedHealth
from tui.model.text import clean
from tui.widgets import format as fmt
from tui.widgets.line_widget import LineWidget, Part, Row
from tui.widgets.look import Look, plot_colour
from tui.widgets.title import LESSER

_COLUMN = 26
HISTORY_S = 120
"""Seconds of history that the plots show."""


class _Table(LineWidget):
    """A block of figures for each feed, then the program's own."""

    DEFAULT_CSS = "_Table { width: 1fr; }"

    def __init__(self) -> None:
        super().__init__()
        self.feeds: Sequence[FeedHealth] = ()
        self.program = AppHealth()
        self.serial = 0

    def fingerprint(self, now: int) -> Hashable:
        return self.serial

    def rows(self, width: int, height: int, look: Look) -> Sequence[Row]:
        rows: list[Row] = [((" Metrics".ljust(width), look.title),)]
        for feed in self.feeds:
            state = look.success if feed.state is ConnectionState.CONNECTED else look.error
            rows.append(
                (
                    (f" {feed.venue} ", look.bold),
                    (f"{feed.state} ", state),
                    (f"{feed.transport} {clean(feed.endpoint, 60)} ", look.muted),
                    (clean(feed.cause, 80), look.muted),
                )
            )
            rows += [((line, look.warning),) for line in _troubles(feed, width)]
            rows += _wrapped(_feed_figures(feed), width, look)
        rows.append(((" program", look.bold),))
        rows += _wrapped(_program_figures(self.program), width, look)
        return rows


class MetricsView(Horizontal):
    """Figures once a second; beside them, where there is room, the history of rate and latency."""

    DEFAULT_CSS = """
    MetricsView PlotextPlot { width: 40; height: 1fr; }
    """

    def __init__(
        self,
        feeds: Callable[[], Sequence[FeedHealth]],
        program: Callable[[], AppHealth],
        *,
        glyphs: Glyphs,
        id: str | None = None,
    ) -> None:
        super().__init__(id=id)
        self._feeds = feeds
        self._program = program
        self._table = _Table()
        self._rate = PlotextPlot(id="rate-history")
        self._latency = PlotextPlot(id="latency-history")
        self._rates: deque[float] = deque(maxlen=HISTORY_S)
        self._latencies: deque[float] = deque(maxlen=HISTORY_S)
        self._marker = "#" if glyphs.name == "ascii" else "braille"
        self._second = 0

    def compose(self) -> ComposeResult:
        yield self._table
        yield self._rate
        yield self._latency

    @property
    def program(self) -> AppHealth:
        """The program's figures as they were last looked at."""
        return self._table.program

    def on_resize(self) -> None:
        self._rate.display = self.size.width >= 110
        self._latency.display = self.size.width >= 150

    def sync(self, now: int) -> None:
        """Look at the figures, once a second; the history grows also while nothing is shown."""
        second = now // 1_000_000_000
        if second == self._second:
            return
        self._second = second
        table = self._table
        table.feeds = self._feeds()
        table.program = self._program()
        table.serial = second
        self._rates.append(sum(feed.message_rate for feed in table.feeds))
        known = [feed.latency_p50_ms for feed in table.feeds if feed.latency_p50_ms is not None]
        self._latencies.append(max(known) if known else 0.0)
        if self.display:
            table.sync(now)
            for plot, values, label in (
                (self._rate, self._rates, "messages/s"),
                (self._latency, self._latencies, "latency p50, ms"),
            ):
                if plot.display:
                    self._draw(plot, list(values), label)

    def _draw(self, plot: PlotextPlot, values: list[float], label: str) -> None:
        figure = plot.plt
        figure.clear_figure()
        figure.title(label)
        figure.plot(
            [float(i - len(values) + 1) for i in range(len(values))],
            values,
            marker=self._marker,
            color=plot_colour(self.app, "accent"),
        )
        figure.xlim(-HISTORY_S, 0)
        figure.ylim(0, max(1.0, *values) * 1.1)
        figure.xfrequency(3)
        figure.yfrequency(3)
        plot.refresh()


def _troubles(feed: FeedHealth, width: int) -> list[str]:
    """Why a lesser transport is in use, and which endpoints are left alone for a while; in lines."""
    found = []
    if feed.fallback:
        again = "" if feed.probe_in_s is None else f"; better in {feed.probe_in_s:.0f} s"
        found.append(f"{LESSER}{feed.transport}: {feed.fallback}{again}")
    for endpoint, left in sorted(feed.breakers.items()):
        found.append(f"{endpoint} rests for {left:.0f} s")
    return [
        line
        for trouble in found
        for line in textwrap.wrap(
            clean(trouble, 300), width, initial_indent="  ", subsequent_indent="    "
        )
    ]


def _feed_figures(feed: FeedHealth) -> list[tuple[str, str]]:
    retry = f"{feed.retry_in_s:.0f}s" if feed.retry_in_s is not None else "—"
    statuses = " ".join(
        f"{count} {status}" for status, count in feed.subscriptions.items() if count
    )
    return [
        ("up", fmt.age(feed.uptime_s)),
        ("in", f"{feed.messages_in:,}"),
        ("out", f"{feed.messages_out:,}"),
        ("rate", f"{feed.message_rate:,.0f}/s"),
        ("bytes", fmt.byte_count(feed.bytes_in)),
        ("bandwidth", fmt.byte_rate(feed.byte_rate)),
        ("reconnects", str(feed.reconnects)),
        ("retry in", retry),
        ("subscribed", statuses or "nothing"),
        ("queue", str(feed.queue_length)),
        ("applied", f"{feed.applied:,}"),
        ("conflated", f"{feed.conflated:,}"),
        ("dropped", f"{feed.dropped:,}"),
        ("stale", f"{feed.stale:,}"),
        ("resyncs", f"{feed.resyncs:,}"),
        ("latency p50", fmt.milliseconds(feed.latency_p50_ms)),
        ("latency p99", fmt.milliseconds(feed.latency_p99_ms)),
        ("ping", fmt.milliseconds(feed.ping_ms)),
        ("clock off by", fmt.milliseconds(feed.clock_offset_ms)),
    ]


def _program_figures(program: AppHealth) -> list[tuple[str, str]]:
    at_most = "" if program.paint_rate is None else f" of {program.paint_rate:.2g}"
    return [
        ("frames", f"{program.frame_rate:.1f}{at_most}/s"),
        ("frame p50", fmt.milliseconds(program.frame_p50_ms)),
        ("frame p99", fmt.milliseconds(program.frame_p99_ms)),
        ("terminal", fmt.byte_rate(program.terminal_byte_rate)),
        ("painted", f"{program.frames_sent:,}"),
        ("skipped", f"{program.frames_skipped:,}"),
        ("backlog", fmt.byte_count(program.terminal_backlog)),
        *([("low bandwidth", "on")] if program.low_bandwidth else []),
        ("memory", fmt.byte_count(program.memory_bytes)),
        *[(name, f"{count:,}") for name, count in program.objects.items()],
    ]


def _wrapped(figures: list[tuple[str, str]], width: int, look: Look) -> list[Row]:
    """Label and value pairs in columns of equal width, as many a row as fit; long ones take two."""
    columns = max(1, width // _COLUMN)
    rows: list[list[Part]] = []
    free = 0
    for label, value in figures:
        taken = min(columns, -(-(len(label) + len(value) + 3) // _COLUMN))
        if taken > free:
            rows.append([])
            free = columns
        free -= taken
        rows[-1] += [
            (f"  {label} ", look.muted),
            (value.ljust(taken * _COLUMN - len(label) - 3), look.base),
        ]
    return [tuple(parts) for parts in rows]
