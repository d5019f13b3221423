"""The rules: what they need, how they stand, and what becomes of them when they fired."""

from __future__ import annotations

import msgspec
from alert_stage import BTC, ETH, LIVE, MINUTE, Stage

from tui.market.alerts import RuleState, RuleStatus
from tui.model.alert import AlertRule, IndicatorCrosses
from tui.model.chart import Drawing, DrawingKind, IndicatorChoice
from tui.model.subscription import Channel, Subscription, SubscriptionStatus


def status(stage: Stage, rule_id: str) -> RuleStatus:
    return stage.alerts.state(rule_id).status


def test_a_rule_that_fires_once_is_off_then(stage: Stage) -> None:
    rule = stage.watch("price crosses 100", cooldown_s=None)

    stage.prices(99, 101, 99, 101)

    assert len(stage.told) == 1
    assert status(stage, rule) is RuleStatus.FIRED
    assert [one.enabled for one in stage.alerts.rules] == [False]
    assert stage.alerts.wanted() == set()


def test_a_rule_with_a_cooldown_is_quiet_until_it_is_over(stage: Stage) -> None:
    rule = stage.watch("price crosses 100", cooldown_s=10.0)

    stage.prices(99, 101, 99, 101)
    assert len(stage.told) == 1
    assert stage.alerts.state(rule) == RuleState(
        RuleStatus.COOLING, "", stage.told[0].ts, 1, wait_s=7.0
    )
    stage.skip(7)
    stage.prices(99)

    assert len(stage.told) == 2


def test_a_state_that_lasts_longer_than_the_cooldown_is_told_when_it_began_anew(
    stage: Stage,
) -> None:
    stage.stands(Channel.BOOK, LIVE, verified=True)
    stage.watch("spread > 1", cooldown_s=10.0)

    stage.book("100", "102")
    stage.book("100", "100.5")
    stage.book("100", "102")  # within the cooldown
    stage.skip(10)
    stage.book("100", "102")  # and still so when it is over
    stage.skip(10)
    stage.book("100", "102")

    assert len(stage.told) == 2


def test_firing_is_remembered_with_its_time_price_and_text(stage: Stage) -> None:
    stage.watch("price > 100")
    stage.prices(99)

    stage.trade(101.25)

    (firing,) = stage.alerts.history
    assert (firing.ts, firing.ts_exchange) == (stage.now, stage.now)
    assert (firing.value, firing.price, firing.price_text) == (101.25, 101.25, "101.25")
    assert firing.rule.instrument == BTC
    assert firing.text == "price rose to 101.25, past 100"


def test_what_fired_is_counted_until_it_is_looked_at(stage: Stage) -> None:
    stage.watch("price crosses 100")
    stage.prices(99, 101, 99)
    assert stage.alerts.unseen == 2

    stage.alerts.acknowledge()

    assert stage.alerts.unseen == 0
    assert len(stage.alerts.history) == 2


def test_the_history_is_bounded(stage: Stage) -> None:
    stage.watch("print > 0")

    for _ in range(600):
        stage.trade(100)

    assert len(stage.alerts.history) == 500


def test_rules_ask_for_what_they_need_and_no_more(stage: Stage) -> None:
    def needs(condition: str) -> set[Subscription]:
        rule = stage.watch(condition, instrument=ETH)
        wanted = stage.alerts.wanted()
        stage.alerts.remove(rule)
        return wanted

    ticker, trades, book = (
        Subscription(ETH, channel) for channel in (Channel.TICKER, Channel.TRADES, Channel.BOOK)
    )
    assert needs("price > 1") == needs("move 1% 5m") == needs("touch") == {ticker, trades}
    assert needs("print > 1") == needs("volume > 1 5m") == {trades}
    assert needs("spread > 1bp") == {ticker, book}
    assert needs("book unverified 5s") == needs("book stale 5s") == {book}
    assert needs("stale 5s") == {ticker}
    candles = Subscription(ETH, Channel.CANDLES, MINUTE)
    assert needs("candle volume > 1 1m") == needs("rsi > 70 1m") == {candles}
    assert needs("delta > 0 1m") == {candles, trades}
    assert stage.alerts.wanted() == set()


