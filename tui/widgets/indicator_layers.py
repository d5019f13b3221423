"""The indicators of the panels: each follows its panel's candles, and becomes what the chart draws."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import UTC, tzinfo
from threading import Thread
from time import thread_time

from tui.charts.layers import Layers, Plot, PlotKind, Profile
from tui.market.indicators import library
from tui.market.indicators.catalogue import CATALOGUE
from tui.market.indicators.definition import Definition, Placement
from tui.market.indicators.profile import ViewProfile
from tui.market.indicators.run import IndicatorRun
from tui.market.market import InstrumentState, Market
from tui.model.chart import IndicatorChoice, PanelView
from tui.model.events import Candle
from tui.model.moment import date_of
from tui.model.timeframe import Timeframe
from tui.widgets.chart_layers import LayerSource, Sight

_BUDGET_S = 0.006


class FrameBudget:
    """How long all indicators together may compute in one frame; what is left over waits for the next.

    Without it the first look at a long history would stop everything else for as long as it takes.
    """

    def __init__(
        self, seconds: float = _BUDGET_S, clock: Callable[[], float] = thread_time
    ) -> None:
        """Make a budget; `clock` gives seconds."""
        self._seconds = seconds
        self._clock = clock
        self._frame: int | None = None
        self._asked: set[str] = set()
        self._end = 0.0

    def begin(self, frame: int, who: str = "") -> None:
        """A frame begins, if its time (ns) is another one than the last's, or if `who` was told of that
        one already: the time of a recording may stand still."""
        if frame != self._frame or who in self._asked:
            self._frame = frame
            self._asked.clear()
            self._end = self._clock() + self._seconds
        self._asked.add(who)

    def has_time(self) -> bool:
        return self._clock() < self._end


def candles_ahead(choice: IndicatorChoice) -> int:
    """How many candles an indicator's lines are drawn ahead of the newest."""
    definition = CATALOGUE.get(choice.name)
    if definition is None:
        return 0
    shifts = [line.shift for line in definition.lines if line.shift is not None]
    if not shifts:
        return 0
    settings = definition.settle(choice.parameters)
    return max([0, *(shift(settings) for shift in shifts)])


class ShownIndicator:
    """One indicator that follows one instrument's candles."""

    def __init__(
        self, definition: Definition, parameters: Mapping[str, float], timeframe: Timeframe
    ) -> None:
        self.definition = definition
        self.settings = definition.settle(parameters)
        self._timeframe = timeframe
        self._run: IndicatorRun | None = None
        self._profile: ViewProfile | None = None
        if definition.placement is Placement.PROFILE:
            self._profile = ViewProfile(int(self.settings["rows"]))
        else:
            self._run = IndicatorRun(definition, self.settings, timeframe)

    @property
    def revision(self) -> int:
        """Changes with the values; a profile has none but its candles'."""
        return self._run.revision if self._run is not None else 0

    def follow(
        self,
        state: InstrumentState,
        has_time: Callable[[], bool],
        in_view: tuple[int, int] | None = None,
    ) -> None:
        """Bring the values in line with what the market knows now, as far as there is time; `in_view`
        are the open times (ns) of the oldest and the newest candle in sight."""
        if self._run is not None:
            candles = state.carried_candles(self._timeframe)
            self._run.follow(
                state.series(self._timeframe),
                candles[-1] if candles else None,
                tape=state.tape if self.definition.needs_trades else None,
                in_view=in_view,
                has_time=has_time,
            )

    def plot(self, colours: Sequence[str], zone: tzinfo = UTC) -> Plot | None:
        """The lines; None of a profile."""
        run, definition = self._run, self.definition
        if run is None:
            return None
        lines = definition.lines
        return Plot(
            name=self._title(run, zone),
            times=run.times,
            values=run.values,
            lines=[line.name for line in lines] if len(lines) > 1 else (),
            kinds=[PlotKind(line.kind.value) for line in lines],
            colours=colours,
            bands=definition.bands,
            levels=definition.levels,
            bounds=definition.bounds,
        )

    def profile(self, candles: Sequence[Candle]) -> Profile | None:
        """The volume by price of the candles in view; None of lines, or where nothing was traded."""
        found = self._profile.of(candles) if self._profile is not None else None
        return None if found is None else Profile(found.rows, found.control)

    def _title(self, run: IndicatorRun, zone: tzinfo) -> str:
        title = self.definition.title(self.settings)
        if not run.covers_view:
            return f"{title} {run.progress:.0%}"
        if run.counted_since is not None:
            since = date_of(run.counted_since, zone)
            return f"{title} (tape since {since:%H:%M})"
        return title


