"""Where a venue's token comes from: an environment variable, or a command that prints it."""

from __future__ import annotations

import asyncio
import base64
import binascii
import os
from collections.abc import Mapping, Sequence
from typing import Final, Protocol

import msgspec

from tui.feed.clock import Clock
from tui.feed.programs import run_program
from tui.feed.redaction import SHORTEST_SECRET, Redactor
from tui.model.errors import ConfigError, TransportError
from tui.model.text import clean

COMMAND_TIMEOUT_S: Final = 30.0
_LONGEST_TOKEN: Final = 16_384
_SKEW_S: Final = 60.0
"""Our clock may be wrong by so much before a token is called expired."""


class Token(msgspec.Struct, frozen=True):
    """What shows a venue who asks.

    Attributes:
        expires_at_s: seconds since the epoch; None when the token does not tell.
    """

    text: str
    expires_at_s: float | None = None

    def __repr__(self) -> str:
        return f"Token(expires_at_s={self.expires_at_s})"


class TokenSource(Protocol):
    """Gives a venue's token whenever one is needed."""

    async def token(self, *, fresh: bool = False) -> Token:
        """The token; `fresh` where the one of before was refused or is about to expire.

        Raises:
            ConfigError: there is none, and trying again cannot help.
            TransportError: it could not be had just now.
        """
        ...


class EnvironmentTokens:
    """The token in an environment variable."""

    def __init__(
        self,
        name: str,
        redactor: Redactor,
        *,
        clock: Clock,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        """Read nothing yet. The redactor learns the token before anybody else does."""
        self._name = name
        self._redactor = redactor
        self._clock = clock
        self._environment = environment

    async def token(self, *, fresh: bool = False) -> Token:
        """As the variable has it; a process cannot see it change, so `fresh` changes nothing."""
        where = f"the environment variable {clean(self._name, 60)}"
        text = self._environment.get(self._name)
        if text is None:
            raise ConfigError(f"{where} is not set", "export it with the venue's token")
        if not text.strip():
            raise ConfigError(f"{where} is empty", "export it with the venue's token")
        token = _read(text.strip(), f"{where} holds", self._redactor)
        if token.expires_at_s is not None and token.expires_at_s < _seconds(self._clock) - _SKEW_S:
            raise ConfigError(
                f"the token in {where} has expired", "export a new one and start again"
            )
        return token


class CommandTokens:
    """The first line that a command prints; it is run without a shell and without a terminal."""

    def __init__(
        self,
        command: Sequence[str],
        redactor: Redactor,
        *,
        clock: Clock,
        timeout_s: float = COMMAND_TIMEOUT_S,
    ) -> None:
        """Run nothing yet. The redactor learns the token before anybody else does."""
        self._command = tuple(command)
        self._redactor = redactor
        self._clock = clock
        self._timeout_s = timeout_s
        self._held: Token | None = None
        self._runs = 0
        self._running = asyncio.Lock()

    async def token(self, *, fresh: bool = False) -> Token:
        """The token of the last run while it is good; the command is run once for all who wait."""
        runs = self._runs
        async with self._running:
            held = self._held
            is_new = self._runs > runs  # somebody else's run, ended after we asked
            if held is None or not (is_new or (not fresh and self._is_good(held))):
                held = self._held = await self._run()
                self._runs += 1
            return held

    def _is_good(self, token: Token) -> bool:
        return token.expires_at_s is None or token.expires_at_s > _seconds(self._clock)

    async def _run(self) -> Token:
        # Its arguments may be secrets themselves: messages show the command's name only.
        where = f"the token command {clean(self._command[0], 60)}"
        try:
            ended = await run_program(self._command, timeout_s=self._timeout_s)
        except TimeoutError:
            raise TransportError(
                f"{where} did not end within {self._timeout_s:g} s",
                hint="it cannot ask anything: nobody would see its question",
            ) from None
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            raise ConfigError(
                f"{where} cannot be run: {reason}", "check token_command in config.toml"
            ) from None
        text = (ended.output.splitlines() or [""])[0].strip()
        self._redactor.add(text)  # a command that fails may still have printed it
        if ended.code != 0:
            last = (ended.complaint.strip().splitlines() or [""])[-1]
            words = self._redactor.hide(clean(last), 160)
            said = f": {words}" if words else ""
            raise TransportError(f"{where} failed with {ended.how}{said}")
        if not text:
            raise TransportError(f"{where} printed nothing", hint="its first line is the token")
        return _read(text, f"{where} printed", self._redactor)


def _read(text: str, verb: str, redactor: Redactor) -> Token:
    """Check a token's spelling; the messages never hold it."""
    redactor.add(text)
    hint = "a token is one word of letters, digits and signs"
    if not (text.isascii() and text.isprintable()) or " " in text:
        raise ConfigError(f"{verb} something that is not a token", hint)
    if not SHORTEST_SECRET <= len(text) <= _LONGEST_TOKEN:
        raise ConfigError(f"{verb} {len(text)} characters, which is not a token", hint)
    return Token(text, _expiry(text))


def _expiry(token: str) -> float | None:
    """When a JSON Web Token says that it expires; its signature is the venue's business."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        payload = base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))
        return msgspec.json.decode(payload, type=_Claims).exp
    except (binascii.Error, ValueError, msgspec.DecodeError):
        return None


class _Claims(msgspec.Struct):
    exp: float | None = None


def _seconds(clock: Clock) -> float:
    return clock.time_ns() / 1e9


def open_tokens(
    variable: str, command: Sequence[str], redactor: Redactor, *, clock: Clock
) -> TokenSource | None:
    """The source that a venue's settings name; None where they name none."""
    if variable:
        return EnvironmentTokens(variable, redactor, clock=clock)
    if command:
        return CommandTokens(command, redactor, clock=clock)
    return None
