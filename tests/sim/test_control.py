"""Control messages: what is done, what is answered, and the codes of the errors."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tui.sim.control import answer


class Session:
    def __init__(self) -> None:
        self.is_combined = False
        self.names: dict[str, None] = {}

    def streams(self) -> list[str]:
        return list(self.names)

    def subscribe(self, names: list[str]) -> None:
        self.names.update(dict.fromkeys(names))

    def unsubscribe(self, names: list[str]) -> None:
        for name in names:
            self.names.pop(name, None)


@pytest.fixture
def session() -> Session:
    return Session()


def ask(session: Session, **message: Any) -> Any:
    return json.loads(answer(json.dumps(message), session, 1024))


def test_subscribe_is_acknowledged_without_a_wrapper(session: Session) -> None:
    session.is_combined = True

    text = answer('{"method":"SUBSCRIBE","params":["btcusdt@trade"],"id":7}', session, 1024)

    assert text == '{"result":null,"id":7}'
    assert session.streams() == ["btcusdt@trade"]


def test_an_unknown_symbol_is_acknowledged_too(session: Session) -> None:
    assert ask(session, method="SUBSCRIBE", params=["nosuchcoin@trade"], id=1) == {
        "result": None,
        "id": 1,
    }


def test_unsubscribing_what_was_never_asked_for_is_acknowledged(session: Session) -> None:
    assert ask(session, method="UNSUBSCRIBE", params=["btcusdt@trade"], id=2)["result"] is None


def test_json_that_is_nested_too_deep_is_no_json(session: Session) -> None:
    reply = json.loads(answer("[" * 4000, session, 1024))

    assert reply["error"]["code"] == 3


def test_subscriptions_are_listed_in_order(session: Session) -> None:
    ask(session, method="SUBSCRIBE", params=["b@trade", "a@trade"], id=1)

    assert ask(session, method="LIST_SUBSCRIPTIONS", id=3) == {
        "result": ["b@trade", "a@trade"],
        "id": 3,
    }


def test_the_combined_property_is_set_and_told(session: Session) -> None:
    assert ask(session, method="GET_PROPERTY", params=["combined"], id=1)["result"] is False
    assert ask(session, method="SET_PROPERTY", params=["combined", True], id=2)["result"] is None
    assert ask(session, method="GET_PROPERTY", params=["combined"], id=3)["result"] is True


@pytest.mark.parametrize("request_id", [None, 0, -(2**63), 2**63 - 1, "abc", "A" * 36])
def test_ids_are_echoed(session: Session, request_id: object) -> None:
    assert ask(session, method="LIST_SUBSCRIPTIONS", id=request_id)["id"] == request_id


@pytest.mark.parametrize(
    ("message", "code", "words"),
    [
        ({"params": []}, 2, "missing field `method`"),
        ({"method": "NOPE"}, 2, "unknown variant NOPE, expected one of SUBSCRIBE, UNSUBSCRIBE"),
        ({"method": ["SUBSCRIBE"]}, 2, "unknown variant"),
        ({"method": "SUBSCRIBE", "params": ["btcusdt"]}, 2, "invalid stream"),
        ({"method": "SUBSCRIBE", "params": [5]}, 2, "invalid stream"),
        ({"method": "SUBSCRIBE", "params": []}, 2, "invalid stream"),
        ({"method": "LIST_SUBSCRIPTIONS", "id": 1.5}, 2, "request ID must be"),
        ({"method": "LIST_SUBSCRIPTIONS", "id": "x" * 37}, 2, "request ID must be"),
        ({"method": "GET_PROPERTY", "params": [1]}, 2, "property name must be a string"),
        ({"method": "GET_PROPERTY", "params": ["combined", 1]}, 2, "too many parameters"),
        ({"method": "GET_PROPERTY", "params": ["colour"]}, 0, "Unknown property"),
        ({"method": "SET_PROPERTY", "params": ["combined", 1]}, 1, "expected Boolean"),
    ],
)
def test_a_wrong_request_earns_its_code(
    session: Session, message: dict[str, Any], code: int, words: str
) -> None:
    reply = ask(session, **message)

    assert reply["error"]["code"] == code
    assert words in reply["error"]["msg"]


@pytest.mark.parametrize("text", ["", "{", "nonsense", '{"method":}'])
def test_what_is_not_json_earns_code_3(session: Session, text: str) -> None:
    error = json.loads(answer(text, session, 1024))["error"]

    assert error["code"] == 3
    assert error["msg"].startswith("Invalid JSON: expected value at line 1 column ")


@pytest.mark.parametrize("text", ["[]", "5", "null", '"SUBSCRIBE"'])
def test_json_that_is_no_request_is_refused(session: Session, text: str) -> None:
    assert json.loads(answer(text, session, 1024))["error"]["code"] == 2


def test_one_stream_too_many_earns_code_4_and_changes_nothing(session: Session) -> None:
    names = [f"s{number}@trade" for number in range(1024)]
    assert ask(session, method="SUBSCRIBE", params=names, id=1)["result"] is None

    reply = ask(session, method="SUBSCRIBE", params=["one@trade", "more@trade"], id=2)

    assert reply == {"error": {"code": 4, "msg": "Too many subscriptions"}, "id": 2}
    assert len(session.streams()) == 1024
