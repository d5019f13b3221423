"""From frames to events: heartbeats, charts, quotes, and every way in which TradingView says no."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, TypeVar

import msgspec

from tui.adapters.tradingview.charts import SERIES, Chart
from tui.adapters.tradingview.framing import split, wrap
from tui.adapters.tradingview.messages import Envelope, Quote, SymbolInfo, Update
from tui.adapters.tradingview.quotes import Quotes
from tui.adapters.tradingview.symbols import TRIES, read_info
from tui.adapters.tradingview.words import NOTICE, delay_s, explain, may_pass, note_of
from tui.model.errors import ProtocolError
from tui.model.events import (
    Ack,
    Event,
    Heartbeat,
    Loaded,
    ParseFailure,
    Rejection,
    Reply,
    ServerTime,
    VenueNotice,
)
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription
from tui.model.text import clean
from tui.model.timeframe import MS

T = TypeVar("T")

_ENVELOPE: Final = msgspec.json.Decoder(Envelope)
_TEXT: Final = msgspec.json.Decoder(str)
_UPDATES: Final = msgspec.json.Decoder(dict[str, Update | None])
_QUOTE: Final = msgspec.json.Decoder(Quote)
_INFO: Final = msgspec.json.Decoder(SymbolInfo)
_ANY: Final = msgspec.json.Decoder(Any)
_HEARTBEAT: Final = b"~h~"
_LATEST_MS: Final = 9.0e12


class StreamDecoder:
    """Reads one connection, and keeps what it needs for that: charts, quotes, the venue's clock.

    Attributes:
        charts: by the name of their sessions.
        quotes: the quote session.
        is_refused: the venue did not accept who asks; outlasts the connection.
    """

    def __init__(
        self,
        venue: str,
        new_session: Callable[[str], str],
        studies: Callable[[Chart], Iterable[str]],
    ) -> None:
        """Begin without a session.

        Args:
            new_session: makes the name of a session with this prefix.
            studies: the messages that ask for a chart's studies, once its history came.
        """
        self._venue = venue
        self._new_session = new_session
        self._studies = studies
        self._is_told = False
        self.is_refused = False
        self._handlers: dict[str, Callable[[Envelope, int], list[Event]]] = {
            "timescale_update": self._on_update,
            "du": self._on_update,
            "qsd": self._on_quote,
            "symbol_resolved": self._on_resolved,
            "series_completed": self._on_completed,
            "symbol_error": self._on_symbol_error,
            "series_error": self._on_series_error,
            "study_error": self._on_study_error,
            "critical_error": self._on_critical_error,
            "protocol_error": self._on_protocol_error,
        }
        self.forget()

    def forget(self) -> None:
        """Nothing survives a connection."""
        self.charts: dict[str, Chart] = {}
        self.quotes = Quotes(self._venue)
        # What our clock is ahead of the venue's, latency included, and the newest stamp; ns.
        self._ahead: int | None = None
        self._stamp = 0

    def chart_of(self, subscription: Subscription) -> Chart | None:
        """The chart of these candles."""
        for chart in self.charts.values():
            if chart.subscription == subscription:
                return chart
        return None

    def decode(self, frame: bytes, ts_local: int) -> list[Event]:
        """The events of all messages of a frame. Never raises."""
        events: list[Event] = []
        try:
            for body in split(frame):
                events += self._read(body, ts_local)
        except ProtocolError as error:
            events.append(ParseFailure(error.message, error.raw, ts_local))
        for chart in self.charts.values():
            events += chart.close_by_time(self._venue_time(ts_local), ts_local)
        return events

    # -- one message -----------------------------------------------------------------------

    def _read(self, body: bytes, ts_local: int) -> list[Event]:
        if body.startswith(_HEARTBEAT):
            if not body[3:].isdigit() or len(body) > 23:
                return [ParseFailure("a heartbeat without a number", _excerpt(body), ts_local)]
            return [Heartbeat(ts_local, wrap(body.decode()))]
        name = ""
        try:
            envelope = _ENVELOPE.decode(body)
            name = envelope.m
            handler = self._handlers.get(name)
            if handler is not None:
                lead = self._note_time(envelope.t_ms, ts_local)
                return [lead, *handler(envelope, ts_local)]
            if not name:
                return self._on_hello(envelope, body, ts_local)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            message = f"{name[:40]}: {error}" if name else str(error)
            return [ParseFailure(message, _excerpt(body), ts_local)]
        return [self._note_time(envelope.t_ms, ts_local)]

    def _note_time(self, sent_ms: float | None, ts_local: int) -> Event:
        """Stands first among a message's events, so that only a time of sending counts as one."""
        if sent_ms is None or not 0 < sent_ms < _LATEST_MS:
            if self._ahead is not None:
                self._stamp = max(self._stamp, self._venue_time(ts_local))
            return Heartbeat(ts_local)
        sent = round(sent_ms) * MS
        self._ahead = ts_local - sent
        self._stamp = max(self._stamp, sent)
        return ServerTime(sent, ts_local)

    def _venue_time(self, ts_local: int) -> int:
        return ts_local - (self._ahead or 0)

    def _on_hello(self, envelope: Envelope, body: bytes, ts_local: int) -> list[Event]:
        if envelope.session_id is None:
            return [ParseFailure("a message without a name - at `$.m`", _excerpt(body), ts_local)]
        events = [self._note_time(envelope.timestampMs, ts_local)]
        if not self._is_told:
            self._is_told = True
            events.append(VenueNotice(NOTICE, ts_local))
        return events

    # -- data ------------------------------------------------------------------------------

    def _on_update(self, envelope: Envelope, ts_local: int) -> list[Event]:
        chart = self._chart(envelope)
        if chart is None:
            return []
        updates = _part(_UPDATES, envelope, 1)
        return chart.take(updates, self._stamp, ts_local)

    def _on_quote(self, envelope: Envelope, ts_local: int) -> list[Event]:
        if _part(_TEXT, envelope, 0) != self.quotes.session:
            return []
        return self.quotes.take(_part(_QUOTE, envelope, 1), ts_local)

    def _on_resolved(self, envelope: Envelope, ts_local: int) -> list[Event]:
        chart = self._chart(envelope)
        if chart is None or _part(_TEXT, envelope, 1) != chart.symbol_name:
            return []
        events: list[Event] = []
        info = read_info(chart.subscription.instrument, _part(_INFO, envelope, 2))
        if info is not None:
            events.append(info)
        return [*events, Reply(chart.create_series())]

    def _on_completed(self, envelope: Envelope, ts_local: int) -> list[Event]:
        chart = self._chart(envelope)
        if chart is None or _part(_TEXT, envelope, 1) != SERIES:
            return []
        if chart.awaits_more:
            chart.awaits_more = False
            return []
        mode = _part(_TEXT, envelope, 2)
        chart.is_loaded, chart.delay_s = True, delay_s(mode)
        return [
            *chart.close_by_time(self._venue_time(ts_local), ts_local),
            Ack(chart.request_id),
            Loaded(chart.subscription, note_of(mode)),
            *map(Reply, self._studies(chart)),
        ]

    # -- refusals --------------------------------------------------------------------------

    def _on_symbol_error(self, envelope: Envelope, ts_local: int) -> list[Event]:
        chart = self._chart(envelope)
        if chart is None or _part(_TEXT, envelope, 1) != chart.symbol_name:
            return []
        if chart.attempt + 1 < TRIES:
            chart.attempt += 1
            return [Reply(chart.resolve())]
        return self._reject(chart, _words(envelope, 2))

    def _on_series_error(self, envelope: Envelope, ts_local: int) -> list[Event]:
        chart = self._chart(envelope)
        if chart is None or _part(_TEXT, envelope, 1) != SERIES:
            return []
        return self._reject(chart, _words(envelope, 3))

    def _on_study_error(self, envelope: Envelope, ts_local: int) -> list[Event]:
        chart = self._chart(envelope)
        if chart is None:
            return []
        study = chart.studies.pop(_part(_TEXT, envelope, 1), None)
        if study is None:
            return []
        said = " ".join(filter(None, (_words(envelope, 3), _words(envelope, 4))))
        about = f"{study.study_id} of {_name(chart)}"
        return [VenueNotice(f"no study {about}: {explain(said)}", ts_local)]

    def _on_critical_error(self, envelope: Envelope, ts_local: int) -> list[Event]:
        session = _part(_TEXT, envelope, 0)
        said = " ".join(filter(None, (_words(envelope, 1), _words(envelope, 2))))
        if session and session == self.quotes.session:
            return self._quotes_ended(said, ts_local)
        chart = self.charts.get(session)
        if chart is None:
            return [VenueNotice(f"a session ended: {explain(said)}", ts_local)]
        if chart.is_loaded and "studies" in said.lower():
            # The chart itself is as it was.
            return [VenueNotice(f"no study of {_name(chart)}: {explain(said)}", ts_local)]
        if chart.is_second or not may_pass(said):
            return self._reject(chart, said)
        del self.charts[session]
        again = Chart(
            chart.subscription, self._new_session("cs_"), chart.request_id, is_second=True
        )
        self.charts[again.session] = again
        return [
            VenueNotice(f"the chart of {_name(chart)} is opened again: {explain(said)}", ts_local),
            *map(Reply, again.open()),
        ]

    def _quotes_ended(self, said: str, ts_local: int) -> list[Event]:
        quotes = self.quotes
        if not quotes.is_second and may_pass(said):
            quotes.is_second = True
            opening = quotes.open(self._new_session("qs_"))
            notice = VenueNotice(f"quotes are asked for again: {explain(said)}", ts_local)
            return [notice, *map(Reply, opening)]
        held = self._tickers()
        self.quotes = Quotes(self._venue)
        return [Rejection(explain(said), subscription=one) for one in held]

    def _on_protocol_error(self, envelope: Envelope, ts_local: int) -> list[Event]:
        said = _words(envelope, 0)
        events: list[Event] = [
            VenueNotice(f"TradingView ends the connection: {explain(said)}", ts_local)
        ]
        if "auth" in said.lower():
            # Nothing can be had with this token, whatever is asked for.
            self.is_refused = True
            held = [chart.subscription for chart in self.charts.values()] + self._tickers()
            events += [Rejection(explain(said), subscription=one) for one in held]
            self.charts.clear()
            self.quotes = Quotes(self._venue)
        return events

    def _reject(self, chart: Chart, said: str) -> list[Event]:
        del self.charts[chart.session]
        return [
            Rejection(explain(said), subscription=chart.subscription),
            Reply(chart.close()),
        ]

    def _tickers(self) -> list[Subscription]:
        return [
            Subscription(Instrument(self._venue, symbol), Channel.TICKER)
            for symbol in self.quotes.symbols
        ]

    def _chart(self, envelope: Envelope) -> Chart | None:
        return self.charts.get(_part(_TEXT, envelope, 0))


def _name(chart: Chart) -> str:
    return f"{chart.subscription.instrument.symbol} {chart.subscription.timeframe}"


def _part(decoder: msgspec.json.Decoder[T], envelope: Envelope, number: int) -> T:
    """One of a message's parameters.

    Raises:
        ValueError: it is missing, or not what it should be; the message names it.
    """
    if number >= len(envelope.p):
        raise ValueError(f"missing - at `$.p[{number}]`")
    try:
        return decoder.decode(envelope.p[number])
    except msgspec.MsgspecError as error:
        raise ValueError(f"{error} - in `$.p[{number}]`") from error


def _words(envelope: Envelope, number: int) -> str:
    """What is said in a parameter, which may be text or anything else; "" where there is none."""
    if number >= len(envelope.p):
        return ""
    said = _part(_ANY, envelope, number)
    if said is None:
        return ""
    return clean(said if isinstance(said, str) else msgspec.json.encode(said).decode(), 200)


def _excerpt(body: bytes) -> str:
    return body[:200].decode("utf-8", "replace")
