"""Rows of the ladder keep their prices while the market moves, as far as that can be."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from tui.market.depth import Bucket
from tui.market.ladder import Ladder, Rung, RungKind, fitting_step
from tui.market.order_book import OrderBook


def side(*slots: int, size: float = 1.0) -> list[Bucket]:
    return [Bucket(slot, size, size, 1) for slot in slots]


def drawn(rungs: Sequence[Rung]) -> str:
    """One word a row: a102 for an ask, b99 for a bid, .101 for a gap, = for the spread, ? for unknown."""
    signs = {RungKind.ASK: "a", RungKind.BID: "b", RungKind.GAP: "."}
    return " ".join(
        "=" if rung.kind is RungKind.SPREAD else signs.get(rung.kind, "?") + str(rung.slot or "")
        for rung in rungs
    )


ASKS = side(101, 102, 103, 104, 105, 106, 107, 108)
BIDS = side(100, 99, 98, 97, 96, 95, 94, 93)


def test_asks_stand_above_the_spread_and_bids_below() -> None:
    assert drawn(Ladder().arrange(ASKS, BIDS, 9)) == "a104 a103 a102 a101 = b100 b99 b98 b97"


def test_a_tick_moves_the_row_of_the_spread_and_leaves_all_other_rows_alone() -> None:
    ladder = Ladder()
    ladder.arrange(ASKS, BIDS, 9)

    moved = ladder.arrange(ASKS[1:], side(101, *(one.slot for one in BIDS)), 9)

    assert drawn(moved) == "a104 a103 a102 = b101 b100 b99 b98 b97"


def test_a_wider_spread_leaves_gaps_where_prices_were() -> None:
    ladder = Ladder()
    ladder.arrange(ASKS, BIDS, 9)

    assert drawn(ladder.arrange(ASKS[1:], BIDS, 9)) == "a104 a103 a102 .101 = b100 b99 b98 b97"
    assert drawn(ladder.arrange(ASKS[1:], BIDS[1:], 9)) == "a104 a103 a102 .101 = .100 b99 b98 b97"


def test_it_is_centred_again_when_the_spread_leaves_the_middle_third() -> None:
    ladder = Ladder()
    ladder.arrange(ASKS, BIDS, 9)

    held = ladder.arrange(side(102, 103, 104, 105, 106), side(101, 100, 99, 98, 97), 9)
    centred = ladder.arrange(side(103, 104, 105, 106, 107), side(102, 101, 100, 99, 98), 9)

    assert drawn(held) == "a104 a103 a102 = b101 b100 b99 b98 b97"
    assert drawn(centred) == "a106 a105 a104 a103 = b102 b101 b100 b99"


def test_a_price_at_which_nothing_rests_has_a_row_of_its_own() -> None:
    assert drawn(Ladder().arrange(side(101, 103, 104), BIDS, 9)) == (
        "a104 a103 .102 a101 = b100 b99 b98 b97"
    )


def test_behind_the_end_of_the_book_nothing_is_known() -> None:
    assert drawn(Ladder().arrange(side(101, 102), side(100), 9)) == "? ? a102 a101 = b100 ? ? ?"


def test_totals_run_from_the_best_price_outwards() -> None:
    rungs = Ladder().arrange(side(101, 102, size=2.0), side(100, 99, 98, size=0.5), 7)

    assert [rung.total for rung in rungs] == [0.0, 4.0, 2.0, 0.0, 0.5, 1.0, 1.5]


def test_a_sparse_book_shows_only_prices_at_which_something_rests() -> None:
    ladder = Ladder()

    rungs = ladder.arrange(side(110, 150, 190, 250), side(100, 20, 10), 7)

    assert drawn(rungs) == "a190 a150 a110 = b100 b20 b10"
    assert not ladder.is_dense


def test_a_wide_spread_does_not_fill_the_rows_with_gaps() -> None:
    assert drawn(Ladder().arrange(side(901, 902, 903), side(100, 99, 98), 7)) == (
        "a903 a902 a901 = b100 b99 b98"
    )


def test_a_crossed_book_is_shown_as_it_is() -> None:
    assert drawn(Ladder().arrange(side(100, 101, 102), side(101, 100, 99), 7)) == (
        "a102 a101 a100 = b101 b100 b99"
    )


def test_one_sided_books_keep_their_side_of_the_spread() -> None:
    assert drawn(Ladder().arrange([], side(100, 99, 98), 7)) == "? ? ? = b100 b99 b98"
    assert drawn(Ladder().arrange(side(101, 102, 103), [], 7)) == "a103 a102 a101 = ? ? ?"


def test_an_empty_book_and_no_room_are_no_trouble() -> None:
    assert drawn(Ladder().arrange([], [], 3)) == "? ? ?"
    assert Ladder().arrange(ASKS, BIDS, 0) == []
    assert drawn(Ladder().arrange(ASKS, BIDS, 1)) == "="
    assert drawn(Ladder().arrange(ASKS, BIDS, 2)) == "= b100"


@settings(max_examples=80)
@given(
    moves=st.lists(
        st.tuples(
            st.integers(0, 60),
            st.integers(1, 9),
            st.sets(st.integers(1, 40), max_size=30),
            st.sets(st.integers(1, 40), max_size=30),
        ),
        min_size=1,
        max_size=8,
    ),
    rows=st.integers(0, 25),
)
def test_whatever_comes_each_row_has_one_price_from_high_to_low(
    moves: list[tuple[int, int, set[int], set[int]]], rows: int
) -> None:
    ladder = Ladder()
    for bid, spread, above, below in moves:
        asks = side(*(bid + spread + step - 1 for step in sorted(above)))
        bids = side(*(bid - step + 1 for step in sorted(below)))

        rungs = ladder.arrange(asks, bids, rows)

        slots = [rung.slot for rung in rungs if rung.slot is not None]
        assert len(rungs) == rows
        assert slots == sorted(set(slots), reverse=True)
        assert sum(rung.kind is RungKind.SPREAD for rung in rungs) == (
            rows > 0 and bool(slots)
        ) or (not slots)
        above_spread = (
            [rung.kind for rung in rungs[: drawn(rungs).split().index("=")]] if slots else []
        )
        assert RungKind.BID not in above_spread


def book(*prices: str, above: tuple[str, ...]) -> OrderBook:
    found = OrderBook()
    found.replace([(price, "1") for price in prices], [(price, "1") for price in above])
    return found


def test_the_finest_step_that_fills_the_rows_is_found() -> None:
    every_third = OrderBook()
    every_third.replace(
        [(f"{99.99 - 0.03 * number:.2f}", "1") for number in range(100)],
        [(f"{100.02 + 0.03 * number:.2f}", "1") for number in range(100)],
    )
    every_tick = OrderBook()
    every_tick.replace(
        [(f"{99.99 - 0.01 * number:.2f}", "1") for number in range(100)],
        [(f"{100.00 + 0.01 * number:.2f}", "1") for number in range(100)],
    )

    assert fitting_step(every_third, Decimal("0.01"), 20) == 2
    assert fitting_step(every_tick, Decimal("0.01"), 20) == 0


def test_a_book_of_few_levels_keeps_its_ticks() -> None:
    few = book("99", "90", "1", above=("101", "150", "900"))

    assert fitting_step(few, Decimal("0.01"), 20) == 0
    assert fitting_step(OrderBook(), Decimal("0.01"), 20) == 0
