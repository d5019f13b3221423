"""Alerts in the program: the dialog, how the user is told, and what is remembered."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC
from typing import Any, ClassVar

import msgspec
import pytest
from staging import INSTRUMENTS, NOW, StagedApp, StagedSource, staged_app
from textual.binding import BindingType
from textual.pilot import Pilot
from textual.widgets import Input, Static

from tui.feed.clock import ManualClock
from tui.launch import Mode
from tui.market.alerts import Alerts, RuleStatus, read_condition
from tui.market.market import Market
from tui.model.alert import AlertRule, Notice
from tui.model.chart import Drawing, DrawingKind
from tui.model.events import Side, Trade
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription, SubscriptionStatus, Truth
from tui.model.timeframe import Timeframe
from tui.screens.alert_form import AlertForm, Draft, Wrong, draft_of, read_draft
from tui.screens.alerts import AlertsScreen
from tui.terminal.diffing_app import DiffingApp
from tui.themes import load_themes, to_textual, variable_defaults

BTC, ETH, SOL, *_ = INSTRUMENTS
KRAKEN = Instrument("KRAKEN", "BTC/USD")
MINUTE = Timeframe(1, "m")
DARK = to_textual(load_themes()[0]["dark"])


def rule(when: str, number: int = 1, instrument: Instrument = BTC, **more: Any) -> AlertRule:
    return AlertRule(
        id=str(number), instrument=instrument, condition=read_condition(when, MINUTE), **more
    )


@asynccontextmanager
async def running(
    app: StagedApp | None = None, size: tuple[int, int] = (120, 40)
) -> AsyncIterator[tuple[StagedApp, Pilot[Any]]]:
    app = app or staged_app(grid=2, instruments=(BTC, ETH, SOL))
    async with app.run_test(size=size, notifications=True) as pilot:
        app.frame()
        await pilot.pause()
        yield app, pilot


class Bare(DiffingApp[None]):
    """Nothing but the dialog, over three symbols of which two are live."""

    BINDINGS: ClassVar[list[BindingType]] = [("A", "alerts")]

    def __init__(self) -> None:
        super().__init__()
        self.clock = ManualClock(NOW)
        self.market = Market()
        self.alerts = Alerts(self.market, self.clock)
        self.lines = {SOL: ["support", ""]}
        live = Truth(SubscriptionStatus.LIVE)
        for instrument in (BTC, SOL):
            for channel in (Channel.TICKER, Channel.TRADES):
                self.market.set_truth(Subscription(instrument, channel), live)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return variable_defaults(self.available_themes.get(self.theme))

    def on_mount(self) -> None:
        self.register_theme(DARK)
        self.theme = "dark"

    def action_alerts(self) -> None:
        self.push_screen(
            AlertsScreen(
                self.alerts,
                proposal=lambda: Draft(str(BTC), "price > 61837.62"),
                instruments=(BTC, ETH, SOL),
                newest=lambda instrument: "61837.62" if instrument == BTC else "",
                timeframe=MINUTE,
                refuse=lambda one: "there is no SIM here" if one.venue == "SIM" else "",
                lines=lambda one: self.lines.get(one, []),
                changed=lambda: None,
                zone=UTC,
                now=self.clock.time_ns,
            )
        )


@asynccontextmanager
async def bare(size: tuple[int, int] = (120, 40)) -> AsyncIterator[tuple[Bare, Pilot[Any]]]:
    app = Bare()
    async with app.run_test(size=size) as pilot:
        yield app, pilot


def trade(
    app: StagedApp | Bare, price: float, instrument: Instrument = BTC, size: float = 1.0
) -> None:
    """A trade that just happened."""
    if isinstance(app, Bare):
        clock, market = app.clock, app.market
    else:
        assert isinstance(app._source.clock, ManualClock)
        clock, market = app._source.clock, app.session.market
    clock._move_to(clock.monotonic() + 1.0)
    now = clock.time_ns()
    last = market[instrument].tape.last
    number = (last.trade_id or 0) + 1 if last is not None else 1
    market.apply_trade(
        Trade(instrument, price, size, Side.BUY, now, now, number, f"{price:.2f}", f"{size:g}")
    )


def shown(widget: Any) -> list[str]:
    return [str(widget.render_line(y).text).rstrip() for y in range(widget.size.height)]


def field(app: StagedApp | Bare, name: str) -> Input:
    return app.screen.query_one(f"#alert-{name}", Input)


def note(app: StagedApp | Bare) -> str:
    return str(app.screen.query_one("#alert-meaning", Static).render())


# -- the list ----------------------------------------------------------------------------------


async def test_a_key_opens_the_alerts_and_escape_leaves_them() -> None:
    async with running() as (app, pilot):
        await pilot.press("A")
        assert isinstance(app.screen, AlertsScreen)
        assert "none yet: n makes one" in shown(app.screen._rules)[1]
        assert "nothing in this run" in shown(app.screen._firings)[1]

        await pilot.press("escape")
        assert app.screen is app.dashboard


async def test_the_list_says_how_each_rule_stands() -> None:
    async with bare() as (app, pilot):
        app.alerts.put(
            rule("print > 5", 1, cooldown_s=300.0),
            rule("price > 70000", 2),
            rule("spread > 5bp", 3, KRAKEN),
            rule("print > 0", 4, SOL),
            rule("price < 1", 5, ETH, enabled=False),
        )
        trade(app, 61_837.0, size=6.0)
        trade(app, 159.0, SOL)

        await pilot.press("A")

        assert shown(app.screen._rules)[1:6] == [
            " ◐ BINANCE:BTCUSDT          print > 5" + " " * 70 + "5m again 5m",
            " ● BINANCE:BTCUSDT          price > 70000" + " " * 64 + "once armed",
            " ◌ KRAKEN:BTC/USD           spread > 5bp" + " " * 65 + "once waiting",
            " ✓ BINANCE:SOLUSDT          print > 0" + " " * 68 + "once fired",
            " ○ BINANCE:ETHUSDT          price < 1" + " " * 68 + "once off",
        ]
        assert [line.split("  ")[-1].strip() for line in shown(app.screen._firings)[1:3]] == [
            "one trade: buy of 1 at 159",
            "one trade: buy of 6 at 61837",
        ]
        assert shown(app.screen._firings)[1].startswith(" 23:54:17 BINANCE:SOLUSDT")


async def test_the_lines_below_tell_all_about_the_rule_at_the_cursor() -> None:
    async with bare() as (app, pilot):
        app.alerts.put(
            rule("print > 5", 1),
            rule(
                "spread > 5bp",
                2,
                KRAKEN,
                note="[red]mine",
                command=("beep", "{text}"),
                cooldown_s=60.0,
                notices=(Notice.DESKTOP,),
            ),
        )
        await pilot.press("A", "down")

        assert shown(app.screen._details) == [
            " waits: book off; again after 1m; [red]mine",
            " desktop, runs beep {text}",
        ]


async def test_space_switches_and_x_twice_deletes() -> None:
    async with bare() as (app, pilot):
        app.alerts.put(rule("print > 5", 1), rule("print > 6", 2))
        await pilot.press("A", "space")
        assert [one.enabled for one in app.alerts.rules] == [False, True]

        await pilot.press("x")
        assert len(app.alerts.rules) == 2
        await pilot.press("x")

        assert [one.id for one in app.alerts.rules] == ["2"]


async def test_another_key_between_keeps_the_alert() -> None:
    async with bare() as (app, pilot):
        app.alerts.put(rule("print > 5", 1), rule("print > 6", 2))
        await pilot.press("A", "x", "down", "up", "x")

        assert len(app.alerts.rules) == 2


async def test_the_arrows_go_from_one_list_into_the_other() -> None:
    async with bare() as (app, pilot):
        app.alerts.put(rule("print > 5", 1), rule("print > 6", 2))
        trade(app, 61_837.0, size=7.0)
        await pilot.press("A", "down", "down")
        assert (app.screen._rules.is_chosen, app.screen._firings.is_chosen) == (False, True)

        await pilot.press("up")
        assert (app.screen._rules.is_chosen, app.screen._firings.is_chosen) == (True, False)


async def test_what_fired_is_told_in_full_where_its_line_is_cut() -> None:
    async with bare(size=(40, 12)) as (app, pilot):
        app.alerts.put(rule("print > 5", note="a large one"))
        trade(app, 61_837.0, size=7.0)
        await pilot.press("A", "tab")

        assert shown(app.screen._details) == [
            " one trade: buy of 7 at 61837 (a large …",
            " BINANCE:BTCUSDT print > 5",
        ]


async def test_a_click_chooses_a_line_and_its_list() -> None:
    async with bare() as (app, pilot):
        app.alerts.put(rule("print > 5", 1), rule("print > 6", 2))
        trade(app, 61_837.0, size=7.0)
        await pilot.press("A")
        await pilot.click("#alert-firings", offset=(5, 2))
        assert app.screen._firings.is_chosen
        assert app.screen._firings.cursor == 1

        await pilot.click("#alert-rules", offset=(5, 2))

        assert app.screen._rules.is_chosen
        assert app.screen._rules.current == app.alerts.rules[1]


async def test_what_fired_is_counted_in_the_top_line_until_it_is_looked_at() -> None:
    async with running() as (app, pilot):
        app.alerts.put(rule("print > 5", cooldown_s=1.0))
        trade(app, 61_837.0, size=6.0)
        trade(app, 61_837.0, size=6.0)
        app.frame()
        assert " 2 alerts " in shown(app.dashboard.status_bar)[0]

        await pilot.press("A")
        await pilot.press("escape")
        app.frame()

        assert "alert" not in shown(app.dashboard.status_bar)[0]


@pytest.mark.parametrize("size", [(80, 24), (40, 12)])
async def test_the_list_fits_small_terminals(size: tuple[int, int]) -> None:
    async with bare(size=size) as (app, pilot):
        app.alerts.put(rule("price > 70000"), rule("macd(12,26,9) crosses signal 4h", 2))
        await pilot.press("A")

        rows = shown(app.screen._rules)
        assert rows[1].endswith("armed")
        assert "price > 70000" in rows[1]
        assert "waiting" in rows[2]
        assert app.screen._firings.size.height >= 3


# -- the form ----------------------------------------------------------------------------------


async def test_a_new_alert_begins_with_the_chosen_panels_newest_price() -> None:
    async with running() as (app, pilot):
        await pilot.press("2", "A", "n")

        assert isinstance(app.screen, AlertForm)
        assert field(app, "symbol").value == "BINANCE:ETHUSDT"
        price = app.session.market[ETH].last_text
        assert field(app, "when").value == f"price > {price}"
        assert note(app).startswith("price > 2683.1: the price reaches a level")


async def test_a_level_that_the_price_is_past_already_is_told_as_such() -> None:
    async with bare() as (app, pilot):
        await pilot.press("A", "n")
        field(app, "when").value = "price > 60000"
        await pilot.pause()

        assert note(app).endswith(" The price is 61837.62: it must be below first.")


@pytest.mark.parametrize(
    ("when", "tells"),
    [
        ("price > 70000", True),
        ("rise 2% 5m", True),
        ("spread > 5bp", False),
        ("print > 10", False),
        ("stale 30s", False),
    ],
)
async def test_the_price_is_told_of_what_watches_the_price(when: str, tells: bool) -> None:
    async with bare() as (app, pilot):
        await pilot.press("A", "n")
        field(app, "when").value = when
        await pilot.pause()

        assert note(app).endswith("The price is 61837.62.") is tells


@pytest.mark.parametrize(
    ("symbol", "when", "problem"),
    [
        ("SOLUSDT", "touch", ""),
        ("SOLUSDT", "touch support", ""),
        ("SOLUSDT", "touch roof", "no line there is called 'roof' (there are support)"),
        ("BTCUSDT", "touch", "no line is drawn on BINANCE:BTCUSDT (d on its chart draws one)"),
        ("BTCUSDT", "touch roof", "no line is drawn on BINANCE:BTCUSDT (d on its chart draws one)"),
    ],
)
async def test_only_a_line_that_is_there_can_be_touched(
    symbol: str, when: str, problem: str
) -> None:
    async with bare() as (app, pilot):
        await pilot.press("A", "n")
        field(app, "symbol").value = symbol
        field(app, "when").value = when
        await pilot.pause()
        said = note(app)

        await pilot.press("enter")
        await pilot.pause()

        assert said == problem or not problem
        assert bool(app.alerts.rules) is not bool(problem)


async def test_a_new_alert_begins_where_the_crosshair_points() -> None:
    async with running() as (app, pilot):
        await pilot.press("o", "down", "down", "A", "n")

        cross = app.dashboard.chosen.cross
        assert cross is not None
        assert cross[1] is not None
        assert field(app, "when").value == f"price < {cross[1]:.2f}"


async def test_what_is_written_becomes_a_rule_that_watches() -> None:
    async with bare() as (app, pilot):
        await pilot.press("A", "n")
        field(app, "when").value = "print > 5"
        field(app, "again").value = "10m"
        field(app, "tell").value = "toast, desktop"
        field(app, "command").value = "notify-send 'a b' {text}"
        field(app, "note").value = "large"
        await pilot.press("enter")

        assert app.alerts.rules == [
            rule(
                "print > 5",
                cooldown_s=600.0,
                notices=(Notice.TOAST, Notice.DESKTOP),
                command=("notify-send", "a b", "{text}"),
                note="large",
            )
        ]
        assert isinstance(app.screen, AlertsScreen)
        assert app.alerts.state("1").status is RuleStatus.ARMED


async def test_an_alert_can_be_changed_and_is_one_and_the_same() -> None:
    async with bare() as (app, pilot):
        app.alerts.put(rule("print > 5", 1), rule("print > 6", 2))
        await pilot.press("A", "down", "enter")
        assert field(app, "when").value == "print > 6"
        field(app, "when").value = "print > 7"
        await pilot.press("enter")

        assert app.alerts.rules == [rule("print > 5", 1), rule("print > 7", 2)]


async def test_escape_discards_what_was_written() -> None:
    async with bare() as (app, pilot):
        await pilot.press("A", "n", "escape")

        assert app.alerts.rules == []
        assert isinstance(app.screen, AlertsScreen)


async def test_what_is_wrong_is_told_and_not_kept() -> None:
    async with bare() as (app, pilot):
        await pilot.press("A", "n")
        field(app, "when").value = "spraed > 1"
        await pilot.press("enter")

        assert note(app) == "'spraed > 1' cannot be watched (write it like spread > 5bp)"
        assert field(app, "when").has_class("-wrong")

        field(app, "when").value = "spread > 1"
        field(app, "symbol").value = "SIM:BTCUSDT"
        await pilot.press("enter")

        assert note(app) == "there is no SIM here"
        assert not field(app, "when").has_class("-wrong")
        assert app.alerts.rules == []


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("symbol", "B:", "'B:' is not an instrument"),
        ("when", "spraed > 1", "'spraed > 1' cannot be watched"),
        ("again", "often", "'often' is not a time"),
        ("tell", "shout", "'shout' is no way to tell"),
        ("command", "beep 'x", "the command: no closing quotation"),
        ("command", "beep {x}", "there is no {x} to fill in here"),
    ],
)
def test_what_is_wrong_is_told_with_its_field(name: str, text: str, told: str) -> None:
    draft = msgspec.structs.replace(Draft("BINANCE:BTCUSDT", "price > 1"), **{name: text})

    with pytest.raises(Wrong, match=re.escape(told)) as refused:
        read_draft(draft, "1")

    assert refused.value.field == name


def test_a_rule_is_the_same_after_it_was_looked_at() -> None:
    held = rule(
        "macd(5) crosses signal 4h",
        cooldown_s=90.0,
        notices=(),
        command=("sh", "-c", "echo 'a b' \"$1\"", "", "{text}"),
        note="mine",
    )

    assert read_draft(draft_of(held), held.id) == held


async def test_the_page_keys_offer_what_usually_stands_in_a_field() -> None:
    async with bare() as (app, pilot):
        await pilot.press("A", "n", "pagedown")
        assert field(app, "when").value == "move 2% 5m"
        await pilot.press(*["pagedown"] * 5)
        assert field(app, "when").value == "rsi(14) crosses 70 1m"

        await pilot.press("down", "pagedown")
        assert field(app, "again").value == "1m"
        await pilot.press("down", "pagedown")
        assert field(app, "tell").value == "bell toast desktop"
        await pilot.press("up", "up", "up", "pagedown")
        assert field(app, "symbol").value == "BINANCE:ETHUSDT"


async def test_a_symbol_without_a_venue_is_one_of_the_chosen_panels_venue() -> None:
    async with bare() as (app, pilot):
        await pilot.press("A", "n")
        field(app, "symbol").value = "DOGEUSDT"
        await pilot.press("enter")

        assert [str(one.instrument) for one in app.alerts.rules] == ["BINANCE:DOGEUSDT"]


async def test_the_whole_form_fits_the_smallest_terminal() -> None:
    async with bare(size=(40, 12)) as (app, pilot):
        await pilot.press("A", "n")

        below = [
            app.screen.query_one(f"#alert-{name}") for name in ("symbol", "note", "meaning", "keys")
        ]
        assert all(widget.region.bottom <= 12 and widget.size.area for widget in below)


# -- alerts of config.toml ---------------------------------------------------------------------


def configured(*rules: AlertRule, **state: Any) -> StagedApp:
    app = staged_app()
    settings = msgspec.structs.replace(app._launch.settings, alerts=rules)
    app._launch = msgspec.structs.replace(app._launch, settings=settings)
    app._state = msgspec.structs.replace(app._state, **state)
    app.start_alerts()
    return app


async def test_alerts_of_the_settings_can_be_switched_and_not_changed() -> None:
    app = configured(rule("print > 5", is_from_settings=True))
    async with running(app) as (app, pilot):
        await pilot.press("A", "enter")
        assert isinstance(app.screen, AlertsScreen)
        await pilot.press("x", "x")
        assert len(app.alerts.rules) == 1

        await pilot.press("space")

        assert app.with_alerts(app._state).alerts_switched == {"1": False}
        assert app.with_alerts(app._state).alerts == ()


async def test_what_was_switched_in_the_last_run_stays_so() -> None:
    app = configured(
        rule("print > 5", 1, is_from_settings=True),
        rule("print > 6", 2, is_from_settings=True, enabled=False),
        rule("print > 7", 3, Instrument("SIM", "BTCUSDT"), is_from_settings=True),
        alerts_switched={"1": False, "2": True, "gone": True},
    )

    async with running(app):
        # That of the simulated market is none of a live run.
        assert [one.enabled for one in app.alerts.rules] == [False, True]
        assert app.with_alerts(app._state).alerts_switched == {"1": False, "2": True}


async def test_alerts_that_were_made_are_there_in_the_next_run() -> None:
    async with running() as (app, pilot):
        await pilot.press("A", "n")
        field(app, "when").value = "price > 99999"
        await pilot.press("enter")
        made = app.alerts.rules
        assert len(made) == 1
        app._save_state()

    async with running() as (app, _):
        assert app.alerts.rules == made


# -- telling -----------------------------------------------------------------------------------


async def test_a_rule_that_fires_is_told_in_all_its_ways(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    ran, written, rung = tmp_path / "ran", [], []
    monkeypatch.setenv("TERM", "foot")
    monkeypatch.delenv("TMUX", raising=False)
    async with running() as (app, pilot):
        monkeypatch.setattr(app._driver, "write", written.append)
        monkeypatch.setattr(app, "bell", lambda: rung.append(True))
        app.alerts.put(
            rule(
                "print > 5",
                notices=tuple(Notice),
                command=("/bin/sh", "-c", f'echo "$1" > {ran}', "sh", "{text}"),
                note="[b]large[/b]",
            )
        )

        trade(app, 61_837.0, size=6.0)
        await app.workers.wait_for_complete(
            [one for one in app.workers if one.name == "alert command"]
        )
        await pilot.pause()

        text = "BINANCE:BTCUSDT one trade: buy of 6 at 61837 ([b]large[/b])"
        assert [toast.message for toast in app._notifications] == [text]
        assert rung == [True]
        assert f"\x1b]777;notify;tradetui;{text}\x1b\\" in written
        assert ran.read_text() == f"{text}\n"
        assert len(app.session.errors) == 0


async def test_no_toast_covers_the_list_that_shows_it() -> None:
    async with running() as (app, pilot):
        app.alerts.put(rule("print > 5"))
        await pilot.press("A")
        trade(app, 61_837.0, size=6.0)
        await pilot.pause()

        assert list(app._notifications) == []
        app.frame()
        assert "buy of 6" in shown(app.screen._firings)[1]


async def test_a_recording_wakes_nobody_and_runs_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    written: list[str] = []
    monkeypatch.setenv("TERM", "foot")
    async with running() as (app, pilot):
        app._launch = msgspec.structs.replace(app._launch, mode=Mode.REPLAY)
        monkeypatch.setattr(app._driver, "write", written.append)
        command = ("/usr/bin/touch", str(tmp_path / "ran"))
        app.alerts.put(rule("print > 5", notices=tuple(Notice), command=command))

        trade(app, 61_837.0, size=6.0)
        await pilot.pause()

        assert len(app._notifications) == 1
        assert [one for one in app.workers if one.name == "alert command"] == []
        assert [one for one in written if "]777;" in one] == []


async def test_many_alerts_at_once_ring_once(monkeypatch: pytest.MonkeyPatch) -> None:
    rung: list[bool] = []
    async with running() as (app, _):
        monkeypatch.setattr(app, "bell", lambda: rung.append(True))
        app.alerts.put(*(rule("print > 5", n, notices=(Notice.BELL,)) for n in range(5)))

        trade(app, 61_837.0, size=6.0)

        assert len(app.alerts.history) == 5
        assert rung == [True]


async def test_a_command_that_fails_is_on_the_error_log() -> None:
    async with running() as (app, _):
        app.alerts.put(rule("print > 5", notices=(), command=("/no/such/thing",)))

        trade(app, 61_837.0, size=6.0)
        await app.workers.wait_for_complete(
            [one for one in app.workers if one.name == "alert command"]
        )

        (record,) = app.session.errors.records()
        assert record.instrument == BTC
        assert record.message == (
            "the alert's command /no/such/thing cannot be run: No such file or directory"
        )


# -- what is subscribed and drawn --------------------------------------------------------------


async def test_what_rules_need_is_subscribed_as_long_as_they_need_it() -> None:
    async with running() as (app, _):
        app.alerts.put(rule("book unverified 30s", instrument=KRAKEN))
        app.check_alerts()
        book = Subscription(KRAKEN, Channel.BOOK)
        assert app.session._wanted["alerts"] == {book}

        app.session.market.set_truth(book, Truth(SubscriptionStatus.SYNCING, "a gap"))
        clock = app._source.clock
        assert isinstance(clock, ManualClock)
        clock._move_to(31.0)
        app.check_alerts()

        # It fired by time alone, and is done.
        assert [one.text for one in app.alerts.history] == [
            "book not verified for 31s: syncing, a gap"
        ]
        assert app.session._wanted["alerts"] == frozenset()


async def test_watched_prices_and_what_fired_are_on_the_chart() -> None:
    async with running() as (app, _):
        panel = app.dashboard.chosen
        newest = app.session.market[BTC].last_price
        assert newest is not None
        app.alerts.put(
            rule(f"price > {newest + 5:.2f}", 1), rule("print > 5", 2), rule("price > 1", 3, ETH)
        )
        trade(app, newest, size=6.0)
        app.frame()

        assert "alert >" in "\n".join(shown(panel))
        assert "◆" in "\n".join(shown(panel))


async def test_a_drawn_line_that_is_touched_is_told() -> None:
    async with running() as (app, _):
        level = Drawing(DrawingKind.LEVEL, ((NOW, 61_000.0),), "support")
        app.dashboard.drawings.add(BTC, level)
        app.alerts.put(rule("touch support"))

        trade(app, 61_500.0)
        trade(app, 60_999.0)

        assert [one.text for one in app.alerts.history] == [
            "price 60999.00 touched support at 61000"
        ]


async def test_venues_that_only_alerts_need_are_opened() -> None:
    opened: list[set[str]] = []

    class Source(StagedSource):
        async def open(self, venues: Any, report: Any) -> list[Any]:
            opened.append(set(venues))
            if "NOPE" in venues:
                report("there is no venue NOPE")
            return []

    app = configured(
        rule("price > 1", 1, KRAKEN, is_from_settings=True),
        rule("price > 1", 2, SOL, is_from_settings=True),
    )
    app._source = Source()
    async with running(app) as (app, pilot):
        assert opened == [{"BINANCE", "KRAKEN"}]

        await pilot.press("A", "n")
        field(app, "symbol").value = "NOPE:X"
        await pilot.press("enter")
        await app.workers.wait_for_complete()

        assert "NOPE" in opened[-1]
        assert [one.message for one in app.session.errors.records()] == ["there is no venue NOPE"]
        assert len(app.alerts.rules) == 3
