"""Where the program's files are: settings, state, log and themes."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

APP_NAME = "tradetui"
CONFIG_VARIABLE = "TRADETUI_CONFIG"
"""Environment variable that names another settings file."""


def config_file() -> Path:
    """The user's settings; never written by the program."""
    named = os.environ.get(CONFIG_VARIABLE)
    if named:
        return Path(named).expanduser()
    return platformdirs.user_config_path(APP_NAME, appauthor=False) / "config.toml"


def state_file() -> Path:
    """What the program remembers from one run to the next."""
    return platformdirs.user_state_path(APP_NAME, appauthor=False) / "state.toml"


def log_file() -> Path:
    """The error log on disk."""
    return platformdirs.user_state_path(APP_NAME, appauthor=False) / "errors.log"


def debug_file() -> Path:
    """What the debug mode writes down."""
    return log_file().with_name("debug.log")


def user_themes_dir() -> Path:
    """The user's own themes; they win over shipped ones of the same name."""
    return platformdirs.user_config_path(APP_NAME, appauthor=False) / "themes"


def shipped_themes_dir() -> Path:
    """The themes that came with the program: inside the wheel, or beside the package in a checkout."""
    package = Path(__file__).resolve().parent
    packaged = package / "_themes"
    return packaged if packaged.is_dir() else package.parent / "themes"
