"""The market merges facts, keeps the newest, and says what changed since the last frame."""

from __future__ import annotations

from typing import Any

from tui.market.market import Market
from tui.model.events import Candle, Side, Ticker, Trade
from tui.model.instrument import Instrument, InstrumentInfo
from tui.model.subscription import Channel, Subscription, SubscriptionStatus, Truth
from tui.model.timeframe import Timeframe

BTCUSDT = Instrument("BINANCE", "BTCUSDT")
XBTUSD = Instrument("KRAKEN", "XBT/USD")
MINUTE = Timeframe(1, "m")
TICKER = Subscription(BTCUSDT, Channel.TICKER)
TRADES = Subscription(BTCUSDT, Channel.TRADES)
BOOK = Subscription(BTCUSDT, Channel.BOOK)
CANDLES = Subscription(BTCUSDT, Channel.CANDLES, MINUTE)


def ticker(at: int, **fields: Any) -> Ticker:
    return Ticker(instrument=BTCUSDT, ts_exchange=at, ts_local=at, **fields)


def trade(trade_id: int, at: int = 1, price: str = "10.50") -> Trade:
    return Trade(BTCUSDT, float(price), 1.0, Side.BUY, at, at, trade_id, price, "1.0")


def candle(open_time: int) -> Candle:
    return Candle(BTCUSDT, MINUTE, open_time, 1.0, 1.0, 1.0, 1.0, 1.0, True, 1)


# -- tickers ---------------------------------------------------------------------------------


def test_fields_that_a_ticker_leaves_out_keep_their_value() -> None:
    market = Market()
    market.apply_ticker(ticker(1, last=10.0, last_text="10.00", high=12.0))
    market.apply_ticker(ticker(2, last=11.0, last_text="11.00"))

    held = market[BTCUSDT].ticker
    assert held is not None
    assert (held.last, held.high, held.ts_exchange) == (11.0, 12.0, 2)


def test_a_ticker_that_comes_late_only_fills_in_what_was_unknown() -> None:
    market = Market()
    market.apply_ticker(ticker(5, last=11.0, last_text="11.00"))
    market.apply_ticker(ticker(3, last=10.0, last_text="10.00", high=12.0))

    held = market[BTCUSDT].ticker
    assert held is not None
    assert (held.last, held.last_text, held.high, held.ts_exchange) == (11.0, "11.00", 12.0, 5)
    assert market[BTCUSDT].last_text == "11.00"


def test_best_prices_without_a_time_are_the_newest_and_keep_the_tickers_time() -> None:
    market = Market()
    market.apply_ticker(ticker(5, last=11.0, last_text="11.00", bid="10.9", ask="11.1"))
    market.apply_ticker(ticker(0, bid="11.0", ask="11.2", sequence=77))

    held = market[BTCUSDT].ticker
    assert held is not None
    assert (held.bid, held.ask, held.sequence, held.ts_exchange) == ("11.0", "11.2", 77, 5)


def test_a_ticker_without_best_prices_leaves_their_update_id() -> None:
    market = Market()
    market.apply_ticker(ticker(0, bid="11.0", ask="11.2", sequence=77))
    market.apply_ticker(ticker(5, last=11.0, last_text="11.00"))

    held = market[BTCUSDT].ticker
    assert held is not None
    assert (held.bid, held.sequence) == ("11.0", 77)


def test_a_ticker_changes_the_last_price_and_counts_as_a_change() -> None:
    market = Market()
    market.apply_ticker(ticker(1, last=10.5, last_text="10.50"))

    state = market[BTCUSDT]
    assert (state.last_price, state.last_text, state.ticker_revision) == (10.5, "10.50", 1)


def test_a_price_without_the_venues_digits_does_not_keep_those_of_another_price() -> None:
    market = Market()
    market.apply_ticker(ticker(1, last=10.5, last_text="10.50"))
    market.apply_ticker(ticker(2, last=0.00001))

    assert market[BTCUSDT].last_text == "0.00001"


# -- trades ----------------------------------------------------------------------------------


def test_a_trade_goes_to_the_tape_and_is_the_last_price() -> None:
    market = Market()

    assert market.apply_trade(trade(1))
    assert market[BTCUSDT].tape.last == trade(1)
    assert (market[BTCUSDT].last_price, market[BTCUSDT].last_text) == (10.5, "10.50")


def test_a_double_trade_changes_nothing() -> None:
    market = Market()
    market.apply_trade(trade(1))
    revision = market[BTCUSDT].tape.revision

    assert not market.apply_trade(trade(1))
    assert market[BTCUSDT].tape.revision == revision


def test_an_older_trade_does_not_turn_the_last_price_back() -> None:
    market = Market()
    market.apply_ticker(ticker(9, last=11.0, last_text="11.00"))
    market.apply_trade(trade(1, at=5))

    assert market[BTCUSDT].last_price == 11.0


def test_fetched_trades_that_are_news_are_the_last_price() -> None:
    market = Market()

    assert market.merge_trades(BTCUSDT, [trade(1, at=1), trade(2, at=2, price="10.75")]) == 2
    assert market[BTCUSDT].last_text == "10.75"


def test_fetched_trades_that_are_known_change_nothing() -> None:
    market = Market()
    market.apply_trade(trade(1))
    revision = market[BTCUSDT].tape.revision

    assert market.merge_trades(BTCUSDT, [trade(1)]) == 0
    assert market[BTCUSDT].tape.revision == revision


def test_missed_trades_are_told() -> None:
    market = Market()
    market.mark_missed(BTCUSDT, 4)

    assert market[BTCUSDT].tape.missed == 4


