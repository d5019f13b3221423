"""Makes the alerts' stage importable by its plain name."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from alert_stage import Stage


@pytest.fixture
def stage() -> Stage:
    return Stage()
