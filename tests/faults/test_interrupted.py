"""Ctrl-C on the command line: the batch on its way is finished and linked, and the next run goes on."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

from acconsole.engine.model import User
from acconsole.media.base import MediaType
from tests.faults.checks import assert_whole, restore
from tests.world import World


async def _restore(world: World, user: User, state: Path, interrupts: int) -> tuple[int, str]:
    environment = {**world.environment(str(state)), "PATH": os.environ["PATH"], "HOME": os.environ["HOME"]}
    assert user.handle
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "acconsole", "restore", user.handle, "--live"),
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout
    assert process.stderr
    while b"batch 1" not in (line := await process.stderr.readline()):
        assert line, "it ended before its first batch"
    for _ in range(interrupts):
        process.send_signal(signal.SIGINT)
    out, _ = await asyncio.gather(process.stdout.read(), process.stderr.read())
    return await process.wait(), out.decode()


async def test_one_interrupt_stops_after_the_batch(sandbox_world: World, tmp_path: Path) -> None:
    world = sandbox_world
    user, _ = await world.person()
    docs = world.give(user, MediaType.KIDLISP, 1_500)
    status, said = await _restore(world, user, tmp_path, 1)
    assert status == 130
    assert "Stopped." in said
    async with world.engine() as engine:
        counts = (await engine.status(user)).counts(MediaType.KIDLISP)
        assert 0 < counts.synced < len(docs)
        assert (counts.unlinked, counts.duplicate) == (0, 0)
        await restore(engine, user)
    await assert_whole(world, user)


async def test_a_second_interrupt_ends_at_once_and_leaves_nothing_half_done(
    sandbox_world: World, tmp_path: Path
) -> None:
    world = sandbox_world
    user, _ = await world.person()
    world.give(user, MediaType.KIDLISP, 1_500)
    status, _ = await _restore(world, user, tmp_path, 2)
    assert status == 130
    async with world.engine() as engine:
        counts = (await engine.status(user)).counts(MediaType.KIDLISP)
        assert (counts.unlinked, counts.duplicate) == (0, 0)
        await restore(engine, user)
    await assert_whole(world, user)
