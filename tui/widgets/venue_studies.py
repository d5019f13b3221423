"""What a venue computes of its candles, in panes below them."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from tui.charts.layers import Plot
from tui.market.market import Market
from tui.market.studies import StudySeries
from tui.model.text import clean
from tui.widgets.chart_layers import LayerSource, Sight


class VenueStudies(LayerSource):
    """The panes of a venue's studies."""

    def __init__(self, market: Market) -> None:
        self._market = market

    def revision(self, sight: Sight) -> Hashable:
        return tuple((name, found.revision) for name, found in self._of(sight))

    def panes(self, sight: Sight) -> Sequence[Plot]:
        return [
            Plot(
                # The library that all of TradingView's own studies come from names none of them.
                clean(name.removeprefix("STD;"), 40),
                found.times,
                found.values,
                [clean(line, 20) for line in found.plots] if len(found.plots) > 1 else (),
            )
            for name, found in self._of(sight)
        ]

    def _of(self, sight: Sight) -> list[tuple[str, StudySeries]]:
        """The studies of these candles, in an order that does not depend on the answers'."""
        studies = self._market.studies
        chart = sight.instrument, sight.timeframe
        found = ((name, studies.series(*chart, name)) for name in sorted(studies.names(*chart)))
        return [(name, series) for name, series in found if series is not None]
