"""From which moment on trades are asked for when an id is wanted."""

from __future__ import annotations

from tui.adapters.kraken.cursors import TradeCursors
from tui.model.instrument import Instrument

BTC, ETH = Instrument("KRAKEN", "BTC/USD"), Instrument("KRAKEN", "ETH/USD")


def test_nothing_is_known_of_trades_never_seen() -> None:
    assert TradeCursors().before(BTC, 5) is None


def test_the_last_trade_before_a_gap_tells_where_it_begins() -> None:
    cursors = TradeCursors()
    for trade_id in (7, 8, 12, 13):
        cursors.saw(BTC, trade_id, trade_id * 100)

    assert cursors.before(BTC, 9) == 800
    assert cursors.before(BTC, 14) == 1300
    assert cursors.before(ETH, 9) is None


def test_a_fetched_page_tells_where_the_next_one_begins() -> None:
    cursors = TradeCursors()
    cursors.saw(BTC, 5, 500)
    cursors.saw(BTC, 3000, 9000)

    cursors.fetched(BTC, 1005, 4000)

    assert cursors.before(BTC, 1006) == 4000


def test_late_and_doubled_trades_change_nothing() -> None:
    cursors = TradeCursors()
    for trade_id in (7, 8, 8, 6):
        cursors.saw(BTC, trade_id, trade_id * 100)

    assert cursors.before(BTC, 9) == 800


def test_of_many_gaps_the_newest_are_kept() -> None:
    cursors = TradeCursors()
    for trade_id in range(0, 400, 2):
        cursors.saw(BTC, trade_id, trade_id * 100)

    assert cursors.before(BTC, 397) == 39600
    assert cursors.before(BTC, 5) is None
