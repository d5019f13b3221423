"""Best bids and asks of one market at several venues, side by side: who leads, how far apart they are."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

import msgspec

from tui.market.market import InstrumentState, Market
from tui.market.pairs import are_one_market
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription, SubscriptionStatus, Truth

_BP = 10_000.0


class Quote(msgspec.Struct, frozen=True):
    """The best bid and ask that are known of one source.

    Attributes:
        bid, ask: None when unknown; `bid_text` and `ask_text` in the venue's digits.
        channel: where they come from, the book or the ticker.
        truth: how that stands. Only a live quote can lead.
    """

    instrument: Instrument
    bid: float | None
    ask: float | None
    bid_text: str
    ask_text: str
    channel: Channel
    truth: Truth

    @property
    def is_live(self) -> bool:
        return self.truth.status is SubscriptionStatus.LIVE

    @property
    def middle(self) -> float | None:
        """Halfway between bid and ask; None while one of them is unknown."""
        if self.bid is None or self.ask is None:
            return None
        return self.bid / 2 + self.ask / 2

    @property
    def spread_bp(self) -> float | None:
        """Ask over bid in basis points of the middle."""
        return None if self.bid is None else basis_points(self.ask, self.bid)


class Comparison(msgspec.Struct, frozen=True):
    """Quotes side by side.

    Attributes:
        quotes: one a source, in their order.
        best_bid, best_ask: indices of those who lead with the highest bid and the lowest ask.
        is_one_market: False where the instruments are of different pairs: then nobody leads, and nothing
            is apart.
        apart_bp: basis points from the best bid up to the best ask; negative where they cross, which
            different venues may. None while nobody leads.
        first: index of the first live quote with both prices; None where there is none.
        from_first_bp: how far each middle is above that one's, in basis points; None where one of
            them is unknown or not live.
    """

    quotes: list[Quote]
    best_bid: frozenset[int]
    best_ask: frozenset[int]
    is_one_market: bool
    apart_bp: float | None
    first: int | None
    from_first_bp: list[float | None]


def compare_quotes(market: Market, instruments: Sequence[Instrument]) -> Comparison:
    """Look at the best prices of these instruments, each for itself: what fails fails alone."""
    quotes = [find_quote(market, instrument) for instrument in instruments]
    is_one = are_one_market(instruments, market)
    live = [(at, quote) for at, quote in enumerate(quotes) if quote.is_live and is_one]
    bids = {at: quote.bid for at, quote in live if quote.bid}
    asks = {at: quote.ask for at, quote in live if quote.ask}
    top = max(bids.values(), default=None)
    low = min(asks.values(), default=None)
    first = next((at for at, quote in live if quote.middle), None)
    base = None if first is None else quotes[first].middle
    return Comparison(
        quotes,
        frozenset(at for at, bid in bids.items() if bid == top),
        frozenset(at for at, ask in asks.items() if ask == low),
        is_one,
        None if top is None else basis_points(low, top),
        first,
        [basis_points(quote.middle, base) if quote.is_live else None for quote in quotes],
    )


def find_quote(market: Market, instrument: Instrument) -> Quote:
    """The best bid and ask of an instrument: its book's while that is live, else its ticker's where
    that is, else what was known last."""
    state = market[instrument]
    book = _from_book(state, market.truth(Subscription(instrument, Channel.BOOK)))
    ticker = _from_ticker(state, market.truth(Subscription(instrument, Channel.TICKER)))
    for quote in (book, ticker):
        if quote.is_live and (quote.bid or quote.ask):
            return quote
    return ticker if ticker.truth.last_data > book.truth.last_data else book


def basis_points(value: float | None, base: float | None) -> float | None:
    """How far a value is above another, in hundredths of a percent of the middle between them."""
    if value is None or base is None:
        return None
    middle = value / 2 + base / 2
    apart = (value - base) / middle * _BP if middle else 0.0
    return apart if isfinite(apart) else None


def _from_book(state: InstrumentState, truth: Truth) -> Quote:
    bids, asks = state.book.bids.top(1), state.book.asks.top(1)
    return Quote(
        state.instrument,
        bids[0].price if bids else None,
        asks[0].price if asks else None,
        bids[0].price_text if bids else "",
        asks[0].price_text if asks else "",
        Channel.BOOK,
        truth,
    )


def _from_ticker(state: InstrumentState, truth: Truth) -> Quote:
    bid, ask = (state.ticker.bid, state.ticker.ask) if state.ticker else (None, None)
    return Quote(
        state.instrument,
        _number(bid),
        _number(ask),
        bid or "",
        ask or "",
        Channel.TICKER,
        truth,
    )


def _number(text: str | None) -> float | None:
    try:
        number = float(text) if text else None
    except ValueError:
        return None
    return number if number is not None and isfinite(number) and number > 0 else None
