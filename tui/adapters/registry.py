"""Finds adapters by the entry points of installed packages: a venue's name leads to its class."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final, cast

from tui.adapters.base import Adapter
from tui.model.errors import ConfigError

GROUP: Final = "tradetui.adapters"


def venues() -> list[str]:
    """Names of the venues that have an installed adapter, sorted; imports none of them."""
    return sorted(_found())


def load_adapter(venue: str) -> type[Adapter]:
    """The adapter class of one venue; other adapters are not imported.

    Raises:
        ConfigError: no installed package offers it, or the one that does cannot be imported.
    """
    found = _found()
    entry = found.get(venue.upper())
    if entry is None:
        raise ConfigError(
            f"there is no adapter for the venue {venue!r}",
            f"choose one of {', '.join(sorted(found))}" if found else "install tradetui again",
        )
    try:
        loaded: Any = entry.load()
    except (ImportError, AttributeError) as error:
        raise ConfigError(
            f"the adapter of {entry.name} cannot be imported: {error}",
            f"install its package again, or remove {entry.value.partition(':')[0]}",
        ) from error
    return cast(type[Adapter], loaded)


def _found() -> dict[str, EntryPoint]:
    return {entry.name.upper(): entry for entry in entry_points(group=GROUP)}
