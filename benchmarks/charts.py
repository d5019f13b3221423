"""Candle charts: time of a frame and bytes to the terminal, beside other libraries, in one run.

Everyone gets the same candles and the same size. What is timed is the way from candles to strips
that Textual can show. The peers return text with markup or escape codes; theirs goes through
Rich's `render_lines`, which is less than what Textual does with it. Contestants take turns within
each round, and medians are compared, so that a busy machine is unfair to all alike.

Bytes are those of truecolor ANSI. A full frame is what Textual's own compositor writes for the
strips. For a tick the peers send their chart again, which is what Textual does when a widget is
refreshed; ours goes through the compositor of tui/terminal, which sends the changed cells.

Ours is also drawn with five plots (moving average, Bollinger bands with their filling and parabolic SAR
over the candles, MACD and RSI in panes), whose values are computed before the clock runs, and with
1,000 and with 1,000,000 candles held, which must cost the same.
"""

from __future__ import annotations

import gc
import platform
import random
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from statistics import fmean, median, pstdev
from time import process_time
from typing import Any

import candlestick_chart
import crypto_terminal.chart
import crypto_terminal.history
import msgspec
import plotext
from rich.console import Console
from rich.text import Text
from textual.strip import Strip

from tui.charts import EIGHTHS, ChartPainter, Layers, Palette, Plot
from tui.charts.layers import PlotKind
from tui.model.events import Candle
from tui.model.instrument import Instrument
from tui.model.timeframe import NS, Timeframe
from tui.terminal.canvas import Canvas, DirtyLine

ROUNDS = 60
MINUTE = Timeframe(1, "m")
START = 1_795_255_200 * NS
PALETTE = Palette(
    background="#0d1117",
    text="#e6edf3",
    muted="#6e7681",
    grid="#21262d",
    axis="#8b949e",
    up="#26a69a",
    down="#ef5350",
    up_volume="#1b5e58",
    down_volume="#7a3033",
    last_price="#e3b341",
    highlight="#c9d1d9",
)


def walk(count: int) -> list[Candle]:
    """A random walk of candles, always the same one."""
    chance = random.Random(7)
    instrument = Instrument("SIM", "BTCUSDT")
    price = 64_000.0
    candles = []
    for number in range(count):
        path = [price]
        for _ in range(20):
            path.append(path[-1] * (1 + chance.gauss(0, 0.00025)))
        price = path[-1]
        candles.append(
            Candle(
                instrument,
                MINUTE,
                START + number * 60 * NS,
                *(round(each, 2) for each in (path[0], max(path), min(path), price)),
                round(chance.expovariate(0.1), 3),
                closed=number < count - 1,
            )
        )
    return candles


def ticked(candles: list[Candle]) -> list[Candle]:
    """The same candles after one more trade in the last of them."""
    last = candles[-1]
    close = round(last.close + 1.0, 2)
    tick = msgspec.structs.replace(
        last, close=close, high=max(last.high, close), volume=last.volume + 0.01
    )
    return [*candles[:-1], tick]


def plots(candles: list[Candle]) -> dict[str, Any]:
    """Five indicators of the candles, as the painter takes them."""
    times = [each.open_time for each in candles]
    closes = [each.close for each in candles]
    windows = [closes[max(at - 19, 0) : at + 1] for at in range(len(closes))]
    means = [fmean(window) for window in windows]
    widths = [2 * pstdev(window) for window in windows]
    fast = [fmean(window[-12:]) for window in windows]
    macd = [one - other for one, other in zip(fast, means, strict=True)]
    overlays = [
        Plot("SMA 20", times, [(mean,) for mean in means]),
        Plot(
            "Bollinger 20 2",
            times,
            [(mean + width, mean, mean - width) for mean, width in zip(means, widths, strict=True)],
            ("upper", "middle", "lower"),
            bands=[(0, 2)],
        ),
        Plot("SAR", times, [(each.low - 20,) for each in candles], kinds=[PlotKind.DOTS]),
    ]
    panes = [
        Plot(
            "MACD",
            times,
            [(value, value * 0.8, value * 0.2) for value in macd],
            ("MACD", "signal", "histogram"),
            kinds=[PlotKind.LINE, PlotKind.LINE, PlotKind.HISTOGRAM],
        ),
        Plot(
            "RSI 14",
            times,
            [(50 + max(min(value, 40), -40),) for value in macd],
            levels=[30, 70],
            bounds=(0, 100),
        ),
    ]
    return {"layers": Layers(overlays=overlays), "panes": panes}


