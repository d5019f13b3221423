"""[feeds.NAME] of config.toml: what is read, and what is refused with which words."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from tui.arguments import parse_arguments
from tui.config import LoadedSettings, Settings, describe_settings, load_settings
from tui.launch import Mode
from tui.model.errors import ConfigError, InstrumentError
from tui.model.instrument import Instrument
from tui.model.subscription import Channel
from tui.model.timeframe import Timeframe
from tui.model.transport import TransportKind
from tui.planning import plan_launch
from tui.sources import open_venue

GUIDE = Path(__file__).parents[1] / "docs" / "venues" / "your-own-feed.md"
BLOCKS = re.findall(r"```toml\n(.*?)```", GUIDE.read_text(), re.DOTALL)

SOUND = """
[feeds.desk]
stream = "wss://desk.example"
rest = "https://desk.example/v1"
subscribe = '{"ask": "{channel}"}'

[feeds.desk.headers]
X-Key = { env = "DESK_KEY" }

[feeds.desk.channels]
trades = "trades.{symbol}"
book = "book.{symbol}"

[feeds.desk.book]
snapshot = "request"
sequence = "counts"

[feeds.desk.messages.trade]
kind = "trade"
when = { "/kind" = "deal" }
channel = "/channel"
price = "/price"
size = "/size"

[feeds.desk.messages.change]
kind = "book_delta"
when = { "/kind" = "change" }
channel = "/channel"
bids = "/bids"
asks = "/asks"
sequence = "/number"

[feeds.desk.requests.book]
url = "/book/{symbol}"
bids = "/bids"
asks = "/asks"
sequence = "/number"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def load(file: Path, text: str) -> LoadedSettings:
    file.write_text(text, encoding="utf-8")
    return load_settings(file, venues=["BINANCE", "SIM"])


def sound(file: Path) -> Settings:
    return load(file, SOUND).settings


def test_a_feed_becomes_a_venue_in_capitals(file: Path) -> None:
    description = sound(file).feeds["DESK"]

    assert description.stream == "wss://desk.example"
    assert description.streamed == {Channel.TRADES, Channel.BOOK}
    assert description.book.bridged
    assert description.book.snapshot_by_rest


def test_its_symbols_can_be_opened(file: Path) -> None:
    loaded = load(file, 'symbols = ["desk:GOLD"]\n' + SOUND)

    assert loaded.settings.symbols == (Instrument("DESK", "GOLD"),)


def test_every_example_of_the_guide_is_sound(file: Path) -> None:
    feeds = [list(load(file, block).settings.feeds) for block in BLOCKS]

    assert feeds == [["BITSTAMP"], ["RATES", "DESK", "ARRAY"]]


def test_settings_with_feeds_read_back_as_they_are_printed(file: Path) -> None:
    for text in (SOUND, *BLOCKS):
        loaded = load(file, text)
        printed = describe_settings(loaded)

        assert load(file, printed).settings.feeds == loaded.settings.feeds
        assert f"# {file}" in printed


def test_a_secret_that_stands_in_the_file_is_not_printed(file: Path) -> None:
    text = SOUND.replace('{ env = "DESK_KEY" }', '"hunter2-hunter2"')

    printed = describe_settings(load(file, text))

    assert "hunter2" not in printed
    assert tomllib.loads(printed)


