"""The clock of a feed that lives in a recording."""

from __future__ import annotations

from tui.feed.clock import Clock
from tui.recording.player import Player, PlayerState


class ReplayClock:
    """Recorded time for whoever looks at the wall, and a monotonic clock that stops with the player.

    The monotonic clock stands still while the player is paused or at the end, so that nothing turns
    stale then, and runs slower with a slower player. A faster player does not hurry it: sockets and
    their timeouts are as slow as ever. Sleeping takes real time, always.
    """

    def __init__(self, player: Player, clock: Clock) -> None:
        """Follow `player`; `clock` is the real one."""
        self._player = player
        self._clock = clock
        self._virtual = 0.0
        self._settled_at = clock.monotonic()
        self._rate = self._rate_now()
        player.on_change(self._settle)

    def time_ns(self) -> int:
        """The recorded time at the player's position, ns."""
        return self._player.now_ns

    def monotonic(self) -> float:
        return self._virtual + (self._clock.monotonic() - self._settled_at) * self._rate

    async def sleep(self, seconds: float) -> None:
        await self._clock.sleep(seconds)

    def _settle(self) -> None:
        """Count what passed at the old rate before the new one applies."""
        self._virtual = self.monotonic()
        self._settled_at = self._clock.monotonic()
        self._rate = self._rate_now()

    def _rate_now(self) -> float:
        if self._player.state in (PlayerState.PAUSED, PlayerState.ENDED):
            return 0.0
        return min(self._player.speed, 1.0)
