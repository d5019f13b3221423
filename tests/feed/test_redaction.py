"""Secrets: hidden in every spelling, whole or cut, and nothing else is."""

from __future__ import annotations

import base64
import json
import re
import string
from collections.abc import Callable
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.feed.redaction import MASK, Redactor

SECRET = "s3cr3t/T0ken+with=odd~signs"
secrets = st.text(
    string.ascii_letters + string.digits + "/+=~%\"\\ &.-_:'", min_size=6, max_size=40
)
anything = st.text(max_size=60)


SPELLINGS: list[Callable[[str], str]] = [
    str,
    quote_plus,
    lambda secret: quote(secret, safe=""),
    lambda secret: re.sub("%..", lambda found: found[0].lower(), quote(secret)),
    lambda secret: json.dumps(secret)[1:-1],
    lambda secret: json.dumps(json.dumps(secret)[1:-1])[1:-1],
    lambda secret: json.dumps(secret)[1:-1].replace("/", "\\/"),
]


@given(secrets, st.sampled_from(SPELLINGS), anything, anything)
def test_no_spelling_of_a_known_secret_is_left(
    secret: str, spell: Callable[[str], str], before: str, after: str
) -> None:
    spelled = spell(secret)

    hidden = Redactor([secret]).hide(before + spelled + after)

    assert spelled not in hidden
    assert secret not in hidden


@given(
    st.text(string.ascii_letters + string.digits + "-._", min_size=8), st.text(string.ascii_letters)
)
def test_the_password_of_basic_authentication_cannot_be_decoded(secret: str, user: str) -> None:
    encoded = base64.b64encode(f"{user}:{secret}".encode()).decode()

    hidden = Redactor([secret]).hide(f"sent {encoded} to the venue")

    rest = hidden.removeprefix("sent ").removesuffix(" to the venue")
    assert MASK in rest
    # At most the characters at its ends, which hold bits of their neighbours, are left.
    left = rest.replace(MASK, "")
    assert len(left) <= len(base64.b64encode(f"{user}:".encode())) + 4


@given(st.lists(secrets, min_size=1, max_size=6), st.lists(st.integers(0, 5), max_size=12))
def test_secrets_that_overlap_are_all_hidden(known: list[str], order: list[int]) -> None:
    text = "".join(known[index % len(known)] for index in order)

    hidden = Redactor(known).hide(text)

    assert [secret for secret in known if secret in hidden] == []


@given(
    st.text(string.ascii_letters, min_size=6, max_size=40),
    st.integers(0, 12_000),
    st.integers(0, 400),
)
def test_no_part_of_a_secret_stands_at_a_cut(secret: str, place: int, limit: int) -> None:
    text = "." * place + secret * 3 + "." * 9000

    hidden = Redactor([secret]).hide(text, limit)

    assert len(hidden) <= limit
    assert set(hidden) <= {".", *MASK}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Authorization: Bearer abc.def-123", "Authorization: •••"),
        ("authorization: Token abc\r\nAccept: */*", "authorization: •••\r\nAccept: */*"),
        ("X-MBX-APIKEY: vmPUZE6mv9SD5V5e", "X-MBX-APIKEY: •••"),
        ("CB-ACCESS-SIGN: qwertz==", "CB-ACCESS-SIGN: •••"),
        ("Cookie: session=1; other=2", "Cookie: •••"),
        ("got Bearer abc123def, then closed", "got Bearer •••, then closed"),
        ("wss://x.example/ws?token=abc&v=2", "wss://x.example/ws?token=•••&v=2"),
        ("https://x.example/?a=1&api_key=abc#top", "https://x.example/?a=1&api_key=•••#top"),
        ("?symbol=BTC&signature=0f0f0f", "?symbol=BTC&signature=•••"),
        ("redirect=%2Flogin%3Ftoken%3Dabc", "redirect=%2Flogin%3Ftoken%3D•••"),
        ('{"type":"auth","token":"abc\\"def"}', '{"type":"auth","token":"•••"}'),
        ("{'access_token': 'abc', 'n': 1}", "{'access_token': \"•••\", 'n': 1}"),
        ('{"listenKey": 12345, "n": 1}', '{"listenKey": "•••", "n": 1}'),
        ('{"token":"cut off in the midd', '{"token":"•••"'),
        (r'"{\"token\":\"abc\",\"n\":1}"', r'"{\"token\":\"•••\",\"n\":1}"'),
        ("wss://me:pass@x.example/ws", "wss://•••@x.example/ws"),
        ("told eyJhbGciOiJIUzI1.eyJleHAiOjF9.c2ln here", "told ••• here"),
    ],
)
def test_what_looks_like_a_credential_is_hidden(text: str, expected: str) -> None:
    assert Redactor().hide(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        '{"e":"aggTrade","E":1700000000000,"s":"BTCUSDT","p":"100.00","q":"1.0","m":false}',
        "BINANCE:BTCUSDT no candles by REST: Invalid symbol. (code -1121)",
        "the environment variable MY_TOKEN is not set (export it, or remove token_env)",
        "config.toml: venues.MINE.token_env: there is no such setting",
        "Bearer authentication is required",
        "cannot connect to stream.binance.com:9443: connection refused",
        "the token was refused: ask for a new one",
        "wss://stream.binance.com:9443/stream?streams=btcusdt@trade",
        "mail support@example.com",
    ],
)
def test_ordinary_words_are_left_alone(text: str) -> None:
    assert Redactor().hide(text) == text


def test_a_text_too_short_to_be_a_secret_hides_nothing() -> None:
    assert Redactor(["a", "", "the"]).hide("the market") == "the market"


def test_form_values_are_hidden() -> None:
    assert Redactor().hide(urlencode({"grant": "x", "password": "a b"})) == "grant=x&password=•••"


def test_long_hostile_texts_take_no_time() -> None:
    for piece in ("token", "a" * 10 + ".", '"token', "Bearer ", "://", '\\"token', "%3D", "x-key"):
        text = piece * (200_000 // len(piece))

        assert len(Redactor([SECRET]).hide(text, 300)) <= 300


def test_very_many_renewed_tokens_do_not_pile_up() -> None:
    redactor = Redactor(f"token-number-{number}" for number in range(400))

    assert redactor.hide("token-number-399 token-number-0") == f"{MASK} token-number-0"


def test_a_text_that_was_shown_before_is_hidden_once_its_secret_is_known() -> None:
    redactor = Redactor()
    assert redactor.hide("refused: hunter2hunter2") == "refused: hunter2hunter2"

    redactor.add("hunter2hunter2")

    assert redactor.hide("refused: hunter2hunter2") == f"refused: {MASK}"
