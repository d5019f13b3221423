"""The wheel holds what the program needs, and a command imports no more than it uses."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SHIPPED = {file.stem for file in (ROOT / "themes").glob("*.toml")}


def run(*arguments: str, at: Path, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("PYTHON")
    }
    if path is not None:
        environment["PYTHONPATH"] = str(path)
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=at,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


# -- the wheel ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from the checkout as pip does it, without the network."""
    if importlib.util.find_spec("hatchling") is None:
        pytest.skip("hatchling, which builds the wheel, is not installed")
    folder = tmp_path_factory.mktemp("wheel")
    built = run("-m", "hatchling", "build", "-t", "wheel", "-d", str(folder), at=ROOT)
    assert built.returncode == 0, built.stderr
    [found] = folder.glob("*.whl")
    return found


def test_the_wheel_holds_the_program_and_its_themes_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()

    assert {Path(name).stem for name in names if name.startswith("tui/_themes/")} == SHIPPED
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"tui"}
    assert "tui/app.py" in names
    assert not [name for name in names if "test" in Path(name).name]


def test_the_wheel_brings_the_command_and_the_venue(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        [name] = [n for n in archive.namelist() if n.endswith("entry_points.txt")]
        text = archive.read(name).decode()

    assert "tradetui = tui.cli:main" in text
    assert "BINANCE = tui.adapters.binance:BinanceAdapter" in text


def test_an_installed_program_finds_its_themes_from_any_folder(wheel: Path, tmp_path: Path) -> None:
    installed, elsewhere = tmp_path / "installed", tmp_path / "elsewhere"
    elsewhere.mkdir()
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(installed)
    script = (
        "import json, tui.themes\n"
        "themes, problems = tui.themes.load_themes()\n"
        "print(json.dumps([tui.themes.__file__, sorted(themes), problems]))"
    )

    told = run("-c", script, at=elsewhere, path=installed)

    assert told.returncode == 0, told.stderr
    file, themes, problems = json.loads(told.stdout)
    assert Path(file).is_relative_to(installed)
    assert set(themes) == SHIPPED
    assert problems == []


# -- what is imported --------------------------------------------------------------------------

_LOADED = """
import json, sys
{script}
print("\\n" + json.dumps(sorted({{name.partition('.')[0] for name in sys.modules}})))
"""


def packages_after(script: str, at: Path) -> set[str]:
    """The top-level packages that a fresh interpreter has imported once a script has run."""
    told = run("-c", _LOADED.format(script=script), at=at, path=ROOT)
    assert told.returncode == 0, told.stderr
    return set(json.loads(told.stdout.splitlines()[-1]))


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_help_and_version_import_no_big_library(tmp_path: Path, option: str) -> None:
    loaded = packages_after(f"from tui.cli import main\nmain([{option!r}])", tmp_path)

    assert loaded.isdisjoint({"textual", "rich", "aiohttp", "websockets", "msgspec", "asyncio"})


def test_a_plan_is_made_without_screen_and_network(tmp_path: Path) -> None:
    script = (
        "from tui.arguments import parse_arguments\n"
        "from tui.planning import plan_launch\n"
        "plan_launch(parse_arguments([]))"
    )

    assert packages_after(script, tmp_path).isdisjoint({"textual", "rich", "aiohttp", "websockets"})


@pytest.mark.parametrize(
    "modules",
    [
        ["tui.adapters.binance"],
        ["tui.feed.feed"],
        ["tui.market.market"],
        ["tui.recording.player"],
        ["tui.sim.server"],
    ],
    ids=lambda modules: modules[0],
)
def test_what_is_below_the_screen_runs_without_a_screen(
    tmp_path: Path, modules: Sequence[str]
) -> None:
    loaded = packages_after("import " + ", ".join(modules), tmp_path)

    assert loaded.isdisjoint({"textual", "rich", "plotext", "textual_plotext"})


def test_the_screen_is_painted_before_the_network_is_imported(tmp_path: Path) -> None:
    loaded = packages_after("import tui.app", tmp_path)

    assert "textual" in loaded
    assert loaded.isdisjoint({"aiohttp", "websockets"})
