"""Only the widgets that are seen where something changed are asked for their lines."""

from __future__ import annotations

from rich.segment import Segment
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget

from tui.terminal.canvas import DirtyLine
from tui.terminal.seats import Placed, Seats

SIZE = Size(10, 4)
WHOLE = SIZE.region


class Plate(Widget):
    """Shows columns and rows of its own, and notes what it is asked for."""

    def __init__(self, letter: str) -> None:
        super().__init__()
        self._letter = letter
        self.asked: list[tuple[int, int, int, int]] = []

    def render_lines(self, crop: Region) -> list[Strip]:
        self.asked.append((crop.x, crop.y, crop.width, crop.height))
        text = "".join(f"{x % 10}" for x in range(crop.x, crop.right))
        return [Strip([Segment(f"{self._letter}{text[1:]}")]) for _ in range(crop.height)]


def shown(lines: list[DirtyLine]) -> list[tuple[int, list[tuple[int, int, str]]]]:
    return [(y, [(x, end, strip.text) for x, end, strip in pieces]) for y, _, pieces in lines]


def test_a_widget_is_asked_for_the_lines_that_changed_and_no_others() -> None:
    left, right = Plate("L"), Plate("R")
    placed: Placed = {
        left: (Region(0, 0, 6, 4), WHOLE),
        right: (Region(6, 0, 4, 4), WHOLE),
    }
    lines = Seats(placed, SIZE).lines({1: [(0, 6)], 2: [(0, 6)]}, blank_free=False)
    assert shown(lines) == [(1, [(0, 6, "L12345")]), (2, [(0, 6, "L12345")])]
    assert left.asked == [(0, 1, 6, 2)]
    assert right.asked == []


def test_the_front_hides_what_is_behind_it() -> None:
    front, back = Plate("F"), Plate("B")
    placed: Placed = {
        front: (Region(3, 1, 4, 2), WHOLE),
        back: (WHOLE, WHOLE),
    }
    lines = Seats(placed, SIZE).lines({0: [(0, 10)], 1: [(0, 10)]}, blank_free=False)
    assert shown(lines) == [
        (0, [(0, 10, "B123456789")]),
        (1, [(0, 3, "B12"), (3, 7, "F123"), (7, 10, "789")]),
    ]


def test_a_widget_that_is_cut_off_draws_what_is_left_of_it() -> None:
    scrolled = Plate("S")
    placed: Placed = {scrolled: (Region(-2, -5, 8, 20), Region(0, 1, 5, 2))}
    lines = Seats(placed, SIZE).lines({0: [(0, 10)], 1: [(0, 10)]}, blank_free=False)
    assert shown(lines) == [(0, []), (1, [(0, 5, "S3456")])]
    assert scrolled.asked == [(2, 6, 5, 1)]


def test_what_no_widget_covers_is_blank_where_that_is_asked_for() -> None:
    placed: Placed = {Plate("P"): (Region(0, 0, 4, 1), WHOLE)}
    seats = Seats(placed, SIZE)
    assert shown(seats.lines({0: [(0, 10)]}, blank_free=True)) == [
        (0, [(0, 4, "P123"), (4, 10, "      ")])
    ]
    assert shown(seats.lines({0: [(0, 10)]}, blank_free=False)) == [(0, [(0, 4, "P123")])]


def test_lines_outside_of_the_screen_are_left_alone() -> None:
    placed: Placed = {Plate("P"): (WHOLE, WHOLE)}
    assert Seats(placed, SIZE).lines({-1: [(0, 10)], 4: [(0, 10)]}, blank_free=True) == []
