"""What waits to be sent to a venue."""

from __future__ import annotations

import asyncio
import json

from tui.adapters.base import Outgoing
from tui.adapters.binance import BinanceAdapter
from tui.feed.clock import ManualClock
from tui.feed.error_log import ErrorLog
from tui.feed.outbox import Outbox
from tui.model.errors import TradeTuiError
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription
from tui.model.timeframe import Timeframe


def ticker(symbol: str) -> Subscription:
    return Subscription(Instrument("BINANCE", symbol), Channel.TICKER)


class Sent:
    """Takes from an outbox as the sender task does, and notes when."""

    def __init__(self, outbox: Outbox, clock: ManualClock) -> None:
        self.messages: list[tuple[float, str, list[str]]] = []
        self._outbox = outbox
        self._clock = clock
        self.task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        while True:
            outgoing, _ = await self._outbox.next()
            said = json.loads(outgoing.text)
            self.messages.append((self._clock.monotonic(), said["method"], said["params"]))


def refuse(subscription: Subscription, error: TradeTuiError) -> None:
    raise AssertionError(f"{subscription}: {error}")


async def test_wishes_of_one_moment_go_out_in_one_message() -> None:
    clock = ManualClock()
    outbox = Outbox(BinanceAdapter(), clock, refuse)
    sent = Sent(outbox, clock)
    outbox.subscribe([ticker("BTCUSDT")])
    outbox.subscribe([ticker("ETHUSDT")])

    await clock.advance(0.0)

    assert sent.messages == [(0.0, "SUBSCRIBE", ["btcusdt@ticker", "ethusdt@ticker"])]
    sent.task.cancel()


async def test_an_unsubscribe_cancels_a_subscribe_that_still_waits() -> None:
    clock = ManualClock()
    outbox = Outbox(BinanceAdapter(), clock, refuse)
    outbox.subscribe([ticker("BTCUSDT"), ticker("ETHUSDT")])
    outbox.unsubscribe([ticker("BTCUSDT")])
    sent = Sent(outbox, clock)

    await clock.advance(10.0)

    assert sent.messages == [(0.0, "SUBSCRIBE", ["ethusdt@ticker"])]
    sent.task.cancel()


async def test_what_was_asked_for_and_is_wanted_again_is_given_up_first() -> None:
    clock = ManualClock()
    outbox = Outbox(BinanceAdapter(), clock, refuse)
    sent = Sent(outbox, clock)
    outbox.subscribe([ticker("BTCUSDT")])
    await clock.advance(2.0)

    outbox.unsubscribe([ticker("BTCUSDT")])
    outbox.subscribe([ticker("BTCUSDT")])
    await clock.advance(2.0)

    assert [method for _, method, _ in sent.messages] == ["SUBSCRIBE", "UNSUBSCRIBE", "SUBSCRIBE"]
    sent.task.cancel()


async def test_a_flicker_ends_as_it_was_wanted_last() -> None:
    clock = ManualClock()
    outbox = Outbox(BinanceAdapter(), clock, refuse)
    sent = Sent(outbox, clock)
    outbox.subscribe([ticker("BTCUSDT")])
    await clock.advance(2.0)

    for _ in range(5):
        outbox.unsubscribe([ticker("BTCUSDT")])
        outbox.subscribe([ticker("BTCUSDT")])
    outbox.unsubscribe([ticker("BTCUSDT")])
    await clock.advance(2.0)

    assert [method for _, method, _ in sent.messages] == ["SUBSCRIBE", "UNSUBSCRIBE"]
    sent.task.cancel()


async def test_the_venues_rate_is_never_exceeded() -> None:
    clock = ManualClock()
    outbox = Outbox(BinanceAdapter(), clock, refuse)
    sent = Sent(outbox, clock)
    outbox.ask_separately([[ticker(f"S{number}USDT")] for number in range(10)])

    for _ in range(100):
        await clock.advance(0.1)

    moments = [moment for moment, _, _ in sent.messages]
    assert len(moments) == 10
    for start in moments:
        assert sum(start <= moment < start + 0.99 for moment in moments) <= 3
    assert moments[-1] < 4.0
    sent.task.cancel()


async def test_replies_go_first() -> None:
    clock = ManualClock()
    outbox = Outbox(BinanceAdapter(), clock, refuse)
    outbox.subscribe([ticker("BTCUSDT")])
    outbox.reply("pong")

    outgoing, asks = await outbox.next()

    assert (outgoing, asks) == (Outgoing("pong"), False)


async def test_what_the_adapter_cannot_say_harms_only_itself() -> None:
    refused: list[Subscription] = []
    clock = ManualClock()
    outbox = Outbox(BinanceAdapter(), clock, lambda one, error: refused.append(one))
    odd = Subscription(Instrument("BINANCE", "BTCUSDT"), Channel.CANDLES, Timeframe.parse("7m"))
    sent = Sent(outbox, clock)

    outbox.subscribe([odd, ticker("ETHUSDT")])
    await clock.advance(0.0)

    assert sent.messages == [(0.0, "SUBSCRIBE", ["ethusdt@ticker"])]
    assert refused == [odd]
    sent.task.cancel()


async def test_a_lost_connection_forgets_everything() -> None:
    outbox = Outbox(BinanceAdapter(), ManualClock(), refuse)
    outbox.subscribe([ticker("BTCUSDT")])
    outbox.reply("pong")

    outbox.clear()

    assert len(outbox) == 0


async def test_what_still_waits_as_a_message_is_taken_back() -> None:
    outbox = Outbox(BinanceAdapter(), ManualClock(), refuse)
    outbox.ask_separately([[ticker("BTCUSDT")], [ticker("ETHUSDT")]])

    outbox.unsubscribe([ticker("BTCUSDT")])

    outgoing, asks = await outbox.next()
    assert (json.loads(outgoing.text)["params"], asks) == (["ethusdt@ticker"], True)
    assert len(outbox) == 0


async def test_what_was_sent_and_is_not_answered_is_given_up_in_words() -> None:
    outbox = Outbox(BinanceAdapter(), ManualClock(), refuse)
    outbox.subscribe([ticker("BTCUSDT")])
    await outbox.next()

    outbox.unsubscribe([ticker("BTCUSDT")])

    outgoing, asks = await outbox.next()
    assert (json.loads(outgoing.text)["method"], asks) == ("UNSUBSCRIBE", False)


async def test_too_many_messages_lose_the_oldest_and_say_so() -> None:
    clock = ManualClock()
    errors = ErrorLog(clock)
    outbox = Outbox(BinanceAdapter(), clock, refuse, errors)
    for number in range(3000):
        outbox.send(Outgoing(f"ping {number}"))
    for number in range(20):
        outbox.reply(f"pong {number}")

    assert (len(outbox), outbox.dropped) == (2048 + 16, 952 + 4)
    (record,) = errors.records()
    assert record.message.startswith("messages to the venue dropped")
    assert record.count == 956
    assert (await outbox.next())[0].text == "pong 4"


async def test_a_wish_is_never_lost_however_many_messages_wait() -> None:
    outbox = Outbox(BinanceAdapter(), ManualClock(), refuse)
    for number in range(2048):
        outbox.send(Outgoing(f"ping {number}"))

    outbox.ask_separately([[ticker("BTCUSDT")], [ticker("ETHUSDT")]])
    outbox.resubscribe([ticker("XRPUSDT")])

    assert (len(outbox), outbox.dropped) == (2048 + 4, 0)