# -- candles and books -----------------------------------------------------------------------


def test_a_candle_goes_to_the_series_of_its_timeframe() -> None:
    market = Market()

    assert market.apply_candle(candle(60))
    assert market[BTCUSDT].series(MINUTE).last == candle(60)
    assert len(market[BTCUSDT].series(Timeframe(1, "h"))) == 0


def test_fetched_candles_are_merged_and_only_news_counts() -> None:
    market = Market()

    assert market.merge_candles(BTCUSDT, MINUTE, [candle(60), candle(120)]) == 2
    revision = market[BTCUSDT].series(MINUTE).revision
    assert market.merge_candles(BTCUSDT, MINUTE, []) == 0
    assert market[BTCUSDT].series(MINUTE).revision == revision


def test_a_changed_book_is_marked() -> None:
    market = Market()
    market.book_changed(BTCUSDT)

    assert market[BTCUSDT].book_revision == 1


def test_what_the_venue_tells_of_an_instrument_is_kept() -> None:
    market = Market()
    info = InstrumentInfo(BTCUSDT, "BTC", "USDT", "0.01", "0.001")
    market.set_info(info)

    assert market[BTCUSDT].info == info


# -- truth -----------------------------------------------------------------------------------


def test_a_subscription_that_nobody_spoke_of_is_off() -> None:
    assert Market().truth(BOOK) == Truth(SubscriptionStatus.OFF)


def test_a_truth_is_kept_as_it_was_told() -> None:
    market = Market()
    truth = Truth(SubscriptionStatus.LIVE, "sequence", verified=True)
    market.set_truth(BOOK, truth)

    assert market.truth(BOOK) == truth


def test_data_is_noted_without_changing_the_status() -> None:
    market = Market()
    market.set_truth(BOOK, Truth(SubscriptionStatus.LIVE, "sequence", verified=True))
    market.touch(BOOK, 17)

    assert market.truth(BOOK) == Truth(SubscriptionStatus.LIVE, "sequence", 17, verified=True)


# -- forgetting ------------------------------------------------------------------------------


def test_forgetting_a_venue_empties_its_facts_and_keeps_what_it_lists() -> None:
    market = Market()
    info = InstrumentInfo(BTCUSDT, "BTC", "USDT")
    market.set_info(info)
    market.apply_trade(trade(1))
    market.apply_candle(candle(60))
    market.apply_ticker(ticker(1, last=10.5, last_text="10.50"))
    market[BTCUSDT].book.replace([("1", "1")], [("2", "1")])

    market.forget("BINANCE")

    state = market[BTCUSDT]
    assert state.info == info
    assert (state.ticker, state.last_price, state.last_text) == (None, None, "")
    assert (len(state.tape), len(state.series(MINUTE)), len(state.book.bids)) == (0, 0, 0)


def test_whoever_holds_a_book_or_a_series_sees_it_emptied() -> None:
    market = Market()
    market.apply_candle(candle(60))
    state = market[BTCUSDT]
    book, series, revision = state.book, state.series(MINUTE), state.series(MINUTE).revision

    market.forget("BINANCE")

    assert market[BTCUSDT].book is book
    assert market[BTCUSDT].series(MINUTE) is series
    assert series.revision > revision


def test_forgetting_leaves_other_venues_alone() -> None:
    market = Market()
    market.apply_trade(trade(1))

    market.forget("KRAKEN")

    assert len(market[BTCUSDT].tape) == 1


def test_an_instrument_is_made_when_it_is_asked_for_first() -> None:
    market = Market()

    assert market[BTCUSDT].instrument == BTCUSDT
    assert market[BTCUSDT] is market[BTCUSDT]
    assert market.instruments() == [BTCUSDT]
    assert len(market) == 1


# -- what is kept ----------------------------------------------------------------------------


def other(number: int) -> Subscription:
    return Subscription(Instrument("BINANCE", f"S{number}USDT"), Channel.TICKER)


def test_only_the_last_of_the_instruments_that_nobody_wants_are_kept() -> None:
    market = Market(kept=3)
    live = Truth(SubscriptionStatus.LIVE)
    market.set_truth(TICKER, live)
    market[BTCUSDT].tape.add(trade(1))
    for number in range(5):
        market.set_truth(other(number), live)
        market[other(number).instrument].tape.add(trade(1))
        market.set_truth(other(number), Truth(SubscriptionStatus.OFF))

    kept = [number for number in range(5) if other(number).instrument in market.instruments()]
    assert kept == [2, 3, 4]
    assert len(market[BTCUSDT].tape) == 1


def test_an_instrument_with_one_wish_left_is_kept() -> None:
    market = Market(kept=0)
    for subscription in (TICKER, TRADES):
        market.set_truth(subscription, Truth(SubscriptionStatus.LIVE))
    market[BTCUSDT].tape.add(trade(1))

    market.set_truth(TICKER, Truth(SubscriptionStatus.OFF))
    assert len(market[BTCUSDT].tape) == 1

    market.set_truth(TRADES, Truth(SubscriptionStatus.OFF))
    assert len(market[BTCUSDT].tape) == 0
    assert market.truth(TRADES) == Truth(SubscriptionStatus.OFF)


def test_a_ticker_with_nothing_new_is_refused() -> None:
    market = Market()
    assert market.apply_ticker(ticker(5, last=11.0, last_text="11.00"))
    revision = market[BTCUSDT].ticker_revision

    assert not market.apply_ticker(ticker(3, last=10.0, last_text="10.00"))
    assert market[BTCUSDT].ticker_revision == revision
