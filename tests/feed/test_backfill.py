"""What is fetched beside the stream, with a venue's answers in memory and a clock moved by hand."""

from __future__ import annotations

import asyncio
import itertools
import json
import random
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

import msgspec
import pytest
from scripted_venue import BOOK, BTC, CANDLES, MINUTE, TICKER, TRADES, agg_trade, kline, symbol_info

from tui.adapters.base import POLLED_BOOK, BookPolicy
from tui.adapters.binance import BinanceAdapter
from tui.feed.clock import ManualClock
from tui.feed.error_log import ErrorLog
from tui.feed.metrics import Metrics
from tui.feed.rest_client import RestClient
from tui.feed.settings import FeedSettings
from tui.feed.upkeep import Upkeep
from tui.market.market import Market
from tui.model.errors import TransportError
from tui.model.events import Candle, Side, Trade
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription
from tui.model.timeframe import MS, Timeframe
from tui.model.transport import TransportKind
from tui.transports.rest import RestResponse, RestTransport

START = 29_000_000
MINUTE_NS = 60_000_000_000
Answer = Callable[[Mapping[str, str]], Any]


class Answers(RestTransport):
    """A venue's REST in memory: each path has answers in turn, the last one for ever."""

    def __init__(self) -> None:
        super().__init__()
        self.by_path: dict[str, list[Answer]] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []

    async def get(
        self,
        url: str,
        params: Mapping[str, str],
        *,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = 10.0,
    ) -> RestResponse:
        path = url.partition("/api/v3/")[2]
        self.asked.append((path, dict(params)))
        answers = self.by_path.get(path, [refusing(404)])
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        said = answer(params)
        if isinstance(said, TransportError):
            raise said
        if isinstance(said, RestResponse):
            return said
        return RestResponse(200, {}, json.dumps(said).encode())


def refusing(status: int, body: bytes = b"") -> Answer:
    return lambda params: RestResponse(status, {}, body)


def always(said: Any) -> Answer:
    return lambda params: said


class Desk:
    """An upkeep whose stream is up and acknowledged."""

    def __init__(
        self, wanted: list[Subscription], settings: FeedSettings, adapter: BinanceAdapter
    ) -> None:
        self.clock = ManualClock()
        self.adapter = adapter
        self.market = Market()
        self.errors = ErrorLog(self.clock)
        self.rest = Answers()
        rng = random.Random(1)
        self.upkeep = Upkeep(
            adapter,
            self.market,
            RestClient(adapter, self.rest, clock=self.clock, rng=rng, errors=self.errors),
            clock=self.clock,
            rng=rng,
            errors=self.errors,
            settings=settings,
            metrics=Metrics(),
            useful=lambda: None,
            renew=lambda cause: None,
            fail=lambda cause: None,
        )
        self.upkeep.want(wanted)
        self.upkeep.connected(TransportKind.WEBSOCKET)
        for stream in self.upkeep.subscriptions.streams.values():
            stream.acked = True
            for entry in stream.users.values():
                self.upkeep.subscriptions.settle(entry)

    @property
    def backfill(self) -> Any:
        return self.upkeep.backfill

    async def finish(self, job: Coroutine[Any, Any, None], within_s: float = 600.0) -> None:
        """Run a job while time passes."""
        task = asyncio.create_task(job)
        end = self.clock.monotonic() + within_s
        while not task.done():
            assert self.clock.monotonic() < end, "the job does not end"
            await self.clock.advance(0.5)
        await task

    def truth(self, subscription: Subscription) -> tuple[str, str]:
        truth = self.market.truth(subscription)
        return truth.status.value, truth.reason

    def messages(self) -> list[str]:
        return [record.message for record in self.errors.records()]


def make_desk(
    *wanted: Subscription,
    settings: FeedSettings = FeedSettings(history_candles=50),  # noqa: B008 - frozen
    adapter: BinanceAdapter | None = None,
) -> Desk:
    return Desk(list(wanted), settings, adapter or BinanceAdapter())


