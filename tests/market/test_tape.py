"""The tape has each trade once, and says what it missed."""

from __future__ import annotations

from tui.market.tape import Tape
from tui.model.events import Side, Trade
from tui.model.instrument import Instrument

BTCUSDT = Instrument("BINANCE", "BTCUSDT")


def trade(trade_id: int | None, ts: int = 0) -> Trade:
    return Trade(BTCUSDT, 1.0, 2.0, Side.BUY, ts, 0, trade_id, "1.0", "2.0")


def tape(*ids: int | None, limit: int = 100) -> Tape:
    made = Tape(limit)
    for trade_id in ids:
        made.add(trade(trade_id))
    return made


def ids(made: Tape) -> list[int | None]:
    return [one.trade_id for one in reversed(made.newest(1000))]


def test_the_newest_come_first() -> None:
    assert [one.trade_id for one in tape(1, 2, 3).newest(2)] == [3, 2]


def test_asking_for_more_than_there_are_gives_all() -> None:
    assert [one.trade_id for one in tape(1, 2).newest(50)] == [2, 1]
    assert Tape().newest(5) == []


def test_a_double_or_an_older_trade_is_refused() -> None:
    made = tape(5)
    revision = made.revision

    assert not made.add(trade(5))
    assert not made.add(trade(4))
    assert made.revision == revision
    assert ids(made) == [5]


def test_trades_without_ids_are_all_taken() -> None:
    assert len(tape(None, None)) == 2


def test_a_full_tape_forgets_the_oldest() -> None:
    assert ids(tape(1, 2, 3, limit=2)) == [2, 3]


def test_fetched_trades_fill_the_hole_where_they_belong() -> None:
    made = tape(1, 2, 6)

    assert made.merge([trade(2), trade(3), trade(4), trade(5)]) == 3
    assert ids(made) == [1, 2, 3, 4, 5, 6]


def test_what_is_held_stays_when_the_same_trade_is_fetched() -> None:
    made = tape()
    made.add(trade(1, ts=7))

    assert made.merge([trade(1, ts=8)]) == 0
    assert made.last == trade(1, ts=7)


def test_trades_older_than_a_full_tape_are_not_counted() -> None:
    made = tape(11, 12, limit=2)
    revision = made.revision

    assert made.merge([trade(1), trade(2)]) == 0
    assert ids(made) == [11, 12]
    assert made.revision == revision


def test_merging_never_loses_trades_without_ids() -> None:
    made = tape(None, None)

    assert made.merge([trade(1)]) == 0
    assert ids(made) == [None, None]


def test_missed_trades_add_up() -> None:
    made = tape(1)
    made.mark_missed(3)
    made.mark_missed(2)

    assert made.missed == 5


def test_missed_trades_are_told_in_words() -> None:
    made = tape(None)
    assert made.missed_note == ""

    made.mark_some_missed()
    assert made.missed_note == "some missed"

    made.mark_missed(3)
    assert made.missed_note == "3 missed"


def test_a_late_trade_without_an_id_stands_where_its_time_belongs() -> None:
    made = Tape(4)
    for ts in (10, 20, 20, 30, 15):
        made.add(trade(None, ts))
    assert [one.ts_exchange for one in made.newest(9)] == [30, 20, 20, 15]

    assert not made.add(trade(None, 5))
    assert [one.ts_exchange for one in made.newest(9)] == [30, 20, 20, 15]


def test_a_cleared_tape_is_empty_and_its_revision_runs_on() -> None:
    made = tape(1)
    made.mark_missed(3)
    revision = made.revision

    made.clear()

    assert (len(made), made.missed, made.last) == (0, 0, None)
    assert made.revision > revision
