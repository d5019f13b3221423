"""Wishes turned into Advanced Trade's subscribe messages, one channel each, and its answers into acks."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

import msgspec

from tui.adapters.base import Outgoing
from tui.adapters.coinbase.exchange.symbols import product_id
from tui.adapters.coinbase.pending import Pending, Topic
from tui.model.errors import InstrumentError
from tui.model.events import Ack, Rejection
from tui.model.subscription import Channel, Subscription
from tui.model.timeframe import Timeframe

WORDS: Final = {
    Channel.TICKER: "ticker",
    Channel.TRADES: "market_trades",
    Channel.BOOK: "level2",
    Channel.CANDLES: "candles",
}
CHANNELS: Final = frozenset(WORDS)
FIVE_MINUTES: Final = Timeframe(5, "m")
"""The only candles that are streamed."""

HEARTBEATS: Final = "heartbeats"

_MOST_A_MESSAGE: Final = 50


class Requests:
    """What was asked on one connection.

    Heartbeats come first: the venue closes a connection whose channels are quiet, and they show lost
    frames within a second.
    """

    def __init__(self) -> None:
        self._pending = Pending()
        self._products: set[str] = set()
        self._named: set[str] = set()
        self._is_beating = False

    def forget(self) -> None:
        """Another connection."""
        self._pending.forget()
        self._products.clear()
        self._named.clear()
        self._is_beating = False

    def sign_in(self, token: str) -> Outgoing:
        """A first message with the user's token. Public channels need none: one is enough."""
        self._is_beating = True
        return Outgoing(_encode("subscribe", HEARTBEATS, (), jwt=token))

    def subscribe(self, subscriptions: Collection[Subscription]) -> list[Outgoing]:
        """Messages that ask for these.

        Raises:
            InstrumentError: one of them cannot be had from this venue.
        """
        topics = {_topic(subscription): subscription for subscription in subscriptions}
        messages = []
        if topics and not self._is_beating:
            self._is_beating = True
            messages.append(Outgoing(_encode("subscribe", HEARTBEATS, ())))
        for word, batch in _batches(topics):
            number = self._pending.ask({topic: topics[topic] for topic in batch})
            text = _encode("subscribe", word, [product for _, product in batch])
            messages.append(Outgoing(text, number, tuple(topics[topic] for topic in batch)))
        self._products = self._pending.products()
        return messages

    def unsubscribe(self, subscriptions: Collection[Subscription]) -> list[Outgoing]:
        """Messages that give these up."""
        topics = {_topic(subscription): subscription for subscription in subscriptions}
        messages = []
        for word, batch in _batches([one for one in topics if one in self._pending.asked]):
            self._pending.drop(batch)
            text = _encode("unsubscribe", word, [product for _, product in batch])
            messages.append(Outgoing(text, None, tuple(topics[topic] for topic in batch)))
        self._products = self._pending.products()
        return messages

    def answered(self, listed: Mapping[str, Collection[str]]) -> list[Ack]:
        """The venue listed what is subscribed; returns which requests that answers."""
        return self._pending.answered(
            (word, name)
            for word, products in listed.items()
            for product in products
            for name in (product, f"{product}C")
        )

    def refused(self, words: str) -> list[Rejection]:
        """The venue said no; returns to what."""
        rejections = self._pending.refused(words)
        self._products = self._pending.products()
        return rejections

    def wanted_names(self, product: str) -> tuple[str, ...]:
        """What a frame's product was asked for as.

        The venue trades dollars and USDC as one, and may send `BTC-USD` to whoever asked for
        `BTC-USDC`.
        """
        if product.endswith("-USD"):
            alias = f"{product}C"
            if alias in self._products and alias not in self._named:
                return (product, alias) if product in self._products else (alias,)
        elif product.endswith("-USDC"):
            self._named.add(product)
        return (product,)


def _topic(subscription: Subscription) -> Topic:
    word = WORDS.get(subscription.channel)
    if word is None:
        raise InstrumentError(f"Coinbase does not stream {subscription.channel}")
    if subscription.channel is Channel.CANDLES and subscription.timeframe != FIVE_MINUTES:
        raise InstrumentError(f"Coinbase does not stream candles of {subscription.timeframe}")
    return word, product_id(subscription.instrument)


def _batches(topics: Collection[Topic]) -> Iterator[tuple[str, list[Topic]]]:
    for word in dict.fromkeys(word for word, _ in topics):
        remaining = iter([topic for topic in topics if topic[0] == word])
        while batch := list(itertools.islice(remaining, _MOST_A_MESSAGE)):
            yield word, batch


def _encode(method: str, channel: str, products: Collection[str], **more: str) -> str:
    message: dict[str, Any] = {"type": method}
    if products:
        message["product_ids"] = products
    return msgspec.json.encode({**message, "channel": channel, **more}).decode()
