"""The many names that REST has for a pair, learned from the list of pairs."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

from tui.adapters.kraken.symbols import from_old_name, to_old_name
from tui.model.instrument import Instrument

_LONGEST_PAIR: Final = 41


class PairNames:
    """Which pair a key of an answer means. It is hardly ever what was asked for: `XBTUSD` is answered
    under `XXBTZUSD`."""

    def __init__(self) -> None:
        self._altname: dict[str, str] = {}
        self._pair: dict[str, str] = {}

    def learn(self, key: str, altname: str, pair: str) -> None:
        """The list of pairs says that `pair` (its name of today) has these names."""
        self._altname[pair] = altname
        self._pair[key] = self._pair[altname] = pair

    def knows(self, pair: str) -> bool:
        """True of a pair that is listed, as far as the list was read."""
        return pair in self._altname

    def ask_for(self, pair: str) -> str:
        """What to name a pair in a request."""
        known = self._altname.get(pair)
        if known is not None:
            return known
        # What is longer is no pair: its beginning is asked for, and refused.
        return to_old_name(pair[:_LONGEST_PAIR]).replace("/", "")

    def ask_for_all(self, instruments: Iterable[Instrument]) -> str:
        """What to name several pairs in a request."""
        return ",".join(dict.fromkeys(self.ask_for(one.symbol) for one in instruments))

    def find(self, key: str, asked: Collection[str]) -> str | None:
        """The pair that an answer's key means, among those asked for if any were; None for another."""
        known = self._pair.get(key)
        if known is not None:
            return known if not asked or known in asked else None
        if len(asked) == 1:
            return next(iter(asked))
        for pair in asked:
            if key in _spellings(pair):
                return pair
        # Newer pairs are answered under the name with the slash.
        return from_old_name(key) if "/" in key and not asked else None


def _spellings(pair: str) -> set[str]:
    """Names under which an answer may have a pair: old keys mark crypto with X and money with Z."""
    old = to_old_name(pair)
    base, _, quote = old.partition("/")
    joined = {
        f"{first}{base}{second}{quote}" for first in ("", "X", "Z") for second in ("", "X", "Z")
    }
    return joined | {pair, old}
