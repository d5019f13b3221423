"""One chart session: a symbol's candles in one timeframe, and the studies of them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Final

import msgspec

from tui.adapters.tradingview.framing import write
from tui.adapters.tradingview.messages import Bar, Update
from tui.adapters.tradingview.studies import Study
from tui.adapters.tradingview.symbols import NONE, read_number, spelling, timeframe_code
from tui.model.events import Candle, Event, ParseFailure, StudyPoint
from tui.model.subscription import Subscription
from tui.model.timeframe import NS, Timeframe

BARS: Final = 1000
"""How much history is asked for; an account may be given less."""
SERIES: Final = "sds_1"
TURNAROUND: Final = "s1"

_GRACE_NS: Final = 5 * NS
"""The last change of a candle may be on its way so long after its end."""
_LATEST_S: Final = 9.0e9  # more than a nanosecond count of 63 bits holds is no time of a candle


class Chart:
    """A chart session, from the first message to the last.

    Attributes:
        session: its name, which the client chooses.
        request_id: of the wish for it.
        attempt: how often its symbol was asked for before.
        is_second: the session is a second one after an error ended the first.
        is_loaded: the history came.
        awaits_more: older candles were asked for and are on their way.
        oldest: open time (ns) of the oldest candle that came; None without any.
        delay_s: how late its data is.
    """

    def __init__(
        self, subscription: Subscription, session: str, request_id: int, *, is_second: bool = False
    ) -> None:
        assert subscription.timeframe is not None
        self.subscription = subscription
        self.session = session
        self.request_id = request_id
        self.is_second = is_second
        self.attempt = 0
        self.is_loaded = self.awaits_more = False
        self.delay_s = 0
        self.oldest: int | None = None
        self.studies: dict[str, Study] = {}
        self._timeframe: Timeframe = subscription.timeframe
        self._code = timeframe_code(subscription.timeframe)
        self._newest: Candle | None = None
        self._end = 0
        self._studies_made = 0

    # -- what is said ----------------------------------------------------------------------

    @property
    def symbol_name(self) -> str:
        """The session's name of its symbol: another one each time it is asked for."""
        return f"sds_sym_{self.attempt + 1}"

    def open(self) -> list[str]:
        """Messages that begin the session."""
        return [
            write("chart_create_session", self.session, ""),
            write("switch_timezone", self.session, "Etc/UTC"),
            self.resolve(),
        ]

    def resolve(self) -> str:
        symbol = spelling(self.subscription.instrument.symbol, self.attempt)
        return write("resolve_symbol", self.session, self.symbol_name, symbol)

    def create_series(self) -> str:
        return write(
            "create_series",
            self.session,
            SERIES,
            TURNAROUND,
            self.symbol_name,
            self._code,
            BARS,
            "",
        )

    def ask_for_more(self, count: int) -> str:
        """The message that asks for so many candles before those that came; the history must be there."""
        self.awaits_more = True
        return write("request_more_data", self.session, SERIES, count)

    def close(self) -> str:
        return write("chart_delete_session", self.session)

    def add(self, study: Study) -> str:
        """The message that begins a study; the history must be there."""
        self._studies_made += 1
        name = f"st{self._studies_made}"
        self.studies[name] = study
        return write(
            "create_study",
            self.session,
            name,
            TURNAROUND,
            SERIES,
            study.script,
            study.inputs,
        )

    def remove(self, study_id: str) -> list[str]:
        """The messages that end a study."""
        names = [name for name, study in self.studies.items() if study.study_id == study_id]
        for name in names:
            del self.studies[name]
        return [write("remove_study", self.session, name) for name in names]

    # -- what comes ------------------------------------------------------------------------

    def take(self, updates: dict[str, Update | None], stamp: int, ts_local: int) -> list[Event]:
        """The candles and study values of an update that was sent at `stamp` (ns, 0 when unknown)."""
        events: list[Event] = []
        for name, update in updates.items():
            if update is None:
                continue
            if name == SERIES and update.t in (None, TURNAROUND):
                events += self._take_bars(update, stamp, ts_local)
            elif name in self.studies and update.st:
                events += self._take_points(name, update.st, ts_local)
        return events

    def close_by_time(self, venue_time: int, ts_local: int) -> list[Event]:
        """The newest candle, closed, where its end has passed at the venue (ns)."""
        newest = self._newest
        if newest is None or newest.closed or not self.is_loaded:
            return []
        if venue_time < self._end + self.delay_s * NS + _GRACE_NS:
            return []
        self._newest = msgspec.structs.replace(
            newest, closed=True, ts_exchange=max(newest.ts_exchange, self._end), ts_local=ts_local
        )
        return [self._newest]

    def _take_bars(self, update: Update, stamp: int, ts_local: int) -> list[Event]:
        events: list[Event] = []
        candles: list[Candle] = []
        for number, bar in enumerate(update.s or ()):
            try:
                candle = self._read(bar.v, stamp, ts_local)
            except ValueError as error:
                message = f"{error} - at `$.p[1].{SERIES}.s[{number}].v`"
                events.append(ParseFailure(message, repr(bar.v)[:200], ts_local))
            else:
                if candle is not None:
                    candles.append(candle)
        if not candles:
            return events
        candles.sort(key=_open_time)
        oldest = candles[0].open_time
        self.oldest = oldest if self.oldest is None else min(self.oldest, oldest)
        held, newest = self._newest, candles[-1]
        if held is None or newest.open_time >= held.open_time:
            # The venue never says that a candle is over: the next one does.
            if (
                held is not None
                and not held.closed
                and all(candle.open_time != held.open_time for candle in candles)
            ):
                candles.insert(0, _closed(held, stamp, ts_local))
            was_closed = held is not None and held.closed and held.open_time == newest.open_time
            self._newest = candles[-1] = msgspec.structs.replace(newest, closed=was_closed)
            self._end = self._end_of(newest.open_time, update)
        return [*events, *candles]

    def _read(self, values: Sequence[float | None], stamp: int, ts_local: int) -> Candle | None:
        """A candle that is over, as all but the newest are; None where nothing was traded.

        Raises:
            ValueError: what came is not a candle.
        """
        if len(values) < 5:
            raise ValueError(f"{len(values)} values are no candle")
        time, opened, high, low, close = values[:5]
        if time is None or not 0 <= time < _LATEST_S:
            raise ValueError(f"{time} is not a candle's time")
        if opened is None or high is None or low is None or close is None:
            return None
        if not (abs(opened) < NONE and abs(high) < NONE and abs(low) < NONE and abs(close) < NONE):
            return None
        volume = read_number(values[5]) if len(values) > 5 else None
        return Candle(
            self.subscription.instrument,
            self._timeframe,
            int(time) * NS,
            opened,
            high,
            low,
            close,
            volume or 0.0,
            True,
            stamp,
            ts_local,
        )

    def _end_of(self, open_time: int, update: Update) -> int:
        """When a candle ends (ns): at its session's end where the venue tells one."""
        if self._timeframe.unit == "M":
            by_span = self._timeframe.next_open(open_time)
        else:
            by_span = open_time + self._timeframe.seconds * NS
        told = update.lbs.bar_close_time if update.lbs is not None else None
        if told is None or not 0 <= told < _LATEST_S or not open_time < int(told) * NS <= by_span:
            return by_span
        return int(told) * NS

    def _take_points(self, name: str, bars: Sequence[Bar], ts_local: int) -> list[Event]:
        study = self.studies[name]
        lines = tuple(filter(None, study.plots))
        events: list[Event] = []
        for number, bar in enumerate(bars):
            time = read_number(bar.v[0]) if bar.v else None
            if time is None or not 0 <= time < _LATEST_S:
                message = f"{time} is not a candle's time - at `$.p[1].{name}.st[{number}].v[0]`"
                events.append(ParseFailure(message, repr(bar.v)[:200], ts_local))
                continue
            values = map(read_number, chain(bar.v[1:], (None for _ in study.plots)))
            events.append(
                StudyPoint(
                    self.subscription.instrument,
                    self._timeframe,
                    study.study_id,
                    int(time) * NS,
                    lines,
                    tuple(value for value, name in zip(values, study.plots, strict=False) if name),
                    ts_local,
                )
            )
        return events


def _open_time(candle: Candle) -> int:
    return candle.open_time


def _closed(candle: Candle, stamp: int, ts_local: int) -> Candle:
    return msgspec.structs.replace(
        candle, closed=True, ts_exchange=max(stamp, candle.ts_exchange), ts_local=ts_local
    )
