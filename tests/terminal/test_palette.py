"""Looks are told apart by what is visible, and changed with few codes."""

from __future__ import annotations

import pytest
from rich.style import Style

from tui.terminal.palette import PLAIN, Palette


def step(before: str, after: str) -> str:
    palette = Palette("truecolor")
    codes, _ = palette.step(palette.number(Style.parse(before)), palette.number(Style.parse(after)))
    return codes.replace("\x1b", "")


@pytest.mark.parametrize(
    ("before", "after", "codes"),
    [
        ("none", "bold", "[1m"),
        ("bold red", "none", "[m"),
        ("bold", "bold italic", "[3m"),
        ("bold dim", "dim", "[0;2m"),
        ("bold #010203 on #040506", "#010203 on #040506", "[22m"),
        ("bold dim #010203 on #040506", "dim #010203 on #040506", "[22;2m"),
        ("red on blue", "green on blue", "[32m"),
        ("red on blue", "on blue", "[39m"),
        ("red on blue", "red", "[49m"),
        ("underline red", "red", "[24m"),
        ("#010203 on #040506", "bold reverse underline", "[0;1;4;7m"),
        ("frame red", "red", "[0;31m"),
        ("red", "red", ""),
        ("default on default", "none", ""),
    ],
)
def test_a_change_of_look_takes_few_codes(before: str, after: str, codes: str) -> None:
    assert step(before, after) == codes


def test_meta_is_no_part_of_a_look() -> None:
    palette = Palette("truecolor")

    assert palette.number(Style(bold=True, meta={"a": 1})) == palette.number(Style(bold=True))


def test_colours_are_rounded_to_what_the_terminal_has() -> None:
    few, many = Palette("256"), Palette("truecolor")
    one, other = Style.parse("#ff0000"), Style.parse("#fe0000")

    assert few.number(one) == few.number(other)
    assert many.number(one) != many.number(other)


def test_a_blank_needs_only_its_background() -> None:
    palette = Palette("truecolor")
    ink = palette.number(Style.parse("red on blue"))
    blank = palette.number(Style.parse("bold green on black"))

    codes, reached = palette.step_to_blank(ink, blank)

    assert codes == "\x1b[40m"
    assert reached == palette.number(Style.parse("red on black"))


def test_a_blank_after_underlined_text_ends_the_line() -> None:
    palette = Palette("truecolor")
    underlined = palette.number(Style.parse("underline"))

    assert palette.step_to_blank(underlined, PLAIN) == ("\x1b[m", PLAIN)


def test_a_palette_of_endless_colours_asks_to_be_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.terminal.palette._MOST_LOOKS", 100)
    palette = Palette("truecolor")

    for code in range(99):  # the palette begins with a look of its own
        palette.number(Style(color=f"#{code:06x}"))
    assert not palette.is_full

    palette.number(Style(color="#ffffff"))
    assert palette.is_full


def test_two_colours_that_change_places_are_reversed() -> None:
    palette = Palette("truecolor")
    cut = palette.number(Style(color="#0b0e14", bgcolor="#2ebd8b"))
    bar = palette.number(Style(color="#2ebd8b", bgcolor="#0b0e14"))

    codes, reached = palette.step(bar, cut)

    assert codes == "\x1b[7m"
    assert palette.shown[reached] == cut
    assert palette.step(reached, bar) == ("\x1b[27m", bar)


def test_the_first_sixteen_colours_are_not_reversed_since_bold_brightens_one_of_them() -> None:
    palette = Palette("standard")
    one = palette.number(Style(color="green", bgcolor="black"))
    other = palette.number(Style(color="black", bgcolor="green"))

    assert palette.step(one, other) == ("\x1b[30;42m", other)


def test_without_colours_only_attributes_are_sent() -> None:
    palette = Palette("none")
    dark = palette.number(Style(color="#d0d0d0", bgcolor="#101010", bold=True))
    lit = palette.number(Style(color="#101010", bgcolor="#80a0ff"))

    assert palette.step(0, dark)[0] == "\x1b[1m"
    assert palette.step(0, lit)[0] == "\x1b[7m"


def test_in_sixteen_colours_what_can_be_read_stays_readable() -> None:
    palette = Palette("standard")
    grey = palette.number(Style(color="#303030", bgcolor="#0b0e14"))
    white = palette.number(Style(color="#a0a0a0", bgcolor="#404040"))

    assert palette.step(0, grey)[0] == "\x1b[90;40m"
    assert palette.step(0, white)[0] != palette.step(0, grey)[0]


@pytest.mark.parametrize(
    ("colour", "codes"),
    [
        ("#0a7a52", "32"),  # a deep green is nearer to grey, by distance
        ("#c22f3e", "31"),
        ("#2ebd8b", "92"),
        ("#f2616f", "91"),
        ("#8a5a00", "33"),
        ("#1b56b8", "34"),
        ("#5b6370", "90"),
    ],
)
def test_in_sixteen_colours_a_colour_keeps_its_hue(colour: str, codes: str) -> None:
    palette = Palette("standard")

    assert palette.step(0, palette.number(Style(color=colour)))[0] == f"\x1b[{codes}m"
