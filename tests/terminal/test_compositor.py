"""An app under the diffing compositor shows what Textual itself would show."""

from __future__ import annotations

import importlib
import inspect
import random
import tomllib
from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar

import pytest
from packaging.requirements import Requirement
from rich.segment import Segment
from rich.style import Style
from textual._compositor import Compositor, LayoutUpdate
from textual.app import App, ComposeResult
from textual.command import CommandPalette
from textual.containers import Horizontal, Vertical
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.geometry import Region, Size
from textual.screen import ModalScreen, Screen
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Footer, Header, Input, Label, Static

from tui.terminal import compositor, diffing_app, driver
from tui.terminal.compositor import DiffCompositor, mark_dirty
from tui.terminal.diffing_app import DiffingApp

UP = Style(color="#00d000", bgcolor="#101010")
DOWN = Style(color="#d00000", bgcolor="#101010")


class Ticker(Widget):
    """Draws prices with strips and refreshes whole, as panels do."""

    DEFAULT_CSS = "Ticker { height: 1fr; width: 1fr; border: round green; }"

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.rng = random.Random(seed)
        self.prices = [100.0] * 40

    def tick(self) -> None:
        for _ in range(3):
            index = self.rng.randrange(len(self.prices))
            self.prices[index] += self.rng.choice([-1.5, 0.25, 3])

    def render_line(self, y: int) -> Strip:
        price = self.prices[y % 40]
        text = f"{price:10.2f} 币 {'█' * int(price % 7)}"
        strip = Strip([Segment(text, UP if price > 100 else DOWN)])
        return strip.adjust_cell_length(self.size.width, UP)


class Question(ModalScreen[None]):
    CSS = "Question { align: center middle; } #box { width: 21; height: 5; border: thick red; }"

    def compose(self) -> ComposeResult:
        with Vertical(id="box"):
            yield Label("Really? 真的")
            yield Input(placeholder="type")


class Second(Screen[None]):
    def compose(self) -> ComposeResult:
        yield Header()
        yield Static("second [b]screen[/b] 二", id="text")


class Market(DiffingApp[None]):
    CSS = "#top { height: 60%; } Label { tint: red 10%; }"
    BINDINGS: ClassVar = [("q", "quit", "Quit")]

    def compose(self) -> ComposeResult:
        with Horizontal(id="top"):
            yield Ticker(1)
            yield Ticker(2)
        with Horizontal():
            yield Static("static [reverse]text[/] with 宽 characters", id="note")
            yield Ticker(3)
        yield Footer()


async def run_emulated(emulated: type[Any], size: tuple[int, int] = (60, 18)) -> Any:
    class EmulatedMarket(emulated, Market):  # type: ignore[misc]
        can_erase = True

    return EmulatedMarket().run_test(size=size, notifications=True, tooltips=True)


def resize(app: Any, width: int, height: int) -> None:
    from textual.events import Resize

    app.emulator.resize(width, height)
    app.driver._size = (width, height)
    app.post_message(Resize(Size(width, height), Size(width, height)))


def differences(shown: list[list[Any]], expected: list[list[Any]]) -> list[str]:
    return [
        f"{x},{y}: {cell} instead of {right}"
        for y, (row, right_row) in enumerate(zip(shown, expected, strict=True))
        for x, (cell, right) in enumerate(zip(row, right_row, strict=True))
        if cell != right
    ][:20]


async def test_every_kind_of_screen_has_the_diffing_compositor(emulated: Any) -> None:
    async with await run_emulated(emulated) as pilot:
        app = pilot.app
        app.push_screen(Second())
        app.push_screen(Question())
        app.action_command_palette()
        await pilot.pause()

        assert len(app.screen_stack) == 4
        assert all(type(screen._compositor) is DiffCompositor for screen in app.screen_stack)


async def test_the_first_frame_is_what_textual_draws(emulated: Any, shown_by: Any) -> None:
    async with await run_emulated(emulated) as pilot:
        await pilot.pause()

        assert pilot.app.emulator.cells() == shown_by(pilot.app)


