"""A small chart of one indicator over the candles it belongs to, while it is being edited."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from tui.charts.glyphs import Glyphs
from tui.charts.layers import Layers
from tui.charts.painter import ChartPainter
from tui.market.indicators.definition import Definition, Placement
from tui.market.market import Market
from tui.model.chart import IndicatorChoice
from tui.model.instrument import Instrument
from tui.model.timeframe import Timeframe
from tui.widgets import format as fmt
from tui.widgets.indicator_layers import FrameBudget, ShownIndicator, candles_ahead
from tui.widgets.line_widget import LineWidget, Row
from tui.widgets.look import Look, chart_palette

_COLUMNS = 2
_MOST_AHEAD = 0.4
"""No more of the view than this is left free for lines that are drawn ahead."""


class IndicatorPreview(LineWidget):
    """The newest candles with the indicator as it would be drawn."""

    def __init__(
        self,
        market: Market,
        instrument: Instrument,
        timeframe: Timeframe,
        definition: Definition,
        *,
        glyphs: Glyphs,
        id: str | None = None,
    ) -> None:
        """Make a preview; `show` says of what."""
        super().__init__(id=id)
        self._market = market
        self._instrument = instrument
        self._timeframe = timeframe
        self._definition = definition
        self._glyphs = glyphs
        self._painter = ChartPainter()
        self._budget = FrameBudget()
        self._choice = IndicatorChoice(definition.name)
        self._shown = ShownIndicator(definition, {}, timeframe)
        self._looks = 0

    def show(self, choice: IndicatorChoice) -> None:
        """Draw this choice of parameters and colours."""
        self._choice = choice
        if self._shown.settings != self._definition.settle(choice.parameters):
            self._shown = ShownIndicator(self._definition, choice.parameters, self._timeframe)
            self._painter.forget_scale()
        self._looks += 1
        if self.is_attached:
            self.sync(self.now)

    def fingerprint(self, now: int) -> Hashable:
        state = self._market[self._instrument]
        self._budget.begin(now)
        self._shown.follow(state, self._budget.has_time)
        return (
            self._looks,
            self._shown.revision,
            state.series(self._timeframe).revision,
            state.last_text,
        )

    def rows(self, width: int, height: int, look: Look) -> Sequence[Row]:
        state = self._market[self._instrument]
        candles = state.carried_candles(self._timeframe)
        plot = self._shown.plot(self._choice.colours)
        is_over = plot is not None and self._definition.placement is Placement.CHART
        in_view = candles[-max(width // _COLUMNS, 1) :]
        return self._painter.paint(
            candles,
            width=width,
            height=height,
            timeframe=self._timeframe,
            price_decimals=fmt.price_decimals(state.info, state.last_text),
            palette=chart_palette(self.app),
            glyphs=self._glyphs,
            columns=_COLUMNS,
            margin=min(candles_ahead(self._choice), int(width / _COLUMNS * _MOST_AHEAD)),
            volume=False,
            panes=[plot] if plot is not None and not is_over else (),
            layers=Layers(
                overlays=[plot] if plot is not None and is_over else (),
                profile=self._shown.profile(in_view),
            ),
            message="no candles yet",
        )
