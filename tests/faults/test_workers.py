"""Rollouts on Dask workers: stopped, refused; a worker killed in the middle, the head, the scheduler."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, aclosing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from acconsole.engine import events
from acconsole.engine.events import Event
from acconsole.engine.history import Ending
from acconsole.engine.model import User
from acconsole.engine.rollout import lanes, told
from acconsole.engine.rollout.account import RolloutResult, UserEnd
from acconsole.engine.rollout.crew import Control
from acconsole.engine.rollout.survey import Scope
from acconsole.engine.sync import Engine
from acconsole.errors import SettingsError
from acconsole.media.base import MediaType
from acconsole.stores.leases import COLLECTION
from tests.engine.test_rollout import ended, rolled_out
from tests.faults.checks import Writer, assert_whole
from tests.servers import PdsServer
from tests.stores.dask import SCHEDULER, WORKER, process
from tests.world import World


@dataclass
class Cluster:
    """The scheduler's address and process, and the workers' processes by address."""

    address: str
    scheduler: int
    workers: dict[str, int]


@contextmanager
def cluster(world: World, folder: Path, workers: int, **more: str) -> Iterator[Cluster]:
    """A cluster whose workers have the world's settings, and state dirs of their own."""
    with ExitStack() as stack:
        scheduler = stack.enter_context(process(SCHEDULER, folder))
        made = {}
        for number in range(workers):
            own = folder / f"worker-{number}"
            own.mkdir()
            environment = {**world.environment(str(own / "state")), **more}
            ready = stack.enter_context(process(WORKER, own, scheduler["url"], **environment))
            made[ready["url"]] = ready["pid"]
        yield Cluster(scheduler["url"], scheduler["pid"], made)


@pytest.fixture(scope="module")
def lone(
    sandbox_pds: PdsServer, mongo_uri: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cluster]:
    """A scheduler with one worker on a world of the module's own."""
    world = World(sandbox_pds, mongo_uri, "lone-worker")
    with cluster(world, tmp_path_factory.mktemp("cluster"), 1) as made:
        yield made
    world.close()


@pytest.fixture
def own_world(sandbox_pds: PdsServer, mongo_uri: str) -> Iterator[World]:
    """That world, empty."""
    made = World(sandbox_pds, mongo_uri, "lone-worker")
    yield made
    made.close()


@pytest.fixture
def reference_world(reference_pds: PdsServer, mongo_uri: str, mongo_db: str) -> Iterator[World]:
    made = World(reference_pds, mongo_uri, mongo_db)
    yield made
    made.close()


async def people(world: World, number: int, kidlisp: int, stale: int = 0) -> list[User]:
    """So many users with docs to publish; the first `stale` of them have a record that is to be updated."""
    users = []
    for index in range(number):
        user, account = await world.person()
        docs = world.give(user, MediaType.MOODS, 3)
        world.give(user, MediaType.KIDLISP, kidlisp)
        users.append(user)
        if index < stale:
            async with Writer(world.pds.url, account) as writer:
                old = {"text": "old", "when": "2023-01-01T00:00:00.000Z", "ref": str(docs[0]["_id"])}
                await writer.create(MediaType.MOODS, old)
    return users


def worker_of(world: World, user: User) -> str:
    """The address of the worker that holds a user now; empty when none does."""
    doc = world.database[COLLECTION].find_one({"_id": user.id}) or {}
    return str(doc.get("holder", {}).get("part", "")).partition(" ")[0]


def committed(event: Event) -> User | None:
    """The user of whom the event tells that a batch was committed."""
    told_of_it = isinstance(event, told.UserMoved) and isinstance(event.event, events.Committed)
    return event.user if isinstance(event, told.UserMoved) and told_of_it else None


async def standing(engine: Engine, user: User) -> set[str]:
    """The rkeys of all records of a user."""
    state = await engine.status(user)
    assert state.snapshot
    return {record.rkey for records in state.snapshot.records.values() for record in records}


async def until_the_scheduler_is_gone(
    world: World, user: User, engine: Engine, lost: Cluster
) -> RolloutResult:
    """A rollout over one user with much to do, whose scheduler is killed on the way."""
    world.give(user, MediaType.KIDLISP, 500)

    def seen(event: Event) -> None:
        if committed(event):
            os.kill(lost.scheduler, signal.SIGKILL)

    return await rolled_out(engine, Scope(), seen, dask=lost.address)


