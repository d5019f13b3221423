"""Colour groups: panels that follow one another's symbol, timeframe, or both."""

from __future__ import annotations

from typing import Final

import msgspec


class Group(msgspec.Struct, frozen=True):
    """What the panels of a group have in common."""

    letter: str
    symbol: bool
    timeframe: bool

    @property
    def shares(self) -> str:
        """The same in words."""
        return " and ".join(
            word
            for word, is_shared in (("symbol", self.symbol), ("timeframe", self.timeframe))
            if is_shared
        )


GROUPS: Final = (
    Group("A", symbol=True, timeframe=True),
    Group("B", symbol=True, timeframe=False),
    Group("C", symbol=False, timeframe=True),
    Group("D", symbol=True, timeframe=False),
)
"""By number, from 1. Two of them share the symbol alone: each shows a market in several timeframes."""


def find_group(number: int) -> Group | None:
    """The group of a number; None for 0, and for numbers that no group has."""
    return GROUPS[number - 1] if 0 < number <= len(GROUPS) else None
