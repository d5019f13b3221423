"""The player: frames fall due by the injected clock, at any speed, and seeking goes both ways."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager

import pytest

from tui.feed.clock import ManualClock
from tui.recording.clock import ReplayClock
from tui.recording.format import RecordedFrame
from tui.recording.player import Player, PlayerState
from tui.recording.recording import Recording

START = 1_700_000_000


def make_player(*offsets: float, speed: float = 1.0) -> tuple[Player, ManualClock]:
    frames = [RecordedFrame(START + offset, "rx", f"{offset:g}") for offset in offsets]
    clock = ManualClock()
    return Player(Recording(frames, name="x"), clock, speed=speed), clock


@asynccontextmanager
async def taking(
    player: Player, each: Callable[[], object] = lambda: None
) -> AsyncIterator[list[str]]:
    """Take all frames as they come; gives the list that they are put into."""
    taken: list[str] = []

    async def take() -> None:
        while True:
            async with aclosing(player.frames()) as frames:
                async for _, frame in frames:
                    taken.append(frame.raw)
                    each()
            await player.until_playable()

    task = asyncio.create_task(take())
    await asyncio.sleep(0)
    yield taken
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_frames_come_when_they_are_due() -> None:
    player, clock = make_player(0, 1, 2.5, 10)

    async with taking(player) as taken:
        assert taken == ["0"]
        await clock.advance(0.9)
        assert taken == ["0"]
        await clock.advance(0.1)
        assert taken == ["0", "1"]
        await clock.advance(1.5)
        assert taken == ["0", "1", "2.5"]
        assert player.state is PlayerState.PLAYING
        await clock.advance(7.5)

    assert taken == ["0", "1", "2.5", "10"]
    assert player.state is PlayerState.ENDED
    assert player.position_s == 10.0


async def test_the_position_and_the_recorded_time_move_with_the_clock() -> None:
    player, clock = make_player(0, 10)

    async with taking(player):
        await clock.advance(4.25)

        assert player.position_s == pytest.approx(4.25)
        assert player.now_ns == START * 10**9 + 4_250_000_000


async def test_nothing_moves_before_somebody_takes_frames() -> None:
    player, clock = make_player(0, 1, 2)

    await clock.advance(60)

    assert player.position_s == 0.0
    assert player.state is PlayerState.WAITING
    async with taking(player) as taken:
        assert taken == ["0"]


async def test_it_waits_while_the_taker_is_away() -> None:
    player, clock = make_player(0, 1, 2, 3)
    async with taking(player):
        await clock.advance(1.5)

    await clock.advance(60)

    assert player.state is PlayerState.WAITING
    assert player.position_s == pytest.approx(1.5)
    async with taking(player) as taken:
        assert taken == []
        await clock.advance(0.5)
        assert taken == ["2"]


@pytest.mark.parametrize(("speed", "seconds"), [(0.1, 100.0), (1.0, 10.0), (100.0, 0.1)])
async def test_speed_divides_the_time(speed: float, seconds: float) -> None:
    player, clock = make_player(0, 10, speed=speed)

    async with taking(player) as taken:
        await clock.advance(seconds * 0.98)
        assert taken == ["0"]
        await clock.advance(seconds * 0.04)
        assert taken == ["0", "10"]


async def test_a_pause_stops_the_frames_and_the_position() -> None:
    player, clock = make_player(0, 1, 2)

    async with taking(player) as taken:
        await clock.advance(0.5)
        player.pause()
        await clock.advance(100)
        assert taken == ["0"]
        assert player.state is PlayerState.PAUSED
        assert player.position_s == pytest.approx(0.5)
        player.toggle()
        await clock.advance(0.5)
        assert taken == ["0", "1"]


async def test_a_new_speed_applies_from_where_it_is() -> None:
    player, clock = make_player(0, 2, 102)

    async with taking(player) as taken:
        await clock.advance(1)
        player.set_speed(100.0)
        await clock.advance(0.02)
        assert taken == ["0", "2"]
        assert player.position_s == pytest.approx(3.0)


def test_faster_and_slower_walk_the_steps_and_stop_at_the_ends() -> None:
    player, _ = make_player(0, 1)

    up = [(player.faster(), player.speed)[1] for _ in range(8)]
    down = [(player.slower(), player.speed)[1] for _ in range(11)]

    assert up == [2.0, 5.0, 10.0, 25.0, 50.0, 100.0, math.inf, math.inf]
    assert down == [100.0, 50.0, 25.0, 10.0, 5.0, 2.0, 1.0, 0.5, 0.25, 0.1, 0.1]


def test_a_speed_between_the_steps_goes_to_the_next_one() -> None:
    player, _ = make_player(0, 1, speed=3.0)

    player.faster()

    assert player.speed == 5.0


@pytest.mark.parametrize("speed", [0.0, -1.0, math.nan])
def test_a_speed_must_be_above_zero(speed: float) -> None:
    with pytest.raises(ValueError, match="above zero"):
        make_player(0, 1, speed=speed)


async def test_seeking_back_gives_the_frames_again() -> None:
    player, clock = make_player(0, 1, 2, 3)

    async with taking(player) as taken:
        await clock.advance(2)
        player.seek(0.5)
        assert player.position_s == 0.5
        await clock.advance(0.6)

    assert taken == ["0", "1", "2", "1"]


async def test_seeking_forth_leaves_frames_out() -> None:
    player, clock = make_player(0, 1, 2, 3)

    async with taking(player) as taken:
        player.seek(2.0)
        assert player.position_s == 2.0
        await clock.advance(0.1)

    assert taken == ["0", "2"]


async def test_seeking_out_of_the_end_plays_on() -> None:
    player, clock = make_player(0, 1)

    async with taking(player) as taken:
        await clock.advance(2)
        assert player.state is PlayerState.ENDED
        player.seek(0.0)
        await clock.advance(1)

    assert taken == ["0", "1", "0", "1"]


async def test_seeking_in_a_pause_stays_paused() -> None:
    player, clock = make_player(0, 5, 10)

    async with taking(player) as taken:
        player.pause()
        player.seek(7.0)
        await clock.advance(50)

    assert taken == ["0"]
    assert player.position_s == 7.0
    assert player.is_paused


@pytest.mark.parametrize(("to", "position"), [(-5.0, 0.0), (99.0, 3.0)])
def test_seeking_stays_within_the_recording(to: float, position: float) -> None:
    player, _ = make_player(0, 1, 3)

    player.seek(to)

    assert player.position_s == position


def test_listeners_hear_of_every_change() -> None:
    player, _ = make_player(0, 1)
    heard: list[int] = []
    player.on_change(lambda: heard.append(player.generation))

    player.pause()
    player.play()
    player.faster()
    player.seek(1.0)

    assert heard == [0, 0, 0, 1]


async def test_as_fast_as_possible_needs_no_time_and_lets_others_run() -> None:
    player, _ = make_player(*range(1000), speed=math.inf)
    ticks = 0

    async with taking(player) as taken:
        while len(taken) < 1000:
            await asyncio.sleep(0)
            ticks += 1

    assert taken == [str(i) if i < 1000 else "" for i in range(1000)]
    assert ticks >= 30


async def test_as_fast_as_possible_waits_for_a_slow_taker() -> None:
    player, _ = make_player(0, 1, 2, speed=math.inf)

    async with aclosing(player.frames()) as frames:
        await anext(frames)
        await asyncio.sleep(0.001)

        assert player.index == 1
        assert player.position_s == 0.0


async def test_the_position_never_passes_a_frame_that_was_not_taken() -> None:
    player, clock = make_player(0, 1, 2)

    async with aclosing(player.frames()) as frames:
        await anext(frames)
        await clock.advance(100)

        assert player.position_s == 1.0


async def test_a_taker_that_fell_far_behind_is_not_chased() -> None:
    player, clock = make_player(0, 1, 50, 100)

    async with aclosing(player.frames()) as frames:
        await anext(frames)
        await clock.advance(90)
        await anext(frames)

        assert player.position_s == pytest.approx(1.0)


async def test_the_replay_clock_shows_recorded_time() -> None:
    player, clock = make_player(0, 10, speed=2.0)
    replay = ReplayClock(player, clock)

    async with taking(player):
        await clock.advance(1.5)

        assert replay.time_ns() == (START + 3) * 10**9


async def test_monotonic_time_stands_still_in_a_pause() -> None:
    player, clock = make_player(0, 10)
    replay = ReplayClock(player, clock)

    async with taking(player):
        await clock.advance(2)
        player.pause()
        await clock.advance(100)
        assert replay.monotonic() == pytest.approx(2.0)
        player.play()
        await clock.advance(1)
        assert replay.monotonic() == pytest.approx(3.0)


async def test_monotonic_time_stands_still_at_the_end() -> None:
    player, clock = make_player(0, 1)
    replay = ReplayClock(player, clock)

    async with taking(player):
        await clock.advance(100)

    assert replay.monotonic() == pytest.approx(1.0)


@pytest.mark.parametrize(("speed", "passed"), [(0.25, 2.0), (1.0, 8.0), (50.0, 8.0)])
def test_monotonic_time_slows_down_with_the_player_but_does_not_hurry(
    speed: float, passed: float
) -> None:
    clock = ManualClock()
    player = Player(
        Recording([RecordedFrame(t, "rx", "") for t in (1.0, 2.0)], name="x"), clock, speed=speed
    )
    replay = ReplayClock(player, clock)

    asyncio.run(clock.advance(8.0))

    assert replay.monotonic() == pytest.approx(passed)


def test_monotonic_time_does_not_run_back_when_seeking_does() -> None:
    player, clock = make_player(0, 1, 2)
    replay = ReplayClock(player, clock)
    asyncio.run(clock.advance(5))
    before = replay.monotonic()

    player.seek(2.0)
    player.seek(0.0)

    assert replay.monotonic() == before == 5.0


async def test_sleeping_takes_the_base_clocks_time() -> None:
    player, clock = make_player(0, 1, speed=100.0)
    sleeper = asyncio.create_task(ReplayClock(player, clock).sleep(3.0))

    await clock.advance(2.9)
    assert not sleeper.done()
    await clock.advance(0.2)

    assert sleeper.done()
