"""Pictures need nothing from elsewhere, tables have the venue's digits, files overwrite no others."""

from __future__ import annotations

import os
import stat
import xml.etree.ElementTree as xml
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.segment import Segment
from rich.style import Style
from textual._ansi_theme import MONOKAI
from textual.strip import Strip

from tui.model.events import Candle
from tui.model.instrument import Instrument
from tui.model.timeframe import NS, Timeframe
from tui.pictures import (
    PictureError,
    file_name,
    keep,
    pictures_folder,
    png_renderer,
    to_csv,
    to_png,
    to_svg,
    to_text,
)

MOMENT = datetime(2024, 8, 8, 23, 54, 15, tzinfo=UTC)
SVG = "{http://www.w3.org/2000/svg}"
RED = Style(color="#ff0000", bgcolor="#000020")


def line(*parts: tuple[str, Style]) -> Strip:
    return Strip([Segment(text, style) for text, style in parts])


def svg(*lines: Strip) -> str:
    return to_svg(lines, title="tradetui", theme=MONOKAI)


def elements(text: str, name: str) -> list[xml.Element]:
    return list(xml.fromstring(text).iter(f"{SVG}{name}"))


# -- SVG and text ------------------------------------------------------------------------------


def test_a_picture_names_no_address_but_its_own_language() -> None:
    picture = svg(line(("BTC", RED)))

    assert picture.count("http") == 1
    assert "monospace" in picture


def test_words_stand_where_they_are_on_the_screen_in_their_colour() -> None:
    (words,) = elements(svg(Strip.blank(9), line(("   BTC ", RED))), "text")

    assert words.text == " BTC"
    assert (words.get("x"), words.get("y"), words.get("fill")) == ("19.26", "33.20", "#ff0000")


def test_what_looks_like_markup_is_text() -> None:
    (words,) = elements(svg(line(("<b>&\x1b</b>", RED))), "text")

    assert words.text == "<b>&\ufffd</b>"


def test_blocks_are_rectangles_of_their_part_of_the_cell() -> None:
    def boxes(character: str) -> list[tuple[float, float]]:
        style = Style(color="#00ff00")
        found = elements(svg(line((character, style))), "rect")
        return [
            (
                round(float(each.get("width", 0)) / 9.632, 2),
                round(float(each.get("height", 0)) / 18.6, 3),
            )
            for each in found
            if each.get("fill") == "#00ff00"
        ]

    assert boxes("█") == [(1.0, 1.0)]
    assert boxes("▃") == [(1.0, 0.375)]
    assert boxes("▌") == [(0.5, 1.0)]
    assert boxes("▀") == [(1.0, 0.5)]
    assert boxes("▞") == [(0.5, 0.5), (0.5, 0.5)]
    assert len(boxes("⠃")) == 2
    assert len(boxes("░")) == 8


def test_reversed_colours_are_exchanged() -> None:
    picture = svg(line(("x", Style(color="#112233", bgcolor="#445566", reverse=True))))

    assert elements(picture, "text")[0].get("fill") == "#445566"
    assert [each.get("fill") for each in elements(picture, "rect")][1:] == ["#112233"]


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=40))
def test_whatever_stands_on_the_screen_makes_a_sound_picture(text: str) -> None:
    words = elements(svg(line((text, RED))), "text")

    assert all(each.text and each.text.strip() for each in words)


def test_text_is_what_is_seen_without_blanks_at_the_end() -> None:
    assert to_text([line((" ▲ 1.0", RED), ("   ", RED)), Strip.blank(5)]) == " ▲ 1.0\n\n"


# -- PNG ---------------------------------------------------------------------------------------


def program(folder: Path, name: str, script: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


async def test_a_png_comes_from_the_program_that_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path, "rsvg-convert", '/bin/cat "$5" >"$4"; echo "$0 $5" >"$HOME/seen"')
    monkeypatch.setenv("PATH", str(tmp_path))

    assert png_renderer() == "rsvg-convert"
    assert await to_png("<svg/>") == b"<svg/>"
    called, _, source = (Path.home() / "seen").read_text().strip().partition(" ")
    assert called.endswith("rsvg-convert")
    assert not Path(source).parent.exists()


