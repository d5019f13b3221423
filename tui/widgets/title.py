"""The title line of a panel: what it shows, and how true it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from rich.cells import cell_len, set_cell_size
from rich.style import Style

from tui.model.subscription import SubscriptionStatus, Truth
from tui.model.text import ELLIPSIS, clean
from tui.model.transport import TransportKind
from tui.widgets import format as fmt
from tui.widgets.line_widget import Part, spread
from tui.widgets.look import Look, on

PAUSED: Final = "❙❙ paused"
"""Said instead of the truth while the view stands still: what it shows was true once."""
LESSER: Final = "↓"
"""Stands before a transport that is in use because a better one keeps failing."""
_SHORT: Final = {"unofficial": "unoff."}
_LEAST_NAME: Final = 14
"""Cells of an instrument's name that words of caution leave it."""


def truth_text(truth: Truth, now: int, *, short: bool = False) -> str:
    """A panel's word about its data: `● live`, `○ stale 12s`, `✗ rejected: ...`; never colour alone.

    A live book says instead whether and how it is verified; other live data, what there is to know of
    it, such as the venue's delay.
    """
    status = truth.status
    since = fmt.age((now - truth.last_data) / 1e9) if truth.last_data else ""
    if status is SubscriptionStatus.LIVE:
        if short:
            return "●"
        return f"● {'verified' if truth.verified else 'live'} {_known(truth)}".rstrip()
    if status is SubscriptionStatus.STALE:
        return f"○ {since}" if short else f"○ stale {since}".rstrip()
    if status is SubscriptionStatus.REJECTED:
        return "✗" if short else f"✗ rejected: {clean(truth.reason, 40)}"
    if status is SubscriptionStatus.OFF:
        return "–" if short else "– off"
    return "◌" if short else f"◌ {status}"


def _known(truth: Truth) -> str:
    return clean(truth.reason, 40)


def truth_style(truth: Truth, look: Look, back: Style) -> Style:
    """The colour of that word on the title's background."""
    status = truth.status
    if status is SubscriptionStatus.LIVE:
        front = look.success
    elif status in (SubscriptionStatus.STALE, SubscriptionStatus.REJECTED):
        front = look.error
    else:
        front = look.warning
    return back if back is look.title_focused else on(front, back)


def nothing_known(venue: str) -> TransportKind | None:
    """The best transport of a venue, where nobody knows."""
    return None


def is_lesser(truth: Truth, best: TransportKind | None) -> bool:
    """True of data that comes by another transport than the best that the venue offers."""
    return truth.transport is not None and best is not None and truth.transport is not best


def title_row(
    width: int,
    *,
    name: list[Part],
    badge: str,
    truth: Truth,
    now: int,
    look: Look,
    focused: bool,
    note: str = "",
    word: str = "",
    best: TransportKind | None = None,
    is_paused: bool = False,
) -> tuple[Part, ...]:
    """One row: name parts (most important first), a badge such as SIMULATED, and at the right how
    the data arrives and how true it is. A transport that is not the `best` has an arrow.

    Where room is short, this gives way, in this order: the note, the word for the panel's kind, the
    rule that verifies a book, name parts behind the third, all but three letters of the badge, the
    third name part, words of the truth. Never the transport or the state itself. That data is late or
    unofficial is shortened, and said at the cost of the name.
    """
    back = look.title_focused if focused else look.title
    fallen = is_lesser(truth, best)
    way = ""
    if truth.transport is not None:
        # Behind a badge there is a blank already.
        way = f"{'' if badge else ' '}{LESSER if fallen else ''}{truth.transport.badge}"
    words, chosen = "", ""
    for chosen, words, essential in _choices(truth, badge, note, now, is_paused):
        if _need(name, essential) + _badge_length(chosen) + len(way) + len(words) + 2 <= width:
            break
    right: list[Part] = [(f" {chosen} ", look.badge)] if chosen else []
    if way:
        way_style = look.warning if fallen else look.title_muted
        right.append((way, back if focused else on(way_style, back)))
    truth_colour = on(look.warning, back) if is_paused else truth_style(truth, look, back)
    right.append((f" {words} ", back if focused else truth_colour))
    left = _shortened(name, width - _length(right))
    if word and _length([*left, *right]) + len(word) + 1 <= width:
        left.insert(0, (f" {word}", back))
    return spread(left, right, width, back)


def _choices(
    truth: Truth, badge: str, note: str, now: int, is_paused: bool
) -> Iterator[tuple[str, str, int]]:
    """Badge, words and number of essential name parts, from the fullest to the shortest."""
    if is_paused:
        full = plain = PAUSED
        short = PAUSED.partition(" ")[0]
    else:
        full, short = truth_text(truth, now), truth_text(truth, now, short=True)
        is_live = truth.status is SubscriptionStatus.LIVE
        plain = full.removesuffix(f" {_known(truth)}") if is_live else full
        if note:
            yield badge, f"{full} {note}", 3
        if is_live and _is_caution(facts := _known(truth).split(", ")):
            yield from _cautions(facts, badge)
            yield badge[:3], short, 2
            return
    yield badge, full, 3
    yield badge, plain, 3
    yield badge[:3], plain, 3
    yield badge[:3], plain, 2
    yield badge[:3], short, 2


def _is_caution(facts: list[str]) -> bool:
    return facts[0].endswith(" late") or not _SHORT.keys().isdisjoint(facts)


def _cautions(facts: list[str], badge: str) -> Iterator[tuple[str, str, int]]:
    """What must be known of data, from the fullest words to the shortest."""
    shorter = [_SHORT.get(fact, fact) for fact in facts]
    yield badge, f"● live {', '.join(facts)}", 3
    if len(facts) > 1:  # late is not live
        yield badge, f"● {', '.join(facts)}", 3
        brief = f"● {', '.join(shorter)}"
    else:
        brief = f"● live {shorter[0]}"
    yield badge, brief, 3
    yield badge[:3], brief, 3
    yield badge[:3], brief, 2
    yield badge[:3], f"● {', '.join(shorter)}", 1
    yield badge[:3], f"● {shorter[0]}", 1


def _need(name: list[Part], essential: int) -> int:
    """Cells for so many parts of a name; for one, the instrument's is cut."""
    if essential > 1:
        return _length(name[:essential])
    return min(_length(name[:2]), _length(name[:1]) + _LEAST_NAME)


def _shortened(name: list[Part], room: int) -> list[Part]:
    """The name, the longer of its two first parts cut where these two have not room enough."""
    over = _length(name[:2]) - room
    if over <= 0:
        return list(name)
    longest = max(range(len(name[:2])), key=lambda index: cell_len(name[index][0]))
    text, style = name[longest]
    venue, colon, symbol = text.partition(":")
    if colon and over <= len(venue):
        # Which of a venue's instruments it is matters more than how the venue is written.
        cut = (
            f"{venue[: -over - 1]}{ELLIPSIS}:{symbol}"
            if over < len(venue)
            else f"{ELLIPSIS}{symbol}"
        )
        return [*name[:longest], (cut, style), *name[longest + 1 : 2]]
    kept = set_cell_size(text.rstrip(), max(0, cell_len(text) - over - 2))
    return [*name[:longest], (f"{kept.rstrip()}{ELLIPSIS} ", style), *name[longest + 1 : 2]]


def _length(parts: Iterable[Part]) -> int:
    return sum(cell_len(text) for text, _ in parts)


def _badge_length(badge: str) -> int:
    return len(badge) + 2 if badge else 0
