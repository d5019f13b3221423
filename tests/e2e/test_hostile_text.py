"""Text from outside is only ever shown: it is no markup, no escape code, and it keeps to its place."""

from __future__ import annotations

import asyncio
import json
import re
import unicodedata
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp import WSMsgType, web
from rich.cells import cell_len
from textual.driver import Driver
from textual.drivers.headless_driver import HeadlessDriver
from textual.pilot import Pilot
from textual.widgets import Input

from tui import locations
from tui.adapters.base import Adapter
from tui.app import TradeTuiApp
from tui.config import Settings
from tui.launch import Launch, Mode
from tui.model.errors import TradeTuiError
from tui.model.health import ErrorCategory
from tui.model.instrument import Instrument
from tui.sources import LiveSource
from tui.themes import load_themes
from tui.widgets.line_widget import LineWidget

MARKUP = "[red]R[/red][@click=app.quit]Q[/][/]"
TITLE = "\x1b]0;TITLE\x07"
CLIPBOARD = "\x1b]52;c;UFdORUQ=\x1b\\"
COLOUR = "\x1b[31;1mRED\x1b[2J\x1b[H"
C1 = "\x9b31m\x9d0;C1\x9c\x85\x84"
BIDI = "\u202eOLLEH\u202c\u2066\u2069\u200f"
INVISIBLE = "\u200b\u200d\ufeff\u2060\u00ad"
WIDE = "界面" + "e\u0301" * 3 + "o" + "\u0300" * 40 + "👩\u200d👩\u200d👧"
LONG = "X" * 10_000
NAMES = (MARKUP, TITLE, CLIPBOARD, COLOUR, C1, BIDI, INVISIBLE, WIDE, LONG, "\n\t\r\x00\x7f", "[/]")
EVERYTHING = "".join(name for name in NAMES if name != LONG)
SIZES = [(200, 60), (120, 40), (80, 24), (40, 12)]


# -- a venue that means harm -------------------------------------------------------------------


