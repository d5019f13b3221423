"""What all tests share: a fixed environment, and where the recordings are."""

from __future__ import annotations

import itertools
import os
import sys
import time
from pathlib import Path

# Before Textual is imported by any test: it reads these once.
os.environ["TEXTUAL_ANIMATIONS"] = "none"
os.environ["TEXTUAL_COLOR_SYSTEM"] = "truecolor"
os.environ["TZ"] = "UTC"
for name in ("NO_COLOR", "TEXTUAL_THEME", "COLORTERM", "COLUMNS", "LINES"):
    os.environ.pop(name, None)
time.tzset()
# Modules that several tests share (staging.py and its like) are imported by their plain name.
sys.path.insert(0, str(Path(__file__).parent))

import pytest  # noqa: E402

RECORDINGS = Path(__file__).resolve().parents[2] / "shared" / "recordings"
_numbers = itertools.count()


@pytest.fixture(scope="session")
def recordings() -> Path:
    """The folder of real frames; skips where it is absent."""
    if not RECORDINGS.is_dir():
        pytest.skip(f"no recordings beside the checkout ({RECORDINGS})")
    return RECORDINGS


@pytest.fixture(scope="session")
def _homes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("homes")


@pytest.fixture(autouse=True)
def _private_home(_homes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees or changes the configuration of whoever runs it."""
    # Not made by `mktemp`, which looks through all folders so far: there are thousands.
    home = _homes / str(next(_numbers))
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
