"""What is known of one stream that was asked for, and of each wanted subscription that lives on it."""

from __future__ import annotations

from tui.model.subscription import Subscription, SubscriptionStatus


class Stream:
    """What is asked of the venue; several wanted subscriptions may live on one stream.

    Attributes:
        users: the wanted subscriptions that it feeds.
        asked_at, data_at: monotonic seconds; None before.
        acked: the venue said yes, or data came.
        flowing: data came since it was asked for.
        silent: nothing came for longer than the venue's channel may be silent.
        attempts: how often it was asked for on this connection.
        given_up: how often a connection was ended because of its silence.
    """

    __slots__ = (
        "acked",
        "asked_at",
        "attempts",
        "data_at",
        "flowing",
        "given_up",
        "silent",
        "subscription",
        "users",
    )

    def __init__(self, subscription: Subscription) -> None:
        self.subscription = subscription
        self.users: dict[Subscription, Entry] = {}
        self.given_up = 0
        self.forget()

    def forget(self) -> None:
        """Back to the state before it was asked for."""
        self.asked_at: float | None = None
        self.data_at: float | None = None
        self.acked = self.flowing = self.silent = False
        self.attempts = 0


class Entry:
    """A wanted subscription.

    Attributes:
        status, reason, verified: as the market's Truth says them.
        loaded: history or snapshot is there, and complete.
        note: why it is not live: shown while syncing.
        rejected: the venue's reason for refusing; None while it did not.
        lived: it was live at least once.
    """

    __slots__ = (
        "lived",
        "loaded",
        "note",
        "reason",
        "rejected",
        "status",
        "stream",
        "subscription",
        "verified",
    )

    def __init__(self, subscription: Subscription, stream: Stream | None) -> None:
        self.subscription = subscription
        self.stream = stream
        self.status = SubscriptionStatus.OFF
        self.reason = ""
        self.verified = False
        self.loaded = False
        self.note = ""
        self.rejected: str | None = None
        self.lived = False
