"""The description of the protocol is right: its examples are valid by its schema, and understood."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError

from tui.adapters.native import NativeAdapter
from tui.model.errors import ProtocolError
from tui.model.events import (
    Ack,
    Alert,
    BookDelta,
    BookSnapshot,
    Candle,
    Heartbeat,
    Metric,
    ParseFailure,
    Rejection,
    ServerTime,
    Status,
    Ticker,
    Trade,
)
from tui.model.instrument import Instrument, InstrumentInfo

DOCS = Path(__file__).resolve().parents[3] / "docs"
TEXT = (DOCS / "protocol.md").read_text()
SCHEMA: dict[str, Any] = json.loads((DOCS / "protocol.schema.json").read_text())
NOW = 1_764_000_002_000_000_000
SENT_BY_CLIENTS = ("auth", "subscribe", "unsubscribe", "snapshot", "filter")


def examples(label: str = "") -> list[str]:
    """The JSON blocks with a label."""
    return re.findall(rf"```json{' ' + label if label else ''}\n(.*?)```", TEXT, re.DOTALL)


def part_of(schema: dict[str, Any], name: str) -> Draft202012Validator:
    """Checks what is described under this name."""
    return Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": schema["$defs"]})


def strictly(schema: Any) -> Any:
    """The schema without the tolerance for fields that it does not describe."""
    if isinstance(schema, list):
        return [strictly(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    strict = {key: strictly(value) for key, value in schema.items()}
    if schema.get("type") == "object" and "properties" in schema:
        strict.setdefault("additionalProperties", False)
    return strict


REQUESTS, *SENT = examples()
CLIENT_MESSAGES = REQUESTS.splitlines()
SERVER_MESSAGES = "".join(SENT).splitlines()


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_the_examples_are_of_every_type() -> None:
    described = {
        SCHEMA["$defs"][ref["$ref"].rpartition("/")[2]]["properties"]["type"]["const"]
        for side in ("client_message", "server_message")
        for ref in SCHEMA["$defs"][side]["oneOf"]
    }

    assert {json.loads(text)["type"] for text in CLIENT_MESSAGES + SERVER_MESSAGES} == described


@pytest.mark.parametrize("text", CLIENT_MESSAGES)
def test_a_clients_example_is_valid(text: str) -> None:
    part_of(strictly(SCHEMA), "client_message").validate(json.loads(text))


@pytest.mark.parametrize("text", SERVER_MESSAGES)
def test_a_servers_example_is_valid(text: str) -> None:
    Draft202012Validator(strictly(SCHEMA)).validate(json.loads(text))


@pytest.mark.parametrize("text", SERVER_MESSAGES)
def test_a_servers_example_is_valid_with_null_for_what_it_leaves_out(text: str) -> None:
    message = json.loads(text)
    kind = message["type"]
    described = SCHEMA["$defs"][kind]
    absent = set(described["properties"]) - set(message)
    if kind == "orderbook_update":
        absent -= {"book", "patch", "changes", "from_version"}
    nulls = message | dict.fromkeys(absent)

    Draft202012Validator(SCHEMA).validate(nulls)
    assert decode(json.dumps(nulls)) == decode(text)


@pytest.mark.parametrize(
    ("label", "name"),
    [("document", "book"), ("answer", "answer"), ("symbols", "symbols"), ("refusal", "refusal")],
)
def test_another_example_is_valid(label: str, name: str) -> None:
    (text,) = examples(label)

    part_of(strictly(SCHEMA), name).validate(json.loads(text))


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ({"type": "price_update", "symbol": "A", "price": 1.5}, "1.5 is not of type 'string'"),
        ({"type": "price_update", "symbol": "A", "price": "1e5"}, "'1e5' does not match"),
        ({"type": "price_update", "symbol": "A B", "price": "1"}, "'A B' does not match"),
        ({"type": "trade_update", "symbol": "A"}, "'trades' is a required property"),
        ({"type": "candle_update", "symbol": "A", "timeframe": "1y", "candles": []}, "'1y' does"),
        ({"type": "orderbook_update", "symbol": "A", "version": 1}, "not valid under any"),
        (
            {"type": "orderbook_update", "symbol": "A", "version": 2, "patch": []},
            "not valid under any",
        ),
        ({"type": "alert", "level": "warning"}, "'text' is a required property"),
    ],
)
def test_what_is_no_message_is_not_valid(message: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        part_of(SCHEMA, message["type"]).validate(message)


# -- what tradetui makes of them --------------------------------------------------------------


def decode(text: str) -> list[object]:
    """The events of one example, after those that it follows."""
    adapter = NativeAdapter({"rest": "http://localhost:8080/v1"})
    if '"from_version"' in text:
        (snapshot,) = (one for one in SERVER_MESSAGES if '"book"' in one)
        adapter.decode(snapshot.encode(), NOW)
        if '"changes"' in text:
            (patch,) = (one for one in SERVER_MESSAGES if '"patch"' in one)
            adapter.decode(patch.encode(), NOW)
    return list(adapter.decode(text.encode(), NOW))


MEANINGS: dict[str, set[type]] = {
    "price_update": {Ticker},
    "ticker_update": {Ticker},
    "trade_update": {Trade},
    "candle_update": {Candle},
    "orderbook_update": {BookSnapshot, BookDelta},
    "metrics": {Metric},
    "alert": {Alert},
    "status": {Ack, Status},
    "error": {Rejection},
    "pong": {ServerTime},
    "heartbeat": {ServerTime, Heartbeat},
}


@pytest.mark.parametrize("text", SERVER_MESSAGES)
def test_a_servers_example_is_understood(text: str) -> None:
    events = decode(text)

    assert events
    assert {type(event) for event in events} <= MEANINGS[json.loads(text)["type"]]


def test_all_examples_are_understood_as_one_frame() -> None:
    adapter = NativeAdapter({"rest": "http://localhost:8080/v1"})

    events = adapter.decode(f"[{','.join(SERVER_MESSAGES)}]".encode(), NOW)

    assert not [event for event in events if isinstance(event, ParseFailure)]
    assert {type(event) for event in events} == set().union(*MEANINGS.values())


def test_the_example_of_an_answer_is_understood() -> None:
    (event,) = decode(examples("answer")[0])

    assert isinstance(event, Ticker)
    assert event.last_text == "81011.50"


def test_the_example_of_symbols_is_understood() -> None:
    adapter = NativeAdapter({"rest": "http://localhost:8080/v1"})

    listed = adapter.instruments_request().decode(examples("symbols")[0].encode(), NOW)

    assert listed == [
        InstrumentInfo(
            Instrument("NATIVE", "BTC-USD"), "BTC", "USD", "0.01", "0.0001", True, "open"
        )
    ]


def test_the_example_of_a_refusal_is_understood() -> None:
    adapter = NativeAdapter({"rest": "http://localhost:8080/v1"})

    said = adapter.rest_error(400, examples("refusal")[0].encode())

    assert said == "there is no symbol FOO-USD (unknown_symbol)"


def test_the_example_of_a_server_works() -> None:
    (source,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    server: dict[str, Any] = {"__name__": "dice"}
    exec(source, server)
    adapter = NativeAdapter({"rest": "http://localhost:8080/v1"})

    answers = {path: json.dumps(answer()) for path, answer in server["ANSWERS"].items()}

    part_of(strictly(SCHEMA), "answer").validate(json.loads(answers["/v1/messages"]))
    events = adapter.decode(answers["/v1/messages"].encode(), NOW)
    assert [type(event) for event in events] == [Ticker, Trade, Candle, BookSnapshot]
    (listed,) = adapter.instruments_request().decode(answers["/v1/symbols"].encode(), NOW)
    assert listed.instrument == Instrument("NATIVE", "DICE")
    assert adapter.tickers_request([]).decode(answers["/v1/tickers"].encode(), NOW) == []
    assert adapter.time_request().decode(answers["/v1/time"].encode(), NOW) > NOW


def test_the_objects_of_the_stream_answer_requests_too() -> None:
    adapter = NativeAdapter({"rest": "http://localhost:8080/v1"})
    (trades,) = (one for one in SERVER_MESSAGES if '"trade_update"' in one)
    request = adapter.trades_request(Instrument("NATIVE", "BTC-USD"))

    assert request.decode(trades.encode(), NOW) == decode(trades)
    with pytest.raises(ProtocolError, match="about 'BTC-USD'"):
        adapter.trades_request(Instrument("NATIVE", "ETH-USD")).decode(trades.encode(), NOW)
