"""Real frames of Kraken give the figures known of them: every checksum fits, no frame vanishes."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tui.adapters.kraken import KrakenAdapter
from tui.adapters.kraken.checksum import Checksum
from tui.feed.books import BookSync, Verdict
from tui.market.order_book import OrderBook
from tui.model.events import (
    BookDelta,
    BookSnapshot,
    Candle,
    Event,
    Heartbeat,
    Rejection,
    ServerTime,
    Side,
    Status,
    Ticker,
    Trade,
    VenueNotice,
)
from tui.model.instrument import Instrument
from tui.model.timeframe import Timeframe

VENUE = "KRAKEN"
BTCUSDT = Instrument(VENUE, "BTC/USDT")
MINUTE = Timeframe.parse("1m")


class Playback:
    """What came out of a recording of books.

    Attributes:
        checked: messages with a checksum.
        sound: those after which the book was verified.
    """

    def __init__(self, path: Path, *, depth: int | None, protocol: str = "v2") -> None:
        self.adapter = KrakenAdapter({"protocol": protocol})
        self.adapter.book_policy = msgspec.structs.replace(self.adapter.book_policy, depth=depth)
        self.kinds: Counter[str] = Counter()
        self.books: dict[Instrument, BookSync] = {}
        self.trades: list[Trade] = []
        self.silent = 0
        self.checked = self.sound = 0
        for raw, ts_local in frames_of(path):
            events = self.adapter.decode(raw, ts_local)
            self.silent += not events
            for event in events:
                self.take(event)

    def take(self, event: Event) -> None:
        self.kinds[type(event).__name__] += 1
        if isinstance(event, BookSnapshot):
            sync = BookSync(event.instrument, self.adapter.book_policy, OrderBook())
            self.books[event.instrument] = sync
            self.judge(event, sync.on_snapshot(event))
        elif isinstance(event, BookDelta):
            self.judge(event, self.books[event.instrument].on_delta(event))
        elif isinstance(event, Trade):
            self.trades.append(event)

    def judge(self, event: BookSnapshot | BookDelta, verdict: Verdict) -> None:
        if event.checksum is not None:
            self.checked += 1
            self.sound += verdict is Verdict.APPLIED


def frames_of(path: Path) -> list[tuple[bytes, int]]:
    if path.suffix == ".gz":
        with gzip.open(path, "rt", encoding="utf-8") as file:
            lines = [json.loads(line) for line in file]
        return [
            (line["raw"].encode(), round(line["t"] * 1e9)) for line in lines if line["kind"] == "rx"
        ]
    return [(line, 1) for line in path.read_bytes().splitlines()]


def control_frames(recordings: Path) -> list[list[Any]]:
    adapter = KrakenAdapter()
    return [
        list(adapter.decode(raw, ts))
        for raw, ts in frames_of(recordings / "kraken_v2_control_frames.jsonl")
    ]


# -- checksums -------------------------------------------------------------------------------


def test_every_checksum_of_btcusd_fits(recordings: Path) -> None:
    played = Playback(recordings / "kraken_v2_btcusd_depth25.jsonl.gz", depth=25)

    assert (played.sound, played.checked) == (2052, 2052)
    assert played.kinds == {
        "BookDelta": 2051,
        "BookSnapshot": 1,
        "Heartbeat": 50,
        "ServerTime": 1,
        "Status": 1,
    }


def test_without_the_cut_to_the_depth_the_first_wrong_checksum_ends_the_book(
    recordings: Path,
) -> None:
    played = Playback(recordings / "kraken_v2_btcusd_depth25.jsonl.gz", depth=None)

    (book,) = played.books.values()
    assert played.sound < 2052
    assert book.reason.startswith("checksum ")
    assert not book.is_verified


def fitting(path: Path, *, depth: int | None, spell: Callable[[str], str] = str) -> int:
    """After how many messages the checksum fits a book that is never built anew."""
    adapter, book, checksum = KrakenAdapter(), OrderBook(), Checksum()
    found = 0
    for raw, ts_local in frames_of(path):
        for event in adapter.decode(raw, ts_local):
            if isinstance(event, BookSnapshot | BookDelta):
                bids, asks = (
                    [(spell(price), spell(size)) for price, size in side]
                    for side in (event.bids, event.asks)
                )
                is_whole = isinstance(event, BookSnapshot)
                (book.replace if is_whole else book.apply)(bids, asks)
                if depth is not None:
                    book.truncate(depth)
                found += checksum(book) == event.checksum
    return found


def test_the_venues_digits_and_the_cut_are_what_makes_checksums_fit(recordings: Path) -> None:
    path = recordings / "kraken_v2_btcusd_depth25.jsonl.gz"

    assert fitting(path, depth=25) == 2052
    assert fitting(path, depth=None) == 220
    assert fitting(path, depth=25, spell=lambda number: str(float(number))) == 0


def test_one_change_of_ten_pairs_comes_in_two_parts(recordings: Path) -> None:
    frames = [
        json.loads(raw)
        for raw, _ in frames_of(recordings / "kraken_v1_10pairs.jsonl.gz")
        if raw.startswith(b"[")
    ]

    assert Counter(len(frame) for frame in frames)[5] == 1


def test_every_checksum_of_xrpusd_fits(recordings: Path) -> None:
    played = Playback(recordings / "kraken_v2_xrpusd_depth25.jsonl.gz", depth=25)

    assert (played.sound, played.checked) == (1147, 1147)


def test_every_checksum_of_ten_pairs_of_the_first_protocol_fits(recordings: Path) -> None:
    path = recordings / "kraken_v1_10pairs.jsonl.gz"
    played = Playback(path, depth=1000, protocol="v1")

    assert (played.sound, played.checked) == (4269, 4269)
    assert sorted(str(instrument) for instrument in played.books) == [
        "KRAKEN:ADA/BTC",
        "KRAKEN:BTC/CHF",
        "KRAKEN:ETH/CHF",
        "KRAKEN:GRT/ETH",
        "KRAKEN:KSM/BTC",
        "KRAKEN:OCEAN/BTC",
        "KRAKEN:OMG/USD",
        "KRAKEN:SC/EUR",
        "KRAKEN:WAVES/EUR",
        "KRAKEN:XMR/USD",
    ]
    assert played.kinds["ParseFailure"] == played.silent == 0
    assert (played.kinds["Ticker"], len(played.trades)) == (18, 10)


def test_quantities_of_six_decimals_fit_too(recordings: Path) -> None:
    played = Playback(recordings / "kraken_v2_crc_frames.jsonl", depth=10)

    assert (played.sound, played.checked) == (7, 7)


# -- everything else -------------------------------------------------------------------------


def test_no_control_frame_vanishes(recordings: Path) -> None:
    kinds = [[type(event) for event in events] for events in control_frames(recordings)]

    assert kinds == [
        [Status],
        [Status, VenueNotice],
        [Status],
        [ServerTime],
        [ServerTime, Rejection],
        [ServerTime, Rejection],
        [Heartbeat],
        [ServerTime, *[Candle] * 17],
        [ServerTime, Candle],
        [ServerTime],
        [Heartbeat, Ticker],
        [Heartbeat, Trade, Trade],
    ]


def test_a_connections_number_keeps_its_digits(recordings: Path) -> None:
    ((status,), *_) = control_frames(recordings)

    assert status == Status(
        VENUE, None, "online", "version 2.0.10, connection 16174536464690282295", 0, 1
    )


def test_a_maintenance_is_announced_with_its_hours(recordings: Path) -> None:
    (_, (_, notice), *_) = control_frames(recordings)

    assert notice == VenueNotice(
        "maintenance: Order Entry System Maintenance; from 2026-10-05 09:00 to 2026-10-05 10:00 UTC; "
        "spot_trading, spot_fix, spot_ws; announced",
        1,
    )


def test_a_rejection_has_the_venues_words(recordings: Path) -> None:
    frames = control_frames(recordings)

    assert frames[4][1] == Rejection("Currency pair not supported XBT/USDT")
    assert frames[5][1] == Rejection("Subscription depth not supported")


def test_a_candle_is_closed_by_the_next_though_minutes_without_trades_are_absent(
    recordings: Path,
) -> None:
    _, *candles = control_frames(recordings)[7]

    minutes = [(candle.open_time // 60_000_000_000 % 60, candle.closed) for candle in candles]
    assert minutes[:3] == [(32, False), (32, True), (33, False)]
    assert [minute for minute, closed in minutes if closed] == [32, 33, 34, 35, 38, 39, 40, 41]
    assert minutes[-1] == (43, False)


def test_an_ohlc_row_is_a_candle_of_its_beginning(recordings: Path) -> None:
    _, first, *_ = control_frames(recordings)[7]

    assert first == Candle(
        BTCUSDT,
        MINUTE,
        1_789_061_520_000_000_000,  # 2026-09-10 17:32
        77400.0,
        77445.8,
        77400.0,
        77416.3,
        0.25302078,
        False,
        1_789_062_283_105_760_475,
        1,
        0.25302078 * 77416.2,
        None,
        15,
    )


def test_the_taker_is_the_aggressor(recordings: Path) -> None:
    _, *trades = control_frames(recordings)[11]

    assert trades == [
        Trade(
            Instrument(VENUE, "ETH/USD"),
            2284.15,
            0.001,
            Side.SELL,
            1_778_771_021_748_964_000,
            1,
            62886870,
            "2284.15",
            "0.001",
            from_history=True,
        ),
        Trade(
            Instrument(VENUE, "BTC/USD"),
            81011.5,
            0.0012344,
            Side.BUY,
            1_778_771_169_020_392_000,
            1,
            100320028,
            "81011.5",
            "0.00123440",
            from_history=True,
        ),
    ]


def test_a_ticker_keeps_the_digits_and_the_days_figures(recordings: Path) -> None:
    _, ticker = control_frames(recordings)[10]

    assert isinstance(ticker, Ticker)
    assert (ticker.bid, ticker.ask, ticker.last_text) == ("0.13099", "0.13108", "0.13110")
    assert (ticker.bid_size, ticker.change_percent) == ("329.06250000", 5.25)
    assert ticker.open == pytest.approx(0.12456)


# -- REST ------------------------------------------------------------------------------------


def test_rest_candles_are_a_page_of_720_and_the_running_one(recordings: Path) -> None:
    body = gzip.decompress((recordings / "kraken_rest_ohlc.json.gz").read_bytes())
    request = KrakenAdapter().candles_request(BTCUSDT, MINUTE)

    candles = request.decode(body, 1)

    assert len(candles) == 721
    assert [candle.closed for candle in candles] == [*[True] * 720, False]
    assert {later.open_time - earlier.open_time for earlier, later in pairwise(candles)} == {
        60_000_000_000
    }
    assert candles[2] == Candle(
        BTCUSDT,
        MINUTE,
        1_762_777_140_000_000_000,
        106038.3,
        106038.3,
        106038.3,
        106038.3,
        0.00032101,
        True,
        1_762_777_200_000_000_000,
        1,
        0.00032101 * 106038.3,
        None,
        1,
    )


def test_rest_trades_have_ids_without_a_gap_and_times_to_the_last_digit(recordings: Path) -> None:
    body = gzip.decompress((recordings / "kraken_rest_trades.json.gz").read_bytes())

    trades = KrakenAdapter().trades_request(BTCUSDT).decode(body, 1)

    assert [trade.trade_id for trade in trades] == list(range(10218208, 10219208))
    assert (trades[0].ts_exchange, trades[0].aggressor) == (1_762_795_433_971_744_500, Side.BUY)
    assert trades[4].aggressor is Side.SELL
    assert all(trade.from_history for trade in trades)
