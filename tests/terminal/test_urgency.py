"""On a slow link what a key did is painted first, then where the user is at, then what waits longest."""

from __future__ import annotations

from textual.geometry import Region

from tui.terminal.urgency import Urgency


def row(y: int) -> Region:
    return Region(0, y, 80, 1)


def order(urgency: Urgency, lines: list[int], focus: Region | None = None) -> list[int]:
    return sorted(lines, key=lambda y: urgency.rank(y, focus))


def test_what_waits_longest_comes_first() -> None:
    urgency = Urgency()
    urgency.note([row(5), row(9)], is_for_key=False)
    urgency.note([row(2), row(5)], is_for_key=False)
    assert order(urgency, [2, 5, 9]) == [5, 9, 2]


def test_where_the_user_is_at_comes_before_what_waits() -> None:
    urgency = Urgency()
    urgency.note([row(1)], is_for_key=False)
    urgency.note([row(7)], is_for_key=False)
    assert order(urgency, [1, 7], focus=Region(10, 6, 20, 3)) == [7, 1]


def test_what_a_key_did_comes_before_all_else_and_the_last_key_first() -> None:
    urgency = Urgency()
    urgency.note([row(1)], is_for_key=False)
    urgency.note([row(8)], is_for_key=True)
    urgency.note([row(9)], is_for_key=True)
    assert order(urgency, [1, 8, 9], focus=row(1)) == [9, 8, 1]


def test_of_what_a_key_did_that_where_the_user_is_at_comes_first() -> None:
    urgency = Urgency()
    urgency.note([Region(0, 0, 80, 10)], is_for_key=True)
    assert order(urgency, [0, 1, 2, 3], focus=row(2)) == [2, 0, 1, 3]


def test_a_line_that_was_shown_has_to_wait_again() -> None:
    urgency = Urgency()
    urgency.note([row(1), row(2)], is_for_key=True)
    urgency.keep([2])
    urgency.note([row(3)], is_for_key=False)
    urgency.note([row(1)], is_for_key=False)
    assert order(urgency, [1, 2, 3]) == [2, 3, 1]
