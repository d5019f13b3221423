"""What venues compute of their candles, point by point."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence

from tui.model.events import StudyPoint
from tui.model.instrument import Instrument
from tui.model.timeframe import Timeframe

_MOST_POINTS = 10_000


class StudySeries:
    """The points of one study, in order of their candles, one a candle, a bounded number.

    `revision` changes with every change.
    """

    def __init__(self, limit: int = _MOST_POINTS) -> None:
        self._limit = limit
        self._times: list[int] = []
        self._points: list[StudyPoint] = []
        self._values: list[tuple[float | None, ...]] = []
        self.revision = 0

    def __len__(self) -> int:
        return len(self._points)

    @property
    def points(self) -> Sequence[StudyPoint]:
        """The points, oldest first; do not keep across a change."""
        return self._points

    @property
    def times(self) -> Sequence[int]:
        """The points' open times (ns), oldest first; do not keep across a change."""
        return self._times

    @property
    def values(self) -> Sequence[tuple[float | None, ...]]:
        """The points' values, oldest first; do not keep across a change."""
        return self._values

    @property
    def plots(self) -> tuple[str, ...]:
        """The names of its lines, as the newest point tells them."""
        return self._points[-1].plots if self._points else ()

    def upsert(self, point: StudyPoint) -> bool:
        """Put a point where its candle is; False when it says nothing new."""
        index = bisect_left(self._times, point.open_time)
        if index < len(self._times) and self._times[index] == point.open_time:
            held = self._points[index]
            if (held.plots, held.values) == (point.plots, point.values):
                return False
            self._points[index] = point
            self._values[index] = point.values
        elif index == 0 and len(self._times) >= self._limit:
            return False  # older than all that there is room for
        else:
            self._times.insert(index, point.open_time)
            self._points.insert(index, point)
            self._values.insert(index, point.values)
            excess = len(self._times) - self._limit
            if excess > 0:
                del self._times[:excess], self._points[:excess], self._values[:excess]
        self.revision += 1
        return True


class Studies:
    """Every study by its chart and the venue's name of it."""

    def __init__(self) -> None:
        self._series: dict[tuple[Instrument, Timeframe], dict[str, StudySeries]] = {}

    def apply(self, point: StudyPoint) -> bool:
        """Note a point; False when it says nothing new."""
        studies = self._series.setdefault((point.instrument, point.timeframe), {})
        return studies.setdefault(point.study, StudySeries()).upsert(point)

    def names(self, instrument: Instrument, timeframe: Timeframe) -> Iterable[str]:
        """The studies of a chart that have points."""
        return tuple(self._series.get((instrument, timeframe), ()))

    def series(
        self, instrument: Instrument, timeframe: Timeframe, study: str
    ) -> StudySeries | None:
        """The points of a study; None while there are none."""
        return self._series.get((instrument, timeframe), {}).get(study)

    def remove(self, instrument: Instrument, timeframe: Timeframe, study: str) -> None:
        """Forget a study that nobody wants any more."""
        self._series.get((instrument, timeframe), {}).pop(study, None)

    def forget(self, venue: str) -> None:
        """Forget all studies of a venue."""
        for key in [key for key in self._series if key[0].venue == venue]:
            del self._series[key]
