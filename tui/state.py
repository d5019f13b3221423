"""What the program remembers between runs: state.toml, which belongs to it alone."""

from __future__ import annotations

import os
import tempfile
import tomllib
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from time import time
from typing import Final

import msgspec
import tomli_w

from tui.config import COMMAND_LINE, DEFAULT, GRIDS, read_instrument
from tui.launch import Launch, Mode
from tui.locations import state_file
from tui.model.alert import AlertRule
from tui.model.chart import Drawing, PanelView
from tui.model.errors import InstrumentError
from tui.model.instrument import Instrument
from tui.model.timeframe import Timeframe
from tui.remembered_alerts import RememberedAlert, recall, remember
from tui.themes import DEFAULT_THEME

VERSION: Final = 1
_UNFINISHED_S: Final = 60.0
"""Nobody writes so long at one file."""
_HEADER = """\
# tradetui writes this file, and overwrites it at every change: edits are lost.
# Your own settings belong into config.toml (`tradetui config` shows them).

"""


class PanelState(msgspec.Struct, frozen=True):
    """What one panel shows."""

    instrument: Instrument
    timeframe: Timeframe
    view: PanelView = PanelView()


class Layout(msgspec.Struct, frozen=True, kw_only=True):
    """An arrangement of the screen that has a name.

    Attributes:
        name: plain text, as the user wrote it.
        panels: those of the grid, in their order.
        grid, focused, book_view, book_shown, errors_shown, metrics_shown: as of `State`.
    """

    name: str
    panels: tuple[PanelState, ...] = ()
    grid: int = 1
    focused: int = 0
    book_view: str = ""
    book_shown: bool = True
    errors_shown: bool = False
    metrics_shown: bool = False


class State(msgspec.Struct, frozen=True, kw_only=True):
    """The screen as the user left it, or as it opens.

    Attributes:
        focused: index of the focused panel, from 0.
        book_view: the screen's own word for how the book is shown; "" for its first choice.
        book_shown, errors_shown, metrics_shown: which panes are open.
        drawings: what the user drew, by instrument.
        layouts: those that were saved, in the order of their keys.
        alerts: what the user wants to be told of, beside what config.toml says.
        alerts_switched: which alerts of config.toml, by their ids, are on or off otherwise than that
            says.
    """

    watchlist: tuple[Instrument, ...] = ()
    panels: tuple[PanelState, ...] = ()
    grid: int = 4
    theme: str = DEFAULT_THEME
    focused: int = 0
    book_view: str = ""
    book_shown: bool = True
    errors_shown: bool = False
    metrics_shown: bool = False
    drawings: dict[Instrument, tuple[Drawing, ...]] = {}
    layouts: tuple[Layout, ...] = ()
    alerts: tuple[AlertRule, ...] = ()
    alerts_switched: dict[str, bool] = {}


def load_state(launch: Launch, path: Path | None = None) -> tuple[State, str]:
    """What the screen opens with: the command line wins, then what was remembered as long as the
    setting under it is still the same, then the settings. Of a replay nothing but the theme is
    remembered.

    Args:
        launch: with its `instruments` filled.
        path: the state file; None for the usual place.

    Returns:
        The state, and what was wrong with the file ("" when nothing was). A file that cannot be
        understood is kept beside its place as `state.toml.broken`.
    """
    path = path or state_file()
    _sweep(path)
    file, problem = _read(path)
    try:
        state, left_out = _open(launch, file)
    except InstrumentError as error:
        return _open(launch, _File())[0], _set_aside(path, str(error))
    return state, problem or left_out


def save_state(state: State, launch: Launch, path: Path | None = None) -> None:
    """Write the state in one step; the other mode's stays. A replay's is not kept.

    Raises:
        OSError: it cannot be written.
    """
    if launch.mode is Mode.REPLAY:
        return
    path = path or state_file()
    try:
        file = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), _File)
    except (OSError, ValueError):
        file = _File()
    basis = _basis(launch)
    kept = _Remembered(
        watchlist=[str(instrument) for instrument in state.watchlist],
        panels=_write_panels(state.panels),
        grid=state.grid,
        focused=state.focused,
        book_view=state.book_view,
        book_shown=state.book_shown,
        errors_shown=state.errors_shown,
        metrics_shown=state.metrics_shown,
        drawings={str(instrument): drawn for instrument, drawn in state.drawings.items() if drawn},
        layouts=[
            _Layout(
                name=layout.name,
                panels=_write_panels(layout.panels),
                grid=layout.grid,
                focused=layout.focused,
                book_view=layout.book_view,
                book_shown=layout.book_shown,
                errors_shown=layout.errors_shown,
                metrics_shown=layout.metrics_shown,
            )
            for layout in state.layouts
        ],
        alerts=remember(state.alerts),
        alerts_switched=state.alerts_switched,
        basis={key: text for key, text in basis.items() if key != "theme"},
    )
    file = msgspec.structs.replace(
        file, theme=state.theme, theme_basis=basis["theme"], **{launch.mode.value: kept}
    )
    content = _HEADER + tomli_w.dumps(msgspec.to_builtins(file))
    _write(path, content.encode())


# -- the file ----------------------------------------------------------------------------------


