"""Trades on their way to the tape."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from tui.feed.trade_flow import TradeFlow, TradeSequence
from tui.market.market import Market
from tui.model.events import Candle, Side, Trade
from tui.model.instrument import Instrument
from tui.model.timeframe import Timeframe

BTC = Instrument("BINANCE", "BTCUSDT")
MINUTE = Timeframe.parse("1m")
NS = 1_000_000_000


def trade(number: int | None, *, at: int = 0, size: float = 1.0) -> Trade:
    ts = at * NS if at else (number or 0) * NS
    return Trade(BTC, 100.0, size, Side.BUY, ts, ts, number, "100.0", str(size))


class Flow(TradeFlow):
    """A flow with a market, that counts the gaps it told of."""

    def __init__(self) -> None:
        self.market = Market()
        self.gaps = 0
        super().__init__(self.market, self._note)

    def _note(self, instrument: Instrument) -> None:
        self.gaps += 1

    def ids(self) -> list[int | None]:
        tape = self.market[BTC].tape
        return [one.trade_id for one in reversed(tape.newest(1000))]


def test_a_double_is_dropped() -> None:
    flow = Flow()
    for number in (1, 2, 2, 1):
        flow.add(trade(number))

    assert flow.ids() == [1, 2]
    assert flow.gaps == 0


def test_a_jump_of_the_id_is_a_gap_and_a_page_fills_it() -> None:
    flow = Flow()
    flow.add(trade(1))
    flow.add(trade(5))
    assert flow.gaps == 1
    assert flow.sequence(BTC).missing == [(2, 4)]

    flow.merge(BTC, [trade(2), trade(3), trade(4), trade(5)])

    assert flow.ids() == [1, 2, 3, 4, 5]
    assert flow.sequence(BTC).missing == []
    assert flow.give_up(BTC) == 0


def test_what_cannot_be_had_is_missed_and_said() -> None:
    flow = Flow()
    flow.add(trade(1))
    flow.add(trade(10))
    flow.merge(BTC, [trade(4)])

    assert flow.give_up(BTC) == 7
    assert flow.market[BTC].tape.missed == 7
    assert flow.sequence(BTC).missing == []


def test_a_late_trade_fills_its_place() -> None:
    flow = Flow()
    for number in (1, 3, 2):
        flow.add(trade(number))

    assert flow.ids() == [1, 2, 3]
    assert flow.sequence(BTC).missing == []


def test_a_hole_between_the_first_page_and_the_stream_is_a_hole() -> None:
    flow = Flow()
    flow.add(trade(10))

    flow.merge(BTC, [trade(6), trade(7)])

    assert flow.sequence(BTC).missing == [(8, 9)]


def test_a_page_that_is_newer_than_the_stream_leaves_no_double() -> None:
    flow = Flow()
    flow.merge(BTC, [trade(1), trade(2), trade(3)])

    flow.add(trade(3))
    flow.add(trade(4))

    assert flow.ids() == [1, 2, 3, 4]


def test_trades_nobody_watched_are_not_missed() -> None:
    flow = Flow()
    flow.add(trade(1))

    flow.forget(BTC)
    flow.add(trade(1000))

    assert flow.gaps == 0
    assert flow.market[BTC].tape.missed == 0


def test_a_venue_that_counts_anew_is_recognised_by_time() -> None:
    flow = Flow()
    flow.add(trade(1000, at=50))

    assert flow.ids_restarted(BTC, trade(3, at=60))
    assert not flow.ids_restarted(BTC, trade(3, at=40))
    assert not flow.ids_restarted(BTC, trade(1001, at=60))


def test_trades_without_ids_all_count() -> None:
    flow = Flow()
    for moment in (1, 1, 2):
        flow.add(trade(None, at=moment))

    assert len(flow.market[BTC].tape) == 3


def test_filled_trades_count_in_built_candles_once() -> None:
    flow = Flow()
    flow.build(BTC, MINUTE)
    flow.add(trade(1, at=60, size=1.0))
    flow.add(trade(4, at=70, size=4.0))

    flow.merge(BTC, [trade(1, at=60), trade(2, at=62, size=2.0), trade(3, at=64, size=3.0)])
    flow.merge(BTC, [trade(2, at=62, size=2.0), trade(3, at=64, size=3.0)])

    (candle,) = flow.market[BTC].series(MINUTE).candles
    assert candle.volume == 10.0
    assert candle.trades == 4


def test_the_first_page_is_not_built_into_candles_that_history_holds_already() -> None:
    flow = Flow()
    flow.build(BTC, MINUTE)

    flow.merge(BTC, [trade(1, at=60), trade(2, at=61)])

    assert len(flow.market[BTC].series(MINUTE)) == 0


def fetched_open(volume: float) -> list[Candle]:
    return [Candle(BTC, MINUTE, 60 * NS, 1.0, 1.0, 1.0, 1.0, volume, False)]


def test_a_trade_of_the_first_page_that_the_fetched_open_candle_lacks_is_counted() -> None:
    flow = Flow()
    flow.build(BTC, MINUTE)
    flow.take_fetched(BTC, MINUTE, fetched_open(9.0), since=60 * NS, as_of=(80 * NS, 81 * NS))

    flow.merge(BTC, [trade(1, at=70, size=9.0), trade(2, at=90, size=2.0)])
    flow.add(trade(2, at=90, size=2.0))
    flow.add(trade(3, at=95, size=1.0))

    assert flow.market[BTC].series(MINUTE).candles[0].volume == 12.0


def test_a_trade_between_the_open_candles_fetch_and_the_first_streamed_one_is_counted() -> None:
    flow = Flow()
    flow.build(BTC, MINUTE)
    flow.take_fetched(BTC, MINUTE, fetched_open(9.0), since=60 * NS, as_of=(80 * NS, 81 * NS))
    flow.add(trade(3, at=95, size=1.0))

    for _ in range(2):
        flow.merge(BTC, [trade(1, at=70, size=9.0), trade(2, at=90, size=2.0), trade(3, at=95)])

    assert flow.market[BTC].series(MINUTE).candles[0].volume == 12.0


def test_the_first_page_counts_also_in_a_candle_that_is_fetched_after_it() -> None:
    flow = Flow()
    flow.build(BTC, MINUTE)
    flow.merge(BTC, [trade(1, at=70, size=9.0), trade(2, at=90, size=2.0)])

    flow.take_fetched(BTC, MINUTE, fetched_open(9.0), since=60 * NS, as_of=(80 * NS, 81 * NS))
    flow.add(trade(3, at=95, size=1.0))

    assert flow.market[BTC].series(MINUTE).candles[0].volume == 12.0


def test_a_reset_forgets_ids_and_candles() -> None:
    flow = Flow()
    flow.build(BTC, MINUTE)
    flow.add(trade(1000, at=60, size=9.0))

    flow.reset()
    flow.market.forget("BINANCE")
    flow.add(trade(1, at=61, size=1.0))

    assert flow.ids() == [1]
    assert flow.market[BTC].series(MINUTE).candles[0].volume == 1.0


def test_trades_without_ids_after_an_interruption_may_be_missing() -> None:
    flow = Flow()
    flow.add(trade(None, at=1))
    flow.interrupt_all()
    assert flow.market[BTC].tape.missed_note == ""

    flow.add(trade(None, at=2))

    assert flow.market[BTC].tape.missed_note == "some missed"


def test_trades_with_ids_or_that_nobody_watched_are_not_missed_by_an_interruption() -> None:
    with_ids = Flow()
    with_ids.add(trade(1))
    with_ids.interrupt_all()
    with_ids.add(trade(2))
    assert with_ids.market[BTC].tape.missed_note == ""

    unwatched = Flow()
    unwatched.add(trade(None, at=1))
    unwatched.interrupt_all()
    unwatched.forget(BTC)
    unwatched.add(trade(None, at=2))
    assert unwatched.market[BTC].tape.missed_note == ""


def test_lost_frames_may_have_held_trades_without_ids() -> None:
    flow = Flow()
    flow.frames_lost(BTC)
    assert flow.market[BTC].tape.missed_note == ""

    flow.add(trade(None, at=1))
    flow.frames_lost(BTC)
    assert flow.market[BTC].tape.missed_note == "some missed"


def test_a_built_candle_is_unsure_until_a_page_covers_it() -> None:
    flow = Flow()
    flow.build(BTC, MINUTE)
    flow.add(trade(1, at=65))
    flow.add(trade(2, at=125))
    flow.add(trade(3, at=185))
    assert flow.unsure(BTC, MINUTE) == [60 * NS]

    page = [
        Candle(BTC, MINUTE, start * NS, 1.0, 1.0, 1.0, 1.0, 1.0, closed)
        for start, closed in ((60, True), (180, False))
    ]
    flow.take_fetched(BTC, MINUTE, page, since=0, as_of=(0, 0))

    assert flow.unsure(BTC, MINUTE) == []


def test_the_trade_that_a_venue_begins_with_is_shown_and_makes_no_candle() -> None:
    flow = Flow()
    flow.build(BTC, MINUTE)

    flow.add(msgspec.structs.replace(trade(7, at=65), from_history=True))

    assert flow.ids() == [7]
    assert len(flow.market[BTC].series(MINUTE)) == 0


def test_on_the_next_connection_it_fills_what_was_missed() -> None:
    flow = Flow()
    flow.build(BTC, MINUTE)
    flow.add(trade(5, at=65))

    flow.add(msgspec.structs.replace(trade(7, at=125), from_history=True))

    assert flow.gaps == 1
    assert [candle.volume for candle in flow.market[BTC].series(MINUTE).candles] == [1.0, 1.0]


@given(st.permutations(range(1, 13)))
def test_ids_in_any_order_are_each_taken_once(order: list[int]) -> None:
    sequence = TradeSequence()
    sequence.observe(0)

    taken = [number for number in [*order, *order] if sequence.observe(number)]

    assert sorted(taken) == list(range(1, 13))
    assert sequence.missing == []
