"""The bottom line: what can be done now, and with which key."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TypeAlias

from rich.cells import cell_len
from textual import events
from textual.binding import Binding
from textual.screen import Screen

from tui.widgets.line_widget import LineWidget, Part, Row
from tui.widgets.look import Look

_Key: TypeAlias = tuple[str, str, str]


def _length(key: _Key) -> int:
    return cell_len(key[0]) + cell_len(key[1]) + 3


class KeyBar(LineWidget):
    """The screen's shown bindings, in their order, as many as fit; a click does what the key does.

    The last two, help and quit, keep their place at the right whatever else there is room for.
    """

    DEFAULT_CSS = "KeyBar { height: 1; width: 1fr; }"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._keys: tuple[_Key, ...] = ()
        self._zones: list[tuple[int, int, str]] = []

    def _shown(self) -> list[_Key]:
        """Key as displayed, what it does, and the key to simulate."""
        found: dict[str, _Key] = {}
        for active in self.screen.active_bindings.values():
            binding: Binding = active.binding
            if binding.show and active.enabled and binding.action not in found:
                display = self.app.get_key_display(binding)
                found[binding.action] = (display, binding.description, binding.key)
        return list(found.values())

    def on_mount(self) -> None:
        # Asking for the bindings costs milliseconds: only when Textual says that they changed.
        self.screen.bindings_updated_signal.subscribe(self, self._bindings_changed)

    def _bindings_changed(self, _screen: Screen[object]) -> None:
        self._keys = tuple(self._shown())
        self.sync(self.now)

    def fingerprint(self, now: int) -> Hashable:
        return self._keys

    def rows(self, width: int, height: int, look: Look) -> Sequence[Row]:
        self._zones = []
        shown = self._keys
        pinned = shown[-2:]
        room = width - sum(_length(key) for key in pinned)
        parts: list[Part] = []
        x = 0
        for key in shown[:-2]:
            if x + _length(key) > room:
                break
            x = self._put(parts, x, key, look)
        if room > x:
            parts.append((" " * (room - x), look.title_muted))
            x = room
        for key in pinned:
            x = self._put(parts, x, key, look)
        return [tuple(parts)]

    def _put(self, parts: list[Part], x: int, key: _Key, look: Look) -> int:
        display, description, pressed = key
        end = x + _length(key)
        self._zones.append((x, end, pressed))
        parts += [(f" {display}", look.key), (f" {description} ", look.title_muted)]
        return end

    async def on_click(self, event: events.Click) -> None:
        event.stop()
        for start, end, key in self._zones:
            if start <= event.x < end:
                self.app.simulate_key(key)