class Ours:
    name = "tradetui"

    def __init__(self, width: int, height: int, merge: int, *, cold: bool) -> None:
        self.options: dict[str, Any] = {
            "width": width,
            "height": height,
            "timeframe": MINUTE,
            "price_decimals": 2,
            "palette": PALETTE,
            "glyphs": EIGHTHS,
            "columns": 1,
            "merge": merge,
        }
        self.cold = cold
        self.painter = ChartPainter()

    def draw(self, candles: Sequence[Candle], **more: Any) -> list[Strip]:
        if self.cold:
            self.painter = ChartPainter()
        now, last = candles[-1].open_time + 13 * NS, candles[-1].close
        return self.painter.paint(
            candles, now_ns=now, last_price=last, past="the same", **self.options, **more
        )


class Peer:
    """A peer draws something that Rich can render; candles are converted before the clock runs."""

    name = ""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.console = Console(
            width=width, height=height, force_terminal=True, color_system="truecolor"
        )
        self.render_options = self.console.options.update(width=width, height=height)

    def convert(self, candles: list[Candle]) -> Any:
        raise NotImplementedError

    def render(self, data: Any) -> Text:
        raise NotImplementedError

    def draw_natively(self, data: Any) -> object:
        """Only what the library does itself."""
        return self.render(data)

    def draw(self, data: Any) -> list[Strip]:
        lines = self.console.render_lines(self.render(data), self.render_options, pad=True)
        return [Strip(line, self.width) for line in lines]


class CryptoTerminal(Peer):
    name = "crypto-terminal"

    def convert(self, candles: list[Candle]) -> Any:
        make = crypto_terminal.history.Candle
        return [
            make(each.open_time / NS, each.open, each.high, each.low, each.close, each.volume)
            for each in candles
        ]

    def render(self, data: Any) -> Text:
        return Text("\n").join(crypto_terminal.chart.render(data, 60, self.width, self.height, 1))


class Plotext(Peer):
    """What textual-plotext's PlotextPlot renders: the figure built, its escape codes parsed."""

    name = "textual-plotext"

    def convert(self, candles: list[Candle]) -> Any:
        times = [
            datetime.fromtimestamp(each.open_time / NS, UTC).strftime("%d/%m/%Y %H:%M")
            for each in candles
        ]
        return times, {
            "Open": [each.open for each in candles],
            "High": [each.high for each in candles],
            "Low": [each.low for each in candles],
            "Close": [each.close for each in candles],
        }

    def render(self, data: Any) -> Text:
        return Text.from_ansi(self.draw_natively(data))

    def draw_natively(self, data: Any) -> str:
        plotext.clear_figure()
        plotext.date_form("d/m/Y H:M")
        plotext.plotsize(self.width, self.height)
        plotext.candlestick(*data)
        return str(plotext.build())


class CandlestickChart(Peer):
    name = "candlestick-chart"

    def convert(self, candles: list[Candle]) -> Any:
        return [
            candlestick_chart.Candle(
                open=each.open,
                high=each.high,
                low=each.low,
                close=each.close,
                volume=each.volume,
                timestamp=each.open_time / NS,
            )
            for each in candles
        ]

    def render(self, data: Any) -> Text:
        return Text.from_ansi(self.draw_natively(data))

    def draw_natively(self, data: Any) -> str:
        return candlestick_chart.Chart(data, width=self.width, height=self.height)._render()


PEERS: tuple[type[Peer], ...] = (CryptoTerminal, Plotext, CandlestickChart)


def ansi_bytes(strips: list[Strip]) -> int:
    """What Textual's own compositor writes for the strips."""
    console = Console(force_terminal=True, color_system="truecolor")
    return len("\n".join(strip.render(console) for strip in strips).encode())


class Screen:
    """A terminal that is sent only the cells that changed."""

    def __init__(self, width: int, height: int) -> None:
        self.size = (width, height)
        self.canvas = Canvas("truecolor")

    def show(self, strips: list[Strip]) -> int:
        width, height = self.size
        full = self.canvas.prepare(self.size, "truecolor")
        lines = [DirtyLine(y, [(0, width)], [(0, width, strips[y])]) for y in range(height)]
        return len(self.canvas.paint(lines, full=full).encode())