async def test_at_the_start_the_screen_is_painted_in_full_once(emulated: Any) -> None:
    async with await run_emulated(emulated) as pilot:
        await pilot.pause()

        assert pilot.app.terminal_meter.full_frames == 1


async def test_the_same_size_reported_again_paints_anew(emulated: Any, shown_by: Any) -> None:
    async with await run_emulated(emulated) as pilot:
        await pilot.pause()
        resize(pilot.app, 60, 18)

        await pilot.pause()

        assert pilot.app.emulator.cells() == shown_by(pilot.app)


async def test_a_whole_refresh_sends_only_the_changed_digits(emulated: Any) -> None:
    async with await run_emulated(emulated) as pilot:
        await pilot.pause()
        ticker = pilot.app.query(Ticker).first()
        ticker.prices[2] = 100.0
        pilot.app.driver.writes.clear()

        ticker.prices[2] = 99.25
        ticker.refresh()
        await pilot.pause()

        (frame,) = pilot.app.driver.writes
        assert "99.25" in frame
        assert len(frame) < 100


class Plate(Widget):
    """Keeps its line itself."""

    DEFAULT_CSS = "Plate { height: 1; dock: top; }"
    text = "before"

    def render_lines(self, crop: Region) -> list[Strip]:
        return [Strip([Segment(self.text.ljust(crop.width))])] * crop.height


@pytest.mark.parametrize("comes_first", [False, True])
async def test_what_a_widget_marks_is_painted_with_whatever_frame_comes_next(
    emulated: Any, comes_first: bool
) -> None:
    async with await run_emulated(emulated) as pilot:
        plate = Plate()
        await pilot.app.screen.mount(plate)
        await pilot.pause()

        plate.text = "afterwards"
        mark_dirty(plate, Region(0, 0, 80, 1))
        if comes_first:  # before the screen has asked the widget, and all is forgotten
            pilot.app.screen._compositor_refresh()
        await pilot.pause()

        assert any("afterwards" in row for row in pilot.app.emulator.rows())


async def test_a_refresh_that_changes_nothing_writes_nothing(emulated: Any) -> None:
    async with await run_emulated(emulated) as pilot:
        await pilot.pause()
        app = pilot.app
        app.driver.writes.clear()
        frames_before = app.terminal_meter.frames_empty

        app.screen.refresh()
        await pilot.pause()

        assert app.driver.writes == []
        assert app.terminal_meter.frames_empty == frames_before + 1


async def test_a_frame_is_one_write_inside_a_synchronised_pair(emulated: Any) -> None:
    async with await run_emulated(emulated) as pilot:
        await pilot.pause()
        app = pilot.app
        app._sync_available = True
        app.driver.writes.clear()

        app.redraw()
        await pilot.pause()

        (frame,) = app.driver.writes
        assert frame.startswith("\x1b[?2026h")
        assert frame.endswith("\x1b[?2026l")


@pytest.mark.parametrize(("wish", "knows"), [("on", False), ("off", True)])
async def test_a_wish_for_the_pair_goes_before_what_the_terminal_tells(
    emulated: Any, wish: str, knows: bool
) -> None:
    async with await run_emulated(emulated) as pilot:
        await pilot.pause()
        app = pilot.app
        app._sync_available, app.synchronised = knows, wish
        app.driver.writes.clear()

        app.redraw()
        await pilot.pause()

        (frame,) = app.driver.writes
        assert frame.startswith("\x1b[?2026h") is (wish == "on")


async def test_a_frame_that_is_read_at_once_needs_no_pair(emulated: Any) -> None:
    async with await run_emulated(emulated) as pilot:
        await pilot.pause()
        app = pilot.app
        app._sync_available = True
        app.driver.writes.clear()

        app.query(Ticker).first().prices[0] = 1.0
        app.query(Ticker).first().refresh()
        await pilot.pause()

        (frame,) = app.driver.writes
        assert "2026" not in frame