class _Panel(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    instrument: str = ""
    timeframe: str = ""
    view: PanelView = PanelView()


class _Layout(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    name: str = ""
    panels: list[_Panel] = []
    grid: int = 1
    focused: int = 0
    book_view: str = ""
    book_shown: bool = True
    errors_shown: bool = False
    metrics_shown: bool = False


class _Remembered(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One mode's table. `basis` is the settings that the choices were made over, as text by key: a
    choice holds until the setting under it is changed."""

    watchlist: list[str] = []
    panels: list[_Panel] = []
    grid: int = 0
    focused: int = 0
    book_view: str = ""
    book_shown: bool = True
    errors_shown: bool = False
    metrics_shown: bool = False
    drawings: dict[str, tuple[Drawing, ...]] = {}
    layouts: list[_Layout] = []
    alerts: list[RememberedAlert] = []
    alerts_switched: dict[str, bool] = {}
    basis: dict[str, str] = {}


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: int = VERSION
    theme: str = ""
    theme_basis: str = ""
    sim: _Remembered = _Remembered()
    live: _Remembered = _Remembered()


def _read(path: Path) -> tuple[_File, str]:
    try:
        file = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), _File)
        if file.version != VERSION:
            return _File(), _set_aside(path, f"it has version {file.version}")
        return file, ""
    except FileNotFoundError:
        return _File(), ""
    except OSError as error:
        return _File(), f"{path}: cannot be read: {error.strerror}"
    except ValueError as error:  # not UTF-8, not TOML, or not what this program writes
        return _File(), _set_aside(path, str(error))


def _set_aside(path: Path, why: str) -> str:
    """Keep a file that cannot be understood, out of the way; returns the report of it."""
    kept = path.with_name(path.name + ".broken")
    try:
        os.replace(path, kept)
    except OSError:
        kept = path
    return f"{path}: not a state of this program ({why}); it is kept as {kept.name}"


def _basis(launch: Launch) -> dict[str, str]:
    settings = launch.settings
    return {
        "theme": settings.theme,
        "grid": str(settings.grid),
        "timeframe": str(settings.timeframe),
        "symbols": ",".join(str(instrument) for instrument in launch.instruments),
        "watchlist": ",".join(str(instrument) for instrument in launch.watchlist),
    }


def _open(launch: Launch, file: _File) -> tuple[State, str]:
    """The state, and what of it cannot be used any more.

    Raises:
        InstrumentError: this program did not write it.
    """
    settings, origins, basis = launch.settings, launch.origins, _basis(launch)
    held = {Mode.SIM: file.sim, Mode.LIVE: file.live}.get(launch.mode, _Remembered())

    def is_kept(key: str) -> bool:
        old = file.theme_basis if key == "theme" else held.basis.get(key)
        return origins.get(key) != COMMAND_LINE and old == basis[key]

    remembered = _read_panels(held.panels)
    # A timeframe that was chosen for an instrument outlives a new list of instruments.
    timeframes = (
        {panel.instrument: panel.timeframe for panel in remembered} if is_kept("timeframe") else {}
    )
    keeps_panels = bool(remembered) and is_kept("symbols")
    if keeps_panels and is_kept("timeframe"):
        panels = remembered
    else:
        instruments = (
            [panel.instrument for panel in remembered] if keeps_panels else launch.instruments
        )
        views = {panel.instrument: panel.view for panel in remembered} if keeps_panels else {}
        panels = [
            PanelState(
                instrument,
                timeframes.get(instrument, settings.timeframe),
                views.get(instrument, PanelView()),
            )
            for instrument in instruments[: GRIDS[-1]]
        ]
    if held.grid in GRIDS and keeps_panels and is_kept("grid"):
        grid = held.grid
    elif origins.get("grid", DEFAULT) == DEFAULT:
        grid = next(size for size in GRIDS if size >= len(panels))
    else:
        grid = settings.grid
    watched = tuple(read_instrument(text) for text in held.watchlist)
    if not is_kept("watchlist"):
        watched = launch.watchlist + watched
    alerts, left_out = recall(held.alerts)
    state = State(
        watchlist=tuple(dict.fromkeys(watched)),
        panels=tuple(panels),
        grid=grid,
        theme=file.theme if file.theme and is_kept("theme") else settings.theme,
        focused=min(max(0, held.focused), grid - 1) if keeps_panels else 0,
        book_view=held.book_view,
        book_shown=held.book_shown,
        errors_shown=held.errors_shown,
        metrics_shown=held.metrics_shown,
        drawings={read_instrument(name): drawn for name, drawn in held.drawings.items()},
        layouts=tuple(
            Layout(
                name=layout.name,
                panels=tuple(_read_panels(layout.panels)),
                grid=layout.grid if layout.grid in GRIDS else 1,
                focused=layout.focused,
                book_view=layout.book_view,
                book_shown=layout.book_shown,
                errors_shown=layout.errors_shown,
                metrics_shown=layout.metrics_shown,
            )
            for layout in held.layouts
        ),
        alerts=alerts,
        alerts_switched=held.alerts_switched,
    )
    return state, "; ".join(left_out)


def _write_panels(panels: Iterable[PanelState]) -> list[_Panel]:
    return [_Panel(str(panel.instrument), str(panel.timeframe), panel.view) for panel in panels]


def _read_panels(panels: Sequence[_Panel]) -> list[PanelState]:
    """Raises InstrumentError for what this program did not write."""
    return [
        PanelState(read_instrument(panel.instrument), Timeframe.parse(panel.timeframe), panel.view)
        for panel in panels[: GRIDS[-1]]
    ]


def _sweep(path: Path) -> None:
    """Throw away what programs left that were killed while they wrote the file."""
    for left in path.parent.glob(f".{path.name}.*"):
        with suppress(OSError):
            if time() - left.stat().st_mtime > _UNFINISHED_S:
                left.unlink()


def _write(path: Path, content: bytes) -> None:
    """Replace a file in one step: whoever reads it sees the old or the new one, whole."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # mkstemp makes files that only their owner can read: mode 0600.
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.replace(name, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise
