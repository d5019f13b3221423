"""The hook by which others add to a chart: indicators, drawings, alerts, heat, other symbols.

Each of them is one LayerSource. The dashboard puts it into the panels' `sources`; a panel asks all of
them before it paints, and paints anew when what they call their revision changes.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import TypeVar

import msgspec

from tui.charts.layers import Crosshair, Layers, Plot
from tui.model.chart import PanelView
from tui.model.instrument import Instrument
from tui.model.timeframe import Timeframe

T = TypeVar("T")


class Sight(msgspec.Struct, frozen=True):
    """What a panel shows at this moment, for those who add to it.

    Attributes:
        view: the user's choices for this panel.
        since, until: open times (ns) of the oldest and the newest candle in sight; 0 without candles.
        is_now: the newest candle of all is in sight.
        cross: the open time (ns) of the candle that is pointed at; None where none is.
        now: ns.
        decimals: of prices.
    """

    panel: str
    instrument: Instrument
    timeframe: Timeframe
    view: PanelView
    since: int
    until: int
    is_now: bool
    cross: int | None
    now: int
    decimals: int


class LayerSource:
    """Something that is drawn on charts besides their candles. This one adds nothing: derive from it
    what adds something, and overwrite what is needed."""

    def revision(self, sight: Sight) -> Hashable:
        """Changes when this source would add something else to what is in sight. It is asked for with
        every frame: it must cost next to nothing. Of `sight`, all but `now` is looked at already."""
        return None

    def ahead(self, view: PanelView) -> int:
        """How many candles further than the newest this source draws, where a view has it do so: they
        are kept free at the right."""
        return 0

    def layers(self, sight: Sight) -> Layers:
        """What to draw over and behind the candles; those of several sources are put together, in the
        sources' order. Of heat, profile and crosshair the last one counts."""
        return Layers()

    def panes(self, sight: Sight) -> Sequence[Plot]:
        """What to draw in panes below the candles."""
        return ()


def put_together(parts: Sequence[Layers], crosshair: Crosshair | None) -> Layers:
    """The layers of several sources as one, with the panel's own crosshair where it has one."""
    return Layers(
        heat=_last(part.heat for part in parts),
        profile=_last(part.profile for part in parts),
        overlays=[each for part in parts for each in part.overlays],
        price_lines=[each for part in parts for each in part.price_lines],
        drawings=[each for part in parts for each in part.drawings],
        marks=[each for part in parts for each in part.marks],
        crosshair=crosshair or _last(part.crosshair for part in parts),
    )


def _last(found: Iterable[T | None]) -> T | None:
    """The last of them that is there."""
    there = [each for each in found if each is not None]
    return there[-1] if there else None
