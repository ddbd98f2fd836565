"""Rollouts over several users, on both PDSs: what is done, in which order, what fails and is tried again."""

from __future__ import annotations

import asyncio
import csv
import json
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from acconsole.engine import events, recovery
from acconsole.engine.events import Event
from acconsole.engine.history import Ending
from acconsole.engine.model import User
from acconsole.engine.rollout import lanes, told
from acconsole.engine.rollout.account import RolloutResult, UserEnd
from acconsole.engine.rollout.crew import Control
from acconsole.engine.rollout.survey import Scope
from acconsole.engine.sync import Engine
from acconsole.errors import Unreachable, UsageError
from acconsole.media.base import MediaType
from tests.faults.checks import assert_whole, restore
from tests.faults.proxy import Fate, gate, http_proxy
from tests.tapehost import tape_host
from tests.world import World

RECORDS = (MediaType.MOODS, MediaType.PIECES, MediaType.KIDLISP)
EVERYBODY = Scope()


async def rolled_out(
    engine: Engine,
    scope: Scope = EVERYBODY,
    seen: Callable[[Event], None] = lambda _: None,
    concurrency: int = 50,
    **how: Any,
) -> RolloutResult:
    """Survey and roll out, live; `seen` gets each event."""
    surveyed = await engine.survey(scope)
    how = {"live": True, "control": Control(concurrency), **how}
    return await finished(engine.rollout(surveyed, **how), seen)


async def finished(
    told_of: AsyncIterator[Event], seen: Callable[[Event], None] = lambda _: None
) -> RolloutResult:
    """The result that a rollout ends with; `seen` gets each event."""
    result = None
    async for event in told_of:
        seen(event)
        if isinstance(event, told.RolloutFinished):
            result = event.result
    assert result is not None
    return result


async def gathered(told: AsyncIterator[Event], seen: list[Event]) -> None:
    """Takes every event of a run."""
    async for event in told:
        seen.append(event)  # noqa: PERF401  # what came before an error counts


async def people(world: World, number: int) -> list[User]:
    """So many users with a few docs each."""
    made = [(await world.person())[0] for _ in range(number)]
    for index, user in enumerate(made):
        world.give(user, MediaType.MOODS, 2 + index)
        world.give(user, MediaType.KIDLISP, 3)
    return made


def ended(result: RolloutResult) -> dict[UserEnd, int]:
    return {end: count for end, count in result.ends if count}


async def test_everybody_is_done_once(world: World, tmp_path: Path) -> None:
    users = await people(world, 5)
    seen: list[Event] = []
    async with world.engine(state=tmp_path) as engine:
        dry = await rolled_out(engine, live=False)
        assert (dry.done.items, dry.planned.create, dry.report) == (0, 35, None)
        result = await rolled_out(engine, Scope(), seen.append)
        again = await rolled_out(engine)
        record = await engine.run_record(result.run)
        summaries = await engine.history()
    assert (result.done.create, result.failed, result.wrong, result.checked) == (35, (), 0, 35)
    assert ended(result) == {UserEnd.DONE: 5}
    assert (again.looked, again.in_sync, again.done.items, again.pds_requests) == (5, 5, 0, 0)
    assert sum(isinstance(event, told.UserEnded) for event in seen) == 5
    assert {each.id for each in users} == set(record.summary.users)
    assert [each.ending for each in record.parts] == [Ending.FINISHED] * 5
    assert [(each.action, each.ending) for each in summaries] == [("rollout", Ending.FINISHED)] * 3
    assert record.summary.done == result.done
    for user in users:
        await assert_whole(world, user)
    folder = Path(str(result.report))
    rows = list(csv.DictReader((folder / "report.csv").read_text().splitlines()))
    assert [(row["handle"], row["end"], row["done_create"]) for row in rows] == [
        (user.handle, "done", str(5 + index)) for index, user in enumerate(users)
    ]
    assert json.loads((folder / "report.json").read_text())["users"]["done"] == 5
    assert "5 done" in (folder / "report.txt").read_text()


async def test_nobody_is_logged_in_where_all_is_in_sync(world: World, tmp_path: Path) -> None:
    await people(world, 3)
    async with http_proxy(world.pds.url) as proxy:
        async with world.engine(state=tmp_path, pds_url=proxy.url) as engine:
            await rolled_out(engine)
            await engine.survey(Scope())
        proxy.paths.clear()
        async with world.engine(state=tmp_path, pds_url=proxy.url) as engine:
            result = await rolled_out(engine)
    assert (result.looked, result.in_sync) == (3, 3)
    assert {path.partition("?")[0] for path in proxy.paths} == {"/xrpc/com.atproto.sync.listRepos"}


