"""The adapter's endpoints, its messages to the venue, and what its import brings along."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from tui.adapters.base import Adapter
from tui.adapters.binance import BinanceAdapter
from tui.model.errors import ConfigError, InstrumentError
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription
from tui.model.timeframe import Timeframe

BTCUSDT = Instrument("BINANCE", "BTCUSDT")


def candles(symbol: str, timeframe: str) -> Subscription:
    return Subscription(Instrument("BINANCE", symbol), Channel.CANDLES, Timeframe.parse(timeframe))


# -- endpoints -------------------------------------------------------------------------------


def test_without_endpoints_the_venues_own_are_used() -> None:
    adapter = BinanceAdapter()

    assert adapter.stream().url == "wss://stream.binance.com:9443/stream"
    assert adapter.time_request().url == "https://api.binance.com/api/v3/time"


def test_the_same_protocol_may_be_spoken_by_another_venue_on_loopback() -> None:
    adapter: Adapter = BinanceAdapter(
        {"stream": "ws://127.0.0.1:8123/", "rest": "http://[::1]:8124"}, venue="SIM"
    )

    assert adapter.venue == "SIM"
    assert adapter.stream().url == "ws://127.0.0.1:8123/stream"
    assert adapter.time_request().url == "http://[::1]:8124/api/v3/time"


@pytest.mark.parametrize(
    ("endpoints", "words"),
    [
        ({"websocket": "wss://x"}, "BINANCE: endpoint 'websocket' is unknown.*stream and rest"),
        ({"stream": "https://x"}, "endpoint 'stream' must be a ws or wss URL, not 'https://x'"),
        ({"rest": "wss://x"}, "endpoint 'rest' must be a http or https URL.*such as https://api"),
        ({"stream": ""}, "endpoint 'stream' must be"),
        ({"stream": "wss://"}, "endpoint 'stream' must be"),
        ({"stream": "stream.binance.com"}, "endpoint 'stream' must be"),
        ({"stream": "wss://host:port"}, "endpoint 'stream' is not a URL"),
        ({"stream": "wss://host:99999"}, "endpoint 'stream' is not a URL"),
        ({"stream": "wss://[::1"}, "endpoint 'stream' is not a URL"),
        ({"rest": 17}, "endpoint 'rest' is not a URL"),
        ({"rest": "https://x?key=1"}, "endpoint 'rest' must not have a query"),
        ({"rest": "https://x y"}, "endpoint 'rest' must not have spaces"),
        ({"rest": "https://x\x1b[31m"}, "endpoint 'rest' must not have spaces"),
    ],
)
def test_a_wrong_endpoint_is_refused_with_its_name_and_a_remedy(
    endpoints: dict[str, Any], words: str
) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        BinanceAdapter(endpoints)

    assert caught.value.hint


def test_channels_may_be_restricted() -> None:
    adapter = BinanceAdapter(channels=frozenset({Channel.TRADES}))

    assert adapter.channels == {Channel.TRADES}
    assert BinanceAdapter().channels == set(Channel)


# -- messages to the venue -------------------------------------------------------------------


def test_streams_are_named_in_lower_case() -> None:
    adapter = BinanceAdapter()

    (message,) = adapter.subscribe(
        [
            Subscription(BTCUSDT, Channel.TRADES),
            Subscription(BTCUSDT, Channel.BOOK),
            Subscription(BTCUSDT, Channel.TICKER),
            candles("BTCUSDT", "1m"),
            candles("BTCUSDT", "1M"),
        ]
    )

    assert json.loads(message.text) == {
        "method": "SUBSCRIBE",
        "params": [
            "btcusdt@aggTrade",
            "btcusdt@depth@100ms",
            "btcusdt@ticker",
            "btcusdt@kline_1m",
            "btcusdt@kline_1M",
        ],
        "id": 1,
    }
    assert message.request_id == 1
    assert len(message.subscriptions) == 5


def test_unsubscribing_is_the_same_with_another_word() -> None:
    (message,) = BinanceAdapter().unsubscribe([Subscription(BTCUSDT, Channel.BOOK)])

    assert message.text == '{"method":"UNSUBSCRIBE","params":["btcusdt@depth@100ms"],"id":1}'


def test_request_ids_are_never_used_twice_even_on_a_new_connection() -> None:
    adapter = BinanceAdapter()
    wanted = [Subscription(BTCUSDT, Channel.BOOK)]

    first = adapter.subscribe(wanted)
    adapter.connection_lost()
    second = adapter.unsubscribe(wanted) + adapter.subscribe(wanted)

    assert [message.request_id for message in first + second] == [1, 2, 3]


def test_nothing_to_subscribe_is_no_message() -> None:
    assert BinanceAdapter().subscribe([]) == []


def test_a_hundred_streams_fit_a_message_and_the_next_one_goes_into_another() -> None:
    wanted = [Subscription(Instrument("BINANCE", f"C{n}"), Channel.TICKER) for n in range(101)]

    messages = BinanceAdapter().subscribe(wanted)

    assert [len(message.subscriptions) for message in messages] == [100, 1]


def test_long_names_make_more_messages_each_below_the_venues_size() -> None:
    wanted = [
        Subscription(Instrument("BINANCE", f"币安人生{n:04}USDT"), Channel.BOOK)
        for n in range(1000)
    ]

    messages = BinanceAdapter().subscribe(wanted)

    assert max(len(message.text.encode()) for message in messages) < 3500
    assert [sub for message in messages for sub in message.subscriptions] == wanted
    assert len(messages) == 11


def test_a_stream_wanted_twice_is_asked_for_once() -> None:
    (message,) = BinanceAdapter().subscribe([Subscription(BTCUSDT, Channel.BOOK)] * 2)

    assert json.loads(message.text)["params"] == ["btcusdt@depth@100ms"]


@pytest.mark.parametrize("timeframe", [Timeframe(7, "m"), None])
def test_candles_that_the_venue_lacks_cannot_be_subscribed(timeframe: Timeframe | None) -> None:
    with pytest.raises(InstrumentError, match="no candles of"):
        BinanceAdapter().subscribe([Subscription(BTCUSDT, Channel.CANDLES, timeframe)])


def test_a_symbol_cannot_break_out_of_its_message() -> None:
    hostile = Subscription(Instrument("BINANCE", 'X"],"method":"BAD\n\x1b'), Channel.BOOK)

    (message,) = BinanceAdapter().subscribe([hostile])

    assert json.loads(message.text)["method"] == "SUBSCRIBE"
    assert message.text.isprintable()


def test_the_venue_wants_no_heartbeat_of_ours() -> None:
    assert BinanceAdapter().heartbeat() is None


# -- what importing it brings along ----------------------------------------------------------


def test_importing_the_adapter_brings_no_io_and_no_textual() -> None:
    code = (
        "import sys, tui.adapters.binance;"
        "print(sorted({'asyncio', 'aiohttp', 'websockets', 'textual', 'rich', 'socket'}"
        " & sys.modules.keys()))"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"
