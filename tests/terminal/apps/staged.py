"""The program over a staged market where nothing moves but by a key, and that says when it is done.

Keys beside the program's own: F8 lets the market move by chance, F9 takes notices away, F11 paints
everything anew, and F12 sets the title of the terminal to "done" and a number, one more each time, as
soon as nothing more is to be painted. With the argument "writes" it erases nothing, it writes blanks.
"""

from __future__ import annotations

import asyncio
import random
import sys
from typing import ClassVar

from moved_market import HOSTILE, WALKED, MovedMarket, StillApp
from staging import staged_app
from textual.binding import Binding, BindingType
from textual.command import CommandPalette

from tui.feed.clock import ManualClock
from tui.model.health import ErrorCategory
from tui.model.subscription import SubscriptionStatus

_QUIET_LOOKS = 6
_QUIET_LOOKS_OF_PALETTE = 50  # it tells late that it has found nothing
_LOOK_S = 0.015


class WalkedApp(StillApp):
    """Takes the keys of a walk before anything else does."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f8", "move", show=False, priority=True),
        Binding("f9", "take_notices_away", show=False, priority=True),
        Binding("f11", "redraw", show=False, priority=True),
        Binding("f12", "tell_done", show=False, priority=True),
    ]
    done = 0

    def on_mount(self) -> None:
        self.market = MovedMarket(self)
        self.dice = random.Random(1)
        self.market.begin()
        super().on_mount()
        self.call_after_refresh(self.frame)

    async def action_move(self) -> None:
        market, dice = self.market, self.dice
        for _ in range(dice.randint(1, 12)):
            instrument, offset = dice.choice(WALKED), dice.randint(-9, 9)
            kind = dice.randrange(9)
            if kind < 3:
                market.trade(instrument, offset, 0.5 + dice.random() ** 4 * 900)
            elif kind == 3:
                market.tick(instrument, offset)
            elif kind == 4:
                levels = [(dice.randint(1, 30), dice.choice([0, 0.1, 300])) for _ in range(4)]
                market.change_book(instrument, levels)
            elif kind == 5:
                market.change_candle(instrument, offset * 30, dice.random() * 90)
            elif kind == 6:
                status = dice.choice(list(SubscriptionStatus))
                market.tell_truth(instrument, status, dice.choice(HOSTILE))
            elif kind == 7:
                self.session.errors.report(ErrorCategory.SERVER, dice.choice(HOSTILE))
            else:
                market.announce(instrument, dice.choice(HOSTILE), dice.randrange(3))
        clock = self._source.clock
        assert isinstance(clock, ManualClock)
        await clock.advance(dice.choice([0.1, 1.0, 40.0]))
        self.frame()

    def action_take_notices_away(self) -> None:
        self.clear_notifications()

    def action_tell_done(self) -> None:
        self.run_worker(self._tell_done())

    async def _tell_done(self) -> None:
        quiet = sent = 0
        wanted = 0
        while quiet < wanted or not wanted or self.is_behind:
            await asyncio.sleep(_LOOK_S)
            is_palette = isinstance(self.screen, CommandPalette)
            wanted = _QUIET_LOOKS_OF_PALETTE if is_palette else _QUIET_LOOKS
            quiet = quiet + 1 if sent == self.terminal_meter.frames_sent else 0
            sent = self.terminal_meter.frames_sent
        self.done += 1
        assert self._driver is not None
        self._driver.write(f"\x1b]2;done {self.done}\x1b\\")


if __name__ == "__main__":
    app = staged_app(kind=WalkedApp, filled=False, instruments=WALKED)
    app.can_erase = sys.argv[1:] != ["writes"]
    app.run()
