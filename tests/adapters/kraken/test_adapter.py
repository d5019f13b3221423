"""The adapter as a whole: what the user may choose, and where it connects."""

from __future__ import annotations

import pytest

from tui.adapters.kraken import KrakenAdapter
from tui.adapters.registry import load_adapter
from tui.model.errors import ConfigError
from tui.model.events import BookDelta
from tui.model.subscription import Channel
from tui.model.transport import TransportKind


def test_it_is_found_by_its_name() -> None:
    assert load_adapter("kraken") is KrakenAdapter


def test_the_second_protocol_is_spoken_unless_the_user_says_otherwise() -> None:
    assert KrakenAdapter().stream().url == "wss://ws.kraken.com/v2"
    assert KrakenAdapter({"protocol": "v1"}).stream().url == "wss://ws.kraken.com"


def test_another_host_is_asked_in_the_same_way() -> None:
    adapter = KrakenAdapter({"stream": "ws://127.0.0.1:9/", "rest": "http://127.0.0.1:8"})

    assert adapter.stream().url == "ws://127.0.0.1:9/v2"
    assert adapter.instruments_request().url == "http://127.0.0.1:8/0/public/AssetPairs"


def test_a_protocol_that_there_is_not_is_refused_by_name() -> None:
    with pytest.raises(ConfigError, match="no protocol 'v3'") as caught:
        KrakenAdapter({"protocol": "v3"})

    assert caught.value.hint == "write protocol = 'v2' or 'v1'"


def test_an_unknown_endpoint_is_refused_by_name() -> None:
    with pytest.raises(ConfigError, match="endpoint 'streams' is unknown"):
        KrakenAdapter({"streams": "ws://127.0.0.1"})


def test_a_copy_speaks_the_same_protocol_to_the_same_hosts_about_the_same_depth() -> None:
    adapter = KrakenAdapter({"protocol": "v1", "stream": "ws://127.0.0.1:9"}, venue="OTHER")

    copy = adapter.copy()

    assert (copy.protocol, copy.venue, copy.stream().url) == ("v1", "OTHER", "ws://127.0.0.1:9")
    assert copy.book_policy is adapter.book_policy


def test_all_channels_are_streamed_and_fewer_where_fewer_are_wanted() -> None:
    assert KrakenAdapter().channels == frozenset(Channel)
    assert KrakenAdapter(channels=frozenset({Channel.BOOK})).channels == {Channel.BOOK}


def test_books_are_proved_by_checksum_and_hold_25_levels() -> None:
    policy = KrakenAdapter().book_policy_by(TransportKind.WEBSOCKET)

    assert (policy.name, policy.snapshot_by_rest, policy.depth) == ("checksum", False, 25)


def test_instruments_carry_the_venues_name_of_the_moment() -> None:
    frame = (
        b'{"channel":"book","type":"update","data":[{"symbol":"BTC/USD","bids":[],"asks":[],'
        b'"checksum":1}]}'
    )

    (delta,) = KrakenAdapter(venue="SIM").decode(frame, 1)

    assert isinstance(delta, BookDelta)
    assert str(delta.instrument) == "SIM:BTC/USD"
