"""The command `tradetui check-feed`: tries a described feed, and says what of it was understood."""

from __future__ import annotations

import asyncio
import os
import random
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Final

from tui.adapters.generic import DescribedAdapter, read_headers
from tui.adapters.generic.description import Description, Rule
from tui.adapters.generic.rows import Tally
from tui.config import Settings, nearest
from tui.event_words import describe_event
from tui.feed.clock import SystemClock
from tui.feed.error_log import ErrorLog
from tui.feed.feed import Feed
from tui.feed.redaction import Redactor
from tui.feed.trace import TraceKind
from tui.market.market import Market
from tui.model.errors import ConfigError, TradeTuiError
from tui.model.events import Event
from tui.model.health import ErrorRecord
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription, SubscriptionStatus
from tui.model.text import clean
from tui.transports.rest import RestTransport

SECONDS: Final = 15.0
"""How long to listen, at most."""

_SHOWN: Final = 20
_SHOWN_OF_A_KIND: Final = 3
_LONGEST_LINE: Final = 300
_LINGER_S: Final = 3.0
_CLOSE_S: Final = 3.0
_LOOK_S: Final = 0.05
_A_DAY_NS: Final = 86_400 * 10**9

Write = Callable[[str], None]


async def check_feed(
    name: str,
    symbol: str | None,
    settings: Settings,
    *,
    write: Write,
    seconds: float = SECONDS,
    linger_s: float = _LINGER_S,
    environment: Mapping[str, str] = os.environ,
) -> bool:
    """Connect, ask for everything that is described, and tell what comes of it.

    Args:
        name: of the feed, in any case.
        symbol: what to ask for; None for the first that the feed lists.
        write: gets each line, without secrets and without control characters.
        seconds: how long to listen at most.
        linger_s: how long to go on once everything brought data.
        environment: where the headers have their values.

    Returns:
        True where data came and all of it was understood.

    Raises:
        ConfigError: there is no such feed, a header's variable is not set, or no symbol is known.
    """
    venue = name.upper()
    description = settings.feeds.get(venue)
    if description is None:
        hint = nearest(name, settings.feeds, f"describe it below [feeds.{name.lower()}]")
        raise ConfigError(f"there is no feed {name[:40]!r}", hint)
    redactor = Redactor()
    check = _Check(write, redactor)
    adapter = _WatchedAdapter(
        description,
        venue=venue,
        headers=read_headers(venue, description, environment),
        tally=check.tally,
        watch=check.received,
    )
    for secret in adapter.secrets:
        redactor.add(secret)
    rest = RestTransport()
    try:
        async with asyncio.timeout(seconds + _CLOSE_S):
            return await check.run(adapter, description, symbol, settings, rest, seconds, linger_s)
    except TimeoutError:
        check.say("! it did not end in time")
        return False
    finally:
        await rest.close()


class _WatchedAdapter(DescribedAdapter):
    """A described venue; somebody is told of each frame and of what it means."""

    def __init__(
        self,
        description: Description,
        *,
        venue: str,
        headers: Mapping[str, str],
        tally: Tally,
        watch: Callable[[bytes, list[Event]], None],
    ) -> None:
        super().__init__(description, venue=venue, headers=headers, tally=tally)
        self._watch = watch

    def decode(self, frame: bytes, ts_local: int) -> list[Event]:
        """As described."""
        events = super().decode(frame, ts_local)
        self._watch(frame, events)
        return events


