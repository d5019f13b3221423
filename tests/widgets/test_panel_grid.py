"""How many panels a space holds, and in what shape."""

from __future__ import annotations

import pytest
from textual.geometry import Size

from tui.widgets.panel_grid import MIN_HEIGHT, MIN_WIDTH, shape


@pytest.mark.parametrize(
    ("count", "size", "columns_and_rows"),
    [
        (1, Size(40, 10), (1, 1)),
        (2, Size(155, 48), (2, 1)),
        (2, Size(60, 40), (1, 2)),
        (4, Size(155, 48), (2, 2)),
        (6, Size(155, 48), (3, 2)),
        (9, Size(155, 48), (3, 3)),
        (9, Size(81, 38), (2, 3)),
        (4, Size(60, 24), (1, 2)),
        (4, Size(52, 22), (1, 1)),
        (9, Size(20, 5), (1, 1)),
    ],
)
def test_the_grid_holds_as_many_panels_as_have_room(
    count: int, size: Size, columns_and_rows: tuple[int, int]
) -> None:
    assert shape(count, size) == columns_and_rows


@pytest.mark.parametrize("width", range(20, 220, 7))
@pytest.mark.parametrize("height", [6, 12, 20, 38, 56])
def test_no_panel_of_several_is_smaller_than_the_smallest_that_tells_something(
    width: int, height: int
) -> None:
    columns, rows = shape(9, Size(width, height))

    assert columns * rows == 1 or (width // columns >= MIN_WIDTH and height // rows >= MIN_HEIGHT)
