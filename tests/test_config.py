"""Settings: what is read, what is refused with which words, and where each value came from."""

from __future__ import annotations

from pathlib import Path

import pytest

from tui.config import (
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
    describe_settings,
    load_settings,
    read_instrument,
)
from tui.feed.settings import FeedSettings
from tui.keymap import ACTIONS
from tui.model.errors import ConfigError, InstrumentError
from tui.model.instrument import Instrument
from tui.model.timeframe import Timeframe

VENUES = ["BINANCE", "COINBASE", "KRAKEN", "NATIVE", "TRADINGVIEW", "SIM"]

EVERYTHING = """
symbols = ["BINANCE:BTCUSDT", "binance:ETHUSDT"]
watchlist = ["BINANCE:SOLUSDT"]
timeframe = "15m"
theme = "light"
grid = 2
up_down = "red-up"
time_zone = "UTC"
frame_rate = 5
mouse = false
crosshair_sync = false
glyphs = "ascii"
colours = 256
low_bandwidth = "on"
background = "light"
synchronised = "off"
bracketed_paste = false
clipboard = false
multiplexer = "none"
passthrough = false

[venues.binance]
stream = "wss://stream.example:9443/"
rest = "http://127.0.0.1:8080"

[limits]
stale_after_s = 3
history_candles = 500

[keys]
quit = "ctrl+q"
book = ["f9", "f2"]
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def load(file: Path, text: str, **overrides: object) -> LoadedSettings:
    file.write_text(text, encoding="utf-8")
    return load_settings(file, overrides, venues=VENUES)


def error_of(file: Path, text: str) -> str:
    """The message of a refused file, after the file's name."""
    with pytest.raises(ConfigError) as caught:
        load(file, text)
    message = str(caught.value)
    assert message.startswith(f"{file}: ")
    return message.removeprefix(f"{file}: ")


def test_a_missing_file_means_defaults(file: Path) -> None:
    loaded = load_settings(file)

    assert loaded.settings == Settings()
    assert set(loaded.origins.values()) == {"default"}


def test_every_setting_is_read(file: Path) -> None:
    settings = load(file, EVERYTHING).settings

    assert settings == Settings(
        symbols=(Instrument("BINANCE", "BTCUSDT"), Instrument("BINANCE", "ETHUSDT")),
        watchlist=(Instrument("BINANCE", "SOLUSDT"),),
        timeframe=Timeframe(15, "m"),
        theme="light",
        grid=2,
        up_down=UpDown.RED_UP,
        frame_rate=5,
        mouse=False,
        crosshair_sync=False,
        glyphs=Glyphs.ASCII,
        colours=Colours.EIGHT_BITS,
        low_bandwidth=LowBandwidth.ON,
        background=Background.LIGHT,
        synchronised=Synchronised.OFF,
        bracketed_paste=False,
        clipboard=False,
        multiplexer=Multiplexer.NONE,
        passthrough=False,
        venues={
            "BINANCE": {"stream": "wss://stream.example:9443", "rest": "http://127.0.0.1:8080"}
        },
        limits=FeedSettings(stale_after_s=3.0, history_candles=500),
        keys={"quit": ("ctrl+q",), "book": ("f9", "f2")},
    )


@pytest.mark.parametrize(
    ("text", "mouse"), [("", None), ('mouse = "auto"', None), ("mouse = true", True)]
)
def test_the_mouse_may_be_left_to_what_is_found_out(
    file: Path, text: str, mouse: bool | None
) -> None:
    loaded = load(file, text)

    assert loaded.settings.mouse is mouse
    assert ('mouse = "auto"' in describe_settings(loaded)) is (mouse is None)


def test_the_file_is_never_changed(file: Path) -> None:
    load(file, EVERYTHING)

    assert file.read_text() == EVERYTHING


def test_each_value_tells_where_it_came_from(file: Path) -> None:
    loaded = load(file, 'grid = 2\ntheme = "light"\n[limits]\nstale_after_s = 3', theme="dark")

    assert loaded.settings.theme == "dark"
    assert loaded.origins["theme"] == "command line"
    assert loaded.origins["grid"] == str(file)
    assert loaded.origins["limits.stale_after_s"] == str(file)
    assert loaded.origins["limits.ack_timeout_s"] == "default"
    assert loaded.origins["keys.quit"] == "default"


