"""The hub: every open stream once, its payload written once, and sent to all who listen."""

from __future__ import annotations

from typing import Protocol

from tui.sim.market import SimMarket
from tui.sim.streams import Stream, open_stream


class Listener(Protocol):
    """A connection, as the hub sees it. `per`: its time unit in ns."""

    is_combined: bool
    per: int

    def push(self, text: str) -> None: ...


class Hub:
    """Streams exist while somebody listens to them; a stream nobody wants costs nothing."""

    def __init__(self, market: SimMarket) -> None:
        self._market = market
        self._streams: dict[str, Stream] = {}
        self._listeners: dict[str, list[Listener]] = {}
        self._to_lose: set[str] = set()

    @property
    def names(self) -> list[str]:
        """The streams that somebody listens to."""
        return list(self._streams)

    def join(self, name: str, listener: Listener) -> None:
        """Let a listener hear a stream; a name that means nothing stays silent."""
        if name not in self._streams:
            stream = open_stream(name, self._market)
            if stream is None:
                return
            self._streams[name] = stream
            self._listeners[name] = []
        self._listeners[name].append(listener)

    def leave(self, name: str, listener: Listener) -> None:
        listeners = self._listeners.get(name)
        if listeners is None or listener not in listeners:
            return
        listeners.remove(listener)
        if not listeners:
            del self._streams[name], self._listeners[name]

    def lose_next(self, name: str) -> None:
        """Swallow the next events of a stream, as a faulty network may; for tests of clients."""
        self._to_lose.add(name)

    def push(self) -> None:
        """Send what is due after a step of the market."""
        now_ns = self._market.now_ns
        for name, stream in list(self._streams.items()):
            payloads = stream.due(now_ns)
            if not payloads:
                continue
            if name in self._to_lose:
                self._to_lose.discard(name)
                continue
            listeners = list(self._listeners[name])
            for payload in payloads:
                texts: dict[tuple[int, bool], str] = {}
                for listener in listeners:
                    form = (listener.per, listener.is_combined)
                    text = texts.get(form)
                    if text is None:
                        text = payload(listener.per)
                        if listener.is_combined:
                            text = f'{{"stream":"{name}","data":{text}}}'
                        texts[form] = text
                    listener.push(text)
