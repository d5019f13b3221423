"""Trades of one order make one print; the run of prints tells which are large and how fast they come."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.market.prints import Print, PrintRun, merge_trades
from tui.market.tape import Tape
from tui.model.events import Side, Trade
from tui.model.instrument import Instrument
from tui.model.timeframe import NS

BTCUSDT = Instrument("BINANCE", "BTCUSDT")
START = 1_723_161_200 * NS


def trade(
    number: int | None,
    price: str = "100.0",
    size: float = 1.0,
    side: Side = Side.BUY,
    at: int = START,
    *,
    late: int = 0,
    from_history: bool = False,
) -> Trade:
    return Trade(
        BTCUSDT,
        float(price),
        size,
        side,
        at,
        at + late,
        number,
        price,
        f"{size}",
        from_history,
    )


def taped(*trades: Trade, limit: int = 1000) -> Tape:
    tape = Tape(limit)
    for each in trades:
        tape.add(each)
    return tape


def shown(prints: object) -> list[tuple[str, float, int]]:
    return [(each.price_text, each.size, each.count) for each in prints]  # type: ignore[attr-defined]


# -- one order ---------------------------------------------------------------------------------


def test_a_walk_through_the_book_is_one_print_at_the_mean_price_by_volume() -> None:
    merged = merge_trades(
        [trade(1, "100.0", 1.0), trade(2, "100.5", 1.0), trade(3, "101.0", 2.0)],
    )

    assert merged == [Print(0, START, Side.BUY, 100.625, "", 4.0, 3)]


def test_trades_at_one_price_keep_the_venues_digits() -> None:
    assert shown(merge_trades([trade(1, "100.10"), trade(2, "100.10")])) == [("100.10", 2.0, 2)]


@pytest.mark.parametrize(
    ("second", "why"),
    [
        (trade(2, side=Side.SELL), "another side"),
        (trade(3), "a trade is missing between"),
        (trade(2, at=START + 3_000_000), "too late"),
        (trade(2, "99.9"), "a better price for who buys"),
        (trade(None), "one has no number"),
    ],
)
def test_what_another_order_did_is_another_print(second: Trade, why: str) -> None:
    assert len(merge_trades([trade(1), second])) == 2, why


def test_who_sells_walks_down() -> None:
    down = [trade(1, "100.0", side=Side.SELL), trade(2, "99.9", side=Side.SELL)]
    up = [trade(1, "100.0", side=Side.SELL), trade(2, "100.1", side=Side.SELL)]

    assert len(merge_trades(down)) == 1
    assert len(merge_trades(up)) == 2


def test_a_few_milliseconds_count_from_the_first_trade_of_the_order() -> None:
    chain = [trade(n, at=START + n * 1_000_000) for n in range(5)]

    assert [each.count for each in merge_trades(chain)] == [3, 2]


def test_trades_without_numbers_are_merged_where_they_stand_side_by_side() -> None:
    assert shown(merge_trades([trade(None), trade(None)])) == [("100.0", 2.0, 2)]


# -- following a tape --------------------------------------------------------------------------


def test_an_order_that_goes_on_after_a_look_is_still_one_print() -> None:
    run, tape = PrintRun(), taped(trade(1))
    run.follow(tape)
    tape.add(trade(2, "100.5"))
    run.follow(tape)

    assert [(each.number, each.count) for each in run.prints] == [(0, 2)]


def test_following_step_by_step_gives_what_merging_at_once_does() -> None:
    trades = [trade(n, at=START + n * 700_000) for n in range(40)]
    tape, run = Tape(), PrintRun()
    for each in trades:
        tape.add(each)
        run.follow(tape)

    assert list(run.prints) == merge_trades(trades)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([1, 1, 1, 2]),  # to the next number
            st.integers(0, 3),  # milliseconds since the trade before
            st.sampled_from(["100.0", "100.5"]),
            st.sampled_from(list(Side)),
            st.integers(1, 3),  # trades until the next look
        ),
        max_size=60,
    )
)
def test_prints_hold_each_trade_once_whenever_one_looks(
    steps: list[tuple[int, int, str, Side, int]],
) -> None:
    number, at, looks = 0, START, 0
    trades, tape, run = [], Tape(), PrintRun()
    for skip, millis, price, side, wait in steps:
        number, at, looks = number + skip, at + millis * 1_000_000, looks + 1
        trades.append(trade(number, price, 0.5, side, at))
        tape.add(trades[-1])
        if looks % wait == 0:
            run.follow(tape)
    run.follow(tape)

    assert list(run.prints) == merge_trades(trades)
    assert sum(each.count for each in run.prints) == len(trades)
    assert sum(each.size for each in run.prints) == 0.5 * len(trades)
    assert all(100.0 <= each.price <= 100.5 for each in run.prints)


def test_fetched_trades_are_put_where_they_belong_under_new_numbers() -> None:
    tape = taped(trade(1), trade(5, at=START + NS))
    run = PrintRun()
    run.follow(tape)
    tape.merge([trade(3, at=START + NS // 2, from_history=True)])
    run.follow(tape)

    assert [(each.number, each.ts_exchange - START) for each in run.prints] == [
        (2, 0),
        (3, NS // 2),
        (4, NS),
    ]


def test_another_tape_begins_afresh() -> None:
    run = PrintRun()
    run.follow(taped(trade(1), trade(3)))
    run.follow(taped(trade(1)))

    assert len(run.prints) == 1


def test_a_cleared_tape_has_no_prints() -> None:
    tape = taped(trade(1), trade(3))
    run = PrintRun()
    run.follow(tape)
    tape.clear()
    run.follow(tape)

    assert not run.prints


# -- large ones --------------------------------------------------------------------------------


def many(count: int, size: float = 1.0, start: int = 0) -> list[Trade]:
    """Prints of their own: the side changes each time."""
    return [
        trade(n, size=size, side=Side.BUY if n % 2 else Side.SELL, at=START + n * NS // 10)
        for n in range(start, start + count)
    ]


def test_a_print_that_stands_out_is_large() -> None:
    tape = taped(*many(100), trade(100, size=5.0), *many(10, start=101))
    run = PrintRun()
    run.follow(tape)

    assert [each.size for each in run.prints if each.is_large] == [5.0]


def test_many_small_trades_of_one_order_make_a_large_print() -> None:
    tape = taped(*many(100), *(trade(n, size=0.9, at=START + 20 * NS) for n in range(100, 105)))
    run = PrintRun()
    run.follow(tape)

    assert run.prints[-1].count == 5
    assert run.prints[-1].is_large


def test_of_equal_prints_none_is_large() -> None:
    run = PrintRun()
    run.follow(taped(*many(200)))

    assert not any(each.is_large for each in run.prints)


def test_of_a_few_prints_nobody_knows_what_is_large() -> None:
    run = PrintRun()
    run.follow(taped(*many(10), trade(10, size=100.0)))

    assert not any(each.is_large for each in run.prints)


def test_what_is_large_can_be_set() -> None:
    run = PrintRun(large_size=2.0)
    run.follow(taped(trade(1, size=1.9), trade(3, size=2.0)))

    assert [each.is_large for each in run.prints] == [False, True]


def test_a_mark_once_given_stays() -> None:
    tape = taped(*many(100), trade(100, size=5.0))
    run = PrintRun()
    run.follow(tape)
    for each in many(300, size=50.0, start=101):
        tape.add(each)
        run.follow(tape)

    assert run.prints[100].is_large


# -- sizes to filter by ------------------------------------------------------------------------


def test_steps_are_round_sizes_that_leave_out_more_and_more() -> None:
    run = PrintRun()
    run.follow(
        taped(
            *(
                trade(n, size=n * 0.013, side=Side.BUY if n % 2 else Side.SELL)
                for n in range(1, 101)
            )
        )
    )

    assert run.steps() == [0.5, 1.0]


def test_without_prints_there_are_no_steps() -> None:
    assert PrintRun().steps() == []


def test_sizes_of_zero_make_no_steps() -> None:
    run = PrintRun()
    run.follow(taped(trade(1, size=0.0), trade(3, size=0.0)))

    assert run.steps() == []


# -- speed -------------------------------------------------------------------------------------


def test_the_rate_is_of_the_last_thirty_whole_seconds() -> None:
    tape = taped(*many(900))  # ten a second for ninety seconds
    run = PrintRun()
    run.follow(tape)
    speed = run.speed(START + 90 * NS + NS // 2, 5)

    assert speed.trades_per_s == 10.0
    assert speed.bought == 0.5
    assert speed.per_second == [10, 10, 10, 10, 10]


def test_a_tape_that_began_a_moment_ago_tells_the_rate_of_what_is_known() -> None:
    run = PrintRun()
    run.follow(taped(*many(35)))
    speed = run.speed(START + 4 * NS, 20)

    # The first second may have begun before the first trade, and is left out.
    assert speed.trades_per_s == pytest.approx(25 / 3)
    assert speed.per_second == [10, 10, 5]


def test_the_rate_falls_when_nothing_comes_any_more() -> None:
    run = PrintRun()
    run.follow(taped(*many(50)))

    assert run.speed(START + 20 * NS, 4).per_second == [0, 0, 0, 0]
    assert run.speed(START + 60 * NS, 4).trades_per_s == 0.0
    assert run.speed(START + 60 * NS, 4).bought is None


def test_the_share_of_the_buyers_is_by_volume() -> None:
    run = PrintRun()
    run.follow(
        taped(
            trade(1),
            trade(2, size=3.0, at=START + NS),
            trade(3, size=1.0, side=Side.SELL, at=START + NS),
        )
    )

    assert run.speed(START + 2 * NS, 1).bought == 0.75


def test_a_venues_clock_that_is_behind_changes_no_rate() -> None:
    run = PrintRun()
    run.follow(taped(*(trade(n, at=START + n * NS, late=3600 * NS) for n in range(11))))

    assert run.speed(START + 3610 * NS, 5).trades_per_s == 1.0


def test_without_trades_nothing_is_said() -> None:
    assert PrintRun().speed(START, 5).trades_per_s is None


@pytest.mark.parametrize("size", [float("inf"), float("nan")])
def test_of_sizes_that_mean_nothing_no_share_is_told(size: float) -> None:
    run = PrintRun()
    run.follow(taped(trade(1), trade(2, size=size, at=START + NS)))

    speed = run.speed(START + 3 * NS, 5)

    assert (speed.bought, speed.per_second) == (None, [1, 0])
