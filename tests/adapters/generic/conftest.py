"""The feeds that the guide describes, as adapters."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tui.adapters.generic import DescribedAdapter
from tui.config.feeds import read_feed

GUIDE = Path(__file__).resolve().parents[3] / "docs" / "venues" / "your-own-feed.md"


@pytest.fixture(scope="session")
def guide() -> dict[str, Any]:
    """The tables below [feeds] of all of the guide's examples."""
    feeds: dict[str, Any] = {}
    for block in re.findall(r"```toml\n(.*?)```", GUIDE.read_text(), re.DOTALL):
        feeds |= tomllib.loads(block)["feeds"]
    return feeds


@pytest.fixture(scope="session")
def described(guide: dict[str, Any]) -> Callable[[str], DescribedAdapter]:
    """Makes the adapter of one of the guide's feeds, or of a table in TOML."""

    def make(text: str) -> DescribedAdapter:
        if text in guide:
            return DescribedAdapter(read_feed(guide[text]), venue=text.upper())
        return DescribedAdapter(read_feed(tomllib.loads(text)), venue="DESK")

    return make
