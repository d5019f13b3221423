"""The parameters and colours of one indicator, with a chart that shows at once what they do."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.widgets import Input, Static

from tui.charts.glyphs import Glyphs
from tui.market.indicators.definition import Definition, Parameter, ParameterError
from tui.market.market import Market
from tui.model.chart import IndicatorChoice
from tui.model.instrument import Instrument
from tui.model.timeframe import Timeframe
from tui.screens.dialog import FieldRow, make_field
from tui.screens.live import LiveScreen
from tui.widgets.indicator_preview import IndicatorPreview

COLOURS = (
    "",
    "#f0b90b",
    "#29b6f6",
    "#ab47bc",
    "#26a69a",
    "#ef5350",
    "#ff9800",
    "#66bb6a",
    "#ec407a",
    "#bdbdbd",
)
"""What page up and page down choose from; "" is the theme's own."""
_COLOUR = re.compile("#[0-9a-fA-F]{6}")
_KEYS = "enter keep · tab field · pgup/pgdn change · esc discard"


class IndicatorEditor(LiveScreen):
    """A field for each parameter and for each line's colour. Enter keeps, Escape discards."""

    DEFAULT_CSS = """
    IndicatorEditor { align: center middle; background: transparent; }
    IndicatorEditor > Vertical {
        width: 92; max-width: 98%; height: 34; max-height: 96%;
        background: $panel; border: round $accent; padding: 0 1;
    }
    IndicatorEditor #editor-meaning { height: auto; color: $tt-muted; margin: 0 0 1 0; }
    IndicatorEditor #editor-fields { height: auto; max-height: 14; scrollbar-size-vertical: 1; }
    IndicatorEditor .label { width: 18; }
    IndicatorEditor .hint { width: 1fr; padding: 0 0 0 2; }
    IndicatorEditor Input { width: 20; }
    IndicatorEditor #editor-note { height: 1; color: $tt-muted; margin: 1 0 0 0; }
    IndicatorEditor #editor-note.-wrong { color: $tt-error; text-style: bold; }
    IndicatorEditor #editor-preview { margin: 1 0 0 0; min-height: 6; }
    IndicatorEditor.-short #editor-preview { display: none; }
    IndicatorEditor.-short #editor-meaning { display: none; }
    IndicatorEditor.-short #editor-fields { height: 1fr; max-height: 100%; }
    IndicatorEditor.-short #editor-note { height: auto; margin: 0; }
    """
    VERTICAL_BREAKPOINTS = [(0, "-short"), (22, "-tall")]  # noqa: RUF012 - to mypy Textual declares it for instances

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Discard", show=True),
        Binding("enter", "keep", "Keep", show=True, priority=True),
        Binding("up", "app.focus_previous", show=False, priority=True),
        Binding("down", "app.focus_next", show=False, priority=True),
        Binding("pageup", "change(1)", show=False, priority=True),
        Binding("pagedown", "change(-1)", show=False, priority=True),
    ]

    def __init__(
        self,
        market: Market,
        instrument: Instrument,
        timeframe: Timeframe,
        definition: Definition,
        choice: IndicatorChoice,
        *,
        keep: Callable[[IndicatorChoice], None],
        glyphs: Glyphs,
    ) -> None:
        """Make the screen for a choice of this indicator; `keep` is given what becomes of it."""
        super().__init__()
        self._definition = definition
        self._choice = choice
        self._keep = keep
        self._preview = IndicatorPreview(
            market, instrument, timeframe, definition, glyphs=glyphs, id="editor-preview"
        )

    def compose(self) -> ComposeResult:
        definition = self._definition
        settings = definition.settle(self._choice.parameters)
        with Vertical():
            yield Static(Text(definition.label, style="bold"))
            yield Static(definition.meaning, id="editor-meaning", markup=False)
            with VerticalScroll(id="editor-fields", can_focus=False):
                for parameter in definition.parameters:
                    field = make_field(
                        f"parameter-{parameter.name}",
                        text=parameter.write(settings[parameter.name]),
                        written_anew=False,
                    )
                    yield FieldRow(field, parameter.label, parameter.meaning)
                for number, line in enumerate(definition.lines):
                    held = self._choice.colours[number : number + 1]
                    label = "Colour" if len(definition.lines) == 1 else f"Colour {line.name}"
                    field = make_field(
                        f"colour-{number}", text=held[0] if held else "", written_anew=False
                    )
                    yield FieldRow(field, label, "")
            yield Static("", id="editor-note", markup=False)
            yield self._preview

    def on_mount(self) -> None:
        fields = self.query(Input)
        if fields:
            fields.first().focus()
        self._look()

    def frame(self, now: int) -> None:
        """Look at the market again, at `now` (ns)."""
        if self._preview.is_on_screen:
            self._preview.sync(now)

    @on(Input.Changed)
    def _typed(self) -> None:
        self._look()

    def action_keep(self) -> None:
        choice, problem = self._read()
        if not problem:
            self._keep(choice)
            self.dismiss(None)

    def action_change(self, steps: int) -> None:
        """Take the next value of the field in focus, or the one before."""
        field = self.focused
        if not isinstance(field, Input) or field.id is None:
            return
        kind, _, name = field.id.partition("-")
        if kind == "colour":
            held = COLOURS.index(field.value) if field.value in COLOURS else 0
            field.value = COLOURS[(held + steps) % len(COLOURS)]
        else:
            parameter = next(each for each in self._definition.parameters if each.name == name)
            field.value = _stepped(parameter, field.value, steps)
        field.cursor_position = len(field.value)

    def _look(self) -> None:
        """Show what the fields say, and what is wrong with them."""
        choice, problem = self._read()
        note = self.query_one("#editor-note", Static)
        note.update(problem or _KEYS)
        note.set_class(bool(problem), "-wrong")
        for number, _ in enumerate(self._definition.lines):
            hint = self.query_one(f"#colour-{number}-hint", Static)
            written = self.query_one(f"#colour-{number}", Input).value.strip()
            hint.update(_swatch(written))
        if not problem:
            self._choice = choice
            self._preview.show(choice)

    def _read(self) -> tuple[IndicatorChoice, str]:
        """The choice that the fields make, and the first thing that is wrong with them."""
        parameters: dict[str, float] = {}
        problems: list[str] = []
        for parameter in self._definition.parameters:
            field = self.query_one(f"#parameter-{parameter.name}", Input)
            problem = ""
            try:
                value = parameter.read(field.value)
                if value != parameter.default:
                    parameters[parameter.name] = value
            except ParameterError as error:
                problem = str(error)
            field.set_class(bool(problem), "-wrong")
            problems += [problem] * bool(problem)
        colours: list[str] = []
        for number, line in enumerate(self._definition.lines):
            field = self.query_one(f"#colour-{number}", Input)
            written = field.value.strip().lower()
            is_wrong = bool(written) and _COLOUR.fullmatch(written) is None
            field.set_class(is_wrong, "-wrong")
            if is_wrong:
                problems.append(f"{line.name}: a colour is written #rrggbb; empty for the theme's")
            colours.append(written)
        while colours and not colours[-1]:
            colours.pop()
        choice = IndicatorChoice(self._definition.name, parameters, tuple(colours))
        return choice, problems[0] if problems else ""


def _stepped(parameter: Parameter, text: str, steps: int) -> str:
    try:
        value = parameter.read(text)
    except ParameterError:
        return parameter.write(parameter.default)
    if parameter.choices:
        return parameter.write((value + steps) % len(parameter.choices))
    # Steps of a time are hours, of which there are whole ones only.
    step = 3600.0 if parameter.is_time else parameter.step
    value = min(max(value + steps * step, parameter.minimum), parameter.maximum)
    return parameter.write(round(value, 9))


def _swatch(colour: str) -> Text:
    if not colour:
        return Text("by the theme")
    if _COLOUR.fullmatch(colour) is None:
        return Text("#rrggbb")
    return Text("━━━━", style=colour)
