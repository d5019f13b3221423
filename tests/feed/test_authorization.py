"""A user's token: shown where the venue wants it, renewed in time, refused once and not hammered."""

from __future__ import annotations

import pytest

from tui.adapters.base import Authentication, Outgoing
from tui.feed.authorization import Authorization
from tui.feed.clock import ManualClock
from tui.feed.tokens import Token
from tui.model.errors import ConfigError, TransportError

NS = 1_000_000_000
BEARER = Authentication()
BY_MESSAGE = Authentication(header="", message=lambda token: Outgoing(f"auth {token}"))


class Tokens:
    """Gives tokens with numbers; each lives as long as the test says."""

    def __init__(self, clock: ManualClock, life_s: float | None = None) -> None:
        self.clock = clock
        self.life_s = life_s
        self.asked: list[bool] = []
        self.fault: Exception | None = None

    async def token(self, *, fresh: bool = False) -> Token:
        self.asked.append(fresh)
        if self.fault is not None:
            raise self.fault
        until = None if self.life_s is None else self.clock.time_ns() / 1e9 + self.life_s
        return Token(f"t{len(self.asked)}", until)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(1_700_000_000 * NS)


def authorization(
    clock: ManualClock, policy: Authentication | None, tokens: Tokens | None
) -> Authorization:
    return Authorization("DESK", policy, tokens, clock)


async def test_a_public_venue_is_shown_nothing(clock: ManualClock) -> None:
    tokens = Tokens(clock)
    public = authorization(clock, None, tokens)

    assert await public.headers() == {}
    assert await public.message() is None
    assert tokens.asked == []


async def test_a_token_goes_into_the_header(clock: ManualClock) -> None:
    shown = authorization(clock, BEARER, Tokens(clock))

    assert await shown.headers() == {"Authorization": "Bearer t1"}
    assert await shown.message() is None


async def test_a_token_goes_into_the_first_message(clock: ManualClock) -> None:
    shown = authorization(clock, BY_MESSAGE, Tokens(clock))

    assert await shown.headers() == {}
    assert await shown.message() == Outgoing("auth t1")


async def test_a_token_is_fetched_once_while_it_lives(clock: ManualClock) -> None:
    tokens = Tokens(clock, life_s=3600)
    shown = authorization(clock, BEARER, tokens)

    await shown.headers()
    await clock.advance(3500)
    await shown.headers()

    assert tokens.asked == [False]
    assert shown.renew_in_s == 40.0


async def test_a_token_is_renewed_a_minute_before_it_expires(clock: ManualClock) -> None:
    tokens = Tokens(clock, life_s=3600)
    shown = authorization(clock, BEARER, tokens)
    await shown.headers()

    await clock.advance(3540)

    assert shown.renew_in_s == 0.0
    assert await shown.headers() == {"Authorization": "Bearer t2"}
    assert tokens.asked == [False, True]


async def test_a_source_of_expired_tokens_is_not_asked_in_a_loop(clock: ManualClock) -> None:
    tokens = Tokens(clock, life_s=-10)
    shown = authorization(clock, BEARER, tokens)

    for _ in range(10):
        await shown.headers()

    assert tokens.asked == [False]


async def test_a_refused_token_is_replaced_once(clock: ManualClock) -> None:
    tokens = Tokens(clock)
    shown = authorization(clock, BEARER, tokens)
    await shown.headers()

    assert shown.refused(401)
    assert await shown.headers() == {"Authorization": "Bearer t2"}
    assert tokens.asked == [False, True]
    assert not shown.refused(401)


async def test_a_token_that_was_accepted_may_be_refused_again(clock: ManualClock) -> None:
    shown = authorization(clock, BEARER, Tokens(clock))
    await shown.headers()
    assert shown.refused(3000)
    await shown.headers()

    shown.accepted()

    assert shown.refused(401)


@pytest.mark.parametrize("status", [None, 1006, 404, 429, 500])
async def test_other_failures_do_not_concern_the_token(
    clock: ManualClock, status: int | None
) -> None:
    shown = authorization(clock, BEARER, Tokens(clock))
    await shown.headers()

    assert not shown.refused(status)


async def test_a_venue_that_wants_a_token_says_how_to_give_one(clock: ManualClock) -> None:
    shown = authorization(clock, Authentication(required=True), None)

    with pytest.raises(TransportError) as caught:
        await shown.headers()

    assert caught.value.fatal
    assert str(caught.value) == (
        "DESK wants a token (set token_env or token_command under [venues.DESK] in config.toml)"
    )


async def test_a_venue_that_does_without_a_token_gets_none(clock: ManualClock) -> None:
    assert await authorization(clock, BEARER, None).headers() == {}


async def test_what_only_the_user_can_mend_is_fatal(clock: ManualClock) -> None:
    tokens = Tokens(clock)
    tokens.fault = ConfigError("the variable DESK_TOKEN is not set", "export it")

    with pytest.raises(TransportError) as caught:
        await authorization(clock, BEARER, tokens).headers()

    assert caught.value.fatal
    assert str(caught.value) == "the variable DESK_TOKEN is not set (export it)"
