"""The TradingView adapter: candles with their history, quotes and studies, all over one socket."""

from __future__ import annotations

import itertools
import math
import random
import string
from collections.abc import Collection, Iterator, Mapping
from typing import Final, NoReturn

from tui.adapters.base import Authentication, BookPolicy, Limits, Liveness, Outgoing, RestRequest
from tui.adapters.endpoints import check_endpoints
from tui.adapters.tradingview.charts import Chart
from tui.adapters.tradingview.framing import write
from tui.adapters.tradingview.stream import StreamDecoder
from tui.adapters.tradingview.studies import (
    Study,
    StudyValue,
    build_request,
    read_refusal,
    read_studies,
)
from tui.adapters.tradingview.symbols import TIMEFRAMES, check_symbol, timeframe_code
from tui.model.errors import ConfigError, InstrumentError, NotOffered
from tui.model.events import BookSnapshot, Candle, Event, Ticker, Trade
from tui.model.instrument import Instrument, InstrumentInfo
from tui.model.subscription import Channel, Subscription
from tui.model.timeframe import Timeframe
from tui.model.transport import StreamRequest, TransportKind

DEFAULT_ENDPOINTS: Final = {
    "stream": "wss://data.tradingview.com/socket.io/websocket",
    "rest": "https://pine-facade.tradingview.com",
}
ORIGIN: Final = "https://www.tradingview.com"
TOKEN_VARIABLE: Final = "TRADINGVIEW_JWT_TOKEN"

_CHANNELS: Final = frozenset({Channel.TICKER, Channel.CANDLES})
_ANONYMOUS: Final = "unauthorized_user_token"
_LETTERS: Final = string.ascii_letters + string.digits


