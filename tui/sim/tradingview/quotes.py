"""One quote session of a client: it is told everything once, then what changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tui.sim.tradingview.framing import message
from tui.sim.tradingview.streams import Key, quote_key
from tui.sim.tradingview.symbols import Shown, describe


class Quotes:
    """A quote session.

    Attributes:
        fields: what the client wants to know; empty for everything.
    """

    def __init__(self, session: str) -> None:
        self._session = session
        self.fields: frozenset[str] = frozenset()
        self._symbols: dict[str, Shown] = {}
        self._told: dict[str, dict[str, Any]] = {}

    @property
    def names(self) -> list[str]:
        """The symbols as the client wrote them."""
        return list(self._symbols)

    @property
    def keys(self) -> set[Key]:
        """The streams that tell of them."""
        return {quote_key(shown) for shown in self._symbols.values()}

    def add(self, name: str, shown: Shown, figures: dict[str, Any]) -> str:
        """Begin with a symbol; returns all that is known of it, and that this was all."""
        self._symbols[name] = shown
        fixed = describe(shown)
        values = {
            **{field: fixed[field] for field in _FIXED},
            "short_name": fixed["name"],
            "original_name": shown.name,
            "update_mode": shown.mode,
            "current_session": "market",
            **figures,
        }
        wanted = {
            field: value
            for field, value in values.items()
            if not self.fields or field in self.fields
        }
        self._told[name] = wanted
        return self._write(name, "ok", wanted) + message("quote_completed", self._session, name)

    def unknown(self, name: str) -> str:
        """The answer for a symbol that there is not."""
        body = {"n": name, "s": "error", "errmsg": "no such symbol", "v": {}}
        return message("qsd", self._session, body) + message("quote_completed", self._session, name)

    def remove(self, name: str) -> Key | None:
        """End with a symbol; returns the stream that told of it, None where there was none."""
        self._told.pop(name, None)
        shown = self._symbols.pop(name, None)
        return None if shown is None else quote_key(shown)

    def news(self, key: Key, figures: dict[str, Any]) -> Iterator[str]:
        """What changed of an instrument, under each of its names."""
        for name, shown in self._symbols.items():
            if quote_key(shown) != key:
                continue
            told = self._told[name]
            changed = {
                field: value
                for field, value in figures.items()
                if (not self.fields or field in self.fields) and told.get(field) != value
            }
            if changed:
                told.update(changed)
                yield self._write(name, "ok", changed)

    def _write(self, name: str, state: str, values: dict[str, Any]) -> str:
        return message("qsd", self._session, {"n": name, "s": state, "v": values})


_FIXED = (
    "description",
    "exchange",
    "type",
    "pricescale",
    "minmov",
    "minmove2",
    "fractional",
    "currency_code",
    "pro_name",
    "is_tradable",
)
