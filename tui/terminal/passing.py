"""Passes what is meant for the terminal through the multiplexers that stand before it.

tmux passes on what it gets so where its option `allow-passthrough` is on, screen always.
"""

from __future__ import annotations

from typing import Final

_BELL: Final = "\x07"
_END: Final = "\x1b\\"
_LONGEST: Final = 700
"""Of a string, screen keeps 768 characters."""


def pass_through(sequence: str, multiplexer: str) -> str:
    """Return what a multiplexer passes on as this sequence: "tmux" or "screen"; others pass all.

    The sequence is an operating system command (OSC).
    """
    if multiplexer == "tmux":
        doubled = sequence.replace("\x1b", "\x1b\x1b")
        return f"\x1bPtmux;{doubled}{_END}"
    if multiplexer == "screen":
        # The end of the sequence would be that of the string, but a bell ends it as well.
        whole = sequence.removesuffix(_END) + _BELL if sequence.endswith(_END) else sequence
        parts = (whole[at : at + _LONGEST] for at in range(0, len(whole), _LONGEST))
        return "".join(f"\x1bP{part}{_END}" for part in parts)
    return sequence
