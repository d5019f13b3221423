"""The quote session: last prices and day figures of all tickers, each message only what changed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from tui.adapters.tradingview.framing import write
from tui.adapters.tradingview.messages import QUOTE_FIELDS, Quote, QuoteValues
from tui.adapters.tradingview.symbols import decimals_of, read_info, read_number, write_price
from tui.adapters.tradingview.words import explain, note_of
from tui.model.events import Event, Loaded, ParseFailure, Rejection, Status, Ticker
from tui.model.instrument import Instrument, InstrumentInfo
from tui.model.subscription import Channel, Subscription
from tui.model.text import clean
from tui.model.timeframe import NS

_LATEST_S: Final = 9.0e9
_BATCH: Final = 50


class _Known:
    """What is known of one symbol: later messages leave it out."""

    __slots__ = ("code", "decimals", "info", "mode", "name", "price_ts", "scale", "state", "steps")

    def __init__(self) -> None:
        self.decimals: int | None = None
        self.price_ts = 0
        self.mode: str | None = None
        self.state = ""
        self.info: InstrumentInfo | None = None
        self.scale: float | None = None
        self.steps: float | None = None
        self.name: str | None = None
        self.code: str | None = None


class Quotes:
    """The one quote session of a connection; `session` is "" before it begins.

    Attributes:
        is_second: the session is a second one after an error ended the first.
    """

    def __init__(self, venue: str) -> None:
        self._venue = venue
        self._known: dict[str, _Known] = {}
        self.session = ""
        self.is_second = False

    def __contains__(self, symbol: str) -> bool:
        return symbol in self._known

    @property
    def symbols(self) -> list[str]:
        return list(self._known)

    # -- what is said ----------------------------------------------------------------------

    def open(self, session: str) -> list[str]:
        """Messages that begin a session, and ask in it for whatever was asked for before."""
        self.session = session
        held, self._known = list(self._known), {}
        return [
            write("quote_create_session", session),
            write("quote_set_fields", session, *QUOTE_FIELDS),
            *self.add(held),
        ]

    def add(self, symbols: Iterable[str]) -> list[str]:
        """Messages that ask for symbols, anew where they were asked for already."""
        asked = list(dict.fromkeys(symbols))
        again = [symbol for symbol in asked if symbol in self._known]
        for symbol in asked:
            self._known[symbol] = _Known()
        messages = self._write("quote_remove_symbols", again)
        return messages + self._write("quote_add_symbols", asked)

    def remove(self, symbols: Iterable[str]) -> list[str]:
        gone = [symbol for symbol in symbols if self._known.pop(symbol, None) is not None]
        return self._write("quote_remove_symbols", gone)

    def _write(self, name: str, symbols: list[str]) -> list[str]:
        return [
            write(name, self.session, *symbols[start : start + _BATCH])
            for start in range(0, len(symbols), _BATCH)
        ]

    # -- what comes ------------------------------------------------------------------------

    def take(self, quote: Quote, ts_local: int) -> list[Event]:
        """The events of one message; nothing where the symbol is not asked for any more."""
        known = self._known.get(quote.n)
        if known is None:
            return []
        instrument = Instrument(self._venue, quote.n)
        subscription = Subscription(instrument, Channel.TICKER)
        if quote.s != "ok":
            del self._known[quote.n]
            reason = explain(quote.errmsg or quote.s)
            return [Rejection(reason, subscription=subscription)]
        values = quote.v or QuoteValues()
        events = self._learn(known, values, instrument, ts_local)
        events.append(self._read(known, values, instrument, ts_local))
        if known.mode is None or (values.update_mode and values.update_mode != known.mode):
            known.mode = values.update_mode or ""
            events.append(Loaded(subscription, note_of(known.mode)))
        if values.current_session and values.current_session != known.state:
            known.state = values.current_session
            word = clean(known.state, 40)
            events.append(Status(self._venue, instrument, word, "", 0, ts_local))
        return events

    def _learn(
        self, known: _Known, values: QuoteValues, instrument: Instrument, ts_local: int
    ) -> list[Event]:
        """Remember what later messages leave out; tell of the instrument where that is news."""
        events: list[Event] = []
        if values.lp_time is not None:
            if 0 < values.lp_time < _LATEST_S:
                known.price_ts = round(values.lp_time * NS)
            else:
                message = f"{values.lp_time} is not a time - at `$.p[1].v.lp_time`"
                events.append(ParseFailure(message, "", ts_local))
        if values.pricescale is None and values.minmov is None:
            return events
        known.scale = values.pricescale if values.pricescale is not None else known.scale
        known.steps = values.minmov if values.minmov is not None else known.steps
        known.name, known.code = values.short_name or known.name, values.currency_code or known.code
        known.decimals = decimals_of(known.scale)
        whole = QuoteValues(
            pricescale=known.scale,
            minmov=known.steps,
            short_name=known.name,
            currency_code=known.code,
        )
        info = read_info(instrument, whole)
        if info is not None and info != known.info:
            known.info = info
            events.append(info)
        return events

    def _read(
        self, known: _Known, values: QuoteValues, instrument: Instrument, ts_local: int
    ) -> Ticker:
        last = read_number(values.lp)
        return Ticker(
            instrument=instrument,
            ts_exchange=known.price_ts,
            ts_local=ts_local,
            last=last,
            last_text=write_price(last, known.decimals),
            bid=write_price(read_number(values.bid), known.decimals),
            ask=write_price(read_number(values.ask), known.decimals),
            bid_size=_write_size(values.bid_size),
            ask_size=_write_size(values.ask_size),
            open=read_number(values.open_price),
            high=read_number(values.high_price),
            low=read_number(values.low_price),
            volume=read_number(values.volume),
            change_percent=read_number(values.chp),
        )


def _write_size(size: float | None) -> str | None:
    # Where the size is not told the venue writes 0.
    return write_price(read_number(size), None) if size else None
