"""When a venue says to come back."""

from __future__ import annotations

import pytest

from tui.transports.refusal import handshake_error, host_of, is_loopback, retry_after_s

NOON = 1_784_894_400.0  # 2026-07-24 12:00:00 UTC


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "30"}, 30.0),
        ({"Retry-After": "0.5"}, 0.5),
        ({"Retry-After": "Fri, 24 Jul 2026 12:01:30 GMT"}, 90.0),
        ({"Retry-After": "Fri, 24 Jul 2026 11:00:00 GMT"}, 0.0),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "²"}, None),
        ({"Retry-After": "-5"}, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_s(headers, NOON) == seconds


def test_a_date_is_measured_against_the_servers_own_clock() -> None:
    headers = {
        "Date": "Fri, 24 Jul 2026 13:00:00 GMT",
        "Retry-After": "Fri, 24 Jul 2026 13:00:10 GMT",
    }

    assert retry_after_s(headers, NOON) == 10.0


def test_a_refused_handshake_carries_status_and_patience() -> None:
    error = handshake_error("wss://venue.test:9443/stream", 418, {"Retry-After": "120"}, NOON)

    assert error.message == "venue.test:9443 refused the connection with HTTP 418"
    assert (error.status, error.retry_after_s, error.fatal) == (418, 120.0, False)


def test_a_message_never_shows_credentials_of_a_url() -> None:
    assert host_of("wss://user:secret@venue.test/stream") == "venue.test"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("ws://127.0.0.1:80/", True),
        ("ws://localhost/", True),
        ("ws://[::1]:80/", True),
        ("wss://venue.test/", False),
    ],
)
def test_loopback_is_recognised(url: str, expected: bool) -> None:
    assert is_loopback(url) is expected