async def test_records_alone_have_the_first_turn(sandbox_world: World, tmp_path: Path) -> None:
    users = await people(sandbox_world, 3)
    for user in users:
        sandbox_world.give(user, MediaType.PAINTINGS, 1)
    seen: list[Event] = []
    with tape_host() as host:  # without any picture
        sandbox_world.more = host.settings
        async with sandbox_world.engine(state=tmp_path) as engine:
            result = await rolled_out(engine, Scope(), seen.append, concurrency=1)
    turns = [event.kinds for event in seen if isinstance(event, told.UserBegan)]
    blobs = (MediaType.PAINTINGS, MediaType.TAPES)
    assert turns == [RECORDS] * 3 + [blobs] * 3
    assert [(each.kind, each.again) for each in result.failed] == [(MediaType.PAINTINGS, False)] * 3
    assert ended(result) == {UserEnd.FAILED: 3}
    assert result.done.create == 18


async def test_who_has_no_account_that_works_is_listed(sandbox_world: World, tmp_path: Path) -> None:
    world = sandbox_world
    good, dead = await people(world, 2)
    world.database["users"].update_one({"_id": dead.id}, {"$set": {"atproto.password": "another"}})
    for number, docs in (("1", 2), ("2", 0)):
        sub = f"auth0|nobody{number}"
        world.database["users"].insert_one({"_id": sub, "code": f"ac24none{number}"})
        if docs:
            world.give(User(sub), MediaType.MOODS, docs)
    seen: list[Event] = []
    async with world.engine(state=tmp_path) as engine:
        result = await rolled_out(engine, Scope(), seen.append)
    assert ended(result) == {UserEnd.DONE: 1, UserEnd.FAILED: 1, UserEnd.LEFT_OUT: 1}
    assert (result.looked, result.in_sync) == (4, 1)
    reasons = {failure.handle: failure.reason for failure in result.failed}
    assert "stored password" in reasons[dead.name]
    assert "no account" in reasons["ac24none1"]
    assert [event.again for event in seen if isinstance(event, told.UserEnded) and event.reason] == [None]
    await assert_whole(world, good)


async def test_who_failed_is_tried_again_after_all_others(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes, "PAUSES", (0.05, 0.05))
    users = await people(world, 4)
    refused: list[bytes] = []

    def refuse_twice(path: str, body: bytes) -> Fate:
        wanted = path.endswith("createSession") and str(users[1].did).encode() in body
        if wanted and len(refused) < 2:
            refused.append(body)
            return Fate.FAIL
        return Fate.PASS

    seen: list[Event] = []
    async with (
        http_proxy(world.pds.url) as proxy,
        world.engine(state=tmp_path, pds_url=proxy.url) as engine,
    ):
        proxy.judge = refuse_twice
        result = await rolled_out(engine, Scope(), seen.append, concurrency=2)
        record = await engine.run_record(result.run)
    assert (result.failed, ended(result)) == ((), {UserEnd.DONE: 4})
    tried = [event.attempt for event in seen if isinstance(event, told.UserBegan) and event.user == users[1]]
    assert tried == [1, 2, 3]
    others = [at for at, event in enumerate(seen) if isinstance(event, told.UserBegan) and event.attempt == 1]
    again = [at for at, event in enumerate(seen) if isinstance(event, told.UserBegan) and event.attempt > 1]
    assert max(others) < min(again), "the failed one comes after all others"
    assert [part.ending for part in record.parts if part.user == users[1].id] == [
        Ending.FAILED,
        Ending.FAILED,
        Ending.FINISHED,
    ]
    await assert_whole(world, users[1])


async def test_too_many_failures_stop_it(sandbox_world: World, tmp_path: Path) -> None:
    world = sandbox_world
    await people(world, 6)
    world.database["users"].update_many({}, {"$set": {"atproto.password": "another"}})
    async with world.engine(state=tmp_path) as engine:
        result = await rolled_out(engine, concurrency=1, max_failures=2)
        record = await engine.run_record(result.run)
    assert ended(result) == {UserEnd.FAILED: 3, UserEnd.NOT_BEGUN: 3}
    assert "3 users have failed, and 2 may. Most often: The PDS refuses the stored password" in str(
        result.why
    )
    assert record.summary.ending is Ending.STOPPED


async def test_a_pds_that_is_gone_stops_it(
    sandbox_world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recovery, "PAUSES", (0.05,) * 2)
    world = sandbox_world
    await people(world, 5)
    host, port = urlsplit(world.pds.url).hostname, urlsplit(world.pds.url).port
    async with (
        gate(f"http://{host}:{port}") as (door, uri),
        world.engine(state=tmp_path, pds_url=uri.partition("/?")[0]) as engine,
    ):
        surveyed = await engine.survey(Scope())
        door.shut()
        rollout = engine.rollout(surveyed, live=True, max_failures=2, control=Control(2))
        seen: list[Event] = []
        with pytest.raises(Unreachable, match="3 users have failed"):
            await gathered(rollout, seen)
    assert isinstance(seen[-1], told.RolloutFinished)
    assert (seen[-1].result.done.items, seen[-1].result.stopped) == (0, True)


