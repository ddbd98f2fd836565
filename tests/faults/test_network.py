"""Answers lost, failures without a word, Mongo gone for a while."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from acconsole.engine import events, recovery
from acconsole.engine.events import Event
from acconsole.errors import Unreachable
from acconsole.media.base import MediaType
from tests.faults.checks import assert_whole, restore, run
from tests.faults.proxy import Fate, gate, http_proxy
from tests.world import World

WRITES = "/xrpc/com.atproto.repo.applyWrites"


async def test_an_answer_lost_after_the_commit(world: World) -> None:
    user, _ = await world.person()
    world.give(user, MediaType.KIDLISP, 450)
    lost: list[str] = []

    def lose_two(path: str, body: bytes) -> Fate:
        if path == WRITES and len(lost) < 2:
            lost.append(path)
            return Fate.LOSE
        return Fate.PASS

    async with http_proxy(world.pds.url) as proxy, world.engine(pds_url=proxy.url) as engine:
        proxy.judge = lose_two
        seen: list[Event] = []
        result = await restore(engine, user, seen.append)
    assert len(lost) == 2
    assert any(isinstance(event, events.Reread) for event in seen)
    assert result.failed == ()
    assert result.done.create == 450
    assert result.done.relink == 0
    await assert_whole(world, user)


async def test_the_link_of_a_lost_update_is_kept(world: World) -> None:
    user, _ = await world.person()
    (doc,) = world.give(user, MediaType.MOODS, 1)
    async with world.engine() as engine:
        await restore(engine, user)
    changed = {"$set": {"mood": "another"}, "$unset": {"atproto": ""}}
    world.database["moods"].update_one({"_id": doc["_id"]}, changed)
    lost: list[str] = []

    def lose_one(path: str, body: bytes) -> Fate:
        if path == WRITES and not lost:
            lost.append(path)
            return Fate.LOSE
        return Fate.PASS

    async with http_proxy(world.pds.url) as proxy, world.engine(pds_url=proxy.url) as engine:
        proxy.judge = lose_one
        result = await restore(engine, user)
    assert (result.done.update, result.done.relink, result.failed) == (1, 0, ())
    await assert_whole(world, user)


async def test_one_poisoned_record_is_isolated_and_the_rest_goes_through(world: World) -> None:
    user, _ = await world.person()
    docs = world.give(user, MediaType.KIDLISP, 120)
    poison = docs[77]["code"]

    def fail_poison(path: str, body: bytes) -> Fate:
        return Fate.FAIL if path == WRITES and f'"code":"{poison}"'.encode() in body else Fate.PASS

    async with http_proxy(world.pds.url) as proxy, world.engine(pds_url=proxy.url) as engine:
        proxy.judge = fail_poison
        result = await restore(engine, user)
    assert [failure.ref for failure in result.failed] == [str(docs[77]["_id"])]
    assert result.done.create == 119
    async with world.engine() as engine:
        assert (await engine.status(user)).counts(MediaType.KIDLISP).missing == 1
        await restore(engine, user)
    await assert_whole(world, user)


async def test_when_every_answer_is_lost_the_records_are_found_all_the_same(world: World) -> None:
    user, _ = await world.person()
    world.give(user, MediaType.KIDLISP, 30)
    async with http_proxy(world.pds.url) as proxy, world.engine(pds_url=proxy.url) as engine:
        proxy.judge = lambda path, body: Fate.LOSE if path == WRITES else Fate.PASS
        result = await restore(engine, user)
    assert (result.done.create, result.failed) == (30, ())
    await assert_whole(world, user)


async def test_a_pds_that_refuses_everything_ends_the_user_soon(world: World) -> None:
    user, _ = await world.person()
    world.give(user, MediaType.MOODS, 5)
    async with http_proxy(world.pds.url) as proxy, world.engine(pds_url=proxy.url) as engine:
        proxy.judge = lambda path, body: Fate.FAIL if path == WRITES else Fate.PASS
        result = await restore(engine, user)
    assert result.done.create == 0
    assert result.failed[-1].ref is None
    assert "rounds without progress" in result.failed[-1].reason
    assert len([path for path in proxy.paths if path == WRITES]) < 15


async def test_mongo_gone_for_some_seconds(world: World) -> None:
    user, _ = await world.person()
    world.give(user, MediaType.KIDLISP, 260)
    async with gate(world.mongo_uri) as (door, uri), world.engine(mongo_uri=uri) as engine:
        plan = await engine.plan_restore(user)
        reopening: list[asyncio.TimerHandle] = []

        def shut_the_door(event: Event) -> None:
            if isinstance(event, events.Committed) and not reopening:
                door.shut()
                reopening.append(asyncio.get_running_loop().call_later(4, door.open))

        result = await run(engine, plan, shut_the_door)
    assert reopening
    assert result.failed == ()
    assert result.done.create == 260
    await assert_whole(world, user)


async def test_mongo_gone_for_good_leaves_docs_that_the_next_run_links(
    sandbox_world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(recovery, "PAUSES", (0.05,) * 4)
    user, _ = await sandbox_world.person()
    sandbox_world.give(user, MediaType.KIDLISP, 30)
    seen: list[Event] = []
    async with (
        gate(sandbox_world.mongo_uri) as (door, uri),
        sandbox_world.engine(mongo_uri=uri, state=tmp_path) as engine,
    ):
        plan = await engine.plan_restore(user)

        def shut_the_door(event: Event) -> None:
            seen.append(event)
            if isinstance(event, events.Committed):
                door.shut()

        with pytest.raises(Unreachable):
            await run(engine, plan, shut_the_door)
    assert any(isinstance(event, events.Waiting) for event in seen)
    finished = seen[-1]
    assert isinstance(finished, events.Finished)
    assert finished.result.done.create > 0
    assert "does not answer" in finished.result.failed[-1].reason
    # Its hold is still in Mongo, but this machine's journal knows that it has ended.
    async with sandbox_world.engine(state=tmp_path) as engine:
        state = await engine.status(user)
        assert state.counts(MediaType.KIDLISP).unlinked > 0
        await restore(engine, user)
    await assert_whole(sandbox_world, user)
