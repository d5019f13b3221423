"""One client's WebSocket in the native protocol: its requests, their answers, and heartbeats."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Callable, Container

import msgspec
from aiohttp import WSCloseCode, WSMsgType, web

from tui.feed.clock import Clock
from tui.sim.limits import RateWindow
from tui.sim.native import texts
from tui.sim.native.limits import NativeLimits
from tui.sim.native.outlet import Outlet
from tui.sim.native.tapes import Message, Tapes
from tui.sim.native.topics import RefusedError, Topic

UNAUTHORIZED = 3000
_SIZE = re.compile(r"([0-9]{1,12})(?:\.([0-9]{1,12}))?")
_E8_DIGITS = 8


class _Channel(msgspec.Struct):
    channel: str
    symbol: str | None = None
    timeframe: str | None = None
    depth: int | None = None


class _Request(msgspec.Struct):
    type: str
    id: int | None = None
    channels: list[_Channel] | None = None
    since: int | None = None
    min_size: str | None = None
    token: str | None = None


_decode = msgspec.json.Decoder(_Request).decode


class SocketClient(Outlet[str]):
    """A client connected by WebSocket."""

    def __init__(
        self,
        request: web.Request,
        tapes: Tapes,
        *,
        now_ns: Callable[[], int],
        listed: Container[str],
        limits: NativeLimits,
        clock: Clock,
        is_welcome: Callable[[str], bool],
        is_known: bool,
    ) -> None:
        """Serve a client.

        Args:
            now_ns: what the server's clock says; listed: the symbols that there are.
            is_welcome: whether a token opens the door; is_known: whether it is open already.
        """
        super().__init__(request, tapes, limits.queue)
        self._now_ns = now_ns
        self._listed = listed
        self._limits = limits
        self._clock = clock
        self._is_welcome = is_welcome
        self._is_known = is_known
        # Nobody saves anything by compressing what stays on this machine.
        self._socket = web.WebSocketResponse(
            autoping=False, compress=False, timeout=1.0, max_msg_size=limits.message_bytes
        )
        self._filters: dict[str, int] = {}
        self._rate = RateWindow(limits.requests_per_s, 1.0)
        self._heard_at = clock.monotonic()
        self._actions: dict[str, Callable[[int, _Request], None]] = {
            "subscribe": self._subscribe,
            "unsubscribe": self._unsubscribe,
            "snapshot": self._snapshot,
            "filter": self._filter,
        }

    async def run(self) -> web.WebSocketResponse:
        """Serve the client until it is gone."""
        await self._socket.prepare(self._request)
        tasks = [asyncio.create_task(self._send()), asyncio.create_task(self._keep_alive())]
        if not self._is_known:
            tasks.append(asyncio.create_task(self._await_token()))
        try:
            await self._receive()
        finally:
            self._stop()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return self._socket

    def push_message(self, message: Message) -> None:
        least = self._filters.get(message.topic.symbol, 0) if self._filters else 0
        text = message.thinned(least)
        if text is not None:
            self._push(text)

    async def close(self, code: int, reason: str = "") -> None:
        await self.flushed()
        await self._socket.close(code=code, message=reason.encode())

    async def _write(self, batch: list[str]) -> None:
        await self._socket.send_str(batch[0] if len(batch) == 1 else f"[{','.join(batch)}]")

    # -- reading -----------------------------------------------------------------------------

    async def _receive(self) -> None:
        async for message in self._socket:
            self._heard_at = self._clock.monotonic()
            if message.type is WSMsgType.PING:
                await self._socket.pong(message.data)
                continue
            if message.type is WSMsgType.PONG:
                continue
            if message.type is not WSMsgType.TEXT:
                await self.close(WSCloseCode.UNSUPPORTED_DATA, "text frames only")
                return
            if not self._rate.allow(self._heard_at):
                self._push(texts.error("rate_limited", "too many requests"))
                await self.close(WSCloseCode.POLICY_VIOLATION, "too many requests")
                return
            if not self._answer(message.data):
                await self.close(UNAUTHORIZED, "unauthorized")
                return

    def _answer(self, text: str) -> bool:
        """Do what a request asks for; False when its sender is not let in."""
        try:
            request = _decode(text)
        except (msgspec.DecodeError, RecursionError) as error:
            self._push(texts.error("bad_request", str(error)))
            return True
        if request.type == "pong":
            return True
        if request.id is None or request.id <= 0:
            self._push(texts.error("bad_request", "a request needs a positive id"))
            return True
        if request.type == "auth":
            self._is_known = self._is_welcome(request.token or "")
        if not self._is_known:
            words = "this token opens nothing" if request.token else "a token is needed"
            self._push(texts.error("unauthorized", words, request_id=request.id))
            return False
        try:
            self._act(request.id, request)
        except RefusedError as refused:
            self._push(texts.error(refused.code, refused.message, request_id=request.id))
        return True

    def _act(self, request_id: int, request: _Request) -> None:
        if request.type == "heartbeat":
            self._push(texts.pong(request_id, self._now_ns()))
        elif request.type == "auth":
            self._acknowledge(request_id, "authorized")
        elif request.type in self._actions:
            if not request.channels:
                raise RefusedError("bad_request", "no channels are named")
            if len(request.channels) > self._limits.channels_per_request:
                raise RefusedError("too_many", "too many channels in one request")
            self._actions[request.type](request_id, request)
        else:
            raise RefusedError("bad_request", f"there is no request {request.type[:64]}")

    def _subscribe(self, request_id: int, request: _Request) -> None:
        topics = self._topics_of(request_id, request)
        if len(self._topics.keys() | topics) > self._limits.channels:
            raise RefusedError("too_many", f"at most {self._limits.channels} on a connection")
        self._acknowledge(request_id, "subscribed")
        self.begin(topics, request.since)

    def _unsubscribe(self, request_id: int, request: _Request) -> None:
        topics = self._topics_of(request_id, request)
        self.end(topics)
        for topic in topics:
            if topic.channel == "trades":
                self._filters.pop(topic.symbol, None)
        self._acknowledge(request_id, "unsubscribed")

    def _snapshot(self, request_id: int, request: _Request) -> None:
        topics = self._topics_of(request_id, request)
        self._acknowledge(request_id, "snapshot")
        self.tell_state(topics)

    def _filter(self, request_id: int, request: _Request) -> None:
        match = _SIZE.fullmatch(request.min_size or "")
        if match is None:
            raise RefusedError("bad_request", "min_size is not a number")
        fraction = (match[2] or "").ljust(_E8_DIGITS, "0")
        # Finer than 1e-8 nothing is traded here: what is cut off can only be rounded up.
        least = int(match[1] + fraction[:_E8_DIGITS]) + (int(fraction[_E8_DIGITS:] or 0) > 0)
        for topic in self._topics_of(request_id, request):
            if topic.channel != "trades":
                self._refuse(
                    request_id, topic, RefusedError("bad_request", "only trades are filtered")
                )
            elif least:
                self._filters[topic.symbol] = least
            else:
                self._filters.pop(topic.symbol, None)
        self._acknowledge(request_id, "filtered")

    def _topics_of(self, request_id: int, request: _Request) -> list[Topic]:
        """The topics that there are; the others are answered by an error each."""
        topics = []
        for wish in request.channels or ():
            topic = Topic(wish.channel, wish.symbol or "", wish.timeframe or "", wish.depth or 0)
            try:
                topics.append(topic.check(self._listed))
            except RefusedError as refused:
                self._refuse(request_id, topic, refused)
        return topics

    def _refuse(self, request_id: int, topic: Topic, refused: RefusedError) -> None:
        self._push(
            texts.error(refused.code, refused.message, request_id=request_id, topic=topic.json())
        )

    def _acknowledge(self, request_id: int, word: str) -> None:
        self._push(texts.acknowledgement(word, self._now_ns(), request_id=request_id))

    # -- time ----------------------------------------------------------------------------------

    async def _keep_alive(self) -> None:
        limits, clock = self._limits, self._clock
        born = clock.monotonic()
        number = 0
        while True:
            await clock.sleep(limits.heartbeat_s)
            now = clock.monotonic()
            if now - self._heard_at >= limits.pong_s:
                self.cut()
                return
            if now - born >= limits.age_s:
                await self.close(WSCloseCode.GOING_AWAY)
                return
            number += 1
            self._push(texts.heartbeat(number, self._now_ns()))

    async def _await_token(self) -> None:
        await self._clock.sleep(self._limits.auth_s)
        if not self._is_known:
            self._push(texts.error("unauthorized", "a token is needed"))
            with contextlib.suppress(ConnectionError, RuntimeError):
                await self.close(UNAUTHORIZED, "unauthorized")
