"""How often to paint: as often as wanted, as the link carries it, and as the processor leaves time for.

What was written is not what was seen: between here and the eye lie the buffers of the line, of SSH and
of the network, which hold many frames. The terminal answers a question (where is the cursor?) when it
has come to it, and so tells how far it is. From the answers follow the way there and back, the bytes a
second that the link carries, and whether the next frame would only wait behind the last one. Where
the link is so slow that a frame takes it long, frames are cut to what it carries in a moment.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable
from time import monotonic

SLOWEST_RATE = 1.0
FASTEST_RATE = 30.0
"""Frames a second, whatever is wanted."""

_ASK_AFTER_BYTES = 4096
_ASK_AFTER_S = 10.0
_MOST_ASKED = 8
_DELAYS = 3
_SLACK_S = 0.15  # an answer that comes so much later than on an idle link means a backlog
_FAST_S = 0.05
_PATIENCE_S = 5.0
_MOST_PATIENCE_S = 20.0
_TRIES = 3  # without any answer, after which the terminal is taken for one that gives none
_SHARE_OF_LINK = 0.75  # the rest is left free, so that what a key does need not queue
_SHARE_OF_CORE = 0.4
_LONGEST_BASE_S = 1.0
_AT_REST_AFTER_S = 1.0
_BEATS_AT_REST = 3
_PART_S = 0.25  # that the link may be busy with a part of a frame: so long a key's effect may queue
_LEAST_PART = 160
_MOST_PARTED_RATE = 24 * 1024  # bytes a second; faster links take whole frames in no time
_LOW_RATE = 2.0
_LOW_BYTE_RATE = 6 * 1024
_LOW_AFTER_S = 8.0
_HIGH_AFTER_S = 60.0


class Rest:
    """Lets beats pass unused while nothing happens; every third one looks around for what else may have
    changed, since not everything tells of itself."""

    def __init__(self) -> None:
        self._news: Hashable = None
        self._beats = 0

    def passes(self, news: Hashable, idle_s: float) -> bool:
        """Tell whether this beat may pass.

        Args:
            news: another one whenever something has happened.
            idle_s: seconds since the user last did something.
        """
        if news != self._news or idle_s < _AT_REST_AFTER_S:
            self._news, self._beats = news, 0
        else:
            self._beats += 1
        return self._beats % _BEATS_AT_REST != 0


class Pacer:
    """Decides when to paint, by what was sent, answered and worked.

    Attributes:
        wanted_rate: frames a second that are wanted.
        byte_rate: bytes a second that the link was last seen to carry; None while it was never full.
        low_bandwidth: "on" or "off", or "auto" for on while the link is slow.
    """

    def __init__(self, wanted_rate: float = 10.0, clock: Callable[[], float] = monotonic) -> None:
        self.wanted_rate = wanted_rate
        self.byte_rate: float | None = None
        self.low_bandwidth = "auto"
        self._is_slow = False
        self._clock = clock
        # When, how many bytes were sent by then, and how many of them in the last frame.
        self._asked: deque[tuple[float, int, int]] = deque()
        self._frame_size = 0
        self._sent = 0
        self._answered = 0  # of the sent bytes, those that came before an answered question
        self._has_answers = False
        self._unanswered = 0
        self._last_asked = clock()
        self._last_answer = clock()
        self._base_s = _LONGEST_BASE_S
        self._delay_s = 0.0  # behind what an idle link takes: the least of the last few answers
        self._delays = deque([0.0], maxlen=_DELAYS)
        self._work_s = 0.0  # for each frame, of late
        self._work_now_s = 0.0
        self._last_frame = -1e9
        self._slow_since: float | None = None
        self._fast_since: float | None = None

    # -- what happens --------------------------------------------------------------------------

    def note_sent(self, size: int) -> None:
        """So many bytes went out."""
        self._sent += size
        self._frame_size = size

    def should_ask(self, size: int) -> bool:
        """Tell whether a question should follow a frame of this many bytes."""
        if self._unanswered >= _TRIES and not self._has_answers:
            return False
        if len(self._asked) >= _MOST_ASKED:
            return False
        since = self._sent + size - (self._asked[-1][1] if self._asked else self._answered)
        is_due = self._clock() - self._last_asked >= _ASK_AFTER_S
        return (
            is_due
            or self._unanswered > 0
            or since >= _ASK_AFTER_BYTES
            or self._delays[-1] > _FAST_S
            or bool(self._asked)
            or self.part_size is not None
        )

    def note_asked(self) -> None:
        """A question went out behind everything sent so far."""
        self._last_asked = self._clock()
        self._asked.append((self._last_asked, self._sent, self._frame_size))

    def note_answered(self) -> None:
        """The terminal has answered the oldest question."""
        now = self._clock()
        self._unanswered = 0
        self._has_answers = True
        if not self._asked:
            return
        when, sent, frame_size = self._asked.popleft()
        took = now - when
        # A little upwards each time: the way may have become longer.
        self._base_s = min(took, self._base_s * 1.02 + 1e-4, _LONGEST_BASE_S)
        delay_s = max(0.0, took - self._base_s)
        self._delays.append(delay_s)
        least_rate = frame_size / max(took, 1e-3)
        self._delay_s = min(self._delays)  # a single late one may be a busy machine
        busy_s = now - max(when + self._base_s / 2, self._last_answer)
        size = sent - self._answered
        if delay_s > _FAST_S and busy_s > 0 and size > 0:
            seen = size / busy_s
            self.byte_rate = seen if self.byte_rate is None else (self.byte_rate + seen) / 2
        elif self.byte_rate is not None:
            self.byte_rate = max(self.byte_rate, least_rate)
        self._answered = sent
        self._last_answer = now
        self._judge(now, least_rate=least_rate)

    def note_work(self, took_s: float) -> None:
        """Something for the screen kept the processor busy for so many seconds."""
        self._work_now_s += took_s

    # -- what follows from it ------------------------------------------------------------------

    @property
    def is_low(self) -> bool:
        """Tell whether fewer and plainer things are to be painted."""
        return self.low_bandwidth == "on" or (self.low_bandwidth == "auto" and self._is_slow)

    @property
    def unseen(self) -> int:
        """Bytes of which the terminal has not yet told that it came to them; 0 if it never tells."""
        return self._sent - self._answered if self._has_answers and self._asked else 0

    @property
    def round_trip_s(self) -> float | None:
        """Seconds that an answer takes on an idle link; None before the first."""
        return self._base_s if self._has_answers else None

    @property
    def part_size(self) -> int | None:
        """Bytes after which a frame is cut, to go on with the next one; None where it is sent whole."""
        rate = self.byte_rate
        if rate is None or rate >= _MOST_PARTED_RATE:
            return None
        return max(_LEAST_PART, int(rate * _PART_S))

    def holds(self) -> bool:
        """Tell whether a frame sent now would only queue behind what the terminal has not seen."""
        if not self._asked or not self._has_answers:
            self._give_up_on_silence()
            return False
        now = self._clock()
        waited = now - self._asked[0][0]
        if waited > self.patience_s:
            self._give_up_on_silence()
            return False
        part_size = self.part_size
        if part_size is not None and self.unseen >= part_size * (1 + self._base_s / _PART_S):
            return True
        return waited > self._base_s + _SLACK_S

    @property
    def patience_s(self) -> float:
        """Seconds after which an answer is no longer waited for."""
        rate = self.byte_rate or 1e6
        # Where the terminal stands still, whatever is sent meanwhile only delays what it shows then.
        patience_s: float = min(_PATIENCE_S * 2**self._unanswered, _MOST_PATIENCE_S)
        return patience_s + 2 * self.unseen / max(100.0, rate)

    @property
    def rate(self) -> float:
        """Frames a second to paint at most, now."""
        wanted = min(self.wanted_rate, _LOW_RATE) if self.is_low else self.wanted_rate
        slowest_s = max(1 / wanted, self._work_s / _SHARE_OF_CORE, self._delay_s / _SHARE_OF_LINK)
        return min(FASTEST_RATE, max(SLOWEST_RATE, 1 / slowest_s))

    def is_due(self) -> bool:
        """Tell whether it is time for a frame; if so, the next one is due a period later."""
        now = self._clock()
        period = 1 / self.rate
        # A clock that beats as often as frames are due beats a little early or late.
        if now - self._last_frame < period * 0.75:
            return False
        self._last_frame = now
        self._work_s += (self._work_now_s - self._work_s) * 0.2
        self._work_now_s = 0.0
        return True

    # -- inside --------------------------------------------------------------------------------

    def _give_up_on_silence(self) -> None:
        """Forget questions that were not answered in time: answers get lost, or never come."""
        if self._asked and self._clock() - self._asked[0][0] > self.patience_s:
            self._asked.clear()
            self._unanswered += 1
            self._answered = self._sent

    def forget_questions(self) -> None:
        """Nothing asked so far will be answered: another program had the terminal."""
        self._asked.clear()
        self._answered = self._sent

    def _judge(self, now: float, *, least_rate: float) -> None:
        """Tell a link that stays slow from one that was slow for a moment, and the other way round.

        `least_rate` is what the link carried at least, in bytes a second. Small frames say nothing
        good of it: they pass everywhere.
        """
        if self._delay_s > _SLACK_S and (self.byte_rate or 1e9) < _LOW_BYTE_RATE:
            self._fast_since = None
            if self._slow_since is None:
                self._slow_since = now
            self._is_slow = self._is_slow or now - self._slow_since >= _LOW_AFTER_S
        elif least_rate > 2 * _LOW_BYTE_RATE:
            self._slow_since = None
            if self._fast_since is None:
                self._fast_since = now
            self._is_slow = self._is_slow and now - self._fast_since < _HIGH_AFTER_S
