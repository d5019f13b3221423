"""Frames that wait to be decoded."""

from __future__ import annotations

import asyncio

import pytest

from tui.feed.inbox import Inbox


def held(inbox: Inbox) -> list[bytes]:
    frames = []
    while (item := inbox.take()) is not None:
        frames.append(item[0])
    return frames


def test_frames_leave_in_order_with_their_stamps() -> None:
    inbox = Inbox(10)
    inbox.put(b"a", 1)
    inbox.put(b"b", 2)

    assert inbox.take() == (b"a", 1)
    assert inbox.take() == (b"b", 2)
    assert inbox.take() is None


def test_an_overflow_drops_the_oldest_quarter_and_counts_it() -> None:
    inbox = Inbox(8)
    for number in range(9):
        inbox.put(b"%d" % number, number)

    assert inbox.overflowed == 3
    assert held(inbox) == [b"3", b"4", b"5", b"6", b"7", b"8"]


def test_bytes_are_bounded_too() -> None:
    inbox = Inbox(100, bytes_limit=100)
    for _ in range(11):
        inbox.put(b"x" * 10, 0)

    assert inbox.overflowed == 4
    assert len(inbox) == 7


def test_a_single_huge_frame_is_kept() -> None:
    inbox = Inbox(100, bytes_limit=100)

    inbox.put(b"x" * 1000, 0)

    assert inbox.overflowed == 0
    assert len(inbox) == 1


async def test_waiting_ends_with_a_frame_and_begins_again_without() -> None:
    inbox = Inbox(10)
    inbox.put(b"a", 1)
    await inbox.wait()
    inbox.take()
    inbox.take()

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(inbox.wait(), 0.001)


def test_an_abandoned_inbox_takes_nothing_more() -> None:
    inbox = Inbox(10)
    inbox.put(b"a", 1)

    inbox.abandon()
    inbox.put(b"b", 2)

    assert held(inbox) == []


def test_an_empty_frame_is_a_sign_of_life_and_nothing_to_decode() -> None:
    inbox = Inbox(10)

    inbox.put(b"", 1)

    assert len(inbox) == 0
