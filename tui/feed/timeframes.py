"""Which timeframes a venue's candles can be had in, and which of its own others are built of."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from tui.model.subscription import Channel, Subscription
from tui.model.timeframe import USUAL, Timeframe, longest_part


def available_timeframes(
    offered: Collection[Timeframe], channels: Collection[Channel]
) -> tuple[Timeframe, ...]:
    """The timeframes that a venue has candles of, and the usual ones that these add up to or trades do,
    shortest first.

    Where a venue has no candles at all, its trades make all of them, without any history.
    """
    built = {one for one in USUAL if longest_part(offered, one) is not None}
    if Channel.TRADES in channels:
        built.update(USUAL[:1] if offered else USUAL)
    return tuple(sorted(built.union(offered), key=lambda one: one.seconds))


def asked_for(offered: Collection[Timeframe], subscription: Subscription) -> Subscription:
    """What must be asked of a venue with these timeframes for a subscription: of candles that it lacks,
    the longest ones that add up to them; of anything else, that itself."""
    timeframe = subscription.timeframe
    if timeframe is None or timeframe in offered:
        return subscription
    part = longest_part(offered, timeframe)
    if part is None:
        return subscription
    return msgspec.structs.replace(subscription, timeframe=part)
