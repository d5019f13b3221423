"""Prints: the tape's trades as their takers' orders made them, and how fast they come."""

from __future__ import annotations

import math
from collections import OrderedDict, deque
from collections.abc import Iterable, Sequence
from statistics import median

import msgspec

from tui.market.tape import Tape
from tui.model.events import Side, Trade
from tui.model.timeframe import NS

SAME_ORDER_NS = 2_000_000
"""Trades of one order are made within this time (ns): venues stamp them with the same moment, or with
the moments of one walk through the book."""
WINDOW_S = 30
"""What rate and share of the buyers are told of, in seconds."""

_HELD = 1000
_LARGE_SHARE = 0.95
_LARGE_TIMES = 3.0
_LEAST_KNOWN = 30
_MEASURE_EVERY = 32
_STEP_SHARES = (0.5, 0.75, 0.9)


class Print(msgspec.Struct, frozen=True, gc=False):
    """What one taker's order did: a trade, or several.

    Attributes:
        number: counts the prints of a run, from 0.
        ts_exchange: time (ns) of its first trade.
        price: its trades' mean price, by volume. price_text: the venue's digits; "" where there
            were several prices.
        count: how many trades it is made of.
        is_large: as it came; what comes later does not change it.
    """

    number: int
    ts_exchange: int
    aggressor: Side
    price: float
    price_text: str
    size: float
    count: int = 1
    is_large: bool = False


class Speed(msgspec.Struct, frozen=True):
    """How fast trades come.

    Attributes:
        trades_per_s: over the last `WINDOW_S` seconds, or as many as are known; None of none.
        bought: the share of the volume that takers bought, 0 to 1; None without any.
        per_second: trades in each whole second, oldest first, at most as many as were asked for.
    """

    trades_per_s: float | None
    bought: float | None
    per_second: list[int]


class PrintRun:
    """The newest prints of one tape; it follows the tape as that grows.

    Attributes:
        prints: oldest first, at most a thousand.
    """

    def __init__(self, large_size: float | None = None) -> None:
        """Make an empty run. A print of `large_size` is large; None for one that is much larger
        than most of the last ones."""
        self._tape: Tape | None = None
        self._rewrites = 0
        self._appended = 0
        self._last: Trade | None = None
        self._skew = 0
        self._fixed = large_size
        self._large = large_size if large_size is not None else math.inf
        self._next = 0
        self._pace = _Pace()
        self.prints: deque[Print] = deque(maxlen=_HELD)

    def follow(self, tape: Tape) -> None:
        """Take in what is new on the tape."""
        fresh = tape.appended - self._appended
        if tape is not self._tape or tape.rewrites != self._rewrites:
            self._begin(tape)
            fresh = len(tape)
        elif fresh > len(tape):
            # More came than the tape holds: what was in between is not known, and not counted.
            self._begin(tape)
            fresh = len(tape)
        self._appended = tape.appended
        for trade in reversed(tape.newest(fresh)):
            self._add(trade)
        if self._last is not None and not self._last.from_history:
            self._skew = self._last.ts_local - self._last.ts_exchange

    def speed(self, now: int, seconds: int) -> Speed:
        """How fast trades come at `now` (ns), and how many came in each of the last `seconds`."""
        # The venue's clock may be ahead or behind; its newest trade came as it was told.
        newest = self._last.ts_exchange if self._last is not None else 0
        return self._pace.speed(max(now - self._skew, newest), seconds)

    def steps(self) -> list[float]:
        """Round sizes that leave out about half of the prints, three quarters, and nine tenths."""
        sizes = sorted(each.size for each in self.prints)
        if not sizes:
            return []
        found = (_round(sizes[int(share * (len(sizes) - 1))]) for share in _STEP_SHARES)
        return list(dict.fromkeys(size for size in found if size > 0))

    def _begin(self, tape: Tape) -> None:
        """Start afresh; numbers run on, so that nobody takes a new print for an old one."""
        self._tape, self._rewrites, self._last = tape, tape.rewrites, None
        self.prints.clear()
        self._pace = _Pace()
        if self._fixed is None:
            trades = tape.newest(len(tape))
            self._large = _large_size([each.size for each in merge_trades(reversed(trades))])

    def _add(self, trade: Trade) -> None:
        self._pace.note(trade)
        held = self.prints[-1] if self.prints else None
        if held is not None and self._last is not None and _is_one_order(held, self._last, trade):
            grown = _grown(held, trade)
            self.prints[-1] = (
                msgspec.structs.replace(grown, is_large=True)
                if grown.size >= self._large
                else grown
            )
        else:
            if self._fixed is None and self._next % _MEASURE_EVERY == 0 and self.prints:
                self._large = _large_size([each.size for each in self.prints])
            self.prints.append(_first(trade, self._next, trade.size >= self._large))
            self._next += 1
        self._last = trade


