"""What Coinbase was asked and has not answered yet: answers carry no id, so they are matched by topic."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TypeAlias

from tui.model.events import Ack, Rejection
from tui.model.subscription import Subscription

Topic: TypeAlias = tuple[str, str]
"""A channel's word and a product."""


class Pending:
    """Topics of one connection: those asked for, and those that wait for an answer.

    The venue answers each message with the list of everything that is subscribed by now: a message
    is answered when all it asked for is on the list.

    Attributes:
        asked: what was asked for and neither given up nor refused.
    """

    def __init__(self, root: Callable[[str], str] = str) -> None:
        """Begin without questions; `root` is what stays the same of a channel's word in answers."""
        self.asked: dict[Topic, Subscription] = {}
        self._root = root
        self._ids = itertools.count(1)
        self._waiting: dict[int, set[Topic]] = {}
        self._refused: set[Topic] = set()

    def forget(self) -> None:
        """Another connection. Ids run on, so that a late answer fits no new request."""
        self.asked.clear()
        self._waiting.clear()
        self._refused.clear()

    def products(self) -> set[str]:
        """All that is asked for, of whatever channel."""
        return {product for _, product in self.asked}

    def ask(self, topics: Mapping[Topic, Subscription]) -> int:
        """Note a message that asks for these; returns its id."""
        self.asked.update(topics)
        self._refused.difference_update(topics)
        number = next(self._ids)
        self._waiting[number] = set(topics)
        return number

    def drop(self, topics: Collection[Topic]) -> None:
        """These are wanted no longer, or cannot be had."""
        for topic in topics:
            self.asked.pop(topic, None)
        for number, waiting in list(self._waiting.items()):
            waiting.difference_update(topics)
            if not waiting:
                del self._waiting[number]

    def answered(self, listed: Iterable[Topic]) -> list[Ack]:
        """The venue listed what is subscribed; returns which requests that answers."""
        roots = {(self._root(word), product) for word, product in listed}
        done = [
            number
            for number, topics in self._waiting.items()
            if all((self._root(word), product) in roots for word, product in topics)
        ]
        for number in done:
            del self._waiting[number]
        return [Ack(number) for number in done]

    def refused(self, words: str) -> list[Rejection]:
        """The venue said no: to the products or the channels that its words name, as long as they
        wait for an answer; else to the oldest request that does. Saying it again changes nothing."""
        words = words[:200] or "refused without a reason"
        blamed = self._blame(words, [one for topics in self._waiting.values() for one in topics])
        if blamed:
            rejections = [Rejection(words, subscription=self.asked[topic]) for topic in blamed]
            self._refused.update(blamed)
            self.drop(blamed)
            return rejections
        if self._blame(words, self._refused):
            return []
        oldest = next(iter(self._waiting), None)
        if oldest is not None:
            del self._waiting[oldest]
        return [Rejection(words, request_id=oldest)]

    def _blame(self, words: str, topics: Collection[Topic]) -> list[Topic]:
        """Those whose product the words name; if there are none, those whose channel they name."""
        return [topic for topic in topics if _names(words, topic[1])] or [
            topic
            for topic in topics
            if _names(words, topic[0]) or _names(words, self._root(topic[0]))
        ]


def _names(words: str, name: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", words) is not None
