"""What the adapters' tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

RECORDINGS = Path(__file__).resolve().parents[3] / "shared" / "recordings"


@pytest.fixture(scope="session")
def shared_recordings() -> Path:
    """The folder of real frames, for fixtures that play one once; skips where it is absent."""
    if not RECORDINGS.is_dir():
        pytest.skip(f"no recordings beside the checkout ({RECORDINGS})")
    return RECORDINGS