def test_a_wrong_value_of_the_command_line_says_so(file: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(file, "", grid=3)

    assert (
        str(caught.value) == "command line: grid: 3 is not a grid (choose 1, 2, 4, 6 or 9 panels)"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("them = 'dark'", "them: there is no such setting (did you mean theme?)"),
        ("grid = 3", "grid: 3 is not a grid (choose 1, 2, 4, 6 or 9 panels)"),
        ("grid = true", "grid: True is not a grid (choose 1, 2, 4, 6 or 9 panels)"),
        (
            "frame_rate = 60",
            "frame_rate: 60 is not a whole number from 1 to 30 (change the number)",
        ),
        ("mouse = 'no'", "mouse: 'no' is not true, false or auto (write true, false or \"auto\")"),
        ("theme = 1", "theme: 1 is not a text (put it in quotes)"),
        (
            "timeframe = '1x'",
            "timeframe: '1x' is not a timeframe "
            "(write a number and one of s m h d w M, such as 15m)",
        ),
        (
            "symbols = ['BTCUSDT']",
            "symbols: 'BTCUSDT' names no venue (write VENUE:SYMBOL, for example BINANCE:BTCUSDT)",
        ),
        (
            "symbols = 'BINANCE:BTCUSDT'",
            "symbols: 'BINANCE:BTCUSDT' is not a list "
            '(write a list, such as ["BINANCE:BTCUSDT"])',
        ),
        (
            "watchlist = ['BINNACE:BTCUSDT']",
            "watchlist: there is no venue 'BINNACE' (did you mean BINANCE?)",
        ),
        (
            "up_down = 'redup'",
            "up_down: 'redup' is not one of green-up, red-up (did you mean red-up?)",
        ),
        (
            "glyphs = 'half'",
            "glyphs: 'half' is not one of auto, eighths, halves, braille, ascii (did you mean halves?)",
        ),
        (
            "time_zone = 'Europe/Berlni'",
            "time_zone: 'Europe/Berlni' is not a time zone here (did you mean Europe/Berlin?)",
        ),
        (
            "[venues.binanze]\nstream = 'wss://x'",
            "venues.binanze: there is no venue 'BINANZE' (did you mean BINANCE?)",
        ),
        (
            "[venues.binance]\nsteam = 'wss://x'",
            "venues.BINANCE.steam: there is no such setting (did you mean stream?)",
        ),
        (
            "[venues.binance]\nstream = 'https://x'",
            "venues.BINANCE.stream: 'https://x' is not such an address "
            "(write wss://host or wss://host:port)",
        ),
        (
            "[venues.binance]\nrest = 'https://x:99999'",
            "venues.BINANCE.rest: 'https://x:99999' is not such an address "
            "(write https://host or https://host:port)",
        ),
        (
            "[venues.binance]",
            "venues.binance: nothing is set (write stream = or rest = below it, or remove it)",
        ),
        (
            "[venues.kraken]\nprotocol = 'V 1'",
            "venues.KRAKEN.protocol: 'V 1' is not a protocol (write its name, such as \"v2\")",
        ),
        (
            "[venues.binance]\ntoken = 'abc'",
            "venues.BINANCE.token: there is no such setting (did you mean token_env?)",
        ),
        (
            "[venues.binance]\ntoken_env = 's3cr3t-t0k3n'",
            "venues.BINANCE.token_env: that is not the name of an environment variable "
            "(write the variable's name in capitals, never the token)",
        ),
        (
            "[venues.binance]\ntoken_command = 'pass show s3cr3t'",
            "venues.BINANCE.token_command: that is not a command as a list of texts "
            '(no shell reads it: write a list, such as ["pass", "show", "venue"])',
        ),
        (
            "[venues.binance]\ntoken_command = []",
            "venues.BINANCE.token_command: that is not a command as a list of texts "
            '(no shell reads it: write a list, such as ["pass", "show", "venue"])',
        ),
        (
            "[venues.binance]\ntoken_env = 'A'\ntoken_command = ['b']",
            "venues.BINANCE: token_env and token_command are both there (keep one of them)",
        ),
        (
            "[venues.binance]\ntoken_env = 'A'\nrest = 'http://venue.example'",
            "venues.BINANCE.rest: the token would travel where anybody can read it "
            "(use wss:// or https://, or remove the token)",
        ),
        (
            "[venues.binance]\nrest='http://x'\n[venues.Binance]\nrest='http://y'",
            "venues.Binance: the venue is there twice (keep one of the two tables)",
        ),
        ("limits = 3", "limits: 3 is not a table (write [limits] on a line of its own)"),
        (
            "[limits]\nping_interval_s = 0.1",
            "limits.ping_interval_s: 0.1 is not a number from 1 to 86400 (change it)",
        ),
        (
            "[limits]\nstale_after = 3",
            "limits.stale_after: there is no such setting (did you mean stale_after_s?)",
        ),
        (
            "[limits]\ntheme = 'dark'",
            "limits.theme: there is no such setting (it belongs above the first [table])",
        ),
        (
            "[limits]\nstale_after_s = nan",
            "limits.stale_after_s: nan is not a number from 0.001 to 86400 (change it)",
        ),
        (
            "[limits]\ninbox_limit = 0",
            "limits.inbox_limit: 0 is not a whole number from 1 to 1000000 (change the number)",
        ),
        (
            "[limits]\nbackoff_cap_s = 0.5",
            "limits.backoff_cap_s: it is below backoff_initial_s (make it at least 1)",
        ),
        ("[keys]\nquitt = 'x'", "keys.quitt: there is no such setting (did you mean quit?)"),
        (
            "[keys]\nquit = 7",
            'keys.quit: 7 is not a key (write "b", or a list such as ["b", "f2"])',
        ),
        (
            "[keys]\nbook = 'q'",
            "keys.book: the key q already belongs to quit "
            "(choose another key, or give quit another one)",
        ),
        ("[keys]\nquit = []", "keys.quit: no key (an action needs at least one key)"),
        (
            "symbols = ['SIM:BTCUSDT']\nwatchlist = ['BINANCE:BTCUSDT']",
            "symbols, watchlist: the embedded market and live venues cannot be mixed "
            "(name SIM: symbols only, or none)",
        ),
    ],
)
def test_a_wrong_file_names_file_key_and_remedy(file: Path, text: str, message: str) -> None:
    assert error_of(file, text) == message


