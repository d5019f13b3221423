"""However a server spreads its updates over messages, the candles end up as they were."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from talk import AAPL, MINUTE, START, Talk, bar

from tui.market.market import Market
from tui.model.events import Candle

Step = tuple[int, float]
NEAR = START * 10**9


@st.composite
def histories(draw: st.DrawFn) -> list[list[Step]]:
    """Batches of states of candles, in the order in which a market makes them: each minute changes a
    few times, some minutes are left out, a state may be told twice."""
    steps: list[Step] = []
    minute = 0
    for _ in range(draw(st.integers(1, 8))):
        minute += draw(st.integers(1, 3))
        for _ in range(draw(st.integers(1, 4))):
            steps.append((minute, float(draw(st.integers(1, 99)))))
            if draw(st.booleans()):
                steps.append(steps[-1])
    batches: list[list[Step]] = [[]]
    for step in steps:
        if batches[-1] and draw(st.booleans()):
            batches.append([])
        # One message holds one state of a candle: the last.
        batches[-1] = [one for one in batches[-1] if one[0] != step[0]] + [step]
    return batches


def rows(batch: list[Step]) -> list[Any]:
    return [bar(minute, close) for minute, close in batch]


@settings(max_examples=50, deadline=None)
@given(histories(), st.data())
def test_the_candles_are_those_of_the_market(
    batches: list[list[Step]], data: st.DataObject
) -> None:
    talk, market = Talk(), Market()
    session = talk.open_chart()
    events = talk.load(session, rows(batches[0]), at=NEAR)
    for number, batch in enumerate(batches[1:]):
        if data.draw(st.booleans()):
            # Our own clock may have gone anywhere: what is closed by it is still corrected.
            events += talk.tell("~h~1", at=NEAR + data.draw(st.integers(0, 900)) * 10**9)
        events += talk.update(session, *rows(batch), at=NEAR + number)
    for event in events:
        if isinstance(event, Candle):
            market.apply_candle(event)

    truth = dict(step for batch in batches for step in batch)
    series = market[AAPL].series(MINUTE).candles
    assert [((one.open_time - NEAR) // (60 * 10**9), one.close) for one in series] == sorted(
        truth.items()
    )
    assert all(one.closed for one in series[:-1])