class IndicatorLayers(LayerSource):
    """What the panels' indicators add to their charts."""

    def __init__(
        self, market: Market, *, zone: tzinfo = UTC, budget: FrameBudget | None = None
    ) -> None:
        """Make the indicators of all panels, which share a budget of time."""
        self._market = market
        self._zone = zone
        self._budget = budget or FrameBudget()
        self._panels: dict[str, _PanelIndicators] = {}
        self._loading: Thread | None = None

    def revision(self, sight: Sight) -> Hashable:
        if not sight.view.indicators:
            self._panels.pop(sight.panel, None)
            return None
        if not self._is_ready():
            return None
        held = self._panels.get(sight.panel)
        if held is None:
            held = self._panels[sight.panel] = _PanelIndicators()
        held.choose(sight)
        self._budget.begin(sight.now, sight.panel)
        state = self._market[sight.instrument]
        for indicator, _ in held.in_turn():
            indicator.follow(state, self._budget.has_time, (sight.since, sight.until))
        return held.choices, tuple(indicator.revision for indicator, _ in held.shown)

    def ahead(self, view: PanelView) -> int:
        return max([0, *(candles_ahead(choice) for choice in view.indicators)])

    def layers(self, sight: Sight) -> Layers:
        profile = None
        for indicator, _ in self._shown(sight, Placement.PROFILE):
            profile = indicator.profile(self._in_view(sight))
        return Layers(profile=profile, overlays=self._plots(sight, Placement.CHART))

    def panes(self, sight: Sight) -> Sequence[Plot]:
        return self._plots(sight, Placement.PANE)

    def _is_ready(self) -> bool:
        """Whether the formulas are loaded. Another thread does it: it takes many frames' time."""
        if library.is_loaded():
            return True
        if self._loading is None:
            self._loading = Thread(target=library.load, name="load formulas", daemon=True)
            self._loading.start()
        return not self._loading.is_alive()

    def _plots(self, sight: Sight, placement: Placement) -> list[Plot]:
        plots = [
            indicator.plot(colours, self._zone)
            for indicator, colours in self._shown(sight, placement)
        ]
        return [plot for plot in plots if plot is not None]

    def _shown(
        self, sight: Sight, placement: Placement
    ) -> list[tuple[ShownIndicator, Sequence[str]]]:
        held = self._panels.get(sight.panel)
        shown = held.shown if held is not None else ()
        return [each for each in shown if each[0].definition.placement is placement]

    def _in_view(self, sight: Sight) -> Sequence[Candle]:
        candles = self._market[sight.instrument].carried_candles(sight.timeframe)
        first = bisect_left(candles, sight.since, key=_open_time)
        return candles[first : bisect_right(candles, sight.until, key=_open_time)]


class _PanelIndicators:
    """The indicators of one panel, in the user's order."""

    def __init__(self) -> None:
        self._key: tuple[object, ...] = ()
        self.choices: tuple[IndicatorChoice, ...] = ()
        self.shown: list[tuple[ShownIndicator, Sequence[str]]] = []
        self._turn = 0

    def in_turn(self) -> Sequence[tuple[ShownIndicator, Sequence[str]]]:
        """All of them, another one first each time: whoever is first may use up the time."""
        self._turn = (self._turn + 1) % max(len(self.shown), 1)
        return self.shown[self._turn :] + self.shown[: self._turn]

    def choose(self, sight: Sight) -> None:
        """Show what the view says; what stays goes on with the values it has."""
        key, choices = (sight.instrument, sight.timeframe), sight.view.indicators
        if key == self._key and choices == self.choices:
            return
        held = [each for each, _ in self.shown] if key == self._key else []
        self._key, self.choices, self.shown = key, choices, []
        for choice in choices:
            definition = CATALOGUE.get(choice.name)
            if definition is None:
                continue
            settings = definition.settle(choice.parameters)
            same = [
                one for one in held if one.definition is definition and one.settings == settings
            ]
            if same:
                indicator = same[0]
                held.remove(indicator)
            else:
                indicator = ShownIndicator(definition, choice.parameters, sight.timeframe)
            self.shown.append((indicator, choice.colours))


def _open_time(candle: Candle) -> int:
    return candle.open_time
