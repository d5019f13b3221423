"""Which symbols of which venues are listed for what is typed, and in which order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from staging import staged_app
from textual.pilot import Pilot
from textual.widgets import Input, OptionList, Static

from tui.model.instrument import Instrument, InstrumentInfo, VenueListing
from tui.screens.symbol_search import SymbolSearch, rank


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


def test_a_venues_own_symbol_may_have_a_colon() -> None:
    listed = [*ALL, info("NASDAQ:AAPL", "AAPL", "USD", venue="TRADINGVIEW")]

    assert [str(one.instrument) for one in rank(listed, "nasdaq:aa")] == ["TRADINGVIEW:NASDAQ:AAPL"]


# -- the screen --------------------------------------------------------------------------------


class Venues:
    """Three venues: one answers at once, one when it is told to, and one has no list."""

    def __init__(self) -> None:
        self.slow_one_answers = asyncio.Event()

    async def list(self) -> AsyncIterator[VenueListing]:
        yield VenueListing("BINANCE", [one for one in ALL if one.instrument.venue == "BINANCE"])
        yield VenueListing("TRADINGVIEW", [], "there is no list of symbols")
        await self.slow_one_answers.wait()
        yield VenueListing("KRAKEN", [one for one in ALL if one.instrument.venue == "KRAKEN"])


def shown(search: SymbolSearch) -> list[str]:
    options = search.query_one(OptionList)
    lines = [str(options.get_option_at_index(n).prompt) for n in range(options.option_count)]
    return [line.split()[0] for line in lines]


def note(search: SymbolSearch) -> str:
    return str(search.query_one("#search-note", Static).render())


async def typed(pilot: Pilot[object], search: SymbolSearch, text: str) -> list[str]:
    search.query_one(Input).value = text
    await pilot.pause()
    return shown(search)


async def test_each_venue_is_listed_as_soon_as_it_answers() -> None:
    venues, chosen = Venues(), list[Instrument | None]()
    app = staged_app(grid=1)
    async with app.run_test(size=(120, 40)) as pilot:
        search = SymbolSearch(venues.list, lambda instrument: None)
        app.push_screen(search, chosen.append)
        await pilot.pause()
        first = await typed(pilot, search, "btcusd")
        await pilot.press("down")
        venues.slow_one_answers.set()
        await pilot.pause()
        await pilot.pause()

        assert first == ["BINANCE:BTCUSDT", "BINANCE:WBTCUSDT", "BINANCE:BTCDOMUSDT"]
        assert shown(search) == ["KRAKEN:BTC/USD", *first]
        await pilot.press("enter")
        assert chosen == [Instrument("BINANCE", "WBTCUSDT")]  # where the cursor was before


async def test_a_symbol_of_a_venue_without_a_list_is_taken_as_it_is_typed() -> None:
    venues, chosen = Venues(), list[Instrument | None]()
    app = staged_app(grid=1)
    async with app.run_test(size=(120, 40)) as pilot:
        search = SymbolSearch(venues.list, lambda instrument: None)
        app.push_screen(search, chosen.append)
        await pilot.pause()

        assert await typed(pilot, search, "tradingview:") == []
        assert note(search) == "cannot list TRADINGVIEW: there is no list of symbols"
        assert await typed(pilot, search, "tradingview:nasdaq:aapl") == ["TRADINGVIEW:NASDAQ:AAPL"]
        await pilot.press("enter")
        assert chosen == [Instrument("TRADINGVIEW", "NASDAQ:AAPL")]


async def test_a_venue_that_is_not_open_takes_a_symbol_as_it_is_typed() -> None:
    venues, chosen = Venues(), list[Instrument | None]()
    app = staged_app(grid=1)
    async with app.run_test(size=(120, 40)) as pilot:
        search = SymbolSearch(venues.list, lambda instrument: None, openable=["COINBASE"])
        app.push_screen(search, chosen.append)
        await pilot.pause()

        assert await typed(pilot, search, "coinbase:") == []
        assert note(search) == "COINBASE opens with its first symbol: type it in full"
        assert await typed(pilot, search, "coinbase:btc-usd") == ["COINBASE:BTC-USD"]
        await pilot.press("enter")

    assert chosen == [Instrument("COINBASE", "BTC-USD")]