async def test_a_long_history_comes_page_by_page() -> None:
    rows = [kline(START + i, "100") for i in range(2500)]

    def pages(params: Mapping[str, str]) -> Any:
        end = int(params.get("endTime", "99999999999999"))
        return [row for row in rows if row[0] <= end][-int(params["limit"]) :]

    desk = make_desk(CANDLES, settings=FeedSettings(history_candles=2200))
    desk.rest.by_path["klines"] = [pages]

    await desk.finish(desk.backfill.candles.load(CANDLES))

    times = [candle.open_time for candle in desk.market[BTC].series(MINUTE).candles]
    assert len(times) == 2200
    assert times == sorted(set(times))
    assert [params["limit"] for _, params in desk.rest.asked] == ["1000", "1000", "200"]


@pytest.mark.parametrize(
    "trouble",
    [
        always(TransportError("the network is down")),
        refusing(200, b"<html>Bad Gateway</html>"),
        refusing(200, b'[[1,"2'),
        refusing(503),
    ],
)
async def test_history_that_fails_is_said_and_tried_until_it_is_there(trouble: Answer) -> None:
    desk = make_desk(CANDLES)
    desk.rest.by_path["klines"] = [trouble] * 7 + [always([kline(START, "100")])]
    task = asyncio.create_task(desk.backfill.candles.load(CANDLES))
    await desk.clock.advance(3.5)
    assert desk.truth(CANDLES)[0] == "syncing"
    assert desk.truth(CANDLES)[1].startswith("no history yet: ")

    await desk.clock.advance(300.0)

    assert task.done()
    assert desk.truth(CANDLES) == ("live", "")
    assert len(desk.market[BTC].series(MINUTE)) == 1


def keeping(rows: list[list[Any]]) -> Answer:
    """A venue that holds these klines."""

    def answer(params: Mapping[str, str]) -> Any:
        start = int(params.get("startTime", "0"))
        limit = int(params["limit"])
        found = [row for row in rows if row[0] >= start]
        return found[:limit] if start else found[-limit:]

    return answer


def minutes(desk: Desk) -> list[int]:
    return [
        candle.open_time // 60_000_000_000 - START
        for candle in desk.market[BTC].series(MINUTE).candles
    ]


async def test_a_hole_is_filled_even_if_the_stream_goes_on_behind_it_first() -> None:
    rows = [kline(START + i, "100") for i in range(10)]
    desk = make_desk(CANDLES)
    down = always(TransportError("the network is down"))
    desk.rest.by_path["klines"] = [keeping(rows[:3]), *[down] * 3, keeping(rows)]
    await desk.finish(desk.backfill.candles.load(CANDLES))

    task = asyncio.create_task(desk.backfill.candles.load(CANDLES))
    await desk.clock.advance(1.0)
    streamed = desk.adapter.candles_request(BTC, MINUTE).decode(json.dumps(rows[8:]).encode(), 0)
    desk.market.apply_candle(streamed[0])
    await desk.finish(asyncio.wait_for(task, None))

    assert streamed[0].closed
    assert minutes(desk) == list(range(10))


async def test_candles_fetched_for_a_small_chart_hide_no_hole_before_them() -> None:
    rows = [kline(START + i, "100") for i in range(60)]
    desk = make_desk(CANDLES)
    desk.rest.by_path["klines"] = [keeping(rows[:5]), keeping(rows)]
    await desk.finish(desk.backfill.candles.load(CANDLES))
    small = desk.adapter.candles_request(BTC, MINUTE).decode(json.dumps(rows[40:]).encode(), 0)
    desk.market.merge_candles(BTC, MINUTE, small)

    await desk.finish(desk.backfill.candles.load(CANDLES))

    assert minutes(desk) == list(range(60))


async def test_candles_that_were_streamed_before_any_fetch_ended_hide_no_hole_behind_them() -> None:
    rows = [kline(START + i, "100") for i in range(200)]
    desk = make_desk(CANDLES)
    stream(desk, rows[0], closed=True)
    desk.rest.by_path["klines"] = [keeping(rows)]

    await desk.finish(desk.backfill.candles.load(CANDLES))

    assert minutes(desk) == list(range(200))
    assert holes(desk) == []


