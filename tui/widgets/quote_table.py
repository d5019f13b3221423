"""The best prices of one market at several venues: who leads, how far apart, how fresh."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import msgspec
from rich.cells import cell_len, set_cell_size

from tui.charts.lines import LETTERS
from tui.market.market import Market
from tui.market.quotes import Comparison, Quote, basis_points, compare_quotes
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription
from tui.model.text import clean
from tui.model.timeframe import NS
from tui.widgets import format as fmt
from tui.widgets.compare_chart import letter_styles
from tui.widgets.line_widget import LineWidget, Part, Row
from tui.widgets.look import Look
from tui.widgets.title import truth_style, truth_text

_LEADS = "▸"
_LOOKS_A_SECOND = 4
_WIDE, _MIDDLE = 110, 64
_PRICE = 14


class QuoteTable(LineWidget):
    """A row a source, and what they say together below."""

    def __init__(
        self, market: Market, instruments: Sequence[Instrument], *, id: str | None = None
    ) -> None:
        super().__init__(id=id)
        self._market = market
        self._instruments = tuple(instruments)

    @property
    def rows_needed(self) -> int:
        return len(self._instruments) + 2

    def subscriptions(self) -> set[Subscription]:
        """What the quotes are made of."""
        return {
            Subscription(instrument, channel)
            for instrument in self._instruments
            for channel in (Channel.BOOK, Channel.TICKER)
        }

    def fingerprint(self, now: int) -> Hashable:
        return now // (NS // _LOOKS_A_SECOND)

    def rows(self, width: int, height: int, look: Look) -> Sequence[Row]:
        compared = compare_quotes(self._market, self._instruments)
        names = [clean(str(instrument), 40) for instrument in self._instruments]
        if width < _MIDDLE:
            names = [name.partition(":")[0] for name in names]
        longest = max((cell_len(name) for name in names), default=0)
        name_width = min(longest, 26 if width >= _MIDDLE else max(4, width - 28))
        rows: list[Row] = [self._heading(width, name_width, compared.first or 0, look)]
        letters = letter_styles(self.app, len(names), look.base)
        for number, (quote, name) in enumerate(zip(compared.quotes, names, strict=True)):
            parts: list[Part] = [
                (f" {LETTERS[number]} ", letters[number]),
                (set_cell_size(name, name_width), look.base if quote.is_live else look.muted),
                *self._prices(number, quote, compared, width, look),
            ]
            used = sum(cell_len(text) for text, _ in parts)
            words = self._freshness(quote, width)
            room = max(0, width - used - 2)
            parts.append((f"  {clean(words, room)}", truth_style(quote.truth, look, look.base)))
            rows.append(tuple(parts))
        return [*rows, _summary(compared, self._money(), width, look)]

    def _heading(self, width: int, name_width: int, first: int, look: Look) -> Row:
        text = " " * (name_width + 3)
        if width >= _MIDDLE:
            text += "bid".rjust(_PRICE) + "ask".rjust(_PRICE)
        if width >= _WIDE:
            text += "spread bp".rjust(11) + "bid behind".rjust(12) + "ask behind".rjust(12)
        if width < _MIDDLE:
            text += "middle".rjust(12)
        text += f"{'from' if width >= _WIDE else 'vs'} {LETTERS[first]} bp".rjust(10)
        return ((" Best prices".ljust(14) + text[14:], look.title), (" " * width, look.title))

    def _prices(
        self, number: int, quote: Quote, compared: Comparison, width: int, look: Look
    ) -> list[Part]:
        plain = look.base if quote.is_live else look.muted
        decimals = fmt.price_decimals(self._market[quote.instrument].info, quote.bid_text)
        parts: list[Part] = []
        if width < _MIDDLE:
            leads = number in compared.best_bid or number in compared.best_ask
            text = fmt.price(quote.middle, decimals)
            parts.append(((_LEADS if leads else "") + text.rjust(12 - leads), plain))
        for text, leaders, style in (
            (quote.bid_text, compared.best_bid, look.bid),
            (quote.ask_text, compared.best_ask, look.ask),
        ):
            if width >= _MIDDLE:
                leads = number in leaders
                shown = clean(fmt.digits(text, decimals), _PRICE - 2) if text else "—"
                parts.append(
                    (((_LEADS if leads else "") + shown).rjust(_PRICE), style if leads else plain)
                )
        if width >= _WIDE:
            top = _level(compared, compared.best_bid, is_bid=True)
            low = _level(compared, compared.best_ask, is_bid=False)
            spread = "—" if quote.spread_bp is None else f"{quote.spread_bp:,.3f}"
            parts.append((spread.rjust(11), plain))
            parts.append((_behind(quote.bid, top, quote).rjust(12), plain))
            parts.append((_behind(low, quote.ask, quote).rjust(12), plain))
        away = compared.from_first_bp[number]
        parts.append((_signed(away).rjust(10), plain))
        return parts

    def _freshness(self, quote: Quote, width: int) -> str:
        """How the quote stands and how old it is; a live one that is quiet says so too."""
        truth = quote.truth
        since = fmt.age((self.now - truth.last_data) / 1e9) if truth.last_data else ""
        word = truth_text(truth, self.now, short=width < _MIDDLE)
        if quote.is_live:
            # The age before what else there is to know: a live quote may still be an old one.
            word = truth_text(
                msgspec.structs.replace(truth, reason=""), self.now, short=width < _MIDDLE
            )
            word = f"{word} {since}"
            if width >= _WIDE and truth.reason:
                word += f" · {clean(truth.reason, 30)}"
            if quote.channel is Channel.TICKER and width >= _WIDE:
                book = self._market.truth(Subscription(quote.instrument, Channel.BOOK))
                word += f" · ticker, for its book is {truth_text(book, self.now)}"
        return word

    def _money(self) -> list[str]:
        """The currencies that the prices are in, where venues tell."""
        infos = (self._market[instrument].info for instrument in self._instruments)
        return sorted({clean(info.quote, 8) for info in infos if info is not None and info.quote})


def _summary(compared: Comparison, money: Sequence[str], width: int, look: Look) -> Row:
    def named(leaders: frozenset[int]) -> str:
        return "".join(LETTERS[number] for number in sorted(leaders))

    if not compared.is_one_market:
        return ((" different markets: only their lines are compared", look.muted),)
    if compared.apart_bp is None:
        return ((" nobody's prices are live", look.muted),)
    crossed = compared.apart_bp < 0
    apart = f"{'crossed by' if crossed else 'apart'} {abs(compared.apart_bp):.2f} bp"
    bid, ask = named(compared.best_bid), named(compared.best_ask)
    parts: list[Part] = [
        (f" bid {bid}, ask {ask}: " if width >= 60 else f" {bid}/{ask} ", look.muted),
        (apart, look.warning if crossed else look.base),
    ]
    if len(money) > 1:
        note = f"in {' and '.join(money)}: not the same money" if width >= 60 else "≠".join(money)
        parts.append((f"  {note}", look.warning))
    return tuple(parts)


def _level(compared: Comparison, leaders: frozenset[int], *, is_bid: bool) -> float | None:
    for number in leaders:
        quote = compared.quotes[number]
        return quote.bid if is_bid else quote.ask
    return None


def _behind(low: float | None, high: float | None, quote: Quote) -> str:
    return _bp(basis_points(high, low)) if quote.is_live else "—"


def _bp(value: float | None) -> str:
    return "—" if value is None else f"{value:,.2f}"


def _signed(value: float | None) -> str:
    return "—" if value is None else f"{value:+,.2f}"
