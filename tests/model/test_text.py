"""Text from outside is harmless once cleaned."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.model.text import clean


@pytest.mark.parametrize(
    ("outside", "harmless"),
    [
        ("BTCUSDT", "BTCUSDT"),
        ("", ""),
        ("[red]BTC[/red] [@click=app.quit]", "[red]BTC[/red] [@click=app.quit]"),
        ("\x1b[31mred\x1b[0m", "\ufffdred\ufffd"),
        ("\x9b2Jgone", "\ufffdgone"),
        ("\x1b]0;title\x07after", "\ufffdafter"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "\ufffdlink\ufffd"),
        ("\x1bP1$r0m\x1b\\x", "\ufffdx"),
        ("\x1bcreset", "\ufffdreset"),
        ("\x1b(0lqk", "\ufffdlqk"),
        ("unfinished \x1b]0;title", "unfinished \ufffd]0;title"),
        ("unfinished \x1b[12", "unfinished \ufffd[12"),
        ("bell\x07 null\x00 delete\x7f", "bell\ufffd null\ufffd delete\ufffd"),
        ("one\ntwo\r\nthree\tfour\u2028five", "one two three four five"),
        ("\u202egnp.exe", "\ufffdgnp.exe"),
        ("\u2066a\u2069", "\ufffda\ufffd"),
        ("BTC\u200bUSDT", "BTC\ufffdUSDT"),
        ("soft\u00adhyphen", "soft\ufffdhyphen"),
        ("hard\u00a0space", "hard space"),
        ("half\ud800pair", "half\ufffdpair"),
        ("❤\ufe0f", "❤"),
        ("币安人生USDT", "币安人生USDT"),
        ("e\u0301", "e\u0301"),
        ("z\u0301\u0302\u0303\u0304", "z\u0301\u0302"),
        ("\u0301start", "start"),
    ],
)
def test_text_from_outside_is_cleaned(outside: str, harmless: str) -> None:
    assert clean(outside) == harmless


@pytest.mark.parametrize(
    ("limit", "shown"),
    [(0, ""), (1, "…"), (4, "abc…"), (6, "abcdef"), (7, "abcdef"), (None, "abcdef")],
)
def test_long_text_ends_in_an_ellipsis(limit: int | None, shown: str) -> None:
    assert clean("abcdef", limit) == shown


def test_a_very_long_name_is_shortened() -> None:
    assert clean("\x1b[31m" + "N" * 10_000, 10) == "\ufffdNNNNNNNN…"


def test_a_negative_limit_is_refused() -> None:
    with pytest.raises(ValueError, match="-1"):
        clean("abc", -1)


@given(st.text(st.characters(), max_size=40))
def test_no_text_keeps_a_character_that_a_terminal_acts_on(outside: str) -> None:
    harmless = clean(outside)

    assert {unicodedata.category(c) for c in harmless}.isdisjoint({"Cc", "Cf", "Cs", "Zl", "Zp"})
    harmless.encode("utf-8")


@given(st.text(st.characters(), max_size=40))
def test_cleaning_twice_changes_nothing(outside: str) -> None:
    assert clean(clean(outside)) == clean(outside)
