"""A terminal emulator: what is written to it becomes cells that tests compare."""

from __future__ import annotations

from collections.abc import Callable

import pyte

Cell = tuple[str, str, str, bool, bool, bool, bool]
"""Character, ink and ground, and whether it is bold, italic, underlined and struck out."""
_GARBAGE = pyte.screens.Char("#", fg="red", bold=True, underscore=True)


class _Screen(pyte.Screen):
    """Tells what a program asks of its terminal to whoever listens."""

    answer: Callable[[str], object] | None = None

    def write_process_input(self, data: str) -> None:
        if self.answer is not None:
            self.answer(data)


class Emulator:
    """A terminal that understands what is written to it and shows cells.

    `answer` is given what a terminal answers to the questions in what it is fed.
    """

    def __init__(
        self, width: int, height: int, answer: Callable[[str], object] | None = None
    ) -> None:
        self.screen = _Screen(width, height)
        self.screen.answer = answer
        self.screen.reset_mode(7, private=True)  # no wrapping, as Textual sets it
        self._stream = pyte.Stream(self.screen)
        self._cells: dict[int, list[Cell]] = {}

    def feed(self, text: str) -> None:
        self._stream.feed(text)

    def scribble(self) -> None:
        """Show garbage everywhere; what is half written, such as a code, goes on as before."""
        screen = self.screen
        for y in range(screen.lines):
            for x in range(screen.columns):
                screen.buffer[y][x] = _GARBAGE
        screen.dirty.update(range(screen.lines))

    def resize(self, width: int, height: int) -> None:
        """Change the size as careless terminals do: garbage is there now, the cursor elsewhere."""
        self.screen.resize(height, width)
        self.screen.cursor.x, self.screen.cursor.y = width // 2, height // 2
        self.scribble()

    def cells(self) -> list[list[Cell]]:
        screen = self.screen
        for y in screen.dirty:
            row = screen.buffer[y]
            self._cells[y] = [_visible(row[x]) for x in range(screen.columns)]
        screen.dirty.clear()
        return [self._cells[y] for y in range(screen.lines)]

    def rows(self) -> list[str]:
        return [row.rstrip() for row in self.screen.display]


def _visible(char: pyte.screens.Char) -> Cell:
    ink, ground = char.fg, char.bg
    if char.reverse:
        # It looks the same however it was said, as a full block does and a blank on its colour. What
        # defaults look like, only the terminal knows.
        ink, ground = (
            f"the other {colour}" if colour == "default" else colour for colour in (ground, ink)
        )
    lined = char.underscore or char.strikethrough
    if char.data == "█" and not lined:
        return (" ", "", ink, False, False, False, False)
    if char.data == " " and not lined:
        return (" ", "", ground, False, False, False, False)
    return (
        char.data,
        ink,
        ground,
        char.bold,
        char.italics,
        char.underscore,
        char.strikethrough,
    )
