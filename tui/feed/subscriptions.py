"""How each subscription of one venue stands: asked, acknowledged, flowing, silent, rejected."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

import msgspec

from tui.adapters.base import Adapter, Outgoing
from tui.feed.clock import Clock
from tui.feed.settings import FeedSettings
from tui.feed.streams import Entry, Stream
from tui.model.events import Rejection
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription, SubscriptionStatus

_WAITING = "waiting for the connection"
_ASKED_IN_VAIN = 3
_DOUBLINGS = 6
# Whoever is never answered is not remembered for ever.
_MOST_REQUESTS = 1024


class Change(msgspec.Struct, frozen=True):
    """What a new set of wishes means: entries that came and went, and streams that did."""

    added: list[Subscription]
    removed: list[Subscription]
    ask: list[Subscription]
    give_up: list[Subscription]


class Subscriptions:
    """The registry of one feed. `changed` is called with every entry whose truth changed."""

    def __init__(
        self,
        adapter: Adapter,
        settings: FeedSettings,
        clock: Clock,
        changed: Callable[[Entry], None],
    ) -> None:
        self._adapter = adapter
        self._settings = settings
        self._clock = clock
        self._changed = changed
        self._requests: dict[int, tuple[Subscription, ...]] = {}
        self._down = _WAITING
        self.entries: dict[Subscription, Entry] = {}
        self.streams: dict[Subscription, Stream] = {}

    # -- wishes ----------------------------------------------------------------------------

    def want(self, subscriptions: Iterable[Subscription]) -> Change:
        """Make the wanted set exactly this one."""
        wanted = dict.fromkeys(subscriptions)
        change = Change([], [], [], [])
        for subscription in [held for held in self.entries if held not in wanted]:
            self._remove(subscription, change)
        for subscription in wanted:
            if subscription not in self.entries:
                self._add(subscription, change)
        if change.give_up:
            self._let_in(change)
        return change

    def source(self, subscription: Subscription) -> Subscription | None:
        """What must be streamed for it; None where the venue has nothing of the kind."""
        channels = self._adapter.channels
        channel = subscription.channel
        trades = Subscription(subscription.instrument, Channel.TRADES)
        if channel is Channel.CANDLES:
            streamed = self._adapter.streamed_timeframes
            if channel in channels and subscription.timeframe in streamed:
                return subscription
            return trades if Channel.TRADES in channels else None
        if channel in channels:
            return subscription
        return trades if channel is Channel.TICKER and Channel.TRADES in channels else None

    def _add(self, subscription: Subscription, change: Change) -> None:
        source = self.source(subscription)
        stream = self.streams.get(source) if source is not None else None
        refusal = None
        if source is None:
            refusal = f"{self._adapter.venue} has no such channel"
        elif stream is None and len(self.streams) >= self._adapter.limits.streams_per_connection:
            refusal = self._full
        entry = Entry(subscription, None)
        entry.rejected = refusal
        self.entries[subscription] = entry
        change.added.append(subscription)
        if refusal is None and source is not None:
            if stream is None:
                stream = self.streams[source] = Stream(source)
                change.ask.append(source)
            stream.users[subscription] = entry
            entry.stream = stream
        self.settle(entry)

    @property
    def _full(self) -> str:
        return f"more than {self._adapter.limits.streams_per_connection} subscriptions"

    def _let_in(self, change: Change) -> None:
        """Take up, in their order, those for which there was no room, as far as there is some now."""
        for subscription in [
            one for one, held in self.entries.items() if held.rejected == self._full
        ]:
            if len(self.streams) < self._adapter.limits.streams_per_connection:
                del self.entries[subscription]
                self._add(subscription, change)

    def _remove(self, subscription: Subscription, change: Change) -> None:
        entry = self.entries.pop(subscription)
        change.removed.append(subscription)
        if entry.stream is not None and self._leave(entry):
            change.give_up.append(entry.stream.subscription)
        entry.status, entry.reason, entry.verified = SubscriptionStatus.OFF, "", False
        self._changed(entry)

    def _leave(self, entry: Entry) -> bool:
        """Take an entry off its stream; True when nobody is left on it."""
        stream = entry.stream
        assert stream is not None
        stream.users.pop(entry.subscription, None)
        if stream.users:
            return False
        self.streams.pop(stream.subscription, None)
        # A late answer to its request says nothing of the same stream asked for again.
        for request_id, asked in list(self._requests.items()):
            if stream.subscription in asked:
                rest = tuple(one for one in asked if one != stream.subscription)
                if rest:
                    self._requests[request_id] = rest
                else:
                    del self._requests[request_id]
        return True

    # -- requests --------------------------------------------------------------------------

    def sent(self, outgoing: Outgoing) -> list[Stream]:
        """Note that a message that asks for its subscriptions went out.

        Returns:
            The streams that count as acknowledged by that, because the venue answers nothing.
        """
        now = self._clock.monotonic()
        acked = []
        for subscription in outgoing.subscriptions:
            stream = self.streams.get(subscription)
            if stream is None:
                continue
            stream.asked_at = now
            stream.attempts += 1
            if outgoing.request_id is None and not stream.acked:
                stream.acked = True
                acked.append(stream)
            self._settle_stream(stream)
        if outgoing.request_id is not None:
            self._requests[outgoing.request_id] = outgoing.subscriptions
            if len(self._requests) > _MOST_REQUESTS:
                del self._requests[next(iter(self._requests))]
        return acked

    def acknowledge(self, request_id: int) -> list[Stream]:
        """The venue accepted a request; returns the streams that are acknowledged by it."""
        acked = []
        for subscription in self._requests.pop(request_id, ()):
            stream = self.streams.get(subscription)
            if stream is not None and not stream.acked:
                stream.acked = True
                acked.append(stream)
                self._settle_stream(stream)
        return acked

    def refuse(self, rejection: Rejection) -> tuple[list[Entry], list[Collection[Subscription]]]:
        """The venue refused.

        Returns:
            The entries that are rejected for good, and groups to ask for again separately: of a
            request for several, only one may be at fault.
        """
        if rejection.subscription is not None:
            blamed: tuple[Subscription, ...] = (rejection.subscription,)
        elif rejection.request_id is not None:
            blamed = self._requests.pop(rejection.request_id, ())
        else:
            blamed = ()
        blamed = tuple(one for one in blamed if one in self.streams)
        if len(blamed) > 1:
            half = len(blamed) // 2
            return [], [blamed[:half], blamed[half:]]
        return self.reject(blamed, rejection.reason), []

    def reject(self, sources: Iterable[Subscription], reason: str) -> list[Entry]:
        """Mark everything that lives on these streams as rejected, and drop the streams."""
        rejected: list[Entry] = []
        for source in sources:
            stream = self.streams.pop(source, None)
            if stream is None:
                continue
            for entry in stream.users.values():
                entry.rejected = reason
                entry.stream = None
                rejected.append(entry)
                self.settle(entry)
        return rejected

    def explain(self, instrument: Instrument, hint: str) -> None:
        """Add a hint to why an instrument's subscriptions are rejected."""
        for entry in self.entries.values():
            why = entry.rejected
            if entry.subscription.instrument == instrument and why and hint not in why:
                entry.rejected = f"{why}; {hint}"
                self.settle(entry)

    def sources_of(self, instrument: Instrument) -> list[Subscription]:
        return [source for source in self.streams if source.instrument == instrument]

    def forgive(self) -> list[Subscription]:
        """Take up again what was rejected, and return it: the user wants another try."""
        change = Change([], [], [], [])
        for entry in [entry for entry in self.entries.values() if entry.rejected is not None]:
            del self.entries[entry.subscription]
            self._add(entry.subscription, change)
        return change.added

    def overdue(self) -> list[Subscription]:
        """Streams asked for and not answered in time; the clock starts anew for them. What stays
        without an answer is asked for ever more rarely."""
        now = self._clock.monotonic()
        late = []
        for stream in self.streams.values():
            asked_at = stream.asked_at
            if stream.acked or asked_at is None:
                continue
            in_vain = min(max(0, stream.attempts - _ASKED_IN_VAIN), _DOUBLINGS)
            if asked_at <= now - self._settings.ack_timeout_s * 2.0**in_vain:
                stream.asked_at = now
                late.append(stream.subscription)
        return late

    # -- the connection --------------------------------------------------------------------

    def connected(self) -> None:
        """A new connection: nothing is asked for yet."""
        self._down = ""
        self._requests.clear()
        for stream in self.streams.values():
            stream.forget()
        for entry in self.entries.values():
            entry.loaded = False
            entry.note = ""
            self.settle(entry)

    def lost(self, reason: str) -> None:
        """The connection is gone: nothing is live."""
        self._down = reason
        self._requests.clear()
        for stream in self.streams.values():
            stream.forget()
        for entry in self.entries.values():
            entry.loaded = False
            self.settle(entry)

    def restart(self) -> None:
        """Nothing was ever live: all facts were dropped."""
        for entry in self.entries.values():
            entry.lived = False
            entry.loaded = False

    # -- data ------------------------------------------------------------------------------

    def data(self, stream: Stream) -> None:
        """Data came on a stream."""
        stream.data_at = self._clock.monotonic()
        if not stream.flowing or stream.silent:
            stream.acked = stream.flowing = True
            stream.silent = False
            self._settle_stream(stream)

    def loaded(self, subscription: Subscription, note: str = "") -> None:
        """History or snapshot is complete; `note` is what the screen says of a live one."""
        entry = self.entries.get(subscription)
        if entry is not None:
            entry.loaded = True
            entry.note = note
            self.settle(entry)

    def is_loaded(self, subscription: Subscription) -> bool:
        """True once its history or snapshot is complete."""
        entry = self.entries.get(subscription)
        return entry is not None and entry.loaded

    def syncing(self, subscription: Subscription, note: str) -> None:
        """History or snapshot is not there, or no longer right."""
        entry = self.entries.get(subscription)
        if entry is not None:
            entry.loaded = False
            entry.note = note
            self.settle(entry)

    def check_silence(self) -> list[Stream]:
        """Mark streams that should flow and do not; returns those that fell silent just now."""
        now = self._clock.monotonic()
        fallen = []
        for stream in self.streams.values():
            patience = self._patience_s(stream.subscription.channel)
            since = stream.data_at if stream.data_at is not None else stream.asked_at
            if patience is None or since is None or stream.silent or now - since <= patience:
                continue
            stream.silent = True
            fallen.append(stream)
            self._settle_stream(stream)
        return fallen

    def hopeless(self) -> Subscription | None:
        """A stream that stays silent though it was asked for again: only a new connection may help.

        It may as well be a market that sleeps: each time the patience with it doubles.
        """
        now = self._clock.monotonic()
        for stream in self.streams.values():
            patience = self._patience_s(stream.subscription.channel)
            since = stream.data_at if stream.data_at is not None else stream.asked_at
            if not stream.silent or patience is None or since is None:
                continue
            if now - since > 2.0 * patience * 2.0 ** min(stream.given_up, _DOUBLINGS):
                stream.given_up += 1
                return stream.subscription
        return None

    def is_ignored(self) -> bool:
        """True when everything was asked for several times and nothing was ever answered."""
        limit = self._clock.monotonic() - self._settings.ack_timeout_s
        return bool(self.streams) and all(
            not stream.acked
            and stream.attempts >= _ASKED_IN_VAIN
            and stream.asked_at is not None
            and stream.asked_at <= limit
            for stream in self.streams.values()
        )

    def _patience_s(self, channel: Channel) -> float | None:
        normal = self._adapter.liveness.channels.get(channel)
        return None if normal is None else max(normal, self._settings.stale_after_s)

    def counts(self) -> dict[str, int]:
        """How many entries there are by status word."""
        counts: dict[str, int] = {}
        for entry in self.entries.values():
            counts[entry.status.value] = counts.get(entry.status.value, 0) + 1
        return counts

    # -- status ----------------------------------------------------------------------------

    def _settle_stream(self, stream: Stream) -> None:
        for entry in stream.users.values():
            self.settle(entry)

    def settle(self, entry: Entry) -> None:
        """Work out an entry's status from what is known, and tell if it changed."""
        status, reason = self._status(entry)
        verified = status is SubscriptionStatus.LIVE and entry.subscription.channel is Channel.BOOK
        if status is SubscriptionStatus.LIVE:
            entry.lived = True
        if (status, reason, verified) != (entry.status, entry.reason, entry.verified):
            entry.status, entry.reason, entry.verified = status, reason, verified
            self._changed(entry)

    def _status(self, entry: Entry) -> tuple[SubscriptionStatus, str]:
        stream = entry.stream
        if entry.rejected is not None or stream is None:
            return SubscriptionStatus.REJECTED, entry.rejected or ""
        if self._down:
            status = SubscriptionStatus.STALE if entry.lived else SubscriptionStatus.PENDING
            return status, self._down
        if not stream.acked:
            if stream.attempts > 1:
                return SubscriptionStatus.PENDING, f"no answer, asked {stream.attempts} times"
            return SubscriptionStatus.PENDING, "subscribing"
        silence = ""
        if stream.silent:
            silence = f"no data for {self._patience_s(stream.subscription.channel):g} s"
        if not _is_ready(entry, stream):
            return SubscriptionStatus.SYNCING, entry.note or silence or "waiting for data"
        if silence:
            return SubscriptionStatus.STALE, silence
        return SubscriptionStatus.LIVE, entry.note


def _is_ready(entry: Entry, stream: Stream) -> bool:
    """A book and candles need what came before; a price or a trade stands for itself."""
    if entry.subscription.channel in (Channel.BOOK, Channel.CANDLES):
        return entry.loaded
    return entry.loaded or stream.flowing
