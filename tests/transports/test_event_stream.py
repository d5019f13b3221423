"""The event-stream format, case by case; those of the public web platform tests are among them."""

from __future__ import annotations

import itertools
import json
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.transports.event_stream import EventStreamParser, EventTooLarge, ServerSentEvent

LONG = b"x" * 2048


def parse(stream: bytes, *, last_event_id: str = "") -> list[ServerSentEvent]:
    return EventStreamParser(10_000, last_event_id=last_event_id).feed(stream)


def data_of(stream: bytes) -> list[bytes]:
    return [event.data for event in parse(stream)]


# -- The cases of the web platform tests, `eventsource/`, by the names they have there -----------


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        pytest.param(
            b"\xef\xbb\xbfdata:1\n\n\xef\xbb\xbfdata:2\n\ndata:3\n\n", [b"1", b"3"], id="format-bom"
        ),
        pytest.param(
            b"\xef\xbb\xbf\xef\xbb\xbfdata:1\n\ndata:2\n\ndata:3\n\n",
            [b"2", b"3"],
            id="format-bom-2",
        ),
        pytest.param(
            b"data:1\r:\0\n:\r\ndata:2\n:" + LONG + b"\rdata:3\n:data:fail\r:" + LONG + b"\n"
            b"data:4\n\n",
            [b"1\n2\n3\n4"],
            id="format-comments",
        ),
        pytest.param(
            b"retry:1000\ndata:test1\n\nid:test\ndata:test2\n",
            [b"test1"],
            id="format-data-before-final-empty-line",
        ),
        pytest.param(
            b"data:\n\ndata\ndata\n\ndata:test\n\n", [b"", b"\n", b"test"], id="format-field-data"
        ),
        pytest.param(
            b"data:\0\ndata:  2\rData:1\ndata\0:2\ndata:1\r\0data:4\nda-ta:3\rdata_5\ndata:3\rdata:\r\n"
            b" data:32\ndata:4\n\n",
            [b"\0\n 2\n1\n3\n\n4"],
            id="format-field-parsing",
        ),
        pytest.param(b"retry\ndata:test\n\n", [b"test"], id="format-field-retry-empty"),
        pytest.param(
            b"data:test\n data\ndata\nfoobar:xxx\njustsometext\n:thisisacommentyay\ndata:test\n\n",
            [b"test\n\ntest"],
            id="format-field-unknown",
        ),
        pytest.param(
            b"data:\ttest\rdata: \ndata:test\n\n", [b"\ttest\n\ntest"], id="format-leading-space"
        ),
        pytest.param(
            b"data:test\r\ndata\ndata:test\r\n\r\n", [b"test\n\ntest"], id="format-newlines"
        ),
        pytest.param(b"data:\0\n\n", [b"\0"], id="format-null-character"),
        pytest.param("data:ok…\n\n".encode(), ["ok…".encode()], id="format-utf-8"),
        pytest.param(
            b"data:msg\ndata:msg\n\n:\nfalsefield:msg\n\nfalsefield:msg\nData:data\n\ndata\n\n"
            b"data:end\n\n",
            [b"msg\nmsg", b"", b"end"],
            id="event-data",
        ),
    ],
)
def test_data_is_what_the_standard_says(stream: bytes, expected: list[bytes]) -> None:
    assert data_of(stream) == expected


def test_an_event_may_name_its_type_and_the_next_one_is_a_message_again() -> None:
    """format-field-event"""
    assert parse(b"event:test\ndata:x\n\ndata:x\n\n") == [
        ServerSentEvent("test", b"x", ""),
        ServerSentEvent("message", b"x", ""),
    ]


def test_an_empty_type_is_that_of_a_message() -> None:
    """format-field-event-empty"""
    assert parse(b"event: \ndata:data\n\n") == [ServerSentEvent("message", b"data", "")]


def test_an_id_belongs_to_its_event_and_to_a_reconnect() -> None:
    """format-field-id"""
    parser = EventStreamParser(100)

    assert parser.feed("id: …\nretry: 200\ndata: hello\n\n".encode()) == [
        ServerSentEvent("message", b"hello", "…")
    ]
    assert parser.last_event_id == "…"


def test_an_id_holds_on_the_next_stream_until_an_event_brings_another() -> None:
    """format-field-id-2"""
    assert parse(b"data: again\n\nid: 8\ndata: x\n\n", last_event_id="7") == [
        ServerSentEvent("message", b"again", "7"),
        ServerSentEvent("message", b"x", "8"),
    ]


@pytest.mark.parametrize(
    ("stream", "ids"),
    [
        pytest.param(b"id: 1\ndata: 1\n\ndata: 2\n\n", ["1", "1"], id="persists"),
        pytest.param(
            b"id: 1\ndata: 1\n\nid: 2\ndata: 2\n\ndata: 3\n\n",
            ["1", "2", "2"],
            id="changes and persists",
        ),
        pytest.param(b"id: 1\ndata: 1\n\nid:\ndata: 2\n\ndata: 3\n\n", ["1", "", ""], id="resets"),
        pytest.param(
            b"id: 1\ndata: 1\n\nid\ndata: 2\n\ndata: 3\n\n",
            ["1", "", ""],
            id="resets without colon",
        ),
    ],
)
def test_an_id_holds_until_another_comes(stream: bytes, ids: list[str]) -> None:
    """format-field-id-3"""
    assert [event.id for event in parse(stream)] == ids


