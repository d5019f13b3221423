"""Every action that a key can be bound to, its default keys, and the check of the user's own."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Mapping, Sequence

import msgspec

from tui.model.errors import ConfigError


class Action(msgspec.Struct, frozen=True):
    """What the user can do. `keys` are Textual's names of the default keys."""

    keys: tuple[str, ...]
    description: str


ACTIONS: dict[str, Action] = {
    **{
        f"focus_panel_{digit}": Action((str(digit),), f"Focus panel {digit}")
        for digit in range(1, 10)
    },
    "next_panel": Action(("tab",), "Focus the next panel"),
    "previous_panel": Action(("shift+tab",), "Focus the previous panel"),
    "watch_down": Action(("down", "j"), "Next symbol of the watchlist"),
    "watch_up": Action(("up", "k"), "Previous symbol of the watchlist"),
    "put_symbol": Action(("enter",), "Put the symbol into the panel"),
    "search": Action(("slash",), "Search all symbols"),
    "add_watch": Action(("a",), "Add the panel's symbol to the watchlist"),
    "remove_watch": Action(("x", "delete"), "Remove the symbol from the watchlist"),
    "timeframe_shorter": Action(("left_square_bracket",), "Shorter timeframe"),
    "timeframe_longer": Action(("right_square_bracket",), "Longer timeframe"),
    "zoom_in": Action(("plus", "equals_sign"), "Chart: zoom in"),
    "zoom_out": Action(("minus",), "Chart: zoom out"),
    "pan_back": Action(("left", "h"), "Chart: back; moves the crosshair where it is on"),
    "pan_on": Action(("right", "l"), "Chart: on"),
    "pan_page_back": Action(("shift+left", "pageup"), "Chart: back by a page"),
    "pan_page_on": Action(("shift+right", "pagedown"), "Chart: on by a page"),
    "back_to_now": Action(("end", "0"), "Chart: back to the newest candle"),
    "first_candle": Action(("home",), "Chart: to the oldest candle there is"),
    "crosshair": Action(("o",), "Chart: crosshair on or off"),
    "measure": Action(("M",), "Chart: measure from the crosshair"),
    "indicators": Action(("I",), "Chart: indicators; add, edit and remove them"),
    "drawings": Action(("d",), "Chart: draw lines, boxes and notes; list them"),
    "chart_style": Action(("t",), "Chart: candles, Heikin-Ashi, bars, line or area"),
    "price_scale": Action(("S",), "Chart: linear, logarithmic or percent scale"),
    "grid": Action(("g",), "Next grid"),
    "maximize": Action(("z",), "Maximize the panel, and back"),
    "book": Action(("b",), "Show or hide the order book"),
    "book_view": Action(("v",), "Next view of the order book"),
    "group_finer": Action(("left_curly_bracket",), "Order book: smaller steps of price"),
    "group_coarser": Action(("right_curly_bracket",), "Order book: larger steps of price"),
    "heatmap": Action(("H",), "The book over time behind the panel's candles, on or off"),
    "level_up": Action(("w",), "Order book: level cursor up, with the cost to reach it"),
    "level_down": Action(("s",), "Order book: level cursor down"),
    "errors": Action(("e",), "Show or hide the error log"),
    "filter_errors": Action(("f",), "Next category of the error log"),
    "clear_errors": Action(("ctrl+l",), "Clear the error log"),
    "copy": Action(("c",), "Copy the error log"),
    "metrics": Action(("m",), "Show or hide the metrics"),
    "connections": Action(("n",), "Connections: states, subscriptions, history"),
    "compare": Action(("C",), "Compare the same market at several venues"),
    "overlay": Action(("O",), "Chart: other symbols over the candles, in percent"),
    "link_group": Action(("G",), "Panel: next colour group, whose panels follow one another"),
    "layouts": Action(("L",), "Layouts: switch, save, rename, delete"),
    **{
        f"layout_{digit}": Action((f"alt+{digit}",), f"Switch to layout {digit}")
        for digit in range(1, 10)
    },
    "tape_filter": Action(("F",), "Tape: all prints, large ones, or from a size on"),
    "announcements": Action(("i",), "What venues announce: figures, states, alerts"),
    "alerts": Action(("A",), "Alerts: what you want to be told of, and what fired"),
    "pause": Action(("space",), "Pause the view; data goes on"),
    "debug": Action(("ctrl+d",), "Debug mode on or off: write down what connections do"),
    "reconnect": Action(("r",), "Reconnect now"),
    "theme": Action(("T",), "Next theme"),
    "screenshot": Action(("ctrl+s",), "Save a picture of the screen"),
    "picture": Action(("P",), "Picture, text or table of the panel or the screen"),
    "help": Action(("question_mark",), "Help"),
    "palette": Action(("ctrl+p",), "Command palette"),
    "suspend_process": Action(("ctrl+z",), "Back to the shell for a while; fg resumes"),
    "quit": Action(("q",), "Quit"),
    "replay_pause": Action(("p",), "Replay: pause and go on"),
    "replay_slower": Action(("less_than_sign",), "Replay: slower"),
    "replay_faster": Action(("greater_than_sign",), "Replay: faster"),
    "replay_back": Action(("comma",), "Replay: back"),
    "replay_forward": Action(("full_stop",), "Replay: forward"),
}

