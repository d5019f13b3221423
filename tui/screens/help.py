"""All keys and what they do, by subject and as they are bound now."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from tui.screens.dialog import SUSPEND

# A subject's rows: the actions whose keys do it, and what that is.
_Rows = tuple[tuple[tuple[str, ...], str], ...]

TOPICS: tuple[tuple[str, _Rows], ...] = (
    (
        "Chart",
        (
            (("zoom_in", "zoom_out"), "zoom; so does the wheel"),
            (("pan_back", "pan_on"), "back and on; drag does, too"),
            (("pan_page_back", "pan_page_on"), "a page back and on"),
            (("first_candle",), "the oldest candle there is"),
            (("back_to_now",), "back to now"),
            (("timeframe_shorter", "timeframe_longer"), "shorter, longer timeframe"),
            (("chart_style",), "candles, Heikin-Ashi, bars, line, area"),
            (("price_scale",), "linear, logarithmic, percent scale"),
            (("crosshair",), "crosshair; arrows or a click move it"),
            (("measure",), "measure from there; or shift and drag"),
            (("indicators",), "indicators"),
            (("drawings",), "draw lines, boxes, notes; list them"),
            (("overlay",), "other symbols over it, in percent"),
            (("heatmap",), "the book over time behind the candles"),
            (("picture",), "picture, text, CSV of panel or screen"),
            (("screenshot",), "picture of the screen at once"),
        ),
    ),
    (
        "Panels and layouts",
        (
            (("focus_panel_1", "focus_panel_9"), "choose a panel"),
            (("next_panel", "previous_panel"), "the next panel, the one before"),
            (("grid",), "more panels, fewer"),
            (("maximize",), "one panel alone, and back"),
            (("link_group",), "next group: panels that go together"),
            (("layouts",), "layouts: switch, save, rename, delete"),
            (("layout_1", "layout_9"), "switch to a layout"),
        ),
    ),
    (
        "Symbols",
        (
            (("search",), "search all symbols"),
            (("watch_down", "watch_up"), "next, previous symbol of the watchlist"),
            (("put_symbol",), "put it into the panel"),
            (("add_watch",), "add the panel's symbol to it"),
            (("remove_watch",), "remove the symbol from it"),
            (("compare",), "the same market at several venues"),
        ),
    ),
    (
        "Order book and tape",
        (
            (("book",), "show or hide the book"),
            (("book_view",), "ladder, depth curve, best prices, tape"),
            (("group_finer", "group_coarser"), "smaller, larger steps of price"),
            (("level_up", "level_down"), "level cursor: how far, at what cost"),
            (("tape_filter",), "all prints, large ones, from a size on"),
        ),
    ),
    (
        "Alerts and news",
        (
            (("alerts",), "what to be told of, and what fired"),
            (("announcements",), "what venues announce"),
        ),
    ),
    (
        "Connections and errors",
        (
            (("connections",), "states, subscriptions, history"),
            (("reconnect",), "reconnect now"),
            (("metrics",), "show or hide the metrics"),
            (("errors",), "show or hide the error log"),
            (("filter_errors",), "its next category"),
            (("clear_errors",), "clear it"),
            (("copy",), "copy it"),
            (("debug",), "write down what they do, on or off"),
        ),
    ),
    (
        "Replay",
        (
            (("replay_pause",), "pause and go on"),
            (("replay_slower", "replay_faster"), "slower, faster"),
            (("replay_back", "replay_forward"), "back, forward"),
        ),
    ),
    (
        "Program",
        (
            (("pause",), "hold the view still; data goes on"),
            (("theme",), "next theme"),
            (("palette",), "all commands, by name"),
            (("help",), "this help"),
            (("suspend_process",), "to the shell; fg there resumes"),
            (("quit",), "quit"),
        ),
    ),
)

LEGEND = (
    ("● live", "data flows and is checked"),
    ("◌ syncing", "asked for; the first data is to come"),
    ("○ stale 12s", "it flowed and stopped; its age"),
    ("✗ rejected", "the venue said no, with its reason"),
    ("verified", "every update of the book was checked"),
    ("▲ ▼", "up, down; tape: a buyer, a seller took"),
    ("▌ on the tape", "a large print"),
    ("◆ in the book", "a large order; on a chart: a fired alert"),
    ("◀ 08-07 21:03", "the chart stands in the past"),
)
_Topic = tuple[str, Sequence[tuple[str, str]]]
_WIDE = 116
_KEYS = 15


class HelpScreen(ModalScreen[None]):
    """A list to read, in two columns where there is room; any of Escape, q and ? leaves it."""

    DEFAULT_CSS = """
    HelpScreen { align: center middle; background: transparent; }
    HelpScreen > VerticalScroll {
        width: 72; max-width: 96%; height: auto; max-height: 92%;
        background: $panel; border: round $accent; padding: 0 1;
    }
    HelpScreen Vertical { height: auto; }
    HelpScreen #columns { layout: vertical; }
    HelpScreen Static { height: auto; background: $panel; }
    HelpScreen.-wide > VerticalScroll { width: 122; max-width: 98%; }
    HelpScreen.-wide #columns { layout: horizontal; }
    HelpScreen.-wide #columns > Vertical { width: 1fr; padding-right: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark", "app.pop_screen", "Close", show=True),
        Binding("down,j", "scroll(1)", show=False),
        Binding("up,k", "scroll(-1)", show=False),
        SUSPEND,
    ]

    def __init__(self, topics: Iterable[_Topic], version: str) -> None:
        """Make the screen; a topic is its heading, and pairs of keys and what they do."""
        super().__init__()
        self._topics = [*topics, ("What the marks mean", LEGEND)]
        self._version = version

    def compose(self) -> ComposeResult:
        with VerticalScroll():
            yield Static(Text(f"tradetui {self._version}", style="bold"))
            with Vertical(id="columns"):
                for column in _halves(self._topics):
                    with Vertical():
                        for heading, rows in column:
                            yield Static(Text(f"\n{heading}", style="bold underline"))
                            yield Static(_table(rows))

    def on_mount(self) -> None:
        self.query_one(VerticalScroll).focus()
        self._fit(self.app.size.width)

    def on_resize(self, event: events.Resize) -> None:
        self._fit(event.size.width)

    def _fit(self, width: int) -> None:
        self.set_class(width >= _WIDE, "-wide")

    def action_scroll(self, lines: int) -> None:
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)


