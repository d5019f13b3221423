"""Polls in the native protocol: what came since a cursor, at once or when there is something."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence

from aiohttp import web

from tui.feed.clock import Clock
from tui.sim.native.limits import NativeLimits
from tui.sim.native.tapes import Message, Tapes
from tui.sim.native.topics import RefusedError, Topic

_WAIT = re.compile(r"(?:^|[\s,;])wait=([0-9]{1,6})(?:$|[\s,;])", re.IGNORECASE)


def wanted_wait(request: web.Request) -> float:
    """How long the client lets its request be held, in seconds; 0 for not at all."""
    match = _WAIT.search(request.headers.get("Prefer", ""))
    return float(match[1]) if match else 0.0


class _Waiter:
    """Wakes a held request when one of its topics speaks."""

    def __init__(self, request: web.Request) -> None:
        self.request = request
        self.is_due = asyncio.Event()

    def push_message(self, message: Message) -> None:
        self.is_due.set()


class Polls:
    """Answers polls, and holds those that may wait."""

    def __init__(self, tapes: Tapes, *, limits: NativeLimits, clock: Clock) -> None:
        self._tapes = tapes
        self._limits = limits
        self._clock = clock
        self._held: set[_Waiter] = set()

    async def answer(
        self, request: web.Request, topics: list[Topic], errors: Sequence[str], since: int | None
    ) -> web.Response:
        """Answer one request.

        Args:
            errors: what is said first to who begins, about what cannot be had.
            since: the last position that a client who begins has seen.

        Raises:
            RefusedError: the cursor is none, or too old.
        """
        tapes = self._tapes
        text = request.query.get("cursor", "")
        wait_s = min(wanted_wait(request), self._limits.wait_s)
        newest = tapes.keep(topics)
        if not text:
            if not wait_s and _is_known(request, newest):
                return _unchanged(newest)
            messages = [message.text for message in tapes.missed(topics, since)]
            messages += [message.text for message in tapes.state(topics)]
            return self._write([*errors, *messages], None if wait_s else newest)
        cursor = self._read_cursor(text, topics)
        if wait_s and newest <= cursor:
            await self._hold(request, topics, wait_s)
            newest = tapes.keep(topics)
        elif newest <= cursor and _is_known(request, newest):
            return _unchanged(newest)
        messages = [message.text for message in tapes.after(topics, cursor)]
        return self._write(messages, None if wait_s else newest)

    def let_go(self) -> None:
        """Answer all who are held, at once."""
        for waiter in self._held:
            waiter.is_due.set()

    def cut(self) -> None:
        """Cut all who are held."""
        for waiter in self._held:
            if waiter.request.transport is not None:
                waiter.request.transport.abort()

    def _read_cursor(self, text: str, topics: list[Topic]) -> int:
        if not (text.isascii() and text.isdigit() and len(text) < 18):
            raise RefusedError("bad_request", "this is not a cursor of this server")
        cursor = int(text)
        if not self._tapes.has_all(topics, cursor):
            raise RefusedError("cursor_expired", "what came after this cursor is gone")
        return cursor

    async def _hold(self, request: web.Request, topics: list[Topic], wait_s: float) -> None:
        waiter = _Waiter(request)
        self._held.add(waiter)
        for topic in topics:
            self._tapes.join(topic, waiter)
        tasks = [
            asyncio.create_task(waiter.is_due.wait()),
            asyncio.ensure_future(self._clock.sleep(wait_s)),
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._held.discard(waiter)
            for topic in topics:
                self._tapes.leave(topic, waiter)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _write(self, messages: Sequence[str], newest: int | None) -> web.Response:
        text = f'{{"messages":[{",".join(messages)}],"cursor":"{self._tapes.seq}"}}'
        headers = {"Cache-Control": "no-store"}
        if newest is not None:
            headers["ETag"] = _tag(newest)
        return web.Response(text=text, content_type="application/json", headers=headers)


def _tag(newest: int) -> str:
    return f'"{newest}"'


def _is_known(request: web.Request, newest: int) -> bool:
    """Whether the client has seen the newest position already."""
    given = request.headers.get("If-None-Match", "")
    return _tag(newest) in (tag.strip().removeprefix("W/") for tag in given.split(","))


def _unchanged(newest: int) -> web.Response:
    return web.Response(status=304, headers={"ETag": _tag(newest)})