_MODIFIERS = ("alt", "ctrl", "hyper", "meta", "shift", "super")
_EDITING = ("insert", "delete", "backspace", "enter", "tab", "escape", "space")
_MOVING = ("up", "down", "left", "right", "home", "end", "pageup", "pagedown")
_FUNCTION = tuple(f"f{number}" for number in range(1, 25))
_NAMED = frozenset(_EDITING + _MOVING + _FUNCTION)
# Textual's own words for some characters, where Unicode's names are obscure.
_SHORT_NAMES = {
    "solidus": "slash",
    "reverse_solidus": "backslash",
    "commercial_at": "at",
    "hyphen_minus": "minus",
    "plus_sign": "plus",
    "low_line": "underscore",
}
# A terminal sends the same byte for both.
_SAME_KEY = {"ctrl+i": "tab", "ctrl+m": "enter", "ctrl+left_square_bracket": "escape"}


def parse_key(text: str) -> str:
    """Give Textual's name of a key that the user wrote: `?`, `ctrl+s`, `F5`, `shift+t`.

    Raises:
        ConfigError: no terminal has such a key.
    """
    text = text if text == " " else text.strip()
    head, plus, base = text.rpartition("+")
    if text == "+" or text.endswith("++"):  # the plus key itself, alone or after modifiers
        head, plus, base = text[:-2], text[:-1], "+"
    modifiers = {part.lower() for part in head.split("+")} if head else set()
    unknown = sorted(modifiers.difference(_MODIFIERS))
    if unknown or (plus and not head):
        raise ConfigError(
            f"{text!r} is not a key",
            f"modifiers are {', '.join(_MODIFIERS)}, joined with +, for example ctrl+s",
        )
    name = _base_name(base)
    if name is None:
        near = difflib.get_close_matches(base.lower(), _known_names(), 1)
        hint = (
            f"did you mean {near[0]}?"
            if near
            else "write a character, or a name such as f5, pageup, ctrl+s"
        )
        raise ConfigError(f"{text!r} is not a key", hint)
    if len(name) == 1 and name.isalpha():
        if modifiers - {"shift"}:
            # With a modifier, terminals report letters in lower case.
            name = name.lower()
        elif "shift" in modifiers:
            name, modifiers = name.upper(), set()
    key = "+".join([*sorted(modifiers), name])
    return _SAME_KEY.get(key, key)


def effective_keys(user: Mapping[str, Sequence[str]] | None = None) -> dict[str, str]:
    """Every action's keys after the user's changes, joined with commas as Textual's keymap wants them.

    Args:
        user: the user's keys by action id; they replace that action's defaults.

    Raises:
        ConfigError: an unknown action, a text that is no key, or one key for two actions.
            The message begins with the action.
    """
    chosen = {name: action.keys for name, action in ACTIONS.items()}
    for name, keys in (user or {}).items():
        chosen[name] = _parse_keys(name, keys)
    owners: dict[str, str] = {}
    # The user's choices last, so that the message blames the line that can be changed.
    for name in sorted(chosen, key=lambda name: name in (user or {})):
        for key in chosen[name]:
            owner = owners.setdefault(key, name)
            if owner != name:
                raise ConfigError(
                    f"{name}: the key {key} already belongs to {owner}",
                    f"choose another key, or give {owner} another one",
                )
    return {name: ",".join(keys) for name, keys in chosen.items()}


def changed_keys(user: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """The keys of those actions alone that the user named: all that Textual's keymap needs.

    Textual goes through its keymap at every key, and for each entry through all bindings.

    Raises:
        ConfigError: as `effective_keys`.
    """
    keys = effective_keys(user)
    return {name: keys[name] for name in user}


def _parse_keys(name: str, keys: Sequence[str]) -> tuple[str, ...]:
    if name not in ACTIONS:
        near = difflib.get_close_matches(name, ACTIONS, 1)
        hint = f"did you mean {near[0]}?" if near else "`?` in the program lists the actions"
        raise ConfigError(f"{name}: there is no such action", hint)
    if not keys:
        raise ConfigError(f"{name}: no key", "an action needs at least one key")
    try:
        return tuple(dict.fromkeys(parse_key(key) for key in keys))
    except ConfigError as error:
        raise ConfigError(f"{name}: {error.message}", error.hint) from None


def _base_name(base: str) -> str | None:
    """Textual's name of a key without modifiers; None when there is none."""
    if len(base) == 1:
        return _character_name(base)
    name = base.lower()
    if name in _NAMED:
        return name
    if name in _SHORT_NAMES.values():
        return name
    character = _characters_by_name().get(name)
    return _character_name(character) if character else None


def _character_name(character: str) -> str | None:
    if character.isalnum():
        return character
    if not character.isprintable():
        return None
    name = unicodedata.name(character, "").lower().replace("-", "_").replace(" ", "_")
    return _SHORT_NAMES.get(name, name) or None


def _characters_by_name() -> dict[str, str]:
    """ASCII punctuation by its Unicode name, spelled as Textual spells it."""
    return {
        unicodedata.name(chr(code)).lower().replace("-", "_").replace(" ", "_"): chr(code)
        for code in range(33, 127)
        if not chr(code).isalnum()
    }


def _known_names() -> list[str]:
    return [*sorted(_NAMED), *_SHORT_NAMES.values(), *_characters_by_name()]
