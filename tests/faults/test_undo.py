"""Undo among faults: killed and run again, an answer lost, another writer, and a run that died half way."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import pytest

from acconsole.engine import events
from acconsole.engine.events import Event, Stop
from acconsole.engine.history import Ending
from acconsole.engine.sync import Engine
from tests.engine.undoing import KIDLISP, MOODS, newest, standing, undo, untidy
from tests.faults.checks import Writer, restore, run
from tests.faults.proxy import Fate, gate, http_proxy
from tests.faults.test_killed import run_until
from tests.world import World

POINTS = ["BatchStarted:1", "Committed:1", "Linked:1", "Committed:2", "ms:10"]


async def test_an_undo_killed_at_many_points_and_run_until_done(
    reference_world: World, tmp_path: Path
) -> None:
    """Each time the same run is undone again: what is back already is nothing to do."""
    world = reference_world
    user, account = await world.person()
    async with Writer(world.pds.url, account) as writer, world.engine(state=tmp_path) as engine:
        await untidy(world, user, writer)
        world.give(user, KIDLISP, 230)
        before = await standing(world, engine, user)
        restored = await run(engine, await engine.plan_restore(user, prune=True))
        killed = 0
        for point in POINTS:
            killed += await run_until(world, user, tmp_path, point, f"undo:{restored.run}") == -signal.SIGKILL
        # Each run does some of it, so that the last points may find nothing left that they could kill.
        assert killed >= 3
        last = await undo(engine, restored.run, max_deletes=400)
        assert (last.failed, last.skipped) == ((), ())
        assert await standing(world, engine, user) == before
        assert await engine.died() == []


async def _undo_all(engine: Engine, run_id: str) -> None:
    """What the dead run had on its way may arrive while it is undone; then there is more to undo after it."""
    for _ in range(3):
        plan = await engine.plan_undo(run_id)
        if plan.is_empty:
            assert plan.skipped == ()
            return
        done = await run(engine, plan, max_deletes=400)
        assert (done.failed, done.skipped) == ((), ())
    raise AssertionError("there is always more to undo")


@pytest.mark.parametrize("point", ["Committed:1", "BatchStarted:2"])
async def test_a_run_that_died_half_way_is_undone(sandbox_world: World, tmp_path: Path, point: str) -> None:
    world = sandbox_world
    user, account = await world.person()
    async with Writer(world.pds.url, account) as writer, world.engine(state=tmp_path) as engine:
        await untidy(world, user, writer)
        world.give(user, KIDLISP, 230)
        before = await standing(world, engine, user)
        assert await run_until(world, user, tmp_path, point) == -signal.SIGKILL
        died = await newest(engine)
        assert died.ending is Ending.DIED
        await _undo_all(engine, died.run)
        assert await standing(world, engine, user) == before


async def test_a_wipe_that_died_half_way_is_undone(sandbox_world: World, tmp_path: Path) -> None:
    world = sandbox_world
    user, _ = await world.person()
    world.give(user, KIDLISP, 60)
    world.give(user, MOODS, 5)
    async with world.engine(state=tmp_path) as engine:
        await restore(engine, user)
        before = await standing(world, engine, user)
        for point in ("Committed:1", "Linked:1"):
            assert await run_until(world, user, tmp_path, point, "wipe") == -signal.SIGKILL
            await _undo_all(engine, (await newest(engine)).run)
            assert await standing(world, engine, user) == before, point


@pytest.mark.parametrize("fate", [Fate.LOSE, Fate.FAIL])
async def test_an_answer_is_lost(world: World, tmp_path: Path, fate: Fate) -> None:
    user, account = await world.person()
    async with (
        Writer(world.pds.url, account) as writer,
        http_proxy(world.pds.url) as proxy,
        world.engine(state=tmp_path, pds_url=proxy.url) as engine,
    ):
        await untidy(world, user, writer)
        before = await standing(world, engine, user)
        restored = await run(engine, await engine.plan_restore(user, prune=True))
        between = await standing(world, engine, user)
        plan = await engine.plan_undo(restored.run)
        writes = 0

        def judge(path: str, body: bytes) -> Fate:
            nonlocal writes
            writes += path.endswith("applyWrites")
            return fate if path.endswith("applyWrites") and writes in (1, 3) else Fate.PASS

        proxy.judge = judge
        done = await run(engine, plan)
        assert writes > 3
        assert (done.failed, done.skipped, done.done) == ((), (), plan.tally())
        assert await standing(world, engine, user) == before
        back = await undo(engine, done.run)
        assert back.skipped == ()
        assert await standing(world, engine, user) == between


async def test_mongo_goes_away_under_an_undo(sandbox_world: World, tmp_path: Path) -> None:
    world = sandbox_world
    user, _ = await world.person()
    world.give(user, KIDLISP, 40)
    seen: list[Event] = []
    async with (
        gate(world.mongo_uri) as (door, uri),
        world.engine(state=tmp_path) as engine,
        world.engine(state=tmp_path, mongo_uri=uri) as there,
    ):
        before = await standing(world, engine, user)
        restored = await restore(engine, user)
        plan = await engine.plan_undo(restored.run)

        def shut_for_a_moment(event: Event) -> None:
            seen.append(event)
            if isinstance(event, events.Committed):
                door.shut()
            elif isinstance(event, events.Waiting):
                door.open()

        done = await run(there, plan, shut_for_a_moment)
        assert any(isinstance(event, events.Waiting) for event in seen)
        assert (done.failed, done.skipped, done.done) == ((), (), plan.tally())
        assert await standing(world, engine, user) == before


async def test_another_client_writes_meanwhile(world: World, tmp_path: Path) -> None:
    user, account = await world.person()
    world.give(user, KIDLISP, 300)
    theirs: list[asyncio.Task[str]] = []
    async with Writer(world.pds.url, account) as writer, world.engine(state=tmp_path) as engine:

        def write_too(event: Event) -> None:
            if isinstance(event, events.BatchStarted) and event.number <= 3:
                orphan = {
                    "text": "theirs",
                    "when": "2024-01-01T00:00:00.000Z",
                    "ref": f"nobody {len(theirs)}",
                }
                theirs.append(asyncio.create_task(writer.create(MOODS, orphan)))

        await restore(engine, user)
        before = await standing(world, engine, user)
        wiped = await run(engine, await engine.plan_wipe(user, (KIDLISP,)), confirmed=user.handle)
        runs = [wiped]
        for _ in range(3):
            plan = await engine.plan_undo(runs[-1].run)
            runs.append(await run(engine, plan, write_too, max_deletes=300))
        rkeys = set(await asyncio.gather(*theirs))
        after = await standing(world, engine, user)
    assert [each.failed + each.skipped for each in runs] == [()] * 4
    kidlisp = {place: cid for place, cid in after.repo.items() if place[0] is KIDLISP}
    assert (kidlisp, after.mongo) == (before.repo, before.mongo)
    assert len(rkeys) >= 3
    assert rkeys == {rkey for kind, rkey in after.repo if kind is MOODS}


async def test_an_undo_is_stopped_and_goes_on(sandbox_world: World, tmp_path: Path) -> None:
    world = sandbox_world
    user, _ = await world.person()
    world.give(user, KIDLISP, 450)
    async with world.engine(state=tmp_path) as engine:
        await restore(engine, user)
        before = await standing(world, engine, user)
        wiped = await run(engine, await engine.plan_wipe(user), confirmed=user.handle)
        stop = Stop()

        def ask(event: Event) -> None:
            if isinstance(event, events.Committed):
                stop.request()

        first = await run(engine, await engine.plan_undo(wiped.run), ask, stop=stop)
        assert (first.stopped, 0 < first.done.create < 450) == (True, True)
        assert first.done.relink == first.done.create, "what was committed is linked"
        rest = await undo(engine, wiped.run)
        assert first.done.create + rest.done.create == 450
        assert await standing(world, engine, user) == before
