"""Background jobs of a feed."""

from __future__ import annotations

import asyncio

from tui.feed.clock import ManualClock
from tui.feed.error_log import ErrorLog
from tui.feed.jobs import Jobs
from tui.model.errors import TransportError


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_asked_again_while_it_runs_a_job_runs_once_more() -> None:
    runs: list[int] = []
    go = asyncio.Event()

    async def job() -> None:
        runs.append(1)
        await go.wait()

    async with asyncio.TaskGroup() as group:
        jobs = Jobs("SIM", ErrorLog(ManualClock()))
        jobs.open(group)
        for _ in range(5):
            jobs.start("key", job)
        await settle()
        assert len(runs) == 1

        go.set()
        await settle()

    assert len(runs) == 2


async def test_a_job_asked_for_before_the_start_runs_at_the_start() -> None:
    ran = asyncio.Event()

    async def job() -> None:
        ran.set()

    jobs = Jobs("SIM", ErrorLog(ManualClock()))
    jobs.start("key", job)
    async with asyncio.TaskGroup() as group:
        jobs.open(group)

    assert ran.is_set()


async def test_a_job_that_fails_harms_no_other() -> None:
    errors = ErrorLog(ManualClock())
    ran = asyncio.Event()

    async def refused() -> None:
        raise TransportError("refused")

    async def broken() -> None:
        raise KeyError("x")

    async def good() -> None:
        ran.set()

    async with asyncio.TaskGroup() as group:
        jobs = Jobs("SIM", errors)
        jobs.open(group)
        jobs.start("refused", refused)
        jobs.start("broken", broken)
        jobs.start("good", good)

    assert ran.is_set()
    assert [record.message for record in errors.records()] == [
        "internal error while fetching broken: KeyError: 'x'"
    ]


async def test_a_job_asked_for_while_the_feed_ends_is_not_begun() -> None:
    runs: list[int] = []

    async def job() -> None:
        runs.append(1)
        await asyncio.Event().wait()

    jobs = Jobs("SIM", ErrorLog(ManualClock()))

    async def feed() -> None:
        async with asyncio.TaskGroup() as group:
            jobs.open(group)
            jobs.start("key", job)
            jobs.start("key", job)
            await asyncio.Event().wait()

    task = asyncio.create_task(feed())
    await settle()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    assert task.cancelled()
    assert runs == [1]


async def test_a_cancelled_job_makes_room_for_its_successor() -> None:
    finished: list[str] = []
    go = asyncio.Event()

    async def slow() -> None:
        await asyncio.Event().wait()
        finished.append("slow")

    async def quick() -> None:
        await go.wait()
        finished.append("quick")

    async with asyncio.TaskGroup() as group:
        jobs = Jobs("SIM", ErrorLog(ManualClock()))
        jobs.open(group)
        jobs.start("key", slow)
        await settle()
        jobs.cancel_all()
        jobs.start("key", quick)
        await settle()
        assert jobs.is_running("key")
        go.set()

    assert finished == ["quick"]
    assert not jobs.is_running("key")


async def test_a_request_that_the_venue_refuses_is_on_the_error_log() -> None:
    errors = ErrorLog(ManualClock())

    async def job() -> None:
        raise TransportError("not in this region", status=451, fatal=True)

    async with asyncio.TaskGroup() as group:
        jobs = Jobs("SIM", errors)
        jobs.open(group)
        jobs.start("tickers", job)

    assert [record.message for record in errors.records()] == ["not in this region"]
