"""The REST side over real HTTP: answers, paging, errors, weights."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from tui.sim.limits import SimLimits
from tui.sim.market import SimMarket
from tui.sim.server import SimServer

Get = Callable[..., Awaitable[tuple[int, Any, dict[str, str]]]]
NOW_MS = 1_800_000_030_000
MINUTE_MS = 60_000


async def test_ping_and_time(get: Get) -> None:
    assert (await get("ping"))[:2] == (200, {})
    assert (await get("time"))[1] == {"serverTime": NOW_MS}


async def test_a_header_turns_times_to_microseconds(get: Get) -> None:
    _, body, _ = await get("time", headers={"X-MBX-TIME-UNIT": "MICROSECOND"})

    assert body == {"serverTime": NOW_MS * 1000}


async def test_exchange_info_tells_ticks_and_lots(get: Get) -> None:
    _, body, _ = await get("exchangeInfo")

    assert [entry["symbol"] for entry in body["symbols"]] == ["BTCUSDT", "PEPEUSDT"]
    pepe = body["symbols"][1]
    filters = {entry["filterType"]: entry for entry in pepe["filters"]}
    assert (pepe["baseAsset"], pepe["quoteAsset"], pepe["status"]) == ("PEPE", "USDT", "TRADING")
    assert filters["PRICE_FILTER"]["tickSize"] == "0.00000001"
    assert filters["LOT_SIZE"]["stepSize"] == "1.00000000"
    assert body["rateLimits"][0] == {
        "rateLimitType": "REQUEST_WEIGHT",
        "interval": "MINUTE",
        "intervalNum": 1,
        "limit": 6000,
    }


async def test_exchange_info_of_chosen_symbols(get: Get) -> None:
    one = await get("exchangeInfo", symbol="PEPEUSDT")
    many = await get("exchangeInfo", symbols='["PEPEUSDT","BTCUSDT"]')

    assert [entry["symbol"] for entry in one[1]["symbols"]] == ["PEPEUSDT"]
    assert [entry["symbol"] for entry in many[1]["symbols"]] == ["PEPEUSDT", "BTCUSDT"]


async def test_the_newest_klines_end_with_the_open_one(get: Get) -> None:
    _, rows, _ = await get("klines", symbol="BTCUSDT", interval="1m")

    assert len(rows) == 500
    assert [row[0] for row in rows] == [
        1_800_000_000_000 - MINUTE_MS * back for back in range(499, -1, -1)
    ]
    assert rows[-1][6] == 1_800_000_059_999
    assert all(len(row) == 12 for row in rows)


async def test_klines_page_forwards_without_hole_or_double(get: Get) -> None:
    start = 1_800_000_000_000 - 1467 * 3_600_000
    _, first, _ = await get("klines", symbol="BTCUSDT", interval="1h", startTime=start, limit=1000)
    _, second, _ = await get(
        "klines", symbol="BTCUSDT", interval="1h", startTime=first[-1][0] + 1, limit=1000
    )

    assert (len(first), len(second)) == (1000, 468)
    opens = [row[0] for row in first + second]
    assert opens == list(range(start, 1_800_000_000_001, 3_600_000))


@pytest.mark.parametrize(
    ("window", "first_back", "last_back"),
    [
        ({"limit": 3}, 2, 0),
        ({"endTime": 1_800_000_000_000 - 5 * MINUTE_MS, "limit": 3}, 7, 5),
        ({"startTime": 1_800_000_000_000 - 9 * MINUTE_MS, "limit": 3}, 9, 7),
        (
            {
                "startTime": 1_800_000_000_000 - 9 * MINUTE_MS,
                "endTime": 1_800_000_000_000 - 8 * MINUTE_MS,
            },
            9,
            8,
        ),
        ({"startTime": 1_800_000_000_001 - 9 * MINUTE_MS, "limit": 2}, 8, 7),
        ({"startTime": (1_800_000_000_000 - 9 * MINUTE_MS) * 1000, "limit": 1}, 9, 9),
    ],
)
async def test_a_window_of_klines_goes_by_open_time(
    get: Get, window: dict[str, int], first_back: int, last_back: int
) -> None:
    _, rows, _ = await get("klines", symbol="BTCUSDT", interval="1m", **window)

    assert rows[0][0] == 1_800_000_000_000 - first_back * MINUTE_MS
    assert rows[-1][0] == 1_800_000_000_000 - last_back * MINUTE_MS
    assert len(rows) == first_back - last_back + 1


async def test_a_window_in_the_future_is_empty(get: Get) -> None:
    future = NOW_MS + 3_600_000

    assert (await get("klines", symbol="BTCUSDT", interval="1m", startTime=future))[1] == []


@pytest.mark.parametrize(
    "interval",
    ["1s", "1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d", "1w"],
)
async def test_every_interval_starts_full(get: Get, interval: str) -> None:
    _, rows, _ = await get("klines", symbol="PEPEUSDT", interval=interval, limit=300)

    assert len(rows) == 300
    for row in rows:
        opened, high, low, close = (float(value) for value in row[1:5])
        assert low <= min(opened, close) <= max(opened, close) <= high
        assert row[6] >= row[0]


async def test_more_klines_than_allowed_are_clamped(get: Get) -> None:
    assert len((await get("klines", symbol="BTCUSDT", interval="1s", limit=5000))[1]) == 1000


async def test_a_time_zone_moves_where_days_begin(get: Get) -> None:
    _, rows, _ = await get("klines", symbol="BTCUSDT", interval="1d", timeZone="+05:30", limit=2)

    assert [row[0] for row in rows] == [1_799_865_000_000, 1_799_951_400_000]  # 18:30 UTC


async def test_ui_klines_are_klines(get: Get) -> None:
    asked = {"symbol": "BTCUSDT", "interval": "4h", "limit": 5}

    assert (await get("uiKlines", **asked))[1] == (await get("klines", **asked))[1]


async def test_depth_is_best_first_and_as_deep_as_asked(get: Get) -> None:
    _, body, _ = await get("depth", symbol="BTCUSDT", limit=7)

    bids = [float(price) for price, _ in body["bids"]]
    asks = [float(price) for price, _ in body["asks"]]
    assert (len(bids), len(asks)) == (7, 7)
    assert bids == sorted(bids, reverse=True)
    assert asks == sorted(asks)
    assert bids[0] < asks[0]


async def test_aggregate_trades_page_by_id(get: Get) -> None:
    _, newest, _ = await get("aggTrades", symbol="BTCUSDT", limit=30)

    _, page, _ = await get("aggTrades", symbol="BTCUSDT", fromId=newest[0]["a"], limit=10)

    assert page == newest[:10]
    assert list(page[0]) == ["a", "p", "q", "f", "l", "T", "m", "M"]


async def test_aggregate_trades_by_time_are_inclusive(get: Get) -> None:
    _, newest, _ = await get("aggTrades", symbol="BTCUSDT", limit=30)
    start, end = newest[5]["T"], newest[20]["T"]

    _, page, _ = await get("aggTrades", symbol="BTCUSDT", startTime=start, endTime=end)

    assert page == [row for row in newest if start <= row["T"] <= end]


async def test_rest_and_stream_aggregates_join_without_a_hole(
    get: Get, server: SimServer, stream: Callable[[str], Awaitable[Any]]
) -> None:
    client = await stream("/ws/btcusdt@aggTrade")
    _, before, _ = await get("aggTrades", symbol="BTCUSDT", limit=1000)

    await server.advance(3)

    live = await client.heard()
    assert live[0]["a"] == before[-1]["a"] + 1
    _, after, _ = await get("aggTrades", symbol="BTCUSDT", fromId=live[0]["a"])
    assert [(row["a"], row["p"], row["q"]) for row in after] == [
        (row["a"], row["p"], row["q"]) for row in live
    ]


async def test_trades_tell_their_value(get: Get) -> None:
    _, rows, _ = await get("trades", symbol="PEPEUSDT", limit=1)

    (row,) = rows
    assert list(row) == ["id", "price", "qty", "quoteQty", "time", "isBuyerMaker", "isBestMatch"]
    assert abs(float(row["price"]) * float(row["qty"]) - float(row["quoteQty"])) < 1e-6


async def test_day_statistics_come_for_one_some_or_all(get: Get) -> None:
    one = (await get("ticker/24hr", symbol="BTCUSDT"))[1]
    some = (await get("ticker/24hr", symbols='["PEPEUSDT"]'))[1]
    all_of_them = (await get("ticker/24hr"))[1]

    assert one["symbol"] == "BTCUSDT"
    assert [row["symbol"] for row in some] == ["PEPEUSDT"]
    assert [row["symbol"] for row in all_of_them] == ["BTCUSDT", "PEPEUSDT"]


async def test_the_small_statistics_leave_the_book_out(get: Get) -> None:
    _, row, _ = await get("ticker/24hr", symbol="BTCUSDT", type="MINI")

    assert list(row) == [
        "symbol",
        "openPrice",
        "highPrice",
        "lowPrice",
        "lastPrice",
        "volume",
        "quoteVolume",
        "openTime",
        "closeTime",
        "firstId",
        "lastId",
        "count",
    ]


async def test_day_statistics_are_the_minutes_of_the_day(get: Get, server: SimServer) -> None:
    await server.advance(30)  # to a full minute, so that the window holds whole ones
    _, row, _ = await get("ticker/24hr", symbol="BTCUSDT")

    minutes: list[Any] = []
    start = row["openTime"]
    while len(minutes) < 1440:
        _, page, _ = await get(
            "klines", symbol="BTCUSDT", interval="1m", startTime=start, limit=1000
        )
        minutes += page
        start = minutes[-1][0] + 1
    minutes = minutes[:1440]
    assert row["openPrice"] == minutes[0][1]
    assert float(row["highPrice"]) == max(float(minute[2]) for minute in minutes)
    assert float(row["lowPrice"]) == min(float(minute[3]) for minute in minutes)
    assert row["lastPrice"] == minutes[-1][4]
    assert row["count"] == sum(minute[8] for minute in minutes)


async def test_prices_and_best_prices(get: Get) -> None:
    _, price, _ = await get("ticker/price", symbol="BTCUSDT")
    _, best, _ = await get("ticker/bookTicker")

    assert list(price) == ["symbol", "price"]
    assert [list(row) for row in best] == [
        ["symbol", "bidPrice", "bidQty", "askPrice", "askQty"]
    ] * 2


async def test_the_rolling_window_wants_a_symbol(get: Get) -> None:
    assert (await get("ticker"))[1]["code"] == -1102
    assert (await get("ticker", symbol="BTCUSDT", windowSize="1h"))[1]["symbol"] == "BTCUSDT"


async def test_the_average_price_lies_within_the_last_minutes(get: Get) -> None:
    _, body, _ = await get("avgPrice", symbol="BTCUSDT")
    _, rows, _ = await get("klines", symbol="BTCUSDT", interval="1m", limit=6)

    assert body["mins"] == 5
    assert min(float(r[3]) for r in rows) <= float(body["price"]) <= max(float(r[2]) for r in rows)


@pytest.mark.parametrize(
    ("path", "params", "code", "words"),
    [
        ("klines", {"interval": "1m"}, -1102, "Mandatory parameter 'symbol' was not sent"),
        ("klines", {"symbol": "BTCUSDT"}, -1102, "Mandatory parameter 'interval'"),
        ("klines", {"symbol": "NOPEUSDT", "interval": "1m"}, -1121, "Invalid symbol."),
        ("klines", {"symbol": "btcusdt", "interval": "1m"}, -1100, "Illegal characters"),
        ("klines", {"symbol": "BTCUSDT", "interval": "1x"}, -1120, "Invalid interval."),
        ("klines", {"symbol": "BTCUSDT", "interval": "1m", "limit": "x"}, -1100, "'limit'"),
        ("klines", {"symbol": "BTCUSDT", "interval": "1m", "limit": "0"}, -1130, "'limit'"),
        ("klines", {"symbol": "BTCUSDT", "interval": "1m", "startTime": "-5"}, -1130, "startTime"),
        ("klines", {"symbol": "BTCUSDT", "interval": "1m", "timeZone": "+15"}, -1130, "timeZone"),
        ("klines", {"symbol": "", "interval": "1m"}, -1105, "Parameter 'symbol' was empty."),
        ("depth", {"symbol": "BTCUSDT", "colour": "red"}, -1101, "Too many parameters"),
        ("time", {"symbol": "BTCUSDT"}, -1101, "expected '0' and received '1'"),
        ("aggTrades", {"symbol": "BTCUSDT", "fromId": "1", "endTime": "2"}, -1128, "Combination"),
        ("exchangeInfo", {"symbol": "BTCUSDT", "symbols": '["BTCUSDT"]'}, -1128, "Combination"),
        ("exchangeInfo", {"symbols": '["BTCUSDT","NOPE"]'}, -1121, "Invalid symbol."),
        ("ticker/price", {"symbols": "BTCUSDT"}, -1100, "'symbols'"),
        ("ticker/24hr", {"type": "HUGE"}, -1130, "'type'"),
        ("depth", {"symbol": "BTCUSDT", "symbolStatus": "HALT"}, -1220, "status"),
    ],
)
async def test_a_wrong_request_earns_its_code(
    get: Get, path: str, params: dict[str, str], code: int, words: str
) -> None:
    status, body, _ = await get(path, **params)

    assert (status, body["code"]) == (400, code)
    assert words in body["msg"]


async def test_a_parameter_sent_twice_is_refused(server: SimServer) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{server.url}/api/v3/depth?symbol=BTCUSDT&symbol=BTCUSDT") as response,
    ):
        assert (await response.json())["code"] == -1101


@pytest.mark.parametrize(
    ("path", "params", "weight"),
    [
        ("ping", {}, 1),
        ("exchangeInfo", {}, 20),
        ("depth", {"symbol": "BTCUSDT"}, 5),
        ("depth", {"symbol": "BTCUSDT", "limit": "500"}, 25),
        ("depth", {"symbol": "BTCUSDT", "limit": "501"}, 50),
        ("depth", {"symbol": "BTCUSDT", "limit": "5000"}, 250),
        ("trades", {"symbol": "BTCUSDT"}, 25),
        ("aggTrades", {"symbol": "BTCUSDT"}, 4),
        ("klines", {"symbol": "BTCUSDT", "interval": "1m"}, 2),
        ("ticker/24hr", {"symbol": "BTCUSDT"}, 2),
        ("ticker/24hr", {}, 80),
        ("ticker/price", {}, 4),
        ("klines", {"symbol": "NOPE", "interval": "1m"}, 2),
    ],
)
async def test_the_header_tells_the_weight_used(
    get: Get, path: str, params: dict[str, str], weight: int
) -> None:
    _, _, headers = await get(path, **params)

    assert headers["X-MBX-USED-WEIGHT-1M"] == str(weight)


async def test_too_much_weight_is_429_and_then_418_with_the_time_to_wait() -> None:
    limits = SimLimits(weight=100, patience=1)
    market = SimMarket(7, NOW_MS * 1_000_000, symbols=["ETHBTC"])
    server = SimServer(market, is_driven=False, limits=limits)
    await server.start()
    answers = []
    async with aiohttp.ClientSession() as session:
        for _ in range(4):
            async with session.get(f"{server.url}/api/v3/ticker/24hr") as response:
                body = await response.json()
                wait = int(response.headers.get("Retry-After", "0"))
                answers.append(
                    (response.status, None if isinstance(body, list) else body["code"], wait)
                )
    await server.close()

    assert [status for status, _, _ in answers] == [200, 429, 418, 418]
    assert [code for _, code, _ in answers] == [None, -1003, -1003, -1003]
    assert 1 <= answers[1][2] <= 60
    assert 119 <= answers[2][2] <= 120
