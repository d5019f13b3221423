"""The oracle is not blind: a client that is wrong in any way it looks for is found out."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest
from byte_proxy import Way
from world import BTC, EVERYTHING, SECOND, World

from tui.model.subscription import Channel, Subscription
from tui.model.transport import TransportKind

BOOK = Subscription(BTC, Channel.BOOK)


def _spoil_book(world: World) -> None:
    state = world.market[BTC]
    # Where nobody bids, so that nothing of the venue's puts it right before anybody looks.
    state.book.bids.apply([("1000.00", "0.50000000")])
    world.market.book_changed(BTC)


def _spoil_candle(world: World) -> None:
    series = world.market[BTC].series(SECOND)
    old = series.candles[-5]
    series.upsert(msgspec.structs.replace(old, high=old.high + 1.0, volume=old.volume + 1.0))


def _spoil_tape(world: World) -> None:
    world.market.mark_missed(BTC, 1)


def _forget_trade(world: World) -> None:
    arrived = world.market.arrived[BTC]
    arrived.discard(max(arrived))


@pytest.mark.parametrize(
    ("spoil", "found"),
    [
        (_spoil_book, "BTCUSDT book: bids: 1 levels are not the engine's"),
        (_spoil_candle, "BTCUSDT candles 1s: candle of"),
        (_spoil_tape, "BTCUSDT trades: 0 trades never came ([]...), 1 are said to be missed"),
        (_forget_trade, "BTCUSDT trades: 1 trades never came"),
    ],
)
async def test_what_is_shown_and_not_true_is_found(
    spoil: Callable[[World], None], found: str
) -> None:
    async with World() as world:
        world.want(EVERYTHING)
        await world.until_true()
        await world.sleep(5.0)

        spoil(world)

        with pytest.raises(AssertionError) as caught:
            await world.until_true(within_s=0.0)
    assert found in str(caught.value)


async def test_what_an_instrument_showed_as_it_woke_was_true() -> None:
    async with World() as world:
        pair = world.truth.pair("PEPEUSDT")

        assert world.truth.history["PEPEUSDT"].newest_top is not None
        assert world.truth.history["PEPEUSDT"].newest_top[0] == pair.engine.update_id


async def test_a_subscription_that_is_not_there_is_found() -> None:
    async with World() as world:
        world.want(EVERYTHING)
        await world.until_true()

        world.feed.want([one for one in EVERYTHING if one != BOOK])

        with pytest.raises(AssertionError) as caught:
            await world.until_true(within_s=0.0)
    assert "BTCUSDT book is off" in str(caught.value)
    assert "and not ['btcusdt@depth@100ms']" in str(caught.value)


async def test_old_data_that_is_called_live_is_found() -> None:
    async with World(kinds=[TransportKind.WEBSOCKET]) as world:
        world.want(EVERYTHING)
        await world.until_true()
        world.check()
        truths = {one: world.market.truth(one) for one in EVERYTHING}

        world.stream.silent = frozenset({Way.DOWN})
        world.market.truth = truths.__getitem__  # type: ignore[method-assign]
        await world.sleep(20.0)

    told = "\n".join(world.oracle.complaints)
    assert "BTCUSDT book: the book was last true at" in told
    assert "BTCUSDT ticker: the price was last true at" in told
    assert "BTCUSDT candles 1s: the candle" in told
    assert "BTCUSDT trades: trade " in told
