"""Saved plans: run exactly as they were made, or refused with what has changed."""

from __future__ import annotations

import json

import pytest

from acconsole.engine.draft import Choice
from acconsole.engine.model import User
from acconsole.engine.saved import SavedPlan
from acconsole.engine.sync import Engine
from acconsole.errors import StalePlan, UsageError
from acconsole.media.base import MediaType
from tests.faults.checks import Writer, assert_whole, restore, run
from tests.world import World

MOODS = MediaType.MOODS


async def _saved(engine: Engine, user: User) -> SavedPlan:
    saved = await engine.saved_restore(user, Choice())
    return SavedPlan.from_bytes(saved.to_bytes())


async def test_a_saved_plan_does_what_it_says_and_no_more(world: World) -> None:
    user, _ = await world.person()
    world.give(user, MOODS, 5)
    async with world.engine() as engine:
        saved = await _saved(engine, user)
        world.give(user, MediaType.PIECES, 3)  # what comes later is not in it
        plan = await engine.renewed(saved, user)
        assert plan.operations == saved.plan.operations
        assert (await run(engine, plan)).done.create == 5
        assert (await engine.status(user)).counts(MediaType.PIECES).missing == 3
        await restore(engine, user)
    await assert_whole(world, user)


async def test_other_commits_alone_make_no_plan_stale(world: World) -> None:
    user, account = await world.person()
    world.give(user, MOODS, 4)
    async with world.engine() as engine:
        saved = await _saved(engine, user)
        async with Writer(world.pds.url, account) as writer:
            orphan = {"text": "x", "when": "2024-01-01T00:00:00.000Z", "ref": "of nobody"}
            await writer.create(MOODS, orphan)
        plan = await engine.renewed(saved, user)
        assert plan.commit != saved.plan.commit
        assert (await run(engine, plan)).done.create == 4


async def test_what_has_changed_is_named_and_nothing_is_run(sandbox_world: World) -> None:
    world = sandbox_world
    user, _ = await world.person()
    docs = world.give(user, MOODS, 4)
    refs = [str(doc["_id"]) for doc in docs]
    moods = world.database["moods"]
    async with world.engine() as engine:
        saved = await _saved(engine, user)
        moods.update_one({"_id": docs[0]["_id"]}, {"$set": {"mood": "another"}})
        moods.update_one({"_id": docs[1]["_id"]}, {"$set": {"deleted": True}})
        moods.delete_one({"_id": docs[2]["_id"]})
        with pytest.raises(StalePlan) as caught:
            await engine.renewed(saved, user)
        for ref, why in zip(
            refs, ("its doc has changed", "its doc has changed", "its doc is gone"), strict=False
        ):
            assert f"moods {ref}: {why}" in caught.value.message
        assert refs[3] not in caught.value.message


async def test_a_plan_that_was_run_is_stale(sandbox_world: World) -> None:
    world = sandbox_world
    user, _ = await world.person()
    world.give(user, MOODS, 7)
    async with world.engine() as engine:
        saved = await _saved(engine, user)
        await run(engine, await engine.renewed(saved, user))
        with pytest.raises(StalePlan, match=r"has changed.* and 2 more"):
            await engine.renewed(saved, user)


async def test_a_record_that_changed_makes_it_stale(sandbox_world: World) -> None:
    world = sandbox_world
    user, account = await world.person()
    (doc,) = world.give(user, MOODS, 1)
    value = {"text": "old", "when": "2023-01-01T00:00:00.000Z", "ref": str(doc["_id"])}
    async with Writer(world.pds.url, account) as writer, world.engine() as engine:
        rkey = await writer.create(MOODS, value)
        saved = await _saved(engine, user)
        await writer.put(MOODS, rkey, value | {"text": "older"})
        with pytest.raises(StalePlan, match="its record has changed"):
            await engine.renewed(saved, user)


async def test_a_plan_for_another_repo_is_refused(sandbox_world: World) -> None:
    world = sandbox_world
    user, _ = await world.person()
    other, _ = await world.person()
    world.give(user, MOODS, 1)
    async with world.engine() as engine:
        saved = await _saved(engine, user)
        with pytest.raises(StalePlan, match="The plan is for did:plc:"):
            await engine.renewed(saved, other)


async def test_the_file_holds_no_secret(sandbox_world: World) -> None:
    world = sandbox_world
    user, account = await world.person()
    world.give(user, MOODS, 1)
    async with world.engine() as engine:
        text = (await engine.saved_restore(user, Choice())).to_bytes().decode()
    for secret in (account.password, account.access, account.refresh, world.mongo_uri):
        assert secret not in text
    assert json.loads(text)["plan"]["commit"]


@pytest.mark.parametrize(
    "data",
    [b"", b"{}", b"[]", b"nonsense", b'{"acconsole_plan": 1}', b'{"acconsole_plan": 2}', b"[" * 99_999],
)
def test_what_is_no_plan_is_told_so(data: bytes) -> None:
    with pytest.raises(UsageError, match="plan"):
        SavedPlan.from_bytes(data)
