"""What the canvas writes turns the terminal into what it should show."""

from __future__ import annotations

import random
from time import perf_counter
from typing import Any

import pytest
from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tui.terminal.canvas import Canvas, DirtyLine
from tui.terminal.drawing import Traits

RED = Style(color=Color.from_rgb(200, 0, 0), bgcolor=Color.from_rgb(10, 10, 10))
GREEN = Style(color=Color.from_rgb(0, 200, 0), bgcolor=Color.from_rgb(10, 10, 10))

CAPABLE = Traits(line_feeds=True, erases=True)


def make_styles() -> list[Style | None]:
    """Fresh ones each time: a style remembers its codes for the first colour system it meets."""
    return [
        None,
        Style(color=Color.from_rgb(200, 0, 0), bgcolor=Color.from_rgb(10, 10, 10)),
        Style(color=Color.from_rgb(0, 200, 0), bgcolor=Color.from_rgb(10, 10, 10)),
        Style(bold=True),
        Style(reverse=True),
        Style(underline=True, color="red"),
        Style(bgcolor="blue"),
        Style(strike=True, italic=True, bgcolor="blue"),
        Style(dim=True, bold=True, color=Color.from_rgb(1, 2, 3)),
        Style(color=Color.from_rgb(9, 9, 9), meta={"@click": "a"}),
        Style(color="default", bgcolor="default", bold=False),
        Style(color="bright_green", bgcolor="color(130)", blink=True),
        Style(conceal=True, overline=True),
    ]


WORDS = ["a", " ", "   ", "BTC", "67,250.10", "█▀▄", "│", "字", "币安", "x字y", "₿ ", "          "]


def line(y: int, *segments: Segment) -> DirtyLine:
    strip = Strip(segments)
    return DirtyLine(y, [(0, strip.cell_length)], [(0, strip.cell_length, strip)])


def show(canvas: Canvas, text: str, style: Style | None = None, *, y: int = 0) -> str:
    return canvas.paint([line(y, Segment(text, style))], full=True)


def ready_canvas(width: int = 20, height: int = 3) -> Canvas:
    canvas = Canvas("truecolor")
    assert canvas.prepare((width, height), "truecolor")
    canvas.paint([line(y, Segment(" " * width)) for y in range(height)], full=True)
    return canvas


def test_the_first_frame_paints_every_cell() -> None:
    canvas = Canvas("truecolor")
    canvas.prepare((4, 2), "truecolor")

    written = canvas.paint([line(0, Segment("abcd")), line(1, Segment("    "))], full=True)

    assert written == "\x1b[m\x1b[Habcd\r\n    "


def test_an_unchanged_line_writes_nothing() -> None:
    canvas = ready_canvas()
    show(canvas, "67,250.10           ", GREEN)

    assert show(canvas, "67,250.10           ", GREEN) == ""


def test_only_the_digits_that_changed_are_written() -> None:
    canvas = ready_canvas()
    show(canvas, "67,250.10           ")

    assert show(canvas, "67,250.37           ") == "\b\b37"


def test_a_short_gap_is_written_again_rather_than_jumped_over() -> None:
    canvas = ready_canvas()
    show(canvas, "abcdefghijklmnop    ")

    assert show(canvas, "XbcdYfghijklmnop    ") == "\rXbcdY"


def test_a_long_gap_is_jumped_over() -> None:
    canvas = ready_canvas()
    show(canvas, "abcdefghijklmnop    ")

    assert show(canvas, "XbcdefghijklmnoP    ") == "\rX\x1b[16GP"


def test_a_column_of_changes_is_gone_down_by_line_feeds_where_nothing_translates_them() -> None:
    canvas = ready_canvas(12, 3)
    canvas.traits = Traits(line_feeds=True)

    written = canvas.paint([line(y, Segment("      a     ")) for y in range(3)], full=True)

    assert written == "\x1b[1;7Ha\n\ba\n\ba"


def test_without_knowing_that_the_way_down_is_by_index() -> None:
    canvas = ready_canvas(12, 2)

    written = canvas.paint([line(y, Segment("      a     ")) for y in range(2)], full=True)

    assert written == "\x1b[1;7Ha\x1bD\ba"


