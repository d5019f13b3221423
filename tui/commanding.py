"""The app's actions by name: their keys, the command palette, the help; and the themes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from textual.app import SystemCommand
from textual.binding import Binding
from textual.markup import escape
from textual.screen import Screen
from textual.theme import Theme

from tui import __version__
from tui.keymap import ACTIONS, effective_keys
from tui.launch import Launch
from tui.model.text import clean
from tui.screens.commands import Commands
from tui.screens.dashboard import Dashboard
from tui.screens.help import HelpScreen, help_topics
from tui.terminal.diffing_app import DiffingApp

_NUMBERED = ("focus_panel_", "layout_")
_KEY_WORDS = (("↑", "up"), ("↓", "down"), ("←", "left"), ("→", "right"), ("⏎", "enter"))
_LONGEST_NAME = 60


class CommandActions(DiffingApp[int]):
    """Part of the app."""

    dashboard: Dashboard
    _launch: Launch
    _themes: Sequence[Theme]

    def get_key_display(self, binding: Binding) -> str:
        shown = super().get_key_display(binding)
        if self.canvas.is_ascii:  # where an arrow down is a v, which is a key of its own
            for sign, word in _KEY_WORDS:
                shown = shown.replace(sign, word)
        return shown

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        for name, action in ACTIONS.items():
            if name == "palette" or name.startswith(_NUMBERED):
                continue
            if self._can(name):
                yield SystemCommand(
                    action.description, f"key {escape(self.key_of(name))}", self._runner(name)
                )
        for layout in self.dashboard.layouts:
            # The palette takes these texts for markup.
            yield SystemCommand(
                f"Layout: {escape(clean(layout.name, _LONGEST_NAME))}",
                "switch to it",
                partial(self.dashboard.lay_out, layout),
            )
        for theme in self._themes:
            yield SystemCommand(
                f"Theme: {escape(theme.name)}", "change the colours", self._theme_setter(theme.name)
            )

    async def action_help(self) -> None:
        await self.push_screen(HelpScreen(help_topics(self.key_of, self._can), __version__))

    def action_theme(self) -> None:
        names = [theme.name for theme in self._themes] or list(self.available_themes)
        index = names.index(self.theme) + 1 if self.theme in names else 0
        self.theme = names[index % len(names)]
        self.notify(f"theme {self.theme}", timeout=2, markup=False)

    def action_palette(self) -> None:
        self.action_command_palette()

    def action_command_palette(self) -> None:
        if not isinstance(self.screen, Commands):
            self.push_screen(Commands(id="--command-palette"))

    def key_of(self, name: str) -> str:
        """The keys of an action as people read them."""
        keys = effective_keys(self._launch.settings.keys)[name].split(",")
        return " ".join(self.get_key_display(Binding(key, "")) for key in keys)

    def _can(self, name: str) -> bool:
        return bool(self.check_action(name, ()) and self.dashboard.check_action(name, ()))

    def _runner(self, name: str) -> Callable[[], Any]:
        async def run() -> None:
            owner = self if hasattr(self, f"action_{name}") else self.dashboard
            await self.run_action(name, owner)

        return run

    def _theme_setter(self, name: str) -> Callable[[], None]:
        def choose() -> None:
            self.theme = name

        return choose
