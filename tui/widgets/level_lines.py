"""What a book's level at the cursor costs to reach, and how the sides are balanced, as lines of text."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from tui.charts.bars import bar
from tui.charts.glyphs import Glyphs
from tui.market.depth import Band, Sweep, bp_from, middle_price, sweep
from tui.market.order_book import OrderBook
from tui.widgets import format as fmt
from tui.widgets.line_widget import Row
from tui.widgets.look import Look, on

_LEAST_BP = 0.1


class Reach(msgspec.Struct, frozen=True):
    """What it takes to reach a price.

    Attributes:
        price: as the cursor stands at it. away: from the middle, in price; `away_bp` in basis points.
        sweep: None between the sides, where nothing is in the way.
        is_buy: True where a buyer takes the asks.
        slippage_bp: how far the average price is from the middle.
    """

    price: Decimal
    away: float
    away_bp: float | None
    sweep: Sweep | None
    is_buy: bool
    slippage_bp: float | None


def reach_of(book: OrderBook, price: Decimal) -> Reach | None:
    """What it takes to reach a price; None where the book is empty."""
    bid, ask = book.bids.best_price, book.asks.best_price
    middle = middle_price(bid, ask)
    if middle is None:
        return None
    at = float(price)
    is_buy = at >= middle
    taken = sweep(book.asks if is_buy else book.bids, price, is_bid=not is_buy)
    average = taken.average
    return Reach(
        price,
        at - middle,
        bp_from(at, middle),
        taken if average is not None else None,
        is_buy,
        None if average is None else abs(bp_from(float(average), middle) or 0.0),
    )


def reach_lines(
    reach: Reach | None,
    *,
    decimals: int,
    size_decimals: int,
    width: int,
    count: int,
    is_sound: bool,
    look: Look,
) -> list[Row]:
    """`count` lines (1 or 3) about the level at the cursor.

    Of a book that is not verified no cost is claimed.
    """
    if reach is None:
        return [((" " * width, look.title_muted),)] * count
    bp = "" if reach.away_bp is None else f"{reach.away_bp:+,.2f} bp"
    side = "buy" if reach.is_buy else "sell"
    size = average = more = ""
    if reach.sweep is not None:
        more = "" if reach.sweep.is_whole else "+"
        size = f"{side} {fmt.size(float(reach.sweep.size), size_decimals)}{more}"
        average = fmt.price(float(reach.sweep.average or 0), decimals + 1)
    refusal = (
        "no cost: not verified" if not is_sound else "" if reach.sweep else "nothing in the way"
    )
    if count == 1:
        short = "" if reach.away_bp is None else f"{reach.away_bp:+,.0f}bp"
        cost = refusal or f"{size} at {average}"
        line = _longest(width, f" {bp}  {cost}", f" {short} {cost}", f" {cost}", f" {size}")
        return [((line, look.title),)]
    percent = "" if reach.away_bp is None else f"  {reach.away_bp / 100:+,.3f}%"
    away = f" {reach.away:+,.{decimals + 1}f}  {bp}"
    first = _longest(width, away + percent, away)
    if refusal or reach.sweep is None:
        return [
            ((line, look.title),) for line in (first, _longest(width, f" {refusal}"), " " * width)
        ]
    worth = f"for {fmt.size(float(reach.sweep.notional), 2)}{more}"
    slip = f"  slips {reach.slippage_bp or 0.0:,.2f} bp"
    second = _longest(width, f" {size} {worth}", f" {size}")
    third = _longest(width, f" average {average}{slip}", f" average {average}")
    return [((line, look.title),) for line in (first, second, third)]


def _longest(width: int, *texts: str) -> str:
    """The first text that fits, else what there is room for of the last; as wide as the room."""
    text = next((text for text in texts if len(text) <= width), texts[-1])
    return text[:width].ljust(width)


def balance_line(
    share: float | None,
    near: Band | None,
    step_text: str,
    width: int,
    glyphs: Glyphs,
    look: Look,
) -> Row:
    """The step of price, and which part of what is shown, and of what is near the middle, are bids.

    Args:
        share: of the levels shown, 0 to 1; None where it cannot be said.
    """
    left = f" {step_text} "
    shown = " " * 8 if share is None else f"bid {share * 100:3.0f}%"
    band = " " * 11
    if near is not None and near.share is not None and near.bp >= _LEAST_BP:
        reach = f"{near.bp:.0f}" if near.bp >= 1 else f"{near.bp:.1f}"
        band = f" {reach:>3}bp {near.share * 100:3.0f}%"
    right = f"{shown}{band}"
    if len(left + right) > width:
        right = f"{shown}"
    room = width - len(left) - len(right)
    if room < 0:
        return ((left[:width].ljust(width), look.title_muted),)
    if share is None or room < 4:
        return ((left + " " * room + right, look.title_muted),)
    drawn = bar(share, room, glyphs)
    return (
        (left, look.title_muted),
        (drawn, on(look.bid_bar, look.title_muted)),
        (right, look.title_muted),
    )
