"""What waits to be sent: wishes that cancel each other, then messages, under the venue's rate limit."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Iterable
from typing import Any

from tui.adapters.base import Adapter, Outgoing
from tui.feed.clock import Clock
from tui.feed.error_log import ErrorLog
from tui.model.errors import TradeTuiError
from tui.model.health import ErrorCategory
from tui.model.subscription import Subscription

_MOST_MESSAGES = 2048
_MOST_REPLIES = 16


class Outbox:
    """Subscriptions to ask for and to give up, encoded as late as possible.

    Wishes wait unencoded: while the connection is down or the rate limit holds, an unsubscribe
    cancels the subscribe it follows, and everything that is left goes out in as few messages as
    the venue allows. Replies to heartbeats go first. `cannot_ask` is called with a subscription
    that the adapter has no words for.

    What waits is bounded. Wishes are never lost: those that have no room as messages wait on as
    wishes. Of other messages the oldest go, which is an error.

    Attributes:
        dropped: messages lost since the start.
    """

    def __init__(
        self,
        adapter: Adapter,
        clock: Clock,
        cannot_ask: Callable[[Subscription, TradeTuiError], None],
        errors: ErrorLog | None = None,
    ) -> None:
        self._adapter = adapter
        self._cannot_ask = cannot_ask
        self._errors = errors
        self._clock = clock
        self._rate = adapter.limits.messages_per_s
        # At most this many messages in any window of that length.
        self._burst = max(1, int(self._rate))
        self._window_s = self._burst / self._rate
        self._sent: deque[float] = deque(maxlen=self._burst)
        self._subscribe: dict[Subscription, None] = {}
        self._unsubscribe: dict[Subscription, None] = {}
        self._asked: set[Subscription] = set()
        self._messages: deque[tuple[Outgoing, bool]] = deque()
        self._replies: deque[Outgoing] = deque()
        self._filled = asyncio.Event()
        self.dropped = 0

    def __len__(self) -> int:
        return (
            len(self._subscribe) + len(self._unsubscribe) + len(self._messages) + len(self._replies)
        )

    def subscribe(self, subscriptions: Iterable[Subscription]) -> None:
        self._subscribe.update(dict.fromkeys(subscriptions))
        self._filled.set()

    def unsubscribe(self, subscriptions: Iterable[Subscription]) -> None:
        gone = dict.fromkeys(subscriptions)
        self._take_back(set(gone))
        for subscription in gone:
            self._subscribe.pop(subscription, None)
            if subscription in self._asked:
                self._unsubscribe[subscription] = None
        self._filled.set()

    def resubscribe(self, subscriptions: Collection[Subscription]) -> None:
        """Give up and ask again, in this order, as separate messages."""
        self._give_up(subscriptions)
        self._ask(subscriptions)
        self._filled.set()

    def ask_separately(self, groups: Iterable[Collection[Subscription]]) -> None:
        """Ask for each group in messages of its own, so that one cannot spoil another."""
        for group in groups:
            self._ask(group)
        self._filled.set()

    def reply(self, text: str) -> None:
        if len(self._replies) >= _MOST_REPLIES:
            self._drop(self._replies)
        self._replies.append(Outgoing(text))
        self._filled.set()

    def send(self, outgoing: Outgoing) -> None:
        if len(self._messages) >= _MOST_MESSAGES:
            self._drop(self._messages)
        self._messages.append((outgoing, False))
        self._filled.set()

    def clear(self) -> None:
        """Forget everything: what was asked on a lost connection is asked anew on the next."""
        self._subscribe.clear()
        self._unsubscribe.clear()
        self._asked.clear()
        self._messages.clear()
        self._replies.clear()
        self._sent.clear()
        self._filled.clear()

    async def next(self) -> tuple[Outgoing, bool]:
        """Wait for a message and for the venue's permission to send it.

        Returns:
            The message, and True where it asks for its subscriptions rather than gives them up.
        """
        while True:
            await self._filled.wait()
            delay = self._delay()
            if delay > 0:
                await self._clock.sleep(delay)
                continue
            taken = self._take()
            if taken is not None:
                self._sent.append(self._clock.monotonic())
                return taken
            self._filled.clear()

    def _delay(self) -> float:
        if len(self._sent) < self._burst:
            return 0.0
        return self._sent[0] + self._window_s - self._clock.monotonic()

    def _take(self) -> tuple[Outgoing, bool] | None:
        if self._replies:
            return self._replies.popleft(), False
        if not self._messages:
            if self._unsubscribe:
                gone, self._unsubscribe = self._unsubscribe, {}
                self._give_up(list(gone))
            if self._subscribe:
                asked, self._subscribe = self._subscribe, {}
                self._ask(list(asked))
        return self._messages.popleft() if self._messages else None

    def _ask(self, subscriptions: Collection[Subscription]) -> None:
        if len(self._messages) >= _MOST_MESSAGES:
            self._subscribe.update(dict.fromkeys(subscriptions))
            return
        self._asked.update(subscriptions)
        try:
            messages = self._adapter.subscribe(subscriptions)
        except TradeTuiError as error:
            if len(subscriptions) > 1:
                for subscription in subscriptions:
                    self._ask([subscription])
                return
            messages = []
            for subscription in subscriptions:
                self._asked.discard(subscription)
                self._cannot_ask(subscription, error)
        self._messages.extend((message, True) for message in messages)

    def _give_up(self, subscriptions: Collection[Subscription]) -> None:
        if len(self._messages) >= _MOST_MESSAGES:
            self._unsubscribe.update(dict.fromkeys(subscriptions))
            return
        self._asked.difference_update(subscriptions)
        self._messages.extend(
            (message, False) for message in self._adapter.unsubscribe(subscriptions)
        )

    def _take_back(self, gone: set[Subscription]) -> None:
        """Drop the messages that wait and ask for nothing but these: nobody ever hears of them."""
        kept: deque[tuple[Outgoing, bool]] = deque()
        for message in self._messages:
            outgoing, asks = message
            if asks and outgoing.subscriptions and gone.issuperset(outgoing.subscriptions):
                self._asked.difference_update(outgoing.subscriptions)
            else:
                kept.append(message)
        self._messages = kept

    def _drop(self, queue: deque[Any]) -> None:
        """Make room by the oldest."""
        queue.popleft()
        self.dropped += 1
        if self._errors is not None:
            self._errors.report(
                ErrorCategory.CONNECTION,
                "messages to the venue dropped: it takes them more slowly than they come",
                venue=self._adapter.venue,
            )
