"""The pacer paints as often as wanted where the link allows it, and never into a queue."""

from __future__ import annotations

import pytest

from tui.terminal.pacing import Pacer, Rest


class Link:
    """A terminal at the far end of a link: it takes so many bytes a second, and answers."""

    def __init__(self, byte_rate: float, way_s: float = 0.02, *, answers: bool = True) -> None:
        self.now = 100.0
        self.byte_rate = byte_rate
        self.way_s = way_s
        self.answers = answers
        self.free_at = self.now
        self.due: list[float] = []
        self.pacer = Pacer(10.0, clock=lambda: self.now)
        self.frames: list[float] = []
        self.queued_s: list[float] = []

    def send(self, size: int) -> None:
        self.queued_s.append(max(0.0, self.free_at - self.now))
        self.free_at = max(self.free_at, self.now) + size / self.byte_rate
        self.pacer.note_sent(size)
        if self.pacer.should_ask(0):
            self.ask()
        self.frames.append(self.now)

    def ask(self) -> None:
        self.pacer.note_asked()
        if self.answers:
            self.due.append(max(self.free_at, self.now) + self.way_s)

    def run(self, seconds: float, size: int) -> None:
        """Beat ten times a second, as the frame clock does; each frame is of so many bytes."""
        end = self.now + seconds
        beat = self.now
        while self.now < end:
            if self.due and self.due[0] <= beat:
                self.now = max(self.now, self.due.pop(0))
                self.pacer.note_answered()
                continue
            self.now = beat
            beat += 0.1
            if self.pacer.is_due() and not self.pacer.holds():
                self.send(size)

    def rate_of_late(self, seconds: float) -> float:
        return sum(moment > self.now - seconds for moment in self.frames) / seconds


def test_a_fast_link_gets_every_frame() -> None:
    link = Link(1_000_000)
    link.ask()

    link.run(20, 1500)

    assert link.rate_of_late(10) == pytest.approx(10, abs=0.2)
    assert link.pacer.byte_rate is None
    assert not link.pacer.is_low


def test_a_long_way_alone_does_not_slow_it_down() -> None:
    link = Link(1_000_000, way_s=0.3)
    link.ask()

    link.run(20, 1500)

    assert link.rate_of_late(10) == pytest.approx(10, abs=0.5)
    assert link.pacer.round_trip_s == pytest.approx(0.3, abs=0.01)


def test_on_a_slow_link_frames_wait_until_the_last_one_was_seen() -> None:
    link = Link(1200)  # 9.6 kbit/s
    link.ask()

    link.run(60, 2000)

    assert 0.3 < link.rate_of_late(40) < 0.7
    assert max(link.queued_s[4:]) < 0.3  # so what a key does is the next thing painted
    assert link.pacer.byte_rate == pytest.approx(1200, rel=0.25)


def test_the_link_is_not_filled_to_the_brim() -> None:
    link = Link(8 * 1024)
    link.ask()

    link.run(60, 2000)

    assert 2.0 < link.rate_of_late(30) < 4.0  # four would fill it


def test_a_link_that_stays_slow_asks_for_plainer_things_and_one_that_recovers_no_longer() -> None:
    link = Link(1200)
    link.ask()
    link.run(5, 1000)
    assert not link.pacer.is_low

    link.run(20, 1000)
    assert link.pacer.is_low

    link.byte_rate = 1_000_000
    link.run(30, 5000)
    assert link.pacer.is_low
    link.run(60, 5000)
    assert not link.pacer.is_low


def test_small_frames_do_not_prove_that_a_slow_link_has_recovered() -> None:
    link = Link(1200)
    link.ask()
    link.run(30, 1000)

    link.run(120, 60)

    assert link.pacer.is_low


def test_a_terminal_that_never_answers_is_soon_asked_no_more_and_never_waited_for() -> None:
    link = Link(1_000_000, answers=False)
    link.ask()

    link.run(60, 1500)

    assert link.rate_of_late(50) == pytest.approx(10, abs=0.2)
    assert not link.pacer.should_ask(100_000)


def test_an_answer_that_is_lost_is_not_waited_for_for_ever() -> None:
    link = Link(1_000_000)
    link.ask()
    link.run(2, 1500)
    link.due.clear()
    link.pacer.note_asked()

    link.run(30, 1500)

    assert link.rate_of_late(10) == pytest.approx(10, abs=0.5)


def test_painting_leaves_the_processor_most_of_its_time() -> None:
    moments = iter(range(1000))
    pacer = Pacer(10.0, clock=lambda: float(next(moments)))

    for _ in range(50):
        pacer.note_work(0.15)  # what the widgets take,
        pacer.note_work(0.05)  # and what the compositor takes
        pacer.is_due()

    assert pacer.rate == pytest.approx(2, abs=0.05)  # 0.2 s each are 40% of a core


@pytest.mark.parametrize(("wanted", "painted"), [(1.0, 1.0), (30.0, 30.0), (200.0, 30.0)])
def test_the_rate_stays_between_one_and_thirty(wanted: float, painted: float) -> None:
    assert Pacer(wanted, clock=lambda: 0.0).rate == painted


def test_a_slow_link_is_given_a_frame_in_parts_that_take_it_a_quarter_of_a_second() -> None:
    link = Link(1_200, way_s=0.01)
    link.ask()
    assert link.pacer.part_size is None

    link.run(10, 600)

    assert link.pacer.part_size == pytest.approx(300, rel=0.15)


def test_the_least_part_still_holds_a_line() -> None:
    link = Link(200, way_s=0.01)
    link.ask()

    link.run(30, 150)

    assert link.pacer.part_size == 160


def test_on_a_slow_link_no_part_queues_behind_another() -> None:
    link = Link(1_200, way_s=0.01)
    link.ask()
    link.run(10, 300)
    link.queued_s.clear()

    link.run(10, 300)

    assert max(link.queued_s) < 0.01


def test_a_link_that_has_become_fast_again_is_given_whole_frames() -> None:
    link = Link(1_200, way_s=0.01)
    link.ask()
    link.run(10, 300)
    link.byte_rate = 1_000_000

    link.run(3, 1_000)

    assert link.pacer.part_size is None


def test_while_nothing_happens_every_third_beat_looks_around() -> None:
    rest = Rest()

    assert [rest.passes("news", 60.0) for _ in range(8)] == [
        False,
        *[True, True, False],
        *[True, True, False],
        True,
    ]


def test_news_are_looked_at_with_the_next_beat() -> None:
    rest = Rest()
    for _ in range(3):
        rest.passes(1, 60.0)

    assert [rest.passes(number, 60.0) for number in (2, 3, 3, 4)] == [False, False, True, False]


def test_no_beat_passes_while_the_user_is_busy() -> None:
    rest = Rest()

    assert not any(rest.passes("news", 0.9) for _ in range(5))


def test_a_terminal_that_stands_still_is_sent_less_and_less() -> None:
    link = Link(1_000_000)
    link.ask()
    link.run(20, 800)
    link.answers = False
    link.frames.clear()

    link.run(60, 800)

    started = link.frames[0]
    assert len(link.frames) < 40
    assert sum(moment > started + 20 for moment in link.frames) <= 4


def test_once_it_goes_on_it_is_sent_all_frames_again() -> None:
    link = Link(1_000_000)
    link.ask()
    link.run(20, 800)
    link.answers = False
    link.run(60, 800)
    link.answers = True

    link.run(40, 800)

    assert link.rate_of_late(10) == pytest.approx(10, abs=1)
