"""Where the user's token for a venue comes from."""

from __future__ import annotations

from typing import Protocol

import msgspec


class Token(msgspec.Struct, frozen=True):
    """A secret, and until when it is good (wall clock, seconds); None when that is not known."""

    text: str
    expires_at_s: float | None = None

    def __repr__(self) -> str:
        return "Token(•••)"


class TokenSource(Protocol):
    async def token(self, *, fresh: bool = False) -> Token:
        """The token; with `fresh` a new one, because the last was refused or is about to expire.

        Raises:
            ConfigError: there is none, and only the user can help.
            TransportError: there is none now.
        """
        ...
