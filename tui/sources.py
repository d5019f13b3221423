"""Where the data of a run comes from: venues, the embedded market, or a recording."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Protocol

import msgspec

from tui.adapters.base import Adapter
from tui.adapters.registry import load_adapter
from tui.config import Settings
from tui.feed.clock import Clock, SystemClock
from tui.launch import Launch, Mode
from tui.model.errors import TradeTuiError
from tui.model.instrument import Instrument
from tui.recording.player import PlayerState

if TYPE_CHECKING:
    from tui.sim.process import SimProcess
    from tui.sim.replay import Replay

_NO_BUDGET = 10**9
HOW_TO_GO_LIVE = "go live: tradetui --venue binance BTCUSDT"

SIM = "SIM"
_SIM_SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT", "BNBUSDT", "ADAUSDT", "DOGEUSDT")


class Source(Protocol):
    """What the program shows, and what it says of it.

    Attributes:
        badge: stands in every panel's title; "" for live data.
        hint: one line for the status bar.
        clock: what "now" is.
        instruments: what to show when nobody said.
        replay: the recording that plays, if one does.
    """

    badge: str
    hint: str
    clock: Clock
    instruments: tuple[Instrument, ...]
    replay: Replay | None

    async def open(self, venues: Collection[str], report: Callable[[str], None]) -> list[Adapter]:
        """Make the adapters for these venues; what they speak to is up when this returns.

        `report` is told of a venue that cannot be had while others can.

        Raises:
            TradeTuiError: nothing can be had; the message says why.
        """
        ...

    def status(self) -> str:
        """The badge for the status bar, with what changes as time goes on."""
        ...

    async def keep(self, report: Callable[[str], None]) -> None:
        """Keep up what the adapters speak to, where that is ours, until closed; `report` is told of
        what had to be done."""
        ...

    async def close(self) -> None: ...


class LiveSource:
    """Public data of venues, without a key."""

    badge = ""
    hint = ""
    replay: Replay | None = None

    def __init__(self, settings: Settings) -> None:
        self.clock: Clock = SystemClock()
        self.instruments: tuple[Instrument, ...] = ()
        self._settings = settings

    async def open(self, venues: Collection[str], report: Callable[[str], None]) -> list[Adapter]:
        adapters = []
        for venue in sorted(venues):
            try:
                adapters.append(open_venue(venue, self._settings))
            except TradeTuiError as error:
                report(str(error))
        return adapters

    def status(self) -> str:
        return self.badge

    async def keep(self, report: Callable[[str], None]) -> None:
        pass

    async def close(self) -> None:
        pass


def open_venue(
    venue: str,
    settings: Settings,
    *,
    environment: Mapping[str, str] = os.environ,
) -> Adapter:
    """The adapter of a venue: one that is installed, or one that the user describes.

    Args:
        environment: where the headers of a described feed have their values.

    Raises:
        ConfigError: there is none, or it cannot be made as the settings want it.
    """
    description = settings.feeds.get(venue)
    if description is None:
        return load_adapter(venue)(settings.venues.get(venue, {}))
    from tui.adapters.generic import DescribedAdapter, read_headers

    headers = read_headers(venue, description, environment)
    return DescribedAdapter(description, venue=venue, headers=headers)


class SimSource:
    """The embedded market, in a process of its own."""

    badge = "SIMULATED"
    hint = HOW_TO_GO_LIVE
    replay: Replay | None = None

    def __init__(self, process: SimProcess) -> None:
        self.clock: Clock = SystemClock()
        self.instruments = tuple(Instrument(SIM, symbol) for symbol in _SIM_SYMBOLS)
        self._process = process

    async def open(self, venues: Collection[str], report: Callable[[str], None]) -> list[Adapter]:
        endpoints = await self._process.ready()
        return [load_adapter("BINANCE")(endpoints, venue=SIM)]

    def status(self) -> str:
        return self.badge

    async def keep(self, report: Callable[[str], None]) -> None:
        await self._process.keep_running(report, self.clock)

    async def close(self) -> None:
        self._process.stop()


class ReplaySource:
    """A recording, played through a loopback server in this process."""

    badge = "REPLAY"
    hint = ""

    def __init__(self, replay: Replay) -> None:
        self.replay: Replay | None = replay
        self._played = replay
        self.clock: Clock = replay.clock
        self.instruments = tuple(replay.instruments)

    async def open(self, venues: Collection[str], report: Callable[[str], None]) -> list[Adapter]:
        endpoints = await self._played.start()
        venue = self._played.venue
        adapter = load_adapter(venue)(endpoints, venue=venue, channels=self._played.channels)
        # Each jump connects and asks anew, and the time that would renew a venue's budget stands still
        # in a pause: this server has none.
        adapter.limits = msgspec.structs.replace(
            adapter.limits,
            connections=_NO_BUDGET,
            rest_weight=_NO_BUDGET,
            messages_per_s=float(_NO_BUDGET),
        )
        return [adapter]

    def status(self) -> str:
        player = self._played.player
        speed = "max" if math.isinf(player.speed) else f"{player.speed:g}x"
        mark = {PlayerState.PLAYING: "▶", PlayerState.PAUSED: "❙❙"}.get(player.state, "■")
        moments = (divmod(int(s), 60) for s in (player.position_s, player.duration_s))
        return f"{self.badge} {mark} {speed} " + "/".join(f"{m}:{s:02d}" for m, s in moments)

    async def keep(self, report: Callable[[str], None]) -> None:
        pass

    async def close(self) -> None:
        await self._played.close()


def choose_source(launch: Launch, sim: SimProcess | None) -> Source:
    """Where a launch has its data from; `sim` is the embedded market's process, where it needs one.

    Raises:
        RecordingError: the recording cannot be played.
    """
    if launch.mode is Mode.SIM:
        assert sim is not None
        return SimSource(sim)
    if launch.mode is Mode.REPLAY:
        from tui.sim.replay import open_replay

        assert launch.replay is not None
        wish = launch.replay
        return ReplaySource(open_replay(wish.path, wish.speed, wish.start_s))
    return LiveSource(launch.settings)