def test_bad_toml_names_line_and_column(file: Path) -> None:
    assert error_of(file, "grid = 2\ntheme = dark") == (
        "not valid TOML: Invalid value (at line 2, column 9) (correct that line)"
    )


def test_a_file_that_is_not_utf_8_is_refused(file: Path) -> None:
    file.write_bytes(b'theme = "\xff"')

    with pytest.raises(ConfigError, match=r"not UTF-8 text \(byte 9\)"):
        load_settings(file)


def test_a_byte_order_mark_is_no_error(file: Path) -> None:
    file.write_bytes(b"\xef\xbb\xbfgrid = 9")

    assert load_settings(file).settings.grid == 9


def test_a_folder_in_the_files_place_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_settings(tmp_path)


@pytest.mark.parametrize("symbol", ["BTC USDT", "BTC\x1b[31m", "A" * 65, "a\u202eb"])
def test_a_symbol_that_no_venue_has_is_refused(symbol: str) -> None:
    with pytest.raises(InstrumentError):
        read_instrument(symbol, default_venue="BINANCE")


def test_a_venue_may_be_asked_for_another_protocol(file: Path) -> None:
    assert load(file, "[venues.kraken]\nprotocol = 'v1'").settings.venues == {
        "KRAKEN": {"protocol": "v1"}
    }


@pytest.mark.parametrize("written", ["['STD;RSI', 'STD;MACD']", "'STD;RSI,STD;MACD'"])
def test_a_venue_may_be_asked_for_studies(file: Path, written: str) -> None:
    assert load(file, f"[venues.tradingview]\nstudies = {written}").settings.venues == {
        "TRADINGVIEW": {"studies": "STD;RSI,STD;MACD"}
    }


@pytest.mark.parametrize("written", ["5", "['']", "[5]", "['a,b']"])
def test_what_is_no_list_of_studies_is_refused(file: Path, written: str) -> None:
    with pytest.raises(ConfigError, match=r"venues\.TRADINGVIEW\.studies.*not a list of studies"):
        load(file, f"[venues.tradingview]\nstudies = {written}")


def test_an_instrument_of_tradingview_names_its_exchange() -> None:
    assert read_instrument("tradingview:NASDAQ:AAPL", default_venue="BINANCE") == Instrument(
        "TRADINGVIEW", "NASDAQ:AAPL"
    )


def test_the_description_reads_back_as_the_same_settings(file: Path, tmp_path: Path) -> None:
    loaded = load(file, EVERYTHING)
    copy = tmp_path / "copy.toml"

    copy.write_text(describe_settings(loaded), encoding="utf-8")

    again = load_settings(copy, venues=VENUES).settings
    assert again.symbols == loaded.settings.symbols
    assert again.venues == loaded.settings.venues
    assert again.limits == loaded.settings.limits
    assert again.keys["book"] == ("f9", "f2")


