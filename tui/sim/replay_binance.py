"""Serves a recording on loopback as Binance's public protocol: streams at the player's pace, and REST."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from socket import SO_SNDBUF, SOL_SOCKET
from typing import Any

import msgspec
from aiohttp import WSMsgType, web

from tui.adapters.binance.symbols import TIMEFRAME_BY_NAME
from tui.feed.clock import Clock, SystemClock
from tui.model.subscription import Channel
from tui.recording.player import Player
from tui.recording.recording import Recording
from tui.sim.replay_answers import NotYet, RecordedAnswers, Refused
from tui.sim.replay_history import RecordedHistory, channel_of
from tui.sim.replay_klines import KlineStream
from tui.sim.replay_wire import change_mode

_GOING_AWAY = 1001
_SERVICE_RESTART = 1012
_LONGEST_CLOSE_S = 2.0
_QUIET_S = 0.15
_LONGEST_HOLD_S = 2.0
_POLL_S = 0.02
_LONGEST_WAIT_S = 5.0
_RETRY_AFTER_S = 1
# What lies in socket buffers has left the player and not reached the client: keep it little.
_SEND_BUFFER_BYTES = 1 << 16
_METHODS = "SUBSCRIBE, UNSUBSCRIBE, LIST_SUBSCRIPTIONS, SET_PROPERTY, GET_PROPERTY"


class _Request(msgspec.Struct):
    method: str
    id: int | str | None = None
    params: list[Any] = []


_decode_request = msgspec.json.Decoder(_Request).decode


class _Client:
    """One WebSocket connection.

    Attributes:
        streams: what it subscribed to, in order.
        starts: by symbol: the first frame of the recording that is to be sent by the player; earlier
            ones were sent when it subscribed, or not at all.
        lock: keeps answers and frames in their order.
    """

    def __init__(self, socket: web.WebSocketResponse, *, is_combined: bool) -> None:
        self.socket = socket
        self.is_combined = is_combined
        self.streams: dict[str, None] = {}
        self.starts: dict[str, int] = {}
        self.lock = asyncio.Lock()

    async def answer(self, answer: dict[str, Any]) -> None:
        await self.socket.send_str(msgspec.json.encode(answer).decode())

    async def send_frame(self, raw: str) -> None:
        """Send a recorded frame, byte for byte where it was recorded in this connection's mode."""
        await self.socket.send_str(change_mode(raw, is_combined=self.is_combined))