class _Check:
    """One try; also the trace of its feed, for what is sent and for how the connection does."""

    is_on = True

    def __init__(self, write: Write, redactor: Redactor) -> None:
        self.tally = Tally()
        self._write = write
        self._redactor = redactor
        self._messages = 0
        self._kinds: Counter[str] = Counter()
        self._problems = 0

    def say(self, text: str) -> None:
        self._write(clean(self._redactor.hide(text, 2 * _LONGEST_LINE), _LONGEST_LINE))

    async def run(
        self,
        adapter: DescribedAdapter,
        description: Description,
        symbol: str | None,
        settings: Settings,
        rest: RestTransport,
        seconds: float,
        linger_s: float,
    ) -> bool:
        """Keep the feed live for a while, then sum up."""
        clock = SystemClock()
        market = Market()
        feed = Feed(
            adapter,
            market,
            rest=rest,
            clock=clock,
            rng=random.Random(),
            errors=ErrorLog(clock, write=self._failed, redactor=self._redactor),
            settings=settings.limits,
            trace=self,
        )
        end = clock.monotonic() + seconds
        running = asyncio.create_task(feed.run())
        try:
            instrument = await self._choose(feed, adapter, description, symbol)
            wanted = _subscriptions(adapter, description, instrument)
            self.say(f"- {instrument}: {', '.join(str(one.channel) for one in wanted)}")
            feed.want(wanted)
            fed_since: float | None = None
            while (now := clock.monotonic()) < end and not running.done():
                if fed_since is None and all(_is_fed(market, one) for one in wanted):
                    fed_since = now
                if fed_since is not None and (
                    now - fed_since >= linger_s or self._messages >= _SHOWN
                ):
                    break
                await asyncio.sleep(_LOOK_S)
            states = feed.subscription_states()
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        return self._sum_up(description, states)

    async def _choose(
        self, feed: Feed, adapter: DescribedAdapter, description: Description, symbol: str | None
    ) -> Instrument:
        if symbol is not None:
            return Instrument(adapter.venue, symbol)
        if description.symbols:
            return Instrument(adapter.venue, next(iter(description.symbols)))
        hint = f"name one: tradetui check-feed {adapter.venue.lower()} SYMBOL"
        try:
            listed = await feed.instruments()
        except TradeTuiError as error:
            raise ConfigError(f"no symbol is known ({error.message})", hint) from error
        if not listed:
            raise ConfigError("no symbol is known", hint)
        return listed[0].instrument

    # -- what the feed tells ---------------------------------------------------------------

    def note(self, kind: TraceKind, venue: str, text: str | bytes) -> None:
        """The feed's trace."""
        shown = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
        if kind is TraceKind.CONNECTION:
            self.say(f"- {shown}")
        elif kind is TraceKind.FRAME_OUT:
            self.say(f"> {shown}")

    def received(self, frame: bytes, events: list[Event]) -> None:
        """A frame came; the first of each kind are shown."""
        self._messages += 1
        meaning = " ".join(sorted({type(event).__name__ for event in events}))
        self._kinds[meaning] += 1
        if self._messages > _SHOWN or self._kinds[meaning] > _SHOWN_OF_A_KIND:
            return
        name = str(getattr(frame, "event", ""))
        self.say(
            f"< {name + ': ' if name else ''}{frame[:_LONGEST_LINE].decode('utf-8', 'replace')}"
        )
        for event in events[:_SHOWN_OF_A_KIND]:
            self.say(f"    {describe_event(event)}")
            ts, ts_local = getattr(event, "ts_exchange", 0), getattr(event, "ts_local", 0)
            if ts and abs(ts - ts_local) > _A_DAY_NS:
                self.say("    more than a day from now: is its time_unit right?")
        if len(events) > _SHOWN_OF_A_KIND:
            self.say(f"    and {len(events) - _SHOWN_OF_A_KIND} more")
        if not events:
            self.say("    passed over")

    def _failed(self, record: ErrorRecord) -> None:
        self._problems += 1
        if record.count == 1:
            where = f"{record.instrument}: " if record.instrument is not None else ""
            self.say(f"! {record.category}: {where}{record.message}")

    # -- the end ---------------------------------------------------------------------------

    def _sum_up(
        self,
        description: Description,
        states: Collection[tuple[Subscription, SubscriptionStatus, str]],
    ) -> bool:
        self.say("")
        self.say(f"{self._messages} messages")
        for subscription, status, reason in states:
            self.say(f"{subscription.channel}: {status}{f' ({reason})' if reason else ''}")
        is_wrong = False
        for rule in _rules(description):
            fields = [*rule.fields, *(["rows"] if rule.rows is not None else [])]
            looked = [
                field
                for field in fields
                if self.tally.found[rule.name, field] or self.tally.missed[rule.name, field]
            ]
            if fields and not looked:
                self.say(f"{rule.name}: none came")
            for field in looked:
                is_wrong |= self._judge(rule, field)
        is_live = self._messages > 0 and any(
            status is SubscriptionStatus.LIVE for _, status, _ in states
        )
        is_good = is_live and not is_wrong and not self._problems
        if is_good:
            self.say("everything that came was understood")
        elif not is_live:
            self.say("nothing came" if not self._messages else "nothing is live")
        return is_good

    def _judge(self, rule: Rule, field: str) -> bool:
        """Say how a path did where it missed; True where it never found anything."""
        found, missed = self.tally.found[rule.name, field], self.tally.missed[rule.name, field]
        if not missed:
            return False
        pointer = rule.rows if field == "rows" else rule.fields[field]
        path = repr(pointer.text if pointer is not None else "")
        if found:
            self.say(
                f"{rule.name}.{field}: {path} found something {found} of {found + missed} times"
            )
            return False
        self.say(f"! {rule.name}.{field}: {path} matched nothing, {missed} times")
        return True


def _subscriptions(
    adapter: DescribedAdapter, description: Description, instrument: Instrument
) -> list[Subscription]:
    channels = set(adapter.channels)
    if "ticker" in description.requests:
        channels.add(Channel.TICKER)
    wanted = [Subscription(instrument, one) for one in Channel if one in channels]
    wanted = [one for one in wanted if one.channel is not Channel.CANDLES]
    if adapter.timeframes:
        wanted.append(Subscription(instrument, Channel.CANDLES, adapter.timeframes[0]))
    return wanted


def _is_fed(market: Market, subscription: Subscription) -> bool:
    """True where data came; of candles, which may be built, where they are live."""
    truth = market.truth(subscription)
    came = truth.last_data > 0 or subscription.channel is Channel.CANDLES
    return truth.status is SubscriptionStatus.LIVE and came


def _rules(description: Description) -> Iterator[Rule]:
    yield from description.messages
    for request in description.requests.values():
        yield request.rule
