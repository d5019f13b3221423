"""A source whose venue is a server of the test's own, on loopback."""

from __future__ import annotations

from tui.adapters.base import Adapter
from tui.adapters.binance import BinanceAdapter
from tui.feed.clock import Clock, SystemClock
from tui.model.instrument import Instrument


class ServerSource:
    """A server of the test's own, where the default run has one in another process."""

    badge = "SIMULATED"
    hint = ""
    replay = None

    def __init__(self, port: int, instruments: tuple[Instrument, ...]) -> None:
        self.clock: Clock = SystemClock()
        self.instruments = instruments
        self._port = port

    async def open(self, venues: object, report: object) -> list[Adapter]:
        endpoints = {
            "stream": f"ws://127.0.0.1:{self._port}",
            "rest": f"http://127.0.0.1:{self._port}",
        }
        return [BinanceAdapter(endpoints, venue="SIM")]

    def status(self) -> str:
        return self.badge

    async def keep(self, report: object) -> None:
        pass

    async def close(self) -> None:
        pass
