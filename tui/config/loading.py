"""Reading config.toml and the command line's overrides, checked in detail and in company."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, NoReturn

from tui.config.settings import (
    COMMAND_LINE,
    DEFAULT,
    SIM_VENUE,
    LoadedSettings,
    Settings,
    TokenSettings,
)
from tui.config.values import (
    ENDPOINTS,
    LIMITS,
    TOKENS,
    TOP_LEVEL,
    Reader,
    WrongValue,
    is_open_to_all,
    nearest,
    read_keys,
    read_large_sizes,
)
from tui.feed.settings import FeedSettings
from tui.keymap import ACTIONS, effective_keys
from tui.model.alert import AlertRule
from tui.model.errors import ConfigError
from tui.model.instrument import Instrument

_LARGE = ("large_prints", "large_orders")
_TABLES = ("venues", "limits", "keys", "feeds", "alerts", *_LARGE)
_FEED_NAME = re.compile(r"[A-Z][A-Z0-9_-]{0,31}")


def load_settings(
    path: Path,
    overrides: Mapping[str, object] | None = None,
    *,
    venues: Collection[str] | None = None,
) -> LoadedSettings:
    """Read and check the settings; a missing file means defaults.

    Args:
        path: the user's config.toml; only read.
        overrides: what the command line says, in the file's own shape; it wins.
        venues: the venues there are, upper case; None accepts any name.

    Raises:
        ConfigError: naming file, key, what was wrong and what to do.
    """
    found: dict[str, tuple[object, str]] = {}
    for document, origin in ((_parse(path), str(path)), (overrides or {}, COMMAND_LINE)):
        for key, value in _Document(origin, venues).read(document).items():
            found[key] = (value, origin)
    _check_together(found, str(path))
    origins = dict.fromkeys(_default_keys(), DEFAULT)
    origins.update((key, origin) for key, (_, origin) in found.items())
    return LoadedSettings(_build({key: value for key, (value, _) in found.items()}), origins)


class _Document:
    """Checks one document's values; its errors name the document and the key."""

    def __init__(self, origin: str, venues: Collection[str] | None) -> None:
        self._origin = origin
        self._venues = venues
        self._feeds: Collection[str] = ()

    def read(self, document: Mapping[str, object]) -> dict[str, object]:
        """The checked values by dotted key."""
        found: dict[str, object] = {}
        if "feeds" in document:
            self._read_feeds(self._table("feeds", document["feeds"]), found)
        for key, value in document.items():
            if key in TOP_LEVEL:
                found[key] = self._value(key, TOP_LEVEL[key], value)
            elif key == "venues":
                self._read_venues(self._table(key, value), found)
            elif key == "limits":
                self._read_table(key, self._table(key, value), LIMITS, found)
            elif key == "keys":
                self._read_table(
                    key, self._table(key, value), dict.fromkeys(ACTIONS, read_keys), found
                )
            elif key in _LARGE:
                found[key] = self._value(key, read_large_sizes, value)
            elif key == "alerts":
                found[key] = self._read_alerts(value)
            elif key != "feeds":
                self._unknown(key, key, [*TOP_LEVEL, *_TABLES])
        for key in ("symbols", "watchlist", *_LARGE):
            for instrument in found.get(key, ()):  # type: ignore[attr-defined]
                self._check_venue(key, instrument.venue)
        return found

    def _read_venues(self, table: Mapping[str, object], found: dict[str, object]) -> None:
        for name, endpoints in table.items():
            venue = name.upper()
            key = f"venues.{name}"
            if venue in self._feeds:
                self._fail(key, "this venue is a feed", f"write it all below [feeds.{name}]")
            self._check_venue(key, venue)
            if any(known.startswith(f"venues.{venue}.") for known in found):
                self._fail(key, "the venue is there twice", "keep one of the two tables")
            before = dict(found)
            readers = {**ENDPOINTS, **TOKENS}
            self._read_table(f"venues.{venue}", self._table(key, endpoints), readers, found)
            if found == before:
                self._fail(key, "nothing is set", "write stream = or rest = below it, or remove it")
            self._check_token(f"venues.{venue}", found)

    def _read_feeds(self, table: Mapping[str, object], found: dict[str, object]) -> None:
        # Few describe feeds, and everybody waits for what is imported.
        from tui.config.feed_tables import WrongFeed
        from tui.config.feeds import read_feed

        names = set()
        for name, value in table.items():
            venue, key = name.upper(), f"feeds.{name}"
            if not _FEED_NAME.fullmatch(venue):
                hint = "use letters, digits, - and _, at most 32, and begin with a letter"
                self._fail(key, "that cannot be the name of a venue", hint)
            if venue in names:
                self._fail(key, "the feed is there twice", "keep one of the two tables")
            if venue == SIM_VENUE or (self._venues is not None and venue in self._venues):
                self._fail(key, f"tradetui has a venue {venue} already", "choose another name")
            names.add(venue)
            try:
                found[f"feeds.{venue}"] = read_feed(self._table(key, value))
            except WrongFeed as error:
                at = f"{key}.{error.key}" if error.key else key
                self._fail(at, error.problem, error.hint)
        if self._venues is not None:
            self._venues = [*self._venues, *names]
        self._feeds = names

    def _read_alerts(self, value: object) -> tuple[AlertRule, ...]:
        # Most have none in the file, and everybody waits for what is imported.
        from tui.config.alert_tables import WrongAlert, read_alert

        if not isinstance(value, list):
            self._fail("alerts", f"{value!r} is not a list", "write [[alerts]] above each of them")
        rules: dict[str, AlertRule] = {}
        for number, table in enumerate(value, 1):
            key = f"alerts[{number}]"
            try:
                rule = read_alert(table)
            except WrongAlert as error:
                at = f"{key}.{error.key}" if error.key else key
                self._fail(at, error.problem, error.hint)
            if rule.id in rules:
                self._fail(key, "the same is watched above", "keep one of the two tables")
            rules[rule.id] = rule
        return tuple(rules.values())

    def _check_token(self, key: str, found: Mapping[str, object]) -> None:
        named = [name for name in TOKENS if f"{key}.{name}" in found]
        if len(named) > 1:
            self._fail(key, f"{' and '.join(named)} are both there", "keep one of them")
        for name in ENDPOINTS:
            url = found.get(f"{key}.{name}")
            if named and isinstance(url, str) and is_open_to_all(url):
                self._fail(
                    f"{key}.{name}",
                    "the token would travel where anybody can read it",
                    "use wss:// or https://, or remove the token",
                )

    def _read_table(
        self,
        prefix: str,
        table: Mapping[str, object],
        readers: Mapping[str, Reader],
        found: dict[str, object],
    ) -> None:
        for name, value in table.items():
            key = f"{prefix}.{name}"
            if name not in readers:
                self._unknown(key, name, readers)
            found[key] = self._value(key, readers[name], value)

    def _value(self, key: str, reader: Reader, value: object) -> object:
        try:
            return reader(value)
        except WrongValue as error:
            self._fail(key, error.problem, error.hint)

    def _table(self, key: str, value: object) -> Mapping[str, object]:
        if not isinstance(value, Mapping):
            self._fail(key, f"{value!r} is not a table", f"write [{key}] on a line of its own")
        return value

    def _check_venue(self, key: str, venue: str) -> None:
        if self._venues is not None and venue not in self._venues:
            known = ", ".join(sorted(self._venues))
            hint = nearest(venue, self._venues, f"there are {known}")
            self._fail(key, f"there is no venue {venue[:40]!r}", hint)

    def _unknown(self, key: str, name: str, known: Iterable[str]) -> NoReturn:
        known = list(known)
        if key != name and name in TOP_LEVEL:
            hint = "it belongs above the first [table]"
        else:
            hint = nearest(name, known, f"known are {', '.join(known)}")
        self._fail(key, "there is no such setting", hint)

    def _fail(self, key: str, problem: str, hint: str) -> NoReturn:
        raise ConfigError(f"{self._origin}: {key}: {problem}", hint)


