"""The effective settings written out for people, each with where it came from."""

from __future__ import annotations

from collections.abc import Mapping

import tomli_w

from tui.config.settings import LoadedSettings, Settings
from tui.config.values import TOP_LEVEL, mask_url
from tui.feed.redaction import Redactor
from tui.feed.settings import FeedSettings
from tui.keymap import effective_keys
from tui.model.alert import AlertRule
from tui.model.timeframe import Timeframe


def describe_settings(loaded: LoadedSettings) -> str:
    """The effective settings as TOML, each line saying where it came from; passwords are masked."""
    settings, origins = loaded.settings, loaded.origins
    lines = [_line(name, _plain(getattr(settings, name)), origins[name]) for name in TOP_LEVEL]
    for venue in dict.fromkeys((*settings.venues, *settings.tokens)):
        lines += ["", f"[venues.{_key_text(venue)}]"]
        lines += [
            _line(name, value, origins[f"venues.{venue}.{name}"])
            for name, value in _venue(settings, venue).items()
        ]
    lines += ["", "[limits]"]
    lines += [
        _line(name, getattr(settings.limits, name), origins[f"limits.{name}"])
        for name in FeedSettings.__struct_fields__
    ]
    lines += ["", "[keys]"]
    lines += [
        _line(name, keys.split(","), origins[f"keys.{name}"])
        for name, keys in effective_keys(settings.keys).items()
    ]
    for venue, description in settings.feeds.items():
        lines += ["", f"# {origins[f'feeds.{venue}']}", _feed(venue, description.source)]
    for key in ("large_prints", "large_orders"):
        if sizes := getattr(settings, key):
            lines += ["", f"[{key}]"]
            lines += [_line(str(one), size, origins[key]) for one, size in sizes.items()]
    for rule in settings.alerts:
        lines += ["", f"# {origins['alerts']}", tomli_w.dumps({"alerts": [_alert(rule)]}).strip()]
    return "\n".join(lines) + "\n"


def _alert(rule: AlertRule) -> dict[str, object]:
    """An alert as it may stand in the file; a command's arguments may be secrets."""
    from tui.market.alerts.language import write_condition, write_duration  # few have alerts

    hide = Redactor().hide
    told: dict[str, object] = {
        "instrument": str(rule.instrument),
        "when": write_condition(rule.condition),
        "repeat": "once" if rule.cooldown_s is None else write_duration(rule.cooldown_s),
        "tell": [str(one) for one in rule.notices],
    }
    if rule.command:
        told["command"] = [hide(word) for word in rule.command]
    if rule.note:
        told["note"] = rule.note
    return told | ({} if rule.enabled else {"enabled": False})


def _feed(venue: str, source: Mapping[str, object]) -> str:
    """A described feed as it stands in the file; what looks like a secret in it is hidden."""
    return tomli_w.dumps({"feeds": {venue.lower(): _discreet(source, Redactor())}}).strip()


def _discreet(value: object, redactor: Redactor) -> object:
    if isinstance(value, Mapping):
        return {
            name: _discreet_headers(inner, redactor)
            if name == "headers"
            else _discreet(inner, redactor)
            for name, inner in value.items()
        }
    if isinstance(value, list):
        return [_discreet(inner, redactor) for inner in value]
    return redactor.hide(value) if isinstance(value, str) else value


def _venue(settings: Settings, venue: str) -> dict[str, object]:
    """What is set for a venue; secrets in addresses and in a command's arguments are hidden."""
    said: dict[str, object] = {
        name: mask_url(url) for name, url in settings.endpoints(venue).items()
    }
    token = settings.tokens.get(venue)
    if token is not None and token.variable:
        said["token_env"] = token.variable
    if token is not None and token.command:
        hide = Redactor().hide
        said["token_command"] = [hide(word) for word in token.command]
    return said


def _discreet_headers(headers: object, redactor: Redactor) -> object:
    if not isinstance(headers, Mapping):
        return _discreet(headers, redactor)
    return {
        name: redactor.hide(f"{name}: {value}").removeprefix(f"{name}: ")
        if isinstance(value, str)
        else _discreet(value, redactor)
        for name, value in headers.items()
    }


def _line(name: str, value: object, origin: str) -> str:
    return f"{_key_text(name)} = {_toml(value)}  # {origin}"


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return [str(item) for item in value]
    if value is None:
        return "auto"
    return str(value) if isinstance(value, Timeframe) else value


def _toml(value: object) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_toml(item) for item in value)}]"
    value = str(value) if isinstance(value, str) else value
    return tomli_w.dumps({"v": value}).removeprefix("v = ").rstrip("\n")


def _key_text(name: str) -> str:
    return tomli_w.dumps({name: 0}).removesuffix(" = 0\n")
