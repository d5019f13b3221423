"""What is asked for on one connection, in a described venue's words, and which answers it waits for."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Iterator
from typing import Final

import msgspec

from tui.adapters.base import Outgoing
from tui.adapters.generic.description import Description, Kind
from tui.adapters.generic.names import Names
from tui.adapters.generic.templates import fill_message, places_in
from tui.model.events import Ack, Rejection
from tui.model.subscription import Subscription

_A_MESSAGE: Final = 50
_MOST_WAITING: Final = 1024


class _Wish(msgspec.Struct, frozen=True):
    """A subscription in the venue's words."""

    subscription: Subscription
    channel: str
    symbol: str
    timeframe: str


class Wishes:
    """The requests of one connection."""

    def __init__(self, description: Description, names: Names) -> None:
        self._subscribe = description.subscribe
        self._unsubscribe = description.unsubscribe
        self._names = names
        self._is_answered = any(rule.kind is Kind.ACCEPTED for rule in description.messages)
        self._ids = itertools.count(1)
        self._active: dict[Subscription, _Wish] = {}
        self._waiting: dict[int, dict[Subscription, _Wish]] = {}

    def forget(self) -> None:
        """Another connection. Ids run on, so that a late answer fits no new request."""
        self._active.clear()
        self._waiting.clear()

    def subscribe(self, subscriptions: Collection[Subscription]) -> list[Outgoing]:
        """Messages that ask for these; none where the venue sends everything unasked.

        Raises:
            InstrumentError: the venue has no such candles.
        """
        wishes = [self._wish(one) for one in subscriptions]
        self._active.update((wish.subscription, wish) for wish in wishes)
        if not self._subscribe:
            return []
        messages = []
        for batch in _batches(self._subscribe, wishes):
            number, text = self._write(self._subscribe, batch)
            # Without an answer to wait for, what was sent counts as accepted.
            request_id = number if self._is_answered else None
            if request_id is not None:
                self._wait(request_id, batch)
            messages.append(Outgoing(text, request_id, tuple(w.subscription for w in batch)))
        return messages

    def unsubscribe(self, subscriptions: Collection[Subscription]) -> list[Outgoing]:
        """Messages that give these up, save what another subscription still lives on."""
        gone = [wish for one in subscriptions if (wish := self._active.pop(one, None)) is not None]
        for waiting in self._waiting.values():
            for wish in gone:
                waiting.pop(wish.subscription, None)
        if not self._unsubscribe:
            return []
        needed = {(wish.channel, wish.symbol) for wish in self._active.values()}
        idle = [wish for wish in gone if (wish.channel, wish.symbol) not in needed]
        return [
            Outgoing(
                self._write(self._unsubscribe, batch)[1], None, tuple(w.subscription for w in batch)
            )
            for batch in _batches(self._unsubscribe, idle)
        ]

    def accepted(
        self, request_id: int | None, channel: str | None, symbol: str | None
    ) -> list[Ack]:
        """The venue accepted: a request by its id, or one channel by its name, or a symbol."""
        if request_id is not None:
            return [Ack(request_id)] if self._waiting.pop(request_id, None) is not None else []
        done = []
        for number, waiting in list(self._waiting.items()):
            for wish in list(waiting.values()):
                if _fits(wish, channel, symbol):
                    del waiting[wish.subscription]
            if not waiting:
                del self._waiting[number]
                done.append(Ack(number))
        return done

    def refused(
        self, reason: str, request_id: int | None, channel: str | None, symbol: str | None
    ) -> list[Rejection]:
        """The venue said no: to a request, or to what the channel or the symbol names; without either
        it is the oldest request that waits."""
        if request_id is None and (channel is not None or symbol is not None):
            return [
                Rejection(reason, subscription=wish.subscription)
                for wish in list(self._active.values())
                if _fits(wish, channel, symbol)
            ] or [Rejection(reason)]
        if request_id is None:
            request_id = next(iter(self._waiting), None)
        if request_id is not None:
            self._waiting.pop(request_id, None)
        return [Rejection(reason, request_id=request_id)]

    def _wish(self, subscription: Subscription) -> _Wish:
        values = self._names.values(subscription)
        return _Wish(subscription, values["channel"], values["symbol"], values.get("timeframe", ""))

    def _write(self, template: str, batch: Collection[_Wish]) -> tuple[int, str]:
        number = next(self._ids)
        first = next(iter(batch))
        return number, fill_message(
            template,
            {
                "id": number,
                "channel": first.channel,
                "symbol": first.symbol,
                "timeframe": first.timeframe,
                "channels": list(dict.fromkeys(wish.channel for wish in batch)),
                "symbols": list(dict.fromkeys(wish.symbol for wish in batch)),
            },
        )

    def _wait(self, request_id: int, batch: Iterable[_Wish]) -> None:
        while len(self._waiting) >= _MOST_WAITING:
            del self._waiting[next(iter(self._waiting))]
        self._waiting[request_id] = {wish.subscription: wish for wish in batch}


def _fits(wish: _Wish, channel: str | None, symbol: str | None) -> bool:
    return (
        (channel is not None or symbol is not None)
        and (channel is None or channel == wish.channel)
        and (symbol is None or symbol == wish.symbol)
    )


def _batches(template: str, wishes: Collection[_Wish]) -> Iterator[list[_Wish]]:
    """What goes into one message: lists of symbols of one channel, of channels, or one wish alone."""
    places = set(places_in(template))
    groups: dict[object, list[_Wish]] = {}
    for wish in wishes:
        key: object = wish.subscription
        if "channels" in places:
            key = None
        elif "symbols" in places:
            key = wish.channel, wish.timeframe
        groups.setdefault(key, []).append(wish)
    for group in groups.values():
        for start in range(0, len(group), _A_MESSAGE):
            yield group[start : start + _A_MESSAGE]
