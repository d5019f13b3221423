"""Other programs, run without a shell, without a terminal, and not for ever."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

LONGEST_OUTPUT: Final = 65_536


class Ended(msgspec.Struct, frozen=True):
    """How a program ended.

    Attributes:
        code: its exit code; negative for the signal that ended it.
        output, complaint: what it printed, and what to its error output; of very much the beginning.
    """

    code: int
    output: str
    complaint: str

    @property
    def how(self) -> str:
        """The code in words."""
        return f"exit code {self.code}" if self.code >= 0 else f"signal {-self.code}"


async def run_program(
    command: Sequence[str], *, timeout_s: float, environment: Mapping[str, str] | None = None
) -> Ended:
    """Run a program to its end, and leave nothing behind: neither it nor what it started.

    Args:
        command: its name and its arguments; each is one argument, whatever it holds.
        environment: all that it sees; None for our own.

    Raises:
        OSError: it cannot be run.
        ValueError: an argument holds a NUL character.
        TimeoutError: it took too long, and was ended.
    """
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,  # or its questions would go to the middle of the screen
        env=None if environment is None else dict(environment),
    )
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        async with asyncio.timeout(timeout_s):
            output, complaint = await asyncio.gather(
                _read_some(process.stdout), _read_some(process.stderr)
            )
            return Ended(await process.wait(), output, complaint)
    finally:
        await _end(process)


async def _read_some(stream: asyncio.StreamReader) -> str:
    """What a program prints; of very much only the beginning is kept."""
    kept = bytearray()
    while chunk := await stream.read(LONGEST_OUTPUT):
        kept += chunk[: LONGEST_OUTPUT - len(kept)]
    return kept.decode("utf-8", "replace")


async def _end(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