def test_the_way_up_in_a_column_is_relative() -> None:
    canvas = ready_canvas(120, 30)
    canvas.traits = CAPABLE
    there = " " * 100 + "a"

    written = canvas.paint([line(20, Segment(there.ljust(120)))], full=False, cursor=(100, 18))

    assert written == "\x1b[21;101Ha\x1b[2A\b"


def test_long_blanks_are_erased_where_erasing_leaves_the_background() -> None:
    canvas = ready_canvas(30, 1)
    canvas.traits = CAPABLE
    show(canvas, "x" * 30, Style(bgcolor="color(4)"))

    written = show(canvas, "x" + " " * 20 + "y" * 9, Style(bgcolor="color(4)"))

    assert written == "\x1b[2G\x1b[20X\x1b[20Cyyyyyyyyy"


def test_blanks_up_to_the_edge_are_erased_as_a_line() -> None:
    canvas = ready_canvas(30, 1)
    canvas.traits = CAPABLE
    show(canvas, "x" * 30)

    assert show(canvas, "x" + " " * 29) == "\x1b[2G\x1b[K"


def test_one_erasure_goes_over_blanks_between() -> None:
    canvas = ready_canvas(40, 2)
    canvas.traits = CAPABLE
    show(canvas, "price        size        time        |||")

    assert show(canvas, "                                     |||") == "\r\x1b[29X"


def test_blanks_that_show_more_than_a_background_are_written() -> None:
    canvas = ready_canvas(30, 1)
    canvas.traits = CAPABLE

    assert " " * 30 in show(canvas, " " * 30, Style(underline=True))


def test_the_ink_of_a_blank_does_not_matter() -> None:
    canvas = ready_canvas()
    show(canvas, " " * 20, RED)

    assert show(canvas, " " * 20, GREEN) == ""


def test_the_ink_of_an_underlined_blank_matters() -> None:
    canvas = ready_canvas()
    show(canvas, " " * 20, Style(underline=True, color="red"))

    assert show(canvas, " " * 20, Style(underline=True, color="green")) != ""


def test_meta_is_not_compared() -> None:
    canvas = ready_canvas()
    show(canvas, "x" * 20, Style(bold=True, meta={"offset": (0, 0)}))

    assert show(canvas, "x" * 20, Style(bold=True, meta={"offset": (5, 1)})) == ""


def test_colours_that_the_terminal_rounds_to_the_same_are_not_compared() -> None:
    canvas = Canvas("256")
    canvas.prepare((3, 1), "256")
    show(canvas, "abc", Style(color=Color.from_rgb(200, 0, 0)))

    assert show(canvas, "abc", Style(color=Color.from_rgb(201, 1, 0))) == ""


def test_a_colour_that_stays_on_is_sent_once() -> None:
    canvas = ready_canvas()

    written = canvas.paint(
        [line(0, Segment("ab", RED), Segment(" " * 16, None), Segment("cd", RED))], full=False
    )

    assert written == "\x1b[H\x1b[38;2;200;0;0;48;2;10;10;10mab\x1b[19Gcd"


def test_a_colour_stays_on_from_frame_to_frame() -> None:
    canvas = ready_canvas()
    show(canvas, "67,250.10           ", GREEN)

    assert show(canvas, "67,250.37           ", GREEN) == "\x1b[8G37"


def test_what_there_is_no_room_for_is_left_to_the_next_frame() -> None:
    canvas = ready_canvas(20, 3)
    lines = [line(y, Segment("abcdefghijklmnopqrst")) for y in (2, 0, 1)]

    first = canvas.paint(lines, full=False, most=30)
    left, canvas.left = canvas.left, []
    second = canvas.paint(left, full=False)

    assert first == "\x1b[Habcdefghijklmnopqrst\r\n\nabcdefghijklmnopqrst"
    assert [each.y for each in left] == [1]
    assert second == "\r\x1bMabcdefghijklmnopqrst"