@pytest.mark.parametrize("value", [b"\0\0", b"\0", b"a\0", b"\0a"])
def test_an_id_with_a_null_character_is_ignored(value: bytes) -> None:
    """format-field-id-null"""
    assert parse(b"id: 1\nid: " + value + b"\ndata: hello\n\n") == [
        ServerSentEvent("message", b"hello", "1")
    ]


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        pytest.param(b"retry:02000", 2000, id="format-field-retry"),
        pytest.param(b"retry:2000\nretry:1000x", 2000, id="format-field-retry-bogus"),
        pytest.param(b"retry:2000\nretry", 2000, id="format-field-retry-empty"),
        (b"retry: 3000", 3000),
        (b"retry:  3000", None),
        (b"retry:3_000", None),
        (b"retry:-5", None),
        (b"retry:+7", None),
        (b"retry:1.5", None),
        ("retry:٣".encode(), None),
        (b"retry:" + b"9" * 5000, None),
    ],
)
def test_a_reconnection_time_is_made_of_digits_only(field: bytes, expected: int | None) -> None:
    parser = EventStreamParser(10_000)

    parser.feed(field + b"\ndata:x\n\n")

    assert parser.retry_ms == expected


# -- What the standard says besides -------------------------------------------------------------


def test_the_standards_first_example() -> None:
    stream = b"data: YHOO\ndata: +2\ndata: 10\n\n: test stream\n\ndata: first event\nid: 1\n\n"
    stream += b"data:second event\nid\n\ndata:  third event\n\n"

    assert parse(stream) == [
        ServerSentEvent("message", b"YHOO\n+2\n10", ""),
        ServerSentEvent("message", b"first event", "1"),
        ServerSentEvent("message", b"second event", ""),
        ServerSentEvent("message", b" third event", ""),
    ]


def test_everything_at_once() -> None:
    parser = EventStreamParser(1000)

    events = parser.feed(b': hi\nid: 7\nevent: tick\nretry: 3000\ndata: {"p":1}\ndata: {"p":2}\n\n')

    assert events == [ServerSentEvent("tick", b'{"p":1}\n{"p":2}', "7")]
    assert (parser.last_event_id, parser.retry_ms) == ("7", 3000)


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
def test_a_line_ends_in_three_ways(end: bytes) -> None:
    assert data_of(end.join([b"data:1", b"data:2", b"", b"data:3", b"", b""])) == [b"1\n2", b"3"]


def test_an_event_is_complete_with_the_lone_cr_that_ends_it() -> None:
    parser = EventStreamParser(100)

    assert [event.data for event in parser.feed(b"data:1\r\r")] == [b"1"]
    assert parser.feed(b"\n") == []
    assert [event.data for event in parser.feed(b"data:2\r\n\r")] == [b"2"]
    assert parser.feed(b"\ndata:3\r") == []
    assert parser.feed(b"") == []
    assert [event.data for event in parser.feed(b"\n\n")] == [b"3"]


@pytest.mark.parametrize(
    "character", ["\u2028", "\u2029", "\u0085", "\v", "\f", "\x1c", "\x1d", "\x1e", "\ufeff"]
)
def test_what_ends_a_line_elsewhere_is_an_ordinary_character(character: str) -> None:
    text = f"a{character}b".encode()

    assert data_of(b"data:" + text + b"\n\n") == [text]


def test_a_colon_in_a_value_belongs_to_it() -> None:
    assert data_of(b"data: 12:30:00\n\n") == [b"12:30:00"]


def test_a_blank_line_without_data_dispatches_nothing_and_forgets_the_type() -> None:
    assert parse(b"event: tick\n\ndata: x\n\n") == [ServerSentEvent("message", b"x", "")]


def test_an_id_without_data_counts_for_a_reconnect() -> None:
    parser = EventStreamParser(100)

    assert parser.feed(b"id: 9\n\n") == []
    assert parser.last_event_id == "9"


def test_an_id_of_an_unfinished_event_does_not_count() -> None:
    parser = EventStreamParser(100)

    parser.feed(b"id: 1\ndata: a\n\nid: 2\ndata: b\n")

    assert parser.last_event_id == "1"


def test_a_keepalive_after_an_id_is_no_event() -> None:
    assert parse(b"id: 1\ndata: a\n\n: ping\n\n: ping\n\n") == [
        ServerSentEvent("message", b"a", "1")
    ]


