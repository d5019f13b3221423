"""The app's actions that make pictures of what it shows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from textual.strip import Strip

from tui.model.text import clean
from tui.pictures import (
    CLIPBOARD_LIMIT,
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
from tui.screens.dashboard import Dashboard
from tui.screens.pictures import Form, PicturesScreen, Wish
from tui.session import Session
from tui.terminal.diffing_app import DiffingApp
from tui.widgets import format as fmt

_NOTICE = 300


class PictureActions(DiffingApp[int]):
    """Part of the app."""

    dashboard: Dashboard
    session: Session

    def action_screenshot(self, filename: str | None = None, path: str | None = None) -> None:
        """Keep an SVG of the screen."""
        lines = self.lines_shown()
        name = filename or file_name("", datetime.now(UTC), ".svg")
        self._keep(self._svg(lines).encode(), name, Path(path) if path else None)

    async def action_picture(self) -> None:
        """Ask what to make a picture of, and make it of what was shown before."""
        panel = self.dashboard.chosen
        subject = f"{panel.instrument} {panel.timeframe}" if panel.instrument else ""
        screen, picture = (
            self.lines_shown(),
            [panel.render_line(y) for y in range(panel.size.height)],
        )

        def answered(wish: Wish | None) -> None:
            if wish is not None:
                lines, of = (screen, "") if wish.of_screen else (picture, subject)
                self._make(wish.form, lines, of)

        # Waited for, so that the key that follows finds it.
        await self.push_screen(
            PicturesScreen(subject, renderer=png_renderer(), folder=pictures_folder()), answered
        )

    def _make(self, form: Form, lines: Sequence[Strip], subject: str) -> None:
        name = file_name(subject, datetime.now(UTC), f".{form}")
        match form:
            case Form.SVG:
                self._keep(self._svg(lines).encode(), name)
            case Form.PNG:
                self.run_worker(self._render(self._svg(lines), name), exit_on_error=False)
            case Form.TEXT:
                self._keep(to_text(lines).encode(), name)
            case Form.CLIPBOARD:
                self._copy(to_text(lines))
            case Form.CSV:
                self._keep(self._table().encode(), name)

    def _svg(self, lines: Sequence[Strip]) -> str:
        return to_svg(lines, title=self.title, theme=self.ansi_theme)

    async def _render(self, svg: str, name: str) -> None:
        try:
            png = await to_png(svg)
        except PictureError as error:
            self._complain(error)
        else:
            self._keep(png, name)

    def _table(self) -> str:
        """The candles that the chosen panel shows."""
        panel = self.dashboard.chosen
        if panel.instrument is None:
            return ""
        state = self.session.market[panel.instrument]
        return to_csv(
            panel.candles_in_view(),
            price_decimals=fmt.price_decimals(state.info, state.last_text),
            size_decimals=state.info.size_decimals if state.info else 0,
        )

    def _copy(self, text: str) -> None:
        length = len(text.encode())
        if length > CLIPBOARD_LIMIT:
            self.notify(
                f"no copy: {length:,} bytes are more than the {CLIPBOARD_LIMIT:,} that many "
                "terminals take; write a file instead",
                severity="error",
                markup=False,
            )
            return
        self.copy_to_clipboard(text)
        self.notify(
            f"{len(text.splitlines())} lines sent to the terminal's clipboard",
            markup=False,
            timeout=4,
        )

    def _keep(self, content: bytes, name: str, folder: Path | None = None) -> None:
        try:
            kept = keep(content, folder or pictures_folder(), name)
        except PictureError as error:
            self._complain(error)
        else:
            text = f"saved {kept.path} ({fmt.byte_count(kept.size_bytes)})"
            self.notify(clean(text, _NOTICE), markup=False, timeout=5)

    def _complain(self, error: PictureError) -> None:
        self.notify(clean(f"no picture: {error}", _NOTICE), severity="error", markup=False)
