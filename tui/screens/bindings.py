"""The dashboard's keys: every action of the keymap as a binding, and its word in the bottom line."""

from __future__ import annotations

from textual.binding import Binding, BindingType

from tui.keymap import ACTIONS

# Footer labels, in the footer's order; actions that are not here have no place in it, and neighbours
# with the same label share it.
_LABELS = {
    "stop_watching": "back",
    "end_level": "no level",
    "replay_pause": "play/pause",
    "replay_slower": "speed",
    "replay_faster": "speed",
    "replay_back": "seek 10s",
    "replay_forward": "seek 10s",
    "search": "search",
    "put_symbol": "into panel",
    "watch_down": "watch",
    "timeframe_shorter": "timeframe",
    "timeframe_longer": "timeframe",
    "filter_errors": "filter",
    "copy": "copy",
    "clear_errors": "clear",
    "grid": "grid",
    "book": "book",
    "indicators": "indicators",
    "drawings": "draw",
    "alerts": "alerts",
    "book_view": "view",
    "errors": "errors",
    "metrics": "metrics",
    "connections": "connections",
    "compare": "compare",
    "announcements": "announced",
    "pause": "pause",
    "reconnect": "reconnect",
    "theme": "theme",
    "palette": "palette",
    "help": "help",
    "quit": "quit",
}
_OF_THE_APP = (
    "search",
    "connections",
    "compare",
    "announcements",
    "alerts",
    "debug",
    "theme",
    "palette",
    "screenshot",
    "picture",
    "help",
    "suspend_process",
    "quit",
)


def dashboard_bindings() -> list[BindingType]:
    """Every action's binding; those with a label are shown in the bottom line, in its order."""
    ordered = [*_LABELS, *(name for name in ACTIONS if name not in _LABELS)]
    found: list[BindingType] = []
    for name in ordered:
        if name not in ACTIONS:
            found.append(Binding("escape", name, _LABELS[name]))
            continue
        action = ACTIONS[name]
        call = name
        if name.startswith("focus_panel_"):
            call = f"focus_panel({name[-1]})"
        elif name.startswith("layout_"):
            call = f"layout({name[-1]})"
        elif name in _OF_THE_APP or name.startswith("replay_"):
            call = f"app.{name}"
        found.append(
            Binding(
                ",".join(action.keys),
                call,
                _LABELS.get(name, action.description),
                show=name in _LABELS,
                tooltip=action.description,
                id=name,
            )
        )
    return found