def test_the_description_says_where_each_came_from(file: Path) -> None:
    lines = describe_settings(load(file, "grid = 2", theme="light")).splitlines()

    assert f"grid = 2  # {file}" in lines
    assert 'theme = "light"  # command line' in lines
    assert 'timeframe = "1m"  # default' in lines
    assert "inbox_limit = 4096  # default" in lines
    assert 'watch_down = ["down", "j"]  # default' in lines


def test_the_description_shows_no_secrets(file: Path) -> None:
    text = '[venues.binance]\nstream = "wss://me:word@host:1/x?token=abc"'

    described = describe_settings(load(file, text))

    assert 'stream = "wss://***@host:1/x?***"' in described
    assert "word" not in described
    assert "abc" not in described


def test_the_description_names_where_a_token_comes_from_and_never_the_token(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_TOKEN", "s3cr3t")
    text = """
        [venues.binance]
        token_env = "MY_TOKEN"
        [venues.coinbase]
        rest = "https://x.example"
        token_command = ["get", "--password=s3cr3t", "Authorization: s3cr3t", "quietly"]
    """

    described = describe_settings(load(file, text))

    assert f'[venues.BINANCE]\ntoken_env = "MY_TOKEN"  # {file}\n' in described
    assert '["get", "--password=•••", "Authorization: •••", "quietly"]' in described
    assert "s3cr3t" not in described


# -- tokens ------------------------------------------------------------------------------------


def test_a_token_comes_from_a_variable_or_from_a_command(file: Path) -> None:
    text = """
        [venues.binance]
        token_env = "MY_TOKEN"
        rest = "http://127.0.0.1:8080"
        [venues.coinbase]
        token_command = ["pass", "show", "coinbase"]
    """

    settings = load(file, text).settings

    assert settings.tokens == {
        "BINANCE": TokenSettings(variable="MY_TOKEN"),
        "COINBASE": TokenSettings(command=("pass", "show", "coinbase")),
    }
    assert settings.venues == {"BINANCE": {"rest": "http://127.0.0.1:8080"}}


# -- large prints ------------------------------------------------------------------------------


def test_what_is_large_is_set_by_instrument(file: Path) -> None:
    loaded = load(file, '[large_prints]\n"BINANCE:BTCUSDT" = 5\n"KRAKEN:BTC/USD" = 0.5\n')

    assert loaded.settings.large_prints == {
        Instrument("BINANCE", "BTCUSDT"): 5.0,
        Instrument("KRAKEN", "BTC/USD"): 0.5,
    }
    assert f'"KRAKEN:BTC/USD" = 0.5  # {file}' in describe_settings(loaded)


def test_large_orders_are_set_apart_from_large_prints(file: Path) -> None:
    loaded = load(file, '[large_orders]\n"BINANCE:BTCUSDT" = 20\n')

    assert loaded.settings.large_orders == {Instrument("BINANCE", "BTCUSDT"): 20.0}
    assert loaded.settings.large_prints == {}
    assert '[large_orders]\n"BINANCE:BTCUSDT" = 20.0' in describe_settings(loaded)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('"BINANCE:BTCUSDT" = "5"', "large_prints: BINANCE:BTCUSDT: '5' is not a number"),
        ('"NOWHERE:BTCUSDT" = 5', "large_prints: there is no venue 'NOWHERE'"),
        ('"BTCUSDT" = 5', "large_prints: "),
    ],
)
def test_a_wrong_size_is_named(file: Path, line: str, problem: str) -> None:
    assert error_of(file, f"[large_prints]\n{line}\n").startswith(problem)


# -- the guide ---------------------------------------------------------------------------------

GUIDE = (Path(__file__).resolve().parents[1] / "docs" / "configuration.md").read_text("utf-8")


def test_the_guides_defaults_are_the_defaults(file: Path) -> None:
    block = GUIDE.split("All of them, with their defaults:\n\n```toml\n")[1].split("```")[0]

    assert load(file, block).settings == Settings()


def test_the_guides_examples_are_sound(file: Path) -> None:
    for block in GUIDE.split("```toml\n")[1:]:
        load(file, block.split("```")[0])


@pytest.mark.parametrize("name", FeedSettings.__struct_fields__)
def test_the_guide_names_every_limit(name: str) -> None:
    assert f"`{name}`" in GUIDE


@pytest.mark.parametrize("name", [name for name in ACTIONS if not name[-1].isdigit()])
def test_the_guide_names_every_action(name: str) -> None:
    assert f"`{name}`" in GUIDE
