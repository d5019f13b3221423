"""The streams over a real WebSocket: their names, their payloads, their rates."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from websockets.asyncio.client import connect

from tui.sim.market import SimMarket
from tui.sim.server import SimServer

Open = Callable[[str], Awaitable[Any]]


def data_of(frames: list[Any], stream: str) -> list[Any]:
    return [frame["data"] for frame in frames if frame["stream"] == stream]


async def test_a_raw_stream_sends_the_payload_itself(server: SimServer, stream: Open) -> None:
    client = await stream("/ws/btcusdt@aggTrade")

    await server.advance(2)

    frames = await client.heard()
    assert frames
    assert {frame["e"] for frame in frames} == {"aggTrade"}
    assert list(frames[0]) == ["e", "E", "s", "a", "p", "q", "f", "l", "T", "m", "M"]


async def test_a_combined_stream_wraps_the_payload(server: SimServer, stream: Open) -> None:
    client = await stream("/stream?streams=btcusdt@trade/pepeusdt@bookTicker")

    await server.advance(2)

    frames = await client.heard()
    assert {frame["stream"] for frame in frames} == {"btcusdt@trade", "pepeusdt@bookTicker"}
    assert set(frames[0]) == {"stream", "data"}


async def test_several_raw_streams_share_a_path(server: SimServer, stream: Open) -> None:
    client = await stream("/ws/btcusdt@trade/pepeusdt@trade")

    await server.advance(5)

    assert {frame["s"] for frame in await client.heard()} == {"BTCUSDT", "PEPEUSDT"}


async def test_setting_combined_changes_the_frames_of_a_raw_connection(
    server: SimServer, stream: Open
) -> None:
    client = await stream("/ws/btcusdt@miniTicker")

    await client.ask("SET_PROPERTY", "combined", True)
    await server.advance(1)

    assert [frame["stream"] for frame in await client.heard()] == ["btcusdt@miniTicker"]


async def test_a_percent_encoded_path_is_accepted(server: SimServer, stream: Open) -> None:
    client = await stream("/ws/btcusdt%40miniTicker")

    await server.advance(1)

    assert [frame["e"] for frame in await client.heard()] == ["24hrMiniTicker"]


@pytest.mark.parametrize(
    "name", ["nosuchcoin@trade", "BTCUSDT@trade", "btcusdt@nonsense", "btcusdt@kline_7m"]
)
async def test_a_name_that_means_nothing_is_acknowledged_and_silent(
    server: SimServer, stream: Open, name: str
) -> None:
    client = await stream("/stream")

    assert await client.ask("SUBSCRIBE", name) == {"result": None, "id": 1}
    await server.advance(3)

    assert await client.heard() == []
    assert (await client.ask("LIST_SUBSCRIPTIONS"))["result"] == [name]


async def test_nothing_comes_after_unsubscribing(server: SimServer, stream: Open) -> None:
    client = await stream("/stream?streams=btcusdt@trade")
    await server.advance(1)

    await client.ask("UNSUBSCRIBE", "btcusdt@trade")
    await server.advance(3)

    assert await client.heard() == []
    assert server.streams == []


async def test_streams_that_lost_their_last_listener_are_closed(
    server: SimServer, stream: Open
) -> None:
    first, second = await stream("/ws/btcusdt@trade"), await stream("/ws/btcusdt@trade")
    await first.ask("UNSUBSCRIBE", "btcusdt@trade")
    assert server.streams == ["btcusdt@trade"]

    await second.ask("UNSUBSCRIBE", "btcusdt@trade")

    assert server.streams == []


async def test_trade_ids_have_no_hole_and_the_maker_flag_tells_the_aggressor(
    server: SimServer, stream: Open, market: SimMarket
) -> None:
    client = await stream("/stream?streams=btcusdt@trade")

    await server.advance(10)

    trades = data_of(await client.heard(), "btcusdt@trade")
    ids = [trade["t"] for trade in trades]
    assert ids == list(range(ids[0], ids[0] + len(ids)))
    assert ids[-1] == market.pair("BTCUSDT").last_trade_id
    held = {trade.trade_id: trade for trade in market.pair("BTCUSDT").executions}
    assert all(trade["m"] is held[trade["t"]].is_sell for trade in trades)


async def test_microseconds_change_every_time_field(server: SimServer, stream: Open) -> None:
    path = "/stream?streams=btcusdt@kline_1m/btcusdt@ticker&timeUnit="
    fine, coarse = await stream(path + "microsecond"), await stream(path + "MILLISECOND")

    await server.advance(2)

    exact, rough = await fine.heard(), await coarse.heard()
    (kline,) = data_of(exact, "btcusdt@kline_1m")
    assert kline["E"] == 1_800_000_032_000_000
    assert kline["k"]["t"] == 1_800_000_000_000_000
    assert kline["k"]["T"] == 1_800_000_059_999_999
    assert data_of(exact, "btcusdt@ticker")[0]["C"] == 1_800_000_031_000_000
    assert data_of(rough, "btcusdt@kline_1m")[0]["k"]["T"] == 1_800_000_059_999


async def test_klines_come_every_two_seconds_and_close_once(
    server: SimServer, stream: Open
) -> None:
    client = await stream("/stream?streams=btcusdt@kline_1m")

    await server.advance(36)

    klines = data_of(await client.heard(), "btcusdt@kline_1m")
    told = [(kline["E"] % 100_000, kline["k"]["t"] % 100_000, kline["k"]["x"]) for kline in klines]
    assert told == [
        *((32_000 + 2_000 * step, 0, False) for step in range(14)),
        (60_000, 0, True),
        (62_000, 60_000, False),
        (64_000, 60_000, False),
        (66_000, 60_000, False),
    ]


async def test_a_closed_kline_equals_the_trades_and_the_rest_row(
    server: SimServer, stream: Open, get: Callable[..., Any]
) -> None:
    client = await stream("/stream?streams=btcusdt@kline_1m/btcusdt@trade")

    await server.advance(91)

    frames = await client.heard()
    closed = [k["k"] for k in data_of(frames, "btcusdt@kline_1m") if k["k"]["x"]]
    kline = closed[-1]
    trades = [
        trade
        for trade in data_of(frames, "btcusdt@trade")
        if kline["t"] <= trade["T"] <= kline["T"]
    ]
    prices = [Decimal(trade["p"]) for trade in trades]
    assert (kline["f"], kline["L"]) == (trades[0]["t"], trades[-1]["t"])
    assert kline["n"] == len(trades)
    assert [Decimal(kline[key]) for key in "ohlc"] == [
        prices[0],
        max(prices),
        min(prices),
        prices[-1],
    ]
    assert Decimal(kline["v"]) == sum(Decimal(trade["q"]) for trade in trades)
    _, rows, _ = await get("klines", symbol="BTCUSDT", interval="1m", startTime=kline["t"], limit=1)
    assert rows == [
        [
            kline["t"],
            *(kline[key] for key in "ohlcv"),
            kline["T"],
            kline["q"],
            kline["n"],
            kline["V"],
            kline["Q"],
            "0",
        ]
    ]


async def test_a_second_without_trades_has_minus_one_for_ids_and_the_previous_close(
    server: SimServer, stream: Open
) -> None:
    client = await stream("/stream?streams=pepeusdt@kline_1s")

    await server.advance(30)

    closed = [frame["data"]["k"] for frame in await client.heard() if frame["data"]["k"]["x"]]
    assert len(closed) == 30
    pairs = list(pairwise(closed))
    empty = [(before, kline) for before, kline in pairs if kline["n"] == 0]
    assert empty
    for before, kline in empty:
        assert (kline["f"], kline["L"], kline["v"]) == (-1, -1, "0.00000000")
        assert {kline[key] for key in "ohlc"} == {before["c"]}


async def test_closed_seconds_follow_each_other_and_their_trade_ids_too(
    server: SimServer, stream: Open
) -> None:
    client = await stream("/stream?streams=btcusdt@kline_1s")

    await server.advance(20)

    closed = [frame["data"]["k"] for frame in await client.heard() if frame["data"]["k"]["x"]]
    opens = [kline["t"] for kline in closed]
    assert opens == list(range(opens[0], opens[0] + 20_000, 1000))
    traded = [kline for kline in closed if kline["n"]]
    assert all(later["f"] == kline["L"] + 1 for kline, later in pairwise(traded))


async def test_a_day_kline_of_another_zone_opens_at_its_own_midnight(
    server: SimServer, stream: Open
) -> None:
    client = await stream("/stream?streams=btcusdt@kline_1d@%2B08:00")

    await server.advance(2)

    (frame,) = await client.heard()
    assert frame["data"]["k"]["t"] == 1_799_942_400_000  # 2027-01-14 16:00 UTC


async def test_tickers_come_once_a_second(server: SimServer, stream: Open) -> None:
    names = ["ticker", "miniTicker", "avgPrice", "ticker_1h", "ticker_4h", "ticker_1d"]
    client = await stream("/stream?streams=" + "/".join(f"btcusdt@{name}" for name in names))

    await server.advance(3)

    frames = await client.heard()
    counts = {name: len(data_of(frames, f"btcusdt@{name}")) for name in names}
    assert counts == dict.fromkeys(names, 3)
    events = {frame["stream"]: frame["data"]["e"] for frame in frames}
    assert events["btcusdt@ticker"] == "24hrTicker"
    assert events["btcusdt@ticker_4h"] == "4hTicker"
    assert events["btcusdt@avgPrice"] == "avgPrice"


async def test_the_ticker_agrees_with_rest(
    server: SimServer, stream: Open, get: Callable[..., Any]
) -> None:
    client = await stream("/stream?streams=btcusdt@ticker")

    await server.advance(1)

    (frame,) = await client.heard()
    ticker = frame["data"]
    _, row, _ = await get("ticker/24hr", symbol="BTCUSDT")
    assert row == {
        "symbol": ticker["s"],
        "priceChange": ticker["p"],
        "priceChangePercent": ticker["P"],
        "weightedAvgPrice": ticker["w"],
        "prevClosePrice": ticker["x"],
        "lastPrice": ticker["c"],
        "lastQty": ticker["Q"],
        "bidPrice": ticker["b"],
        "bidQty": ticker["B"],
        "askPrice": ticker["a"],
        "askQty": ticker["A"],
        "openPrice": ticker["o"],
        "highPrice": ticker["h"],
        "lowPrice": ticker["l"],
        "volume": ticker["v"],
        "quoteVolume": ticker["q"],
        "openTime": ticker["O"],
        "closeTime": ticker["C"],
        "firstId": ticker["F"],
        "lastId": ticker["L"],
        "count": ticker["n"],
    }
    assert ticker["L"] - ticker["F"] + 1 == ticker["n"]
    assert ticker["C"] - ticker["O"] == 86_400_000


async def test_the_array_of_mini_tickers_holds_those_that_traded(
    server: SimServer, stream: Open
) -> None:
    client = await stream("/ws/!miniTicker@arr")

    await server.advance(1)

    (rows,) = await client.heard()
    assert {row["s"] for row in rows} <= {"BTCUSDT", "PEPEUSDT"}
    assert {row["e"] for row in rows} == {"24hrMiniTicker"}


async def test_partial_depth_is_the_top_of_the_book_best_first(
    server: SimServer, stream: Open, market: SimMarket
) -> None:
    client = await stream("/stream?streams=btcusdt@depth5@100ms/btcusdt@depth20")

    await server.advance(1)

    frames = await client.heard()
    assert len(data_of(frames, "btcusdt@depth5@100ms")) == 10
    (deep,) = data_of(frames, "btcusdt@depth20")
    assert list(deep) == ["lastUpdateId", "bids", "asks"]
    bids, asks = market.pair("BTCUSDT").engine.top(20)
    listing = market.pair("BTCUSDT").listing
    assert deep["bids"] == [[listing.price_text(p), listing.size_text(q)] for p, q in bids]
    assert deep["asks"] == [[listing.price_text(p), listing.size_text(q)] for p, q in asks]


@pytest.mark.parametrize(("suffix", "count"), [("@100ms", 50), ("", 5), ("@1000ms", 5)])
async def test_depth_updates_follow_each_other_without_a_hole(
    server: SimServer, stream: Open, suffix: str, count: int
) -> None:
    client = await stream(f"/stream?streams=btcusdt@depth{suffix}")

    await server.advance(5)

    updates = [frame["data"] for frame in await client.heard()]
    assert len(updates) == count
    for before, update in pairwise(updates):
        assert update["U"] == before["u"] + 1
        assert update["u"] >= update["U"]


async def test_a_snapshot_in_the_middle_and_the_updates_rebuild_the_engines_book(
    server: SimServer, stream: Open, get: Callable[..., Any], market: SimMarket
) -> None:
    client = await stream("/stream?streams=btcusdt@depth@100ms")
    await server.advance(0.55)
    _, snapshot, _ = await get("depth", symbol="BTCUSDT", limit=5000)
    await server.advance(20.05)  # up to the end of a period of 100 ms

    book = {"b": dict(snapshot["bids"]), "a": dict(snapshot["asks"])}
    local_id = snapshot["lastUpdateId"]
    updates = [frame["data"] for frame in await client.heard()]
    fresh = [update for update in updates if update["u"] > local_id]
    assert fresh[0]["U"] <= local_id + 1 <= fresh[0]["u"]
    for update in fresh:
        for side in ("b", "a"):
            for price, size in update[side]:
                if Decimal(size) == 0:
                    book[side].pop(price, None)
                else:
                    book[side][price] = size

    engine, listing = market.pair("BTCUSDT").engine, market.pair("BTCUSDT").listing
    bids, asks = engine.top(10_000)
    assert book["b"] == {listing.price_text(p): listing.size_text(q) for p, q in bids}
    assert book["a"] == {listing.price_text(p): listing.size_text(q) for p, q in asks}


async def test_the_best_prices_of_all_three_book_streams_agree_at_equal_update_ids(
    server: SimServer, stream: Open
) -> None:
    client = await stream("/stream?streams=btcusdt@bookTicker/btcusdt@depth5@100ms")

    await server.advance(10)

    frames = await client.heard()
    tops = {
        depth["lastUpdateId"]: (*depth["bids"][0], *depth["asks"][0])
        for depth in data_of(frames, "btcusdt@depth5@100ms")
    }
    compared = [
        (tops[top["u"]], (top["b"], top["B"], top["a"], top["A"]))
        for top in data_of(frames, "btcusdt@bookTicker")
        if top["u"] in tops
    ]
    assert len(compared) > 20
    assert all(first == second for first, second in compared)


async def test_a_lost_event_leaves_a_gap(server: SimServer, stream: Open) -> None:
    client = await stream("/stream?streams=btcusdt@depth@100ms")
    await server.advance(0.3)

    server.lose_next("btcusdt@depth@100ms")
    await server.advance(0.3)

    updates = [frame["data"] for frame in await client.heard()]
    assert len(updates) == 5
    assert [b["U"] - a["u"] for a, b in pairwise(updates)].count(1) == 3


async def test_prices_have_eight_decimals_however_small_the_tick(
    server: SimServer, stream: Open
) -> None:
    client = await stream("/stream?streams=pepeusdt@bookTicker")

    await server.advance(2)

    frame = (await client.heard())[0]
    assert frame["data"]["b"].startswith("0.0000")
    assert len(frame["data"]["b"]) == 10


async def test_identical_runs_say_the_same_bytes() -> None:
    names = ["trade", "aggTrade", "kline_1m", "ticker", "depth@100ms", "bookTicker"]
    path = "/stream?streams=" + "/".join(f"ethbtc@{name}" for name in names)
    runs = []
    for _ in range(2):
        market = SimMarket(42, 1_800_000_000_000_000_000, symbols=["ETHBTC"])
        server = SimServer(market, is_driven=False)
        await server.start()
        async with connect(server.endpoints["stream"] + path, max_queue=None) as socket:
            await server.advance(5)
            await socket.send(json.dumps({"method": "LIST_SUBSCRIPTIONS", "id": 1}))
            frames = []
            while "result" not in (text := await socket.recv()):
                frames.append(text)
        runs.append(frames)
        await server.close()

    assert len(runs[0]) > 50
    assert runs[0] == runs[1]