async def test_between_streamed_and_fetched_candles_a_hole_too_long_to_fetch_is_shown() -> None:
    rows = [kline(START + i, "100") for i in range(6000)]
    desk = make_desk(CANDLES)
    desk.clock.set_time((START + 9000) * MINUTE_NS)
    stream(desk, rows[0], closed=True)
    stream(desk, rows[5500], closed=True)
    desk.rest.by_path["klines"] = [keeping(rows)]

    await desk.finish(desk.backfill.candles.load(CANDLES))

    assert minutes(desk) == [*range(4996), 5500, *range(5950, 6000)]
    assert holes(desk) == [(4996, 5500), (5501, 5950)]


async def test_a_first_fetch_costs_one_request_though_the_stream_was_there_before() -> None:
    rows = [kline(START + i, "100") for i in range(200)]
    desk = make_desk(CANDLES)
    stream(desk, rows[199], closed=False)
    desk.rest.by_path["klines"] = [keeping(rows)]

    await desk.finish(desk.backfill.candles.load(CANDLES))

    assert minutes(desk) == list(range(150, 200))
    assert len(desk.rest.asked) == 1


async def test_only_what_the_stream_did_not_bring_is_fetched_again() -> None:
    rows = [kline(START + i, "100") for i in range(30)]
    desk = make_desk(CANDLES)
    desk.rest.by_path["klines"] = [keeping(rows[:5]), keeping(rows)]
    await desk.finish(desk.backfill.candles.load(CANDLES))
    streamed = desk.adapter.candles_request(BTC, MINUTE).decode(json.dumps(rows[4:20]).encode(), 0)
    desk.market.merge_candles(BTC, MINUTE, streamed)

    await desk.finish(desk.backfill.candles.load(CANDLES))

    assert desk.rest.asked[-1][1]["startTime"] == str((START + 19) * 60_000)
    assert minutes(desk) == list(range(30))


async def test_a_frozen_venue_is_waited_for_as_long_as_it_says() -> None:
    desk = make_desk(CANDLES)
    desk.rest.by_path["klines"] = [
        lambda params: RestResponse(429, {"Retry-After": "40"}, b""),
        always([kline(START, "100")]),
    ]
    task = asyncio.create_task(desk.backfill.candles.load(CANDLES))
    await desk.clock.advance(39.0)
    assert len(desk.rest.asked) == 1

    await desk.clock.advance(2.0)

    assert task.done()
    assert len(desk.rest.asked) == 2


async def test_a_timeframe_that_the_venue_lacks_begins_without_history() -> None:
    seven = Subscription(BTC, Channel.CANDLES, Timeframe.parse("7m"))
    desk = make_desk(seven)

    await desk.finish(desk.backfill.candles.load(seven))

    assert desk.truth(seven) == ("live", "from trades, without history")


async def test_trades_come_even_if_the_first_requests_fail() -> None:
    desk = make_desk(TRADES)
    down = always(TransportError("the network is down"))
    desk.rest.by_path["aggTrades"] = [down] * 4 + [always([agg_trade(1), agg_trade(2)])]

    await desk.finish(desk.backfill.load_trades(BTC))

    assert len(desk.market[BTC].tape) == 2
    assert desk.truth(TRADES) == ("live", "")


async def test_a_hole_that_the_venue_fills_a_moment_later_is_not_missed() -> None:
    desk = make_desk(TRADES)
    sequence = desk.upkeep._trades.sequence(BTC)
    sequence.observe(1)
    sequence.observe(4)
    desk.rest.by_path["aggTrades"] = [always([]), always([agg_trade(2), agg_trade(3)])]

    await desk.finish(desk.backfill.fill_trades(BTC))

    assert desk.market[BTC].tape.missed == 0
    assert len(desk.market[BTC].tape) == 2


async def test_a_hole_that_stays_is_missed() -> None:
    desk = make_desk(TRADES)
    sequence = desk.upkeep._trades.sequence(BTC)
    sequence.observe(1)
    sequence.observe(4)
    desk.rest.by_path["aggTrades"] = [always([agg_trade(3)]), always([])]

    await desk.finish(desk.backfill.fill_trades(BTC))

    assert desk.market[BTC].tape.missed == 1
    assert "1 trades missed" in desk.messages()


