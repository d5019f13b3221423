"""A recording ready to be watched: the player, its clock, and the loopback server, tied together."""

from __future__ import annotations

import math
from pathlib import Path

from tui.feed.clock import Clock, SystemClock
from tui.model.errors import RecordingError
from tui.model.instrument import Instrument
from tui.model.subscription import Channel
from tui.recording.clock import ReplayClock
from tui.recording.player import Player
from tui.recording.recording import Recording
from tui.sim.replay_binance import ReplayServer


class Replay:
    """A recording behind a loopback server.

    Attributes:
        recording: its name, length and problem.
        player: pause, speed and position; seeking through it closes the clients' connections.
        clock: for the feeds that watch the replay.
        venue: whose protocol the server speaks.
        instruments: what was recorded, in order of appearance.
        channels: what the recorded streams carry; the adapter must not expect more.
    """

    def __init__(
        self, recording: Recording, *, speed: float = 1.0, clock: Clock | None = None
    ) -> None:
        """Read through a recording; nothing listens before `start`.

        Raises:
            RecordingError: nobody here speaks its venue's protocol, or it holds no market data.
            ValueError: the speed is not above zero.
        """
        if recording.venue != "BINANCE":
            raise RecordingError(
                f"{recording.name} is a recording of {recording.venue or 'an unknown venue'}",
                "recordings of BINANCE can be replayed",
            )
        base = clock or SystemClock()
        self.recording = recording
        self.player = Player(recording, base, speed=speed)
        self.clock = ReplayClock(self.player, base)
        self.server = ReplayServer(recording, self.player, clock=base)
        history = self.server.history
        if not history.symbols:
            raise RecordingError(f"{recording.name} holds no market data")
        self.venue = recording.venue
        self.instruments = [Instrument(self.venue, symbol) for symbol in history.symbols]
        self.channels: frozenset[Channel] = history.channels

    async def start(self, port: int = 0) -> dict[str, str]:
        """Listen on loopback; returns the adapter's endpoints."""
        return await self.server.start(port)

    async def close(self) -> None:
        await self.server.close()


def open_replay(
    path: Path, speed: float = 1.0, start: float = 0.0, *, clock: Clock | None = None
) -> Replay:
    """Load a recording, standing at `start` seconds after its first frame.

    Takes about 0.4 s for 40,000 frames; call it in a thread where that matters.

    Raises:
        RecordingError: the file cannot be read or not be replayed, or `start` lies outside of it.
        ValueError: the speed is not above zero.
    """
    recording = Recording.load(path)
    if not (math.isfinite(start) and 0 <= start <= recording.duration_s):
        raise RecordingError(
            f"{recording.name} has no moment {start:g} s", f"it lasts {recording.duration_s:.0f} s"
        )
    replay = Replay(recording, speed=speed, clock=clock)
    if start:
        replay.player.seek(start)
    return replay
