"""What a rule needs to be subscribed, and the detector that watches for its condition."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tui.market.alerts.detectors import (
    CandleVolume,
    Detector,
    DrawingTouch,
    LargePrint,
    PriceCrossing,
    PriceMove,
    Spread,
    Staleness,
    Volume,
)
from tui.market.alerts.indicators import IndicatorCrossing
from tui.market.indicators.catalogue import CATALOGUE
from tui.market.market import Market
from tui.model.alert import (
    AlertRule,
    BookUnverified,
    CandleVolumeAbove,
    DrawingTouched,
    FeedStale,
    IndicatorCrosses,
    PriceCrosses,
    PriceMoves,
    PrintAbove,
    SpreadAbove,
    VolumeAbove,
)
from tui.model.chart import Drawing
from tui.model.errors import AlertError
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription


def needs(rule: AlertRule) -> tuple[Subscription, ...]:
    """What must be subscribed for a rule; what it depends on most comes last."""
    match rule.condition:
        case PriceCrosses() | PriceMoves() | DrawingTouched():
            channels = [Channel.TICKER, Channel.TRADES]
        case PrintAbove() | VolumeAbove():
            channels = [Channel.TRADES]
        case SpreadAbove():
            channels = [Channel.TICKER, Channel.BOOK]
        case FeedStale(channel=channel):
            channels = [channel]
        case BookUnverified():
            channels = [Channel.BOOK]
        case CandleVolumeAbove(timeframe=timeframe):
            return (Subscription(rule.instrument, Channel.CANDLES, timeframe),)
        case IndicatorCrosses(timeframe=timeframe, indicator=indicator):
            candles = Subscription(rule.instrument, Channel.CANDLES, timeframe)
            definition = CATALOGUE.get(indicator.name)
            if definition is not None and definition.needs_trades:
                return (Subscription(rule.instrument, Channel.TRADES), candles)
            return (candles,)
    return tuple(Subscription(rule.instrument, channel) for channel in channels)


def make_detector(
    rule: AlertRule, drawings: Callable[[Instrument], Sequence[Drawing]], market: Market
) -> Detector | str:
    """A detector for a rule, or why there is none."""
    match rule.condition:
        case PriceCrosses() as condition:
            return PriceCrossing(condition)
        case PriceMoves() as condition:
            return PriceMove(condition)
        case DrawingTouched() as condition:
            return DrawingTouch(condition, lambda: drawings(rule.instrument))
        case SpreadAbove() as condition:
            return Spread(condition)
        case PrintAbove() as condition:
            return LargePrint(condition)
        case VolumeAbove() as condition:
            return Volume(condition)
        case CandleVolumeAbove() as condition:
            return CandleVolume(condition)
        case FeedStale() | BookUnverified() as condition:
            return Staleness(condition)
        case IndicatorCrosses() as condition:
            try:
                return IndicatorCrossing(condition, market[rule.instrument].tape)
            except AlertError as error:
                return error.message
