"""Copies to the clipboard of whoever sits at the terminal (OSC 52), through what stands before it.

`PRIVATE_NAMES` lists what is used of Textual beside its public interface.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any

from textual.app import App

from tui.terminal.passing import pass_through

PRIVATE_NAMES: Mapping[str, Sequence[str]] = {
    "textual.app.App": ("_clipboard", "_driver"),
    "textual.driver.Driver": ("is_web", "write"),
}
"""What this module relies on beside Textual's public interface: owner to attributes."""


def keep_copy(app: App[Any], text: str) -> None:
    """Have a copy for the program's own fields to paste, and give it to nobody else."""
    app._clipboard = text


def pass_copy(app: App[Any], text: str, multiplexer: str) -> None:
    """Give a copy to the terminal around a multiplexer, which may keep to itself what it gets."""
    driver = app._driver
    if multiplexer and driver is not None and not driver.is_web:
        packed = b64encode(text.encode("utf-8", "replace")).decode("ascii")
        driver.write(pass_through(f"\x1b]52;c;{packed}\x07", multiplexer))
