"""Wishes turned into Coinbase Exchange's subscribe messages, and its answers into acks."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Iterator

import msgspec

from tui.adapters.base import Outgoing
from tui.adapters.coinbase.exchange.messages import ChannelList, Refusal
from tui.adapters.coinbase.exchange.symbols import HEARTBEAT, channel_word, product_id, root_word
from tui.adapters.coinbase.pending import Pending, Topic
from tui.model.events import Ack, Rejection
from tui.model.subscription import Subscription

_MOST_A_MESSAGE = 100


class Requests:
    """What was asked on one connection.

    Products come with their heartbeats, which tell a quiet market from a dead connection, and count
    trades.
    """

    def __init__(self) -> None:
        self._pending = Pending(root_word)
        self._beating: set[str] = set()

    def forget(self) -> None:
        """Another connection."""
        self._pending.forget()
        self._beating.clear()

    def subscribe(self, subscriptions: Collection[Subscription]) -> list[Outgoing]:
        """Messages that ask for these.

        Raises:
            InstrumentError: one of them cannot be had from this venue.
        """
        topics = {_topic(subscription): subscription for subscription in subscriptions}
        messages = []
        for batch in _batches(topics):
            fresh = dict.fromkeys(product for _, product in batch if product not in self._beating)
            self._beating.update(fresh)
            number = self._pending.ask({topic: topics[topic] for topic in batch})
            text = _encode("subscribe", [*batch, *((HEARTBEAT, product) for product in fresh)])
            messages.append(Outgoing(text, number, tuple(topics[topic] for topic in batch)))
        return messages

    def unsubscribe(self, subscriptions: Collection[Subscription]) -> list[Outgoing]:
        """Messages that give these up, and the heartbeats of products that have nothing else left."""
        topics = {_topic(subscription): subscription for subscription in subscriptions}
        messages = []
        for batch in _batches([topic for topic in topics if topic in self._pending.asked]):
            self._pending.drop(batch)
            left = self._pending.products()
            idle = dict.fromkeys(product for _, product in batch if product not in left)
            self._beating.difference_update(idle)
            text = _encode("unsubscribe", [*batch, *((HEARTBEAT, product) for product in idle)])
            messages.append(Outgoing(text, None, tuple(topics[topic] for topic in batch)))
        return messages

    def answered(self, channels: Iterable[ChannelList]) -> list[Ack]:
        """The venue listed what is subscribed; returns which requests that answers."""
        return self._pending.answered(
            (channel.name, product) for channel in channels for product in channel.product_ids
        )

    def refused(self, refusal: Refusal) -> list[Rejection]:
        """The venue said no; returns to what."""
        rejections = self._pending.refused(refusal.reason or refusal.message)
        self._beating.intersection_update(self._pending.products())
        return rejections


def _topic(subscription: Subscription) -> Topic:
    return channel_word(subscription), product_id(subscription.instrument)


def _batches(topics: Iterable[Topic]) -> Iterator[list[Topic]]:
    remaining = iter(topics)
    while batch := list(itertools.islice(remaining, _MOST_A_MESSAGE)):
        yield batch


def _encode(method: str, topics: Iterable[Topic]) -> str:
    channels: dict[str, list[str]] = {}
    for word, product in topics:
        channels.setdefault(word, []).append(product)
    # A channel without products would give up the whole channel: none is ever sent.
    listed = [{"name": word, "product_ids": products} for word, products in channels.items()]
    return msgspec.json.encode({"type": method, "channels": listed}).decode()