async def test_a_hole_that_is_too_long_to_fetch_is_missed_at_once() -> None:
    desk = make_desk(TRADES)
    sequence = desk.upkeep._trades.sequence(BTC)
    sequence.observe(1)
    sequence.observe(100_000)

    await desk.finish(desk.backfill.fill_trades(BTC))

    assert desk.market[BTC].tape.missed == 99_998
    assert desk.rest.asked == []


async def test_snapshots_are_asked_for_ever_more_slowly() -> None:
    desk = make_desk(BOOK)
    moments: list[float] = []

    def fail(params: Mapping[str, str]) -> Any:
        moments.append(desk.clock.monotonic())
        return RestResponse(200, {}, b"[]")

    desk.rest.by_path["depth"] = [fail]
    task = asyncio.create_task(desk.backfill.load_book(BTC))
    for _ in range(240):
        await desk.clock.advance(0.5)
    task.cancel()

    gaps = [b - a for a, b in itertools.pairwise(moments)]
    for gap, delay in zip(gaps, (1.0, 2.0, 4.0, 8.0, 16.0, 30.0), strict=False):
        assert 0.8 * delay <= gap <= 1.2 * delay
    assert len(moments) < 12
    assert desk.truth(BOOK)[0] == "syncing"
    assert desk.truth(BOOK)[1].startswith("no snapshot: ")


async def test_where_the_stream_sends_snapshots_it_is_asked_for_again() -> None:
    adapter = BinanceAdapter()
    adapter.book_policy = BookPolicy("checksum", snapshot_by_rest=False)
    desk = make_desk(BOOK, adapter=adapter)
    await desk.upkeep.outbox.next()

    await desk.finish(desk.backfill.load_book(BTC))

    (first, _), (second, asks) = await desk.upkeep.outbox.next(), await desk.upkeep.outbox.next()
    assert json.loads(first.text)["method"] == "UNSUBSCRIBE"
    assert json.loads(second.text)["method"] == "SUBSCRIBE"
    assert asks
    assert desk.rest.asked == []


async def test_of_many_symbols_only_the_unknown_ones_are_rejected() -> None:
    symbols = [f"S{number}USDT" for number in range(20)]
    wanted = [Subscription(Instrument("BINANCE", one), Channel.TICKER) for one in symbols]
    unknown = {"S3USDT", "S17USDT"}

    def listed(params: Mapping[str, str]) -> Any:
        asked = json.loads(params["symbols"])
        if unknown & set(asked):
            return RestResponse(400, {}, b'{"code":-1121,"msg":"Invalid symbol."}')
        return {"symbols": [symbol_info(one) for one in asked]}

    desk = make_desk(*wanted)
    desk.rest.by_path["exchangeInfo"] = [listed]

    await desk.finish(desk.backfill.learn([one.instrument for one in wanted]))

    rejected = {one.instrument.symbol for one in wanted if desk.truth(one)[0] == "rejected"}
    assert rejected == unknown
    assert len(desk.rest.asked) < 20


async def test_a_venue_that_tells_no_symbols_is_on_the_error_log() -> None:
    desk = make_desk(TICKER)
    desk.rest.by_path["exchangeInfo"] = [refusing(451, b'{"code":0,"msg":"Not in your region."}')]

    await desk.finish(desk.backfill.learn([BTC]))

    assert desk.messages() == ["no symbols by REST: Not in your region. (code 0)"]


async def test_a_venue_without_such_a_request_rejects_nobody() -> None:
    desk = make_desk(TICKER)

    await desk.finish(desk.backfill.learn([BTC]))

    assert desk.truth(TICKER)[0] == "syncing"


async def test_day_figures_come_in_batches() -> None:
    instruments = [Instrument("BINANCE", f"S{number}USDT") for number in range(150)]
    desk = make_desk(TICKER)
    desk.rest.by_path["ticker/24hr"] = [always([])]

    await desk.finish(desk.backfill.load_tickers(instruments))

    counts = [len(json.loads(params["symbols"])) for _, params in desk.rest.asked]
    assert counts == [100, 50]


