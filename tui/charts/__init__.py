"""Pure drawing of charts: values in, strips out."""

from tui.charts.geometry import Geometry
from tui.charts.glyphs import ASCII, BRAILLE, EIGHTHS, HALVES, Glyphs
from tui.charts.layers import Layers, Plot
from tui.charts.painter import ChartPainter
from tui.charts.palette import Palette

__all__ = [
    "ASCII",
    "BRAILLE",
    "EIGHTHS",
    "HALVES",
    "ChartPainter",
    "Geometry",
    "Glyphs",
    "Layers",
    "Palette",
    "Plot",
]
