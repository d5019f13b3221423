"""A symbol that a venue does not list is answered with those that were probably meant."""

from __future__ import annotations

import pytest

from tui.model.instrument import Instrument, InstrumentInfo
from tui.model.nearest import did_you_mean, nearest_symbols


def info(base: str, quote: str, separator: str = "/", *, trading: bool = True) -> InstrumentInfo:
    symbol = f"{base}{separator}{quote}"
    return InstrumentInfo(Instrument("KRAKEN", symbol), base, quote, is_trading=trading)


KRAKEN = [
    info("BTC", "USD"),
    info("BTC", "EUR"),
    info("BTC", "USDT"),
    info("ETH", "USD"),
    info("ETH", "BTC"),
    info("DOGE", "USD"),
    info("SOL", "USD", trading=False),
    info("SOL", "USDT"),
]


@pytest.mark.parametrize("symbol", ["BTCUSD", "btc-usd", "BTC_USD", "XBTUSD", "XBT/USD", "btc/usd"])
def test_the_same_letters_leave_no_doubt(symbol: str) -> None:
    assert nearest_symbols(symbol, KRAKEN) == ["BTC/USD"]


def test_an_old_name_of_an_asset_is_known() -> None:
    assert nearest_symbols("XDGUSD", KRAKEN) == ["DOGE/USD"]


def test_another_dollar_will_do() -> None:
    assert nearest_symbols("ETHUSDT", KRAKEN) == ["ETH/USD"]
    assert nearest_symbols("BTCUSDC", KRAKEN) == ["BTC/USD", "BTC/USDT"]


def test_a_pair_the_other_way_round_is_found() -> None:
    assert nearest_symbols("BTC/ETH", KRAKEN) == ["ETH/BTC"]


def test_an_asset_alone_means_its_pairs_the_common_ones_first() -> None:
    assert nearest_symbols("BTC", KRAKEN) == ["BTC/USD", "BTC/USDT", "BTC/EUR"]


def test_what_trades_comes_first() -> None:
    assert nearest_symbols("SOLUSDC", KRAKEN) == ["SOL/USDT", "SOL/USD"]


def test_a_slip_of_a_finger_is_forgiven() -> None:
    assert nearest_symbols("DOEG/USD", KRAKEN)[0] == "DOGE/USD"


@pytest.mark.parametrize("symbol", ["", "/", "QQQQQ", "x" * 10_000])
def test_nothing_is_near_nonsense(symbol: str) -> None:
    assert nearest_symbols(symbol, KRAKEN) == []


def test_an_empty_list_has_nothing_near() -> None:
    assert nearest_symbols("BTC/USD", []) == []


def test_the_hint_names_the_venue() -> None:
    def hint(symbol: str) -> str:
        return did_you_mean(Instrument("KRAKEN", symbol), KRAKEN)

    assert hint("BTCUSD") == "did you mean KRAKEN:BTC/USD?"
    assert hint("BTCUSDC") == "did you mean KRAKEN:BTC/USD or KRAKEN:BTC/USDT?"
    assert hint("BTC") == "did you mean KRAKEN:BTC/USD, KRAKEN:BTC/USDT or KRAKEN:BTC/EUR?"
    assert hint("QQQQQ") == ""
