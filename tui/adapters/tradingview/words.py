"""TradingView's terse words in plain ones: refusals, and how late its data is."""

from __future__ import annotations

import re
from typing import Final

from tui.model.text import clean

UNOFFICIAL: Final = "unofficial"
"""Stands in every panel's title beside "live"."""

NOTICE: Final = (
    "TradingView publishes no interface for this: it may change or end without notice, and its terms "
    "of use may not allow it"
)

_PLAN = "not in this account's plan"
_STUDIES = "no more studies at a time with this account: a free one shows two"
_REFUSALS: Final[tuple[tuple[str, str, bool], ...]] = (
    # Words of the venue, in lower case; what they mean; whether a fresh session may help.
    ("invalid symbol", "unknown symbol", False),
    ("no such symbol", "unknown symbol", False),
    ("custom_resolution", f"the timeframe is {_PLAN}", False),
    ("resolution_not_entitled", f"the timeframe is {_PLAN}", False),
    ("seconds_not_entitled", f"timeframes of seconds are {_PLAN}", False),
    ("study_not_auth", f"the study is {_PLAN}", False),
    ("permission", f"the symbol is {_PLAN}", False),
    ("maximum number of studies", _STUDIES, False),
    ("exceed limit of studies", _STUDIES, False),
    ("exceed limit of series", "no more series in a chart with this account", False),
    ("max sessions rate", "too many charts in a short time: wait some minutes", False),
    ("max state sessions", "too many charts are open with this account", False),
    ("invalid timezone", "the time zone is not accepted", False),
    ("invalid parameters", "the request is not accepted", False),
    ("invalid_parameters", "the request is not accepted", False),
    ("duplicate id", "a name was used twice in the session", True),
    ("unknown_session_id", "the session is gone", True),
    ("bad auth token", "the token is not accepted", False),
    ("wrong data", "our message was not understood", False),
)
_DELAYED: Final = re.compile(r"delayed_streaming_([0-9]{1,7})")
_MODES: Final = {
    "streaming": "",
    "delayed_streaming": "delayed",
    "endofday": "end of day only",
    "pulsed": "in pulses",
    "delayed_pulsed": "delayed, in pulses",
    "snapshot": "a snapshot, not live",
    "delayed_snapshot": "a delayed snapshot, not live",
}


def explain(words: str) -> str:
    """What a refusal means, with the venue's own words behind."""
    said = clean(words.strip(), 120)
    for known, meaning, _ in _REFUSALS:
        if known in words.lower():
            return f"{meaning} ({said})"
    return said or "refused without a reason"


def may_pass(words: str) -> bool:
    """True of an error that a fresh session may not meet again."""
    for known, _, passing in _REFUSALS:
        if known in words.lower():
            return passing
    return True


def delay_s(mode: str) -> int:
    """Seconds by which data of this mode is late, as far as its name tells."""
    match = _DELAYED.fullmatch(mode)
    return int(match[1]) if match else 0


def note_of(mode: str) -> str:
    """What a panel says of live data of this mode: its delay, and that it is unofficial."""
    late = delay_s(mode)
    if late:
        # Short: it must find room in the title of a small panel.
        said = f"{late // 60}m late" if late % 60 == 0 else f"{late}s late"
    else:
        said = _MODES.get(mode, clean(mode, 30))
    return f"{said}, {UNOFFICIAL}" if said else UNOFFICIAL
