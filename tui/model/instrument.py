"""What is traded where: instruments, and what a venue says of them."""

from __future__ import annotations

import msgspec

from tui.model.errors import InstrumentError


class Instrument(msgspec.Struct, frozen=True, order=True, cache_hash=True):
    """A symbol at a venue, the symbol in the venue's own spelling."""

    venue: str
    symbol: str

    def __str__(self) -> str:
        return f"{self.venue}:{self.symbol}"

    @classmethod
    def parse(cls, text: str, *, default_venue: str | None = None) -> Instrument:
        """Read `VENUE:SYMBOL`, or `SYMBOL` where a default venue is given.

        Raises:
            InstrumentError: the text names no venue and there is no default, or a part is empty.
        """
        venue, colon, symbol = text.strip().partition(":")
        if not colon:
            if default_venue is None:
                raise InstrumentError(
                    f"{text!r} names no venue", "write VENUE:SYMBOL, for example BINANCE:BTCUSDT"
                )
            venue, symbol = default_venue, venue
        venue, symbol = venue.strip(), symbol.strip()
        if not venue or not symbol:
            raise InstrumentError(
                f"{text!r} is not an instrument", "write VENUE:SYMBOL, for example BINANCE:BTCUSDT"
            )
        return cls(venue.upper(), symbol)


def _decimals(step: str) -> int:
    """Digits after the point that a step such as "0.01000000" needs."""
    _, _, fraction = step.partition(".")
    return len(fraction.rstrip("0"))


class InstrumentInfo(msgspec.Struct, frozen=True):
    """What a venue tells of one of its instruments.

    Attributes:
        tick_size: smallest price step, as the venue writes it; "" when unknown.
        size_step: smallest size step, likewise.
        is_trading: False while halted or delisted.
        status: the venue's own word for it.
    """

    instrument: Instrument
    base: str
    quote: str
    tick_size: str = ""
    size_step: str = ""
    is_trading: bool = True
    status: str = ""

    @property
    def price_decimals(self) -> int:
        return _decimals(self.tick_size)

    @property
    def size_decimals(self) -> int:
        return _decimals(self.size_step)


class VenueListing(msgspec.Struct, frozen=True):
    """All that a venue lists; `problem` says why there is nothing, in the venue's words or ours."""

    venue: str
    instruments: list[InstrumentInfo]
    problem: str = ""
