"""The ledger: every timeframe tells the same story, before the start, after it, and across it."""

from __future__ import annotations

import pytest

from tui.model.timeframe import NS, Timeframe
from tui.sim.bars import Bar, flat, join
from tui.sim.history import DAYS, History
from tui.sim.instruments import BY_SYMBOL
from tui.sim.ledger import Ledger

START_S = 1_800_000_030
_NAMES = "1m 3m 5m 15m 30m 1h 2h 4h 6h 8h 12h 1d 3d 1w 1M"
TIMEFRAMES = _NAMES.split()


def make_ledger(symbol: str = "BTCUSDT", seed: int = 5) -> Ledger:
    return Ledger(History(BY_SYMBOL[symbol], seed, START_S), START_S)


def trade_for(ledger: Ledger, seconds: int) -> list[tuple[int, int, int]]:
    """A trade in every second but each third; returns (second, price, lots)."""
    trades = []
    price = ledger.price
    for step in range(seconds):
        second = START_S + step
        if step % 3:
            price += (step * 7919) % 11 - 5
            lots = 1 + step % 17
            ledger.add_trade(second * NS + 5, price, lots, is_buy=step % 2 == 0)
            trades.append((second, price, lots))
    ledger.roll(START_S + seconds)
    return trades


@pytest.mark.parametrize("symbol", ["BTCUSDT", "PEPEUSDT", "ETHBTC"])
@pytest.mark.parametrize("text", TIMEFRAMES)
def test_a_candle_equals_the_finer_candles_inside_it(symbol: str, text: str) -> None:
    ledger = make_ledger(symbol)
    trade_for(ledger, 200)
    timeframe = Timeframe.parse(text)
    finer = Timeframe.parse("1m" if timeframe.seconds < 86_400 else "1h")
    if text == "1m":
        finer = Timeframe.parse("1s")

    for opened, bar in ledger.candles(timeframe, 0, 2**62, 3, newest=True):
        end = timeframe.next_open(opened)
        inside = ledger.candles(finer, opened, end - 1, 100_000)
        assert join((part for _, part in inside), bar.open) == bar


def test_a_candle_under_way_joins_history_and_live_trades() -> None:
    ledger = make_ledger()
    minute = Timeframe.parse("1m")
    before = ledger.candle(minute, (START_S - 30) * NS)

    trades = trade_for(ledger, 20)

    after = ledger.candle(minute, (START_S - 30) * NS)
    assert after.open == before.open
    assert after.volume == before.volume + sum(lots for _, _, lots in trades)
    assert after.trades == before.trades + 13
    assert after.close == trades[-1][1]
    assert after.high == max(before.high, *(price for _, price, _ in trades))


def test_live_trades_begin_at_the_price_where_history_ends() -> None:
    ledger = make_ledger()

    last = ledger.candle(Timeframe.parse("1s"), (START_S - 1) * NS)

    assert ledger.price == last.close


def test_a_second_without_trades_repeats_the_close() -> None:
    ledger = make_ledger()
    ledger.add_trade(START_S * NS, 6_700_000, 4, is_buy=True)
    ledger.roll(START_S + 3)

    bars = [bar for _, bar in ledger.candles(Timeframe.parse("1s"), START_S * NS, 2**62, 10)]

    assert bars == [
        Bar(6_700_000, 6_700_000, 6_700_000, 6_700_000, 4, 26_800_000, 1, 4, 26_800_000),
        flat(6_700_000),
        flat(6_700_000),
        flat(6_700_000),
    ]


def test_the_same_seed_tells_the_same_history_in_any_order_of_asking() -> None:
    first, second = make_ledger(), make_ledger()
    hour, day = Timeframe.parse("1h"), Timeframe.parse("1d")

    days = first.candles(day, 0, 2**62, 300, newest=True)
    hours = first.candles(hour, 0, 2**62, 300, newest=True)

    assert second.candles(hour, 0, 2**62, 300, newest=True) == hours
    assert second.candles(day, 0, 2**62, 300, newest=True) == days


def test_another_seed_tells_another_history() -> None:
    day = Timeframe.parse("1d")

    assert make_ledger(seed=1).candles(day, 0, 2**62, 9) != make_ledger(seed=2).candles(
        day, 0, 2**62, 9
    )


def test_history_goes_back_six_years_and_no_further() -> None:
    days = make_ledger().candles(Timeframe.parse("1d"), 0, 2**62, 5000)

    assert len(days) == DAYS == 2200
    assert days[0][0] == (START_S // 86_400 - 2199) * 86_400 * NS


def test_months_open_on_the_first_and_weeks_on_monday() -> None:
    ledger = make_ledger()

    (month,) = ledger.candles(Timeframe.parse("1M"), 0, 2**62, 1, newest=True)
    (week,) = ledger.candles(Timeframe.parse("1w"), 0, 2**62, 1, newest=True)

    assert month[0] == 1_798_761_600 * NS  # 2027-01-01
    assert week[0] == 1_799_625_600 * NS  # 2027-01-11


def test_a_day_of_another_time_zone_joins_its_own_hours() -> None:
    ledger = make_ledger()
    east = 8 * 3_600

    ((opened, bar),) = ledger.candles(
        Timeframe.parse("1d"), 0, (START_S - 86_400) * NS, 1, newest=True, offset_s=east
    )

    assert opened == 1_799_856_000 * NS  # 2027-01-13 16:00 UTC, midnight at +08:00
    hours = ledger.candles(Timeframe.parse("1h"), opened, opened + 86_399 * NS, 24)
    assert join((hour for _, hour in hours), bar.open) == bar


def test_what_was_traded_since_a_second_is_what_its_candles_say() -> None:
    ledger = make_ledger()
    trade_for(ledger, 150)

    total, before = ledger.since(START_S - 86_400)

    seconds = ledger.candles(Timeframe.parse("1s"), (START_S - 86_400) * NS, 2**62, 10**6)
    assert total == join((bar for _, bar in seconds), before)
    assert seconds[0][0] == (START_S - 86_400) * NS


def test_old_seconds_are_forgotten_and_told_again_in_agreement_with_their_minutes() -> None:
    ledger = make_ledger()
    trade_for(ledger, 9_000)
    second, minute = Timeframe.parse("1s"), Timeframe.parse("1m")

    held = sum(len(live) for live in ledger._live)

    assert held < 4_200
    for opened, bar in ledger.candles(minute, (START_S - 30) * NS, 2**62, 200):
        inside = ledger.candles(second, opened, opened + 59 * NS, 60)
        assert join((part for _, part in inside), bar.open) == bar
