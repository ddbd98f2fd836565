"""A rollout over thirty users killed with SIGKILL at a hundred points, with and without other faults."""

from __future__ import annotations

import random
import signal
from pathlib import Path

import pytest

from tests.engine.test_rollout import standing, taken_back
from tests.faults.checks import assert_whole
from tests.faults.fleet import Fleet, Victim, saved, victim
from tests.faults.proxy import Fate, HttpProxy, http_proxy
from tests.tapehost import tape_host
from tests.world import World

USERS = 30
DEATHS = 100
LOOKED_AFTER_EACH = 20


async def test_killed_at_a_hundred_points(sandbox_world: World, tmp_path: Path) -> None:
    with tape_host() as host:
        sandbox_world.more = host.settings
        fleet = Fleet(sandbox_world, host)
        await fleet.people(USERS)
        async with victim(sandbox_world.environment(str(tmp_path))) as doomed:
            await _killed_until_done(fleet, doomed, tmp_path)


async def test_killed_while_other_things_break(sandbox_world: World, tmp_path: Path) -> None:
    """Answers are lost, the PDS fails without a word, connections break."""
    chance = random.Random(7)

    def fate(path: str, body: bytes) -> Fate:
        unlucky = chance.random()
        if path.endswith(("applyWrites", "uploadBlob")):
            return Fate.LOSE if unlucky < 0.06 else Fate.FAIL if unlucky < 0.12 else Fate.PASS
        return Fate.LOSE if unlucky < 0.02 else Fate.PASS

    with tape_host() as host:
        sandbox_world.more = host.settings
        fleet = Fleet(sandbox_world, host)
        await fleet.people(USERS)
        async with http_proxy(sandbox_world.pds.url) as proxy:
            proxy.judge = fate
            async with victim(sandbox_world.environment(str(tmp_path), pds_url=proxy.url)) as doomed:
                await _killed_until_done(fleet, doomed, tmp_path, proxy)


async def test_every_undo_is_complete(sandbox_world: World, tmp_path: Path) -> None:
    """Of runs that were killed half way too: taken back one after the other, all is as it was."""
    with tape_host() as host:
        sandbox_world.more = host.settings
        fleet = Fleet(sandbox_world, host)
        await fleet.people(6)
        async with victim(sandbox_world.environment(str(tmp_path))) as doomed:
            assert await doomed.roll_out() == 0
            for _ in range(3):
                fleet.more_to_do(deaths=False)
            async with sandbox_world.engine(state=tmp_path) as engine:
                before = await standing(sandbox_world, engine, fleet.users)
            for point in (2, 5, 9, 14):
                assert await doomed.roll_out(deadly=point) == -signal.SIGKILL
            assert await doomed.roll_out() == 0
        async with sandbox_world.engine(state=tmp_path) as engine:
            assert await standing(sandbox_world, engine, fleet.users) != before
            runs = [each for each in await engine.history() if each.live][:-1]
            assert len(runs) == 5
            for each in runs:
                if await engine.undo_users(each.run):
                    undone = await taken_back(engine, each.run)
                    assert (undone.failed, undone.skipped, undone.wrong) == ((), (), 0)
            assert await standing(sandbox_world, engine, fleet.users) == before


async def _killed_until_done(
    fleet: Fleet, doomed: Victim, state: Path, proxy: HttpProxy | None = None
) -> None:
    chance = random.Random(3)
    killed, destroyed, before = 0, 0, await fleet.standing()
    for death in range(DEATHS):
        # Half of them where something has just been told, half at any moment.
        where = {"deadly": 1 + death % 25} if death % 2 else {"ms": chance.randrange(1, 300)}
        killed += await doomed.roll_out(**where) == -signal.SIGKILL
        fleet.more_to_do()
        if death % LOOKED_AFTER_EACH == LOOKED_AFTER_EACH - 1:
            now = await fleet.standing()
            gone = {(*place, cid) for place, cid in before.items() if now.get(place) != cid}
            assert gone <= saved(state), "something was deleted or overwritten without a backup"
            before, destroyed = now, destroyed + len(gone)
    assert killed >= DEATHS * 0.9, "the points were hardly ever reached"
    assert destroyed > 20
    if proxy:
        proxy.judge = lambda path, body: Fate.PASS
    for _ in range(3):
        if await doomed.roll_out() == 0:
            break
    else:
        pytest.fail("it never came to its end")
    for user in fleet.users:
        await assert_whole(fleet.world, user)
