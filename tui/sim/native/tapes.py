"""The tapes: every topic's messages with their positions, written once, for all who want them."""

from __future__ import annotations

import heapq
import math
from collections import deque
from collections.abc import Callable, Collection, Mapping
from operator import attrgetter
from typing import Protocol

from tui.sim.market import SimMarket
from tui.sim.native import texts
from tui.sim.native.draft import Draft, Source
from tui.sim.native.sources import open_source
from tui.sim.native.topics import Topic

LEASE_S = 120.0
"""How long a topic goes on when nobody listens any more: who comes back by then has missed nothing."""
_KEPT = 4_000
_KEPT_FOR_POLLS = 1_000


class Message:
    """One message for all clients.

    Attributes:
        topic: what it is about.
        seq: its position.
        kind: its type.
        text: its JSON.
    """

    __slots__ = ("_event", "_thin", "kind", "seq", "text", "topic")

    def __init__(self, topic: Topic, seq: int, draft: Draft, prev: int | None = None) -> None:
        before = "" if prev is None else f'"prev":{prev},'
        self.topic = topic
        self.seq = seq
        self.kind = draft.kind
        self.text = f'{{"type":"{draft.kind}","seq":{seq},{before}{draft.body}}}'
        self._thin = draft.thin
        self._event: bytes | None = None

    def thinned(self, least_e8: int) -> str | None:
        """The JSON for who wants no trades below a size; None where nothing is left."""
        if self._thin is None or not least_e8:
            return self.text
        body = self._thin(least_e8)
        return None if body is None else f'{{"type":"{self.kind}","seq":{self.seq},{body}}}'

    def event(self) -> bytes:
        """The message as server-sent event."""
        if self._event is None:
            self._event = f"event: {self.kind}\nid: {self.seq}\ndata: {self.text}\n\n".encode()
        return self._event


class Listener(Protocol):
    """A client that messages are pushed to."""

    def push_message(self, message: Message) -> None: ...


class _Tape:
    """One topic.

    Attributes:
        newest: the position of its newest message, or of its beginning.
        floor: the messages after this position are at hand.
        until_s: it goes on until then (monotonic), even if nobody listens.
        polled_until_s: until then its messages are kept for polls.
    """

    def __init__(self, source: Source, seq: int) -> None:
        self.source = source
        self.listeners: dict[Listener, None] = {}
        self.newest = self.floor = seq
        self.until_s = self.polled_until_s = -math.inf
        self.kept: deque[Message] = deque()

    def add(self, message: Message, now_s: float) -> None:
        self.newest = message.seq
        limit = _KEPT if self.source.is_kept else _KEPT_FOR_POLLS
        if not self.source.is_kept and now_s >= self.polled_until_s:
            self.kept.clear()
            self.floor = message.seq
            return
        self.kept.append(message)
        if len(self.kept) > limit:
            self.floor = self.kept.popleft().seq

    def after(self, seq: int) -> list[Message]:
        return [message for message in self.kept if message.seq > seq]


class Tapes:
    """All topics that somebody wants; one that nobody wants costs nothing.

    Attributes:
        seq: the position of the newest message.
    """

    def __init__(
        self,
        market: SimMarket,
        now_s: Callable[[], float],
        figures: Callable[[], Mapping[str, float]],
    ) -> None:
        self._market = market
        self._now_s = now_s
        self._figures = figures
        self._tapes: dict[Topic, _Tape] = {}
        self._to_lose: set[str] = set()
        # Microseconds count faster than messages: after a restart no position comes again.
        self._first = self.seq = market.now_ns // 1000

    @property
    def names(self) -> list[str]:
        """The topics that go on now."""
        return [topic.name for topic in self._tapes]

    # -- for connections ---------------------------------------------------------------------

    def join(self, topic: Topic, listener: Listener) -> None:
        """Let a listener hear what a checked topic says from now on."""
        self._tape(topic).listeners[listener] = None

    def leave(self, topic: Topic, listener: Listener) -> None:
        tape = self._tapes.get(topic)
        if tape is not None and listener in tape.listeners:
            del tape.listeners[listener]
            tape.until_s = max(tape.until_s, self._now_s() + LEASE_S)

    def state(self, topics: Collection[Topic]) -> list[Message]:
        """How topics stand now."""
        return [self._number(topic, draft) for topic in topics for draft in self.now(topic)]

    def now(self, topic: Topic) -> list[Draft]:
        """How a topic stands now, without a position."""
        return self._source(topic).state(self._market.now_ns)

    def missed(self, topics: Collection[Topic], since: int | None) -> list[Message]:
        """What was said after a position, of the topics that are kept and as far as they are."""
        if since is None or not self._first <= since <= self.seq:
            return []
        tapes = [tape for topic in topics if (tape := self._tape(topic)).source.is_kept]
        return self._merge(tapes, since)

    # -- for polls ---------------------------------------------------------------------------

    def keep(self, topics: Collection[Topic]) -> int:
        """Keep what topics say for a poll that comes again.

        Returns:
            The position of their newest message.
        """
        until_s = self._now_s() + LEASE_S
        newest = 0
        for topic in topics:
            tape = self._tape(topic)
            tape.until_s = tape.polled_until_s = until_s
            newest = max(newest, tape.newest)
        return newest

    def has_all(self, topics: Collection[Topic], since: int) -> bool:
        """Whether everything after a position is at hand."""
        return since <= self.seq and all(self._tape(topic).floor <= since for topic in topics)

    def after(self, topics: Collection[Topic], since: int) -> list[Message]:
        """Everything after a position."""
        return self._merge([self._tape(topic) for topic in topics], since)

    # -- for the server ----------------------------------------------------------------------

    def push(self) -> None:
        """Say what is due after a step of the market."""
        now_ns, now_s = self._market.now_ns, self._now_s()
        for topic, tape in list(self._tapes.items()):
            if not tape.listeners and now_s >= tape.until_s:
                del self._tapes[topic]
                continue
            for draft in tape.source.due(now_ns):
                message = self._number(
                    topic, draft, tape.newest if tape.source.is_chained else None
                )
                tape.add(message, now_s)
                if self._to_lose and topic.name in self._to_lose:
                    self._to_lose.discard(topic.name)
                    continue
                for listener in list(tape.listeners):
                    listener.push_message(message)

    def farewell(self) -> Message:
        """The message for every client that the server is about to close."""
        draft = Draft("status", f'"time":{texts.ms(self._market.now_ns)},"status":"closing"')
        return self._number(Topic("status"), draft)

    def lose_next(self, name: str) -> None:
        """Swallow a topic's next message on its way to those who listen."""
        self._to_lose.add(name)

    def _tape(self, topic: Topic) -> _Tape:
        tape = self._tapes.get(topic)
        if tape is None:
            # A new beginning has a position of its own: what was said before it is not known here.
            self.seq += 1
            tape = self._tapes[topic] = _Tape(self._source(topic), self.seq)
            tape.until_s = self._now_s() + LEASE_S
        return tape

    def _source(self, topic: Topic) -> Source:
        tape = self._tapes.get(topic)
        return tape.source if tape else open_source(topic, self._market, self._figures)

    def _number(self, topic: Topic, draft: Draft, prev: int | None = None) -> Message:
        self.seq += 1
        return Message(topic, self.seq, draft, prev)

    def _merge(self, tapes: Collection[_Tape], since: int) -> list[Message]:
        return list(heapq.merge(*(tape.after(since) for tape in tapes), key=attrgetter("seq")))
