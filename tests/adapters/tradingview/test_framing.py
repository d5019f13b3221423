"""Messages are cut at exactly their lengths, whatever they hold."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from talk import frame

from tui.adapters.tradingview.framing import split, wrap, write
from tui.model.errors import ProtocolError


@given(st.lists(st.text(max_size=30), max_size=5))
def test_any_texts_come_back_as_they_were(texts: list[str]) -> None:
    writable = [text.encode("utf-8", "ignore").decode() for text in texts]

    assert [body.decode() for body in split(frame(*writable))] == writable


def test_an_emoji_counts_two() -> None:
    assert [body.decode() for body in split("~m~3~m~a🚀~m~1~m~b".encode())] == ["a🚀", "b"]


def test_a_body_may_hold_what_looks_like_a_head() -> None:
    assert list(split(b"~m~9~m~~m~3~m~xx~m~1~m~y")) == [b"~m~3~m~xx", b"y"]


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"~m~9~m~short", "a message of length 9 is cut off after 5"),
        ("~m~9~m~é🚀".encode(), "a message of length 9 is cut off after 3"),
        (b"~m~1~m~ab", "no ~m~LENGTH~m~ at character 8"),
        (b"hello", "no ~m~LENGTH~m~ at character 0"),
        (b"~m~~m~", "no ~m~LENGTH~m~ at character 0"),
        (b"~m~99999999999999999999~m~", "no ~m~LENGTH~m~ at character 0"),
        ("~m~2~m~a🚀".encode(), "the length 2 ends within a character"),
        (b"~m~1~m~\xff", "not UTF-8, at byte 7"),
    ],
)
def test_what_is_not_framed_is_named(raw: bytes, words: str) -> None:
    with pytest.raises(ProtocolError, match=words):
        list(split(raw))


def test_what_is_whole_is_read_before_what_is_cut_off() -> None:
    bodies = split(b"~m~1~m~a~m~5~m~b")

    assert next(bodies) == b"a"
    with pytest.raises(ProtocolError, match="cut off"):
        next(bodies)


def test_a_message_is_written_as_the_socket_wants_it() -> None:
    assert write("set_locale", "en", "US") == '~m~34~m~{"m":"set_locale","p":["en","US"]}'
    assert wrap("~h~1") == "~m~4~m~~h~1"


def test_what_is_written_has_one_length_in_all_units() -> None:
    (body,) = split(write("resolve_symbol", "삼성🚀").encode())

    assert body == b'{"m":"resolve_symbol","p":["\\uc0bc\\uc131\\ud83d\\ude80"]}'
