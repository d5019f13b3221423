"""Background jobs of a feed, one at a time for each key, none of which can bring the feed down."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable

from tui.feed.error_log import ErrorLog
from tui.model.errors import TradeTuiError, TransportError
from tui.model.health import ErrorCategory


class Jobs:
    """Jobs by key. Asking for one that runs already lets it run once more afterwards."""

    def __init__(self, venue: str, errors: ErrorLog) -> None:
        self._venue = venue
        self._errors = errors
        self._group: asyncio.TaskGroup | None = None
        self._running: dict[Hashable, asyncio.Task[None]] = {}
        self._again: dict[Hashable, Callable[[], Awaitable[None]]] = {}
        self._early: dict[Hashable, Callable[[], Awaitable[None]]] = {}

    def open(self, group: asyncio.TaskGroup) -> None:
        """Run jobs in this group from now on, those first that were asked for before."""
        self._group = group
        early, self._early = self._early, {}
        for key, job in early.items():
            self.start(key, job)

    def close(self) -> None:
        """The group ends and takes its tasks with it."""
        self._group = None
        self._running.clear()
        self._again.clear()

    def start(self, key: Hashable, job: Callable[[], Awaitable[None]]) -> None:
        """Run a job, or once more after the one that runs under this key."""
        if self._group is None:
            self._early[key] = job
        elif key in self._running:
            self._again[key] = job
        else:
            work = self._run(key, job)
            try:
                self._running[key] = self._group.create_task(work)
            except RuntimeError:
                # The group is shutting down, and so is the feed.
                work.close()

    def cancel(self, key: Hashable) -> None:
        self._early.pop(key, None)
        self._again.pop(key, None)
        task = self._running.pop(key, None)
        if task is not None:
            task.cancel()

    def cancel_all(self) -> None:
        for key in [*self._early, *self._running]:
            self.cancel(key)

    def is_running(self, key: Hashable) -> bool:
        return key in self._running or key in self._early

    async def _run(self, key: Hashable, job: Callable[[], Awaitable[None]]) -> None:
        task = asyncio.current_task()
        try:
            await job()
        except TradeTuiError as error:
            # A request that failed has put itself on the error log, unless the venue refused it.
            if isinstance(error, TransportError) and error.is_refusal:
                self._errors.report(ErrorCategory.SERVER, error.message, venue=self._venue)
        except Exception as error:
            self._errors.report(
                ErrorCategory.SERVER,
                f"internal error while fetching {key}: {type(error).__name__}: {error}",
                venue=self._venue,
            )
        finally:
            # A cancelled job's key may belong to its successor by now.
            if self._running.get(key) is task:
                del self._running[key]
                again = self._again.pop(key, None)
                if again is not None and self._group is not None:
                    self.start(key, again)
