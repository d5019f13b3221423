"""What alerts add to a chart: a line at each price that is watched, a mark where one fired."""

from __future__ import annotations

from collections.abc import Hashable

from tui.charts.layers import Layers, Mark, PriceLine
from tui.market.alerts import Alerts
from tui.model.alert import Direction, PriceCrosses
from tui.model.text import clean
from tui.widgets.chart_layers import LayerSource, Sight

_MOST_MARKS = 100
_LABELS = {Direction.UP: "alert >", Direction.DOWN: "alert <", Direction.EITHER: "alert"}
_LONGEST_LABEL = 24


class AlertLayers(LayerSource):
    """The alerts of the instrument that a panel shows."""

    def __init__(self, alerts: Alerts) -> None:
        self._alerts = alerts

    def revision(self, sight: Sight) -> Hashable:
        return self._alerts.revision

    def layers(self, sight: Sight) -> Layers:
        return Layers(price_lines=self._lines(sight), marks=self._marks(sight))

    def _lines(self, sight: Sight) -> list[PriceLine]:
        return [
            PriceLine(
                rule.condition.level,
                clean(rule.note, _LONGEST_LABEL) or _LABELS[rule.condition.direction],
            )
            for rule in self._alerts.rules_of(sight.instrument)
            if rule.enabled and isinstance(rule.condition, PriceCrosses)
        ]

    def _marks(self, sight: Sight) -> list[Mark]:
        end = sight.timeframe.next_open(sight.until)
        found = []
        for firing in reversed(self._alerts.history):
            ts = firing.ts_exchange or firing.ts
            if (
                firing.rule.instrument == sight.instrument
                and firing.price is not None
                and sight.since <= ts < end
            ):
                found.append(Mark((ts, firing.price), "◆", "!"))
                if len(found) == _MOST_MARKS:
                    break
        return found[::-1]
