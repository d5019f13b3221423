"""The title line of a panel: what it shows, and how true it is."""

from __future__ import annotations

from rich.style import Style

from tui.model.subscription import SubscriptionStatus, Truth
from tui.model.text import clean
from tui.widgets import format as fmt
from tui.widgets.line_widget import Part, spread
from tui.widgets.look import Look, on


def truth_text(truth: Truth, now: int, *, short: bool = False) -> str:
    """A panel's word about its data: `● live`, `○ stale 12s`, `✗ rejected: ...`; never colour alone.

    A live book says instead whether and how it is verified.
    """
    status = truth.status
    since = fmt.age((now - truth.last_data) / 1e9) if truth.last_data else ""
    if status is SubscriptionStatus.LIVE:
        if short:
            return "●"
        return f"● verified {truth.reason}".rstrip() if truth.verified else "● live"
    if status is SubscriptionStatus.STALE:
        return f"○ {since}" if short else f"○ stale {since}".rstrip()
    if status is SubscriptionStatus.REJECTED:
        return "✗" if short else f"✗ rejected: {clean(truth.reason, 40)}"
    if status is SubscriptionStatus.OFF:
        return "–" if short else "– off"
    return "◌" if short else f"◌ {status}"


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
) -> tuple[Part, ...]:
    """One row: name parts (most important first), a badge such as SIMULATED, and the truth at the right.

    What does not fit is left out: first the last of the name parts, then words of the truth, never
    the badge or the state itself.
    """
    back = look.title_focused if focused else look.title
    badge_parts: list[Part] = [(f" {badge} ", look.badge)] if badge else []
    need = sum(len(text) for text, _ in name[:2]) + sum(len(t) for t, _ in badge_parts)
    full = truth_text(truth, now)
    for words in (
        f"{full} {note}",
        full,
        full.removesuffix(f" {truth.reason}") if truth.verified else full,
        truth_text(truth, now, short=True),
    ):
        words = words.rstrip()
        if need + len(words) + 2 <= width:
            break
    right = [*badge_parts, (f" {words} ", truth_style(truth, look, back))]
    return spread(name, right, width, back)
