"""Documents are whole at their version, or not there."""

from __future__ import annotations

import copy
import json
from contextlib import suppress
from typing import Any

import jsonpatch
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.adapters.documents import Documents, SnapshotNeeded
from tui.model.errors import ProtocolError


@pytest.fixture
def documents() -> Documents:
    """One document, at version 7."""
    made = Documents()
    made.replace("a", 7, {"price": "1.50", "tags": ["x", "y"], "BTC/USD": {"m~n": 1}})
    return made


def test_a_patch_leads_to_the_next_version(documents: Documents) -> None:
    patched = documents.patch(
        "a",
        7,
        9,
        [
            {"op": "test", "path": "/price", "value": "1.50"},
            {"op": "replace", "path": "/price", "value": "1.75"},
            {"op": "add", "path": "/tags/1", "value": "between"},
            {"op": "add", "path": "/tags/-", "value": "last"},
            {"op": "remove", "path": "/tags/0"},
            {"op": "move", "from": "/price", "path": "/last"},
            {"op": "copy", "from": "/last", "path": "/first"},
            {"op": "replace", "path": "/BTC~1USD/m~0n", "value": 2},
        ],
    )

    assert patched == {
        "first": "1.75",
        "last": "1.75",
        "tags": ["between", "y", "last"],
        "BTC/USD": {"m~n": 2},
    }
    assert documents.version("a") == 9
    assert documents.failures == 0


def test_a_patch_may_replace_the_whole_document(documents: Documents) -> None:
    assert documents.patch("a", 7, 8, [{"op": "add", "path": "", "value": {"new": True}}]) == {
        "new": True
    }
    assert documents.patch("a", 8, 9, [{"op": "add", "path": "/more", "value": 1}]) == {
        "new": True,
        "more": 1,
    }


@pytest.mark.parametrize(
    ("operations", "words"),
    [
        ([{"op": "remove", "path": "/nothing"}], "nothing"),
        ([{"op": "replace", "path": "/tags/2", "value": "z"}], "patch failed"),
        ([{"op": "test", "path": "/price", "value": "1.5"}], "patch failed"),
        ([{"op": "add", "path": "/tags/01", "value": "z"}], "patch failed"),
        ([{"op": "add", "path": "no slash", "value": "z"}], "patch failed"),
        ([{"op": "add", "path": "/tags/9", "value": "z"}], "patch failed"),
        ([{"op": "add", "path": "/deep/er", "value": "z"}], "patch failed"),
        ([{"op": "move", "from": "/tags", "path": "/tags/0"}], "patch failed"),
        ([{"op": "sing", "path": "/price"}], "patch failed"),
        ([{"op": "add", "path": "/price"}], "patch failed"),
        ([{"path": "/price", "value": 1}], "patch failed"),
        ([{"op": "add", "path": 5, "value": 1}], "patch failed"),
        (["add"], "patch failed"),
        ([None], "patch failed"),
        ([{"op": "copy", "from": "", "path": "/more"}] * 9, "copies 9 times"),
        ([{"op": "test", "path": "", "value": 0}] * 100_001, "a patch of 100001 operations"),
    ],
)
def test_a_patch_that_fails_drops_the_document(
    documents: Documents, operations: list[Any], words: str
) -> None:
    with pytest.raises(SnapshotNeeded, match=words):
        documents.patch("a", 7, 8, operations)

    assert documents.version("a") is None
    assert documents.failures == 1


def test_of_a_patch_that_fails_at_its_end_nothing_is_ever_seen(documents: Documents) -> None:
    operations = [
        {"op": "replace", "path": "/price", "value": "9.99"},
        {"op": "remove", "path": "/nothing"},
    ]
    with pytest.raises(SnapshotNeeded):
        documents.patch("a", 7, 8, operations)

    assert documents.patch("a", 8, 9, [{"op": "add", "path": "/x", "value": 1}]) is None
    documents.replace("a", 10, {"price": "2.00"})
    assert documents.patch("a", 10, 11, [{"op": "add", "path": "/x", "value": 1}]) == {
        "price": "2.00",
        "x": 1,
    }


def test_a_missing_version_drops_the_document(documents: Documents) -> None:
    with pytest.raises(SnapshotNeeded, match="version 8 came where 7 was held"):
        documents.patch("a", 8, 9, [])

    assert documents.version("a") is None


