"""What a terminal answers is no key, whenever and in however many pieces it comes; keys are all heard."""

from __future__ import annotations

import importlib
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from textual import events
from textual.message import Message

from tui.terminal import listening
from tui.terminal.listening import AnswerFilter, has_hung_up, listen

ANSWERS = {
    "background": "\x1b]11;rgb:1e1e/1e1e/2e2e\x1b\\",
    "background, ended by a bell": "\x1b]11;rgb:1e1e/1e1e/2e2e\x07",
    "clipboard": "\x1b]52;c;c2VjcmV0\x1b\\",
    "attributes": "\x1b[?62;4;22c",
    "second attributes": "\x1b[>1;95;0c",
    "third attributes": "\x1bP!|00000000\x1b\\",
    "name": "\x1bP>|tmux 3.3a\x1b\\",
    "capability": "\x1bP1+r436f=323536\x1b\\",
    "keyboard protocol": "\x1b[?0u",
    "size": "\x1b[8;24;80t",
    "status": "\x1b[0n",
    "picture": "\x1b_Gi=31;OK\x1b\\",
    "mode without a question mark": "\x1b[20;1$y",
    "cursor with a page": "\x1b[?12;40R",
}
KEYS = {
    "arrow": "\x1b[A",
    "function key": "\x1b[15~",
    "function key of the Linux console": "\x1b[[A",
    "alt with a digit": "\x1b1",
    "modified key": "\x1b[1;5C",
    "key of the newer protocol": "\x1b[97;5u",
    "mouse": "\x1b[<0;12;5M",
    "paste": "\x1b[200~text\x1b[201~",
    "mode report": "\x1b[?2026;2$y",
    "cursor": "\x1b[12;40R",
    "size that comes unasked": "\x1b[48;24;80;480;800t",
    "letters": "qé币",
}
PATIENCE_S = 10.0


class Moment:
    """A clock that stands until it is set."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_an_answer_is_taken_out_of_what_is_typed(answer: str) -> None:
    assert AnswerFilter().take(f"a{answer}b{answer}") == "ab"


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_an_answer_in_pieces_is_taken_out_as_well(answer: str) -> None:
    answers = AnswerFilter()

    passed = [answers.take(character) for character in f"a{answer}b"]

    assert "".join(passed) == "ab"
    assert answers.wait_s is None


@pytest.mark.parametrize("keys", KEYS.values(), ids=KEYS)
def test_keys_pass_as_they_are(keys: str) -> None:
    assert AnswerFilter().take(f"a{keys}b") == f"a{keys}b"


@pytest.mark.parametrize("keys", KEYS.values(), ids=KEYS)
def test_keys_in_pieces_are_put_together(keys: str) -> None:
    answers = AnswerFilter()

    assert "".join(answers.take(character) for character in f"{keys}b") == f"{keys}b"


@pytest.mark.parametrize("keys", ["\x1b", "\x1b]", "\x1bP", "\x1b_", "\x1b["])
def test_what_may_be_a_key_is_held_as_long_as_an_escape_key(keys: str) -> None:
    clock = Moment()
    answers = AnswerFilter(clock)

    assert answers.take(keys) == ""
    assert answers.wait_s == pytest.approx(0.1)
    clock.now += 0.2

    assert answers.wait_s == 0
    assert answers.give_up() == keys
    assert answers.wait_s is None


def test_half_an_answer_is_dropped_after_a_second() -> None:
    clock = Moment()
    answers = AnswerFilter(clock)

    assert answers.take("\x1b]11;rgb:1e1e/1e") == ""
    assert answers.wait_s == pytest.approx(1.0)

    assert answers.give_up() == ""
    assert answers.take("q") == "q"


def test_an_answer_without_an_end_is_not_kept_for_ever() -> None:
    answers = AnswerFilter()

    answers.take("\x1b]11;" + "x" * 70_000)

    assert answers.take("q") == "q"


# -- on a terminal -----------------------------------------------------------------------------


class Heard:
    """What was delivered."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self._more = threading.Condition()

    def deliver(self, message: Message) -> None:
        with self._more:
            self.messages.append(message)
            self._more.notify()

    @property
    def keys(self) -> list[str]:
        return [message.key for message in self.messages if isinstance(message, events.Key)]

    def wait_for(self, condition: Callable[[], bool]) -> None:
        with self._more:
            assert self._more.wait_for(condition, PATIENCE_S), self.messages


@contextmanager
def hearing(encoding: str = "utf-8") -> Iterator[tuple[int, Heard]]:
    """Yields where to write as a terminal would, and what is heard of it."""
    near, far = os.pipe()
    heard, is_over = Heard(), threading.Event()
    thread = threading.Thread(target=listen, args=(near, is_over, heard.deliver, encoding))
    thread.start()
    try:
        yield far, heard
    finally:
        is_over.set()
        thread.join(PATIENCE_S)
        os.close(near)
        os.close(far)


def test_a_late_answer_presses_no_keys() -> None:
    with hearing() as (terminal, heard):
        os.write(terminal, f"a{''.join(ANSWERS.values())}b".encode())
        heard.wait_for(lambda: "b" in heard.keys)

    assert heard.keys == ["a", "b"]


def test_bytes_that_are_no_text_do_not_end_the_hearing() -> None:
    with hearing() as (terminal, heard):
        os.write(terminal, b"\xff\xe9\xc3(")
        os.write(terminal, b"q")
        heard.wait_for(lambda: "q" in heard.keys)

    assert "q" in heard.keys


def test_letters_are_read_in_the_terminals_encoding() -> None:
    with hearing("iso8859-1") as (terminal, heard):
        os.write(terminal, b"\xe9")
        heard.wait_for(lambda: bool(heard.messages))

    assert [message.character for message in heard.messages] == ["é"]  # type: ignore[attr-defined]


def test_an_escape_key_is_told_when_nothing_follows_it() -> None:
    with hearing() as (terminal, heard):
        os.write(terminal, b"\x1b")
        heard.wait_for(lambda: bool(heard.messages))

    assert heard.keys == ["escape"]


def test_a_terminal_that_hung_up_is_an_error() -> None:
    near, far = os.pipe()
    os.close(far)

    with pytest.raises(OSError, match="hung up"):
        listen(near, threading.Event(), lambda message: None)
    os.close(near)


def test_who_could_send_is_told_from_who_is_gone() -> None:
    near, far = os.pipe()
    os.write(far, b"unread")
    before = has_hung_up(near)
    os.close(far)
    after = has_hung_up(near)
    os.close(near)

    assert (before, after) == (False, True)


@pytest.mark.parametrize(("owner", "names"), listening.PRIVATE_NAMES.items())
def test_textual_still_has_the_names_that_we_use(owner: str, names: tuple[str, ...]) -> None:
    module, _, class_name = owner.rpartition(".")
    found = getattr(importlib.import_module(module), class_name)()

    assert [name for name in names if not hasattr(found, name)] == []
