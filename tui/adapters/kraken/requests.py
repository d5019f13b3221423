"""Wishes turned into Kraken's subscribe messages, and its answers, one a pair, into acks."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterator
from typing import Final, Protocol

import msgspec

from tui.adapters.base import Outgoing
from tui.adapters.kraken.symbols import WORDS, interval, pair_name, to_old_name
from tui.model.events import Ack, Rejection
from tui.model.subscription import Channel, Subscription

_MOST_A_MESSAGE: Final = 50
_MOST_WORDS: Final = 200

_Stream = tuple[Channel, int]
"""A channel, and a candle's minutes."""


class Dialect(Protocol):
    """How one version of the protocol says it."""

    def pair(self, subscription: Subscription) -> str:
        """The pair's name."""
        ...

    def encode(self, method: str, stream: _Stream, pairs: list[str], request_id: int) -> str:
        """A message."""
        ...

    def ping(self, request_id: int) -> str: ...


class DialectV2:
    """Objects with a method and parameters; pairs by their names of today."""

    def __init__(self, depth: Callable[[], int | None]) -> None:
        self._depth = depth

    def pair(self, subscription: Subscription) -> str:
        return pair_name(subscription.instrument)

    def encode(self, method: str, stream: _Stream, pairs: list[str], request_id: int) -> str:
        channel, minutes = stream
        params: dict[str, object] = {"channel": WORDS[channel], "symbol": pairs}
        if channel is Channel.BOOK:
            params["depth"] = self._depth()
        elif channel is Channel.CANDLES:
            params["interval"] = minutes
        if method == "subscribe" and channel is Channel.TRADES:
            params["snapshot"] = False  # fifty trades; history fetches a thousand
        return _text({"method": method, "params": params, "req_id": request_id})

    def ping(self, request_id: int) -> str:
        return _text({"method": "ping", "req_id": request_id})


class DialectV1:
    """Objects with an event and a subscription; pairs by their old names."""

    def __init__(self, depth: Callable[[], int | None]) -> None:
        self._depth = depth

    def pair(self, subscription: Subscription) -> str:
        return to_old_name(pair_name(subscription.instrument))

    def encode(self, method: str, stream: _Stream, pairs: list[str], request_id: int) -> str:
        channel, minutes = stream
        wanted: dict[str, object] = {"name": WORDS[channel]}
        if channel is Channel.BOOK:
            wanted["depth"] = self._depth()
        elif channel is Channel.CANDLES:
            wanted["interval"] = minutes
        return _text({"event": method, "pair": pairs, "subscription": wanted, "reqid": request_id})

    def ping(self, request_id: int) -> str:
        return _text({"event": "ping", "reqid": request_id})


class Requests:
    """What was asked on one connection, and which pairs of it the venue has not answered yet."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._ids = itertools.count(1)
        self._waiting: dict[int, dict[str, Subscription]] = {}
        self._giving_up: set[int] = set()

    def forget(self) -> None:
        """Another connection. Ids run on, so that a late answer fits no new request."""
        self._waiting.clear()
        self._giving_up.clear()

    def subscribe(self, subscriptions: Collection[Subscription]) -> list[Outgoing]:
        """Messages that ask for these.

        Raises:
            InstrumentError: one of them cannot be had from this venue.
        """
        messages = []
        for stream, pairs in self._batches(subscriptions):
            number = next(self._ids)
            self._waiting[number] = dict(pairs)
            text = self._dialect.encode("subscribe", stream, list(pairs), number)
            messages.append(Outgoing(text, number, tuple(pairs.values())))
        return messages

    def unsubscribe(self, subscriptions: Collection[Subscription]) -> list[Outgoing]:
        """Messages that give these up.

        Raises:
            InstrumentError: as `subscribe`.
        """
        messages = []
        for stream, pairs in self._batches(subscriptions):
            number = next(self._ids)
            self._giving_up.add(number)
            text = self._dialect.encode("unsubscribe", stream, list(pairs), number)
            messages.append(Outgoing(text, number, tuple(pairs.values())))
        return messages

    def ping(self) -> Outgoing:
        """Wanted within a minute, or the venue closes the connection."""
        return Outgoing(self._dialect.ping(next(self._ids)))

    def accepted(self, request_id: int | None, pair: str) -> list[Ack]:
        """The venue accepted a request's pair; returns an ack when that was the last one."""
        waiting = self._waiting.get(request_id) if request_id is not None else None
        if waiting is None or request_id is None:
            return []
        if pair:
            waiting.pop(pair, None)
        else:
            waiting.clear()
        return self._answered(request_id)

    def given_up(self, request_id: int | None) -> None:
        """The venue confirmed that it sends a request's pairs no more."""
        if request_id is not None:
            self._giving_up.discard(request_id)

    def refused(self, request_id: int | None, pair: str, words: str) -> list[Ack | Rejection]:
        """The venue said no to a request's pair, or to a whole request; the words are its own."""
        words = words[:_MOST_WORDS] or "refused without a reason"
        if words.startswith("Already subscribed"):
            return [*self.accepted(request_id, pair)]
        if request_id in self._giving_up:
            self._giving_up.discard(request_id)
            return [Rejection(f"could not be given up: {words}")]
        if request_id is None and pair:
            request_id = self._find(pair)
        waiting = self._waiting.get(request_id) if request_id is not None else None
        if waiting is None or request_id is None:
            return [Rejection(words)]
        if not pair:
            # The feed finds the one at fault by asking for fewer.
            del self._waiting[request_id]
            return [Rejection(words, request_id)]
        blamed = waiting.pop(pair, None)
        if blamed is None:
            return [Rejection(words)]
        return [Rejection(words, subscription=blamed), *self._answered(request_id)]

    def _answered(self, request_id: int) -> list[Ack]:
        if self._waiting[request_id]:
            return []
        del self._waiting[request_id]
        return [Ack(request_id)]

    def _find(self, pair: str) -> int | None:
        """The only request that waits for an answer about this pair; None where several do."""
        found = [number for number, waiting in self._waiting.items() if pair in waiting]
        return found[0] if len(found) == 1 else None

    def _batches(
        self, subscriptions: Collection[Subscription]
    ) -> Iterator[tuple[_Stream, dict[str, Subscription]]]:
        streams: dict[_Stream, dict[str, Subscription]] = {}
        for one in subscriptions:
            is_candle = one.channel is Channel.CANDLES
            stream = one.channel, interval(one.timeframe) if is_candle else 0
            streams.setdefault(stream, {})[self._dialect.pair(one)] = one
        for stream, pairs in streams.items():
            remaining = iter(pairs.items())
            while batch := dict(itertools.islice(remaining, _MOST_A_MESSAGE)):
                yield stream, batch


def _text(message: object) -> str:
    return msgspec.json.encode(message).decode()
