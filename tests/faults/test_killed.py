"""A live run killed with SIGKILL, at many points, and run again until it is done."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from acconsole.engine.model import User
from acconsole.media.base import MediaType
from tests.faults.checks import assert_whole
from tests.world import World

POINTS = [
    "BatchStarted:1",  # before the first answer
    "Committed:1",  # between a commit and its rkeys in Mongo
    "Linked:1",
    "BatchStarted:2",
    "Committed:2",
    "Committed:3",
    "ms:2",
    "ms:15",
    "ms:40",
    "ms:90",
]


async def run_until(
    world: World, user: User, state: Path, deadly: str, action: str = "restore", lease_seconds: float = 60
) -> int:
    """A run in a process of its own, which dies at a point (see `victim`); its exit status."""
    environment = {
        **world.environment(str(state)),
        "PATH": os.environ["PATH"],
        "HOME": os.environ["HOME"],
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    assert user.handle
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.faults.victim", user.handle, deadly, action, str(lease_seconds)),
        env=environment,
    )
    return await process.wait()


async def test_killed_at_many_points_and_run_until_done(reference_world: World, tmp_path: Path) -> None:
    world = reference_world
    user, _ = await world.person()
    killed = 0
    for index, point in enumerate(POINTS):
        # Something new to do before each run, so that each point can be reached.
        world.give(user, MediaType.MOODS, 3)
        world.give(user, MediaType.KIDLISP, 210 if index < 6 else 40)
        killed += await run_until(world, user, tmp_path, point) == -signal.SIGKILL
    assert killed >= 8, "the points were hardly ever reached"
    assert await run_until(world, user, tmp_path, "never:1") == 0
    state = await assert_whole(world, user)
    assert state.counts(MediaType.MOODS).synced == 3 * len(POINTS)


@pytest.mark.parametrize("point", ["BackupWritten:1", "Committed:1", "Linked:1", "Committed:2"])
async def test_a_wipe_killed_is_done_by_the_next(reference_world: World, tmp_path: Path, point: str) -> None:
    world = reference_world
    user, _ = await world.person()
    world.give(user, MediaType.KIDLISP, 60)
    world.give(user, MediaType.MOODS, 5)
    assert await run_until(world, user, tmp_path, "never:1") == 0
    assert await run_until(world, user, tmp_path, point, "wipe") == -signal.SIGKILL
    assert await run_until(world, user, tmp_path, "never:1", "wipe") == 0
    async with world.engine() as engine:
        state = await engine.status(user)
    assert state.snapshot
    assert not any(state.snapshot.records.values())
    assert not [doc for doc in world.docs(user, MediaType.KIDLISP) if "atproto" in doc]
