"""The control messages of the Binance protocol: SUBSCRIBE and its kin, their replies and errors."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, Protocol

_METHODS = ("SUBSCRIBE", "UNSUBSCRIBE", "LIST_SUBSCRIPTIONS", "SET_PROPERTY", "GET_PROPERTY")
_TEXT_ID = re.compile(r"[A-Za-z0-9_-]{1,36}")
_STREAM = re.compile(r"!?[^\s@!]+@[^\s]+|![^\s@!]+")


class Session(Protocol):
    """What a connection keeps: its subscriptions and whether frames are wrapped."""

    is_combined: bool

    def streams(self) -> list[str]: ...

    def subscribe(self, names: list[str]) -> None: ...

    def unsubscribe(self, names: list[str]) -> None: ...


class _Refused(Exception):
    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def answer(text: str, session: Session, max_streams: int) -> str:
    """Do what a control message asks for and write its reply."""
    try:
        request = json.loads(text)
    except (ValueError, RecursionError) as error:
        line, column = getattr(error, "lineno", 1), getattr(error, "colno", 1)
        return _error(3, f"Invalid JSON: expected value at line {line} column {column}", None)
    request_id: Any = None
    try:
        if not isinstance(request, dict):
            raise _Refused(2, "Invalid request: expected an object")
        request_id = _read_id(request)
        result = _run(request, session, max_streams, len(text))
    except _Refused as refused:
        return _error(refused.code, refused.message, request_id)
    return json.dumps({"result": result, "id": request_id}, separators=(",", ":"))


def _error(code: int, message: str, request_id: Any) -> str:
    body = {"error": {"code": code, "msg": message}, "id": request_id}
    return json.dumps(body, separators=(",", ":"))


def _read_id(request: dict[str, Any]) -> Any:
    value = request.get("id")
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63:
        return value
    if isinstance(value, str) and _TEXT_ID.fullmatch(value):
        return value
    raise _Refused(2, "Invalid request: request ID must be an unsigned integer")


def _run(request: dict[str, Any], session: Session, max_streams: int, length: int) -> Any:
    method = request.get("method")
    if method is None:
        raise _Refused(2, f"Invalid request: missing field `method` at line 1 column {length}")
    action = _ACTIONS.get(method) if isinstance(method, str) else None
    if action is None:
        raise _Refused(
            2,
            f"Invalid request: unknown variant {_shorten(method)}, expected one of "
            + ", ".join(_METHODS),
        )
    params = request.get("params", [])
    if not isinstance(params, list):
        raise _Refused(2, "Invalid request: params must be an array")
    return action(params, session, max_streams)


def _shorten(value: Any) -> str:
    return str(value)[:40]


def _read_streams(params: list[Any]) -> list[str]:
    names = []
    for name in params:
        if not isinstance(name, str) or _STREAM.fullmatch(name) is None:
            raise _Refused(2, "Invalid request: invalid stream")
        names.append(name)
    if not names:
        raise _Refused(2, "Invalid request: invalid stream")
    return names


def _subscribe(params: list[Any], session: Session, max_streams: int) -> None:
    names = _read_streams(params)
    if len({*session.streams(), *names}) > max_streams:
        raise _Refused(4, "Too many subscriptions")
    session.subscribe(names)


def _unsubscribe(params: list[Any], session: Session, max_streams: int) -> None:
    session.unsubscribe(_read_streams(params))


def _list(params: list[Any], session: Session, max_streams: int) -> list[str]:
    return session.streams()


def _property(params: list[Any], count: int) -> None:
    if len(params) > count:
        raise _Refused(2, "Invalid request: too many parameters")
    if not params or not isinstance(params[0], str):
        raise _Refused(2, "Invalid request: property name must be a string")
    if params[0] != "combined":
        raise _Refused(0, "Unknown property")


def _set_property(params: list[Any], session: Session, max_streams: int) -> None:
    _property(params, 2)
    if len(params) < 2 or not isinstance(params[1], bool):
        raise _Refused(1, "Invalid value type: expected Boolean")
    session.is_combined = params[1]


def _get_property(params: list[Any], session: Session, max_streams: int) -> bool:
    _property(params, 1)
    return session.is_combined


_ACTIONS: dict[str, Callable[[list[Any], Session, int], Any]] = dict(
    zip(_METHODS, (_subscribe, _unsubscribe, _list, _set_property, _get_property), strict=True)
)
