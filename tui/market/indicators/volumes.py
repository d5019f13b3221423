"""Formulas of our own that weigh prices by volume: VWAP, OBV, MFI, cumulative volume delta.

talipp's VWAP knows no sessions, its OBV begins with the first candle's volume, and it has no MFI and no
delta.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from tui.market.indicators.definition import Row, Settings
from tui.market.indicators.steps import Steps
from tui.model.events import Candle
from tui.model.timeframe import NS, Timeframe

SESSIONS: dict[str, Timeframe] = {
    "day": Timeframe(1, "d"),
    "week": Timeframe(1, "w"),
    "month": Timeframe(1, "M"),
}
"""Spans in UTC after which sums begin anew; weeks begin on Mondays."""


class _Paid(NamedTuple):
    session: int = -1
    paid: float = 0.0
    volume: float = 0.0


def make_vwap(settings: Settings) -> Steps[_Paid]:
    """The average price paid since the session began."""
    return _vwap(list(SESSIONS.values())[int(settings["session"])].floor)


def make_anchored_vwap(settings: Settings) -> Steps[_Paid]:
    """The average price paid since a moment."""
    anchor = int(settings["anchor"]) * NS
    return _vwap(lambda opened: 0 if opened >= anchor else None)


def _vwap(session_of: Callable[[int], int | None]) -> Steps[_Paid]:
    """`session_of` names the session of a candle by its open time; None for none."""

    def step(state: _Paid, candle: Candle) -> tuple[_Paid, Row]:
        session = session_of(candle.open_time)
        if session is None:
            return state, (None,)
        if session != state.session:
            state = _Paid(session)
        price = (candle.high + candle.low + candle.close) / 3
        volume = state.volume + candle.volume
        state = _Paid(session, state.paid + price * candle.volume, volume)
        return state, (state.paid / volume if volume > 0.0 else None,)

    return Steps(_Paid(), step)


class _Balance(NamedTuple):
    close: float | None = None
    total: float = 0.0


def make_obv(settings: Settings) -> Steps[_Balance]:
    """Volume added while the close rises and taken away while it falls."""

    def step(state: _Balance, candle: Candle) -> tuple[_Balance, Row]:
        total = state.total
        if state.close is not None and candle.close != state.close:
            total += candle.volume if candle.close > state.close else -candle.volume
        return _Balance(candle.close, total), (total,)

    return Steps(_Balance(), step)


class _Flows(NamedTuple):
    price: float | None = None
    flows: tuple[tuple[float, float], ...] = ()


def make_mfi(settings: Settings) -> Steps[_Flows]:
    """The part of the money that changed hands at rising prices, in percent."""
    length = int(settings["length"])

    def step(state: _Flows, candle: Candle) -> tuple[_Flows, Row]:
        price = (candle.high + candle.low + candle.close) / 3
        if state.price is None:
            return _Flows(price), (None,)
        money = price * candle.volume
        flow = (money * (price > state.price), money * (price < state.price))
        state = _Flows(price, (*state.flows, flow)[-length:])
        if len(state.flows) < length:
            return state, (None,)
        into, out = (sum(each) for each in zip(*state.flows, strict=True))
        return state, (100.0 * into / (into + out) if into + out > 0.0 else None,)

    return Steps(_Flows(), step)


class _Delta(NamedTuple):
    session: int = -1
    total: float = 0.0


def make_delta(settings: Settings) -> Steps[_Delta]:
    """What takers bought less what they sold, summed up since the session began."""
    floor = list(SESSIONS.values())[int(settings["session"])].floor

    def step(state: _Delta, candle: Candle) -> tuple[_Delta, Row]:
        bought = candle.taker_buy_volume
        if bought is None:
            if candle.volume:
                return state, (None,)
            bought = 0.0  # nothing was traded, and so nothing bought
        session = floor(candle.open_time)
        total = state.total if session == state.session else 0.0
        total += 2.0 * bought - candle.volume
        return _Delta(session, total), (total,)

    return Steps(_Delta(), step)
