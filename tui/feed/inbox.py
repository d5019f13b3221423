"""Frames read and not decoded yet: bounded in number and bytes; what overflows is counted, not hidden."""

from __future__ import annotations

import asyncio
from collections import deque

_BYTES_LIMIT = 128 * 2**20


class Inbox:
    """A queue between the task that only reads and the one that decodes in slices.

    When it is full the oldest quarter goes at once: what remains is contiguous, and the owner
    repairs one hole (books resync, trades and candles are fetched) instead of many.

    Attributes:
        overflowed: frames lost since the owner last looked; the owner sets it back to 0.
    """

    def __init__(self, limit: int, bytes_limit: int = _BYTES_LIMIT) -> None:
        self._limit = max(4, limit)
        self._bytes_limit = bytes_limit
        self._frames: deque[tuple[bytes, int]] = deque()
        self._bytes = 0
        self._filled = asyncio.Event()
        self._abandoned = False
        self.overflowed = 0

    def __len__(self) -> int:
        return len(self._frames)

    def put(self, frame: bytes, ts_local: int) -> None:
        """Append a frame received at `ts_local` (ns). An empty one is a sign of life and no more."""
        if self._abandoned or not frame:
            return
        self._frames.append((frame, ts_local))
        self._bytes += len(frame)
        if len(self._frames) > self._limit or self._bytes > self._bytes_limit:
            self._make_room()
        self._filled.set()

    def take(self) -> tuple[bytes, int] | None:
        """The oldest frame and when it was received; None when there is none."""
        if not self._frames:
            self._filled.clear()
            return None
        item = self._frames.popleft()
        self._bytes -= len(item[0])
        return item

    async def wait(self) -> None:
        """Return once a frame is there."""
        await self._filled.wait()

    def abandon(self) -> None:
        """Drop what is held and what is still to come: nobody wants it any more."""
        self._abandoned = True
        self._frames.clear()
        self._bytes = 0
        self._filled.clear()

    def _make_room(self) -> None:
        target_count = self._limit - self._limit // 4
        target_bytes = self._bytes_limit - self._bytes_limit // 4
        while len(self._frames) > 1 and (
            len(self._frames) > target_count or self._bytes > target_bytes
        ):
            frame, _ = self._frames.popleft()
            self._bytes -= len(frame)
            self.overflowed += 1
