"""The way to a venue: which transport is in use, how it is opened, whether a better one works again."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import msgspec

from tui.adapters.base import Adapter, Outgoing
from tui.feed.authorization import Authorization
from tui.feed.breaker import Breaker, Breakers, endpoint_of
from tui.feed.clock import Clock, within
from tui.feed.fallback import Fallback
from tui.feed.settings import FeedSettings
from tui.model.errors import TransportError
from tui.model.events import ParseFailure, Rejection
from tui.model.subscription import Subscription
from tui.model.transport import StreamRequest, TransportKind
from tui.transports.base import Connection, Transport

# What a connection on trial must do: bring something soon, then stay.
_PROOF_S = 15.0
_STEADY_S = 3.0
_TRIAL_STREAMS = 20


def internal_error(error: Exception) -> TransportError:
    """A fault of ours, in the shape of what may be tried again."""
    return TransportError(f"internal error: {type(error).__name__}: {error}")


class Route:
    """The transports of one venue, one of them in use."""

    def __init__(
        self,
        adapter: Adapter,
        transports: Mapping[TransportKind, Transport],
        fallback: Fallback,
        *,
        authorization: Authorization,
        breakers: Breakers,
        clock: Clock,
        settings: FeedSettings,
    ) -> None:
        self._adapter = adapter
        self._transports = transports
        self.fallback = fallback
        self._authorization = authorization
        self._breakers = breakers
        self._clock = clock
        self._settings = settings
        self._opened: TransportKind | None = None
        self._urls: dict[TransportKind, str] = {}

    @property
    def kind(self) -> TransportKind:
        """The transport in use, or to be used next."""
        return self.fallback.current

    @property
    def url(self) -> str:
        """Where the transport in use leads to, without what is asked for there."""
        found = self._urls.get(self.kind)
        if found is None:
            # Not of the adapter in use: an adapter remembers what it was asked for last.
            url = self._adapter.copy().stream(self.kind).url
            found = self._urls[self.kind] = url.partition("#")[0].partition("?")[0]
        return found

    @property
    def breaker(self) -> Breaker:
        """That of the endpoint in use, for this transport alone."""
        return self._breakers.of(self._endpoint)

    @property
    def _endpoint(self) -> str:
        return f"{endpoint_of(self.url)} {self.kind}"

    async def request(self, subscriptions: Collection[Subscription]) -> StreamRequest:
        """What to ask of the transport in use, with the user's token where it belongs there.

        Raises:
            TransportError: there is no token.
        """
        return await self._authorized(self._adapter.stream(self.kind, subscriptions))

    async def open(self, request: StreamRequest) -> Connection:
        """One attempt by the transport in use.

        Raises:
            TransportError: it failed.
        """
        if self._opened is not self.kind:
            # What came by another way meanwhile is known: to go on from before would double it.
            self.forget()
            self._opened = self.kind
        self.breaker.allow()
        return await self._connect(self.kind, request)

    def failed(self, error: TransportError) -> bool:
        """The connection in use could not be had or was lost; True when another way is taken."""
        self.breaker.failed()
        return self.fallback.failed(error)

    def hung_up(self) -> None:
        """The connection in use was ended on purpose."""
        self.fallback.hung_up()

    def connected(self) -> None:
        """The venue was reached: what else of it was left alone may be asked again. Whether this
        transport is of use, its data will tell."""
        self._breakers.reset(keep=self._endpoint)

    def useful(self) -> None:
        """Data came."""
        self.breaker.succeeded()
        self.fallback.useful()
        self._authorization.accepted()

    def forget(self) -> None:
        """Nothing of before is worth continuing."""
        for transport in self._transports.values():
            transport.forget()

    async def probe(self, subscriptions: Collection[Subscription]) -> TransportKind | None:
        """Try the better transport beside the one in use.

        Returns:
            The transport, when it brought data and stayed: it is the one in use from now on.
        """
        kind = self.fallback.probe_target
        if kind is None:
            return None
        # Enough to see that it works; the whole set is asked for when it is taken.
        trial = list(subscriptions)[:_TRIAL_STREAMS]
        failure = None
        try:
            await self._prove(kind, trial)
        except TransportError as error:
            failure = error
        except Exception as error:
            # A fault of ours in what is only a try must not end what goes on beside it.
            failure = internal_error(error)
        if self.fallback.probe_target is not kind:
            return None  # somebody began anew meanwhile
        if failure is not None:
            self.fallback.probe_failed(failure)
            return None
        self.fallback.probe_succeeded()
        return kind

    async def _prove(self, kind: TransportKind, trial: list[Subscription]) -> None:
        adapter = self._adapter.copy()
        request = await self._authorized(adapter.stream(kind, trial))
        connection = await self._connect(kind, request)
        try:
            if kind.is_two_way:
                await self._ask(connection, adapter, trial)
            try:
                await within(self._clock, _PROOF_S, self._listen(connection, adapter, bool(trial)))
            except TimeoutError:
                raise TransportError(f"it brought nothing within {_PROOF_S:g} s") from None
            try:
                await within(self._clock, _STEADY_S, self._listen_on(connection))
            except TimeoutError:
                return  # it stayed
        finally:
            await connection.close()

    async def _ask(
        self, connection: Connection, adapter: Adapter, trial: list[Subscription]
    ) -> None:
        first = await self._authorization.message()
        asks: list[Outgoing] = adapter.subscribe(trial) if trial else []
        for outgoing in ([first] if first else []) + asks:
            await connection.send(outgoing.text)
        if not trial:
            await connection.ping()

    async def _listen(self, connection: Connection, adapter: Adapter, expects: bool) -> None:
        """Until something came that means something."""
        while expects:
            frame = await connection.receive()
            events = adapter.decode(frame, self._clock.time_ns()) if frame else []
            if any(not isinstance(event, ParseFailure | Rejection) for event in events):
                return

    async def _listen_on(self, connection: Connection) -> None:
        while True:
            await connection.receive()

    async def _authorized(self, request: StreamRequest) -> StreamRequest:
        headers = await self._authorization.headers()
        if not headers:
            return request
        return msgspec.structs.replace(request, headers={**request.headers, **headers})

    async def _connect(self, kind: TransportKind, request: StreamRequest) -> Connection:
        return await self._transports[kind].connect(
            request, timeout_s=self._settings.connect_timeout_s
        )