def compare(title: str, count: int, width: int, height: int, merge: int = 1) -> None:
    candles = walk(count)
    after = ticked(candles)
    cold, warm = Ours(width, height, merge, cold=True), Ours(width, height, merge, cold=False)
    studied = Ours(width, height, merge, cold=False)
    with_plots, with_plots_after = plots(candles), plots(after)
    turns: list[tuple[str, Callable[[int], None]]] = [
        ("tradetui, full frame", lambda number: void(cold.draw(candles))),
        (
            "tradetui, one tick",
            lambda number: void(warm.draw(after if number % 2 else candles)),
        ),
        ("  five plots, full frame", lambda number: void(cold.draw(candles, **with_plots))),
        (
            "  five plots, one tick",
            lambda number: void(
                studied.draw(after, **with_plots_after)
                if number % 2
                else studied.draw(candles, **with_plots)
            ),
        ),
    ]
    peers = [each(width, height) for each in PEERS]
    for peer in peers:
        data = peer.convert(candles)
        turns.append((peer.name, lambda number, peer=peer, data=data: void(peer.draw(data))))
        turns.append(
            (
                f"  {peer.name}, alone",
                lambda number, peer=peer, data=data: void(peer.draw_natively(data)),
            )
        )
    times: dict[str, list[float]] = {name: [] for name, _ in turns}
    gc.collect()
    gc.freeze()
    for number in range(ROUNDS):
        for name, draw in turns:
            gc.collect()  # nobody pays for the garbage of the one before
            began = process_time()
            draw(number)
            times[name].append((process_time() - began) * 1e3)

    screen = Screen(width, height)
    painter = Ours(width, height, merge, cold=False)
    frame = painter.draw(candles)
    sizes = {
        "tradetui, full frame": (ansi_bytes(frame), screen.show(frame)),
        "tradetui, one tick": (0, screen.show(painter.draw(after))),
    }
    screen, studied = Screen(width, height), Ours(width, height, merge, cold=False)
    frame = studied.draw(candles, **with_plots)
    sizes["  five plots, full frame"] = (ansi_bytes(frame), screen.show(frame))
    sizes["  five plots, one tick"] = (0, screen.show(studied.draw(after, **with_plots_after)))
    for peer in peers:
        size = ansi_bytes(peer.draw(peer.convert(after)))
        sizes[peer.name] = (size, size)
        sizes[f"  {peer.name}, alone"] = (0, 0)

    base = median(times["tradetui, full frame"])
    print(f"{title}: {count} candles at {width}x{height}, {painter.painter.slots} columns of ours")
    print(f"  {'':28}{'ms median':>10}{'best':>8}{'ratio':>8}{'frame B':>10}{'sent B':>10}")
    for name, spent in times.items():
        stock, sent = sizes[name]
        print(
            f"  {name:28}{median(spent):10.2f}{min(spent):8.2f}{median(spent) / base:8.2f}"
            f"{stock or '':>10}{sent or '':>10}"
        )
    print()


def repeated(plot: Plot, times: list[int]) -> Plot:
    """The plot again and again over a longer time."""
    values = list(plot.values) * (len(times) // len(plot.times))
    return msgspec.structs.replace(plot, times=times, values=values)


def compare_histories(width: int, height: int) -> None:
    """The same view with little and with much history behind it, on a chart with five plots too."""
    short = walk(1_000)
    long = [
        msgspec.structs.replace(each, open_time=each.open_time - behind * 1_000 * 60 * NS)
        for behind in range(999, -1, -1)
        for each in short
    ]
    times = [each.open_time for each in long]
    few = plots(short)
    many = {
        "layers": Layers(overlays=[repeated(plot, times) for plot in few["layers"].overlays]),
        "panes": [repeated(plot, times) for plot in few["panes"]],
    }
    views: dict[str, tuple[Sequence[Candle], dict[str, Any]]] = {
        "1,000 candles": (short, {}),
        "1,000,000 candles": (long, {}),
        "1,000 and five plots": (short, few),
        "1,000,000 and five plots": (long, many),
    }
    painters = {name: Ours(width, height, 1, cold=True) for name in views}
    spent: dict[str, list[float]] = {name: [] for name in views}
    gc.collect()
    gc.freeze()
    for _ in range(ROUNDS):
        for name, (candles, more) in views.items():
            began = process_time()
            painters[name].draw(candles, **more)
            spent[name].append((process_time() - began) * 1e3)
    print(f"History: full frames at {width}x{height}")
    names = list(views)
    for one, other in (names[:2], names[2:]):
        before, after = median(spent[one]), median(spent[other])
        print(
            f"  {one:26}{before:8.2f} ms   {other:26}{after:8.2f} ms   ratio {after / before:.2f}"
        )
    print()


def void(result: object) -> None:
    """Throw the result away."""


def main() -> None:
    print(f"Python {sys.version.split()[0]}, {platform.machine()}, {ROUNDS} interleaved rounds")
    compare("Chart", 120, 120, 30)
    compare("Large chart", 180, 200, 50)
    compare("Zoomed out", 500, 120, 30, merge=5)
    compare_histories(120, 30)


if __name__ == "__main__":
    main()
