"""Figures, alerts and states that venues publish: the newest, in bounded memory."""

from __future__ import annotations

import msgspec

from tui.market.announced import Notices, VenueMetrics
from tui.market.market import Market
from tui.model.events import Alert, AlertLevel, Metric, Status
from tui.model.instrument import Instrument

BTC = Instrument("SIM", "BTC-USD")


def metric(name: str, value: float, at: int = 1, instrument: Instrument | None = BTC) -> Metric:
    return Metric("SIM", instrument, name, value, at, at)


def alert(text: str, at: int = 1) -> Alert:
    return Alert("SIM", BTC, AlertLevel.WARNING, "spread", text, at, at)


def status(word: str, at: int = 1) -> Status:
    return Status("SIM", BTC, word, "", at, at)


def test_the_newest_value_of_each_figure_counts() -> None:
    metrics = VenueMetrics()
    assert metrics.apply(metric("volatility", 1.0, at=5))
    assert metrics.apply(metric("depth", 7.0))
    assert not metrics.apply(metric("volatility", 9.0, at=4))
    assert metrics.apply(metric("load", 0.5, instrument=None))

    assert [(one.name, one.value) for one in metrics.of("SIM", BTC)] == [
        ("depth", 7.0),
        ("volatility", 1.0),
    ]
    assert [one.name for one in metrics.of("SIM")] == ["load"]
    assert metrics.revision == 3


def test_figures_are_bounded_and_the_longest_unchanged_go() -> None:
    metrics = VenueMetrics()
    for number in range(1500):
        metrics.apply(metric(f"f{number}", 1.0))

    assert len(metrics) == 1000
    assert metrics.of("SIM", BTC)[0].name == "f1000"


def test_an_alert_told_again_is_the_same_alert() -> None:
    notices = Notices()
    assert notices.apply(alert("wide", at=1))
    assert notices.apply(alert("wide", at=2))
    assert not notices.apply(msgspec.structs.replace(alert("wide", at=1), ts_local=99))

    assert [one.ts_exchange for one in notices.alerts] == [2, 1]


def test_an_alert_that_grew_worse_is_another_alert() -> None:
    notices = Notices()
    worse = msgspec.structs.replace(alert("wide"), level=AlertLevel.CRITICAL)

    assert notices.apply(alert("wide"))
    assert notices.apply(worse)

    assert [one.level for one in notices.alerts] == [AlertLevel.CRITICAL, AlertLevel.WARNING]


def test_alerts_are_bounded() -> None:
    notices = Notices()
    for number in range(500):
        notices.apply(alert(f"a{number}", at=number + 1))

    assert len(notices.alerts) == 200
    assert notices.alerts[0].text == "a499"


def test_the_newest_state_counts() -> None:
    notices = Notices()
    notices.apply(status("open", at=5))
    assert not notices.apply(status("halted", at=4))

    held = notices.status("SIM", BTC)
    assert held is not None
    assert held.word == "open"
    assert notices.status("SIM") is None


def test_a_venue_that_begins_anew_has_told_nothing() -> None:
    market = Market()
    market.metrics.apply(metric("volatility", 1.0))
    market.notices.apply(alert("wide"))
    market.notices.apply(status("open"))

    market.forget("SIM")

    assert market.metrics.of("SIM", BTC) == []
    assert (market.notices.alerts, market.notices.status("SIM", BTC)) == ([], None)


def test_a_figure_remembers_the_few_values_before_it() -> None:
    metrics = VenueMetrics()
    for number in range(100):
        metrics.apply(metric("load", float(number), at=number + 1))

    [load] = metrics
    assert list(metrics.history(load)) == [float(number) for number in range(40, 100)]


def test_a_figure_that_was_let_go_or_forgotten_has_no_past() -> None:
    metrics = VenueMetrics()
    for number in range(1001):
        metrics.apply(metric(f"f{number}", 1.0))
    assert list(metrics.history(metric("f0", 1.0))) == []

    metrics.forget("SIM")
    assert list(metrics.history(metric("f9", 1.0))) == []


def test_figures_are_listed_by_instrument_those_of_the_venue_itself_first() -> None:
    metrics = VenueMetrics()
    for name, instrument in (("z", BTC), ("a", BTC), ("m", None)):
        metrics.apply(metric(name, 1.0, instrument=instrument))

    assert [one.name for one in metrics] == ["m", "a", "z"]
