"""The title line of the panels that show the chosen one's book, and what may be said of that book."""

from __future__ import annotations

from tui.model.instrument import Instrument
from tui.model.subscription import SubscriptionStatus, Truth
from tui.model.text import clean
from tui.model.transport import TransportKind
from tui.widgets.line_widget import Part, Row
from tui.widgets.look import Look
from tui.widgets.title import title_row


def book_note(truth: Truth) -> str:
    """What the title of a book that is not verified says beside its state."""
    if truth.status is SubscriptionStatus.SYNCING and truth.reason:
        return clean(truth.reason, 40)
    return "unverified" if truth.status is SubscriptionStatus.LIVE and not truth.verified else ""


def book_name(instrument: Instrument, look: Look) -> list[Part]:
    """Title part of the panels that follow the chosen one."""
    return [(f" {clean(instrument.symbol, 20)} ", look.title)]


def is_sound(truth: Truth) -> bool:
    """True of a book that is known to be the venue's now: only then anything is claimed of it."""
    return truth.status is SubscriptionStatus.LIVE and truth.verified


def book_title(
    width: int,
    look: Look,
    *,
    instrument: Instrument,
    word: str,
    badge: str,
    truth: Truth,
    now: int,
    best: TransportKind | None,
    is_paused: bool,
) -> Row:
    """The row, as of `title_row`; `truth` is the book's."""
    return title_row(
        width,
        name=book_name(instrument, look),
        word=word,
        badge=badge,
        truth=truth,
        now=now,
        look=look,
        focused=False,
        best=best,
        is_paused=is_paused,
        note=book_note(truth),
    )
