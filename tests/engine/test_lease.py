"""One run at a time on a user: on one machine, across machines, and when a hold runs out under a run."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pytest

from acconsole.engine.events import Event, RunResult
from acconsole.engine.model import User
from acconsole.errors import Exit, Held
from acconsole.media.base import MediaType
from tests.faults.checks import assert_whole, restore, run
from tests.faults.proxy import http_proxy
from tests.world import World

LEASES = "acconsole_leases"


async def _both(world: World, user: User, places: tuple[Path, Path]) -> list[RunResult | Held]:
    """Two runs that start at the same moment."""
    async with world.engine(state=places[0]) as one, world.engine(state=places[1]) as other:
        plans = [await engine.plan_restore(user) for engine in (one, other)]
        outcomes = await asyncio.gather(
            *(run(engine, plan) for engine, plan in zip((one, other), plans, strict=True)),
            return_exceptions=True,
        )
    assert all(isinstance(each, RunResult | Held) for each in outcomes), outcomes
    return [each for each in outcomes if isinstance(each, RunResult | Held)]


@pytest.mark.parametrize("machines", ["one", "two"])
async def test_of_two_runs_at_once_exactly_one_runs(world: World, tmp_path: Path, machines: str) -> None:
    user, _ = await world.person()
    world.give(user, MediaType.KIDLISP, 80)
    places = (tmp_path / "a", tmp_path / "a" if machines == "one" else tmp_path / "b")
    outcomes = await _both(world, user, places)
    (result,) = [each for each in outcomes if isinstance(each, RunResult)]
    (held,) = [each for each in outcomes if isinstance(each, Held)]
    assert (result.done.create, result.failed) == (80, ())
    assert held.exit_status == Exit.REFUSED
    assert all(part in held.message for part in (user.name, result.run, os.uname().nodename))
    assert time.strftime("%Y-%m-%d ") in held.message
    assert "free at" in held.hint
    assert world.database[LEASES].count_documents({}) == 0
    await assert_whole(world, user)
    async with world.engine(state=places[0]) as one, world.engine(state=places[1]) as other:
        runs = {each.run: each for engine in (one, other) for each in await engine.history()}
    assert sorted(each.ending.value for each in runs.values()) == ["failed", "finished"]


@asynccontextmanager
async def _door(world: World) -> AsyncIterator[tuple[str, asyncio.Event]]:
    """The PDS behind a proxy that lets writes through once the event is set."""
    opened = asyncio.Event()
    async with http_proxy(world.pds.url) as proxy:
        ask = proxy._ask

        async def ask_in_time(head: bytes, body: bytes) -> bytes:
            if b"applyWrites" in head.partition(b"\r\n")[0]:
                await opened.wait()
            return await ask(head, body)

        proxy._ask = ask_in_time  # type: ignore[method-assign]  # the proxy of this test alone
        yield proxy.url, opened


async def _until(holds: Callable[[], object]) -> None:
    """Wait until something holds, and look often."""
    patient_until = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < patient_until
        await asyncio.sleep(0.01)


def _dates(world: World, user: User) -> Callable[[], int]:
    """Tells how many ends the user's hold has been seen to have."""
    seen: set[Any] = set()

    def look() -> int:
        doc = world.database[LEASES].find_one({"_id": user.id})
        seen.update([doc["until"]] if doc else [])
        return len(seen)

    return look


async def test_a_long_run_renews_its_hold_and_lets_go(sandbox_world: World) -> None:
    world = sandbox_world
    user, _ = await world.person()
    free, _ = await world.person()
    for each in (user, free):
        world.give(each, MediaType.MOODS, 3)
    async with (
        _door(world) as (url, opened),
        world.engine(pds_url=url) as engine,
        world.engine() as elsewhere,
    ):
        engine.lease_seconds = 0.3
        running = asyncio.create_task(restore(engine, user))
        renewed = _dates(world, user)
        await _until(lambda: renewed() >= 6)  # by now the first of them is long over
        with pytest.raises(Held):
            await restore(elsewhere, user)
        assert (await restore(elsewhere, free)).done.create == 3
        opened.set()
        assert (await running).done.create == 3
    assert world.database[LEASES].count_documents({}) == 0
    await assert_whole(world, user)


async def test_a_run_that_is_cancelled_lets_go(sandbox_world: World) -> None:
    world = sandbox_world
    user, _ = await world.person()
    world.give(user, MediaType.MOODS, 3)
    async with _door(world) as (url, opened), world.engine(pds_url=url) as engine:
        running = asyncio.create_task(restore(engine, user))
        await _until(lambda: world.database[LEASES].count_documents({}))
        running.cancel()
        opened.set()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert world.database[LEASES].count_documents({}) == 0
        await restore(engine, user)
    await assert_whole(world, user)


def _renewals(state: Path) -> Callable[[], int]:
    """Tells how often something was taken, renewed or let go by this machine's journal."""

    def count() -> int:
        with closing(sqlite3.connect(state / "journal.sqlite")) as db:
            return int(db.execute("SELECT count(*) FROM leases").fetchone()[0])

    return count


async def test_a_run_that_has_lost_its_hold_stops_before_its_next_write(sandbox_world: World) -> None:
    world = sandbox_world
    user, _ = await world.person()
    world.give(user, MediaType.KIDLISP, 700)
    leases, seen = world.database[LEASES], list[Event]()
    async with _door(world) as (url, opened), world.engine(pds_url=url) as engine:
        engine.lease_seconds = 0.2
        plan = await engine.plan_restore(user)
        running = asyncio.create_task(run(engine, plan, seen.append))
        await _until(lambda: leases.find_one({"_id": user.id}))
        # As if it had been held up for so long that another run took over.
        leases.update_one({"_id": user.id}, {"$set": {"holder.run": "another"}})
        renewals = _renewals(engine._state_dir)
        begun = renewals()
        await _until(lambda: renewals() > begun)
        opened.set()
        with pytest.raises(Held, match="taken over"):
            await running
        (ended,) = await engine.history()
        state = await engine.status(user)
    assert "taken over" in str(seen[-1])
    assert ended.failed == 1
    assert state.counts(MediaType.KIDLISP).records == ended.done.create < 700
    assert leases.count_documents({"holder.run": "another"}) == 1, "it is not ours to end"
