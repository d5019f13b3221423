"""A list that grows at its top moves down rarely where entries come fast, and each time where slowly."""

from __future__ import annotations

from itertools import pairwise

from tui.model.timeframe import NS
from tui.widgets.top_room import TopRoom

START = 1_723_161_200 * NS


def free_rows(per_s: int, seconds: int, rows: int = 20) -> list[int]:
    room = TopRoom()
    room.after(rows, rows, START)
    return [room.after(1, rows, START + n * NS // per_s) for n in range(1, per_s * seconds + 1)]


def test_where_entries_come_slowly_the_newest_is_always_on_top() -> None:
    assert free_rows(per_s=1, seconds=4) == [0, 0, 0, 0]


def test_where_entries_come_fast_the_list_moves_about_once_a_second() -> None:
    found = free_rows(per_s=8, seconds=10)
    moves = sum(after > before for before, after in pairwise(found))

    assert 8 <= moves <= 11
    assert "876543210876543210" in "".join(str(free) for free in found)


def test_at_most_two_thirds_of_the_list_are_kept_free() -> None:
    assert max(free_rows(per_s=100, seconds=2, rows=21)) == 14
    assert max(free_rows(per_s=100, seconds=2, rows=9)) == 6
    assert max(free_rows(per_s=100, seconds=2, rows=3)) == 0


def test_a_list_that_is_all_new_keeps_no_row_free() -> None:
    room = TopRoom()
    room.after(20, 20, START)

    assert room.after(25, 20, START + NS // 10) == 0


def test_nothing_new_moves_nothing() -> None:
    room = TopRoom()
    room.after(20, 20, START)
    held = room.after(5, 20, START + NS // 10)

    assert [room.after(0, 20, START + n * NS) for n in range(1, 4)] == [held] * 3


def test_a_clock_that_stands_still_is_no_trouble() -> None:
    room = TopRoom()

    assert [room.after(1, 20, START) for _ in range(3)] == [0, 0, 0]


def test_a_list_that_became_shorter_than_its_free_rows_begins_afresh() -> None:
    room = TopRoom()
    room.after(20, 20, START)
    room.after(10, 20, START + NS)

    assert room.after(0, 4, START + NS) <= 2
