"""Tokens: where they come from, when they expire, and what is said when there is none."""

from __future__ import annotations

import asyncio
import base64
import json
import sys
import traceback
from pathlib import Path

import pytest

from tui.feed.clock import ManualClock
from tui.feed.redaction import MASK, Redactor
from tui.feed.tokens import CommandTokens, EnvironmentTokens, Token, open_tokens
from tui.model.errors import ConfigError, TradeTuiError, TransportError

SECRET = "s3cr3t-t0k3n"
NOW_S = 1_700_000_000


def web_token(**claims: object) -> str:
    parts = ({"alg": "none"}, claims)
    encoded = [base64.urlsafe_b64encode(json.dumps(p).encode()).decode().rstrip("=") for p in parts]
    return ".".join([*encoded, "c2lnbmF0dXJl"])


def in_environment(redactor: Redactor | None = None, **variables: str) -> EnvironmentTokens:
    clock = ManualClock(NOW_S * 10**9)
    return EnvironmentTokens("MY_TOKEN", redactor or Redactor(), clock=clock, environment=variables)


def by_command(
    script: str, redactor: Redactor | None = None, *, timeout_s: float = 20.0
) -> CommandTokens:
    """The tokens of a shell script, which starts faster than anything else would."""
    command = ["/bin/sh", "-c", script]
    clock = ManualClock(NOW_S * 10**9)
    return CommandTokens(command, redactor or Redactor(), clock=clock, timeout_s=timeout_s)


def has_ended(pid: str) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return True
    return state == "Z"


async def refusal_of(source: CommandTokens | EnvironmentTokens) -> TradeTuiError:
    with pytest.raises(TradeTuiError) as caught:
        await source.token()
    told = "".join(traceback.format_exception(caught.value))
    assert SECRET not in told
    return caught.value


# -- an environment variable -------------------------------------------------------------------


async def test_a_token_is_read_from_an_environment_variable() -> None:
    redactor = Redactor()

    token = await in_environment(redactor, MY_TOKEN=f" {SECRET}\n").token()

    assert token == Token(SECRET, None)
    assert redactor.hide(f"sent {SECRET}") == f"sent {MASK}"


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        (
            {},
            "the environment variable MY_TOKEN is not set (export it with the venue's token)",
        ),
        (
            {"MY_TOKEN": " \n"},
            "the environment variable MY_TOKEN is empty (export it with the venue's token)",
        ),
        (
            {"MY_TOKEN": f"{SECRET} and more"},
            "the environment variable MY_TOKEN holds something that is not a token "
            "(a token is one word of letters, digits and signs)",
        ),
        (
            {"MY_TOKEN": f"{SECRET}\nX-Evil: 1"},
            "the environment variable MY_TOKEN holds something that is not a token "
            "(a token is one word of letters, digits and signs)",
        ),
        (
            {"MY_TOKEN": "ab"},
            "the environment variable MY_TOKEN holds 2 characters, which is not a token "
            "(a token is one word of letters, digits and signs)",
        ),
        (
            {"MY_TOKEN": web_token(exp=NOW_S - 61)},
            "the token in the environment variable MY_TOKEN has expired "
            "(export a new one and start again)",
        ),
    ],
)
async def test_a_variable_without_a_token_is_told(variables: dict[str, str], message: str) -> None:
    error = await refusal_of(in_environment(**variables))

    assert isinstance(error, ConfigError)
    assert str(error) == message


@pytest.mark.parametrize(
    ("text", "expires"),
    [
        (web_token(exp=NOW_S + 300), NOW_S + 300.0),
        (web_token(exp=NOW_S + 0.5), NOW_S + 0.5),
        (web_token(sub="me"), None),
        (web_token(exp="soon"), None),
        ("three.separate.parts", None),
        ("eyJ.eyJ.eyJ", None),
        (SECRET, None),
    ],
)
async def test_the_expiry_is_read_from_a_web_token(text: str, expires: float | None) -> None:
    assert (await in_environment(MY_TOKEN=text).token()).expires_at_s == expires


def test_a_token_never_shows_itself() -> None:
    assert repr(Token(SECRET, 1.0)) == str(Token(SECRET, 1.0)) == "Token(expires_at_s=1.0)"


# -- a command ---------------------------------------------------------------------------------


async def test_a_token_is_the_first_line_that_a_command_prints() -> None:
    redactor = Redactor()

    token = await by_command(f"echo ' {SECRET} '; echo something else", redactor).token()

    assert token == Token(SECRET, None)
    assert redactor.hide(SECRET) == MASK


