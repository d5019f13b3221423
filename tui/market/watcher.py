"""Who wants to see every fact of an instrument as it reaches the market."""

from __future__ import annotations

from typing import Protocol

from tui.model.events import Candle, Ticker, Trade
from tui.model.subscription import Subscription, Truth


class Watcher(Protocol):
    """Told of each fact that was news, behind the market's own bookkeeping, in the order of arrival.

    It is called in the middle of a batch: what it does must be quick, and must not raise.
    """

    def traded(self, trade: Trade) -> None:
        """A streamed trade went to the tape; fetched ones are not told."""

    def ticker_told(self, told: Ticker, held: Ticker) -> None:
        """A ticker was merged: what it said, and all that is known now."""

    def book_changed(self) -> None:
        """The book's levels changed, or how they stand."""

    def candle_told(self, candle: Candle) -> None:
        """A candle of the stream went into its series; fetched ones are not told."""

    def truth_told(self, subscription: Subscription, truth: Truth) -> None:
        """One of the instrument's subscriptions stands so now."""

    def forgotten(self) -> None:
        """Every fact was dropped, as when a replay is moved to another moment."""