class ReplayServer:
    """A recording behind Binance's protocol.

    A client that subscribes to any stream of a recorded symbol gets all recorded frames of that
    symbol, so that a recording of `trade` serves who wants `aggTrade`; candles that it subscribed to
    and that were not recorded are made of the trades. The player runs only while a
    client is subscribed; after a subscription it waits until the client has stopped asking, so that
    the answers it got and the stream meet at one frame. A subscription first brings the newest
    tickers and candles before the position, so that the present is known at once.
    A seek closes all connections with code 1012: what a client knows is no longer so.
    """

    def __init__(self, recording: Recording, player: Player, *, clock: Clock | None = None) -> None:
        self.history = RecordedHistory(recording)
        self._recording = recording
        self._player = player
        self._clock: Clock = clock or SystemClock()
        self._answers = RecordedAnswers(self.history)
        self._kline_streams: dict[str, KlineStream] = {}
        self._clients: list[_Client] = []
        self._pump: asyncio.Task[None] | None = None
        self._last_pump: asyncio.Task[None] | None = None
        self._ending: set[asyncio.Future[Any]] = set()
        self._runner: web.AppRunner | None = None
        self._asked_at = 0.0
        self._generation = player.generation
        player.on_change(self._notice_seek)

    async def start(self, port: int = 0) -> dict[str, str]:
        """Listen on loopback, on a free port for 0; returns the endpoints "stream" and "rest"."""
        app = web.Application()
        for path in ("/stream", "/ws", "/ws/{streams:.+}"):
            app.router.add_get(path, self._serve_socket)
        routes: dict[str, Callable[[web.Request], Any]] = {
            "ping": lambda request: {},
            "time": lambda request: {"serverTime": self._now_ms()},
            "exchangeInfo": lambda request: self._answers.exchange_info(
                request.query, self._now_ms()
            ),
            "klines": self._klines,
            "uiKlines": self._klines,
            "aggTrades": lambda request: self._answers.trades(request.query, self._player.index),
            "ticker/24hr": lambda request: self._answers.tickers(request.query, self._player.index),
        }
        for name, answer in routes.items():
            app.router.add_get(f"/api/v3/{name}", self._rest(answer))
        app.router.add_get("/api/v3/depth", self._serve_depth)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port)
        await site.start()
        bound = self._runner.addresses[0][1]
        return {"stream": f"ws://127.0.0.1:{bound}", "rest": f"http://127.0.0.1:{bound}"}

    async def close(self) -> None:
        """End all connections and stop listening."""
        self._drop_clients(_GOING_AWAY)
        if self._ending:
            await asyncio.wait(self._ending, timeout=_LONGEST_CLOSE_S)
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    # -- the player's side -----------------------------------------------------------------

    def _notice_seek(self) -> None:
        if self._player.generation == self._generation:
            return
        self._generation = self._player.generation
        self._drop_clients(_SERVICE_RESTART)

    def _drop_clients(self, code: int) -> None:
        clients, self._clients = self._clients, []
        for client in clients:
            client.starts.clear()
            self._await_end(asyncio.ensure_future(client.socket.close(code=code)))
        self._stop_idle_pump()

    def _start_pump(self) -> None:
        if self._pump is None:
            self._pump = asyncio.create_task(self._play(self._last_pump))

    def _stop_idle_pump(self) -> None:
        """Let the recording wait while nobody listens."""
        if self._pump is not None and not any(client.starts for client in self._clients):
            self._pump.cancel()
            self._await_end(self._pump)
            self._last_pump, self._pump = self._pump, None

    def _await_end(self, task: asyncio.Future[Any]) -> None:
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def _play(self, predecessor: asyncio.Task[None] | None) -> None:
        if predecessor is not None:  # it must have let go of the player
            await asyncio.wait([predecessor])
        await self._wait_for_quiet()
        while True:
            async with aclosing(self._player.frames()) as frames:
                async for index, frame in frames:
                    symbol = self.history.owner(index)
                    if symbol:
                        await self._send(index, symbol, frame.raw)
                        if self.history.symbols[symbol].is_trade(index):
                            await self._send_klines(index, symbol)
            await self._player.until_playable()

    async def _wait_for_quiet(self) -> None:
        """Stand still while the client still asks for history and books: its answers and the frames
        that follow then join without overlap."""
        begin = self._clock.monotonic()
        while (now := self._clock.monotonic()) - begin < _LONGEST_HOLD_S:
            if now - max(begin, self._asked_at) >= _QUIET_S:
                return
            await self._clock.sleep(_POLL_S)

    async def _send(self, index: int, symbol: str, raw: str, *, stream: str = "") -> None:
        """Send a frame to who subscribed to its symbol, or to this very stream if one is named."""
        for client in tuple(self._clients):
            start = client.starts.get(symbol)
            is_wanted = not stream or stream in client.streams
            if start is not None and index >= start and is_wanted:
                try:
                    async with client.lock:
                        await client.send_frame(raw)
                except ConnectionError:
                    continue  # its own handler notices and takes it off the list

    async def _send_klines(self, index: int, symbol: str) -> None:
        """Send the candles that were subscribed to and not recorded."""
        recorded = self.history.symbols[symbol].streams
        names = {
            name
            for client in self._clients
            for name in client.streams
            if name not in recorded and _symbol_of(name) == symbol
        }
        for name in names:
            timeframe = TIMEFRAME_BY_NAME.get(name.partition("@kline_")[2])
            if timeframe is None:
                continue
            if name not in self._kline_streams:
                history = self.history.symbols[symbol]
                self._kline_streams[name] = KlineStream(history, timeframe)
            for raw in self._kline_streams[name].frames(index + 1, self._now_ms()):
                await self._send(index, symbol, raw, stream=name)

    # -- streams ---------------------------------------------------------------------------

    async def _serve_socket(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(
            timeout=_LONGEST_CLOSE_S, max_msg_size=1 << 16, compress=False
        )
        await socket.prepare(request)
        if request.transport is not None:
            connection = request.transport.get_extra_info("socket")
            if connection is not None:
                connection.setsockopt(SOL_SOCKET, SO_SNDBUF, _SEND_BUFFER_BYTES)
        client = _Client(socket, is_combined=request.path == "/stream")
        self._clients.append(client)
        names = request.query.get("streams") or request.match_info.get("streams", "")
        try:
            if names:
                async with client.lock:
                    await self._subscribe(client, names.split("/"))
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    async with client.lock:
                        await self._obey(client, message.data)
        except ConnectionError:
            pass  # gone while it was being answered
        finally:
            if client in self._clients:
                self._clients.remove(client)
            self._stop_idle_pump()
        return socket

    async def _obey(self, client: _Client, text: str) -> None:
        try:
            request = _decode_request(text)
        except msgspec.ValidationError as error:
            await client.answer({"error": {"code": 2, "msg": f"Invalid request: {error}"}})
            return
        except msgspec.DecodeError as error:
            await client.answer({"error": {"code": 3, "msg": f"Invalid JSON: {error}"}})
            return
        names = [name for name in request.params if isinstance(name, str)]
        match request.method:
            case "SUBSCRIBE":
                await client.answer({"result": None, "id": request.id})
                await self._subscribe(client, names)
            case "UNSUBSCRIBE":
                self._unsubscribe(client, names)
                await client.answer({"result": None, "id": request.id})
            case "LIST_SUBSCRIPTIONS":
                await client.answer({"result": list(client.streams), "id": request.id})
            case "SET_PROPERTY" if request.params in (["combined", True], ["combined", False]):
                client.is_combined = bool(request.params[1])
                await client.answer({"result": None, "id": request.id})
            case "GET_PROPERTY":
                await client.answer({"result": client.is_combined, "id": request.id})
            case _:
                reason = f"unknown variant `{request.method[:40]}`, expected one of {_METHODS}"
                refusal = {"code": 2, "msg": f"Invalid request: {reason}"}
                await client.answer({"error": refusal, "id": request.id})

    async def _subscribe(self, client: _Client, names: list[str]) -> None:
        self._asked_at = self._clock.monotonic()
        position = self._player.index
        newest: set[int] = set()
        added = [name for name in names if name not in client.streams]
        client.streams.update(dict.fromkeys(names))
        for name in added:
            symbol = _symbol_of(name)
            history = self.history.symbols.get(symbol)
            if history is None or client not in self._clients:
                continue
            is_first = client.starts.setdefault(symbol, position) == position
            present: set[Channel | None] = set(Channel) if is_first else {channel_of(name)}
            newest.update(history.newest_frames(position, present - self._left_out(client, symbol)))
        for index in sorted(newest):
            await client.send_frame(self._recording.frames[index].raw)
        if client.starts:
            self._start_pump()

    def _left_out(self, client: _Client, symbol: str) -> set[Channel | None]:
        """Channels whose newest frame is not repeated to a client.

        Who wants trades or candles fetches history, and would count the newest trade twice. A change
        of a book is of use only where no further one follows.
        """
        wanted = {channel_of(name) for name in client.streams if _symbol_of(name) == symbol}
        left_out: set[Channel | None] = set()
        if wanted & {Channel.TRADES, Channel.CANDLES}:
            left_out.add(Channel.TRADES)
        if not self._is_book_at_rest(symbol):
            left_out.add(Channel.BOOK)
        return left_out

    def _is_book_at_rest(self, symbol: str) -> bool:
        """Whether no change of a book is to come that could confirm a snapshot: the last one must."""
        history = self.history.symbols.get(symbol)
        return self._player.is_paused or (
            history is not None and history.book.is_over(self._player.index)
        )

    def _unsubscribe(self, client: _Client, names: list[str]) -> None:
        for name in names:
            client.streams.pop(name, None)
        wanted = {_symbol_of(name) for name in client.streams}
        client.starts = {
            symbol: start for symbol, start in client.starts.items() if symbol in wanted
        }
        self._stop_idle_pump()

    # -- REST ------------------------------------------------------------------------------

    def _rest(self, answer: Callable[[web.Request], Any]) -> Callable[[web.Request], Any]:
        async def serve(request: web.Request) -> web.Response:
            try:
                return _json(answer(request))
            except Refused as refusal:
                return _refusal(refusal)
            finally:
                self._asked_at = self._clock.monotonic()

        return serve

    def _klines(self, request: web.Request) -> list[Any]:
        return self._answers.klines(request.query, self._player.index, self._now_ms())

    async def _serve_depth(self, request: web.Request) -> web.Response:
        self._asked_at = began = self._clock.monotonic()
        while True:
            try:
                depth = self._answers.depth(
                    request.query,
                    self._player.index,
                    before_last_delta=self._is_book_at_rest(request.query.get("symbol", "")),
                )
                self._asked_at = self._clock.monotonic()
                return _json(depth)
            except Refused as refusal:
                return _refusal(refusal)
            except NotYet as late:
                waited = self._clock.monotonic() - began
                if self._player.is_paused or not late.ever or waited >= _LONGEST_WAIT_S:
                    return web.json_response(
                        {"code": -1008, "msg": late.message},
                        status=503,
                        headers={"Retry-After": str(_RETRY_AFTER_S)},
                    )
            await self._clock.sleep(_POLL_S)

    def _now_ms(self) -> int:
        return self._answers.time_ms(self._player.now_ns)


def _symbol_of(stream: str) -> str:
    """The symbol of a stream's name; as with the venue, a name in upper case is none."""
    symbol = stream.partition("@")[0]
    return symbol.upper() if symbol == symbol.lower() else ""


def _json(answer: Any) -> web.Response:
    return web.Response(body=msgspec.json.encode(answer), content_type="application/json")


def _refusal(refusal: Refused) -> web.Response:
    return web.json_response({"code": refusal.code, "msg": refusal.message}, status=refusal.status)
