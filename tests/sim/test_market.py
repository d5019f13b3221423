"""The market: the same seed gives the same market, however its time is cut and whoever asks."""

from __future__ import annotations

import msgspec
import pytest

from tui.model.timeframe import NS, Timeframe
from tui.sim.bars import BarSum
from tui.sim.market import Pair, SimMarket
from tui.sim.regimes import Regime

START_NS = 1_800_000_030_000_000_000


def fingerprint(pair: Pair) -> tuple[object, ...]:
    return list(pair.executions), list(pair.aggregates), pair.engine.top(500), pair.engine.update_id


def test_the_same_seed_gives_the_same_market_however_time_is_cut() -> None:
    fine, coarse = SimMarket(3, START_NS), SimMarket(3, START_NS)

    for _ in range(100):
        fine.pair("SOLUSDT")
        fine.advance(fine.now_ns + 50_000_000)
    coarse.advance(START_NS + 5 * NS)

    assert fingerprint(fine.pair("SOLUSDT")) == fingerprint(coarse.pair("SOLUSDT"))


def test_an_instrument_does_not_depend_on_which_others_are_listed() -> None:
    alone, among = SimMarket(3, START_NS, symbols=["ADAUSDT"]), SimMarket(3, START_NS)
    among.pair("BTCUSDT")

    assert fingerprint(alone.pair("ADAUSDT")) == fingerprint(among.pair("ADAUSDT"))


def test_another_seed_gives_another_market() -> None:
    assert fingerprint(SimMarket(3, START_NS).pair("LTCUSDT")) != fingerprint(
        SimMarket(4, START_NS).pair("LTCUSDT")
    )


def test_there_are_trades_and_a_deep_book_from_the_first_moment(market: SimMarket) -> None:
    for pair in market.pairs():
        assert len(pair.aggregates) > 50
        assert pair.engine.depth(is_bid=True) > 200
        assert pair.engine.depth(is_bid=False) > 200


@pytest.mark.parametrize("regime", ["quiet", "normal", "busy", "crash"])
def test_no_regime_crosses_or_empties_a_book(regime: str) -> None:
    market = SimMarket(11, START_NS, regime=regime, symbols=["BNBUSDT", "PEPEUSDT"])
    pairs = market.pairs()

    for _ in range(60):
        market.advance(market.now_ns + NS)
        for pair in pairs:
            bid, ask = pair.engine.best_bid, pair.engine.best_ask
            assert bid is not None
            assert ask is not None
            assert bid < ask
            assert pair.engine.depth(is_bid=True) > 40
            assert pair.engine.depth(is_bid=False) > 40


def test_candles_are_the_trades(market: SimMarket) -> None:
    pair = market.pair("BTCUSDT")
    market.advance(START_NS + 60 * NS)
    opened = START_NS - 30 * NS

    total = BarSum(0)
    for trade in pair.executions:
        if opened <= trade.ts_ns < opened + 60 * NS:
            total.add_trade(trade.price, trade.lots, is_buy=not trade.is_sell)

    # The market was live for 90 s before its start, so the whole minute is made of live trades.
    assert pair.ledger.candle(Timeframe.parse("1m"), opened) == total.bar()


def test_trade_ids_count_up_by_one_and_aggregates_cover_them(market: SimMarket) -> None:
    pair = market.pair("BTCUSDT")

    ids = [trade.trade_id for trade in pair.executions]
    covered = [i for fact in pair.aggregates for i in range(fact.first, fact.last + 1)]

    assert ids == list(range(ids[0], ids[0] + len(ids)))
    assert covered == ids


def test_a_busy_market_trades_more_than_a_quiet_one() -> None:
    counts = {}
    for regime in ("quiet", "normal", "busy", "crash"):
        market = SimMarket(5, START_NS, regime=regime, symbols=["ETHUSDT"])
        pair = market.pair("ETHUSDT")
        before = pair.last_trade_id
        market.advance(START_NS + 30 * NS)
        counts[regime] = pair.last_trade_id - before

    assert counts["quiet"] < counts["normal"] < counts["busy"] < counts["crash"]


def test_a_chosen_regime_takes_hold_of_the_running_market(market: SimMarket) -> None:
    market.pair("BTCUSDT")

    market.set_regime("crash")
    market.advance(START_NS + 2 * NS)

    assert market.regime is Regime.CRASH


def test_time_that_was_slept_through_has_candles_without_trades(market: SimMarket) -> None:
    pair = market.pair("BTCUSDT")
    price = pair.ledger.price

    market.skip(START_NS + 7200 * NS)

    bar = pair.ledger.candle(Timeframe.parse("1h"), 1_800_003_600 * NS)
    assert msgspec.structs.astuple(bar) == (price, price, price, price, 0, 0, 0, 0, 0)
    market.advance(market.now_ns + 10 * NS)
    assert pair.executions[-1].ts_ns > START_NS + 7200 * NS


def test_an_instrument_woken_after_a_sleep_is_the_same_as_one_that_lived_through_it() -> None:
    early, late = (SimMarket(3, START_NS, symbols=["XRPUSDT"]) for _ in range(2))
    early.pair("XRPUSDT")

    for market in (early, late):
        market.advance(START_NS + 3 * NS)
        market.skip(START_NS + 600 * NS)
        market.advance(START_NS + 605 * NS)

    assert fingerprint(early.pair("XRPUSDT")) == fingerprint(late.pair("XRPUSDT"))


@pytest.mark.parametrize(
    ("wrong", "words"), [({"symbols": ["NOPE"]}, "NOPE"), ({"regime": "stormy"}, "stormy")]
)
def test_an_unknown_symbol_or_regime_is_refused(wrong: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        SimMarket(1, START_NS, **wrong)  # type: ignore[arg-type]


def test_a_crash_is_seen_from_its_start() -> None:
    market = SimMarket(5, START_NS, regime="crash", symbols=["SOLUSDT"])
    pair = market.pair("SOLUSDT")
    before = pair.ledger.price

    market.advance(START_NS + 25 * NS)

    assert pair.ledger.price < 0.975 * before