def test_a_rule_that_is_off_neither_watches_nor_needs_anything(stage: Stage) -> None:
    rule = stage.watch("price crosses 100", enabled=False)
    stage.prices(99, 101)

    assert stage.told == []
    assert stage.alerts.wanted() == set()
    assert status(stage, rule) is RuleStatus.OFF


def test_a_rule_that_is_switched_on_again_begins_anew(stage: Stage) -> None:
    rule = stage.watch("price > 100")
    stage.prices(99)
    stage.alerts.switch(rule, False)
    stage.prices(101, 99)

    stage.alerts.switch(rule, True)
    stage.prices(101)
    assert stage.told == []
    stage.prices(99, 101)

    assert len(stage.told) == 1


def test_a_rule_that_is_removed_is_gone(stage: Stage) -> None:
    rule = stage.watch("price crosses 100")
    stage.prices(99)

    stage.alerts.remove(rule)
    stage.prices(101)

    assert stage.told == []
    assert stage.alerts.rules == []
    assert stage.market[BTC].watchers == ()


def test_a_rule_that_was_changed_watches_for_what_it_says_now(stage: Stage) -> None:
    stage.watch("price > 100")
    (rule,) = stage.alerts.rules
    condition = msgspec.structs.replace(rule.condition, level=110.0)  # type: ignore[type-var]
    stage.prices(99)

    stage.alerts.put(msgspec.structs.replace(rule, condition=condition))
    stage.prices(99, 101, 111)

    assert stage.texts == ["price rose to 111, past 110"]


def test_a_rule_waits_while_what_it_watches_is_not_live(stage: Stage) -> None:
    price, volume = stage.watch("price > 100"), stage.watch("candle volume > 1 1m")
    assert stage.alerts.state(volume) == RuleState(RuleStatus.WAITING, "candles off")

    stage.stands(Channel.CANDLES, SubscriptionStatus.REJECTED, "no such symbol")
    assert stage.alerts.state(volume).why == "candles rejected: no such symbol"
    assert status(stage, price) is RuleStatus.WAITING

    stage.stands(Channel.TICKER, LIVE)
    assert status(stage, price) is RuleStatus.ARMED


def test_the_rules_of_one_instrument_can_be_told_from_others(stage: Stage) -> None:
    stage.watch("price > 1")
    stage.watch("price > 2", instrument=ETH)

    assert [rule.instrument for rule in stage.alerts.rules_of(ETH)] == [ETH]


def test_a_fault_in_one_alert_harms_neither_the_feed_nor_the_others(stage: Stage) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a fault")

    stage.alerts._fired = fail
    stage.watch("print > 5")

    stage.trade(100, 6.0)
    stage.trade(100, 1.0)

    assert stage.market[BTC].last_price == 100
    assert stage.failures == ["an alert failed: RuntimeError('a fault')"]


def test_a_rule_that_meets_a_fault_does_not_keep_others_from_firing(stage: Stage) -> None:
    stage.drawings = (Drawing(DrawingKind.TREND, ()),)  # no such drawing can be made
    stage.watch("touch")
    stage.watch("price > 100")

    stage.prices(99, 101)

    assert stage.texts == ["price rose to 101, past 100"]
    assert len(stage.failures) == 2


def test_a_rule_that_was_removed_by_what_fired_before_it_does_not_fire(stage: Stage) -> None:
    stage.watch("price > 100")
    second = stage.watch("price > 100")
    stage.alerts._fired = lambda firing: stage.alerts.remove(second)

    stage.prices(99, 101)

    assert stage.failures == []
    assert len(stage.alerts.history) == 1


def test_what_fires_may_change_the_rules_at_once(stage: Stage) -> None:
    first = stage.watch("price > 100")
    stage.watch("price > 100")
    stage.alerts._fired = lambda firing: stage.alerts.remove(first)

    stage.prices(99, 101)

    assert stage.failures == []
    assert len(stage.alerts.history) == 2


def test_a_rule_that_cannot_watch_says_why(stage: Stage) -> None:
    unknown = IndicatorCrosses(IndicatorChoice("nonsense"), MINUTE, level=3.0)
    stage.alerts.put(AlertRule(id="a", instrument=BTC, condition=unknown))

    assert stage.alerts.state("a") == RuleState(
        RuleStatus.WAITING, "there is no indicator 'nonsense'"
    )
    assert stage.alerts.wanted() == set()
