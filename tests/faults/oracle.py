"""The oracle: knows all that ever was true on the embedded market, and compares what a feed shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise

import msgspec
from true_market import TOP, Fact, Figures, History, TrueMarket, digest, figures

from tui.adapters.base import Adapter
from tui.feed.settings import FeedSettings
from tui.market.market import InstrumentState, Market
from tui.market.order_book import BookSide
from tui.model.events import Candle, Trade
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription, SubscriptionStatus
from tui.model.timeframe import Timeframe
from tui.sim.instruments import Listing
from tui.sim.market import Pair

NS = 1_000_000_000
_TOLD_OF_EACH = 3
_SECONDS_KEPT_S = 3_000  # the embedded market itself forgets the seconds of an hour ago
_KEPT_TRADES = 2_000  # more than a tape shows
# Candles are streamed every two seconds.
_CANDLES_EVERY_S = 2.0

_DEAREST_LAST = (Channel.TICKER, Channel.TRADES, Channel.BOOK, Channel.CANDLES)


class WatchedMarket(Market):
    """The market that a feed writes; it remembers which trades were ever handed to it."""

    def __init__(self) -> None:
        super().__init__()
        self.arrived: dict[Instrument, set[int]] = {}

    def apply_trade(self, trade: Trade) -> bool:
        if trade.trade_id is not None:
            self.arrived.setdefault(trade.instrument, set()).add(trade.trade_id)
        return super().apply_trade(trade)

    def merge_trades(self, instrument: Instrument, trades: list[Trade]) -> int:
        ids = {trade.trade_id for trade in trades if trade.trade_id is not None}
        self.arrived.setdefault(instrument, set()).update(ids)
        return super().merge_trades(instrument, trades)


class _Segment(msgspec.Struct):
    """Trades that must arrive: those behind `after`, because they were wanted from then on."""

    after: int
    missed: int


class Oracle:
    """Compares one feed's market with the truth.

    Attributes:
        complaints: lies that were told, each with its moment.
        slack_s: how much later than promised a lie may end, because of the way to the client.
    """

    def __init__(
        self,
        truth: TrueMarket,
        shown: WatchedMarket,
        adapter: Adapter,
        settings: FeedSettings,
        *,
        is_two_way: Callable[[], bool],
        slack_s: float = 2.0,
    ) -> None:
        """Compare `shown` with `truth`; `is_two_way`: the transport in use has heartbeats."""
        self._truth = truth
        self._shown = shown
        self._adapter = adapter
        self._settings = settings
        self._is_two_way = is_two_way
        self.slack_s = slack_s
        self.complaints: list[str] = []
        self.looks = 0
        self.wanted: frozenset[Subscription] = frozenset()
        self._segments: dict[Instrument, _Segment] = {}
        self._complained: Counter[Subscription] = Counter()
        self._tops: dict[Instrument, tuple[int, int]] = {}

    def want(self, wanted: Iterable[Subscription]) -> None:
        """These are wanted from now on."""
        before = self.wanted
        self.wanted = frozenset(wanted)
        self._truth.timeframes |= {one.timeframe for one in self.wanted if one.timeframe}
        self._truth.write_down()
        for subscription in self.wanted - before:
            if subscription.channel is Channel.TRADES:
                instrument = subscription.instrument
                self._truth.pair(instrument.symbol)
                self._segments[instrument] = _Segment(
                    self._truth.history[instrument.symbol].last_trade,
                    self._shown[instrument].tape.missed,
                )
        for subscription in before - self.wanted:
            if subscription.channel is Channel.TRADES:
                del self._segments[subscription.instrument]

    def _patience_s(self, channel: Channel, *, is_two_way: bool) -> float:
        """How old what is called live may be: until silence is noticed, of the connection or of the
        subscription."""
        settings = self._settings
        heartbeat_s = settings.ping_interval_s + settings.pong_timeout_s
        least = self._adapter.liveness.connection_s
        if is_two_way:
            least = min(heartbeat_s, least)
        own = self._adapter.liveness.channels.get(channel)
        if own is not None:
            least = min(least, max(own, settings.stale_after_s))
        return least + self.slack_s

    # -- while it goes on ------------------------------------------------------------------

    def look(self) -> None:
        """Complain of everything that is called live and is older than it may be."""
        self.looks += 1
        is_two_way, now = self._is_two_way(), self._truth.now_s()
        limits = {one: now - self._patience_s(one, is_two_way=is_two_way) for one in Channel}
        for subscription in self.wanted:
            truth = self._shown.truth(subscription)
            if truth.verified and truth.status is not SubscriptionStatus.LIVE:
                self._complain(subscription, "verified and not live")
            if truth.status is not SubscriptionStatus.LIVE:
                continue
            lie = self._find_lie(subscription, limits[subscription.channel])
            if lie:
                self._complain(subscription, lie)

    def _complain(self, subscription: Subscription, lie: str) -> None:
        self._complained[subscription] += 1
        if self._complained[subscription] <= _TOLD_OF_EACH:
            self.complaints.append(f"{self._truth.now_s():.2f} s: {subscription}: {lie}")

    def _find_lie(self, subscription: Subscription, limit: float) -> str:
        state = self._shown[subscription.instrument]
        history = self._truth.history[subscription.instrument.symbol]
        listing = self._truth.listings[subscription.instrument.symbol]
        if subscription.channel is Channel.BOOK:
            return _age_lie("book", history.tops.get(self._top_of(state, listing)), limit)
        if subscription.channel is Channel.TICKER:
            if state.ticker is None or state.last_price is None:
                return "live without a price"
            return _age_lie("price", history.prices.get(listing.ticks(state.last_price)), limit)
        if subscription.channel is Channel.TRADES:
            return self._find_trades_lie(state, history, limit)
        return self._find_candles_lie(subscription, state, history, listing, limit)

    def _find_trades_lie(self, state: InstrumentState, history: History, limit: float) -> str:
        times = reversed(history.trade_times)
        due = next((trade_id for moment, trade_id in times if moment <= limit), 0)
        last = state.tape.last
        newest = 0 if last is None or last.trade_id is None else last.trade_id
        return f"trade {due} is due, and {newest} is the last" if newest < due else ""

    def _find_candles_lie(
        self,
        subscription: Subscription,
        state: InstrumentState,
        history: History,
        listing: Listing,
        limit: float,
    ) -> str:
        timeframe = subscription.timeframe
        assert timeframe is not None
        last = state.series(timeframe).last
        if last is None:
            return ""  # A chart that has no history at this venue is live and empty.
        if not self._is_streamed(timeframe):
            return ""  # Built trade by trade: states between two steps are true as well.
        key = (timeframe, last.open_time, _figures_of(last, listing))
        what = f"candle {_clock(last.open_time)} {key[2]}"
        return _age_lie(what, history.candles.get(key), limit - _CANDLES_EVERY_S)

    def _top_of(self, state: InstrumentState, listing: Listing) -> int:
        """The best levels that are shown, in ticks and lots; read anew when they changed."""
        held = self._tops.get(state.instrument)
        if held is None or held[0] != state.book_revision:
            top = _levels_of(state.book.bids, listing), _levels_of(state.book.asks, listing)
            held = state.book_revision, digest(top)
            self._tops[state.instrument] = held
        return held[1]

    def _is_streamed(self, timeframe: Timeframe) -> bool:
        adapter = self._adapter
        return Channel.CANDLES in adapter.channels and timeframe in adapter.timeframes

    def forget_old_trades(self) -> None:
        """Let go of what has been compared, so that a long run takes no more memory than a short one."""
        for instrument, segment in self._segments.items():
            history = self._truth.history[instrument.symbol]
            segment.after = history.last_trade
            segment.missed = self._shown[instrument].tape.missed
        for symbol, history in self._truth.history.items():
            oldest = history.last_trade - _KEPT_TRADES
            for trade_id in [one for one in history.trades if one < oldest]:
                del history.trades[trade_id]
            for instrument, arrived in self._shown.arrived.items():
                if instrument.symbol == symbol:
                    arrived.difference_update([one for one in arrived if one < oldest])

    # -- at rest ---------------------------------------------------------------------------

    def differences(self) -> Iterator[str]:
        """What differs from the truth of this moment; the market must stand still.

        What is found at little cost comes first, for those who only ask whether anything differs.
        """
        wanted = sorted(self.wanted, key=str)
        for subscription in wanted:
            truth = self._shown.truth(subscription)
            if truth.status is not SubscriptionStatus.LIVE:
                yield f"{subscription} is {truth.status}: {truth.reason}"
        for subscription in sorted(wanted, key=lambda one: _DEAREST_LAST.index(one.channel)):
            different = self._compare(subscription)
            if different:
                yield f"{subscription}: {different}"

    def _compare(self, subscription: Subscription) -> str:
        instrument = subscription.instrument
        state = self._shown[instrument]
        pair = self._truth.pair(instrument.symbol)
        if subscription.channel is Channel.BOOK:
            return self._compare_book(subscription, state, pair)
        if subscription.channel is Channel.TRADES:
            return self._compare_trades(instrument, state, pair)
        if subscription.channel is Channel.CANDLES:
            assert subscription.timeframe is not None
            return self._compare_candles(state, pair, subscription.timeframe)
        if state.last_price is None:
            return "no price"
        shown, true = pair.listing.ticks(state.last_price), pair.ledger.price
        return "" if shown == true else f"the price is {true} ticks, not {shown}"

    def _compare_book(self, subscription: Subscription, state: InstrumentState, pair: Pair) -> str:
        if not self._shown.truth(subscription).verified:
            return "not verified"
        bids, asks = pair.engine.top(100_000)
        for name, side, true in (("bids", state.book.bids, bids), ("asks", state.book.asks, asks)):
            different = _compare_side(side, true, pair.listing)
            if different:
                return f"{name}: {different}"
        return ""

    def _compare_trades(self, instrument: Instrument, state: InstrumentState, pair: Pair) -> str:
        history = self._truth.history[instrument.symbol]
        segment = self._segments[instrument]
        arrived = self._shown.arrived.get(instrument, set())
        shown = list(reversed(state.tape.newest(10_000)))
        ids = [trade.trade_id or 0 for trade in shown]
        if any(later <= earlier for earlier, later in pairwise(ids)):
            return "trades on the tape twice or out of order"
        if (ids[-1] if ids else 0) < history.last_trade > segment.after:
            return f"trade {history.last_trade} is missing, the last is {ids[-1:]}"
        for trade in shown:
            different = _compare_trade(trade, history.trades.get(trade.trade_id or 0), pair.listing)
            if different:
                return different
        expected = range(max(segment.after + 1, history.first_trade), history.last_trade + 1)
        lost = [trade_id for trade_id in expected if trade_id not in arrived]
        told = state.tape.missed - segment.missed
        if len(lost) != told:
            return f"{len(lost)} trades never came ({lost[:5]}...), {told} are said to be missed"
        return ""

    def _compare_candles(self, state: InstrumentState, pair: Pair, timeframe: Timeframe) -> str:
        shown = list(state.series(timeframe).candles)
        if timeframe.unit == "s":
            oldest = self._truth.now_ns - _SECONDS_KEPT_S * NS
            shown = [candle for candle in shown if candle.open_time >= oldest]
        true = pair.ledger.candles(
            timeframe, shown[0].open_time if shown else 0, self._truth.now_ns, 100_000
        )
        if not shown:
            return "no candles"
        # A span without a trade has no candle where candles are built from trades.
        built = not self._is_streamed(timeframe)
        truth = {opened: figures(bar) for opened, bar in true if not built or bar.trades}
        held = {candle.open_time: candle for candle in shown if not built or candle.trades}
        holes = [opened for opened in truth if opened not in held]
        if holes:
            return f"{len(holes)} candles are missing, the first of {_clock(holes[0])}"
        for opened, candle in held.items():
            if opened not in truth:
                return f"a candle of {_clock(opened)}, which never was"
            told = _figures_of(candle, pair.listing)
            if told != truth[opened]:
                return f"candle of {_clock(opened)} is {told} instead of {truth[opened]}"
            if not candle.closed and timeframe.next_open(opened) + 2 * NS < self._truth.now_ns:
                return f"candle of {_clock(opened)} was never closed"
        return ""


def _clock(ns: int) -> str:
    """The time of day."""
    seconds = ns // NS % 86_400
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def _age_lie(what: str, seen: float | None, limit: float) -> str:
    if seen is None:
        return f"a {what} that never was, or long ago"
    return (
        f"the {what} was last true at {seen:.2f} s, the limit is {limit:.2f} s"
        if seen < limit
        else ""
    )


def _levels_of(side: BookSide, listing: Listing) -> tuple[tuple[int, int], ...]:
    return tuple(
        (_units(price, listing.tick_e8), _units(size, listing.lot_e8))
        for price, size in side.top_raw(TOP)
    )


def _units(text: str, step_e8: int) -> int:
    """Whole steps in a number."""
    return round(float(text) * 1e8 / step_e8)


def _figures_of(candle: Candle, listing: Listing) -> Figures:
    lots = 1e8 / listing.lot_e8
    return (
        listing.ticks(candle.open),
        listing.ticks(candle.high),
        listing.ticks(candle.low),
        listing.ticks(candle.close),
        round(candle.volume * lots),
        round((candle.taker_buy_volume or 0.0) * lots),
    )


def _compare_side(side: BookSide, true: list[tuple[int, int]], listing: Listing) -> str:
    shown = [
        (_units(price, listing.tick_e8), _units(size, listing.lot_e8))
        for price, size in side.top_raw(100_000)
    ]
    if shown == true:
        return ""
    ghosts = sorted(set(shown) - set(true), reverse=True)
    lacks = sorted(set(true) - set(shown), reverse=True)
    return (
        f"{len(ghosts)} levels are not the engine's ({ghosts[:3]}), {len(lacks)} lack ({lacks[:3]})"
    )


def _compare_trade(trade: Trade, true: Fact | None, listing: Listing) -> str:
    if true is None:
        return f"trade {trade.trade_id} never was"
    price, lots = _units(trade.price_text, listing.tick_e8), _units(trade.size_text, listing.lot_e8)
    told = Fact(price, lots, trade.aggressor, trade.ts_exchange // 1_000_000)
    return "" if told == true else f"trade {trade.trade_id} is {told} instead of {true}"
