"""What the screen shows as an SVG, a PNG, plain text or a table, and the files these are kept in."""

from __future__ import annotations

import asyncio
import csv
import importlib.util
import io
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import count
from math import isfinite
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

import msgspec
import platformdirs
from rich.cells import cell_len
from rich.color import Color
from rich.color_triplet import ColorTriplet
from rich.segment import Segment
from rich.style import Style
from rich.terminal_theme import TerminalTheme
from textual.strip import Strip

from tui.feed.programs import run_program
from tui.model.errors import TradeTuiError
from tui.model.events import Candle
from tui.model.moment import date_of

CLIPBOARD_LIMIT: Final = 74_994
"""Bytes: many terminals drop a clipboard sequence that is longer than 100,000 characters when encoded."""

# Of DejaVu Sans Mono at 16 px, the font that is there where nobody chose one.
_WIDTH, _HEIGHT, _BASELINE, _FONT_SIZE = 9.632, 18.6, 14.6, 16
# No address of a font: a picture must look the same without a network.
_FONTS = (
    "'DejaVu Sans Mono', 'Cascadia Mono', 'JetBrains Mono', 'Fira Code', Menlo, Consolas, "
    "'Liberation Mono', monospace"
)
_PNG_WITHIN_S = 60.0
_NAMES_TRIED = 1000


class PictureError(TradeTuiError):
    """A picture that cannot be made or kept."""


# -- text and SVG ------------------------------------------------------------------------------


def to_text(lines: Iterable[Strip]) -> str:
    """The characters alone; blanks at the end of a line are left out."""
    return "".join(f"{line.text.rstrip()}\n" for line in lines)


def to_svg(lines: Sequence[Strip], *, title: str, theme: TerminalTheme) -> str:
    """The lines as an SVG that needs nothing from elsewhere.

    Blocks and braille dots are drawn as rectangles, so that candles come out alike in every font.

    Args:
        title: plain text, for whoever does not see the picture.
        theme: what the terminal's own colours are taken for.
    """
    columns = max((line.cell_length for line in lines), default=0)
    width, height = columns * _WIDTH, len(lines) * _HEIGHT
    backs: list[str] = []
    fronts: list[str] = []
    for y, line in enumerate(lines):
        x = 0
        for text, style, _ in Segment.simplify(line):
            _draw(text, style or Style.null(), x, y, theme, backs, fronts)
            x += cell_len(text)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.1f} {height:.1f}" '
        f'width="{width:.0f}" height="{height:.0f}">\n'
        f"<title>{escape(title)}</title>\n"
        f"<style>text {{ font: {_FONT_SIZE}px {_FONTS}; white-space: pre; }}</style>\n"
        f'<rect width="100%" height="100%" fill="{theme.background_color.hex}"/>\n'
        f'<g shape-rendering="crispEdges">\n{_joined(backs)}</g>\n<g>\n{_joined(fronts)}</g>\n</svg>\n'
    )


def _joined(elements: Sequence[str]) -> str:
    return "".join(f"{element}\n" for element in elements)


def _draw(
    text: str,
    style: Style,
    x: int,
    y: int,
    theme: TerminalTheme,
    backs: list[str],
    fronts: list[str],
) -> None:
    front = _triplet(style.color, theme, theme.foreground_color)
    back = _triplet(style.bgcolor, theme, theme.background_color)
    if style.reverse:
        front, back = back, front
    if style.dim:
        front = ColorTriplet(*(round(a * 0.6 + b * 0.4) for a, b in zip(front, back, strict=True)))
    if back != theme.background_color:
        backs.append(_rectangle(x, y, 0.0, 0.0, cell_len(text), 1.0, back.hex))
    for run in re.finditer(r"[▀-▟]+|[⠀-⣿]+|(?: ?[^ ▀-▟⠀-⣿])+", text):
        at = x + cell_len(text[: run.start()])
        if "▀" <= run[0][0] <= "▟" or "⠀" <= run[0][0] <= "⣿":
            for place, character in enumerate(run[0]):
                backs.extend(
                    _rectangle(at + place, y, *box, front.hex) for box in _boxes(character)
                )
        else:
            fronts.append(_words(run[0], at, y, front.hex, style))


