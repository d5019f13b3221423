"""Adapters are found by the entry points of installed packages."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tui.adapters.binance import BinanceAdapter
from tui.adapters.registry import load_adapter, venues
from tui.model.errors import ConfigError


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on the path that an installed package with adapters of its own would make."""
    info = tmp_path / "someplugin-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: someplugin\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[tradetui.adapters]\n"
        "BITSTAMP = someplugin:BitstampAdapter\n"
        "BROKEN = someplugin_broken:Adapter\n"
        "NAMELESS = someplugin:NoSuchClass\n"
    )
    (tmp_path / "someplugin.py").write_text("class BitstampAdapter: ...\n")
    (tmp_path / "someplugin_broken.py").write_text("import no_such_library\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    for name in ("someplugin", "someplugin_broken"):
        sys.modules.pop(name, None)


def test_binance_is_installed_with_the_program() -> None:
    assert "BINANCE" in venues()
    assert load_adapter("BINANCE") is BinanceAdapter


def test_a_venue_is_found_in_any_case() -> None:
    assert load_adapter("binance") is BinanceAdapter


def test_another_packages_adapter_is_listed_without_importing_it(plugin: Path) -> None:
    assert {"BINANCE", "BITSTAMP", "BROKEN"} <= set(venues())
    assert "someplugin" not in sys.modules


def test_another_packages_adapter_is_loaded_by_its_venue(plugin: Path) -> None:
    assert load_adapter("BITSTAMP").__name__ == "BitstampAdapter"
    assert "someplugin_broken" not in sys.modules


def test_an_unknown_venue_is_told_with_those_that_exist() -> None:
    with pytest.raises(ConfigError, match=r"no adapter for the venue 'MOON'.*BINANCE"):
        load_adapter("MOON")


@pytest.mark.parametrize(
    ("venue", "words"),
    [("BROKEN", "no_such_library.*someplugin_broken"), ("NAMELESS", "NoSuchClass.*someplugin")],
)
def test_an_adapter_that_cannot_be_imported_is_told_with_its_package(
    plugin: Path, venue: str, words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        load_adapter(venue)
