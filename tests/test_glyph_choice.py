"""Which characters charts are drawn with where the locale does not tell."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from tui.glyph_choice import choose_glyphs, name_glyphs
from tui.terminal import tmux

IN_TMUX = {"TERM": "tmux-256color", "TMUX": "/tmp/tmux-0/default,1,0"}


@pytest.fixture(autouse=True)
def utf8(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "__stderr__", SimpleNamespace(encoding="utf-8"))


@pytest.mark.parametrize(("passes", "glyphs"), [(True, "eighths"), (False, "ascii")])
def test_without_a_locale_tmux_is_asked_what_it_shows(
    monkeypatch: pytest.MonkeyPatch, passes: bool, glyphs: str
) -> None:
    monkeypatch.setattr(tmux, "passes_utf8", lambda: passes)

    assert choose_glyphs("auto", IN_TMUX).name == glyphs


def test_with_a_locale_or_a_wish_tmux_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tmux, "passes_utf8", lambda: pytest.fail("asked"))

    assert name_glyphs("auto", {**IN_TMUX, "LANG": "en_GB.UTF-8"}).value == "eighths"
    assert name_glyphs("halves", IN_TMUX).value == "halves"
    assert name_glyphs("auto", {"TERM": "xterm"}).value == "eighths"