def _parse(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ConfigError(
            f"{path}: cannot be read: {error.strerror}", "check the file's permissions"
        ) from None
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"{path}: not UTF-8 text (byte {error.start})", "save the file as UTF-8"
        ) from None
    except tomllib.TOMLDecodeError as error:
        # The parser's message ends with the line and the column.
        raise ConfigError(f"{path}: not valid TOML: {error}", "correct that line") from None


def _check_together(found: Mapping[str, tuple[object, str]], file: str) -> None:
    """What is right alone and wrong in company."""
    listed: list[Instrument] = []
    for key in ("symbols", "watchlist"):
        value, origin = found.get(key, ((), ""))
        if origin == file:
            listed += value  # type: ignore[arg-type]
    if len({instrument.venue == SIM_VENUE for instrument in listed}) == 2:
        raise ConfigError(
            f"{file}: symbols, watchlist: the embedded market and live venues cannot be mixed",
            f"name {SIM_VENUE}: symbols only, or none",
        )
    settings = _build({key: value for key, (value, _) in found.items()})
    if settings.limits.backoff_cap_s < settings.limits.backoff_initial_s:
        raise ConfigError(
            f"{file}: limits.backoff_cap_s: it is below backoff_initial_s",
            f"make it at least {settings.limits.backoff_initial_s:g}",
        )
    try:
        effective_keys(settings.keys)
    except ConfigError as error:
        raise ConfigError(f"{file}: keys.{error.message}", error.hint) from None


def _build(flat: Mapping[str, object]) -> Settings:
    top: dict[str, Any] = {}  # and what is read as a whole
    tables: dict[str, dict[str, Any]] = {"limits": {}, "keys": {}, "feeds": {}}
    venues: dict[str, dict[str, str]] = {}
    tokens: dict[str, TokenSettings] = {}
    for key, value in flat.items():
        table, dot, name = key.partition(".")
        if not dot:
            top[key] = value
        elif table == "venues":
            venue, _, entry = name.rpartition(".")
            if entry == "token_env":
                tokens[venue] = TokenSettings(variable=str(value))
            elif entry == "token_command":
                tokens[venue] = TokenSettings(command=value)  # type: ignore[arg-type]
            else:
                venues.setdefault(venue, {})[entry] = str(value)
        else:
            tables[table][name] = value
    return Settings(
        **top,
        venues=venues,
        tokens=tokens,
        limits=FeedSettings(**tables["limits"]),
        keys=tables["keys"],
        feeds=tables["feeds"],
    )


def _default_keys() -> list[str]:
    return [
        *TOP_LEVEL,
        *(f"limits.{name}" for name in FeedSettings.__struct_fields__),
        *(f"keys.{name}" for name in ACTIONS),
    ]
