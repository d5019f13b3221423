"""Take the README's pictures from the program itself, running on the embedded market.

Run it in the project's virtual environment: `.venv/bin/python docs/take_pictures.py`.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from pathlib import Path

os.environ["TEXTUAL_ANIMATIONS"] = "none"
os.environ["TEXTUAL_COLOR_SYSTEM"] = "truecolor"

from tui.app import TradeTuiApp
from tui.launch import Launch, Mode
from tui.pictures import to_svg
from tui.sim.process import SimProcess, start_sim
from tui.sources import SimSource
from tui.themes import load_themes

PICTURES = Path(__file__).parent / "pictures"
SHOTS: list[tuple[str, tuple[int, int], str, tuple[str, ...]]] = [
    ("dashboard", (200, 50), "dark", ()),
    (
        "chart",
        (120, 40),
        "dark",
        (
            *("1", "z", "b", "I", "a", *"bollinger", "enter", "escape", "escape"),
            *("I", "a", *"rsi", "enter", "escape", "escape"),
        ),
    ),
    ("heatmap", (120, 40), "dark", ("z", "H")),
    ("metrics", (160, 45), "dark", ("m", "v")),
    ("search", (120, 40), "dark", ("slash", "e", "t", "h")),
    ("light", (120, 40), "light", ()),
    ("monochrome", (120, 40), "monochrome", ()),
    ("narrow", (80, 24), "dark", ()),
    ("tiny", (40, 12), "dark", ()),
]
SECONDS_OF_DATA = 8.0


async def take(
    sim: SimProcess, name: str, size: tuple[int, int], theme: str, keys: tuple[str, ...]
) -> None:
    source = SimSource(sim)
    themes, _ = load_themes()
    settings = Launch(mode=Mode.SIM).settings
    launch = Launch(
        mode=Mode.SIM,
        settings=type(settings)(theme=theme),
        instruments=source.instruments[:4],
        watchlist=source.instruments,
        themes=themes,
    )
    app = TradeTuiApp(launch, source)
    async with app.run_test(size=size) as pilot:
        await asyncio.sleep(SECONDS_OF_DATA)
        await pilot.press(*keys)
        await asyncio.sleep(2.0)
        picture = to_svg(app.lines_shown(), title="tradetui", theme=app.ansi_theme)
        (PICTURES / f"{name}.svg").write_text(picture, encoding="utf-8")


def main() -> None:
    PICTURES.mkdir(exist_ok=True)
    for name, size, theme, keys in SHOTS:
        # Each picture has a home and a market of its own, so that nothing is remembered.
        os.environ["HOME"] = tempfile.mkdtemp()
        asyncio.run(take(start_sim(seed=7), name, size, theme, keys))


if __name__ == "__main__":
    main()
