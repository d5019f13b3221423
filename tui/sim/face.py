"""A face: one protocol in which the embedded market speaks; several of them share one port."""

from __future__ import annotations

from typing import Protocol

from aiohttp import web


class Face(Protocol):
    """Answers the requests of one protocol and holds the clients connected by it."""

    @property
    def client_count(self) -> int:
        """How many clients are connected; one that only asks for answers is not."""
        ...

    def routes(self) -> list[web.AbstractRouteDef]:
        """The routes to serve."""
        ...

    def push(self) -> None:
        """Say what is due after a step of the market, while its news can be read."""
        ...

    async def flushed(self) -> None:
        """Wait until all that was said has been handed to the sockets."""
        ...

    async def close_clients(self, code: int, reason: str = "") -> None:
        """Close every connection in order, with a code where the transport has codes."""
        ...

    def cut_clients(self) -> None:
        """Cut every connection in the middle of whatever it does."""
        ...

    def lose_next(self, stream: str) -> None:
        """Swallow the next events of a stream, under this protocol's name for it."""
        ...

    async def shut_down(self) -> None:
        """Announce the end to every client as the protocol has it, then close."""
        ...