def merge_trades(trades: Iterable[Trade]) -> list[Print]:
    """The prints that trades are made of; both oldest first."""
    found: list[Print] = []
    last: Trade | None = None
    for trade in trades:
        if found and last is not None and _is_one_order(found[-1], last, trade):
            found[-1] = _grown(found[-1], trade)
        else:
            found.append(_first(trade, len(found), is_large=False))
        last = trade
    return found


def _is_one_order(held: Print, last: Trade, trade: Trade) -> bool:
    """True of a trade of the order that made `last`, the newest of `held`: it went on in the same
    direction, at the same moment, with nothing between, and to no better price."""
    if trade.aggressor is not held.aggressor:
        return False
    if not 0 <= trade.ts_exchange - held.ts_exchange <= SAME_ORDER_NS:
        return False
    if trade.trade_id is not None and last.trade_id is not None:
        if trade.trade_id != last.trade_id + 1:
            return False
    elif trade.trade_id is not last.trade_id:
        return False
    if trade.aggressor is Side.BUY:
        return trade.price >= last.price
    return trade.price <= last.price


def _first(trade: Trade, number: int, is_large: bool) -> Print:
    return Print(
        number,
        trade.ts_exchange,
        trade.aggressor,
        trade.price,
        trade.price_text,
        trade.size,
        1,
        is_large,
    )


def _grown(held: Print, trade: Trade) -> Print:
    size = held.size + trade.size
    if trade.price_text == held.price_text:
        price, text = held.price, held.price_text
    else:
        price = (held.price * held.size + trade.price * trade.size) / size if size else trade.price
        text = ""
    return msgspec.structs.replace(
        held, price=price, price_text=text, size=size, count=held.count + 1
    )


def _large_size(sizes: Sequence[float]) -> float:
    """The size from which a print is large: few are, and they stand out from the middling one."""
    if len(sizes) < _LEAST_KNOWN:
        return math.inf
    ordered = sorted(sizes)
    return max(ordered[int(_LARGE_SHARE * (len(ordered) - 1))], _LARGE_TIMES * median(ordered))


def _round(size: float) -> float:
    """The nearest of 1, 2 and 5 times a power of ten, from below."""
    if not 0 < size < math.inf:
        return 0.0
    power = math.floor(math.log10(size))
    # As text, so that the digits come out as they are written: 3 * 10 ** -5 is not 3e-05.
    return next(
        step
        for step in (float(f"{digit}e{power}") for digit in (5, 2, 1, 0.5))
        if step <= size * (1 + 1e-9)
    )


class _Second(msgspec.Struct, gc=False):
    count: int = 0
    bought: float = 0.0
    sold: float = 0.0


class _Pace:
    """Trades and volume by second of the venue's time."""

    _KEPT = 120

    def __init__(self) -> None:
        self._seconds: OrderedDict[int, _Second] = OrderedDict()
        self._since = 0  # ns; of the first trade that is known

    def note(self, trade: Trade) -> None:
        self._since = min(self._since or trade.ts_exchange, trade.ts_exchange)
        number = trade.ts_exchange // NS
        second = self._seconds.get(number)
        if second is None:
            second = self._seconds[number] = _Second()
            while len(self._seconds) > self._KEPT:
                self._seconds.popitem(last=False)
        second.count += 1
        if trade.aggressor is Side.BUY:
            second.bought += trade.size
        else:
            second.sold += trade.size

    def speed(self, now: int, seconds: int) -> Speed:
        # Whole seconds only: the one that runs would look like a slump, and of the first one nobody
        # knows how it began.
        first, end = self._since // NS + 1, now // NS
        if not self._seconds or end <= first:
            return Speed(None, None, [])
        start = max(end - WINDOW_S, first)
        window = [held for second in range(start, end) if (held := self._seconds.get(second))]
        bought = sum(each.bought for each in window)
        volume = bought + sum(each.sold for each in window)
        counts = [
            held.count if (held := self._seconds.get(second)) else 0
            for second in range(max(end - seconds, first), end)
        ]
        return Speed(
            sum(each.count for each in window) / (end - start),
            bought / volume if 0 < volume < math.inf else None,
            counts,
        )