def test_a_canvas_is_not_complete_while_something_is_left() -> None:
    canvas = Canvas("truecolor")
    canvas.prepare((4, 2), "truecolor")
    lines = [line(0, Segment("abcd")), line(1, Segment("    "))]

    canvas.paint(lines, full=True, most=1)
    assert canvas.prepare((4, 2), "truecolor")

    canvas.paint(lines, full=True)
    assert not canvas.prepare((4, 2), "truecolor")


def test_a_change_of_one_colour_keeps_the_other() -> None:
    canvas = ready_canvas()

    written = canvas.paint(
        [line(0, Segment("ab", RED), Segment("cd", GREEN), Segment(" " * 16))], full=False
    )

    assert "b\x1b[38;2;0;200;0mcd" in written


def test_a_wide_character_is_painted_whole() -> None:
    canvas = ready_canvas()
    show(canvas, "字abc               ")

    assert show(canvas, "語abc               ") == "\r語"


def test_overwriting_half_a_wide_character_blanks_the_other_half(emulator: Any) -> None:
    canvas = ready_canvas(6, 1)
    terminal = emulator(6, 1)
    terminal.feed(show(canvas, "a字bcd"))

    overlay = Strip([Segment("ZZ")])
    terminal.feed(canvas.paint([DirtyLine(0, [(2, 4)], [(2, 4, overlay)])], full=False))

    assert terminal.rows() == ["a ZZcd"]


def test_a_span_that_cuts_a_wide_character_paints_both_halves(emulator: Any) -> None:
    canvas = ready_canvas(6, 1)
    terminal = emulator(6, 1)
    terminal.feed(show(canvas, "abcdef"))

    strip = Strip([Segment("a字字f")])
    terminal.feed(canvas.paint([DirtyLine(0, [(2, 4)], [(0, 6, strip)])], full=False))

    assert [cell[0] for cell in terminal.cells()[0]] == ["a", "字", "", "字", "", "f"]


def test_outside_its_spans_a_piece_is_not_believed() -> None:
    canvas = ready_canvas(6, 1)
    show(canvas, "abcdef")

    written = canvas.paint(
        [DirtyLine(0, [(2, 4)], [(0, 6, Strip([Segment("XXXXXX")]))])], full=False
    )

    assert written == "\x1b[3GXX"


def test_control_characters_never_reach_the_terminal() -> None:
    canvas = ready_canvas()
    outside = "a\x1b[2J\x07\x9b1m\u202eb\u200bc\x00\u2066\ud800"

    written = canvas.paint([line(0, Segment(outside.ljust(40)))], full=False)

    body = written.removeprefix("\x1b[H")
    assert body.startswith("a[2J1mbc\ufffd")
    assert all(character.isprintable() for character in body)


def test_a_link_opens_and_closes_and_cannot_smuggle_codes() -> None:
    canvas = ready_canvas(4, 1)

    linked = canvas.paint([line(0, Segment("abcd", Style(link="https://x.example")))], full=False)
    assert linked == "\r\x1b]8;;https://x.example\x1b\\abcd\x1b]8;;\x1b\\"

    smuggled = canvas.paint([line(0, Segment("efgh", Style(link="a\x07\x1b[2J")))], full=False)
    assert smuggled == "\refgh"


def test_after_a_glyph_of_doubtful_width_the_cursor_is_found_again() -> None:
    canvas = ready_canvas(12, 1)

    written = canvas.paint([line(0, Segment("a😀bcd".ljust(11)))], full=False)

    assert "😀\x1b[4Gb" in written


def test_a_forgotten_terminal_is_painted_in_full() -> None:
    canvas = ready_canvas(4, 1)
    show(canvas, "abcd")

    canvas.forget()

    assert canvas.prepare((4, 1), "truecolor")
    assert show(canvas, "abcd") == "\x1b[m\x1b[Habcd"
    assert not canvas.prepare((4, 1), "truecolor")