def _words(text: str, x: int, y: int, colour: str, style: Style) -> str:
    length = cell_len(text) * _WIDTH
    marks = "".join(
        mark
        for is_so, mark in (
            (style.bold, ' font-weight="bold"'),
            (style.italic, ' font-style="italic"'),
            (style.underline, ' text-decoration="underline"'),
            (style.strike, ' text-decoration="line-through"'),
        )
        if is_so
    )
    return (
        f'<text x="{x * _WIDTH:.2f}" y="{y * _HEIGHT + _BASELINE:.2f}" textLength="{length:.2f}" '
        f'lengthAdjust="spacingAndGlyphs" fill="{colour}"{marks} xml:space="preserve">'
        f"{escape(_printable(text))}</text>"
    )


def _printable(text: str) -> str:
    """Without characters that XML cannot hold."""
    return "".join(each if each.isprintable() else "\ufffd" for each in text)


def _rectangle(
    x: float, y: float, left: float, top: float, right: float, bottom: float, colour: str
) -> str:
    """A rectangle in the cell at x and y; its sides are given in cells."""
    return (
        f'<rect x="{(x + left) * _WIDTH:.2f}" y="{(y + top) * _HEIGHT:.2f}" '
        f'width="{(right - left) * _WIDTH:.2f}" height="{(bottom - top) * _HEIGHT:.2f}" '
        f'fill="{colour}"/>'
    )


_HALVES: Final = (
    (0.0, 0.0, 0.5, 0.5),
    (0.5, 0.0, 1.0, 0.5),
    (0.0, 0.5, 0.5, 1.0),
    (0.5, 0.5, 1, 1),
)
_QUADRANTS: Final = {
    "▖": (2,), "▗": (3,), "▘": (0,), "▙": (0, 2, 3), "▚": (0, 3),
    "▛": (0, 1, 2), "▜": (0, 1, 3), "▝": (1,), "▞": (1, 2), "▟": (1, 2, 3),
}  # fmt: skip
# Where a braille character's bits are: column and row.
_DOTS: Final = ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3))


def _boxes(character: str) -> list[tuple[float, float, float, float]]:
    """The filled parts of a cell: left, top, right and bottom of each, from 0 to 1."""
    number = ord(character)
    if character == "▀":
        return [(0.0, 0.0, 1.0, 0.5)]
    if "▁" <= character <= "█":
        return [(0.0, 1 - (number - 0x2580) / 8, 1.0, 1.0)]
    if "▉" <= character <= "▏":
        return [(0.0, 0.0, (0x2590 - number) / 8, 1.0)]
    if character == "▐":
        return [(0.5, 0.0, 1.0, 1.0)]
    if "░" <= character <= "▓":
        return _shade(number - 0x2590)
    if character == "▔":
        return [(0.0, 0.0, 1.0, 0.125)]
    if character == "▕":
        return [(0.875, 0.0, 1.0, 1.0)]
    if character in _QUADRANTS:
        return [_HALVES[quadrant] for quadrant in _QUADRANTS[character]]
    return [
        (column / 2 + 0.12, row / 4 + 0.05, column / 2 + 0.38, row / 4 + 0.2)
        for bit, (column, row) in enumerate(_DOTS)
        if (number - 0x2800) >> bit & 1
    ]


def _shade(quarters: int) -> list[tuple[float, float, float, float]]:
    """One to three quarters of a cell, as a pattern."""
    return [
        (column / 4, row / 8, (column + 1) / 4, (row + 1) / 8)
        for row in range(8)
        for column in range(4)
        if (column + 2 * (row % 2)) % 4 < quarters
    ]


def _triplet(colour: Color | None, theme: TerminalTheme, default: ColorTriplet) -> ColorTriplet:
    if colour is None or colour.is_default:
        return default
    return colour.get_truecolor(theme)


# -- PNG ---------------------------------------------------------------------------------------


def png_renderer() -> str:
    """What makes PNGs on this machine: a program, a library, or "" where there is none."""
    for program in ("rsvg-convert", "inkscape"):
        if shutil.which(program):
            return program
    return "cairosvg" if importlib.util.find_spec("cairosvg") else ""


