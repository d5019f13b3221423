"""Shows a venue the user's token where it wants one, renews it in time, and takes no for an answer."""

from __future__ import annotations

from collections.abc import Mapping

from tui.adapters.base import Authentication, Outgoing
from tui.feed.clock import Clock
from tui.feed.tokens import Token, TokenSource
from tui.model.errors import ConfigError, TransportError

# A token is replaced this long before it expires, or after nine tenths of a shorter life.
_AHEAD_S = 60.0
_SHARE = 0.1
_REFUSALS = (401, 403, 3000, 3003)


class Authorization:
    """The token of one venue's user; nothing at all where everything is public."""

    def __init__(
        self, venue: str, policy: Authentication | None, tokens: TokenSource | None, clock: Clock
    ) -> None:
        """Prepare; no token is fetched before it is needed."""
        self._venue = venue
        self._policy = policy
        self._tokens = tokens
        self._clock = clock
        self._held: Token | None = None
        self._renew_at: float | None = None
        self._was_refused = False

    @property
    def renew_in_s(self) -> float | None:
        """Seconds until the token in use should be replaced; None while that is not known."""
        if self._held is None or self._renew_at is None:
            return None
        return max(0.0, self._renew_at - self._clock.monotonic())

    async def headers(self) -> Mapping[str, str]:
        """What to add to the headers of a request.

        Raises:
            TransportError: there is no token, and why; fatal where only the user can help.
        """
        token = await self._token()
        if token is None or self._policy is None or not self._policy.header:
            return {}
        return {self._policy.header: self._policy.prefix + token.text}

    async def message(self) -> Outgoing | None:
        """The first message of a two-way connection, where the venue wants one.

        Raises:
            TransportError: as `headers`.
        """
        if self._policy is None or self._policy.message is None:
            return None
        token = await self._token()
        return None if token is None else self._policy.message(token.text)

    def refused(self, status: int | None) -> bool:
        """The venue answered with this status; True when a new token is worth one more try."""
        if status not in _REFUSALS or self._held is None:
            return False
        # Whoever asks again, if only the user, does not show it once more.
        self._held = None
        is_first, self._was_refused = not self._was_refused, True
        return is_first

    def accepted(self) -> None:
        """The venue sends data: the token is good."""
        self._was_refused = False

    async def _token(self) -> Token | None:
        if self._policy is None:
            return None
        if self._tokens is None:
            if self._policy.required:
                raise TransportError(
                    f"{self._venue} wants a token",
                    hint=f"set token_env or token_command under [venues.{self._venue}] in config.toml",
                    fatal=True,
                )
            return None
        if self._held is None or self.renew_in_s == 0.0:
            fresh = self._was_refused or self._held is not None
            try:
                self._hold(await self._tokens.token(fresh=fresh))
            except ConfigError as error:
                raise TransportError(error.message, hint=error.hint, fatal=True) from error
        return self._held

    def _hold(self, token: Token) -> None:
        self._held, self._renew_at = token, None
        if token.expires_at_s is not None:
            left = token.expires_at_s - self._clock.time_ns() / 1e9
            ahead = min(_AHEAD_S, max(0.0, left) * _SHARE)
            # Never at once again: a source that gives expired tokens must not be asked in a loop.
            self._renew_at = self._clock.monotonic() + max(5.0, left - ahead)
