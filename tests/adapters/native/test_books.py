"""Order books by version: whole, changed, patched, and asked for again when a change does not fit."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.adapters.base import POLLED_BOOK
from tui.adapters.native import NativeAdapter
from tui.feed.books import BookSync, Verdict
from tui.market.order_book import OrderBook
from tui.model.events import BookDelta, BookSnapshot, Event, Gap, ParseFailure
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription
from tui.model.transport import TransportKind

BTC = Instrument("NATIVE", "BTC-USD")
BOOK = Subscription(BTC, Channel.BOOK)
NOW = 1_764_000_002_000_000_000
T = 1_764_000_001_000
TS = 1_764_000_001_000_000_000


def decode(adapter: NativeAdapter, **fields: Any) -> list[Event]:
    message = {"type": "orderbook_update", "symbol": "BTC-USD", "time": T} | fields
    return adapter.decode(msgspec.json.encode(message), NOW)


@pytest.fixture
def holding(adapter: NativeAdapter) -> NativeAdapter:
    """An adapter that holds version 7 of a book."""
    book = {"bids": {"10.0": "1", "9.5": "2"}, "asks": {"10.5": "3"}}
    decode(adapter, version=7, book=book, snapshot=True)
    return adapter


def test_a_whole_book_is_a_snapshot(adapter: NativeAdapter) -> None:
    book = {"bids": {"10.0": "1.50", "9.5": "2"}, "asks": {}}

    assert decode(adapter, version=7, book=book) == [
        BookSnapshot(BTC, [("10.0", "1.50"), ("9.5", "2")], [], 7, TS, NOW)
    ]


def test_changes_are_a_delta_that_continues_the_version(holding: NativeAdapter) -> None:
    changes = {"bids": {"10.0": "0", "9.0": "4"}, "asks": {"10.5": "1"}}

    assert decode(holding, from_version=7, version=9, changes=changes) == [
        BookDelta(BTC, [("10.0", "0"), ("9.0", "4")], [("10.5", "1")], 8, 9, TS, NOW)
    ]


def test_a_patch_is_the_delta_of_the_levels_it_names(holding: NativeAdapter) -> None:
    patch = [
        {"op": "test", "path": "/bids/9.5", "value": "2"},
        {"op": "replace", "path": "/bids/10.0", "value": "5"},
        {"op": "remove", "path": "/bids/9.5"},
        {"op": "add", "path": "/asks/11.0", "value": "6"},
    ]

    assert decode(holding, from_version=7, version=9, patch=patch) == [
        BookDelta(BTC, [("10.0", "5"), ("9.5", "0")], [("11.0", "6")], 8, 9, TS, NOW)
    ]


def test_a_level_that_moves_leaves_its_place(holding: NativeAdapter) -> None:
    patch = [{"op": "move", "from": "/asks/10.5", "path": "/asks/10.6"}]

    assert decode(holding, from_version=7, version=8, patch=patch) == [
        BookDelta(BTC, [], [("10.6", "3"), ("10.5", "0")], 8, 8, TS, NOW)
    ]


def test_of_a_level_that_is_changed_twice_the_end_counts(holding: NativeAdapter) -> None:
    patch = [
        {"op": "remove", "path": "/bids/10.0"},
        {"op": "add", "path": "/bids/10.0", "value": "8"},
    ]

    assert decode(holding, from_version=7, version=8, patch=patch) == [
        BookDelta(BTC, [("10.0", "8")], [], 8, 8, TS, NOW)
    ]


def test_a_patch_of_a_whole_side_is_a_snapshot(holding: NativeAdapter) -> None:
    patch = [{"op": "replace", "path": "/bids", "value": {"9.9": "1"}}]

    assert decode(holding, from_version=7, version=8, patch=patch) == [
        BookSnapshot(BTC, [("9.9", "1")], [("10.5", "3")], 8, TS, NOW)
    ]


def test_patches_and_changes_follow_each_other(holding: NativeAdapter) -> None:
    decode(holding, from_version=7, version=8, changes={"bids": {"9.5": "0"}, "asks": {}})

    (gap,) = decode(
        holding, from_version=8, version=9, patch=[{"op": "remove", "path": "/bids/9.5"}]
    )
    assert isinstance(gap, Gap)


@pytest.mark.parametrize(
    ("patch", "words"),
    [
        ([{"op": "remove", "path": "/bids/8.0"}], "a patch failed"),
        ([{"op": "test", "path": "/bids/10.0", "value": "9"}], "a patch failed"),
        ([{"op": "add", "path": "/bids/8.0", "value": "ten"}], "not a number"),
        ([{"op": "add", "path": "/bids/8.0", "value": 1.5}], "not a text"),
        ([{"op": "add", "path": "/bids/8.0", "value": None}], "not a text"),
        ([{"op": "add", "path": "/bids/1.2.3", "value": "1"}], "not a number"),
        ([{"op": "add", "path": "/bids/1e5", "value": "1"}], "not a number"),
        ([{"op": "remove", "path": "/asks"}], "no book"),
        ([{"op": "replace", "path": "", "value": [1]}], "no book"),
        ([{"op": "replace", "path": "/bids", "value": ["10.0"]}], "no book"),
        ([{"op": "replace", "path": "/bids", "value": {"10.0": 1}}], "not a text"),
        (["remove"], "a patch failed"),
        ([{}], "a patch failed"),
    ],
)
def test_a_patch_that_does_not_fit_asks_for_the_book_again(
    holding: NativeAdapter, patch: list[Any], words: str
) -> None:
    (gap,) = decode(holding, from_version=7, version=8, patch=patch)

    assert isinstance(gap, Gap)
    assert gap.subscription == BOOK
    assert words in gap.reason


def test_changes_that_are_no_levels_ask_for_the_book_again(holding: NativeAdapter) -> None:
    (gap,) = decode(
        holding, from_version=7, version=8, changes={"bids": {"8.0": "ten"}, "asks": {}}
    )

    assert gap == Gap(
        "the book is asked for again: a price or a size that is not a number - at `$.changes.bids`",
        NOW,
        BOOK,
    )


def test_a_missing_change_asks_for_the_book_once(holding: NativeAdapter) -> None:
    nothing: dict[str, Any] = {"bids": {}, "asks": {}}

    assert decode(holding, from_version=8, version=9, changes=nothing) == [
        Gap("the book is asked for again: a change of version 8 came where 7 was held", NOW, BOOK)
    ]
    assert decode(holding, from_version=9, version=10, changes=nothing) == []


def test_a_change_before_the_book_asks_for_it(adapter: NativeAdapter) -> None:
    (gap,) = decode(adapter, from_version=8, version=9, patch=[])

    assert isinstance(gap, Gap)


def test_what_comes_between_giving_a_book_up_and_its_snapshot_means_nothing(
    holding: NativeAdapter,
) -> None:
    holding.unsubscribe([BOOK])
    holding.subscribe([BOOK])

    assert decode(holding, from_version=7, version=8, patch=[]) == []
    assert decode(holding, version=9, book={"bids": {}, "asks": {}}) != []
    assert decode(holding, from_version=9, version=10, patch=[]) != []


def test_an_old_change_is_passed_over(holding: NativeAdapter) -> None:
    assert decode(holding, from_version=5, version=7, patch=[{"op": "remove", "path": "/x"}]) == []


def test_after_a_reconnect_the_old_book_is_not_continued(holding: NativeAdapter) -> None:
    holding.connection_lost()

    (gap,) = decode(holding, from_version=7, version=8, patch=[])
    assert isinstance(gap, Gap)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"version": 8}, "$.from_version"),
        ({"version": 8, "from_version": 7}, "$.patch"),
        ({"version": 7, "from_version": 7, "patch": []}, "$.version"),
        ({"version": 8, "book": {"bids": {"ten": "1"}}}, "$.book.bids"),
        ({"version": 8, "book": {"bids": {"10": "1,5"}}}, "$.book.bids"),
        ({"version": 8, "book": {"bids": [["10", "1"]]}}, "$.book.bids"),
        ({"version": "8", "book": {}}, "$.version"),
        ({"version": 8, "from_version": 7, "patch": "remove"}, "$.patch"),
    ],
)
def test_what_is_neither_a_book_nor_a_change_is_a_failure(
    holding: NativeAdapter, fields: dict[str, Any], words: str
) -> None:
    (failure,) = decode(holding, **fields)

    assert isinstance(failure, ParseFailure)
    assert words in failure.message


def test_a_server_cannot_fill_the_memory_with_books(adapter: NativeAdapter) -> None:
    book: dict[str, Any] = {"bids": {}, "asks": {}}
    for number in range(1024):
        decode(adapter, symbol=f"S{number}", version=1, book=book)

    (failure,) = decode(adapter, symbol="S1024", version=1, book=book)
    assert isinstance(failure, ParseFailure)
    assert failure.message == "more than 1024 books on one connection"
    assert isinstance(decode(adapter, symbol="S7", version=2, book=book)[0], BookSnapshot)


def test_books_are_the_same_by_every_transport(adapter: NativeAdapter) -> None:
    policies = {adapter.book_policy_by(kind).name for kind in TransportKind}

    assert policies == {"version"}
    assert POLLED_BOOK.name not in policies


# -- any course of a market -------------------------------------------------------------------

_SIDE = st.dictionaries(st.sampled_from(["1.0", "2.0", "3.0"]), st.sampled_from(["1", "2"]))
_ASKS = st.dictionaries(st.sampled_from(["4.0", "5.0", "6.0"]), st.sampled_from(["1", "2"]))


@given(st.lists(st.tuples(_SIDE, _ASKS, st.booleans()), min_size=1, max_size=8))
def test_the_market_holds_what_the_document_says(
    course: list[tuple[dict[str, str], dict[str, str], bool]],
) -> None:
    adapter = NativeAdapter({"rest": "http://localhost:8080/v1"})
    book = OrderBook()
    sync = BookSync(BTC, adapter.book_policy, book)
    before: dict[str, dict[str, str]] | None = None

    for version, (bids, asks, is_patch) in enumerate(course, start=1):
        after = {"bids": bids, "asks": asks}
        if before is None:
            events = decode(adapter, version=version, book=after)
        else:
            form = patch_between if is_patch else changes_between
            events = decode(
                adapter, from_version=version - 1, version=version, **form(before, after)
            )
        for event in events:
            if isinstance(event, BookSnapshot):
                assert sync.on_snapshot(event) is Verdict.APPLIED
            elif isinstance(event, BookDelta):
                assert sync.on_delta(event) is Verdict.APPLIED
        assert dict(book.bids.top_raw(9)) == bids
        assert dict(book.asks.top_raw(9)) == asks
        before = after


def patch_between(
    before: dict[str, dict[str, str]], after: dict[str, dict[str, str]]
) -> dict[str, Any]:
    operations: list[dict[str, Any]] = []
    for side in ("bids", "asks"):
        for price in before[side].keys() | after[side].keys():
            path = f"/{side}/{price}"
            if price not in after[side]:
                operations.append({"op": "remove", "path": path})
            elif after[side][price] != before[side].get(price):
                operations.append({"op": "add", "path": path, "value": after[side][price]})
    return {"patch": operations}


def changes_between(
    before: dict[str, dict[str, str]], after: dict[str, dict[str, str]]
) -> dict[str, Any]:
    return {
        "changes": {
            side: {
                price: after[side].get(price, "0")
                for price in before[side].keys() | after[side].keys()
                if after[side].get(price) != before[side].get(price)
            }
            for side in ("bids", "asks")
        }
    }