def test_a_change_from_before_what_is_held_to_after_it_does_not_fit(documents: Documents) -> None:
    with pytest.raises(SnapshotNeeded, match="version 6 came where 7 was held"):
        documents.patch("a", 6, 8, [])


def test_an_older_change_is_passed_over(documents: Documents) -> None:
    assert documents.patch("a", 6, 7, [{"op": "remove", "path": "/price"}]) is None
    assert documents.version("a") == 7
    assert documents.failures == 0


def test_a_change_before_any_snapshot_says_once_that_one_is_needed() -> None:
    documents = Documents()

    with pytest.raises(SnapshotNeeded, match="before the snapshot"):
        documents.patch("a", 1, 2, [])
    assert documents.patch("a", 2, 3, []) is None
    assert documents.failures == 1


def test_while_a_snapshot_is_awaited_changes_are_passed_over(documents: Documents) -> None:
    documents.await_snapshot("a")

    assert documents.patch("a", 7, 8, []) is None
    assert documents.failures == 0


def test_after_a_reconnect_a_change_without_a_snapshot_is_told_again(documents: Documents) -> None:
    documents.await_snapshot("a")
    documents.clear()

    with pytest.raises(SnapshotNeeded):
        documents.patch("a", 8, 9, [])


def test_one_document_that_fails_leaves_the_others(documents: Documents) -> None:
    documents.replace("b", 1, {"n": 1})
    with pytest.raises(SnapshotNeeded):
        documents.patch("a", 7, 8, [{"op": "remove", "path": "/nothing"}])

    assert documents.patch("b", 1, 2, [{"op": "replace", "path": "/n", "value": 2}]) == {"n": 2}


def test_a_check_that_fails_drops_the_document(documents: Documents) -> None:
    def refuse(content: Any) -> None:
        raise ProtocolError(f"{sorted(content)} is no good")

    with pytest.raises(SnapshotNeeded, match=r"\['BTC/USD', 'tags'\] is no good"):
        documents.patch("a", 7, 8, [{"op": "remove", "path": "/price"}], check=refuse)
    assert documents.version("a") is None


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3)
    ),
    max_leaves=6,
)
_POINTERS = st.one_of(
    st.sampled_from(["", "/", "/a", "/a/0", "/a/-", "/b", "/b/c", "/b/~1", "/~2", "/a/00", "x"]),
    _VALUES,
)
_OPERATIONS = st.one_of(
    st.fixed_dictionaries(
        {"op": st.sampled_from(["add", "remove", "replace", "move", "copy", "test"])},
        optional={"path": _POINTERS, "from": _POINTERS, "value": _VALUES},
    ),
    _VALUES,
)


def apply_by_the_book(content: Any, operations: list[Any]) -> Any:
    """What the library makes of a patch; None where it refuses."""
    try:
        return jsonpatch.apply_patch(content, operations)
    except Exception:
        return None


@given(st.lists(_OPERATIONS, max_size=6))
def test_any_patch_does_what_the_library_does_or_drops_the_document(operations: list[Any]) -> None:
    content = {"a": [1, 2], "b": {"c": "d"}}
    expected = apply_by_the_book(content, copy.deepcopy(operations))
    documents = Documents()
    documents.replace("a", 1, content)

    try:
        patched = documents.patch("a", 1, 2, operations)
    except SnapshotNeeded:
        assert expected is None
        assert documents.version("a") is None
    else:
        assert json.dumps(patched) == json.dumps(expected)
        assert documents.version("a") == 2


_BOOK_OPERATIONS = st.fixed_dictionaries(
    {
        "op": st.sampled_from(["add", "remove", "replace", "test"]),
        "path": st.sampled_from(["/bids/1", "/bids/2", "/asks/3", "/bids", "/bids/1/x", "/none/1"]),
    },
    optional={"value": st.sampled_from(["5", "6", {"1": "7"}])},
)


@given(st.lists(_BOOK_OPERATIONS, max_size=8))
def test_any_patch_of_members_does_what_the_library_does(operations: list[Any]) -> None:
    content = {"bids": {"1": "5"}, "asks": {"3": "6"}}
    # As they come from the wire: no value is part of two operations.
    expected = apply_by_the_book(content, json.loads(json.dumps(operations)))
    documents = Documents()
    documents.replace("a", 1, content)

    patched = None
    with suppress(SnapshotNeeded):
        patched = documents.patch("a", 1, 2, json.loads(json.dumps(operations)))

    assert patched == expected
