"""The order in which matching symbols are listed."""

from __future__ import annotations

from tui.model.instrument import Instrument, InstrumentInfo
from tui.screens.symbol_search import rank


def info(
    symbol: str, base: str, quote: str = "USDT", *, venue: str = "BINANCE", trading: bool = True
) -> InstrumentInfo:
    return InstrumentInfo(Instrument(venue, symbol), base, quote, is_trading=trading)


ALL = [
    info("WBTCUSDT", "WBTC"),
    info("BTCUSDT", "BTC"),
    info("BTCDOMUSDT", "BTCDOM"),
    info("BTCOLD", "BTC", trading=False),
    info("ETHUSDT", "ETH"),
    info("BTC/USD", "BTC", venue="KRAKEN"),
]


def symbols(text: str) -> list[str]:
    return [str(found.instrument) for found in rank(ALL, text)]


def test_symbols_that_begin_with_the_text_come_first() -> None:
    assert symbols("btc") == [
        "KRAKEN:BTC/USD",
        "BINANCE:BTCUSDT",
        "BINANCE:BTCDOMUSDT",
        "BINANCE:WBTCUSDT",
        "BINANCE:BTCOLD",
    ]


def test_the_pair_in_the_most_common_quote_currency_comes_before_shorter_ones() -> None:
    listed = [info("ETHBTC", "ETH", "BTC"), info("ETHUSDT", "ETH"), info("XRPUSDT", "XRP")]

    assert str(rank(listed, "eth")[0].instrument) == "BINANCE:ETHUSDT"


def test_separators_do_not_matter() -> None:
    assert symbols("btc-usd")[0] == "KRAKEN:BTC/USD"


def test_letters_in_order_are_enough() -> None:
    assert symbols("ehu") == ["BINANCE:ETHUSDT"]


def test_a_venue_limits_the_search() -> None:
    assert symbols("kra:b") == ["KRAKEN:BTC/USD"]


def test_no_text_lists_everything() -> None:
    assert len(symbols("")) == len(ALL)


def test_nothing_matches_nonsense() -> None:
    assert symbols("zzz") == []
