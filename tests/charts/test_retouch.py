"""A chart whose newest candle alone has moved looks as if it had been painted anew."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from chart_drawing import PALETTE, wave
from hypothesis import given
from hypothesis import strategies as st

from tui.charts import ASCII, BRAILLE, EIGHTHS, HALVES, ChartPainter
from tui.model.chart import ChartStyle, PriceScale
from tui.model.events import Candle
from tui.model.timeframe import NS, Timeframe

MINUTE = Timeframe(1, "m")

TICKS = st.lists(
    st.tuples(
        st.one_of(st.floats(-0.3, 0.3), st.floats(-3.0, 3.0)),
        st.one_of(st.floats(0.0, 0.01), st.floats(0.0, 40.0)),
        st.integers(0, 20),
        st.integers(0, 9).map(bool),
        st.integers(0, 9).map(lambda number: number == 9),
    ),
    min_size=1,
    max_size=12,
)
"""How far the price goes, what is traded, how many seconds pass, whether the line of the last price is
there, and whether a new candle begins."""
OPTIONS = st.fixed_dictionaries(
    {
        "width": st.integers(8, 70),
        "height": st.integers(2, 24),
        "glyphs": st.sampled_from([EIGHTHS, HALVES, BRAILLE, ASCII]),
        "columns": st.integers(1, 5),
        "style": st.sampled_from([ChartStyle.CANDLES, ChartStyle.CANDLES, ChartStyle.BARS]),
        "price_scale": st.sampled_from(list(PriceScale)),
        "hollow_up": st.booleans(),
        "volume": st.booleans(),
        "is_stale": st.booleans(),
        "margin": st.integers(0, 3),
    }
)


def tick(held: Candle, price: float, volume: float) -> Candle:
    return msgspec.structs.replace(
        held,
        close=price,
        high=max(held.high, price),
        low=min(held.low, price),
        volume=held.volume + volume,
    )


@given(TICKS, OPTIONS, st.integers(2, 40), st.booleans())
def test_whatever_the_newest_candle_does(
    ticks: list[tuple[float, float, int, bool, bool]],
    options: dict[str, Any],
    count: int,
    is_inner: bool,
) -> None:
    candles = list(wave(count))
    if is_inner:  # the newest candle is neither the highest nor the lowest, nor that of most volume
        candles[-2] = msgspec.structs.replace(candles[-2], high=106.0, low=94.0, volume=30.0)
    retouched, anew = ChartPainter(), ChartPainter()
    price, now, past = candles[-1].close, candles[-1].open_time + 5 * NS, 0
    for change, volume, seconds, has_line, begins in ticks:
        price, now = price + change, now + seconds * NS
        if begins:
            opened = candles[-1].open_time + 60 * NS
            candles.append(msgspec.structs.replace(candles[-1], open_time=opened, open=price))
            past += 1
        candles[-1] = tick(candles[-1], price, volume)
        asked = {
            "timeframe": MINUTE,
            "price_decimals": 2,
            "palette": PALETTE,
            "now_ns": now,
            "last_price": price if has_line else None,
            **options,
        }
        assert retouched.paint(candles, past=past, **asked) == anew.paint(candles, **asked)
        assert (retouched.geometry is None) == (anew.geometry is None)
        if retouched.geometry is not None and anew.geometry is not None:
            assert retouched.geometry.bars == anew.geometry.bars


def painted(painter: ChartPainter, candles: list[Candle], **options: Any) -> list[Any]:
    asked: dict[str, Any] = {
        "width": 60,
        "height": 16,
        "timeframe": MINUTE,
        "price_decimals": 2,
        "palette": PALETTE,
        "glyphs": EIGHTHS,
        "last_price": candles[-1].close,
    }
    return painter.paint(candles, **asked | options)


def test_a_tick_leaves_all_rows_but_its_own_the_very_same_strips() -> None:
    candles = list(wave(30))
    painter = ChartPainter()
    before = painted(painter, candles, past=1)
    geometry = painter.geometry

    candles[-1] = tick(candles[-1], candles[-1].close + 0.01, 0.01)
    after = painted(painter, candles, past=1)

    assert painter.geometry is geometry, "it was painted anew"
    assert sum(old is not new for old, new in zip(before, after, strict=True)) in (1, 2)


@pytest.mark.parametrize("price", [float("nan"), float("inf"), 1e200, -1e200])
def test_a_candle_that_makes_no_sense_is_left_to_a_new_painting(price: float) -> None:
    candles = list(wave(30))
    retouched, anew = ChartPainter(), ChartPainter()
    painted(retouched, candles, past=1)
    painted(anew, candles)

    candles[-1] = tick(candles[-1], price, 0.0)

    assert painted(retouched, candles, past=1) == painted(anew, candles)
    assert retouched.skipped == anew.skipped


def test_a_changed_past_is_painted_anew() -> None:
    candles = list(wave(30))
    painter = ChartPainter()
    painted(painter, candles, past=1)

    candles[3] = tick(candles[3], 97.0, 0.0)

    assert painted(painter, candles, past=2) == painted(ChartPainter(), candles)