async def test_a_worker_killed_in_the_middle(
    reference_world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its user goes to another, once its lease has run out; all is on the head: the journal, the backups.

    At last the scheduler is killed as well, and what is left done at home.
    """
    monkeypatch.setattr(lanes, "PAUSES", (2.0, 3.0, 4.0))
    world = reference_world
    users = await people(world, 12, 25, stale=4)
    unlucky = users[0]
    world.give(unlucky, MediaType.KIDLISP, 500)
    by_user: dict[str, set[str]] = {}
    with cluster(world, tmp_path, 3) as three:

        def seen(event: Event) -> None:
            if (user := committed(event)) and (worker := worker_of(world, user)):
                workers = by_user.setdefault(user.id, set())
                workers.add(worker)
                if user == unlucky and len(workers) == 1:
                    # Several of the user's batches are still to come.
                    with suppress(ProcessLookupError):
                        os.kill(three.workers[worker], signal.SIGKILL)

        async with world.engine(state=tmp_path / "head") as engine:
            engine.lease_seconds = 2.0
            result = await rolled_out(engine, Scope(), seen, dask=three.address)
            record = await engine.run_record(result.run)
            in_journal = {operation.rkey for operation in record.operations}
            for user in users:
                assert await standing(engine, user) <= in_journal, (
                    "nothing is sent that is not in the journal"
                )
            lost = await until_the_scheduler_is_gone(world, unlucky, engine, three)
            at_home = await rolled_out(engine, resumes=lost.run)
    assert [failure.reason for failure in lost.failed] == [
        f"The Dask scheduler at {three.address} does not answer."
    ]
    assert 0 < lost.done.create < 500, "what was told before counts"
    assert ended(at_home) == {UserEnd.DONE: 1}
    assert (ended(result), result.failed, result.wrong) == ({UserEnd.DONE: 12}, (), 0)
    # What the worker could not tell any more of its last batch, nobody has confirmed.
    assert 12 * 28 - 4 + 500 - 200 <= result.done.create <= 12 * 28 - 4 + 500
    assert result.done.update == 4
    assert set.union(*by_user.values()) == set(three.workers)
    assert len(by_user[unlucky.id]) == 2
    assert result.pds_requests > 12
    assert {part.user for part in record.parts} == {user.id for user in users}
    assert record.summary.ending is Ending.FINISHED
    folders = {str(manifest.parent) for manifest in Path(str(result.backup)).glob("*/manifest.json")}
    assert len(folders) == 4
    assert set(record.backups) == folders
    assert not list(tmp_path.glob("worker-*/state/runs")), "no backup stays with a worker"
    for user in users:
        await assert_whole(world, user)


async def test_what_the_head_wants_reaches_the_worker(
    lone: Cluster, own_world: World, tmp_path: Path
) -> None:
    """It stops after the batch on its way, and also when the rollout is torn down."""
    world = own_world
    (user,) = await people(world, 1, 700)
    async with world.engine(state=tmp_path) as engine:
        control = Control()

        def stop(event: Event) -> None:
            if committed(event):
                control.request()

        stopped = await rolled_out(engine, Scope(), stop, control=control, dask=lone.address)
        assert stopped.stopped
        assert 0 < stopped.done.create < 600
        assert ended(stopped) == {UserEnd.NOT_BEGUN: 1}
        surveyed = await engine.survey(Scope())
        async with aclosing(engine.rollout(surveyed, live=True, dask=lone.address)) as running:
            async for event in running:
                if isinstance(event, told.UserMoved) and isinstance(event.event, events.BatchStarted):
                    break
        state = await engine.status(user)
        assert state.counts(MediaType.KIDLISP).unlinked == 0, "the batch on its way was linked"
        assert stopped.done.create < state.counts(MediaType.KIDLISP).synced + 3 < 703
        assert {each.ending for each in await engine.history()} == {Ending.STOPPED}


_HEAD = """
import asyncio, os, signal, sys
from acconsole.engine import events
from acconsole.engine.rollout import told
from acconsole.engine.rollout.survey import Scope
from acconsole.settings import load
from acconsole.stores.connect import connect

async def main(dask):
    async with connect(load(os.environ)) as engine:
        async for event in engine.rollout(await engine.survey(Scope()), live=True, dask=dask):
            if isinstance(event, told.UserMoved) and isinstance(event.event, events.Committed):
                os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main(sys.argv[1]))
"""


async def test_the_head_killed(lone: Cluster, own_world: World, tmp_path: Path) -> None:
    """Its worker writes nothing that is not in its journal, and the next rollout goes on."""
    world = own_world
    users = await people(world, 2, 400)
    head = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _HEAD, lone.address),
        env={**os.environ, **world.environment(str(tmp_path))},
    )
    assert await head.wait() == -signal.SIGKILL
    async with world.engine(state=tmp_path) as engine:
        (died,) = await engine.died()
        result = await rolled_out(engine, Scope(), dask=lone.address, resumes=died.run)
        records = [await engine.run_record(run) for run in (died.run, result.run)]
        in_journal = {operation.rkey for record in records for operation in record.operations}
        for user in users:
            assert await standing(engine, user) <= in_journal
    assert (ended(result), result.failed) == ({UserEnd.DONE: 2}, ())
    assert result.done.create < 806
    for user in users:
        await assert_whole(world, user)


async def test_a_worker_that_does_not_fit(lone: Cluster, own_world: World, tmp_path: Path) -> None:
    await people(own_world, 1, 1)
    seen: list[Event] = []
    environment = {**own_world.environment(str(tmp_path / "state")), "MONGODB_NAME": "other"}
    with process(WORKER, tmp_path, lone.address, **environment) as worker:
        async with own_world.engine(state=tmp_path) as engine:
            with pytest.raises(SettingsError) as wrong:
                await rolled_out(engine, Scope(), seen.append, dask=lone.address)
            assert await engine.history() == []
    assert wrong.value.message == (
        f"The Dask worker at {worker['url']}: it is set to the database other,"
        f" and the rollout's is {own_world.name}."
    )
    assert seen == []
