"""The dashboard's actions on drawings: placing, moving and deleting them where a chart points."""

from __future__ import annotations

from textual import on

from tui.market.drawing_editor import DrawingEditor
from tui.market.drawings import Drawings, Handle
from tui.model.chart import DrawingKind
from tui.model.instrument import Instrument
from tui.screens.board import Board
from tui.screens.drawings import NAMES, DrawingsScreen, Move, Place
from tui.screens.line_prompt import LinePrompt
from tui.widgets import format as fmt
from tui.widgets.candle_panel import CandlePanel
from tui.widgets.drawn import DrawingLayers
from tui.widgets.steered_chart import SteeredChart

_LONGEST_TEXT = 60


class DrawingActions(Board):
    """Part of the dashboard.

    Attributes:
        drawings: of every instrument. drawn: what shows them on charts.
    """

    drawings: Drawings
    drawn: DrawingLayers

    async def action_drawings(self) -> None:
        """Choose a tool, or one of the drawings."""
        panel = self.chosen
        instrument = panel.instrument
        if instrument is None:
            return
        state = self.session.market[instrument]
        decimals = fmt.price_decimals(state.info, state.last_text)
        self._end(panel)  # the dialog may delete what is at work

        def answered(answer: Place | Move | None) -> None:
            if answer is not None and panel.instrument == instrument:
                self._begin(panel, instrument, answer)
            else:
                self._tell(panel)  # and what is pointed at

        # Waited for, so that the keys that follow find the dialog.
        await self.app.push_screen(
            DrawingsScreen(
                self.drawings, instrument, write=lambda price: fmt.price(price, decimals)
            ),
            answered,
        )

    def _begin(self, panel: CandlePanel, instrument: Instrument, answer: Place | Move) -> None:
        if not panel.points:
            panel.start_pointing()
        at = _pointed_at(panel)
        if at is None:
            self.notify("there are no candles to draw on yet", markup=False, timeout=3)
            return
        if isinstance(answer, Place):
            self.drawn.editor = DrawingEditor(self.drawings, instrument, at, kind=answer.kind)
        else:
            handle = Handle(answer.number, None)
            self.drawn.editor = DrawingEditor(self.drawings, instrument, at, handle=handle)
        self._tell(panel)

    @on(SteeredChart.Pointed)
    def _pointed_for_drawings(self, event: SteeredChart.Pointed) -> None:
        panel = event.chart
        if not isinstance(panel, CandlePanel):
            return
        at = _pointed_at(panel)
        editor = self.drawn.editor
        if editor is not None:
            if at is None or panel.instrument != editor.instrument:
                self._end(panel)
                return
            editor.steer(at)
        self._tell(panel)

    def _tell(self, panel: CandlePanel) -> None:
        """Say in the panel's title what the keys do to the drawing at work, or to that pointed at."""
        editor, at, cell = self.drawn.editor, _pointed_at(panel), panel.cell
        self.drawn.pointed = None
        if editor is not None:
            panel.task_note = _task_of(editor)
        elif at is not None and cell is not None and panel.instrument is not None:
            handle = self.drawings.nearest(panel.instrument, at, cell)
            if handle is not None:
                self.drawn.pointed = panel.instrument, handle
                kind = self.drawings.of(panel.instrument)[handle.number].kind
                panel.task_note = f"{NAMES[kind]}: enter moves, x deletes"
            else:
                panel.task_note = ""
        else:
            panel.task_note = ""
        panel.sync(panel.now)

    @on(CandlePanel.Answered)
    def _answered(self, event: CandlePanel.Answered) -> None:
        panel, editor = event.panel, self.drawn.editor
        if editor is None:
            self._pick_up(panel, event.answer)
        elif event.answer == "corner":
            editor.next_corner()
            self._tell(panel)
        elif event.answer == "delete":
            if editor.number is not None:
                self.drawings.remove(editor.instrument, editor.number)
            self._end(panel)
        elif editor.needs_text:
            self._ask_text(panel, editor)
        elif editor.accept():
            self._end(panel)
        else:
            self._tell(panel)

    def _pick_up(self, panel: CandlePanel, answer: str) -> None:
        """Move or delete what is pointed at."""
        at, pointed = _pointed_at(panel), self.drawn.pointed
        if pointed is None or at is None:
            return
        instrument, handle = pointed
        if answer == "delete":
            self.drawings.remove(instrument, handle.number)
        else:
            self.drawn.editor = DrawingEditor(self.drawings, instrument, at, handle=handle)
        self._tell(panel)

    def _ask_text(self, panel: CandlePanel, editor: DrawingEditor) -> None:
        def written(text: str | None) -> None:
            if self.drawn.editor is editor:
                if text:
                    editor.accept(text)
                self._end(panel)

        self.app.push_screen(LinePrompt("Note", longest=_LONGEST_TEXT), written)

    def _end(self, panel: CandlePanel) -> None:
        if self.drawn.editor is not None:
            self.drawn.editor.cancel()
            self.drawn.editor = None
        self._tell(panel)


def _pointed_at(panel: CandlePanel) -> tuple[int, float] | None:
    cross = panel.cross
    return None if cross is None or cross[1] is None else (cross[0], cross[1])


def _task_of(editor: DrawingEditor) -> str:
    name = NAMES[editor.kind]
    if editor.next_point:
        needs_one = editor.kind in (DrawingKind.LEVEL, DrawingKind.NOTE)
        which = "" if needs_one else f" {editor.next_point}/2"
        return f"{name}{which}: enter sets, esc ends"
    part = "" if editor.corner is None else f" corner {editor.corner + 1}"
    return f"{name}{part}: enter drops, tab corner, x deletes"
