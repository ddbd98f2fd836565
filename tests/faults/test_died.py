"""A live run killed with SIGKILL: what the journal knows of it, and how the next run goes on."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from pathlib import Path

import pytest

from acconsole.engine.history import Ending, Outcome
from acconsole.errors import Exit, Held
from acconsole.media.base import MediaType
from tests.faults.checks import assert_whole, restore
from tests.faults.test_killed import run_until
from tests.world import World


async def test_what_was_sent_and_confirmed_is_in_the_journal(sandbox_world: World, tmp_path: Path) -> None:
    world = sandbox_world
    user, _ = await world.person()
    world.give(user, MediaType.KIDLISP, 250)
    assert await run_until(world, user, tmp_path, "BatchStarted:2") == -signal.SIGKILL
    async with world.engine(state=tmp_path) as engine:
        (died,) = await engine.died()
        record = await engine.run_record(died.run)
        first, second = record.batches
        assert (died.ending, died.ended, died.done.create) == (Ending.DIED, None, len(first.operations))
        assert first.commit
        assert all(each.outcome is Outcome.CONFIRMED for each in first.operations)
        assert (second.commit, second.head) == (None, first.commit)
        assert all(each.outcome is Outcome.UNKNOWN for each in second.operations)
        # What the journal does not know, the repo does: by the rkeys and CIDs that it names.
        state = await engine.status(user)
        assert state.snapshot
        standing = {each.rkey: each.cid for each in state.snapshot.records[MediaType.KIDLISP]}
        there = {each.rkey: each.new_cid for each in record.operations if each.rkey in standing}
        assert there == standing
        # Its process is gone: the next run on this machine need not wait for its hold to end.
        result = await restore(engine, user)
        assert result.done.create == 250 - len(standing)
        assert await engine.died() == []
        assert {each.run: each.ending for each in await engine.history()} == {
            died.run: Ending.DIED,
            result.run: Ending.FINISHED,
        }
    await assert_whole(world, user)


async def test_another_machine_waits_until_the_hold_has_run_out(sandbox_world: World, tmp_path: Path) -> None:
    world = sandbox_world
    user, _ = await world.person()
    world.give(user, MediaType.KIDLISP, 30)
    killed = await run_until(world, user, tmp_path, "BatchStarted:1", lease_seconds=2.5)
    assert killed == -signal.SIGKILL
    async with world.engine() as elsewhere:
        with pytest.raises(Held) as held:
            await restore(elsewhere, user)
        assert "free at" in held.value.hint
        assert await elsewhere.died() == [], "it is not this machine's"
        patient_until = time.monotonic() + 20
        while True:
            try:
                await restore(elsewhere, user)
                break
            except Held:
                assert time.monotonic() < patient_until
                await asyncio.sleep(0.05)
    await assert_whole(world, user)


_WITHOUT_ROOM = """
import os, resource, sys
room = int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
os.execv(sys.executable, [sys.executable, *sys.argv[2:]])
"""


@pytest.mark.parametrize(("room", "goes_on"), [(0, False), (180_000, True)], ids=["at once", "on the way"])
async def test_a_full_disk(sandbox_world: World, tmp_path: Path, room: int, goes_on: bool) -> None:
    """Files that may not grow beyond `room` bytes: before the run begins, and under it."""
    world = sandbox_world
    user, _ = await world.person()
    world.give(user, MediaType.KIDLISP, 500)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _WITHOUT_ROOM, str(room)),
        *("-m", "acconsole", "restore", str(user.handle), "--live"),
        env={**world.environment(str(tmp_path)), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode == Exit.REFUSED, out + err
    said = (out + err).decode()
    assert "The journal" in said
    assert "Traceback" not in said
    async with world.engine(state=tmp_path) as engine:
        state = await engine.status(user)
        assert state.snapshot
        standing = {each.rkey for each in state.snapshot.records[MediaType.KIDLISP]}
        assert (0 < len(standing) < 500) is goes_on
        assert state.counts(MediaType.KIDLISP).unlinked == 0
        records = [await engine.run_record(each.run) for each in await engine.history()]
        sent = {each.rkey for record in records for each in record.operations}
        assert standing <= sent, "nothing is sent that is not in the journal"
        await restore(engine, user)
    await assert_whole(world, user)
