"""What the user wants to see of an instrument, and how that stands."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from tui.model.instrument import Instrument
from tui.model.timeframe import Timeframe
from tui.model.transport import TransportKind


class Channel(StrEnum):
    TICKER = "ticker"
    TRADES = "trades"
    BOOK = "book"
    CANDLES = "candles"


class Subscription(msgspec.Struct, frozen=True, cache_hash=True):
    """One channel of one instrument; candles name their timeframe."""

    instrument: Instrument
    channel: Channel
    timeframe: Timeframe | None = None

    def __str__(self) -> str:
        return f"{self.instrument} {self.channel}" + (
            f" {self.timeframe}" if self.timeframe else ""
        )


class SubscriptionStatus(StrEnum):
    """pending: asked for; syncing: acknowledged, history or snapshot on its way; live: data flows;
    stale: it flowed and stopped; rejected: the venue said no; off: not asked for."""

    PENDING = "pending"
    SYNCING = "syncing"
    LIVE = "live"
    STALE = "stale"
    REJECTED = "rejected"
    OFF = "off"


class Truth(msgspec.Struct, frozen=True):
    """What a panel says of the data it shows.

    Attributes:
        status: how the subscription stands.
        reason: why, in a few words; for a live book the name of the policy that verifies it.
        last_data: local time (ns) of the newest data; 0 when none came.
        verified: for books: True while every update has been checked.
        transport: how the data arrives; None while nothing is connected.
    """

    status: SubscriptionStatus = SubscriptionStatus.OFF
    reason: str = ""
    last_data: int = 0
    verified: bool = False
    transport: TransportKind | None = None
