"""Alerts in config.toml: what can be written, and what is said of mistakes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tui.config import describe_settings, load_settings
from tui.market.alerts import FORMS, read_condition
from tui.model.alert import AlertRule, Direction, Notice, PriceCrosses, SpreadAbove
from tui.model.errors import ConfigError
from tui.model.instrument import Instrument
from tui.model.timeframe import Timeframe

BTC = Instrument("BINANCE", "BTCUSDT")
GUIDE = (Path(__file__).parents[1] / "docs" / "alerts.md").read_text()
FULL = """
[[alerts]]
instrument = "BINANCE:BTCUSDT"
when = "price > 65k"
repeat = "5m"
tell = ["desktop", "bell"]
command = ["notify-send", "{instrument}", "{text}"]
note = "breakout"
enabled = false

[[alerts]]
instrument = "KRAKEN:BTC/USD"
when = "spread > 5bp"
"""


def load(tmp_path: Path, text: str) -> tuple[AlertRule, ...]:
    file = tmp_path / "config.toml"
    file.write_text(text)
    return load_settings(file).settings.alerts


def test_alerts_are_read_with_all_they_say(tmp_path: Path) -> None:
    first, second = load(tmp_path, FULL)

    assert first == AlertRule(
        id=first.id,
        instrument=BTC,
        condition=PriceCrosses(65_000.0, Direction.UP),
        cooldown_s=300.0,
        notices=(Notice.BELL, Notice.DESKTOP),
        command=("notify-send", "{instrument}", "{text}"),
        note="breakout",
        enabled=False,
        is_from_settings=True,
    )
    assert second == AlertRule(
        id=second.id,
        instrument=Instrument("KRAKEN", "BTC/USD"),
        condition=SpreadAbove(5.0),
        cooldown_s=None,
        notices=(Notice.BELL, Notice.TOAST),
        is_from_settings=True,
    )


def test_an_alert_is_the_same_as_long_as_it_watches_the_same(tmp_path: Path) -> None:
    first, second = load(tmp_path, FULL)
    changed = FULL.replace("65k", "66k").replace("spread > 5bp", "spread  above 5 bps")

    other, same = load(tmp_path, changed)

    assert other.id != first.id
    assert same.id == second.id


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("alerts = 3", "alerts: 3 is not a list", "write [[alerts]] above each of them"),
        (
            '[alerts]\nwhen = "price > 1"',
            "alerts: {'when': 'price > 1'} is not a list",
            "write [[alerts]] above each of them",
        ),
        ("alerts = [3]", "alerts[1]: 3 is not a table", "write a [table] or { ... }"),
        (
            '[[alerts]]\nwhen = "price > 1"',
            "alerts[1].instrument: it is missing",
            'write one such as "BINANCE:BTCUSDT"',
        ),
        (
            '[[alerts]]\ninstrument = "BTCUSDT"\nwhen = "price > 1"',
            "alerts[1].instrument: 'BTCUSDT' names no venue",
            "write VENUE:SYMBOL, for example BINANCE:BTCUSDT",
        ),
        (
            '[[alerts]]\ninstrument = "B:X"',
            "alerts[1].when: it is missing",
            'write one such as "price > 65000"',
        ),
        (
            '[[alerts]]\ninstrument = "B:X"\nwhen = "spraed > 1"',
            "alerts[1].when: 'spraed > 1' cannot be watched",
            "write it like spread > 5bp",
        ),
        (
            '[[alerts]]\ninstrument = "B:X"\nwhen = "rsi > 70"',
            "alerts[1].when: no timeframe",
            "name one at the end, such as 5m",
        ),
        (
            '[[alerts]]\ninstrument = "B:X"\nwhen = "price > 1"\nrepeat = "often"',
            "alerts[1].repeat: 'often' is not a time",
            'write "once", or a time such as "5m"',
        ),
        (
            '[[alerts]]\ninstrument = "B:X"\nwhen = "price > 1"\ntell = ["bel"]',
            "alerts[1].tell: 'bel' is not one of bell, toast, desktop",
            "did you mean bell?",
        ),
        (
            '[[alerts]]\ninstrument = "B:X"\nwhen = "price > 1"\ncommand = "beep; rm x"',
            "alerts[1].command: that is not a command as a list of texts",
            'no shell reads it: write a list, such as ["notify-send", "{text}"]',
        ),
        (
            '[[alerts]]\ninstrument = "B:X"\nwhen = "price > 1"\ncommand = ["beep", "{prize}"]',
            "alerts[1].command: there is no {prize} to fill in here",
            "there is {instrument} {price} {text} {time}",
        ),
        (
            '[[alerts]]\ninstrument = "B:X"\nwhen = "price > 1"\ninstrumnt = "B:X"',
            "alerts[1].instrumnt: there is no such setting",
            "did you mean instrument?",
        ),
        (
            FULL + '[[alerts]]\ninstrument = "BINANCE:BTCUSDT"\nwhen = "price > 65000"',
            "alerts[3]: the same is watched above",
            "keep one of the two tables",
        ),
    ],
)
def test_a_mistake_is_told_with_its_place_and_the_remedy(
    tmp_path: Path, text: str, message: str, hint: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        load(tmp_path, text)

    assert refused.value.message == f"{tmp_path / 'config.toml'}: {message}"
    assert refused.value.hint == hint


def test_what_the_program_tells_of_them_is_itself_a_file(tmp_path: Path) -> None:
    rules = load(tmp_path, FULL)
    told = describe_settings(load_settings(tmp_path / "config.toml"))

    assert f"# {tmp_path / 'config.toml'}\n[[alerts]]" in told
    assert load(tmp_path, told) == rules


def test_what_looks_like_a_secret_in_a_command_is_not_told(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(
        '[[alerts]]\ninstrument = "B:X"\nwhen = "price > 1"\ncommand = ["c", "token=s3cr3t99"]'
    )

    assert "s3cr3t99" not in describe_settings(load_settings(tmp_path / "config.toml"))


def test_the_guides_examples_are_sound(tmp_path: Path) -> None:
    blocks = [block.split("```")[0] for block in GUIDE.split("```toml\n")[1:]]

    assert [len(load(tmp_path, block)) for block in blocks] == [3]


def test_the_guide_names_every_form_and_all_it_names_is_understood() -> None:
    table = GUIDE.split("| write | it fires when |")[1].split("\n\n")[0]
    written = [row.split("`")[1] for row in table.splitlines()[2:]]
    kinds = {type(read_condition(text, Timeframe(1, "m"))) for text in written}

    assert kinds == {type(read_condition(form.example)) for form in FORMS}
