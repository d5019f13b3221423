"""Documents that a venue keeps up to date by patches, each with a version that proves it whole."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, Final

import jsonpatch

from tui.model.errors import ProtocolError

MAX_OPERATIONS: Final = 100_000
MAX_COPIES: Final = 8
"""Each may double a document: of forty, a few hundred bytes would fill the memory."""

_FAULTS: Final = (
    jsonpatch.JsonPatchException,
    jsonpatch.JsonPointerException,
    # What a patch of a wrong shape meets on its way through the library.
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)

_ABSENT: Final = object()


class SnapshotNeeded(ProtocolError):
    """A document could not be brought on and was dropped: only a whole one can help."""


class _Document:
    __slots__ = ("content", "version")

    def __init__(self, version: int, content: Any) -> None:
        self.version = version
        self.content = content


class Documents:
    """Versioned JSON documents by key.

    A document is whole at its version or not there at all: where a change does not fit, it is dropped,
    SnapshotNeeded says why, once, and further changes are passed over until `replace`. What the methods
    return is the document itself: read it before the next change, and do not write to it.

    Attributes:
        failures: documents dropped since the start.
    """

    def __init__(self) -> None:
        self.failures = 0
        self._documents: dict[Hashable, _Document] = {}
        self._awaited: set[Hashable] = set()

    def __len__(self) -> int:
        return len(self._documents)

    def version(self, key: Hashable) -> int | None:
        """The version that is held; None without a document."""
        held = self._documents.get(key)
        return None if held is None else held.version

    def replace(self, key: Hashable, version: int, content: Any) -> None:
        """Take a whole document over, whatever was held."""
        self._documents[key] = _Document(version, content)
        self._awaited.discard(key)

    def patch(
        self,
        key: Hashable,
        from_version: int,
        version: int,
        operations: Sequence[Any],
        *,
        check: Callable[[Any], None] | None = None,
    ) -> Any | None:
        """Apply a JSON Patch (RFC 6902).

        Args:
            key: which document.
            from_version, version: what the patch turns into what.
            operations: the patch.
            check: looks at the result, and raises ProtocolError where it is not what it should be.

        Returns:
            The document; None where the patch is older than it, or where a snapshot is awaited.

        Raises:
            SnapshotNeeded: there is no such document, an earlier change is missing, an operation fails
                or the check does; the document is dropped.
        """

        def write(content: Any) -> Any:
            patched = _apply_patch(content, operations)
            if check is not None:
                check(patched)
            return patched

        return self.change(key, from_version, version, write)

    def change(
        self,
        key: Hashable,
        from_version: int,
        version: int,
        write: Callable[[Any], Any],
    ) -> Any | None:
        """Apply any change: `write` gets the document, may write to it, and returns the new one.

        Returns:
            The document; None where the change is older than it, or where a snapshot is awaited.

        Raises:
            SnapshotNeeded: as for `patch`; also where `write` raises ProtocolError.
        """
        held = self._documents.get(key)
        if held is None:
            if key in self._awaited:
                return None
            raise self._drop(key, "a change came before the snapshot")
        if version <= held.version:
            return None
        if from_version != held.version:
            raise self._drop(
                key, f"a change of version {from_version} came where {held.version} was held"
            )
        try:
            # In place: what fails half-way is never seen, as the document is dropped with it.
            held.content = write(held.content)
        except ProtocolError as error:
            raise self._drop(key, error.message) from error
        held.version = version
        return held.content

    def await_snapshot(self, key: Hashable) -> None:
        """A snapshot was asked for: pass over the changes on their way before it."""
        self._documents.pop(key, None)
        self._awaited.add(key)

    def clear(self) -> None:
        """Hold nothing any more, as after a reconnect."""
        self._documents.clear()
        self._awaited.clear()

    def _drop(self, key: Hashable, reason: str) -> SnapshotNeeded:
        self.failures += 1
        self.await_snapshot(key)
        return SnapshotNeeded(reason)


def _apply_patch(content: Any, operations: Sequence[Any]) -> Any:
    if len(operations) > MAX_OPERATIONS:
        raise ProtocolError(f"a patch of {len(operations)} operations")
    copies = sum(
        isinstance(operation, dict) and operation.get("op") == "copy" for operation in operations
    )
    if copies > MAX_COPIES:
        raise ProtocolError(f"a patch that copies {copies} times")
    try:
        for operation in operations:
            if not _write_member(content, operation):
                content = jsonpatch.apply_patch(content, [operation], in_place=True)
    except _FAULTS as error:
        raise ProtocolError(f"a patch failed: {str(error)[:200]}") from error
    return content


def _write_member(content: Any, operation: Any) -> bool:
    """Do the everyday operation, on an object's member where only objects lead; False for all else.

    The library needs 10 us for one, of which a busy book has thousands a second: this needs 1 us.
    """
    if type(operation) is not dict:
        return False
    path = operation.get("path")
    if type(path) is not str or not path.startswith("/") or "~" in path:
        return False
    *way, name = path[1:].split("/")
    holder = content
    for step in way:
        if type(holder) is not dict:
            return False
        holder = holder.get(step)
    if type(holder) is not dict:
        return False
    kind = operation.get("op")
    if kind == "remove":
        return holder.pop(name, _ABSENT) is not _ABSENT
    if "value" not in operation or (kind != "add" and (kind != "replace" or name not in holder)):
        return False
    holder[name] = operation["value"]
    return True
