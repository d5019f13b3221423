"""What all tests share: a fixed environment, and where the recordings are."""

from __future__ import annotations

import gc
import itertools
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

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
from textual.css.model import RuleSet  # noqa: E402
from textual.css.stylesheet import Stylesheet  # noqa: E402

RECORDINGS = Path(__file__).resolve().parents[2] / "shared" / "recordings"
_numbers = itertools.count()


def pytest_collection_finish() -> None:
    """Thousands of tests stay to the end: the collector need not look through them again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(5_000, 10, 20)


@pytest.fixture(scope="session", autouse=True)
def _style_sheets_are_parsed_once() -> Iterator[None]:
    """Hundreds of apps have the same style sheets; Textual would parse them anew for each."""
    parse = Stylesheet._parse_rules
    parsed: dict[object, list[RuleSet]] = {}

    def parse_once(sheet: Stylesheet, css: str, *where: object, **more: object) -> list[RuleSet]:
        variables = tuple(sheet._variables.items())
        key = (css, where, tuple(more.items()), variables)
        if key not in parsed:
            parsed[key] = parse(sheet, css, *where, **more)
        return parsed[key]

    with mock.patch.object(Stylesheet, "_parse_rules", parse_once):
        yield


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
