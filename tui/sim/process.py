"""The embedded market in a process of its own, which never outlives the program that started it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import IO, Any

import msgspec

from tui.feed.clock import Clock
from tui.model.errors import TradeTuiError

_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 30.0
_LONG_ENOUGH_S = 30.0


class SimEndpoints(msgspec.Struct, frozen=True):
    """Where a market listens, by the names that the adapters give: `stream` and `rest`."""

    binance: dict[str, str]
    native: dict[str, str]
    coinbase: dict[str, str]
    advanced: dict[str, str]
    kraken: dict[str, str]
    tradingview: dict[str, str]


class SimProcess:
    """A running market. It ends by `stop`, or by itself when this program is gone; should it die, it
    can be started again where it was."""

    def __init__(self, *, seed: int, regime: str, port: int) -> None:
        """Start the market's process at once, without waiting; needs no event loop.

        Raises:
            TradeTuiError: no process can be started.
        """
        self._seed = seed
        self._regime = regime
        self._port = port
        self._began_ns = time.time_ns()
        self._is_stopped = False
        self._run = self._start()

    async def ready(self) -> dict[str, str]:
        """Wait until it listens.

        Returns:
            The endpoints by the names that the Binance adapter gives them: `stream` and `rest`.

        Raises:
            TradeTuiError: it ended instead.
        """
        return (await self.endpoints()).binance

    async def endpoints(self) -> SimEndpoints:
        """Wait until it listens, and say where, by every protocol.

        Raises:
            TradeTuiError: it ended instead.
        """
        found = await asyncio.shield(asyncio.wrap_future(self._run.endpoints))
        self._port = found.port
        return found.where

    @property
    def is_running(self) -> bool:
        return self._run.process.poll() is None

    @property
    def pid(self) -> int:
        """Of the process that runs now, or ran last."""
        return self._run.process.pid

    async def ended(self) -> str:
        """Wait until the process that runs now has ended, by itself or by `stop`.

        Returns:
            Its last words.
        """
        return await asyncio.shield(asyncio.wrap_future(self._run.last_words))

    def restart(self) -> None:
        """Start it again on the port that it had. The market goes on as if nothing had happened: the
        same seed and beginning give the same trades and books.

        Raises:
            TradeTuiError: no process can be started, or it was stopped.
        """
        if self._is_stopped:
            raise TradeTuiError("the embedded market was stopped")
        self._run.stop()
        self._run = self._start()

    async def keep_running(self, report: Callable[[str], None], clock: Clock) -> None:
        """Start it again whenever it dies, with growing pauses where it does so at once; returns when
        it was stopped.

        Args:
            report: is told of every death and of what could not be done.
        """
        pause_s = _FIRST_PAUSE_S
        while True:
            born = clock.monotonic()
            words = await self.ended()
            if self._is_stopped:
                return
            if clock.monotonic() - born >= _LONG_ENOUGH_S:
                pause_s = _FIRST_PAUSE_S
            report(f"the embedded market ended ({words}) and is started again")
            await clock.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
            if self._is_stopped:
                return
            with contextlib.suppress(TradeTuiError):  # what hinders it now is tried again
                self.restart()

    def stop(self) -> None:
        """End it for good, kindly first; returns within about three seconds. May be called again."""
        self._is_stopped = True
        self._run.stop()

    def _start(self) -> _Run:
        command = [sys.executable, "-m", "tui.sim", "--watch-stdin"]
        command += ["--seed", str(self._seed), "--regime", self._regime]
        command += ["--port", str(self._port), "--began", str(self._began_ns)]
        errors = tempfile.TemporaryFile()  # noqa: SIM115 (closed by stop)
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,  # Ctrl+C is for the program, not for its market
            )
        except OSError as error:
            errors.close()
            raise TradeTuiError(f"the embedded market cannot be started: {error}") from error
        return _Run(process, errors)


class _Found(msgspec.Struct, frozen=True):
    port: int
    where: SimEndpoints


class _Run:
    """One life of the process.

    Attributes:
        endpoints: where it listens, or why it does not.
        last_words: what it said last, once it has ended.
    """

    def __init__(self, process: subprocess.Popen[bytes], errors: IO[bytes]) -> None:
        self.process = process
        self._errors = errors
        self.endpoints: Future[_Found] = Future()
        self.last_words: Future[str] = Future()
        self._reader = threading.Thread(target=self._read, name="sim-ready", daemon=True)
        self._reader.start()

    def stop(self) -> None:
        process = self.process
        if process.stdin is not None:
            with contextlib.suppress(OSError):
                process.stdin.close()
        try:
            process.wait(2.0)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(1.0)
        self._reader.join(1.0)
        self._errors.close()

    def _read(self) -> None:
        """Read the one line that it writes, then wait for its end; runs in a thread, so that no event
        loop is needed."""
        output = self.process.stdout
        assert output is not None
        with output:
            line = output.readline()
        found: _Found | None = None
        with contextlib.suppress(ValueError, KeyError, TypeError):
            found = _understand(json.loads(line))
        if found is not None:
            self.endpoints.set_result(found)
        self.process.wait()
        words = self._read_errors() or f"exit code {self.process.returncode}"
        if found is None:
            self.endpoints.set_exception(
                TradeTuiError(f"the embedded market did not start: {words}")
            )
        self.last_words.set_result(words)

    def _read_errors(self) -> str:
        with contextlib.suppress(OSError, ValueError):
            self._errors.seek(0)
            lines = self._errors.read().decode(errors="replace").strip().splitlines()
            if lines:
                return lines[-1]
        return ""


def _understand(told: dict[str, Any]) -> _Found:
    binance = {"stream": told["ws"], "rest": told["rest"]}
    names = ("native", "coinbase", "advanced", "kraken", "tradingview")
    others = {name: dict(told[name]) for name in names}
    return _Found(told["port"], SimEndpoints(binance=binance, **others))


def start_sim(*, seed: int = 1, regime: str = "auto", port: int = 0) -> SimProcess:
    """Start the market's process at once, without waiting; needs no event loop.

    Raises:
        TradeTuiError: no process can be started.
    """
    return SimProcess(seed=seed, regime=regime, port=port)
