"""Sources of tests: nothing to keep and nothing to close; and one whose venue is a server on loopback."""

from __future__ import annotations

from tui.adapters.base import Adapter
from tui.adapters.binance import BinanceAdapter
from tui.feed.clock import Clock, SystemClock
from tui.model.instrument import Instrument


class PlainSource:
    """What sources of tests have in common; each says which instruments there are, and opens them."""

    badge = ""
    hint = ""
    replay = None
    clock: Clock
    instruments: tuple[Instrument, ...]

    def status(self) -> str:
        return self.badge

    async def keep(self, report: object) -> None:
        pass

    async def close(self) -> None:
        pass


class ServerSource(PlainSource):
    """A server of the test's own, where the default run has one in another process."""

    badge = "SIMULATED"

    def __init__(self, port: int, instruments: tuple[Instrument, ...]) -> None:
        self.clock = SystemClock()
        self.instruments = instruments
        self._port = port

    async def open(self, venues: object, report: object) -> list[Adapter]:
        endpoints = {
            "stream": f"ws://127.0.0.1:{self._port}",
            "rest": f"http://127.0.0.1:{self._port}",
        }
        return [BinanceAdapter(endpoints, venue="SIM")]
