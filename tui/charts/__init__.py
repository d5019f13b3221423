"""Pure drawing of charts: values in, strips out."""

from tui.charts.glyphs import ASCII, EIGHTHS, HALVES, Glyphs
from tui.charts.painter import ChartPainter
from tui.charts.palette import Palette
from tui.charts.panes import Pane

__all__ = ["ASCII", "EIGHTHS", "HALVES", "ChartPainter", "Glyphs", "Palette", "Pane"]
