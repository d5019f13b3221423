"""Gives each key to what the one before it has brought up: a dialog that opens hears what follows.

Textual hands a key to what has the focus at the moment it comes. Of keys that come in one go, as over a
slow link, all but the first would go to what the first is about to cover.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any, Final

from textual import events
from textual.app import App, ReturnType
from textual.message import Message
from textual.message_pump import MessagePump
from textual.screen import Screen

_LAPS: Final = 2
"""What a key does may send another message the same way, as a field that is submitted does."""
_PATIENCE_S: Final = 0.3
"""What is waited for gets lost with the widget that it passes; no key waits longer."""


class Follower(Message, verbose=True):
    """Goes the way of a key behind it; back at the app, all that the key did is done."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


class OrderedKeys(App[ReturnType]):
    """An app in which keys and pasted text wait until what came before them is done."""

    def __init__(self) -> None:
        super().__init__()
        self._held_keys: deque[events.Key | events.Paste] = deque()
        self._last_follower = 0
        self._key_laps = 0  # that are left of the key under way; 0 without one
        self._bubbling_key: events.Event | None = None  # which is itself waited for
        self._key_patience: asyncio.TimerHandle | None = None

    async def on_event(self, event: events.Event) -> None:
        """Hold a key back while another is under way; the rest is Textual's."""
        if not isinstance(event, events.Key | events.Paste):
            await super().on_event(event)
        elif event.is_forwarded:
            await super().on_event(event)
            if event is self._bubbling_key:
                self._key_laps = 0
                await self._send_next_key()
        elif self._key_laps:
            self._held_keys.append(event)
            if self._key_patience is None:
                self._be_patient()
        else:
            await self._send_key(event)

    def on_mount(self) -> None:
        self.screen_change_signal.subscribe(self, self._begin_anew, immediate=True)

    def _begin_anew(self, screen: Screen[Any]) -> None:
        """Wait for the screen that the key has brought up; the follower may be lost with the other."""
        self._bubbling_key = None
        if self._key_laps:
            self._key_laps = _LAPS
            self._follow_key()

    async def on_follower(self, follower: Follower) -> None:
        """Send the next key when all that the last one did is done."""
        if follower.number != self._last_follower:
            return
        self._key_laps -= 1
        if self._key_laps:
            self._follow_key()
        else:
            await self._send_next_key()

    async def _send_next_key(self) -> None:
        self._bubbling_key = None
        if self._held_keys:
            await self._send_key(self._held_keys.popleft())

    async def _send_key(self, event: events.Key | events.Paste) -> None:
        target = self._key_target()
        self._key_laps = _LAPS
        if self._held_keys:
            self._be_patient()
        last = self._last_follower
        await super().on_event(event)
        if self._last_follower != last:
            return  # another screen has come up at once
        if len(self.screen_stack) == 1 and event.is_forwarded:
            # Beneath all dialogs there are no fields: a key comes back, and does what it does here.
            self._bubbling_key = event
        else:
            self._follow_key(target)

    def _follow_key(self, target: MessagePump | None = None) -> None:
        self._last_follower += 1
        follower = Follower(self._last_follower)
        if not (target or self._key_target()).post_message(follower):
            self.post_message(follower)

    def _key_target(self) -> MessagePump:
        """What a key would go to now."""
        return self.focused or self.screen if self.screen_stack else self

    def _be_patient(self) -> None:
        if self._key_patience is not None:
            self._key_patience.cancel()
        loop = asyncio.get_running_loop()
        self._key_patience = loop.call_later(_PATIENCE_S, self._end_patience)

    def _end_patience(self) -> None:
        self._key_patience = None
        if self._held_keys:
            self._key_laps = 1
            self._last_follower += 1
            self.post_message(Follower(self._last_follower))