def test_bytes_that_are_no_text_do_not_stop_the_stream() -> None:
    assert parse(b"id: \xff\nevent: \xfe\ndata: \xff\xfe\n\ndata: x\n\n") == [
        ServerSentEvent("\ufffd", b"\xff\xfe", "\ufffd"),
        ServerSentEvent("message", b"x", "\ufffd"),
    ]


def test_a_stream_that_begins_like_a_byte_order_mark_is_not_cut() -> None:
    parser = EventStreamParser(100)

    assert parser.feed(b"\xef") == []
    assert parser.feed(b"\xbb") == []
    assert parser.feed(b"data:1\n\ndata:2\n\n") == [ServerSentEvent("message", b"2", "")]


# -- Limits -------------------------------------------------------------------------------------


def test_an_event_may_be_as_large_as_the_limit() -> None:
    parser = EventStreamParser(100)

    assert [event.data for event in parser.feed(b"data: " + b"x" * 100 + b"\n\n")] == [b"x" * 100]


@pytest.mark.parametrize(
    "stream",
    [
        pytest.param(b"data: " + b"x" * 101 + b"\n\n", id="a line"),
        pytest.param(b"data: " + b"x" * 101, id="a line without end"),
        pytest.param(b"data: 1234\n" * 21, id="many lines"),
        pytest.param(b"data\n" * 102, id="many empty lines"),
        pytest.param(b":" + b"x" * 200, id="a comment without end"),
    ],
)
@pytest.mark.parametrize("piece", [1, 7, 1000])
def test_an_event_beyond_the_limit_is_an_error_that_names_it(stream: bytes, piece: int) -> None:
    parser = EventStreamParser(100)

    pieces = [stream[start : start + piece] for start in range(0, len(stream), piece)]

    with pytest.raises(EventTooLarge, match="an event of more than 100 bytes"):
        list(map(parser.feed, pieces))


def test_events_before_the_one_that_is_too_large_are_not_lost() -> None:
    with pytest.raises(EventTooLarge) as caught:
        EventStreamParser(10).feed(b"data: a\n\ndata: b\n\ndata: " + b"x" * 99)

    assert [event.data for event in caught.value.events] == [b"a", b"b"]


def test_many_events_may_together_be_larger_than_the_limit() -> None:
    assert data_of(b"data: 0123456789\n\n" * 2000) == [b"0123456789"] * 2000


# -- Any cutting gives the same events ----------------------------------------------------------

_PIECES = st.sampled_from(
    [
        *(b"\n", b"\r", b"\r\n", b":", b" ", b"x", b"\0", "…".encode()),
        *(b"data", b"data:", b"data: ", b"event:tick", b"id", b"id:7", b"id:\0", b"retry:5"),
        *(b"\xef\xbb\xbf", b"\xef", b'{"p":1}'),
    ]
)


@given(st.lists(_PIECES, max_size=40), st.lists(st.integers(0, 200), max_size=30))
def test_any_cutting_gives_the_same_events(pieces: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(pieces)
    whole = EventStreamParser(1000)
    cut = EventStreamParser(1000)
    places = [0, *sorted(place for place in cuts if place < len(stream)), len(stream)]

    expected = whole.feed(stream)
    events = [
        event for start, end in itertools.pairwise(places) for event in cut.feed(stream[start:end])
    ]

    assert events == expected
    assert (cut.last_event_id, cut.retry_ms) == (whole.last_event_id, whole.retry_ms)


@given(st.binary(max_size=300))
def test_no_bytes_break_it(stream: bytes) -> None:
    parser, bytewise = EventStreamParser(1000), EventStreamParser(1000)

    events = parser.feed(stream)

    assert [e for byte in stream for e in bytewise.feed(bytes([byte]))] == events


# -- A real stream, and speed -------------------------------------------------------------------


@pytest.mark.parametrize("piece", [1, 1000, 100_000])
def test_a_recorded_stream_gives_its_events(recordings: Path, piece: int) -> None:
    stream = (recordings / "sse_wikimedia.events").read_bytes()
    parser = EventStreamParser(100_000)

    events = [
        event
        for start in range(0, len(stream), piece)
        for event in parser.feed(stream[start : start + piece])
    ]

    assert [event.event for event in events] == ["message", "message"]
    assert [json.loads(event.data)["meta"]["domain"] for event in events] == [
        "commons.wikimedia.org",
        "en.wiktionary.org",
    ]
    # The capture stops before the blank line of the third.
    assert [json.loads(event.data)["type"] for event in parser.feed(b"\n\n")] == ["edit"]
    assert json.loads(parser.last_event_id)[0]["topic"] == "eqiad.mediawiki.recentchange"


def test_a_long_event_in_small_pieces_takes_time_in_proportion() -> None:
    started = time.process_time()
    parser = EventStreamParser(4_000_000)

    parser.feed(b"data: ")
    for _ in range(30_000):
        parser.feed(b"x" * 100)
    events = parser.feed(b"\n\n")

    assert len(events[0].data) == 3_000_000
    # Copying what is there with each piece would be 45 GB.
    assert time.process_time() - started < 2.0
