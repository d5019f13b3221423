"""Commands of alerts: really run, with hostile values, and with everything that may go wrong."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import pytest

from tui.alert_commands import AlertCommands
from tui.market.alerts.telling import check_command, fill_command, message
from tui.model.alert import AlertRule, Firing, PriceCrosses
from tui.model.errors import AlertError
from tui.model.instrument import Instrument

HOSTILE = "; rm -rf / $(touch x) `id` && \n'\" | > {price} \x1b]0;x\x07 --help"


def firing(*command: str, symbol: str = "BTCUSDT", note: str = "") -> Firing:
    rule = AlertRule(
        id="1",
        instrument=Instrument("BINANCE", symbol),
        condition=PriceCrosses(65000.0),
        command=command,
        note=note,
    )
    return Firing(
        rule=rule,
        ts=1_700_000_000_123_456_789,
        ts_exchange=0,
        value=65001.5,
        price=65001.5,
        price_text="65001.50",
        text="price rose to 65001.50, past 65000",
    )


class Shelf:
    """A program that writes down its arguments and its environment."""

    def __init__(self, folder: Path) -> None:
        self.told: list[tuple[Instrument, str]] = []
        self._wrote = folder / "wrote.json"
        self._program = folder / "program.py"
        self._program.write_text(
            "import json, os, sys\n"
            f"with open({str(self._wrote)!r}, 'w') as file:\n"
            "    json.dump([sys.argv[1:], dict(os.environ)], file)\n"
        )
        self.command = (sys.executable, "-S", str(self._program))
        self.commands = AlertCommands(
            lambda *one: self.told.append(one),
            environment={"PATH": "/bin:/usr/bin", "LC_ALL": "C", "VENUE_TOKEN": "secret"},
        )

    def arguments(self) -> list[str]:
        return list(json.loads(self._wrote.read_text())[0])

    def environment(self) -> dict[str, str]:
        return dict(json.loads(self._wrote.read_text())[1])


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


async def test_a_command_is_run_with_its_places_filled_in(shelf: Shelf) -> None:
    await shelf.commands.run(
        firing(*shelf.command, "--at={time}", "{instrument} {price}", "{text}", "{}", "{other}")
    )

    assert shelf.arguments() == [
        "--at=2023-11-14T22:13:20.123Z",
        "BINANCE:BTCUSDT 65001.50",
        "BINANCE:BTCUSDT price rose to 65001.50, past 65000",
        "{}",
        "{other}",
    ]
    assert shelf.told == []


async def test_hostile_texts_arrive_as_one_plain_argument_each(
    shelf: Shelf, tmp_path: Path
) -> None:
    await shelf.commands.run(
        firing(*shelf.command, "{instrument}", "{text}", "$(id)", symbol=HOSTILE, note=HOSTILE)
    )

    instrument, text, own = shelf.arguments()
    tamed = "; rm -rf / $(touch x) `id` &&  '\" | > {price} � --help"
    assert instrument == f"BINANCE:{tamed}"
    assert text.startswith(f"BINANCE:{tamed} price rose")
    assert "{price}" in text
    assert own == "$(id)"
    assert shelf.told == []
    assert names_in(tmp_path) == ["program.py", "wrote.json"]


async def test_a_command_sees_no_more_of_the_environment_than_it_needs(shelf: Shelf) -> None:
    await shelf.commands.run(firing(*shelf.command))

    seen = shelf.environment()
    assert (seen["PATH"], seen["LC_ALL"]) == ("/bin:/usr/bin", "C")
    assert "VENUE_TOKEN" not in seen


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        (
            ("/bin/sh", "-c", "echo first >&2; echo no such user >&2; exit 3"),
            "the alert's command /bin/sh failed with exit code 3: no such user",
        ),
        (("/bin/sh", "-c", "kill -9 $$"), "the alert's command /bin/sh failed with signal 9"),
        (
            ("/no/such/thing",),
            "the alert's command /no/such/thing cannot be run: No such file or directory",
        ),
    ],
)
async def test_a_command_that_fails_is_reported(
    shelf: Shelf, command: tuple[str, ...], problem: str
) -> None:
    await shelf.commands.run(firing(*command))

    assert shelf.told == [(Instrument("BINANCE", "BTCUSDT"), problem)]


async def test_a_command_that_does_not_end_is_ended(tmp_path: Path) -> None:
    told: list[str] = []
    commands = AlertCommands(lambda _, text: told.append(text), timeout_s=0.05)

    await commands.run(firing("/bin/sh", "-c", "sleep 100"))

    assert told == ["the alert's command /bin/sh did not end within 0.05 s, and was ended"]


async def test_only_so_many_run_and_wait_at_once(tmp_path: Path) -> None:
    gate, ran = tmp_path / "gate", tmp_path / "ran"
    script = f"until [ -e {gate} ]; do sleep 0.01; done; echo >> {ran}"
    told: list[str] = []
    commands = AlertCommands(lambda _, text: told.append(text))
    running = [
        asyncio.create_task(commands.run(firing("/bin/sh", "-c", script))) for _ in range(37)
    ]
    await asyncio.sleep(0)

    await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
    gate.touch()
    await asyncio.gather(*running)

    assert told == ["an alert's command was left out: 36 others wait"]
    assert len(ran.read_text().splitlines()) == 36


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ([], "no command"),
        (["  "], "no command"),
        (["{text}"], "the command's name has a place to fill in"),
        (["mail", "{symbol}"], "there is no {symbol} to fill in here"),
        (["mail", "a\0b"], "the command holds a NUL character"),
        (["mail", *["x"] * 64], "the command is too long"),
    ],
)
def test_a_command_that_cannot_be_meant_is_refused(command: list[str], message: str) -> None:
    with pytest.raises(AlertError) as refused:
        check_command(command)

    assert refused.value.message == message
    assert refused.value.hint


def test_braces_that_are_no_places_stay_as_they_are() -> None:
    command = check_command(["post", '{"text": "{text}"}', "{}"])

    assert fill_command(command, firing())[1:] == [
        '{"text": "BINANCE:BTCUSDT price rose to 65001.50, past 65000"}',
        "{}",
    ]


def test_the_message_says_where_and_what_and_the_users_own_words() -> None:
    assert message(firing(note="sell\nhalf")) == (
        "BINANCE:BTCUSDT price rose to 65001.50, past 65000 (sell half)"
    )
