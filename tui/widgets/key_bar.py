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

_Key: TypeAlias = tuple[tuple[tuple[str, str], ...], str]
"""Keys, as displayed and as they are to be simulated, and what they do."""


def _length(key: _Key) -> int:
    keys, description = key
    return sum(cell_len(display) + 1 for display, _ in keys) + cell_len(description) + 2


class KeyBar(LineWidget):
    """The screen's shown bindings, in their order, as many as fit; a click does what the key does.

    Neighbours with the same description share it.
    The last two, help and quit, keep their place at the right whatever else there is room for.
    """

    DEFAULT_CSS = "KeyBar { height: 1; width: 1fr; }"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._keys: tuple[_Key, ...] = ()
        self._zones: list[tuple[int, int, str]] = []

    def _shown(self) -> list[_Key]:
        found: list[_Key] = []
        seen: set[str] = set()
        for active in self.screen.active_bindings.values():
            binding: Binding = active.binding
            if not binding.show or not active.enabled or binding.action in seen:
                continue
            seen.add(binding.action)
            keys: tuple[tuple[str, str], ...] = ((self.app.get_key_display(binding), binding.key),)
            if found and found[-1][1] == binding.description:
                keys = found.pop()[0] + keys
            found.append((keys, binding.description))
        return found

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
        keys, description = key
        end = x + _length(key)
        for number, (display, pressed) in enumerate(keys, 1):
            parts.append((f" {display}", look.key))
            after = end if number == len(keys) else x + cell_len(display) + 1
            self._zones.append((x, after, pressed))
            x = after
        parts.append((f" {description} ", look.title_muted))
        return end

    async def on_click(self, event: events.Click) -> None:
        event.stop()
        for start, end, key in self._zones:
            if start <= event.x < end:
                self.app.simulate_key(key)