class TradingViewAdapter:
    """TradingView's chart socket: unofficial, and so one slow connection.

    History comes by the stream, each chart in a session of its own, as accounts have one series a
    session. There are no trades and no books.
    """

    timeframes = streamed_timeframes = TIMEFRAMES
    limits = Limits(
        messages_per_s=20.0,
        streams_per_connection=50,
        # It locks out addresses that connect again and again.
        connections=6,
        connections_window_s=180.0,
        connections_apart_s=5.0,
        rest_weight=30,
        rest_window_s=60.0,
        max_connection_age_s=math.inf,
    )
    # The server's heartbeat comes every ten seconds or so. A market that is closed says nothing else.
    liveness = Liveness(connection_s=30.0, pongs_count=False)
    book_policy = BookPolicy(name="none", snapshot_by_rest=False)
    transports: tuple[TransportKind, ...] = (TransportKind.WEBSOCKET,)

    def __init__(
        self,
        endpoints: Mapping[str, str] | None = None,
        *,
        venue: str = "TRADINGVIEW",
        channels: frozenset[Channel] | None = None,
        rng: random.Random | None = None,
    ) -> None:
        """Speak to TradingView, or to the hosts named in `endpoints`.

        Args:
            endpoints: "stream", the socket's URL, and "rest", of the server that knows studies. Under
                "studies" the names of those that are wanted on every chart, with commas between.
            venue: the name under which instruments appear.
            channels: what to stream; tickers and candles when None.
            rng: chooses the names of sessions.

        Raises:
            ConfigError: an endpoint is unknown or not a URL of its kind, or a study has no such name.
        """
        given = dict(endpoints or {})
        self.studies: tuple[str, ...] = read_studies(venue, given.pop("studies", ""))
        urls = check_endpoints(venue, DEFAULT_ENDPOINTS, given)
        self._endpoints = endpoints
        self.venue = venue
        self.channels = _CHANNELS if channels is None else channels & _CHANNELS
        self.authentication: Authentication | None = Authentication(
            header="", message=self._authenticate, variable=TOKEN_VARIABLE
        )
        self._stream_url = f"{urls['stream']}?from=chart&type=chart"
        self._rest_url = urls["rest"]
        self._rng = rng or random.Random()
        self._request_ids = itertools.count(1)
        self._token = ""
        self._is_introduced = False
        self._wanted_studies: dict[Subscription, dict[str, Study]] = {}
        self._decoder = StreamDecoder(venue, self._new_session, self._begin_studies)

    # -- the stream ------------------------------------------------------------------------

    def stream(
        self,
        transport: TransportKind = TransportKind.WEBSOCKET,
        subscriptions: Collection[Subscription] = (),
    ) -> StreamRequest:
        """The socket, with the origin without which it refuses."""
        return StreamRequest(self._stream_url, headers={"Origin": ORIGIN})

    def book_policy_by(self, transport: TransportKind) -> BookPolicy:
        """There are no books."""
        return self.book_policy

    def copy(self) -> TradingViewAdapter:
        """Another one for the same hosts, with the same studies."""
        made = TradingViewAdapter(
            self._endpoints, venue=self.venue, channels=self.channels, rng=self._rng
        )
        made.limits = self.limits
        made._token = self._token
        made._wanted_studies = {one: dict(held) for one, held in self._wanted_studies.items()}
        return made

    def subscribe(self, subscriptions: Collection[Subscription]) -> list[Outgoing]:
        """Messages that begin a chart session for the candles of each, and add tickers to the quote
        session. What was asked for before is asked for anew.

        Raises:
            InstrumentError: a symbol without an exchange, or a timeframe that the venue lacks.
            ConfigError: the venue did not accept the user's token, and there is no other.
        """
        if self._token and self._decoder.is_refused:
            raise ConfigError("the token is not accepted", f"put a new one into {TOKEN_VARIABLE}")
        for one in subscriptions:
            check_symbol(one.instrument.symbol)
            if one.channel is Channel.CANDLES:
                timeframe_code(one.timeframe)
        messages = list(self._introduce())
        tickers = [one for one in subscriptions if one.channel is Channel.TICKER]
        if tickers:
            messages += self._ask_quotes(tickers)
        for one in subscriptions:
            if one.channel is Channel.CANDLES:
                messages += self._open_chart(one)
        return messages

    def unsubscribe(self, subscriptions: Collection[Subscription]) -> list[Outgoing]:
        """Messages that end these sessions, and take tickers off the quote session."""
        texts: list[str] = []
        symbols = []
        for one in subscriptions:
            if one.channel is Channel.TICKER:
                symbols.append(one.instrument.symbol)
            elif one.channel is Channel.CANDLES:
                texts += self._close_chart(one)
        return [Outgoing(text) for text in [*texts, *self._decoder.quotes.remove(symbols)]]

    def heartbeat(self) -> Outgoing | None:
        """None: the server sends them, and wants its own back."""
        return None

    def connection_lost(self) -> None:
        """Forget the sessions: nothing survives a connection. Studies are asked for again."""
        self._is_introduced = False
        self._decoder.forget()

    def decode(self, frame: bytes, ts_local: int) -> list[Event]:
        """The events of one frame received at `ts_local` (ns). Never raises."""
        return self._decoder.decode(frame, ts_local)

    def _introduce(self) -> Iterator[Outgoing]:
        """What must come first on a connection, where no token did."""
        if not self._is_introduced:
            self._is_introduced = True
            if not self._token:
                yield Outgoing(write("set_auth_token", _ANONYMOUS))
            yield Outgoing(write("set_locale", "en", "US"))

    def _authenticate(self, token: str) -> Outgoing:
        if token != self._token:
            self._token = token
            self._decoder.is_refused = False
        return Outgoing(write("set_auth_token", token))

    def _ask_quotes(self, tickers: Collection[Subscription]) -> list[Outgoing]:
        quotes = self._decoder.quotes
        texts = [] if quotes.session else quotes.open(self._new_session("qs_"))
        messages = [Outgoing(text) for text in texts]
        by_symbol = {one.instrument.symbol: one for one in tickers}
        *before, last = quotes.add(by_symbol)
        messages += [Outgoing(text) for text in before]
        # The first price acknowledges it: that a symbol is wrong is told in the same way.
        return [*messages, Outgoing(last, next(self._request_ids), tuple(by_symbol.values()))]

    def _open_chart(self, subscription: Subscription) -> list[Outgoing]:
        texts = self._close_chart(subscription)
        chart = Chart(subscription, self._new_session("cs_"), next(self._request_ids))
        self._decoder.charts[chart.session] = chart
        *before, last = [*texts, *chart.open()]
        messages = [Outgoing(text) for text in before]
        return [*messages, Outgoing(last, chart.request_id, (subscription,))]

    def _close_chart(self, subscription: Subscription) -> list[str]:
        chart = self._decoder.chart_of(subscription)
        if chart is None:
            return []
        del self._decoder.charts[chart.session]
        return [chart.close()]

    def _new_session(self, prefix: str) -> str:
        return prefix + "".join(self._rng.choices(_LETTERS, k=12))

    # -- studies ---------------------------------------------------------------------------

    def study_request(
        self, study_id: str, inputs: Mapping[str, StudyValue] | None = None
    ) -> RestRequest[Study]:
        """What the venue needs to compute a study such as "STD;RSI"; `inputs` replace its defaults.

        Raises:
            InstrumentError: the name cannot be one of a study.
        """
        return build_request(self._rest_url, study_id, inputs or {})

    def more_candles(self, subscription: Subscription, count: int) -> list[Outgoing]:
        """The message that asks for so many candles before those that were told."""
        chart = self._decoder.chart_of(subscription)
        if chart is None or not chart.is_loaded or chart.awaits_more:
            return []
        return [Outgoing(chart.ask_for_more(count))]

    def awaits_candles(self, subscription: Subscription) -> bool:
        """True while older candles are on their way."""
        chart = self._decoder.chart_of(subscription)
        return chart is not None and chart.awaits_more

    def told_since(self, subscription: Subscription) -> int | None:
        """Open time (ns) of the oldest candle that was told."""
        chart = self._decoder.chart_of(subscription)
        return None if chart is None else chart.oldest

    def add_study(self, subscription: Subscription, study: Study) -> list[Outgoing]:
        """Messages that begin a study of these candles; it begins by itself where the candles come
        later, and again on each connection. Its values are StudyPoints; that it is refused, as a third
        one is of a free account, is a VenueNotice.

        Raises:
            InstrumentError: it is not of candles.
        """
        if subscription.channel is not Channel.CANDLES:
            raise InstrumentError(f"{subscription} has no studies", "they are of candles")
        messages = self.remove_study(subscription, study.study_id)
        self._wanted_studies.setdefault(subscription, {})[study.study_id] = study
        chart = self._decoder.chart_of(subscription)
        if chart is not None and chart.is_loaded:
            messages.append(Outgoing(chart.add(study)))
        return messages

    def remove_study(self, subscription: Subscription, study_id: str) -> list[Outgoing]:
        """Messages that end a study."""
        held = self._wanted_studies.get(subscription, {})
        held.pop(study_id, None)
        if not held:
            self._wanted_studies.pop(subscription, None)
        chart = self._decoder.chart_of(subscription)
        return [Outgoing(text) for text in chart.remove(study_id)] if chart is not None else []

    def _begin_studies(self, chart: Chart) -> list[str]:
        running = {study.study_id for study in chart.studies.values()}
        wanted = self._wanted_studies.get(chart.subscription, {})
        return [chart.add(study) for name, study in wanted.items() if name not in running]

    # -- REST: studies only ----------------------------------------------------------------

    def candles_request(
        self,
        instrument: Instrument,
        timeframe: Timeframe,
        *,
        start: int | None = None,
        end: int | None = None,
        limit: int = 1000,
    ) -> RestRequest[list[Candle]]:
        """Raises NotOffered: the stream brings history."""
        self._refuse("candles")

    def trades_request(
        self, instrument: Instrument, *, from_id: int | None = None, limit: int = 1000
    ) -> RestRequest[list[Trade]]:
        """Raises NotOffered."""
        self._refuse("trades")

    def book_request(self, instrument: Instrument) -> RestRequest[BookSnapshot]:
        """Raises NotOffered."""
        self._refuse("books")

    def tickers_request(self, instruments: Collection[Instrument]) -> RestRequest[list[Ticker]]:
        """Raises NotOffered: the stream brings all figures."""
        self._refuse("day figures")

    def instruments_request(
        self, instruments: Collection[Instrument] = ()
    ) -> RestRequest[list[InstrumentInfo]]:
        """Raises NotOffered: the stream tells of each instrument that is asked for."""
        raise NotOffered(
            f"{self.venue} has no list of symbols: write one with its exchange, such as NASDAQ:AAPL"
        )

    def time_request(self) -> RestRequest[int]:
        """Raises NotOffered: the stream tells the time."""
        self._refuse("its time")

    def rest_error(self, status: int, body: bytes) -> str:
        """The venue's own words in a refused request's body; "" when it says nothing."""
        return read_refusal(body)

    def _refuse(self, what: str) -> NoReturn:
        raise NotOffered(f"{self.venue} is not asked for {what} by requests")