class HostileVenue:
    """Speaks Binance's protocol; whatever is text in it is hostile."""

    def __init__(self) -> None:
        self.closes = False
        self._port = 0

    async def start(self) -> web.AppRunner:
        application = web.Application()
        application.router.add_get("/stream", self._stream)
        application.router.add_get("/api/v3/{path:.*}", self._rest)
        runner = web.AppRunner(
            application, access_log=None, shutdown_timeout=1.0, max_line_size=2**20
        )
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self._port = runner.addresses[0][1]
        return runner

    @property
    def endpoints(self) -> dict[str, str]:
        return {
            "stream": f"ws://127.0.0.1:{self._port}",
            "rest": f"http://127.0.0.1:{self._port}",
        }

    async def _stream(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                break
            asked = json.loads(message.data)
            refusal = {"error": {"code": 2, "msg": EVERYTHING + LONG}, "id": asked["id"]}
            await socket.send_str(json.dumps(refusal))
            await socket.send_str(json.dumps({"stream": EVERYTHING, "data": {"e": EVERYTHING}}))
            await socket.send_str(EVERYTHING)
            if self.closes:
                reason = (MARKUP + COLOUR + TITLE).encode()[:120]
                await socket.close(code=4000, message=reason)
        return socket

    async def _rest(self, request: web.Request) -> web.Response:
        path = request.match_info["path"]
        if path == "exchangeInfo" and "symbols" not in request.query:
            return web.json_response({"symbols": [_listing(name) for name in NAMES]})
        if path == "time":
            return web.json_response({"serverTime": 1_700_000_000_000})
        return web.json_response({"code": -1, "msg": EVERYTHING + LONG}, status=400)


def _listing(name: str) -> dict[str, Any]:
    return {
        "symbol": name,
        "status": EVERYTHING,
        "baseAsset": name,
        "quoteAsset": MARKUP,
        "filters": [],
    }


@pytest.fixture
async def venue() -> AsyncIterator[HostileVenue]:
    venue = HostileVenue()
    runner = await venue.start()
    yield venue
    await runner.cleanup()


# -- the real application, and all that it writes ----------------------------------------------


class ListeningDriver(HeadlessDriver):
    """A driver without a terminal that keeps what it was given."""

    def __init__(self, app: Any, **options: Any) -> None:
        super().__init__(app, **options)
        self.written: list[str] = []

    @property
    def is_headless(self) -> bool:
        return False

    def write(self, data: str) -> None:
        self.written.append(data)


class ListeningApp(TradeTuiApp):
    """The real application; what would go to the terminal is kept."""

    listener: ListeningDriver

    def _build_driver(self, headless: bool, inline: bool, mouse: bool, size: Any) -> Driver:
        self.listener = ListeningDriver(self, mouse=mouse, size=size or (80, 24))
        self._driver = self.listener
        return self.listener


def hostile_app(source: LiveSource, *, problems: tuple[str, ...] = ()) -> ListeningApp:
    instruments = tuple(Instrument("BINANCE", name) for name in NAMES)
    launch = Launch(
        mode=Mode.LIVE,
        instruments=instruments[:4],
        watchlist=instruments,
        themes=load_themes()[0],
        problems=problems,
    )
    return ListeningApp(launch, source, frame_clock=False)


def app_of(venue: HostileVenue, **options: Any) -> ListeningApp:
    settings = Settings(venues={"BINANCE": venue.endpoints})
    return hostile_app(LiveSource(settings), **options)


async def until(app: TradeTuiApp, condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            app.frame()
            await asyncio.sleep(0.02)


def log_lines() -> list[str]:
    return locations.log_file().read_text().splitlines()


async def settle(pilot: Pilot[Any]) -> None:
    assert isinstance(pilot.app, TradeTuiApp)
    await pilot.pause()
    pilot.app.frame()
    await pilot.pause()


def is_harmless(text: str) -> bool:
    return not any(unicodedata.category(character) in ("Cc", "Cf", "Cs") for character in text)


def check_screen(app: TradeTuiApp) -> str:
    """Every row of every widget is as wide as the widget and has no codes; returns all text."""
    for widget in app.screen.walk_children(LineWidget):
        if widget.display and widget.size.area:
            for y in range(widget.size.height):
                strip = widget.render_line(y)
                assert is_harmless(strip.text), (widget, y, strip.text)
                assert cell_len(strip.text) == widget.size.width, (widget, y, strip.text)
    update = app.screen._compositor.render_update(full=True, screen_stack=app._background_screens)
    rows = ["".join(strip.text for strip in strips) for strips in update.strips]  # type: ignore[union-attr]
    for row in rows:
        assert is_harmless(row), row
        assert cell_len(row) == app.size.width, row
    return "\n".join(rows)


def without_pointer(data: str) -> str:
    """What was written but for Textual's own word on the shape of the mouse pointer."""
    return re.sub(r"\x1b\]22;[a-z-]+\x07", "", data)


def check_written(app: ListeningApp) -> None:
    """Nothing but our own codes went to the terminal: no string of codes, no C1, no direction."""
    for data in map(without_pointer, app.listener.written):
        assert "\x1b]" not in data
        assert "\x1bP" not in data
        assert "\x07" not in data
        assert "\x1b[2J" not in data
        plain = data.replace("\x1b", "").replace("\r", "").replace("\n", "").replace("\b", "")
        assert is_harmless(plain), data


# -- doors -------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_refusals_and_names_of_a_hostile_venue(
    venue: HostileVenue, size: tuple[int, int]
) -> None:
    app = app_of(venue)

    async with app.run_test(size=size) as pilot:
        errors = app.session.errors
        await until(app, lambda: len(errors.records(ErrorCategory.SUBSCRIPTION)) >= 4)
        await settle(pilot)
        check_screen(app)
        await pilot.press("e")
        await settle(pilot)
        shown = check_screen(app)
        for _ in NAMES:
            await pilot.press("j")
            await settle(pilot)
            check_screen(app)
        await pilot.press("m")
        await settle(pilot)
        check_screen(app)
        app.copy_to_clipboard = lambda text: copied.append(text)  # type: ignore[method-assign]
        copied: list[str] = []
        await pilot.press("c")
        await settle(pilot)
        check_screen(app)
        assert app.is_running

    assert "[red]" in shown
    assert is_harmless(copied[0].replace("\n", ""))
    assert "[@click=app.quit]" in copied[0]
    check_written(app)


async def test_the_symbol_search_lists_hostile_names_and_statuses(venue: HostileVenue) -> None:
    app = app_of(venue)

    async with app.run_test(size=(120, 40)) as pilot:
        await until(app, lambda: bool(app.session.health()))
        await pilot.press("slash")
        note = app.screen.query_one("#search-note")
        await until(app, lambda: f"of {len(NAMES)}" in str(note.render()))
        await settle(pilot)
        listed = check_screen(app)
        app.screen.query_one(Input).value = "[red]"
        await pilot.pause()
        found = check_screen(app)
        await pilot.press("ctrl+a")
        await settle(pilot)
        check_screen(app)
        await pilot.press("enter")
        await settle(pilot)
        title = check_screen(app)
        assert app.is_running

    assert "[red]R[/red]" in listed
    assert "[red]R[/red]" in found
    assert ":[red]R[/red]" in title.splitlines()[1]
    check_written(app)


async def test_the_reason_of_a_close_is_shown_in_the_status_bar_and_the_log(
    venue: HostileVenue,
) -> None:
    venue.closes = True
    app = app_of(venue)

    async with app.run_test(size=(200, 60)) as pilot:
        log = app.session.errors.records
        await until(app, lambda: any("4000" in one.message for one in log()))
        await pilot.press("e", "f")  # connection errors alone: there are many others
        await settle(pilot)
        shown = check_screen(app)
        assert app.is_running

    assert "closed the connection with code 4000: [red]R[/red][@click=app.quit]" in shown
    check_written(app)


class BrokenSource(LiveSource):
    """Cannot be opened, and says so at length."""

    async def open(self, venues: object, report: object) -> list[Adapter]:
        raise TradeTuiError(EVERYTHING + LONG, MARKUP)


async def test_a_notification_is_text_and_leaves_room(venue: HostileVenue) -> None:
    app = hostile_app(BrokenSource(Settings()))

    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await until(app, lambda: len(app.screen.query("Toast")) > 0)
        await settle(pilot)
        shown = check_screen(app)
        height = app.screen.query_one("Toast").size.height
        assert app.is_running

    assert "[red]R[/red][@click=app.quit]" in shown
    assert height <= 10
    check_written(app)


async def test_names_of_theme_files_and_their_content_are_text(venue: HostileVenue) -> None:
    folder = locations.user_themes_dir()
    folder.mkdir(parents=True)
    for number, name in enumerate((MARKUP.replace("/", "|"), COLOUR, BIDI, TITLE)):
        (folder / f"{number}{name}.toml").write_text(f'name = "{number}"\n[colours]\nup = 1\n')
    themes, problems = load_themes()
    app = app_of(venue, problems=tuple(problems))

    async with app.run_test(size=(200, 60)) as pilot:
        await pilot.press("e")
        for _ in range(5):
            await pilot.press("f")
            await settle(pilot)
            check_screen(app)
        assert app.is_running

    assert len(problems) == 4
    assert "dark" in themes
    check_written(app)


async def test_a_state_of_hostile_names_is_remembered_and_opened_again(
    venue: HostileVenue,
) -> None:
    first = app_of(venue)
    async with first.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
    again = app_of(venue)

    async with again.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        check_screen(again)
        assert again.is_running

    check_written(again)


async def test_a_broken_state_file_is_reported_as_text(venue: HostileVenue) -> None:
    path = locations.state_file()
    path.parent.mkdir(parents=True)
    path.write_text(f"version = 1\n'{MARKUP}\x1b]0;T\x07\u202e' = 1\n")
    app = app_of(venue)

    async with app.run_test(size=(200, 60)) as pilot:
        await pilot.press("e")
        app.dashboard.errors.category = ErrorCategory.CONFIG
        await settle(pilot)
        shown = check_screen(app)
        assert app.is_running

    assert "not a state of this program" in shown
    check_written(app)


async def test_the_log_file_holds_one_harmless_line_a_report(venue: HostileVenue) -> None:
    app = app_of(venue)

    async with app.run_test(size=(120, 40)):
        errors = app.session.errors
        await until(app, lambda: len(errors.records(ErrorCategory.SUBSCRIPTION)) >= 4)

    lines = log_lines()
    assert len(lines) >= 4
    assert all(is_harmless(line) for line in lines)
    assert any("[@click=app.quit]" in line for line in lines)