async def test_a_program_that_fails_is_quoted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path, "inkscape", "echo 'no such thing' >&2; exit 3")
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(PictureError, match="inkscape failed: no such thing"):
        await to_png("<svg/>")


async def test_where_nothing_makes_pngs_the_remedy_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)

    assert png_renderer() == ""
    with pytest.raises(PictureError, match="rsvg-convert"):
        await to_png("<svg/>")


# -- candles -----------------------------------------------------------------------------------


def candle(price: float, volume: float, close: float | None = None) -> Candle:
    return Candle(
        Instrument("BINANCE", "BTCUSDT"),
        Timeframe(1, "m"),
        1_723_161_240 * NS,
        price,
        price,
        price,
        price if close is None else close,
        volume,
        True,
    )


def test_candles_are_written_with_the_venues_digits() -> None:
    table = to_csv([candle(61837.5, 1.25)], price_decimals=2, size_decimals=5)

    assert table == (
        "time,open,high,low,close,volume\n"
        "2024-08-08T23:54:00Z,61837.50,61837.50,61837.50,61837.50,1.25000\n"
    )


def test_no_digit_is_rounded_away_and_no_number_is_written_with_an_exponent() -> None:
    table = to_csv([candle(8.12e-06, 1e21)], price_decimals=2, size_decimals=0)

    assert table.splitlines()[1].endswith("0.00000812,1000000000000000000000")


def test_what_is_not_a_number_is_left_empty() -> None:
    table = to_csv([candle(1.0, float("nan"))], price_decimals=0, size_decimals=0)

    assert table.splitlines()[1] == "2024-08-08T23:54:00Z,1,1,1,1,"


# -- files -------------------------------------------------------------------------------------


def test_a_file_never_takes_anothers_place(tmp_path: Path) -> None:
    paths = [keep(content, tmp_path, "a.svg").path for content in (b"1", b"22", b"3")]

    assert [path.name for path in paths] == ["a.svg", "a-2.svg", "a-3.svg"]
    assert [path.read_bytes() for path in paths] == [b"1", b"22", b"3"]


def test_only_the_owner_can_read_a_file(tmp_path: Path) -> None:
    path = keep(b"1", tmp_path, "a.svg").path

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "a.svg").symlink_to(tmp_path / "elsewhere")

    assert keep(b"1", tmp_path, "a.svg").path.name == "a-2.svg"
    assert not (tmp_path / "elsewhere").exists()


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match="No such file or directory"):
        keep(b"1", tmp_path / "gone", "a.svg")


def test_a_disk_that_is_full_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full:
        def __enter__(self) -> Full:
            return self

        def __exit__(self, *what: object) -> None:
            os.close(self.handle)

        def __init__(self, handle: int, mode: str) -> None:
            self.handle = handle

        def write(self, content: bytes) -> None:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fdopen", Full)
    with pytest.raises(PictureError, match="No space left"):
        keep(b"1", tmp_path, "a.svg")
    assert list(tmp_path.iterdir()) == []


def test_names_hold_nothing_that_a_file_system_refuses() -> None:
    assert file_name("KRAKEN:BTC/USD 1m", MOMENT, ".svg") == (
        "tradetui-KRAKEN-BTC-USD-1m-20240808-235415.svg"
    )
    assert file_name("../../etc", MOMENT, ".csv") == "tradetui-etc-20240808-235415.csv"
    assert file_name("", MOMENT, ".txt") == "tradetui-20240808-235415.txt"


def test_pictures_go_to_the_downloads_or_home() -> None:
    assert pictures_folder() == Path.home()

    (Path.home() / "Downloads").mkdir()
    assert pictures_folder() == Path.home() / "Downloads"
