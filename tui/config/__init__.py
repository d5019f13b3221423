"""The user's settings: read from config.toml, checked, and never written back."""

from tui.config.describing import describe_settings
from tui.config.loading import load_settings
from tui.config.settings import (
    COMMAND_LINE,
    DEFAULT,
    GRIDS,
    SIM_VENUE,
    Background,
    Colours,
    Glyphs,
    LoadedSettings,
    LowBandwidth,
    Multiplexer,
    Settings,
    Synchronised,
    TokenSettings,
    UpDown,
)
from tui.config.values import nearest, read_instrument

__all__ = [
    "COMMAND_LINE",
    "DEFAULT",
    "GRIDS",
    "SIM_VENUE",
    "Background",
    "Colours",
    "Glyphs",
    "LoadedSettings",
    "LowBandwidth",
    "Multiplexer",
    "Settings",
    "Synchronised",
    "TokenSettings",
    "UpDown",
    "describe_settings",
    "load_settings",
    "nearest",
    "read_instrument",
]
