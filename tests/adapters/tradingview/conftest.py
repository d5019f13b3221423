"""What the tests of TradingView share."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

# Tests are imported one by one, without a package: what they share is found by its folder.
sys.path.insert(0, str(Path(__file__).parent))

from talk import Talk


@pytest.fixture
def talk() -> Talk:
    return Talk()
