"""Wishes turned into Coinbase's subscribe messages, and its answers, which carry no id, into acks."""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Iterable, Iterator

import msgspec

from tui.adapters.base import Outgoing
from tui.adapters.coinbase.exchange.messages import ChannelList, Refusal
from tui.adapters.coinbase.exchange.symbols import HEARTBEAT, channel_word, product_id, root_word
from tui.model.events import Ack, Rejection
from tui.model.subscription import Subscription

_MOST_A_MESSAGE = 100

_Topic = tuple[str, str]
"""A channel's word and a product."""


class Requests:
    """What was asked on one connection, and what the venue has not answered yet.

    The venue answers each message with the list of everything that is subscribed by now: a message
    is answered when all it asked for is on the list. Products come with their heartbeats, which tell
    a quiet market from a dead connection, and count trades.
    """

    def __init__(self) -> None:
        self._ids = itertools.count(1)
        self._asked: dict[_Topic, Subscription] = {}
        self._waiting: dict[int, set[_Topic]] = {}
        self._beating: set[str] = set()
        self._refused: set[_Topic] = set()

    def forget(self) -> None:
        """Another connection. Ids run on, so that a late answer fits no new request."""
        self._asked.clear()
        self._waiting.clear()
        self._beating.clear()
        self._refused.clear()

    def subscribe(self, subscriptions: Collection[Subscription]) -> list[Outgoing]:
        """Messages that ask for these.

        Raises:
            InstrumentError: one of them cannot be had from this venue.
        """
        topics = {_topic(subscription): subscription for subscription in subscriptions}
        messages = []
        for batch in _batches(topics):
            self._asked.update((topic, topics[topic]) for topic in batch)
            self._refused.difference_update(batch)
            fresh = dict.fromkeys(product for _, product in batch if product not in self._beating)
            self._beating.update(fresh)
            number = next(self._ids)
            self._waiting[number] = set(batch)
            text = _encode("subscribe", [*batch, *((HEARTBEAT, product) for product in fresh)])
            messages.append(Outgoing(text, number, tuple(topics[topic] for topic in batch)))
        return messages

    def unsubscribe(self, subscriptions: Collection[Subscription]) -> list[Outgoing]:
        """Messages that give these up, and the heartbeats of products that have nothing else left."""
        topics = {_topic(subscription): subscription for subscription in subscriptions}
        messages = []
        for batch in _batches([topic for topic in topics if topic in self._asked]):
            self._drop(batch)
            left = {product for _, product in self._asked}
            idle = dict.fromkeys(product for _, product in batch if product not in left)
            self._beating.difference_update(idle)
            text = _encode("unsubscribe", [*batch, *((HEARTBEAT, product) for product in idle)])
            messages.append(Outgoing(text, None, tuple(topics[topic] for topic in batch)))
        return messages

    def answered(self, channels: Iterable[ChannelList]) -> list[Ack]:
        """The venue listed what is subscribed; returns which requests that answers."""
        listed = {
            (root_word(channel.name), product)
            for channel in channels
            for product in channel.product_ids
        }
        done = [
            number
            for number, topics in self._waiting.items()
            if all((root_word(word), product) in listed for word, product in topics)
        ]
        for number in done:
            del self._waiting[number]
        return [Ack(number) for number in done]

    def refused(self, refusal: Refusal) -> list[Rejection]:
        """The venue said no: to the products or the channels that its words name, as long as they
        wait for an answer; else to the oldest request that does. Saying it again changes nothing."""
        words = (refusal.reason or refusal.message or "refused without a reason")[:200]
        blamed = _blame(words, [topic for topics in self._waiting.values() for topic in topics])
        if blamed:
            rejections = [Rejection(words, subscription=self._asked[topic]) for topic in blamed]
            self._refused.update(blamed)
            self._drop(blamed)
            self._beating.intersection_update({product for _, product in self._asked})
            return rejections
        if _blame(words, self._refused):
            return []
        oldest = next(iter(self._waiting), None)
        if oldest is not None:
            del self._waiting[oldest]
        return [Rejection(words, request_id=oldest)]

    def _drop(self, topics: Collection[_Topic]) -> None:
        for topic in topics:
            self._asked.pop(topic, None)
        for number, waiting in list(self._waiting.items()):
            waiting.difference_update(topics)
            if not waiting:
                del self._waiting[number]


def _topic(subscription: Subscription) -> _Topic:
    return channel_word(subscription), product_id(subscription.instrument)


def _batches(topics: Iterable[_Topic]) -> Iterator[list[_Topic]]:
    remaining = iter(topics)
    while batch := list(itertools.islice(remaining, _MOST_A_MESSAGE)):
        yield batch


def _encode(method: str, topics: Iterable[_Topic]) -> str:
    channels: dict[str, list[str]] = {}
    for word, product in topics:
        channels.setdefault(word, []).append(product)
    # A channel without products would give up the whole channel: none is ever sent.
    listed = [{"name": word, "product_ids": products} for word, products in channels.items()]
    return msgspec.json.encode({"type": method, "channels": listed}).decode()


def _blame(words: str, topics: Collection[_Topic]) -> list[_Topic]:
    """Those whose product the words name; if there are none, those whose channel they name."""
    return [topic for topic in topics if _names(words, topic[1])] or [
        topic for topic in topics if _names(words, topic[0]) or _names(words, root_word(topic[0]))
    ]


def _names(words: str, name: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", words) is not None