async def test_the_meter_counts_what_was_written(emulated: Any) -> None:
    async with await run_emulated(emulated) as pilot:
        await pilot.pause()
        app = pilot.app
        meter = app.terminal_meter
        app.driver.writes.clear()
        sent, size = meter.frames_sent, meter.bytes_sent

        app.query(Ticker).first().prices[0] = 1.0
        app.query(Ticker).first().refresh()
        await pilot.pause()

        assert meter.frames_sent == sent + 1
        assert meter.bytes_sent - size == len("".join(app.driver.writes).encode())
        assert 0 < meter.quantile_s(0.5) <= meter.quantile_s(0.99) < 5


async def test_after_a_resume_the_screen_is_painted_in_full(emulated: Any, shown_by: Any) -> None:
    async with await run_emulated(emulated) as pilot:
        await pilot.pause()
        app = pilot.app
        with app.suspend():
            app.emulator.feed("\x1b[2J\x1b[Hsomebody else was here")

        await pilot.pause()

        assert app.emulator.cells() == shown_by(app)


async def test_a_redraw_repairs_a_damaged_screen(emulated: Any, shown_by: Any) -> None:
    async with await run_emulated(emulated) as pilot:
        await pilot.pause()
        pilot.app.emulator.feed("\x1b[5;5HBroadcast message from root")

        pilot.app.redraw()
        await pilot.pause()

        assert pilot.app.emulator.cells() == shown_by(pilot.app)


async def test_escape_codes_in_a_widget_do_not_reach_the_terminal(emulated: Any) -> None:
    class Outside(Widget):
        def render_line(self, y: int) -> Strip:
            return Strip([Segment("\x1b]0;owned\x07\x9b2J\u202eevil\x1b[31m".ljust(60))], 60)

    async with await run_emulated(emulated) as pilot:
        await pilot.pause()
        pilot.app.driver.writes.clear()

        await pilot.app.mount(Outside())
        await pilot.pause()

        written = "".join(pilot.app.driver.writes)
        assert "]0;owned2Jevil[31m" in written
        assert not set(written) & set("\x07\x9b\u202e")
        assert "\x1b]" not in written


async def test_without_a_terminal_nothing_is_encoded() -> None:
    app = Market()
    async with app.run_test(size=(60, 18)) as pilot:
        await pilot.pause()

        assert app.terminal_meter.frames_sent == 0
        assert "static" in app.export_screenshot(simplify=True)


async def test_a_screenshot_does_not_swallow_what_is_dirty(emulated: Any, shown_by: Any) -> None:
    async with await run_emulated(emulated) as pilot:
        await pilot.pause()
        app = pilot.app
        ticker = app.query(Ticker).first()
        ticker.prices[0] = 1.0
        ticker.refresh()
        app.screen._compositor.update_widgets({ticker})

        app.export_screenshot()
        app.screen._compositor_refresh()

        assert app.emulator.cells() == shown_by(app)


async def test_random_use_leaves_the_terminal_as_a_repaint_would(
    emulated: Any, shown_by: Any
) -> None:
    rng = random.Random(11)
    async with await run_emulated(emulated) as pilot:
        app = pilot.app
        await pilot.pause()
        for step in range(150):
            name = rng.choice(ACTIONS)
            await ACTIONS_BY_NAME[name](app, pilot, rng)
            for _ in range(
                20
            ):  # until timers of Textual's own, such as that of a resize, are through
                await pilot.pause()
                wrong = differences(app.emulator.cells(), shown_by(app))
                if not wrong:
                    break
            assert wrong == [], f"step {step}: {name}"


async def _tick(app: Any, pilot: Any, rng: random.Random) -> None:
    for ticker in app.screen_stack[0].query(Ticker):
        ticker.tick()
        ticker.refresh()


async def _refresh_region(app: Any, pilot: Any, rng: random.Random) -> None:
    ticker = rng.choice(list(app.screen_stack[0].query(Ticker)))
    ticker.tick()
    width = max(1, ticker.size.width)
    x = rng.randrange(width)
    # A widget that names regions promises that nothing else changed: whole lines, in parts.
    ticker.refresh(
        Region(0, 0, x + 1, ticker.size.height + 2),
        Region(x, 0, width - x + 2, ticker.size.height + 2),
    )