async def to_png(svg: str) -> bytes:
    """Make a PNG of an SVG.

    Raises:
        PictureError: nothing here can, or it failed.
    """
    renderer = png_renderer()
    if not renderer:
        raise PictureError(
            "nothing here makes PNGs", "install rsvg-convert (librsvg), inkscape or cairosvg"
        )
    if renderer == "cairosvg":
        return await asyncio.to_thread(_with_cairosvg, svg)
    with tempfile.TemporaryDirectory(prefix="tradetui-") as folder:
        source, target = Path(folder) / "picture.svg", Path(folder) / "picture.png"
        source.write_text(svg, encoding="utf-8")
        if renderer == "inkscape":
            command = [renderer, f"--export-filename={target}", "--export-type=png", str(source)]
        else:
            command = [renderer, "--format", "png", "--output", str(target), str(source)]
        try:
            ended = await run_program(command, timeout_s=_PNG_WITHIN_S)
        except OSError as error:
            raise PictureError(f"{renderer} cannot be run: {error.strerror}") from None
        except TimeoutError:
            raise PictureError(f"{renderer} did not finish in {_PNG_WITHIN_S:.0f} s") from None
        if ended.code or not target.exists():
            words = ended.complaint.strip().splitlines()
            raise PictureError(f"{renderer} failed: {words[-1] if words else ended.how}")
        return target.read_bytes()


def _with_cairosvg(svg: str) -> bytes:
    try:
        library = importlib.import_module("cairosvg")
        return bytes(library.svg2png(bytestring=svg.encode()))
    except (
        Exception
    ) as error:  # a library of somebody else's, and what it is made of may be missing
        raise PictureError(f"cairosvg failed: {type(error).__name__}: {error}") from None


# -- candles as a table ------------------------------------------------------------------------


def to_csv(candles: Iterable[Candle], *, price_decimals: int, size_decimals: int) -> str:
    """Candles as CSV: open time (ISO 8601, UTC), open, high, low, close, volume.

    Args:
        price_decimals, size_decimals: digits after the point that the venue writes; more are written
            where a number has more. What is not a number is left empty.
    """
    written = io.StringIO()
    table = csv.writer(written, lineterminator="\n")
    table.writerow(("time", "open", "high", "low", "close", "volume"))
    for candle in candles:
        prices = (candle.open, candle.high, candle.low, candle.close)
        table.writerow(
            (
                f"{date_of(candle.open_time):%Y-%m-%dT%H:%M:%SZ}",
                *(_plain(value, price_decimals) for value in prices),
                _plain(candle.volume, size_decimals),
            )
        )
    return written.getvalue()


def _plain(value: float, decimals: int) -> str:
    if not isfinite(value):
        return ""
    # The shortest text that means the same number has all the digits that the venue sent.
    exact = Decimal(repr(value))
    exponent = exact.as_tuple().exponent
    assert isinstance(exponent, int)
    return f"{exact:.{max(decimals, -exponent if exact % 1 else 0)}f}"


# -- files -------------------------------------------------------------------------------------


class Kept(msgspec.Struct, frozen=True):
    """A file that was written."""

    path: Path
    size_bytes: int


def pictures_folder() -> Path:
    """Where pictures go: the folder for downloads, which a server rarely has, or else the home."""
    downloads = platformdirs.user_downloads_path()
    return downloads if downloads.is_dir() else Path.home()


def file_name(subject: str, moment: datetime, ending: str) -> str:
    """A name that every file system takes: `tradetui-BINANCE-BTCUSDT-1m-20240808-235415.svg`."""
    words = re.sub(r"[^A-Za-z0-9]+", "-", subject).strip("-")[:60]
    return (
        "-".join(part for part in ("tradetui", words, f"{moment:%Y%m%d-%H%M%S}") if part) + ending
    )


def keep(content: bytes, folder: Path, name: str) -> Kept:
    """Write a new file that only its owner can read; a number is added to a name that is taken.

    Raises:
        PictureError: it cannot be written; nothing is left behind.
    """
    stem, ending = os.path.splitext(name)
    for number in count(1):
        path = folder / (name if number == 1 else f"{stem}-{number}{ending}")
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            if number < _NAMES_TRIED:
                continue
            raise PictureError(f"{path}: too many files of that name") from None
        except OSError as error:
            raise PictureError(f"{path}: {error.strerror}") from None
        break
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise PictureError(f"{path}: {error.strerror}") from None
    return Kept(path, len(content))