def help_topics(key_of: Callable[[str], str], can: Callable[[str], bool]) -> Iterator[_Topic]:
    """The subjects with the keys of all actions that are possible now.

    Args:
        key_of: how the keys of an action are written.
        can: whether an action is possible.
    """
    for heading, rows in TOPICS:
        shown = [
            (_keys(names, [key_of(name) for name in names]), text)
            for names, text in rows
            if all(can(name) for name in names)
        ]
        if shown:
            yield heading, shown


def _keys(names: Sequence[str], keys: Sequence[str]) -> str:
    """First keys first: `← → h l`; what is numbered is a range: `1 … 9`."""
    if names[-1][-1].isdigit():
        return " … ".join(keys)
    written = [key.split(" ") for key in keys]
    longest = max(len(of_one) for of_one in written)
    return " ".join(of_one[at] for at in range(longest) for of_one in written if at < len(of_one))


def _halves(topics: Sequence[_Topic]) -> tuple[Sequence[_Topic], ...]:
    """Two columns of about the same height, in the topics' order."""
    heights = [2 + len(rows) for _heading, rows in topics]
    cut = min(range(len(topics) + 1), key=lambda at: abs(sum(heights[:at]) - sum(heights[at:])))
    return topics[:cut], topics[cut:]


def _table(pairs: Sequence[tuple[str, str]]) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(width=_KEYS, style="bold")
    table.add_column()
    for left, right in pairs:
        table.add_row(Text(left), Text(right))
    return table
