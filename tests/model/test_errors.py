"""Errors say what was wrong and what to do."""

from __future__ import annotations

import pytest

from tui.model.errors import (
    ConfigError,
    InstrumentError,
    ProtocolError,
    TradeTuiError,
    TransportError,
)


def test_an_error_shows_its_remedy_in_brackets() -> None:
    assert str(ConfigError("config.toml: grid is 3", "choose 1, 2, 4, 6 or 9")) == (
        "config.toml: grid is 3 (choose 1, 2, 4, 6 or 9)"
    )


def test_without_a_remedy_there_are_no_brackets() -> None:
    assert str(TradeTuiError("it is broken")) == "it is broken"


def test_a_protocol_error_keeps_only_the_beginning_of_what_came() -> None:
    assert len(ProtocolError("wrong", "x" * 10_000).raw) == 200


def test_a_transport_error_says_whether_waiting_can_help() -> None:
    error = TransportError("too many requests", status=429, retry_after_s=3.0)

    assert (error.status, error.retry_after_s, error.fatal) == (429, 3.0, False)


@pytest.mark.parametrize("kind", [ConfigError, InstrumentError, ProtocolError, TransportError])
def test_all_errors_are_one_family(kind: type[TradeTuiError]) -> None:
    assert isinstance(kind("x"), TradeTuiError)
