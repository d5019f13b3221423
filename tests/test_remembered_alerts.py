"""Alerts that were made in the program are there again in the next run."""

from __future__ import annotations

import pytest

from tui.launch import Launch, Mode
from tui.locations import state_file
from tui.model.alert import (
    AlertRule,
    BookUnverified,
    Direction,
    IndicatorCrosses,
    Notice,
    PriceCrosses,
)
from tui.model.chart import IndicatorChoice
from tui.model.instrument import Instrument
from tui.model.timeframe import Timeframe
from tui.state import State, load_state, save_state

BTC = Instrument("BINANCE", "BTCUSDT")
LIVE = Launch(mode=Mode.LIVE, instruments=(BTC,))
RULES = (
    AlertRule(
        id="1",
        instrument=BTC,
        condition=PriceCrosses(0.00000812, Direction.UP),
        cooldown_s=90.0,
        notices=(Notice.DESKTOP,),
        command=("notify-send", "{text}"),
        note='say "now"; \\ [red]',
    ),
    AlertRule(
        id="2",
        instrument=Instrument("KRAKEN", "BTC/USD"),
        condition=IndicatorCrosses(
            IndicatorChoice("macd", {"fast": 5.0}), Timeframe(4, "h"), other="signal"
        ),
        enabled=False,
    ),
    AlertRule(id="3", instrument=BTC, condition=BookUnverified(10.0), notices=()),
)


def test_every_alert_is_as_it_was() -> None:
    save_state(State(alerts=RULES, alerts_switched={"file-1": False}), LIVE)

    state, problem = load_state(LIVE)

    assert problem == ""
    assert state.alerts == RULES
    assert state.alerts_switched == {"file-1": False}


def test_the_alerts_of_simulated_and_live_runs_are_kept_apart() -> None:
    save_state(State(alerts=RULES), LIVE)
    sim = Launch(mode=Mode.SIM, instruments=(Instrument("SIM", "BTCUSDT"),))
    save_state(State(), sim)

    assert load_state(sim)[0].alerts == ()
    assert load_state(LIVE)[0].alerts == RULES


def test_an_alert_that_is_not_understood_any_more_is_left_out_and_told() -> None:
    save_state(State(alerts=RULES), LIVE)
    path = state_file()
    path.write_text(path.read_text().replace("macd(5)", "gone(5)"))

    state, problem = load_state(LIVE)

    assert [rule.id for rule in state.alerts] == ["1", "3"]
    assert problem == (
        "the alert KRAKEN:BTC/USD 'gone(5) crosses signal 4h' is left out: "
        "there is no indicator 'gone' (there are sma, ema, wma, vwap, anchored_vwap, bollinger, "
        "keltner, donchian, supertrend, ichimoku, sar, rsi, macd, stochastic, atr, adx, cci, obv, "
        "mfi, delta)"
    )


@pytest.mark.parametrize("harm", ['tell = ["shout",', "nonsense = 3\ntell = ["])
def test_a_file_that_this_program_did_not_write_is_put_aside(harm: str) -> None:
    save_state(State(alerts=RULES), LIVE)
    path = state_file()
    path.write_text(path.read_text().replace("tell = [", harm, 1))

    _, problem = load_state(LIVE)

    assert "not a state of this program" in problem
