"""The help: every action under its subject, with the keys that are bound now."""

from __future__ import annotations

import pytest
from staging import staged_app
from textual.widgets import Static

from tui.keymap import ACTIONS
from tui.screens.help import TOPICS, HelpScreen, help_topics


def test_every_action_stands_under_one_subject() -> None:
    listed = [name for _heading, rows in TOPICS for names, _text in rows for name in names]

    assert sorted(listed) == sorted(
        name for name in ACTIONS if not name[-1].isdigit() or name[-1] in "19"
    )


def test_first_keys_stand_before_second_ones_and_numbers_are_a_range() -> None:
    keys = {"pan_back": "← h", "pan_on": "→ l", "layout_1": "alt+1", "layout_9": "alt+9"}

    topics = dict(help_topics(lambda name: keys.get(name, ""), keys.__contains__))

    assert topics == {
        "Chart": [("← → h l", "back and on; drag does, too")],
        "Panels and layouts": [("alt+1 … alt+9", "switch to a layout")],
    }


@pytest.mark.parametrize(("width", "columns"), [(80, 1), (160, 2)])
async def test_subjects_stand_in_two_columns_where_there_is_room(width: int, columns: int) -> None:
    app = staged_app()
    async with app.run_test(size=(width, 40)) as pilot:
        await pilot.press("question_mark")
        assert isinstance(app.screen, HelpScreen)

        headings = [static.region.x for static in app.screen.query(Static) if static.region.height]

        assert len(set(headings[1:])) == columns


async def test_keys_are_words_where_arrows_would_be_letters() -> None:
    app = staged_app(glyphs="ascii")
    async with app.run_test(size=(160, 40)) as pilot:
        await pilot.pause()
        keys = app.dashboard.key_bar.render_line(0).text

        assert "enter into panel" in keys
        assert "down watch" in keys


async def test_the_bottom_line_names_what_a_chart_offers() -> None:
    app = staged_app()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()

        keys = app.dashboard.key_bar.render_line(0).text.rstrip()

        assert keys == (
            " / search  ⏎ into panel  ↓ watch  [ ] timeframe  g grid  b book  I indicators  d draw"
            "  A alerts  v view  ? help  q quit"
        )
