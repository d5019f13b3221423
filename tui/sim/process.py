"""The embedded market in a process of its own, which never outlives the program that started it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import Future
from typing import IO

from tui.model.errors import TradeTuiError


class SimProcess:
    """A running market. It ends by `stop`, or by itself when this program is gone."""

    def __init__(self, process: subprocess.Popen[bytes], errors: IO[bytes]) -> None:
        self._process = process
        self._errors = errors
        self._endpoints: Future[dict[str, str]] = Future()
        threading.Thread(target=self._read, name="sim-ready", daemon=True).start()

    async def ready(self) -> dict[str, str]:
        """Wait until it listens.

        Returns:
            The endpoints by the names that the Binance adapter gives them: `stream` and `rest`.

        Raises:
            TradeTuiError: it ended instead.
        """
        return await asyncio.shield(asyncio.wrap_future(self._endpoints))

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def stop(self) -> None:
        """End it, kindly first; returns within about three seconds. May be called again."""
        process = self._process
        if process.stdin is not None:
            with contextlib.suppress(OSError):
                process.stdin.close()
        try:
            process.wait(2.0)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(1.0)
        self._errors.close()

    def _read(self) -> None:
        """Read the one line that it writes; runs in a thread, so that no event loop is needed."""
        output = self._process.stdout
        assert output is not None
        with output:
            line = output.readline()
        try:
            told = json.loads(line)
            self._endpoints.set_result({"stream": told["ws"], "rest": told["rest"]})
        except (ValueError, KeyError, TypeError):
            self._endpoints.set_exception(
                TradeTuiError(f"the embedded market did not start: {self._last_words()}")
            )

    def _last_words(self) -> str:
        self._process.wait()
        with contextlib.suppress(OSError, ValueError):
            self._errors.seek(0)
            lines = self._errors.read().decode(errors="replace").strip().splitlines()
            if lines:
                return lines[-1]
        return f"exit code {self._process.returncode}"


def start_sim(*, seed: int = 1, regime: str = "auto", port: int = 0) -> SimProcess:
    """Start the market's process at once, without waiting; needs no event loop.

    Raises:
        TradeTuiError: no process can be started.
    """
    command = [sys.executable, "-m", "tui.sim", "--watch-stdin"]
    command += ["--seed", str(seed), "--regime", regime, "--port", str(port)]
    errors = tempfile.TemporaryFile()  # noqa: SIM115 (closed by stop)
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,  # Ctrl+C in the terminal is for the program, not for its market
        )
    except OSError as error:
        errors.close()
        raise TradeTuiError(f"the embedded market cannot be started: {error}") from error
    return SimProcess(process, errors)
