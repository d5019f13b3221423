"""How long a job waits before it asks a venue again."""

from __future__ import annotations

import asyncio
import contextlib
import random

from tui.feed.clock import Clock, within
from tui.model.errors import TradeTuiError, TransportError

_RETRY_S = 2.0
_RETRY_MAX_S = 30.0


class Patience:
    """Waits between tries: as long as the venue says, else longer with each try, at random."""

    def __init__(self, clock: Clock, rng: random.Random) -> None:
        self._clock = clock
        self._rng = rng
        self._hurry = asyncio.Event()

    def hurry(self) -> None:
        """End all waits now: the venue can be reached again, or the user does not want to wait."""
        self._hurry.set()
        self._hurry = asyncio.Event()

    async def wait(self, attempt: int, error: TradeTuiError | None) -> None:
        """Wait after a failed `attempt`, counted from 0; `error` says why it failed, where known."""
        told = error.retry_after_s if isinstance(error, TransportError) else None
        if told is None:
            bound = min(_RETRY_MAX_S, _RETRY_S * 2.0 ** min(attempt, 16))
            told = self._rng.uniform(0.5, 1.0) * bound
        with contextlib.suppress(TimeoutError):
            await within(self._clock, told, self._hurry.wait())