def test_a_described_feed_goes_live_like_any_venue(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text(SOUND)
    monkeypatch.setenv("TRADETUI_CONFIG", str(file))

    launch = plan_launch(parse_arguments(["DESK:GOLD", "--timeframe", "3m"]))
    adapter = open_venue("DESK", launch.settings, environment={"DESK_KEY": "sesame"})

    assert launch.mode is Mode.LIVE
    assert launch.instruments == (Instrument("DESK", "GOLD"),)
    assert adapter.venue == "DESK"
    assert adapter.transports == (TransportKind.WEBSOCKET,)
    assert adapter.stream().headers == {"X-Key": "sesame"}
    assert adapter.book_request(Instrument("DESK", "GOLD")).headers == {"X-Key": "sesame"}


def test_a_venue_that_nobody_describes_is_unknown(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text(SOUND)
    monkeypatch.setenv("TRADETUI_CONFIG", str(file))

    with pytest.raises(InstrumentError, match="did you mean DESK"):
        plan_launch(parse_arguments(["DESC:GOLD"]))


def test_a_missing_variable_is_named_when_the_venue_is_opened(file: Path) -> None:
    with pytest.raises(ConfigError, match="the environment variable DESK_KEY is not set"):
        open_venue("DESK", sound(file), environment={})


def test_a_variable_that_holds_a_line_break_is_refused_without_repeating_it(file: Path) -> None:
    with pytest.raises(ConfigError, match="holds what no header may") as refused:
        open_venue("DESK", sound(file), environment={"DESK_KEY": "sesame\nSet-Cookie: x"})

    assert "sesame" not in str(refused.value)


def test_an_address_can_be_reached_by_other_words_for_a_span(file: Path) -> None:
    description = load(file, BLOCKS[0]).settings.feeds["BITSTAMP"]

    assert description.timeframes[Timeframe.parse("1h")] == "3600"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[feeds.desk]", "[feeds.binance]", "feeds.binance: tradetui has a venue BINANCE already"),
        ("[feeds.desk]", '[feeds."my desk"]', "feeds.my desk: that cannot be the name of a venue"),
        (
            "stream =",
            "streem =",
            "feeds.desk.streem: there is no such setting (did you mean stream?)",
        ),
        (
            "wss://desk.example",
            "https://desk.example",
            "feeds.desk.stream: 'https://desk.example' is not such an address",
        ),
        (
            "wss://desk.example",
            "ws://desk.example",
            "feeds.desk.stream: the header would travel where anybody can read it",
        ),
        ('env = "DESK_KEY"', 'env = "se same"', "feeds.desk.headers.X-Key.env: that is not the"),
        ("{channel}\"}'", "{chanel}\"}'", "feeds.desk.subscribe: there is no {chanel}"),
        (
            'trades = "trades.{symbol}"',
            'trade = "trades.{symbol}"',
            "feeds.desk.channels.trade: there is no such setting (did you mean trades?)",
        ),
        (
            'trades = "trades.{symbol}"',
            "",
            "feeds.desk.channels: the venue's name of trades is missing",
        ),
        (
            'trades = "trades.{symbol}"',
            'trades = "trades"',
            "feeds.desk.messages.trade.channel: the channel's name has no {symbol}",
        ),
        (
            'trades = "trades.{symbol}"',
            'trades = "trades.{symbol}"\nticker = "t.{symbol}"',
            "feeds.desk.channels.ticker: no message brings this",
        ),
        (
            'kind = "trade"',
            'kind = "trades"',
            "feeds.desk.messages.trade.kind: 'trades' is not one",
        ),
        ('kind = "trade"', "", "feeds.desk.messages.trade.kind: it is missing"),
        ('price = "/price"', "", "feeds.desk.messages.trade.price: it is missing"),
        (
            'price = "/price"',
            'price = "price"',
            "feeds.desk.messages.trade.price: 'price' is not a path: a path begins with a slash",
        ),
        ('price = "/price"', "price = 1", "feeds.desk.messages.trade.price: 1 is not a path"),
        (
            'size = "/size"',
            'size = "/size"\nsidde = "/s"',
            "feeds.desk.messages.trade.sidde: there is no such setting (did you mean side?)",
        ),
        (
            'size = "/size"',
            'size = "/size"\nids_count_up = true',
            "feeds.desk.messages.trade.ids_count_up: there is no id",
        ),
        (
            'size = "/size"',
            'size = "/size"\ntime_unit = "sec"',
            "feeds.desk.messages.trade.time_unit: 'sec' is not one of s, ms, us, ns, iso",
        ),
        (
            'when = { "/kind" = "deal" }',
            "",
            "feeds.desk.messages.change: messages.trade fits every message",
        ),
        (
            '{ "/kind" = "deal" }',
            '{ "kind" = "deal" }',
            "feeds.desk.messages.trade.when.kind: 'kind' is not a path",
        ),
        (
            '{ "/kind" = "deal" }',
            '{ "/kind" = { matches = "(" } }',
            "feeds.desk.messages.trade.when./kind: '(' is not a regular expression",
        ),
        (
            '{ "/kind" = "deal" }',
            '{ "/kind" = { like = "x" } }',
            "feeds.desk.messages.trade.when./kind: that is no condition",
        ),
        ('asks = "/asks"\n', "", "feeds.desk.messages.change.bids: a book has bids and asks"),
        (
            'sequence = "counts"',
            "",
            "feeds.desk.book.sequence: a fetched book is joined with its changes by numbers",
        ),
        (
            'snapshot = "request"',
            'snapshot = "none"',
            "feeds.desk.book.snapshot: changes without a book to change",
        ),
        (
            'snapshot = "request"',
            'snapshot = "stream"',
            "feeds.desk.book.snapshot: no message brings the whole book",
        ),
        (
            'snapshot = "request"',
            'snapshot = "rest"',
            "feeds.desk.book.snapshot: 'rest' is not one of request, stream, none",
        ),
        (
            '[feeds.desk.requests.book]\nurl = "/book/{symbol}"',
            '[feeds.desk.requests.book]\nurl = "book/{symbol}"',
            "feeds.desk.requests.book.url: 'book/{symbol}' is not an address",
        ),
        (
            "requests.book]",
            "requests.books]",
            "feeds.desk.requests.books: there is no such setting",
        ),
        ("/book/{symbol}", "/book/{sym}", "feeds.desk.requests.book.url: there is no {sym}"),
        (
            'url = "/book/{symbol}"',
            'url = "/book/{symbol}"\nevery_s = 2',
            "feeds.desk.requests: polls bring less than the stream does (describe a request with"
            " every_s = for trades too, or for none)",
        ),
        (
            'rest = "https://desk.example/v1"',
            'rest = "https://desk.example/v1"\ntimeframes = { x = "1" }',
            "feeds.desk.timeframes.x: 'x' is not a timeframe",
        ),
        (
            'rest = "https://desk.example/v1"',
            'rest = "https://desk.example/v1"\nsymbols = [""]',
            "feeds.desk.symbols: '' is not a symbol",
        ),
        (
            'rest = "https://desk.example/v1"',
            'rest = "https://desk.example/v1"\nlimits = { messages_per_s = 0 }',
            "feeds.desk.limits.messages_per_s: 0 is not a number from 0.1 to 1000",
        ),
        ("[feeds.desk]", "[venues.desk]\n[feeds.desk]", "venues.desk: this venue is a feed"),
    ],
)
def test_a_mistake_names_file_key_and_remedy(file: Path, old: str, new: str, message: str) -> None:
    assert old in SOUND
    text = SOUND.replace(old, new, 1)
    if "binance" in new or "my desk" in new:
        text = text.replace("feeds.desk", new.strip("[]"))

    with pytest.raises(ConfigError) as refused:
        load(file, text)

    said = str(refused.value)
    assert said.startswith(f"{file}: {message}")
    assert said.endswith(")")
    assert refused.value.hint


def test_a_feed_that_brings_nothing_says_so(file: Path) -> None:
    with pytest.raises(ConfigError, match=r"feeds\.x: nothing brings data"):
        load(file, '[feeds.x]\nrest = "https://x.example"\n')
