"""The replay server end to end on loopback: real frames, a real WebSocket client, the real adapter."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tui.adapters.binance import BinanceAdapter
from tui.feed.books import BookSync
from tui.market.order_book import OrderBook
from tui.model.errors import RecordingError
from tui.model.events import BookDelta, BookSnapshot, Candle, Ticker, Trade
from tui.model.instrument import Instrument
from tui.model.subscription import Channel
from tui.recording.format import RecordedFrame, write_recording
from tui.recording.player import PlayerState
from tui.recording.recording import Recording
from tui.sim.replay import Replay, open_replay

BTCUSDT = Instrument("BINANCE", "BTCUSDT")
BTCUSDT_FILE = "binance_spot_btcusdt.jsonl.gz"
FOUR_FILE = "binance_spot_4symbols.jsonl.gz"
FOUR_SYMBOLS = ["NKNUSDT", "BLZETH", "LRCBTC", "RUNEEUR"]
START = 1_700_000_000.0


class Viewer:
    """A client of the server: one connection, REST, and what it was sent."""

    def __init__(
        self, replay: Replay, endpoints: dict[str, str], http: aiohttp.ClientSession
    ) -> None:
        self.replay = replay
        self.endpoints = endpoints
        self.http = http
        self.socket: ClientConnection | None = None

    @property
    def ws(self) -> ClientConnection:
        assert self.socket is not None
        return self.socket

    async def connect(self, path: str = "/stream") -> None:
        await self.disconnect()
        self.socket = await connect(
            self.endpoints["stream"] + path, max_size=None, max_queue=None, compression=None
        )

    async def disconnect(self) -> None:
        if self.socket is not None:
            await self.socket.close()

    async def ask(self, method: str, *streams: Any, request_id: int = 1) -> Any:
        request = {"method": method, "params": list(streams), "id": request_id}
        await self.ws.send(json.dumps(request))
        return json.loads(await self.receive())

    async def receive(self) -> str:
        async with asyncio.timeout(20):
            frame = await self.ws.recv(decode=True)
        assert isinstance(frame, str)
        return frame

    async def receive_all(self) -> None:
        """Read until the connection ends."""
        while True:
            await self.receive()

    async def get(self, path: str, **query: Any) -> tuple[int, Any]:
        url = f"{self.endpoints['rest']}/api/v3/{path}"
        params = {name: str(value) for name, value in query.items()}
        async with self.http.get(url, params=params) as answer:
            return answer.status, json.loads(await answer.read())


@asynccontextmanager
async def watching(replay: Replay) -> AsyncIterator[Viewer]:
    endpoints = await replay.start()
    async with aiohttp.ClientSession() as http:
        viewer = Viewer(replay, endpoints, http)
        try:
            yield viewer
        finally:
            await viewer.disconnect()
            await replay.close()


def write(path: Path, *frames: tuple[float, str, dict[str, Any] | list[Any], str]) -> Path:
    """Write a recording of (seconds, kind, payload, url); an rx payload stands in the wrapper."""
    write_recording(
        path,
        [
            RecordedFrame(START + offset, kind, json.dumps(payload), url)  # type: ignore[arg-type]
            for offset, kind, payload, url in frames
        ],
    )
    return path


def rx(offset: float, stream: str, **data: Any) -> tuple[float, str, dict[str, Any], str]:
    return offset, "rx", {"stream": stream, "data": data}, ""


def trade(offset: float, number: int, price: str = "10.50", size: str = "1.000") -> Any:
    ms = round((START + offset) * 1000)
    return rx(
        offset,
        "abcusdt@trade",
        e="trade",
        E=ms,
        s="ABCUSDT",
        t=number,
        p=price,
        q=size,
        T=ms,
        m=False,
        M=True,
    )


def delta(offset: float, first: int, last: int, bids: list[list[str]]) -> Any:
    ms = round((START + offset) * 1000)
    return rx(
        offset,
        "abcusdt@depth@100ms",
        e="depthUpdate",
        E=ms,
        s="ABCUSDT",
        U=first,
        u=last,
        b=bids,
        a=[],
    )


def snapshot(offset: float, last: int, url: str = "") -> Any:
    return offset, "http", {"lastUpdateId": last, "bids": [["9", "1"]], "asks": [["11", "1"]]}, url


class Following:
    """A book that a client builds, beside the best prices that the venue told."""

    def __init__(self, instrument: Instrument) -> None:
        self._instrument = instrument
        self._adapter = BinanceAdapter()
        self._book = OrderBook()
        self.sync = BookSync(
            instrument, self._adapter.book_policy, self._book, buffer_limit=100_000
        )
        self._tickers: dict[int, Ticker] = {}
        self._tops: dict[int, tuple[Any, ...]] = {}

    def start(self, body: Any) -> None:
        self.sync.on_snapshot(
            BookSnapshot(self._instrument, body["bids"], body["asks"], body["lastUpdateId"], 0, 0)
        )

    def take(self, raw: str) -> None:
        book = self._book
        for event in self._adapter.decode(raw.encode(), 0):
            if getattr(event, "instrument", None) != self._instrument:
                continue
            if isinstance(event, Ticker):
                self._tickers[event.sequence] = event
            elif isinstance(event, BookDelta):
                self.sync.on_delta(event)
                if self.sync.is_verified:
                    top = (*book.bids.top_raw(1)[0], *book.asks.top_raw(1)[0])
                    self._tops[self.sync.sequence] = top

    def compare(self) -> tuple[BookSync, int, int]:
        """Counts the comparisons of the best prices with the bookTicker of the same update id, and
        those that were equal."""
        compared = [number for number in self._tops if number in self._tickers]
        equal = [
            number
            for number in compared
            for ticker in [self._tickers[number]]
            if self._tops[number] == (ticker.bid, ticker.bid_size, ticker.ask, ticker.ask_size)
        ]
        return self.sync, len(compared), len(equal)


async def build_book(
    viewer: Viewer, instrument: Instrument, *, until: int
) -> tuple[BookSync, int, int]:
    """Subscribe, bridge and follow a book for `until` frames as a client does; compares it."""
    following = Following(instrument)
    await viewer.connect()
    await viewer.ask("SUBSCRIBE", f"{instrument.symbol.lower()}@depth@100ms")
    status, body = await viewer.get("depth", symbol=instrument.symbol, limit=1000)
    assert status == 200
    following.start(body)
    for _ in range(until):
        following.take(await viewer.receive())
    return following.compare()


class Played(NamedTuple):
    """A whole recording, as one client was sent it as fast as possible."""

    frames: Sequence[RecordedFrame]
    reply: Any
    snapshot: Any
    received: list[str]
    state: PlayerState
    klines: list[Any]


async def play(path: Path) -> Played:
    replay = open_replay(path, speed=math.inf)
    async with watching(replay) as viewer:
        await viewer.connect()
        reply = await viewer.ask("SUBSCRIBE", "btcusdt@depth@100ms", request_id=7)
        _, snapshot = await viewer.get("depth", symbol="BTCUSDT", limit=1000)
        received = [await viewer.receive() for _ in range(41_248)]
        state = replay.player.state
        status, klines = await viewer.get("klines", symbol="BTCUSDT", interval="1m", limit=1000)
        assert status == 200
    return Played(replay.recording.frames, reply, snapshot, received, state, klines)


PLAYED = pytest.mark.xdist_group("a whole recording")


@pytest.fixture(scope="module")
def played(recordings: Path) -> Played:
    return asyncio.run(play(recordings / BTCUSDT_FILE))


# -- the real recordings -----------------------------------------------------------------------


@PLAYED
def test_every_frame_arrives_byte_for_byte_and_in_order(played: Played) -> None:
    assert played.reply == {"result": None, "id": 7}
    assert played.received == [frame.raw for frame in played.frames if frame.kind == "rx"]
    assert played.state is PlayerState.ENDED


async def test_the_four_symbols_frames_arrive_byte_for_byte_and_in_order(recordings: Path) -> None:
    replay = open_replay(recordings / FOUR_FILE, speed=math.inf)
    sent = [frame.raw for frame in replay.recording.frames if frame.kind == "rx"]

    async with watching(replay) as viewer:
        await viewer.connect()
        await viewer.ask("SUBSCRIBE", *(f"{name.lower()}@ticker" for name in FOUR_SYMBOLS))

        assert [await viewer.receive() for _ in range(265)] == sent


async def test_only_the_symbols_asked_for_are_sent(recordings: Path) -> None:
    replay = open_replay(recordings / FOUR_FILE, speed=math.inf)

    async with watching(replay) as viewer:
        await viewer.connect()
        await viewer.ask("SUBSCRIBE", "lrcbtc@depth@100ms", "blzeth@depth@100ms")
        received = [await viewer.receive() for _ in range(26 + 11)]

    streams = [json.loads(raw)["stream"] for raw in received]
    assert sum(name.startswith("lrcbtc@") for name in streams) == 26
    assert sum(name.startswith("blzeth@") for name in streams) == 11


def test_what_is_recorded_is_known_on_opening(recordings: Path) -> None:
    one = open_replay(recordings / BTCUSDT_FILE)
    four = open_replay(recordings / FOUR_FILE)

    assert one.instruments == [BTCUSDT]
    assert one.channels == {Channel.TRADES, Channel.BOOK, Channel.TICKER}
    assert [instrument.symbol for instrument in four.instruments] == FOUR_SYMBOLS
    assert four.channels == set(Channel)


@PLAYED
def test_the_book_bridges_at_the_start_and_is_true_to_the_end(played: Played) -> None:
    following = Following(BTCUSDT)
    following.start(played.snapshot)
    for raw in played.received:
        following.take(raw)

    sync, compared, equal = following.compare()

    assert (sync.gaps, sync.resyncs) == (0, 0)
    assert sync.is_verified
    assert sync.sequence == 50093421584
    assert equal == compared
    assert compared > 100  # of 560: those before the snapshot was answered do not count


async def test_the_book_bridges_after_a_seek_and_is_true_from_there(recordings: Path) -> None:
    replay = open_replay(recordings / BTCUSDT_FILE, speed=math.inf)

    async with watching(replay) as viewer:
        await viewer.connect()
        await viewer.ask("SUBSCRIBE", "btcusdt@trade")
        await viewer.receive()
        replay.player.seek(200.0)
        with pytest.raises(ConnectionClosed) as closed:
            await viewer.receive_all()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1012

        sync, compared, equal = await build_book(viewer, BTCUSDT, until=8_000)

    assert (sync.gaps, sync.resyncs) == (0, 0)
    assert sync.is_verified
    assert equal == compared
    assert compared > 50


async def test_seeking_back_gives_the_earlier_book(recordings: Path) -> None:
    replay = open_replay(recordings / BTCUSDT_FILE, start=300.0)

    async with watching(replay) as viewer:
        late = (await viewer.get("depth", symbol="BTCUSDT", limit=1))[1]
        replay.player.seek(100.0)
        early = (await viewer.get("depth", symbol="BTCUSDT", limit=1))[1]
        replay.player.seek(300.0)
        again = (await viewer.get("depth", symbol="BTCUSDT", limit=1))[1]

    assert early["lastUpdateId"] < late["lastUpdateId"]
    assert early["bids"] != late["bids"]
    assert again == late


async def test_the_four_books_bridge_though_their_snapshots_come_late(recordings: Path) -> None:
    replay = open_replay(recordings / FOUR_FILE, start=12.0)

    async with watching(replay) as viewer:
        replay.player.set_speed(math.inf)
        results = {}
        for name, frames in (("NKNUSDT", 120), ("LRCBTC", 12), ("BLZETH", 3), ("RUNEEUR", 1)):
            replay.player.seek(12.0)
            sync, compared, equal = await build_book(
                viewer, Instrument("BINANCE", name), until=frames
            )
            results[name] = (sync.is_verified, sync.gaps, compared == equal)

    assert results == dict.fromkeys(FOUR_SYMBOLS, (True, 0, True))


async def test_a_book_that_is_not_there_yet_is_waited_for(recordings: Path) -> None:
    replay = open_replay(recordings / FOUR_FILE, speed=100.0)

    async with watching(replay) as viewer:
        await viewer.connect()
        await viewer.ask("SUBSCRIBE", "runeeur@depth@100ms")
        status, body = await viewer.get("depth", symbol="RUNEEUR", limit=1)

    assert status == 200
    assert body["lastUpdateId"] >= 15602511
    assert replay.player.position_s > 11.5


async def test_in_a_pause_the_book_is_verified_after_a_seek(recordings: Path) -> None:
    replay = open_replay(recordings / BTCUSDT_FILE)
    replay.player.pause()
    replay.player.seek(200.0)

    async with watching(replay) as viewer:
        sync, _, _ = await build_book(viewer, BTCUSDT, until=3)

    assert sync.is_verified
    assert replay.player.position_s == 200.0


async def test_after_the_last_change_the_book_is_verified_by_it(recordings: Path) -> None:
    replay = open_replay(recordings / BTCUSDT_FILE, start=346.0621)

    async with watching(replay) as viewer:
        sync, _, _ = await build_book(viewer, BTCUSDT, until=3)

    assert sync.is_verified
    assert sync.sequence == 50093421584


@PLAYED
def test_klines_at_the_end_equal_the_recorded_trades(played: Played) -> None:
    minutes: dict[int, list[dict[str, Any]]] = {}
    for frame in played.frames:
        if "@trade" in frame.raw:
            data = json.loads(frame.raw)["data"]
            minutes.setdefault(data["T"] // 60_000 * 60_000, []).append(data)
    expected = [
        (
            opened,
            trades[0]["p"],
            max((data["p"] for data in trades), key=float),
            min((data["p"] for data in trades), key=float),
            trades[-1]["p"],
            sum(Decimal(data["q"]) for data in trades),
            len(trades),
            sum(Decimal(data["q"]) for data in trades if not data["m"]),
        )
        for opened, trades in minutes.items()
    ]

    rows = played.klines

    assert [
        (row[0], row[1], row[2], row[3], row[4], Decimal(row[5]), row[8], Decimal(row[9]))
        for row in rows
    ] == expected
    assert [row[6] for row in rows] == [row[0] + 59_999 for row in rows]
    assert len(rows) == 7


async def test_klines_hold_nothing_from_after_the_position(recordings: Path) -> None:
    replay = open_replay(recordings / BTCUSDT_FILE, start=100.0)

    async with watching(replay) as viewer:
        at_100 = (await viewer.get("klines", symbol="BTCUSDT", interval="1m"))[1]
        replay.player.seek(40.0)
        at_40 = (await viewer.get("klines", symbol="BTCUSDT", interval="1m"))[1]

    assert [len(at_100), len(at_40)] == [2, 1]
    assert at_40[0][8] < at_100[0][8]


async def test_recorded_candles_are_preferred_to_added_trades(recordings: Path) -> None:
    replay = open_replay(recordings / FOUR_FILE, start=30.9)

    async with watching(replay) as viewer:
        rows = (await viewer.get("klines", symbol="NKNUSDT", interval="1m"))[1]
        five = (await viewer.get("klines", symbol="NKNUSDT", interval="5m"))[1]

    assert rows[0] == [
        1633998480000,
        "0.35270000",
        "0.35280000",
        "0.35220000",
        "0.35280000",
        "25877.00000000",
        1633998539999,
        "9116.04600000",
        30,
        "58.00000000",
        "20.46240000",
        "0",
    ]
    assert [row[8] for row in five] == [1]


async def test_candles_that_were_not_recorded_are_made_of_the_trades(tmp_path: Path) -> None:
    frames = [trade(0, 1, price="7"), trade(10, 2, price="9"), trade(60, 3, price="8")]
    replay = open_replay(write(tmp_path / "r", *frames), speed=math.inf)

    async with watching(replay) as viewer:
        await viewer.connect()
        await viewer.ask("SUBSCRIBE", "abcusdt@kline_1m")
        received = [json.loads(await viewer.receive()) for _ in range(7)]

    klines = [message["data"]["k"] for message in received if "k" in message["data"]]
    assert {message["stream"] for message in received} == {"abcusdt@trade", "abcusdt@kline_1m"}
    assert [(k["o"], k["h"], k["c"], k["n"], k["x"]) for k in klines] == [
        ("7", "7", "7", 1, False),
        ("7", "9", "9", 2, False),
        ("7", "9", "9", 2, True),
        ("8", "8", "8", 1, False),
    ]
    [event] = BinanceAdapter().decode(json.dumps(received[-1]).encode(), 0)
    assert isinstance(event, Candle)
    assert event.open_time == 1_700_000_040 * 10**9


async def test_made_candles_go_on_from_the_fetched_one(tmp_path: Path) -> None:
    minute = 1_699_999_980_000  # the minute that holds the start
    opened = [minute, "2", "3", "2", "3", "1", minute + 59_999, "3", 2, "0", "0", "0"]
    url = "https://api.binance.com/api/v3/klines?symbol=ABCUSDT&interval=1m"
    frames = [(0.0, "http", [opened], url), trade(1, 1, price="7", size="4")]
    replay = open_replay(write(tmp_path / "r", *frames), speed=math.inf)

    async with watching(replay) as viewer:
        await viewer.connect()
        await viewer.ask("SUBSCRIBE", "abcusdt@kline_1m")
        await viewer.receive()
        kline = json.loads(await viewer.receive())["data"]["k"]

    assert (kline["o"], kline["h"], kline["v"], kline["n"]) == ("2", "7", "5.00000000", 3)


async def test_trades_are_answered_by_their_recorded_ids(recordings: Path) -> None:
    replay = open_replay(recordings / BTCUSDT_FILE)
    replay.player.index = 41_249

    async with watching(replay) as viewer:
        newest = (await viewer.get("aggTrades", symbol="BTCUSDT", limit=2))[1]
        from_id = (await viewer.get("aggTrades", symbol="BTCUSDT", fromId=3735683260, limit=3))[1]
        before = (await viewer.get("aggTrades", symbol="BTCUSDT", fromId=1, limit=1000))[1]

    assert [row["a"] for row in newest] == [3735693014, 3735693015]
    assert [row["a"] for row in from_id] == [3735683260, 3735683261, 3735683262]
    assert before[0]["a"] == 3735683259
    assert len(before) == 1000


async def test_the_venues_clock_is_ahead_as_recorded(recordings: Path) -> None:
    replay = open_replay(recordings / BTCUSDT_FILE, start=100.0)

    async with watching(replay) as viewer:
        answer = (await viewer.get("time"))[1]

    assert answer["serverTime"] - replay.clock.time_ns() // 1_000_000 == pytest.approx(1275, abs=2)


async def test_symbols_are_told_with_the_steps_of_their_digits(recordings: Path) -> None:
    replay = open_replay(recordings / FOUR_FILE)
    adapter = BinanceAdapter()

    async with watching(replay) as viewer:
        body = json.dumps((await viewer.get("exchangeInfo"))[1]).encode()
        one = (await viewer.get("exchangeInfo", symbols='["LRCBTC"]'))[1]

    infos = adapter.instruments_request().decode(body, 0)
    assert [(info.base, info.quote, info.tick_size) for info in infos] == [
        ("NKN", "USDT", "0.00010000"),
        ("BLZ", "ETH", "0.00000001"),
        ("LRC", "BTC", "0.00000001"),
        ("RUNE", "EUR", "0.00100000"),
    ]
    assert [symbol["symbol"] for symbol in one["symbols"]] == ["LRCBTC"]


async def test_a_state_is_rebuilt_within_a_second(recordings: Path) -> None:
    replay = open_replay(recordings / BTCUSDT_FILE, start=345.0)
    loop = asyncio.get_running_loop()

    async with watching(replay) as viewer:
        begin = loop.time()
        await viewer.get("depth", symbol="BTCUSDT", limit=5000)
        await viewer.get("klines", symbol="BTCUSDT", interval="1s")
        await viewer.get("aggTrades", symbol="BTCUSDT", limit=1000)

        assert loop.time() - begin < 1.0


# -- the protocol, on small recordings -----------------------------------------------------------


async def test_the_recording_waits_for_the_first_subscription(tmp_path: Path) -> None:
    replay = open_replay(write(tmp_path / "r", trade(0, 1), trade(0.01, 2)), speed=math.inf)

    async with watching(replay) as viewer:
        await viewer.connect()
        await viewer.ask("LIST_SUBSCRIPTIONS")
        assert replay.player.state is PlayerState.WAITING
        await viewer.ask("SUBSCRIBE", "abcusdt@trade")

        assert [json.loads(await viewer.receive())["data"]["t"] for _ in range(2)] == [1, 2]


async def test_the_recording_waits_while_the_client_is_away(tmp_path: Path) -> None:
    frames = [trade(0, 1), trade(0.01, 2), trade(3600, 3)]
    replay = open_replay(write(tmp_path / "r", *frames), speed=1.0)

    async with watching(replay) as viewer:
        await viewer.connect()
        await viewer.ask("SUBSCRIBE", "abcusdt@trade")
        await viewer.receive()
        await viewer.receive()
        assert replay.player.state is PlayerState.PLAYING
        changed = asyncio.Event()
        replay.player.on_change(changed.set)
        await viewer.disconnect()
        async with asyncio.timeout(5):
            await changed.wait()

        assert replay.player.state is PlayerState.WAITING


async def told_first(viewer: Viewer, *streams: str) -> list[str]:
    """Subscribe; the event types that come before the answer to a question asked right after."""
    await viewer.connect()
    await viewer.ask("SUBSCRIBE", *streams)
    await viewer.ws.send('{"method":"LIST_SUBSCRIPTIONS","id":99}')
    told = []
    while "data" in (message := json.loads(await viewer.receive())):
        told.append(message["data"].get("e", "bookTicker"))
    return told


def book_ticker(offset: float, update: int) -> Any:
    return rx(offset, "abcusdt@bookTicker", u=update, s="ABCUSDT", b="9", B="1", a="11", A="1")


async def test_who_comes_later_is_told_the_present_first(tmp_path: Path) -> None:
    frames = [trade(0, 1), delta(0.1, 5, 6, []), book_ticker(1, 6), trade(2, 3)]
    replay = open_replay(write(tmp_path / "r", *frames, delta(9, 7, 8, [])), start=3.0)

    async with watching(replay) as viewer:
        assert await told_first(viewer, "abcusdt@ticker") == ["bookTicker", "trade"]


@pytest.mark.parametrize("stream", ["abcusdt@aggTrade", "abcusdt@kline_1m"])
async def test_trades_are_not_repeated_to_who_fetches_history(tmp_path: Path, stream: str) -> None:
    frames = [trade(0, 1), book_ticker(1, 6), trade(9, 4)]
    replay = open_replay(write(tmp_path / "r", *frames), start=3.0)

    async with watching(replay) as viewer:
        assert await told_first(viewer, "abcusdt@ticker", stream) == ["bookTicker"]


async def test_in_a_pause_the_last_change_of_the_book_is_told_too(tmp_path: Path) -> None:
    frames = [trade(0, 1), delta(0.1, 5, 6, []), trade(9, 4)]
    replay = open_replay(write(tmp_path / "r", *frames), start=3.0)
    replay.player.pause()

    async with watching(replay) as viewer:
        assert await told_first(viewer, "abcusdt@depth@100ms") == ["trade", "depthUpdate"]


async def test_a_further_stream_in_a_pause_brings_its_last_change(tmp_path: Path) -> None:
    frames = [trade(0, 1), delta(0.1, 5, 6, []), trade(3600, 2)]
    replay = open_replay(write(tmp_path / "r", *frames))

    async with watching(replay) as viewer:
        await viewer.connect()
        await viewer.ask("SUBSCRIBE", "abcusdt@trade")
        await viewer.receive()
        await viewer.receive()
        replay.player.pause()
        await viewer.ask("SUBSCRIBE", "abcusdt@depth@100ms")

        assert json.loads(await viewer.receive())["data"]["u"] == 6


async def test_recorded_acks_are_not_sent(tmp_path: Path) -> None:
    ack = (0.5, "rx", {"result": None, "id": 1}, "")
    replay = open_replay(write(tmp_path / "r", trade(0, 1), ack, trade(1, 2)), speed=math.inf)

    async with watching(replay) as viewer:
        await viewer.connect()
        await viewer.ask("SUBSCRIBE", "abcusdt@trade")

        assert [json.loads(await viewer.receive())["data"]["t"] for _ in range(2)] == [1, 2]


async def test_a_frame_with_garbage_in_it_is_sent_as_it_was(tmp_path: Path) -> None:
    bad = rx(0, "abcusdt@trade", e="trade", s="ABCUSDT", p="[red]")
    replay = open_replay(write(tmp_path / "r", bad, trade(1, 2)), speed=math.inf)

    async with watching(replay) as viewer:
        await viewer.connect()
        await viewer.ask("SUBSCRIBE", "abcusdt@trade")

        assert json.loads(await viewer.receive())["data"]["p"] == "[red]"


async def test_frames_recorded_bare_are_wrapped_for_a_combined_stream(tmp_path: Path) -> None:
    bare = {"u": 4, "s": "ABCUSDT", "b": "1", "B": "2", "a": "3", "A": "4"}
    replay = open_replay(write(tmp_path / "r", (0, "rx", bare, "")), speed=math.inf)

    async with watching(replay) as viewer:
        await viewer.connect()
        await viewer.ask("SUBSCRIBE", "abcusdt@bookTicker")

        assert json.loads(await viewer.receive()) == {"stream": "abcusdt@bookTicker", "data": bare}


async def test_a_wrapped_frame_keeps_its_spelling(tmp_path: Path) -> None:
    raw = '{"data": {"s": "ABCUSDT"}, "stream": "abcusdt@trade"}'
    path = tmp_path / "r"
    write_recording(path, [RecordedFrame(START, "rx", raw)])
    replay = open_replay(path, speed=math.inf)

    async with watching(replay) as viewer:
        await viewer.connect()
        await viewer.ask("SUBSCRIBE", "abcusdt@trade")

        assert await viewer.receive() == raw


def test_no_garbage_in_a_recording_keeps_it_from_opening(tmp_path: Path) -> None:
    garbage = [
        "",
        "null",
        "[1]",
        "{",
        "[" * 100_000,
        '{"stream":5}',
        '{"stream":"@"}',
        "\x1b]0;x\x07",
    ]
    garbage += ['{"stream":"abcusdt@trade","data":{"p":"nan","q":"1","T":-5,"m":true}}']
    garbage += ['{"stream":"abcusdt@depth","data":{"U":1,"u":2,"b":[["x","y"]],"a":[]}}']
    good = json.dumps(trade(0, 1)[2])
    path = tmp_path / "r"
    write_recording(path, [RecordedFrame(START, "rx", raw) for raw in [*garbage, good]])

    history = open_replay(path).server.history

    assert list(history.symbols) == ["ABCUSDT"]
    assert [trade.id for trade in history.symbols["ABCUSDT"].trades] == [1]
    assert history.unreadable == 9


async def test_a_raw_connection_gets_payloads_alone(tmp_path: Path) -> None:
    replay = open_replay(write(tmp_path / "r", trade(0, 1)), speed=math.inf)

    async with watching(replay) as viewer:
        await viewer.connect("/ws/abcusdt@trade")

        assert json.loads(await viewer.receive())["t"] == 1


async def test_streams_can_stand_in_the_address(tmp_path: Path) -> None:
    replay = open_replay(write(tmp_path / "r", trade(0, 1)), speed=math.inf)

    async with watching(replay) as viewer:
        await viewer.connect("/stream?streams=abcusdt@trade/abcusdt@depth")

        assert json.loads(await viewer.receive())["data"]["t"] == 1
        assert await viewer.ask("LIST_SUBSCRIPTIONS", request_id=3) == {
            "result": ["abcusdt@trade", "abcusdt@depth"],
            "id": 3,
        }


async def test_unsubscribing_from_all_makes_the_recording_wait(tmp_path: Path) -> None:
    replay = open_replay(write(tmp_path / "r", trade(0, 1), trade(3600, 2)))

    async with watching(replay) as viewer:
        await viewer.connect()
        await viewer.ask("SUBSCRIBE", "abcusdt@trade", "abcusdt@depth")
        await viewer.receive()
        assert await viewer.ask("UNSUBSCRIBE", "abcusdt@depth", request_id=8) == {
            "result": None,
            "id": 8,
        }
        assert replay.player.state is PlayerState.PLAYING
        await viewer.ask("UNSUBSCRIBE", "abcusdt@trade")
        await viewer.ask("LIST_SUBSCRIPTIONS")

        assert replay.player.state is PlayerState.WAITING


@pytest.mark.parametrize(
    ("text", "code"),
    [("{", 3), ('{"params":[]}', 2), ('{"method":"DANCE","id":1}', 2), ("[]", 2)],
)
async def test_a_wrong_request_is_answered_with_an_error(
    tmp_path: Path, text: str, code: int
) -> None:
    replay = open_replay(write(tmp_path / "r", trade(0, 1)))

    async with watching(replay) as viewer:
        await viewer.connect()
        await viewer.ws.send(text)

        assert json.loads(await viewer.receive())["error"]["code"] == code


async def test_unknown_symbols_are_acknowledged_and_silent(tmp_path: Path) -> None:
    replay = open_replay(write(tmp_path / "r", trade(0, 1)))

    async with watching(replay) as viewer:
        await viewer.connect()
        answer = await viewer.ask("SUBSCRIBE", "nosuch@trade", "ABCUSDT@trade")
        await viewer.ask("LIST_SUBSCRIPTIONS")

        assert answer == {"result": None, "id": 1}
        assert replay.player.state is PlayerState.WAITING


@pytest.mark.parametrize(
    ("path", "query", "status", "code"),
    [
        ("depth", {"symbol": "NOSUCH"}, 400, -1121),
        ("depth", {}, 400, -1102),
        ("klines", {"symbol": "ABCUSDT", "interval": "7m"}, 400, -1120),
        ("klines", {"symbol": "ABCUSDT", "interval": "1m", "limit": "x"}, 400, -1100),
        ("exchangeInfo", {"symbols": "["}, 400, -1100),
        ("ticker/24hr", {"symbol": "ABCUSDT"}, 400, -1000),
        ("depth", {"symbol": "ABCUSDT"}, 503, -1008),
    ],
)
async def test_a_request_that_cannot_be_answered_is_refused_in_the_venues_way(
    tmp_path: Path, path: str, query: dict[str, str], status: int, code: int
) -> None:
    replay = open_replay(write(tmp_path / "r", trade(0, 1)))

    async with watching(replay) as viewer:
        refused, body = await viewer.get(path, **query)

    assert (refused, body["code"]) == (status, code)


async def test_day_figures_are_told_only_where_they_were_recorded(tmp_path: Path) -> None:
    ticker = {"e": "24hrTicker", "s": "ABCUSDT", "P": "-2.5", "c": "10", "o": "10.25"}
    frames = [rx(0, "abcusdt@ticker", **ticker), trade(0, 1), rx(1, "xyzusdt@trade", s="XYZUSDT")]
    replay = open_replay(write(tmp_path / "r", *frames), start=0.5)

    async with watching(replay) as viewer:
        status, rows = await viewer.get("ticker/24hr")

    assert status == 200
    assert rows == [
        {"symbol": "ABCUSDT", "priceChangePercent": "-2.5", "lastPrice": "10", "openPrice": "10.25"}
    ]


async def test_fetched_candles_of_the_recording_are_history(tmp_path: Path) -> None:
    minute = 1_699_999_980_000  # the minute that holds the start
    closed = [minute - 60_000, "1", "2", "1", "2", "5", minute - 1, "9", 3, "1", "1", "0"]
    opened = [minute, "2", "3", "2", "3", "1", minute + 59_999, "3", 2, "0", "0", "0"]
    url = "https://api.binance.com/api/v3/klines?symbol=ABCUSDT&interval=1m&limit=2"
    frames = [(0.0, "http", [closed, opened], url), trade(1, 1, price="7", size="4")]
    replay = open_replay(write(tmp_path / "r", *frames), start=1.0)
    replay.player.pause()

    async with watching(replay) as viewer:
        before = (await viewer.get("klines", symbol="ABCUSDT", interval="1m"))[1]
        replay.player.index = 2
        after = (await viewer.get("klines", symbol="ABCUSDT", interval="1m"))[1]

    assert before[0] == closed
    assert before[1][1:6] == ["2", "3", "2", "3", "1.00000000"]
    assert after[1][1:6] == ["2", "7", "2", "7", "5.00000000"]
    assert after[1][8] == 3


async def test_minutes_without_a_trade_repeat_the_close(tmp_path: Path) -> None:
    replay = open_replay(
        write(tmp_path / "r", trade(0, 1, price="7"), trade(120, 2, price="8"), trade(121, 3)),
        start=120.5,
    )

    async with watching(replay) as viewer:
        rows = (await viewer.get("klines", symbol="ABCUSDT", interval="1m"))[1]

    assert [(row[1], row[4], row[8]) for row in rows] == [
        ("7", "7", 1),
        ("7", "7", 0),
        ("8", "8", 1),
    ]


async def test_a_window_of_candles_is_cut_as_the_venue_cuts_it(tmp_path: Path) -> None:
    replay = open_replay(
        write(tmp_path / "r", *(trade(60.0 * i, i + 1) for i in range(6))), start=270.0
    )
    first = 1_699_999_980_000

    async with watching(replay) as viewer:

        async def opens(**query: Any) -> list[int]:
            rows = (await viewer.get("klines", symbol="ABCUSDT", interval="1m", **query))[1]
            return [(row[0] - first) // 60_000 for row in rows]

        assert await opens() == [0, 1, 2, 3, 4]
        assert await opens(limit=2) == [3, 4]
        assert await opens(startTime=first + 1, limit=2) == [1, 2]
        assert await opens(endTime=first + 120_000, limit=2) == [1, 2]
        assert await opens(startTime=first + 60_000, endTime=first + 179_999) == [1, 2]


async def test_a_book_with_a_hole_is_unknown_until_the_next_snapshot(tmp_path: Path) -> None:
    frames = [
        snapshot(0, 10),
        delta(1, 11, 12, [["9", "2"]]),
        delta(2, 15, 16, [["9", "3"]]),
        snapshot(3, 16),
        delta(4, 17, 18, [["9", "4"]]),
    ]
    replay = open_replay(write(tmp_path / "r", *frames))
    book = replay.server.history.symbols["ABCUSDT"].book

    states = [book.at(upto) for upto in range(6)]

    assert [state and (state.sequence, state.bids) for state in states] == [
        None,
        (10, [("9", "1")]),
        (12, [("9", "2")]),
        None,
        (16, [("9", "1")]),
        (18, [("9", "4")]),
    ]


def test_a_snapshot_without_an_address_finds_its_symbol_by_its_update_id(tmp_path: Path) -> None:
    other = rx(0, "xyzusdt@depth", e="depthUpdate", s="XYZUSDT", U=900, u=901, b=[], a=[])
    frames = [other, snapshot(0.5, 10), delta(1, 11, 12, [])]

    history = open_replay(write(tmp_path / "r", *frames)).server.history

    assert history.symbols["ABCUSDT"].book.at(3) is not None
    assert history.symbols["XYZUSDT"].book.at(3) is None


def test_of_two_recorded_streams_of_trades_one_is_played(tmp_path: Path) -> None:
    aggregate = rx(
        0, "abcusdt@aggTrade", e="aggTrade", s="ABCUSDT", a=5, p="1", q="1", f=1, l=1, T=1, m=True
    )
    replay = open_replay(write(tmp_path / "r", aggregate, trade(0.1, 1)))

    assert [replay.server.history.owner(index) for index in range(2)] == ["ABCUSDT", ""]


def test_other_venues_are_refused_with_a_reason(recordings: Path) -> None:
    with pytest.raises(RecordingError, match=r"is a recording of KRAKEN .*BINANCE"):
        open_replay(recordings / "kraken_v1_10pairs.jsonl.gz")


def test_a_recording_without_market_data_is_refused() -> None:
    frames = [RecordedFrame(START, "open", "", "wss://stream.binance.com:9443/stream")]

    with pytest.raises(RecordingError, match="holds no market data"):
        Replay(Recording(frames, name="x"))


@pytest.mark.parametrize("start", [-1.0, 1e9, math.nan])
def test_a_start_outside_of_the_recording_is_refused(tmp_path: Path, start: float) -> None:
    path = write(tmp_path / "r", trade(0, 1), trade(5, 2))

    with pytest.raises(RecordingError, match="it lasts 5 s"):
        open_replay(path, start=start)


async def test_trades_of_the_stream_and_of_rest_are_the_same_facts(tmp_path: Path) -> None:
    replay = open_replay(write(tmp_path / "r", trade(0, 41), trade(1, 42)), start=0.5)
    adapter = BinanceAdapter()
    instrument = Instrument("BINANCE", "ABCUSDT")

    async with watching(replay) as viewer:
        body = json.dumps((await viewer.get("aggTrades", symbol="ABCUSDT"))[1]).encode()

    [fetched] = adapter.trades_request(instrument).decode(body, 0)
    [streamed] = adapter.decode(replay.recording.frames[0].raw.encode(), 0)
    assert isinstance(streamed, Trade)
    assert (fetched.trade_id, fetched.price_text, fetched.ts_exchange, fetched.aggressor) == (
        streamed.trade_id,
        streamed.price_text,
        streamed.ts_exchange,
        streamed.aggressor,
    )
