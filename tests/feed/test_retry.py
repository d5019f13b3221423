"""What each close code and HTTP status says about trying again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.feed.retry import RetryPolicy, retry_policy

BACKOFF = RetryPolicy()
NEVER = RetryPolicy(attempts=0)
SLOWLY = RetryPolicy(minimum_s=30.0, spread_s=10.0, attempts=3)
FIVE_TIMES = RetryPolicy(attempts=5)


@pytest.mark.parametrize(
    ("code", "policy"),
    [
        (None, BACKOFF),
        (1000, BACKOFF),
        (1001, BACKOFF),
        (1002, SLOWLY),
        (1003, NEVER),
        (1005, BACKOFF),
        (1006, BACKOFF),
        (1007, NEVER),
        (1008, SLOWLY),
        (1009, RetryPolicy(attempts=1)),
        (1010, NEVER),
        (1011, BACKOFF),
        (1012, RetryPolicy(minimum_s=1.0, spread_s=9.0)),
        (1013, RetryPolicy(minimum_s=10.0, spread_s=10.0)),
        (1014, BACKOFF),
        (1015, SLOWLY),
        (3000, NEVER),
        (3003, NEVER),
        (3008, BACKOFF),
        (3999, FIVE_TIMES),
        (4000, FIVE_TIMES),
        (4999, FIVE_TIMES),
    ],
)
def test_close_codes(code: int | None, policy: RetryPolicy) -> None:
    assert retry_policy(code) == policy


@pytest.mark.parametrize(
    ("status", "policy"),
    [
        (200, BACKOFF),
        (204, NEVER),
        (302, BACKOFF),
        (400, SLOWLY),
        (401, NEVER),
        (403, NEVER),
        (404, NEVER),
        (405, NEVER),
        (406, NEVER),
        (407, NEVER),
        (408, BACKOFF),
        (409, SLOWLY),
        (410, NEVER),
        (415, NEVER),
        (418, RetryPolicy(minimum_s=120.0, spread_s=30.0)),
        (425, BACKOFF),
        (426, NEVER),
        (429, RetryPolicy(minimum_s=30.0, spread_s=10.0)),
        (451, NEVER),
        (500, BACKOFF),
        (502, BACKOFF),
        (503, BACKOFF),
        (504, BACKOFF),
        (520, BACKOFF),
    ],
)
def test_http_statuses(status: int, policy: RetryPolicy) -> None:
    assert retry_policy(status) == policy


@given(status=st.integers(500, 599))
def test_a_server_that_fails_is_always_tried_again(status: int) -> None:
    assert retry_policy(status).attempts is None


@given(status=st.integers(0, 70_000))
def test_every_number_has_a_policy_that_makes_sense(status: int) -> None:
    policy = retry_policy(status)

    assert policy.minimum_s >= 0.0
    assert policy.spread_s >= 0.0
    # Whoever is sent away for long does not come back at the same moment as all others.
    assert policy.spread_s > 0.0 or policy.minimum_s == 0.0