async def test_the_command_is_run_once_until_a_fresh_token_is_wanted(tmp_path: Path) -> None:
    source = by_command(f"echo x >> {tmp_path}/runs; echo token-$(wc -l < {tmp_path}/runs)")

    texts = [(await source.token()).text, (await source.token()).text]
    texts.append((await source.token(fresh=True)).text)

    assert texts == ["token-1", "token-1", "token-2"]


async def test_those_who_ask_at_the_same_time_get_the_same_token(tmp_path: Path) -> None:
    source = by_command(f"echo x >> {tmp_path}/runs; echo token-$(wc -l < {tmp_path}/runs)")

    tokens = await asyncio.gather(*(source.token(fresh=True) for _ in range(3)))

    assert {token.text for token in tokens} == {"token-1"}


async def test_an_expired_token_is_not_given_again(tmp_path: Path) -> None:
    clock = ManualClock(NOW_S * 10**9)
    first = web_token(exp=NOW_S + 60)
    script = f"test -e {tmp_path}/ran && echo second || echo {first}; touch {tmp_path}/ran"
    source = CommandTokens(["/bin/sh", "-c", script], Redactor(), clock=clock)

    early = (await source.token()).text
    clock.set_time((NOW_S + 61) * 10**9)
    late = (await source.token()).text

    assert (early, late) == (first, "second")


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("exit 3", "the token command /bin/sh failed with exit code 3"),
        (
            "echo locked >&2; exit 1",
            "the token command /bin/sh failed with exit code 1: locked",
        ),
        (
            f"echo {SECRET}; echo 'cannot store {SECRET}\033[2J' >&2; exit 1",
            "the token command /bin/sh failed with exit code 1: cannot store •••\ufffd",
        ),
        ("kill -9 $$", "the token command /bin/sh failed with signal 9"),
        ("true", "the token command /bin/sh printed nothing (its first line is the token)"),
        ("echo; echo x", "the token command /bin/sh printed nothing (its first line is the token)"),
    ],
)
async def test_a_command_that_gives_no_token_is_told_and_may_be_tried_again(
    script: str, message: str
) -> None:
    error = await refusal_of(by_command(script))

    assert isinstance(error, TransportError)
    assert (str(error), error.fatal) == (message, False)


async def test_a_command_that_prints_something_else_is_told() -> None:
    error = await refusal_of(by_command("printf '<html> %s' not-logged-in"))

    assert str(error) == (
        "the token command /bin/sh printed something that is not a token "
        "(a token is one word of letters, digits and signs)"
    )


async def test_a_command_that_does_not_exist_is_told() -> None:
    source = CommandTokens(["/no/such/command", SECRET], Redactor(), clock=ManualClock())

    error = await refusal_of(source)

    assert isinstance(error, ConfigError)
    assert str(error) == (
        "the token command /no/such/command cannot be run: No such file or directory "
        "(check token_command in config.toml)"
    )


async def test_a_command_that_does_not_end_is_ended_with_all_that_it_started(
    tmp_path: Path,
) -> None:
    pid = tmp_path / "pid"
    source = by_command(f"sleep 60 & echo $! > {pid}; wait", timeout_s=0.3)

    error = await refusal_of(source)

    assert "the token command /bin/sh did not end within 0.3 s" in str(error)
    if sys.platform == "linux":
        left = pid.read_text().strip()
        for _ in range(500):
            if has_ended(left):
                break
            await asyncio.sleep(0.01)
        assert has_ended(left)


async def test_a_command_that_prints_for_ever_does_not_fill_the_memory() -> None:
    source = by_command("yes | head -c 3000000; echo", timeout_s=20.0)

    error = await refusal_of(source)

    assert "printed 1 characters, which is not a token" in str(error)


async def test_the_command_has_no_terminal_and_no_input() -> None:
    source = by_command("cat; (: < /dev/tty) 2> /dev/null && echo terminal || echo none")

    assert (await source.token()).text == "none"


# -- settings ----------------------------------------------------------------------------------


def test_the_settings_choose_the_source() -> None:
    redactor, clock = Redactor(), ManualClock()

    assert open_tokens("", (), redactor, clock=clock) is None
    assert isinstance(open_tokens("A", (), redactor, clock=clock), EnvironmentTokens)
    assert isinstance(open_tokens("", ("a",), redactor, clock=clock), CommandTokens)
