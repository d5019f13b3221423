"""Where a chart's right edge stands while it is zoomed and panned, and while its candles change."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tui.model.chart import PanelView
from tui.model.timeframe import NS, Timeframe
from tui.widgets.chart_view import ZOOMS, Viewport, zoomed

MINUTE = Timeframe(1, "m")
SPAN = 60 * NS
VIEW = PanelView()  # two columns a candle
SLOTS = 50


def times(first: int, last: int) -> range:
    """Open times of these minutes, the last one included."""
    return range(first * SPAN, last * SPAN + 1, SPAN)


def at(columns: int, merge: int = 1) -> PanelView:
    return PanelView(columns=columns, merge=merge)


def test_each_step_of_zoom_is_the_next_one() -> None:
    view = at(8)
    seen = [(view.columns, view.merge)]
    for _ in range(20):
        view = zoomed(view, -1)
        seen.append((view.columns, view.merge))

    assert tuple(dict.fromkeys(seen)) == ZOOMS
    assert zoomed(at(8), 1) == at(8)


def test_a_remembered_zoom_that_is_no_step_goes_on_to_the_next_one() -> None:
    assert zoomed(at(1, 5), 1) == at(1, 4)
    assert zoomed(at(1, 5), -1) == at(1, 6)
    assert zoomed(at(3, 2), -1) == at(1, 1)


def test_a_new_chart_follows_the_newest_candle() -> None:
    port = Viewport()

    assert port.follows
    assert port.offset(times(0, 999), SLOTS, VIEW) == 0
    assert port.span(times(0, 999), SLOTS, VIEW) == (950 * SPAN, 999 * SPAN)


def test_panning_back_leaves_the_newest_candle_and_panning_on_finds_it_again() -> None:
    port, held = Viewport(), times(0, 999)

    port.pan(-10, held, SLOTS, VIEW)
    assert (port.follows, port.offset(held, SLOTS, VIEW)) == (False, 10)

    port.pan(9, held, SLOTS, VIEW)
    assert not port.follows
    port.pan(4, held, SLOTS, VIEW)
    assert port.follows


def test_a_bar_of_several_candles_is_panned_as_one() -> None:
    port, held = Viewport(), times(0, 999)

    port.pan(-10, held, SLOTS, at(1, 6))

    assert port.offset(held, SLOTS, at(1, 6)) == 60


def test_panning_back_ends_where_the_candles_begin() -> None:
    port, held = Viewport(), times(0, 999)

    port.pan(-5000, held, SLOTS, VIEW)

    assert port.span(held, SLOTS, VIEW) == (0, 49 * SPAN)


def test_with_fewer_candles_than_room_there_is_nowhere_to_pan() -> None:
    port, held = Viewport(), times(0, 9)

    port.pan(-5, held, SLOTS, VIEW)

    assert port.follows


@pytest.mark.parametrize(("first", "last"), [(0, 1500), (-3000, 999), (600, 1200)])
def test_what_comes_or_goes_at_either_end_leaves_the_view_where_it_is(
    first: int, last: int
) -> None:
    port, held = Viewport(), times(0, 999)
    port.pan(-100, held, SLOTS, VIEW)
    before = port.span(held, SLOTS, VIEW)

    assert port.span(times(first, last), SLOTS, VIEW) == before == (850 * SPAN, 899 * SPAN)


def test_another_timeframe_keeps_the_end_of_the_candle_at_the_edge() -> None:
    port = Viewport()
    hours = [hour * 3600 * NS for hour in range(100)]
    port.pan(-30, hours, SLOTS, VIEW)  # the candle from 69:00

    assert port.span(times(0, 6000), SLOTS, VIEW)[1] == (69 * 60 + 59) * SPAN
    assert port.span(hours, SLOTS, VIEW)[1] == 69 * 3600 * NS


def test_a_moment_before_all_candles_shows_the_first_ones_until_older_ones_come() -> None:
    port = Viewport(anchor=500 * SPAN)

    assert port.span(times(900, 999), SLOTS, VIEW) == (900 * SPAN, 949 * SPAN)
    assert port.span(times(0, 999), SLOTS, VIEW) == (451 * SPAN, 500 * SPAN)


def test_where_nothing_is_older_the_view_is_full_of_what_there_is() -> None:
    port, held = Viewport(), times(0, 999)
    port.pan(-1000, held, SLOTS, VIEW)

    port.zoom(VIEW, at(1), held, slots=100)
    assert port.span(held, 100, at(1)) == (0, 49 * SPAN)
    port.begins = True
    assert port.span(held, 100, at(1)) == (0, 99 * SPAN)
    assert port.offset(held, 100, at(1)) == 900


def test_zooming_keeps_the_candle_under_the_mouse_in_its_column() -> None:
    port, held = Viewport(), times(0, 999)
    port.pan(-200, held, SLOTS, VIEW)  # 799 at the edge
    focus = 779 * SPAN  # twenty candles left of it: forty columns

    port.zoom(VIEW, at(4), held, slots=25, focus=focus)
    assert port.edge(held, 25, at(4)) == 789

    port.zoom(at(4), at(1), held, slots=100, focus=focus)
    assert port.edge(held, 100, at(1)) == 819


def test_zooming_at_the_edge_leaves_it_where_it_is() -> None:
    port, held = Viewport(), times(0, 999)
    port.zoom(VIEW, at(1, 4), held, slots=100)
    assert port.follows

    port.pan(-20, held, 100, at(1, 4))
    edge = port.edge(held, 100, at(1, 4))
    port.zoom(at(1, 4), at(8), held, slots=12)

    assert port.edge(held, 12, at(8)) == edge == 919


def test_the_way_to_the_oldest_candle_goes_on_as_they_come() -> None:
    port = Viewport()

    port.seek_first()
    port.settle(times(500, 999), SLOTS, VIEW)
    assert port.span(times(500, 999), SLOTS, VIEW) == (500 * SPAN, 549 * SPAN)
    port.settle(times(0, 999), SLOTS, VIEW)
    assert port.span(times(0, 999), SLOTS, VIEW) == (0, 49 * SPAN)
    assert port.wanted_since(times(0, 999), SLOTS, VIEW, MINUTE) == 0


def test_panning_ends_the_way_to_the_oldest_candle() -> None:
    port, held = Viewport(), times(500, 999)
    port.seek_first()
    port.settle(held, SLOTS, VIEW)

    port.pan(3, held, SLOTS, VIEW)
    port.settle(times(0, 999), SLOTS, VIEW)

    assert port.span(times(0, 999), SLOTS, VIEW) == (503 * SPAN, 552 * SPAN)


def test_candles_are_wanted_before_they_are_in_sight() -> None:
    port, held = Viewport(), times(5000, 5999)

    assert port.wanted_since(held, SLOTS, VIEW, MINUTE) == 5900 * SPAN
    port.pan(-930, held, SLOTS, VIEW)
    assert port.wanted_since(held, SLOTS, VIEW, MINUTE) == 4970 * SPAN
    assert port.wanted_since((), SLOTS, VIEW, MINUTE) is None
    assert Viewport(100 * SPAN).wanted_since(held, SLOTS, VIEW, MINUTE) == 1


def test_what_is_pointed_at_is_brought_into_sight_by_the_shortest_way() -> None:
    port, held = Viewport(), times(0, 999)

    port.show(940 * SPAN, held, SLOTS, VIEW)
    assert port.span(held, SLOTS, VIEW) == (940 * SPAN, 989 * SPAN)
    port.show(995 * SPAN, held, SLOTS, VIEW)
    assert port.span(held, SLOTS, VIEW) == (946 * SPAN, 995 * SPAN)
    port.show(950 * SPAN, held, SLOTS, VIEW)
    assert port.span(held, SLOTS, VIEW) == (946 * SPAN, 995 * SPAN)


def test_steps_of_the_crosshair_end_with_the_candles() -> None:
    port, held = Viewport(), times(0, 99)

    assert port.step(98 * SPAN, 1, held, VIEW) == 99 * SPAN
    assert port.step(98 * SPAN, 10, held, VIEW) == 99 * SPAN
    assert port.step(5 * SPAN, -10, held, VIEW) == 0
    assert port.step(50 * SPAN, -1, held, at(1, 12)) == 38 * SPAN


_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("new"), st.integers(1, 300)),
        st.tuples(st.just("page"), st.integers(1, 1000)),
        st.tuples(st.just("let go"), st.integers(0, 200)),
        st.tuples(st.just("zoom"), st.integers(-3, 3)),
        st.tuples(st.just("timeframe"), st.sampled_from([1, 3, 15, 60])),
        st.tuples(st.just("begins"), st.integers(0, 1)),
    ),
    max_size=25,
)


@given(st.integers(200, 700), _STEPS, st.integers(5, 120))
@example(200, [("timeframe", 60), ("begins", 1), ("zoom", -3)], 83)
@settings(max_examples=100, deadline=None)
def test_whatever_happens_the_moment_that_was_looked_at_stays_in_sight(
    back: int, steps: list[tuple[str, int]], width: int
) -> None:
    """A view that was panned away keeps its moment, at whatever zoom and in whatever timeframe."""
    first, last, minutes, view = 0, 20_000, 1, PanelView(columns=1)
    port = Viewport()

    def held() -> range:
        return range((first - first % minutes) * SPAN, last * SPAN + 1, minutes * SPAN)

    port.pan(-back, held(), width, view)
    moment = port.span(held(), width, view)[1]
    for step, number in steps:
        slots = max(width // view.columns, 1)
        if step == "new":
            last += number
        elif step == "page":
            first -= number
        elif step == "let go":
            first = min(first + number, 15_000)
        elif step == "zoom":
            after = zoomed(view, number)
            slots = max(width // after.columns, 1)
            port.zoom(view, after, held(), slots=slots, focus=moment)
            view = after
        elif step == "begins":
            port.begins = bool(number)
        else:
            minutes = number

        since, until = port.span(held(), slots, view)

        assert since <= moment < until + minutes * SPAN * view.merge
        if port.follows:
            # Zoomed out so far that there is room for nearly all candles there are.
            assert step == "zoom"
            assert slots * view.merge >= len(held()) - view.merge
            return
        assert port.offset(held(), slots, view) == len(held()) - 1 - port.edge(held(), slots, view)