async def _edit(app: Any, pilot: Any, rng: random.Random) -> None:
    note = app.screen_stack[0].query_one("#note", Static)
    note.update(rng.choice(["short", "a longer note 长 " * 3, "[b]bold[/b]", ""]))


async def _push(app: Any, pilot: Any, rng: random.Random) -> None:
    if len(app.screen_stack) < 4:
        app.push_screen(rng.choice([Second, Question])())


async def _pop(app: Any, pilot: Any, rng: random.Random) -> None:
    if len(app.screen_stack) > 1:
        app.pop_screen()


async def _palette(app: Any, pilot: Any, rng: random.Random) -> None:
    # Textual itself fails when a palette is opened while another lies under a screen.
    if not any(isinstance(screen, CommandPalette) for screen in app.screen_stack):
        app.action_command_palette()


async def _notify(app: Any, pilot: Any, rng: random.Random) -> None:
    app.notify("connection lost 断", timeout=30)


async def _theme(app: Any, pilot: Any, rng: random.Random) -> None:
    app.theme = rng.choice(["textual-dark", "textual-light", "nord", "ansi-dark", "gruvbox"])


async def _resize(app: Any, pilot: Any, rng: random.Random) -> None:
    resize(app, rng.choice([40, 60, 75]), rng.choice([12, 18]))
    await pilot.pause(0.02)


async def _hide(app: Any, pilot: Any, rng: random.Random) -> None:
    widget = rng.choice(list(app.screen_stack[0].query(Ticker)))
    widget.display = not widget.display


async def _offset(app: Any, pilot: Any, rng: random.Random) -> None:
    rng.choice(list(app.screen_stack[0].query(Ticker))).styles.offset = (
        rng.randint(-3, 3),
        rng.randint(-2, 2),
    )


async def _select(app: Any, pilot: Any, rng: random.Random) -> None:
    if len(app.screen_stack) == 1:
        await pilot.mouse_down(offset=(2, rng.randrange(10)))
        await pilot.hover(offset=(rng.randrange(30), rng.randrange(10)))
        await pilot.mouse_up(offset=(9, 9))


async def _type(app: Any, pilot: Any, rng: random.Random) -> None:
    await pilot.press(rng.choice(["a", "tab", "down", "left", "x"]))


ACTIONS_BY_NAME = {
    action.__name__: action
    for action in (
        _tick,
        _refresh_region,
        _edit,
        _push,
        _pop,
        _palette,
        _notify,
        _theme,
        _resize,
        _hide,
        _offset,
        _select,
        _type,
    )
}
ACTIONS = ["_tick"] * 4 + ["_refresh_region"] * 2 + ["_pop"] * 2 + list(ACTIONS_BY_NAME)


@pytest.mark.parametrize(
    ("owner", "names"),
    [
        (owner, names)
        for module in (compositor, diffing_app, driver)
        for owner, names in module.PRIVATE_NAMES.items()
    ],
)
async def test_textual_still_has_the_names_that_we_use(owner: str, names: tuple[str, ...]) -> None:
    module, _, class_name = owner.rpartition(".")
    found = getattr(importlib.import_module(module), class_name)
    if found in (LinuxDriver, LayoutUpdate):
        names = tuple(name for name in names if not _is_set_by(found.__init__, name))
    elif found in (App, Compositor, Screen, Widget):
        found = found()  # some of the names are set on instances

    assert [name for name in names if not hasattr(found, name)] == []


def _is_set_by(initialiser: Any, name: str) -> bool:
    """Tell by its source, where making an instance would take over the terminal."""
    sources = map(inspect.getsource, (initialiser, Driver.__init__))
    return any(f"self.{name} = " in source or f"self.{name}: " in source for source in sources)


def test_textual_is_within_the_bound_that_the_private_names_need() -> None:
    pyproject = Path(__file__).parents[2] / "pyproject.toml"
    requirements = map(Requirement, tomllib.loads(pyproject.read_text())["project"]["dependencies"])
    (textual,) = [requirement for requirement in requirements if requirement.name == "textual"]

    assert any(specifier.operator == "<" for specifier in textual.specifier)
    assert version("textual") in textual.specifier