async def test_the_middle_of_the_request_meets_the_venues_clock() -> None:
    desk = make_desk()
    desk.clock.set_time(10_000_000_000)
    desk.rest.by_path["time"] = [always({"serverTime": 11_270})]

    await desk.finish(desk.backfill.measure_clock())

    assert desk.upkeep.offset.offset == -1_270_000_000


# -- where candles could not be had ----------------------------------------------------------


def holes(desk: Desk, timeframe: Timeframe = MINUTE) -> list[tuple[int, int]]:
    """In minutes from START."""
    return [
        (low // MINUTE_NS - START, high // MINUTE_NS - START)
        for low, high in desk.market[BTC].series(timeframe).holes
    ]


def stream(desk: Desk, row: list[Any], *, closed: bool) -> None:
    candle = desk.adapter.candles_request(BTC, MINUTE).decode(json.dumps([row]).encode(), 0)[0]
    desk.market.apply_candle(
        msgspec.structs.replace(candle, closed=closed, ts_exchange=row[6] * MS)
    )


async def test_a_hole_is_known_while_it_cannot_be_fetched_and_goes_with_the_fetch() -> None:
    rows = [kline(START + i, "100") for i in range(10)]
    desk = make_desk(CANDLES)
    down = always(TransportError("the network is down"))
    desk.rest.by_path["klines"] = [keeping(rows[:3]), *[down] * 3, keeping(rows)]
    await desk.finish(desk.backfill.candles.load(CANDLES))
    assert holes(desk) == []

    stream(desk, rows[8], closed=False)
    task = asyncio.create_task(desk.backfill.candles.load(CANDLES))
    await desk.clock.advance(3.5)
    # The candle that was open when the stream broke off is not whole either.
    assert holes(desk) == [(2, 8)]

    await desk.finish(asyncio.wait_for(task, None))
    assert holes(desk) == []
    assert minutes(desk) == list(range(10))


async def test_a_hole_that_the_venue_refuses_to_fill_stays() -> None:
    rows = [kline(START + i, "100") for i in range(10)]
    desk = make_desk(CANDLES)
    desk.rest.by_path["klines"] = [keeping(rows[:3]), refusing(451)]
    await desk.finish(desk.backfill.candles.load(CANDLES))
    stream(desk, rows[2], closed=True)
    stream(desk, rows[8], closed=False)

    await desk.finish(desk.backfill.candles.load(CANDLES))

    assert holes(desk) == [(3, 8)]
    assert desk.truth(CANDLES) == ("live", "no history")


async def test_what_the_venue_no_longer_has_is_a_hole() -> None:
    rows = [kline(START + i, "100") for i in range(100)]
    desk = make_desk(CANDLES)
    desk.rest.by_path["klines"] = [keeping(rows[:3]), always(rows[80:])]
    await desk.finish(desk.backfill.candles.load(CANDLES))
    stream(desk, rows[2], closed=True)

    await desk.finish(desk.backfill.candles.load(CANDLES))
    await desk.finish(desk.backfill.candles.load(CANDLES))

    assert minutes(desk) == [0, 1, 2, *range(80, 100)]
    assert holes(desk) == [(3, 80)]


async def test_of_a_candle_that_the_venue_no_longer_has_the_end_is_not_known() -> None:
    rows = [kline(START + i, "100") for i in range(100)]
    desk = make_desk(CANDLES)
    desk.rest.by_path["klines"] = [keeping(rows[:2]), always(rows[80:])]
    await desk.finish(desk.backfill.candles.load(CANDLES))
    stream(desk, rows[1], closed=True)
    stream(desk, rows[2], closed=False)

    await desk.finish(desk.backfill.candles.load(CANDLES))

    assert holes(desk) == [(2, 80)]


async def test_where_the_venue_has_nothing_from_the_last_candle_on_the_streamed_ones_stand_alone() -> (
    None
):
    rows = [kline(START + i, "100") for i in range(100)]
    desk = make_desk(CANDLES)
    desk.rest.by_path["klines"] = [keeping(rows[:3]), always([])]
    await desk.finish(desk.backfill.candles.load(CANDLES))
    stream(desk, rows[2], closed=True)
    stream(desk, rows[9], closed=False)

    await desk.finish(desk.backfill.candles.load(CANDLES))

    assert holes(desk) == [(3, 9)]


async def test_candles_that_do_not_exist_are_no_hole() -> None:
    rows = [kline(START + i, "100") for i in (0, 1, 2, 7, 8)]
    desk = make_desk(CANDLES)
    desk.rest.by_path["klines"] = [keeping(rows[:3]), keeping(rows)]
    await desk.finish(desk.backfill.candles.load(CANDLES))
    stream(desk, rows[4], closed=False)

    await desk.finish(desk.backfill.candles.load(CANDLES))

    assert minutes(desk) == [0, 1, 2, 7, 8]
    assert holes(desk) == []


async def test_a_built_candle_without_all_its_trades_is_a_hole_until_it_is_fetched() -> None:
    adapter = BinanceAdapter(channels=frozenset({Channel.TRADES}))
    desk = make_desk(CANDLES, adapter=adapter)
    rows = [kline(START, "100", volume="9"), kline(START + 1, "100")]
    desk.rest.by_path["klines"] = [
        keeping(rows[:1]),
        refusing(451),
        keeping(rows),
    ]
    await desk.finish(desk.backfill.candles.load(CANDLES))
    for number, second in enumerate((30, 65), start=1):
        ts = (START * 60 + second) * 1000 * MS
        desk.upkeep._trades.add(Trade(BTC, 100.0, 1.0, Side.BUY, ts, ts, number, "100", "1"))

    await desk.finish(desk.backfill.candles.load(CANDLES))
    assert holes(desk) == [(0, 1)]

    await desk.finish(desk.backfill.candles.load(CANDLES))
    assert holes(desk) == []
    assert desk.market[BTC].series(MINUTE).candles[0].volume == 9.0


async def test_a_built_candle_that_was_left_without_all_its_trades_is_fetched_when_wanted_again() -> (
    None
):
    adapter = BinanceAdapter(channels=frozenset({Channel.TRADES}))
    desk = make_desk(CANDLES, adapter=adapter)
    rows = [kline(START, "100", volume="9"), kline(START + 1, "100")]
    desk.rest.by_path["klines"] = [keeping(rows[:1]), keeping(rows)]
    await desk.finish(desk.backfill.candles.load(CANDLES))
    for number, second in enumerate((30, 65), start=1):
        ts = (START * 60 + second) * 1000 * MS
        desk.upkeep._trades.add(Trade(BTC, 100.0, 1.0, Side.BUY, ts, ts, number, "100", "1"))
    assert desk.market[BTC].series(MINUTE).candles[0].closed

    desk.upkeep.want([])
    desk.upkeep.want([CANDLES])
    await desk.finish(desk.backfill.candles.load(CANDLES))

    assert desk.market[BTC].series(MINUTE).candles[0].volume == 9.0


async def test_fetched_candles_without_a_trade_are_flat_where_that_is_wished() -> None:
    adapter = BinanceAdapter(channels=frozenset({Channel.TRADES}))
    settings = FeedSettings(history_candles=50, flat_candles=True)
    desk = make_desk(CANDLES, adapter=adapter, settings=settings)
    desk.rest.by_path["klines"] = [
        always([kline(START, "105"), kline(START + 3, "100"), kline(START + 4, "100")])
    ]

    await desk.finish(desk.backfill.candles.load(CANDLES))

    candles = desk.market[BTC].series(MINUTE).candles
    assert minutes(desk) == [0, 1, 2, 3, 4]
    flat = candles[1]
    assert (flat.open, flat.high, flat.low, flat.close) == (105.0, 105.0, 105.0, 105.0)
    assert (flat.volume, flat.closed) == (0.0, True)


# -- whether a candle is over ----------------------------------------------------------------


class Closing(BinanceAdapter):
    """Says of every fetched candle that it is closed, as by a clock that is ahead."""

    def candles_request(self, *args: Any, **options: Any) -> Any:
        request = super().candles_request(*args, **options)

        def decode(body: bytes, ts_local: int) -> list[Candle]:
            return [
                msgspec.structs.replace(candle, closed=True, ts_exchange=1)
                for candle in request.decode(body, ts_local)
            ]

        return msgspec.structs.replace(request, decode=decode)


@pytest.mark.parametrize(
    ("ahead_s", "second", "closed"),
    [
        (60, 30, False),  # our clock says that the minute is over, the venue's that it is not
        (60, 60, True),
        (-60, 59, False),
        (-60, 61, True),
        (None, 61, False),  # nobody knows the venue's clock
        (None, 100_000, True),
    ],
)
async def test_a_fetched_candle_is_over_when_the_venues_clock_says_so(
    ahead_s: int | None, second: int, closed: bool
) -> None:
    desk = make_desk(CANDLES, adapter=Closing())
    venue_ns = (START * 60 + second) * 1000 * MS
    desk.clock.set_time(venue_ns + (ahead_s or 0) * 1000 * MS)
    if ahead_s is not None:
        desk.upkeep.offset.add_round_trip(
            venue_ns + ahead_s * 1000 * MS, venue_ns, desk.clock.time_ns()
        )
    desk.rest.by_path["klines"] = [always([kline(START - 1, "100"), kline(START, "100")])]

    await desk.finish(desk.backfill.candles.load(CANDLES))

    assert [one.closed for one in desk.market[BTC].series(MINUTE).candles] == [True, closed]


async def test_a_candle_that_ended_a_while_ago_is_closed_though_none_follows() -> None:
    desk = make_desk(CANDLES)
    now = (START * 60 + 63) * 1000 * MS
    desk.clock.set_time(now)
    desk.upkeep.offset.add_round_trip(now, now, now)
    desk.rest.by_path["klines"] = [always([kline(START, "100")])]

    await desk.finish(desk.backfill.candles.load(CANDLES))

    assert [one.closed for one in desk.market[BTC].series(MINUTE).candles] == [True]


async def test_a_clock_that_was_set_is_told() -> None:
    desk = make_desk()
    desk.clock.set_time(10_000_000_000)
    desk.rest.by_path["time"] = [always({"serverTime": 10_000}), always({"serverTime": 5_000})]

    await desk.finish(desk.backfill.measure_clock())
    assert desk.messages() == []
    await desk.finish(desk.backfill.measure_clock())

    assert desk.messages() == ["the clock was set: it is +5.5 s from where it was"]


# -- refusals and rests ----------------------------------------------------------------------


async def test_a_book_that_the_venue_refuses_is_not_asked_for_again_unchanged() -> None:
    desk = make_desk(BOOK)
    desk.rest.by_path["depth"] = [refusing(400, b'{"code":-1121,"msg":"Invalid symbol."}')]

    await desk.finish(desk.backfill.load_book(BTC))

    assert len(desk.rest.asked) == 1
    assert desk.truth(BOOK) == ("syncing", "no snapshot: Invalid symbol. (code -1121)")


async def test_an_address_that_is_refused_for_a_while_is_waited_for() -> None:
    desk = make_desk(BOOK)
    desk.rest.by_path["depth"] = [
        refusing(403),
        always({"lastUpdateId": 5, "bids": [], "asks": []}),
    ]

    await desk.finish(desk.backfill.load_book(BTC))

    assert len(desk.rest.asked) == 2
    assert desk.clock.monotonic() >= 60.0


async def test_a_polled_book_needs_no_request_of_its_own() -> None:
    desk = make_desk(BOOK)
    desk.upkeep._books.use(POLLED_BOOK)
    await desk.upkeep.outbox.next()

    await desk.finish(desk.backfill.load_book(BTC))

    assert desk.rest.asked == []
    assert len(desk.upkeep.outbox) == 0


async def test_an_endpoint_at_rest_costs_no_try() -> None:
    desk = make_desk(TRADES)
    down = always(TransportError("the network is down"))
    desk.rest.by_path["aggTrades"] = [*[down] * 8, always([agg_trade(1)])]

    await desk.finish(desk.backfill.load_trades(BTC))

    assert len(desk.market[BTC].tape) == 1
    assert desk.clock.monotonic() >= 60.0
