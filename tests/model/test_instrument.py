"""Instruments: their spelling, and the digits that their steps ask for."""

from __future__ import annotations

import pytest

from tui.model.errors import InstrumentError
from tui.model.instrument import Instrument, InstrumentInfo
from tui.model.subscription import Channel, Subscription
from tui.model.timeframe import Timeframe

BTCUSDT = Instrument("BINANCE", "BTCUSDT")


@pytest.mark.parametrize(
    ("text", "venue", "symbol"),
    [
        ("BINANCE:BTCUSDT", "BINANCE", "BTCUSDT"),
        ("binance:BTCUSDT", "BINANCE", "BTCUSDT"),
        ("KRAKEN:BTC/USD", "KRAKEN", "BTC/USD"),
        ("TRADINGVIEW:NASDAQ:AAPL", "TRADINGVIEW", "NASDAQ:AAPL"),
        (" COINBASE : BTC-USD ", "COINBASE", "BTC-USD"),
    ],
)
def test_venue_and_symbol_are_read_in_the_venues_spelling(
    text: str, venue: str, symbol: str
) -> None:
    assert Instrument.parse(text) == Instrument(venue, symbol)


def test_a_symbol_alone_belongs_to_the_default_venue() -> None:
    assert Instrument.parse("BTCUSDT", default_venue="BINANCE") == BTCUSDT


@pytest.mark.parametrize("text", ["BTCUSDT", "", "  "])
def test_without_a_venue_and_a_default_it_is_refused(text: str) -> None:
    with pytest.raises(InstrumentError, match=r"names no venue \(write VENUE:SYMBOL"):
        Instrument.parse(text)


@pytest.mark.parametrize("text", [":", "BINANCE:", ":BTCUSDT", "BINANCE: "])
def test_an_empty_part_is_refused(text: str) -> None:
    with pytest.raises(InstrumentError, match="is not an instrument"):
        Instrument.parse(text)


def test_an_instrument_is_written_as_it_is_read() -> None:
    assert str(BTCUSDT) == "BINANCE:BTCUSDT"


@pytest.mark.parametrize(
    ("step", "decimals"),
    [("0.01000000", 2), ("1.00000000", 0), ("1", 0), ("0.00000001", 8), ("", 0), ("10", 0)],
)
def test_a_step_says_how_many_digits_a_number_needs(step: str, decimals: int) -> None:
    info = InstrumentInfo(BTCUSDT, "BTC", "USDT", tick_size=step, size_step=step)

    assert (info.price_decimals, info.size_decimals) == (decimals, decimals)


def test_a_subscription_is_told_in_words() -> None:
    book = Subscription(BTCUSDT, Channel.BOOK)
    candles = Subscription(BTCUSDT, Channel.CANDLES, Timeframe(1, "m"))

    assert (str(book), str(candles)) == ("BINANCE:BTCUSDT book", "BINANCE:BTCUSDT candles 1m")
