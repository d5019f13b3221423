"""What changed a moment ago in a book is told from what merely came into sight."""

from __future__ import annotations

from tui.market.depth import Bucket
from tui.market.level_changes import SHOWN_NS, LevelChanges

NOW = 1_700_000_000_000_000_000


def bids(**sizes: float) -> list[Bucket]:
    found = [Bucket(int(slot[1:]), size, size, 1) for slot, size in sizes.items()]
    return sorted(found, key=lambda bucket: -bucket.slot)


def recent(changes: LevelChanges, now: int) -> list[int]:
    return [slot for slot in range(90, 110) if changes.is_recent(slot, now)]


def test_the_first_look_shows_no_changes() -> None:
    changes = LevelChanges()

    changes.note(bids(p100=1, p99=1), NOW)

    assert recent(changes, NOW) == []


def test_what_grows_shrinks_appears_or_goes_has_changed() -> None:
    changes = LevelChanges()
    changes.note(bids(p100=1, p99=1, p98=4, p97=1, p95=1), NOW)

    changes.note(bids(p100=1, p99=2, p98=1, p96=1, p95=1), NOW + 1)

    assert recent(changes, NOW + 1) == [96, 97, 98, 99]


def test_small_changes_are_left_out() -> None:
    changes = LevelChanges()
    changes.note(bids(p100=1, p99=1, p98=1, p97=1, p96=1), NOW)

    changes.note(bids(p100=1.9, p99=0.1, p98=1, p97=1, p96=2), NOW + 1)

    assert recent(changes, NOW + 1) == [96]


def test_what_only_comes_into_sight_has_not_changed() -> None:
    changes = LevelChanges()
    changes.note(bids(p100=1, p99=1), NOW)

    changes.note(bids(p100=1, p99=1, p98=1, p97=1), NOW + 1)
    assert recent(changes, NOW + 1) == []

    changes.note(bids(p100=1, p99=1), NOW + 2)
    assert recent(changes, NOW + 2) == []


def test_a_new_best_price_and_one_that_went_have_changed() -> None:
    changes = LevelChanges()
    changes.note(bids(p100=1, p99=1, p98=1), NOW)

    changes.note(bids(p101=1, p100=1, p99=1), NOW + 1)
    assert recent(changes, NOW + 1) == [101]

    changes.note(bids(p100=1, p99=1, p98=1), NOW + 2 * SHOWN_NS)
    assert recent(changes, NOW + 2 * SHOWN_NS) == [101]


def test_a_change_is_recent_for_about_half_a_second() -> None:
    changes = LevelChanges()
    changes.note(bids(p100=1), NOW)
    changes.note(bids(p100=3), NOW + 50_000_000)

    assert recent(changes, NOW + 450_000_000) == [100]
    assert recent(changes, NOW + 550_000_000) == []
    assert changes.next_end == NOW + 500_000_000

    changes.note(bids(p100=3), NOW + 600_000_000)
    assert changes.next_end == 0


def test_after_forgetting_nothing_has_changed() -> None:
    changes = LevelChanges()
    changes.note(bids(p100=1), NOW)
    changes.forget()

    changes.note(bids(p100=9), NOW + 1)

    assert recent(changes, NOW + 1) == []
