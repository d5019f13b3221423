"""What venues publish beside prices: named figures, alerts, states; the newest, in bounded memory."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterator, Sequence
from math import nan
from typing import TypeAlias

from tui.model.events import Alert, Metric, Status
from tui.model.instrument import Instrument

_MOST_FIGURES = 1000
_HISTORY = 60
_MOST_STATUSES = 1000
_MOST_ALERTS = 200
_FigureKey: TypeAlias = tuple[str, Instrument | None, str]


class VenueMetrics:
    """The newest value of every named figure, and the few before it. `revision` changes with every
    change."""

    def __init__(self) -> None:
        self._figures: OrderedDict[_FigureKey, Metric] = OrderedDict()
        self._values: dict[_FigureKey, deque[float]] = {}
        self.revision = 0

    def __len__(self) -> int:
        return len(self._figures)

    def __iter__(self) -> Iterator[Metric]:
        """All figures: by venue, those of the venue itself first, then by instrument and name."""
        return iter(sorted(self._figures.values(), key=_place))

    def history(self, metric: Metric) -> Sequence[float]:
        """The last values of a figure, oldest first; NaN where it had none."""
        return tuple(self._values.get((metric.venue, metric.instrument, metric.name), ()))

    def of(self, venue: str, instrument: Instrument | None = None) -> list[Metric]:
        """The figures of an instrument, or of the venue itself, by name."""
        found = [
            metric
            for metric in self._figures.values()
            if metric.venue == venue and metric.instrument == instrument
        ]
        return sorted(found, key=lambda metric: metric.name)

    def apply(self, metric: Metric) -> bool:
        """Take a figure; False when a newer one is known."""
        key = (metric.venue, metric.instrument, metric.name)
        held = self._figures.get(key)
        if held is not None and 0 < metric.ts_exchange < held.ts_exchange:
            return False
        self._figures[key] = metric
        self._figures.move_to_end(key)
        values = self._values.setdefault(key, deque(maxlen=_HISTORY))
        values.append(nan if metric.value is None else metric.value)
        while len(self._figures) > _MOST_FIGURES:
            gone, _ = self._figures.popitem(last=False)
            del self._values[gone]
        self.revision += 1
        return True

    def forget(self, venue: str) -> None:
        """Drop the figures of a venue."""
        for key in [key for key in self._figures if key[0] == venue]:
            del self._figures[key], self._values[key]
        self.revision += 1


class Notices:
    """The newest alerts, and the state of every instrument and venue that tells one. `revision`
    changes with every change."""

    def __init__(self) -> None:
        self._alerts: deque[Alert] = deque(maxlen=_MOST_ALERTS)
        self._statuses: OrderedDict[tuple[str, Instrument | None], Status] = OrderedDict()
        self.revision = 0

    @property
    def alerts(self) -> list[Alert]:
        """Newest first."""
        return list(reversed(self._alerts))

    @property
    def statuses(self) -> list[Status]:
        """All states: by venue, that of the venue itself first, then by instrument."""
        return sorted(self._statuses.values(), key=_place)

    def status(self, venue: str, instrument: Instrument | None = None) -> Status | None:
        """The state of an instrument, or of the venue itself; None when none was told."""
        return self._statuses.get((venue, instrument))

    def apply(self, notice: Alert | Status) -> bool:
        """Take an alert or a state; False when it is known already, or a newer state is."""
        return self._add(notice) if isinstance(notice, Alert) else self._set(notice)

    def forget(self, venue: str) -> None:
        """Drop what a venue told."""
        kept = [alert for alert in self._alerts if alert.venue != venue]
        self._alerts = deque(kept, maxlen=_MOST_ALERTS)
        for key in [key for key in self._statuses if key[0] == venue]:
            del self._statuses[key]
        self.revision += 1

    def _add(self, alert: Alert) -> bool:
        # After a reconnect a venue may tell again what it told before.
        if any(_same(alert, held) for held in self._alerts):
            return False
        self._alerts.append(alert)
        self.revision += 1
        return True

    def _set(self, status: Status) -> bool:
        key = (status.venue, status.instrument)
        held = self._statuses.get(key)
        if held is not None and 0 < status.ts_exchange < held.ts_exchange:
            return False
        self._statuses[key] = status
        self._statuses.move_to_end(key)
        while len(self._statuses) > _MOST_STATUSES:
            self._statuses.popitem(last=False)
        self.revision += 1
        return True


def _place(told: Metric | Status) -> tuple[str, str, str]:
    """The order in which a list is read."""
    symbol = "" if told.instrument is None else told.instrument.symbol
    return told.venue, symbol, told.name if isinstance(told, Metric) else ""


def _same(one: Alert, other: Alert) -> bool:
    """Told at the same moment of the same thing; without a moment nothing is known to be the same."""
    return bool(one.ts_exchange) and (
        (one.ts_exchange, one.venue, one.instrument, one.level, one.key, one.text)
        == (other.ts_exchange, other.venue, other.instrument, other.level, other.key, other.text)
    )
