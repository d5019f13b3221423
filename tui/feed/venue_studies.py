"""Studies that a venue computes: defined by request, and begun on every chart that is wanted."""

from __future__ import annotations

from typing import Any

from tui.adapters.base import Adapter, StudyingAdapter
from tui.feed.error_log import ErrorLog
from tui.feed.outbox import Outbox
from tui.feed.rest_client import RestClient, is_final
from tui.feed.subscriptions import Subscriptions
from tui.model.errors import ProtocolError, TransportError
from tui.model.health import ErrorCategory
from tui.model.subscription import Channel, Subscription


class VenueStudies:
    """The studies that the user wants of a venue; none where its adapter knows no such thing."""

    def __init__(
        self,
        adapter: Adapter,
        rest: RestClient,
        *,
        subscriptions: Subscriptions,
        outbox: Outbox,
        errors: ErrorLog,
    ) -> None:
        self._adapter = adapter if isinstance(adapter, StudyingAdapter) else None
        self._venue = adapter.venue
        self._rest = rest
        self._subscriptions = subscriptions
        self._outbox = outbox
        self._errors = errors
        # By name: what the venue told of it, or None of one that it refused.
        self._known: dict[str, Any] = {}
        self._begun: set[tuple[Subscription, str]] = set()

    async def load(self) -> None:
        """Begin each study on each wanted chart that lacks it; what could not be had is on the error
        log, and asked for again with the next chart or connection unless the venue refused it."""
        if self._adapter is None:
            return
        charts = [one for one in self._subscriptions.entries if one.channel is Channel.CANDLES]
        for name in self._adapter.studies if charts else ():
            if name not in self._known:
                await self._define(self._adapter, name)
            study = self._known.get(name)
            for chart in charts:
                if study is not None and (chart, name) not in self._begun:
                    self._begun.add((chart, name))
                    for outgoing in self._adapter.add_study(chart, study):
                        self._outbox.send(outgoing)

    async def _define(self, adapter: StudyingAdapter, name: str) -> None:
        try:
            self._known[name] = await self._rest.fetch(adapter.study_request(name), lane="studies")
        except ProtocolError:
            self._known[name] = None  # said already, and it would be no other answer
        except TransportError as error:
            if is_final(error):
                self._known[name] = None
                self._errors.report(
                    ErrorCategory.SUBSCRIPTION,
                    f"no study {name}: {error.message}",
                    venue=self._venue,
                )
