"""One client of the chart socket: its sessions, and what their messages mean."""

from __future__ import annotations

import asyncio
import json
import re
import zoneinfo
from collections.abc import Callable
from typing import Any, Final

from aiohttp import web

from tui.feed.clock import Clock
from tui.model.timeframe import NS
from tui.sim.board import Board
from tui.sim.limits import VenueLimits
from tui.sim.market import SimMarket
from tui.sim.socket import SocketClient
from tui.sim.tradingview import streams
from tui.sim.tradingview.chart import MOST_STUDIES, Chart, Series
from tui.sim.tradingview.framing import beat, beat_number, frame, message, payloads
from tui.sim.tradingview.quotes import Quotes
from tui.sim.tradingview.studies import read_study
from tui.sim.tradingview.symbols import CODES, describe, read_symbol

_ANONYMOUS: Final = "unauthorized_user_token"
_TOKEN: Final = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+")
_LATE_BEATS: Final = 3
_TOO_MANY_STUDIES: Final = (
    "The maximum number of studies per chart has been reached for current subscription"
)
_WINDOW: Final = re.compile(r"r,(\d{1,11}):(\d{1,11})")


class CriticalError(Exception):
    """What ends a session."""


class ChartSocketClient(SocketClient):
    """A connected client."""

    def __init__(
        self,
        request: web.Request,
        market: SimMarket,
        board: Board[streams.Key, streams.News],
        limits: VenueLimits,
        clock: Clock,
    ) -> None:
        super().__init__(request, limits, clock)
        self._market = market
        self._board = board
        self._charts: dict[str, Chart] = {}
        self._quotes: dict[str, Quotes] = {}
        self._is_known = False
        self._beat = 0
        self._echoed = 0
        self._ending: asyncio.Task[None] | None = None
        self._actions: dict[str, Callable[[list[Any]], None]] = {
            "set_auth_token": self._authenticate,
            "set_locale": lambda params: None,
            "chart_create_session": self._create_chart,
            "chart_delete_session": self._delete_chart,
            "switch_timezone": self._switch_timezone,
            "resolve_symbol": self._resolve,
            "create_series": self._create_series,
            "modify_series": self._modify_series,
            "remove_series": self._remove_series,
            "request_more_data": self._more,
            "create_study": self._create_study,
            "remove_study": self._remove_study,
            "quote_create_session": self._create_quotes,
            "quote_delete_session": self._delete_quotes,
            "quote_set_fields": self._set_fields,
            "quote_add_symbols": self._add_symbols,
            "quote_fast_symbols": lambda params: None,
            "quote_remove_symbols": self._remove_symbols,
            "quote_hibernate_all": lambda params: None,
        }

    # -- what the socket says by itself ----------------------------------------------------------

    def greet(self) -> None:
        now_ns = self._market.now_ns
        hello = {
            "session_id": "0.28583.1563_sim-charts-1",
            "timestamp": now_ns // NS,
            "timestampMs": now_ns // 1_000_000,
            "release": "sim",
            "studies_metadata_hash": "0",
            "auth_scheme_vsn": 2,
            "protocol": "json",
            "via": "127.0.0.1:443",
            "javastudies": ["3.66"],
        }
        self.push(frame(json.dumps(hello, separators=(",", ":"))))

    def beat(self) -> None:
        """It is time for a heartbeat; who did not send back the last three is gone."""
        if self._beat - self._echoed >= _LATE_BEATS:
            self.cut()
            return
        self._beat += 1
        self.push(beat(self._beat))

    def hear(self, key: streams.Key, message: streams.News) -> None:
        now_ns = self._market.now_ns
        if key.kind == "quote":
            for quotes in self._quotes.values():
                for text in quotes.news(key, message.quote):
                    self.push(text)
            return
        for chart in self._charts.values():
            if chart.series is not None and chart.series.key == key:
                bars = chart.series.take(message.bars)
                if bars:
                    self.push(chart.news(bars, now_ns))

    def forget(self) -> None:
        while self._charts:
            self._leave(self._charts.popitem()[1])
        for quotes in self._quotes.values():
            self._leave_quotes(quotes, list(quotes.names))
        self._quotes.clear()

    # -- what it is told -------------------------------------------------------------------------

    def receive(self, text: str) -> None:
        try:
            for payload in payloads(text):
                number = beat_number(payload)
                if number is not None:
                    self._echoed = max(self._echoed, min(number, self._beat))
                else:
                    self._obey(json.loads(payload))
        except (ValueError, RecursionError):
            self._end("wrong data")

    def _obey(self, request: Any) -> None:
        name = request.get("m") if isinstance(request, dict) else None
        params = request.get("p") if isinstance(request, dict) else None
        action = self._actions.get(name) if isinstance(name, str) else None
        if action is None or not isinstance(params, list) or not params:
            raise ValueError("not a message")
        if not self._is_known and name != "set_auth_token":
            raise ValueError("who is it")
        session = params[0]
        try:
            action(params)
        except CriticalError as error:
            args = json.dumps(params[1:], ensure_ascii=False)
            detail = f"method: {name}. args: {json.dumps(args, ensure_ascii=False)}"
            self.push(message("critical_error", session, str(error), detail))
            self._kill(session)

    def _end(self, words: str) -> None:
        """The connection is of no use any more."""
        if self._ending is None:
            self.push(message("protocol_error", words))
            self._ending = asyncio.create_task(self.close(1000))

    def _kill(self, session: Any) -> None:
        chart = self._charts.pop(session, None) if isinstance(session, str) else None
        if chart is not None:
            self._leave(chart)
        quotes = self._quotes.pop(session, None) if isinstance(session, str) else None
        if quotes is not None:
            self._leave_quotes(quotes, list(quotes.names))

    def _authenticate(self, params: list[Any]) -> None:
        token = params[0]
        if token != _ANONYMOUS and not (isinstance(token, str) and _TOKEN.fullmatch(token)):
            self._end("bad auth token")
            return
        self._is_known = True

    # -- charts ----------------------------------------------------------------------------------

    def _chart(self, params: list[Any], least: int, *, names: int = 2) -> Chart:
        """The session that is meant.

        Raises:
            CriticalError: there is none, or fewer than `least` parameters, or the first ones after
                the session are no names.
        """
        chart = self._charts.get(params[0]) if isinstance(params[0], str) else None
        if chart is None:
            raise CriticalError("unknown_session_id")
        if len(params) < least or not all(isinstance(name, str) for name in params[1 : 1 + names]):
            raise CriticalError("invalid parameters")
        return chart

    def _create_chart(self, params: list[Any]) -> None:
        if not isinstance(params[0], str) or params[0] in self._charts:
            raise CriticalError("duplicate id")
        self._charts[params[0]] = Chart(params[0])

    def _delete_chart(self, params: list[Any]) -> None:
        self._chart(params, 1)
        self._kill(params[0])

    def _switch_timezone(self, params: list[Any]) -> None:
        self._chart(params, 2)
        if params[1] == "exchange":
            return
        try:
            zoneinfo.ZoneInfo(params[1])
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            raise CriticalError("invalid timezone") from None

    def _resolve(self, params: list[Any]) -> None:
        chart = self._chart(params, 3)
        name = params[1]
        if name in chart.symbols:
            raise CriticalError("duplicate id")
        found = chart.symbols[name] = read_symbol(params[2], self._market)
        if found is None:
            self.push(message("symbol_error", chart.session, name, "invalid symbol"))
        else:
            self.push(message("symbol_resolved", chart.session, name, describe(found)))

    def _create_series(self, params: list[Any]) -> None:
        chart = self._chart(params, 5)
        if chart.series is not None:
            raise CriticalError("exceed limit of series in the session")
        name, turnaround, symbol, code = params[1:5]
        series = self._make_series(chart, (name, turnaround), symbol, code)
        if series is None:
            return
        chart.series = series
        self._load(chart, series, params[5:])

    def _modify_series(self, params: list[Any]) -> None:
        chart = self._chart(params, 5)
        name, turnaround, symbol, code = params[1:5]
        if chart.series is None or chart.series.name != name:
            raise CriticalError("invalid parameters")
        series = self._make_series(chart, (name, turnaround), symbol, code)
        if series is None:
            return
        count = len(chart.series.opens)
        self._leave(chart)
        chart.series = series
        self._load(chart, series, [count, *params[5:]])

    def _make_series(
        self, chart: Chart, names: tuple[str, str], symbol: Any, code: Any
    ) -> Series | None:
        if not isinstance(code, str) or not isinstance(symbol, str) or symbol not in chart.symbols:
            raise CriticalError("invalid parameters")
        refusal = ""
        if code not in CODES:
            if not re.fullmatch(r"\d{1,4}[SDWMH]?", code):
                raise CriticalError("invalid parameters")
            refusal = "custom_resolution"
        found = chart.symbols[symbol]
        if found is None:
            refusal = "resolve error"
        if refusal or found is None:
            self.push(message("series_loading", chart.session, *names))
            self.push(message("series_error", chart.session, *names, refusal))
            return None
        return Series(*names, self._market.pair(found.listing.symbol), found, code)

    def _load(self, chart: Chart, series: Series, rest: list[Any]) -> None:
        now_ns = self._market.now_ns
        window = _WINDOW.fullmatch(rest[1]) if len(rest) > 1 and isinstance(rest[1], str) else None
        count = rest[0] if rest else 300
        if isinstance(count, list):  # ["bar_count", reference, how many]
            count = count[-1] if count else 300
        if not isinstance(count, int):
            raise CriticalError("invalid parameters")
        if window is not None:
            bars = series.load_window(int(window[1]) * NS, int(window[2]) * NS, now_ns)
        else:
            bars = series.load(count, now_ns)
        # A running bar without a trade is not there yet.
        names = (chart.session, series.name, series.turnaround)
        self.push(message("series_loading", *names) + chart.history(bars, now_ns))
        self.push(
            message("series_timeframe", *names, max(0, len(bars) - 300), len(bars) - 1, None, True)
        )
        self.push(_completed(chart, series))
        self._board.join(series.key, self)

    def _more(self, params: list[Any]) -> None:
        chart = self._chart(params, 3, names=1)
        series = chart.series
        if series is None or series.name != params[1] or not isinstance(params[2], int):
            raise CriticalError("invalid parameters")
        bars = series.load_older(params[2], self._market.now_ns)
        self.push(message("series_loading", chart.session, series.name, series.turnaround))
        if bars:
            first = series.index(bars[0][0])
            self.push(chart.history(bars, self._market.now_ns, index=first))
        self.push(_completed(chart, series))

    def _remove_series(self, params: list[Any]) -> None:
        chart = self._chart(params, 2)
        if chart.series is not None and chart.series.name == params[1]:
            self._leave(chart)
            chart.series = None
            chart.studies.clear()

    def _create_study(self, params: list[Any]) -> None:
        chart = self._chart(params, 6)
        name, turnaround = params[1:3]
        if chart.series is None or params[3] != chart.series.name:
            raise CriticalError("invalid parameters")
        names = (chart.session, name, f"{chart.series.turnaround}_{turnaround}")
        found = read_study(params[5])
        if name in chart.studies:
            raise CriticalError("duplicate id")
        self.push(message("study_loading", *names))
        if len(chart.studies) >= MOST_STUDIES:
            self.push(message("study_error", *names, _TOO_MANY_STUDIES, ""))
            return
        if found is None:
            self.push(message("study_error", *names, f"study_not_auth:{params[4]}", ""))
            return
        chart.studies[name] = (turnaround, *found)
        self.push(
            chart.study_history(name, self._market.now_ns) + message("study_completed", *names)
        )

    def _remove_study(self, params: list[Any]) -> None:
        self._chart(params, 2).studies.pop(params[1], None)

    def _leave(self, chart: Chart) -> None:
        series = chart.series
        others = (other.series for other in self._charts.values() if other is not chart)
        if series is not None and all(one is None or one.key != series.key for one in others):
            self._board.leave(series.key, self)

    # -- quotes ----------------------------------------------------------------------------------

    def _session(self, params: list[Any]) -> Quotes:
        quotes = self._quotes.get(params[0]) if isinstance(params[0], str) else None
        if quotes is None:
            raise CriticalError("unknown_session_id")
        if not all(isinstance(name, str) for name in params[1:]):
            raise CriticalError("invalid_parameters")
        return quotes

    def _create_quotes(self, params: list[Any]) -> None:
        if not isinstance(params[0], str) or params[0] in self._quotes:
            raise CriticalError("duplicate id")
        self._quotes[params[0]] = Quotes(params[0])

    def _delete_quotes(self, params: list[Any]) -> None:
        self._session(params)
        self._kill(params[0])

    def _set_fields(self, params: list[Any]) -> None:
        self._session(params).fields = frozenset(params[1:])

    def _add_symbols(self, params: list[Any]) -> None:
        quotes = self._session(params)
        for name in params[1:]:
            found = read_symbol(name, self._market)
            if found is None:
                self.push(quotes.unknown(name))
                continue
            pair = self._market.pair(found.listing.symbol)
            figures = streams.quote(pair, self._market.now_ns, found.delay_s)
            self.push(quotes.add(name, found, figures))
            self._board.join(streams.quote_key(found), self)

    def _remove_symbols(self, params: list[Any]) -> None:
        self._leave_quotes(self._session(params), params[1:])

    def _leave_quotes(self, quotes: Quotes, names: list[str]) -> None:
        for name in names:
            key = quotes.remove(name)
            wanted = {one for held in self._quotes.values() for one in held.keys}
            if key is not None and key not in wanted:
                self._board.leave(key, self)


def _completed(chart: Chart, series: Series) -> str:
    return message(
        "series_completed",
        chart.session,
        series.name,
        series.shown.mode,
        series.turnaround,
        {"rt_update_period": 0},
    )
