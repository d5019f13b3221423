"""Which instruments of different venues are the same market, by whatever names."""

from __future__ import annotations

import re
from collections.abc import Iterable

from tui.market.market import Market
from tui.model.instrument import Instrument

_SAME_MONEY = ("USDT", "USDC", "FDUSD", "USD")
_OTHER_NAMES = {"XBT": "BTC", "XDG": "DOGE"}


def are_one_market(instruments: Iterable[Instrument], market: Market) -> bool:
    """True where all of them trade the same pair."""
    return len({find_pair(instrument, market) for instrument in instruments}) <= 1


def find_pair(instrument: Instrument, market: Market) -> tuple[str, str]:
    """Base and quote by usual names; all kinds of dollars are the same."""
    info = market[instrument].info
    if info is not None and info.base and info.quote:
        base, quote = info.base.upper(), info.quote.upper()
    else:
        text = re.sub(r"[^A-Z0-9]", "", instrument.symbol.rpartition(":")[2].upper())
        quote = next((money for money in _SAME_MONEY if text.endswith(money)), "")
        base = text.removesuffix(quote) if quote else text
    return _OTHER_NAMES.get(base, base), "USD" if quote in _SAME_MONEY else quote
