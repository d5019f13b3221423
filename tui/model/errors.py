"""The family of errors that a user may meet: each says what was wrong and what to do."""

from __future__ import annotations


class TradeTuiError(Exception):
    """An error with a remedy.

    Attributes:
        message: what was wrong, naming the thing.
        hint: what the user can do about it; may be empty.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


class ConfigError(TradeTuiError):
    """A setting is wrong; the message names file and key."""


class ThemeError(TradeTuiError):
    """A theme file cannot be used."""


class InstrumentError(TradeTuiError, ValueError):
    """A text does not name an instrument or a timeframe."""


class AlertError(TradeTuiError, ValueError):
    """A text does not say what to be told of, or what to run then."""


class ProtocolError(TradeTuiError):
    """Bytes from a venue do not mean what the venue's protocol allows.

    Attributes:
        raw: the offending text, shortened.
    """

    def __init__(self, message: str, raw: str = "") -> None:
        super().__init__(message)
        self.raw = raw[:200]


class RecordingError(TradeTuiError):
    """A recording cannot be read or written."""


class TransportError(TradeTuiError):
    """A connection could not be made, was lost, or a request was refused.

    Attributes:
        retry_after_s: how long the other side told us to wait, seconds; None when it did not.
        fatal: True where trying again unchanged cannot help (certificate, 401, 404).
        status: HTTP status or WebSocket close code, when there was one.
    """

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        status: int | None = None,
        retry_after_s: float | None = None,
        fatal: bool = False,
    ) -> None:
        super().__init__(message, hint)
        self.status = status
        self.retry_after_s = retry_after_s
        self.fatal = fatal

    @property
    def is_refusal(self) -> bool:
        """True where the other side understood and said no, rather than could not be reached."""
        return self.fatal and self.status is not None


class NotOffered(TransportError):
    """A venue has no such request at all: nothing went wrong, and nothing is asked."""

    def __init__(self, message: str) -> None:
        super().__init__(message, fatal=True)
