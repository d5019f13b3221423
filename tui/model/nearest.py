"""What was probably meant by a symbol that a venue does not list."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable
from typing import Final

from tui.model.instrument import Instrument, InstrumentInfo

_DOLLARS: Final = ("USD", "USDT", "USDC")
_OLD_NAMES: Final = (("XBT", "BTC"), ("XDG", "DOGE"))
_LONGEST: Final = 64
_ALIKE: Final = 0.75


def nearest_symbols(symbol: str, listed: Iterable[InstrumentInfo], most: int = 3) -> list[str]:
    """Listed symbols that were probably meant, the likeliest first; none where nothing is near.

    The same letters with other separators come first, then another dollar (USD, USDT, USDC) or the
    pair the other way round, then the pairs of an asset named alone, then what is spelled alike. What
    trades comes before what does not, and the venue's most common quote currencies before others.

    Args:
        symbol: what was asked for, in anybody's spelling.
        listed: all that the venue lists.
        most: how many to return at most.
    """
    infos = [info for info in listed if info.instrument.symbol != symbol]
    wanted = _plain(symbol[:_LONGEST])
    if not wanted:
        return []
    common = Counter(info.quote for info in infos if info.is_trading)
    found = [(grade, info) for info in infos if (grade := _grade(wanted, info)) is not None]
    if not found:
        spelled: dict[str, list[InstrumentInfo]] = {}
        for info in infos:
            spelled.setdefault(_plain(info.instrument.symbol), []).append(info)
        alike = difflib.get_close_matches(wanted, spelled, most, _ALIKE)
        found = [(rank, info) for rank, name in enumerate(alike) for info in spelled[name]]
    found.sort(
        key=lambda one: (
            one[0],
            not one[1].is_trading,
            -common[one[1].quote],
            len(one[1].instrument.symbol),
            one[1].instrument.symbol,
        )
    )
    if found and found[0][0] == 0:
        # The same letters leave no doubt.
        found = [one for one in found if one[0] == 0]
    return [info.instrument.symbol for _, info in found[:most]]


def did_you_mean(instrument: Instrument, listed: Iterable[InstrumentInfo]) -> str:
    """A hint such as "did you mean KRAKEN:BTC/USD?"; "" where nothing is near."""
    names = [
        str(Instrument(instrument.venue, symbol))
        for symbol in nearest_symbols(instrument.symbol, listed)
    ]
    if not names:
        return ""
    *others, last = names
    choice = f"{', '.join(others)} or {last}" if others else last
    return f"did you mean {choice}?"


def _grade(wanted: str, info: InstrumentInfo) -> int | None:
    base, quote = _plain(info.base), _plain(info.quote)
    if wanted in (_plain(info.instrument.symbol), base + quote):
        return 0
    if quote in _DOLLARS and wanted in [base + dollar for dollar in _DOLLARS]:
        return 1
    if wanted == quote + base:
        return 1
    return 2 if wanted == base else None


def _plain(text: str) -> str:
    """Letters and digits alone, and assets by their names of today."""
    plain = "".join(character for character in text.upper() if character.isalnum())
    for old, new in _OLD_NAMES:
        plain = plain.replace(old, new)
    return plain
