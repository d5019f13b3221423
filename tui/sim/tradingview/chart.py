"""One chart session of a client: its symbols, its one series, and the studies of that."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from tui.model.timeframe import NS
from tui.sim.bars import Bar
from tui.sim.market import Pair
from tui.sim.tradingview.framing import frame, message
from tui.sim.tradingview.streams import bars_key, candles, number, size
from tui.sim.tradingview.studies import Study
from tui.sim.tradingview.symbols import CODES, Shown

MOST_BARS: Final = 5_000
MOST_STUDIES: Final = 2


class Series:
    """The bars of a symbol in a timeframe, as a client knows them.

    Attributes:
        key: of the stream that tells how they go on.
    """

    def __init__(self, name: str, turnaround: str, pair: Pair, shown: Shown, code: str) -> None:
        self.name = name
        self.turnaround = turnaround
        self.pair = pair
        self.shown = shown
        self.key = bars_key(shown, code)
        self.timeframe = CODES[code]
        self._bars: dict[int, Bar] = {}
        self._first_index = 0

    @property
    def opens(self) -> list[int]:
        return list(self._bars)

    def load(self, count: int, now_ns: int) -> list[tuple[int, Bar]]:
        """The newest bars, at most so many as there are for everybody."""
        found = self._find(0, now_ns, max(1, min(count, MOST_BARS)), now_ns, newest=True)
        self._bars = dict(found)
        return found

    def load_window(self, start_ns: int, end_ns: int, now_ns: int) -> list[tuple[int, Bar]]:
        """The bars that open in a window."""
        found = self._find(start_ns, end_ns, MOST_BARS, now_ns)
        self._bars = dict(found)
        return found

    def load_older(self, count: int, now_ns: int) -> list[tuple[int, Bar]]:
        """Bars before those that are known; their indices go below zero."""
        room = max(0, min(count, MOST_BARS - len(self._bars)))
        if not room or not self._bars:
            return []
        before = next(iter(self._bars)) - 1
        found = self._find(0, before, room, now_ns, newest=True)
        self._bars = {**dict(found), **self._bars}
        self._first_index -= len(found)
        return found

    def _find(
        self, start_ns: int, end_ns: int, count: int, now_ns: int, *, newest: bool = False
    ) -> list[tuple[int, Bar]]:
        return candles(
            self.pair,
            self.timeframe,
            start_ns,
            end_ns,
            count,
            now_ns=now_ns,
            delay_s=self.shown.delay_s,
            newest=newest,
        )

    def take(self, bars: Sequence[tuple[int, Bar]]) -> list[tuple[int, Bar]]:
        """Note how the bars go on; returns what is new."""
        newest = next(reversed(self._bars), 0)
        fresh = [(opened, bar) for opened, bar in bars if opened >= newest or opened in self._bars]
        self._bars.update(fresh)
        return fresh

    def index(self, opened: int) -> int:
        return self.opens.index(opened) + self._first_index

    def indices(self, opens: Sequence[int]) -> list[int]:
        """The places of bars."""
        places = {opened: place for place, opened in enumerate(self._bars)}
        return [places[opened] + self._first_index for opened in opens]

    def closes(self) -> list[float]:
        listing = self.pair.listing
        return [number(listing, bar.close) for bar in self._bars.values()]

    def update(self, bars: Sequence[tuple[int, Bar]], indexes: Any) -> dict[str, Any]:
        """What is said of bars."""
        places = self.indices([opened for opened, _ in bars])
        end = self.timeframe.next_open(next(reversed(self._bars))) if self._bars else 0
        return {
            "node": "sim-1",
            "s": [
                {"i": place, "v": _values(self.shown, opened, bar)}
                for place, (opened, bar) in zip(places, bars, strict=True)
            ],
            "ns": {"d": "", "indexes": indexes},
            "t": self.turnaround,
            "lbs": {"bar_close_time": end // NS},
        }


class Chart:
    """A chart session.

    Attributes:
        symbols: resolved ones by the client's names; None for one that could not be.
    """

    def __init__(self, session: str) -> None:
        self.session = session
        self.symbols: dict[str, Shown | None] = {}
        self.series: Series | None = None
        self.studies: dict[str, tuple[str, Study, int]] = {}

    def history(self, bars: Sequence[tuple[int, Bar]], now_ns: int, *, index: int = 0) -> str:
        """The message that brings history, and what studies make of it."""
        assert self.series is not None
        told = {self.series.name: self.series.update(bars, [])}
        opens = [opened for opened, _ in bars]
        for name in self.studies:
            told[name] = self._points(name, opens, [])
        seconds = [opened // NS for opened in opens]
        scale = {
            "index": index,
            "zoffset": 0,
            "changes": seconds,
            "marks": [],
            "index_diff": [],
        }
        return _stamped("timescale_update", [self.session, told, scale], now_ns)

    def study_history(self, name: str, now_ns: int) -> str:
        """The message that brings the values of one study."""
        assert self.series is not None
        told = {name: self._points(name, self.series.opens, "nochange")}
        return _stamped("du", [self.session, told], now_ns)

    def news(self, bars: Sequence[tuple[int, Bar]], now_ns: int) -> str:
        """The message that tells how bars and studies go on."""
        assert self.series is not None
        told = {self.series.name: self.series.update(bars, "nochange")}
        for name in self.studies:
            told[name] = self._points(name, [opened for opened, _ in bars], "nochange")
        return _stamped("du", [self.session, told], now_ns)

    def _points(self, name: str, opens: Sequence[int], indexes: Any) -> dict[str, Any]:
        assert self.series is not None
        turnaround, study, length = self.studies[name]
        values = dict(
            zip(self.series.opens, study.compute(self.series.closes(), length), strict=True)
        )
        places = self.series.indices(opens)
        return {
            "node": "sim-1",
            "st": [
                {"i": place, "v": [opened / NS, values[opened]]}
                for place, opened in zip(places, opens, strict=True)
            ],
            "ns": {"d": "", "indexes": indexes},
            "t": f"{self.series.turnaround}_{turnaround}",
        }


def _values(shown: Shown, opened: int, bar: Bar) -> list[float]:
    """Time, prices and volume; of what has no volume, five values."""
    prices = (bar.open, bar.high, bar.low, bar.close)
    values = [opened / NS, *(number(shown.listing, x) for x in prices)]
    return [*values, size(shown.listing, bar.volume)] if shown.has_volume else values


def _stamped(name: str, params: list[Any], now_ns: int) -> str:
    # The time of sending stands outside of the parameters.
    text = message(name, *params)
    payload = text[text.index("{") :]
    return frame(f'{payload[:-1]},"t":{now_ns // NS},"t_ms":{now_ns // 1_000_000}}}')