class Scribbler:
    """Makes random lines."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.styles = make_styles()

    def strip(self, width: int) -> Strip:
        segments: list[Segment] = []
        left = width
        while left > 0:
            segment = Segment(self.rng.choice(WORDS), self.rng.choice(self.styles))
            if segment.cell_length > left:
                segment = Segment(" " * left, segment.style)
            segments.append(segment)
            left -= segment.cell_length
        return Strip(segments, width)

    def changed(self, strip: Strip) -> Strip:
        width = strip.cell_length
        start = self.rng.randrange(width)
        stop = self.rng.randint(start + 1, width)
        return Strip.join([strip.crop(0, start), self.strip(stop - start), strip.crop(stop, width)])


def test_a_large_frame_in_which_nothing_changed_takes_well_below_a_millisecond() -> None:
    scribbler = Scribbler(1)
    canvas = Canvas("truecolor")
    canvas.prepare((200, 60), "truecolor")
    lines = [line(y, *scribbler.strip(200)) for y in range(60)]
    canvas.paint(lines, full=True)
    times_s = []

    for _ in range(50):
        started = perf_counter()
        assert canvas.paint(lines, full=True) == ""
        times_s.append(perf_counter() - started)

    assert min(times_s) < 0.001


@pytest.mark.parametrize(
    ("color_system", "traits"),
    [
        ("truecolor", CAPABLE),
        ("256", Traits()),
        ("standard", CAPABLE),
        (None, Traits(line_feeds=True)),
    ],
)
def test_thousands_of_random_updates_leave_the_terminal_as_a_repaint_would(
    emulator: Any, repaint: Any, color_system: str | None, traits: Traits
) -> None:
    scribbler = Scribbler(7)
    rng = scribbler.rng
    width, height = 24, 4
    canvas = Canvas(color_system)
    canvas.traits = traits
    canvas.prepare((width, height), color_system)
    terminal = emulator(width, height)
    rows = [scribbler.strip(width) for _ in range(height)]
    terminal.feed(canvas.paint([_pieces(rng, y, rows[y]) for y in range(height)], full=True))

    for step in range(1000):
        changes = {}
        for y in sorted(rng.sample(range(height), rng.randint(0, 2))):
            changes[y] = rows[y] = scribbler.changed(rows[y])
        frame = canvas.paint([_pieces(rng, y, strip) for y, strip in changes.items()], full=False)
        terminal.feed(frame)
        if step % 4 == 0:
            assert terminal.cells() == repaint(rows, width, height, color_system), f"step {step}"


@pytest.mark.parametrize("seed", range(3))
def test_random_spans_repaint_exactly_themselves(emulator: Any, repaint: Any, seed: int) -> None:
    scribbler = Scribbler(seed)
    rng = scribbler.rng
    width = 24
    canvas = ready_canvas(width, 1)
    terminal = emulator(width, 1)
    shown = Strip.blank(width)

    for step in range(600):
        wanted = scribbler.changed(shown)
        start = rng.randrange(width)
        stop = rng.randint(start + 1, width)
        shown = Strip.join([shown.crop(0, start), wanted.crop(start, stop), shown.crop(stop)])
        # What lies outside the span may be anything, so long as no wide character crosses its edges.
        piece = Strip.join(
            [scribbler.strip(start), wanted.crop(start, stop), scribbler.strip(width - stop)]
        )
        terminal.feed(
            canvas.paint([DirtyLine(0, [(start, stop)], [(0, width, piece)])], full=False)
        )

        assert terminal.cells() == repaint([shown], width, 1), f"step {step}"


def _pieces(rng: random.Random, y: int, strip: Strip) -> DirtyLine:
    """Cut a line at random as widgets' edges do; halves of wide characters become blanks there."""
    width = strip.cell_length
    cuts = [cut for cut in (8, 16) if cut < width and _is_boundary(strip, cut)]
    cuts = [cut for cut in cuts if rng.random() < 0.7]
    starts = [0, *cuts]
    ends = [*cuts, width]
    pieces = list(zip(starts, ends, strip.divide(ends), strict=True))
    return DirtyLine(y, [(0, width)], pieces)


def _is_boundary(strip: Strip, cut: int) -> bool:
    return Strip.join([strip.crop(0, cut), strip.crop(cut, None)]).text == strip.text