async def test_a_limit_on_deletes_is_for_each_user(sandbox_world: World, tmp_path: Path) -> None:
    world = sandbox_world
    users = await people(world, 2)
    async with world.engine(state=tmp_path) as engine:
        await rolled_out(engine)
        world.database["moods"].update_many({"user": users[1].id}, {"$set": {"deleted": True}})
        world.give(users[1], MediaType.KIDLISP, 1)
        refused = await rolled_out(engine, Scope(prune=True), max_deletes=2)
        assert (refused.done.items, ended(refused)) == (0, {UserEnd.FAILED: 1})
        assert "3 records" in refused.failed[0].reason
        result = await rolled_out(engine, Scope(prune=True), max_deletes=3)
    assert (result.done.delete, result.done.create) == (3, 1)
    backups = list(Path(str(result.backup)).glob("*/manifest.json"))
    assert len(backups) == 1


async def test_it_can_be_held_up_and_goes_on(sandbox_world: World, tmp_path: Path) -> None:
    await people(sandbox_world, 4)
    control = Control(1)
    seen: list[Event] = []

    def hold(event: Event) -> None:
        seen.append(event)
        if isinstance(event, told.UserEnded) and not control.paused:
            control.pause()
            asyncio.get_running_loop().call_later(1.0, go_on)

    def go_on() -> None:
        seen.append(Event())
        control.resume()

    async with sandbox_world.engine(state=tmp_path) as engine:
        result = await rolled_out(engine, Scope(), hold, control=control)
    first_end = next(at for at, event in enumerate(seen) if isinstance(event, told.UserEnded))
    assert type(seen[first_end + 1]) is Event, "nothing happens until it is resumed"
    assert ended(result) == {UserEnd.DONE: 4}


async def test_a_stopped_one_is_gone_on_from(world: World, tmp_path: Path) -> None:
    users = await people(world, 5)
    control = Control(1)
    async with world.engine(state=tmp_path) as engine:

        def stop(event: Event) -> None:
            if isinstance(event, told.UserEnded):
                control.request()

        scope = Scope((MediaType.MOODS, MediaType.KIDLISP), tuple(user.id for user in users[:4]))
        stopped = await rolled_out(engine, scope, stop, control=control)
        assert ended(stopped) == {UserEnd.DONE: 1, UserEnd.NOT_BEGUN: 3}
        run, again, options = await engine.resumed(stopped.run[:9])
        assert (run, again, options["concurrency"]) == (stopped.run, scope, 1)
        result = await rolled_out(engine, again, resumes=run)
        assert ended(result) == {UserEnd.DONE: 3}
        assert (await engine.run_record(result.run)).beginning.options["resumes"] == run
        with pytest.raises(UsageError, match="not a rollout"):
            await engine.resumed((await restore(engine, users[4])).run)
    for user in users:
        await assert_whole(world, user)


async def test_torn_down_it_settles_what_is_on_its_way(sandbox_world: World, tmp_path: Path) -> None:
    world = sandbox_world
    users = await people(world, 4)
    async with world.engine(state=tmp_path) as engine:
        surveyed = await engine.survey(Scope())
        async with aclosing(engine.rollout(surveyed, live=True)) as run:
            async for event in run:
                if isinstance(event, told.UserMoved) and isinstance(event.event, events.BatchStarted):
                    break
        (summary,) = await engine.history()
        assert summary.ending is Ending.STOPPED
        assert summary.done.create > 0
        states = [await engine.status(user) for user in users]
        assert not any(state.counts(kind).unlinked for state in states for kind in RECORDS)
        await rolled_out(engine)
    for user in users:
        await assert_whole(world, user)


async def test_it_can_be_undone_and_that_too(world: World, tmp_path: Path) -> None:
    users = await people(world, 3)
    async with world.engine(state=tmp_path) as engine:
        await rolled_out(engine, Scope(users=(users[0].id,)))
        world.database["moods"].update_many({"user": users[0].id}, {"$set": {"mood": "changed"}})
        before = await standing(world, engine, users)
        result = await rolled_out(engine)
        after = await standing(world, engine, users)
        assert (result.done.update, result.done.create) == (2, 6 + 7)
        undone = await taken_back(engine, result.run)
        assert (undone.action, undone.failed, undone.skipped) == ("undo", (), ())
        assert (undone.done.update, undone.done.delete) == (2, 13)
        assert await standing(world, engine, users) == before
        again = await taken_back(engine, undone.run)
        assert (again.done.update, again.done.create, again.wrong) == (2, 13, 0)
        assert await standing(world, engine, users) == after
        assert (await taken_back(engine, undone.run)).done.items == 0


async def standing(world: World, engine: Engine, users: list[User]) -> list[Any]:
    """Every record of these users with its CID, and what their docs store."""
    found: list[Any] = []
    for user in users:
        state = await engine.status(user)
        assert state.snapshot
        records = (each for kind in MediaType for each in state.snapshot.records[kind])
        found.append({each.rkey: each.cid for each in records})
        docs = (doc for kind in MediaType for doc in world.docs(user, kind))
        found.append({str(doc["_id"]): (doc.get("atproto"), doc.get("at")) for doc in docs})
    return found


async def taken_back(engine: Engine, run: str) -> RolloutResult:
    """Undo a run over many users."""
    return await finished(engine.rollout(await engine.survey_undo(run), live=True))
