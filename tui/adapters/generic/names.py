"""Symbols, channels and spans in a described venue's own words, both ways."""

from __future__ import annotations

import re
from typing import Final

from tui.adapters.generic.description import Case, Description
from tui.adapters.generic.templates import fill_plain, to_pattern
from tui.model.errors import InstrumentError
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription
from tui.model.timeframe import Timeframe

_MOST_NAMES: Final = 4096


class Names:
    """The words of one venue; remembers how what was asked for is written on the screen."""

    def __init__(self, venue: str, description: Description) -> None:
        self._venue = venue
        self._case = description.symbol_case
        self._spelling = description.symbols
        self._timeframes = description.timeframes
        self._channels = description.channels
        self._patterns: dict[Channel, re.Pattern[str]] = {
            channel: to_pattern(template) for channel, template in description.channels.items()
        }
        self._by_word = {word: timeframe for timeframe, word in description.timeframes.items()}
        self._listed = {
            wire: Instrument(venue, symbol) for symbol, wire in description.symbols.items()
        }
        self._known: dict[str, Instrument] = {}

    def wire(self, instrument: Instrument) -> str:
        """The venue's spelling of an instrument; it is recognised by that from now on."""
        symbol = instrument.symbol
        text = self._spelling.get(symbol)
        if text is None:
            text = _in_case(symbol, self._case)
        if len(self._known) >= _MOST_NAMES:
            self._known.clear()
        self._known[text] = instrument
        return text

    def instrument(self, wire: str) -> Instrument:
        """The instrument that the venue calls this."""
        found = self._known.get(wire) or self._listed.get(wire)
        if found is None:
            # Of a venue that writes small letters only, the screen's spelling is in capitals.
            symbol = wire.upper() if self._case is Case.LOWER else wire
            found = Instrument(self._venue, symbol)
            if len(self._known) >= _MOST_NAMES:
                self._known.clear()
            self._known[wire] = found
        return found

    @property
    def only(self) -> Instrument | None:
        """The one instrument that there is; None where there are others."""
        return next(iter(self._listed.values())) if len(self._listed) == 1 else None

    def word(self, timeframe: Timeframe) -> str:
        """The venue's word for a span.

        Raises:
            InstrumentError: it has none.
        """
        word = self._timeframes.get(timeframe)
        if word is None:
            raise InstrumentError(
                f"{self._venue} has no candles of {timeframe}",
                f"it has {' '.join(map(str, self._timeframes)) or 'none'}",
            )
        return word

    def timeframe(self, word: str) -> Timeframe | None:
        return self._by_word.get(word)

    def values(self, subscription: Subscription) -> dict[str, str]:
        """What fills the places of a template for this subscription: {symbol}, {timeframe}, {channel}.

        Raises:
            InstrumentError: the venue has no such candles.
        """
        values = {"symbol": self.wire(subscription.instrument)}
        if subscription.timeframe is not None:
            values["timeframe"] = self.word(subscription.timeframe)
        template = self._channels.get(subscription.channel)
        values["channel"] = (
            str(subscription.channel) if template is None else fill_plain(template, values)
        )
        return values

    def read_channel(self, channel: Channel, text: str) -> dict[str, str] | None:
        """What the places of a channel's name hold; None where it is no name of this channel."""
        pattern = self._patterns.get(channel)
        match = pattern.fullmatch(text) if pattern is not None else None
        return None if match is None else match.groupdict()


def _in_case(symbol: str, case: Case) -> str:
    if case is Case.AS_IS:
        return symbol
    return symbol.lower() if case is Case.LOWER else symbol.upper()
