"""The board: every open stream of one protocol once, and who listens to it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable
from typing import Generic, Protocol, TypeVar

K = TypeVar("K", bound=Hashable)
M = TypeVar("M")
_K = TypeVar("_K", contravariant=True)
_M = TypeVar("_M", contravariant=True)


class Stream(ABC, Generic[M]):
    """One stream's state; exists while somebody listens."""

    @abstractmethod
    def due(self, now_ns: int) -> list[M]:
        """What is to be said now. Called at every step of the market, once."""


class Listener(Protocol[_K, _M]):
    """A connection, as the board sees it."""

    def hear(self, key: _K, message: _M) -> None: ...

    def miss(self, key: _K) -> None:
        """A message is lost on the way to this connection."""
        ...


class Board(Generic[K, M]):
    """Streams exist while somebody listens to them; a stream nobody wants costs nothing."""

    def __init__(self, open_stream: Callable[[K], Stream[M]], name: Callable[[K], str]) -> None:
        """Begin without streams; `name` is how `lose_next` and `names` call one."""
        self._open_stream = open_stream
        self._name = name
        self._streams: dict[K, Stream[M]] = {}
        self._listeners: dict[K, list[Listener[K, M]]] = {}
        self._to_lose: set[str] = set()

    @property
    def names(self) -> list[str]:
        """The streams that somebody listens to."""
        return [self._name(key) for key in self._streams]

    def join(self, key: K, listener: Listener[K, M]) -> Stream[M]:
        """Let a listener hear a stream from the next step on; returns the stream."""
        stream = self._streams.get(key)
        if stream is None:
            stream = self._streams[key] = self._open_stream(key)
            self._listeners[key] = []
        if listener not in self._listeners[key]:
            self._listeners[key].append(listener)
        return stream

    def leave(self, key: K, listener: Listener[K, M]) -> None:
        listeners = self._listeners.get(key)
        if listeners is None or listener not in listeners:
            return
        listeners.remove(listener)
        if not listeners:
            del self._streams[key], self._listeners[key]

    def lose_next(self, name: str) -> None:
        """Swallow what a stream says next, as a faulty network may; for tests of clients."""
        self._to_lose.add(name)

    def push(self, now_ns: int) -> None:
        """Say what is due after a step of the market."""
        for key, stream in list(self._streams.items()):
            messages = stream.due(now_ns)
            if not messages:
                continue
            if self._to_lose and self._name(key) in self._to_lose:
                self._to_lose.discard(self._name(key))
                for listener in self._listeners[key]:
                    listener.miss(key)
                continue
            for message in messages:
                for listener in list(self._listeners.get(key, ())):
                    listener.hear(key, message)
