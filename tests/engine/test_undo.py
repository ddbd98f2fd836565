"""Undo, on both PDSs: the repo's records and Mongo's rkeys are byte for byte those of before."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from acconsole.engine.cid import blob_cid
from acconsole.engine.history import Ending
from acconsole.engine.model import User
from acconsole.engine.plan import Plan, SkippedItem, Tally
from acconsole.engine.sync import Engine
from acconsole.errors import TooManyDeletes
from acconsole.media.base import MediaType
from tests.engine.undoing import (
    KIDLISP,
    MOODS,
    mood,
    painting,
    standing,
    store,
    undo,
    untidy,
    upload,
)
from tests.faults.checks import Writer, restore, run
from tests.tapehost import Host, tape_host
from tests.world import START, World

PAINTINGS = MediaType.PAINTINGS


@pytest.fixture
def host() -> Iterator[Host]:
    with tape_host() as made:
        yield made


def picture(shade: int) -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (8, 8), (shade, 90, 20)).save(data, "PNG")
    return data.getvalue()


async def test_a_restore_and_its_undo_and_the_undo_of_that(world: World, tmp_path: Path) -> None:
    user, account = await world.person()
    async with Writer(world.pds.url, account) as writer, world.engine(state=tmp_path) as engine:
        await untidy(world, user, writer)
        before = await standing(world, engine, user)
        restored = await run(engine, await engine.plan_restore(user, prune=True))
        assert (restored.failed, restored.done) == ((), restored.planned)
        counts = restored.done
        assert (counts.create, counts.update, counts.delete, counts.relink) == (16, 2, 3, 3)
        between = await standing(world, engine, user)
        plan = await engine.plan_undo(restored.run)
        assert (plan.action, plan.skipped, Plan.from_json(plan.as_json())) == ("undo", (), plan)
        first = await run(engine, plan)
        assert (first.done, first.skipped, first.failed) == (plan.tally(), (), ())
        assert (first.done.create, first.done.update, first.done.delete) == (3, 2, 16)
        assert await standing(world, engine, user) == before
        verified = await engine.verify_written(plan, first)
        assert verified
        assert (verified.checked, verified.wrong) == (len(plan.operations), 0)
        assert (await engine.plan_undo(restored.run)).is_empty, "run twice, it does nothing"
        second = await undo(engine, first.run)
        assert (second.skipped, second.failed) == ((), ())
        assert await standing(world, engine, user) == between
        third = await undo(engine, second.run)
        assert (third.skipped, third.failed) == ((), ())
        assert await standing(world, engine, user) == before


async def test_a_wipe_and_its_undo_with_pictures(world: World, host: Host, tmp_path: Path) -> None:
    user, account = await world.person()
    world.more = host.settings
    docs = [painting(world, user, code) for code in "abc"]
    for shade, doc in enumerate(docs):
        host.objects[f"/site/media/paintings/{doc['code']}"] = picture(40 * shade)
    tape = {
        "_id": "t1",
        "user": user.id,
        "when": START,
        "code": "t",
        "slug": "s",
        "at": {"rkey": "r", "cid": "c"},
    }
    world.database["tapes"].insert_one(tape)
    dead = world.give(user, MOODS, 3)[0]
    async with Writer(world.pds.url, account) as writer, world.engine(state=tmp_path) as engine:
        await run(engine, await engine.plan_restore(user, (PAINTINGS,)))
        blob = await upload(world, account, picture(200), "image/png")
        orphan = {"thumbnail": blob, "when": "2024-01-01T00:00:00.000Z", "ref": "nobody"}
        await writer.create(PAINTINGS, orphan)
        store(world, dead, {"deleted": True, "atproto": {"rkey": "long gone"}})
        before = await standing(world, engine, user)
        wiped = await run(engine, await engine.plan_wipe(user), confirmed=user.handle)
        assert (wiped.done.delete, wiped.done.relink) == (4, 5)
        assert not (await standing(world, engine, user)).repo
        host.objects.clear()  # what comes back comes from the backup
        plan = await engine.plan_undo(wiped.run)
        assert plan.tally() == Tally(create=4, relink=5, blobs=4)
        back = await run(engine, plan)
        assert (back.done, back.skipped, back.failed) == (plan.tally(), (), ())
        assert await standing(world, engine, user) == before
        verified = await engine.verify_written(plan, back)
        assert verified
        assert verified.wrong == 0
        await _all_blobs_are_there(engine, user, 4)
        again = await undo(engine, back.run)
        assert (again.done.delete, again.done.relink, again.skipped) == (4, 5, ())
        after = await standing(world, engine, user)
        assert (after.repo, set(after.mongo.values())) == ({}, {"{}"})
        await undo(engine, again.run)
        assert await standing(world, engine, user) == before
        await _all_blobs_are_there(engine, user, 4)


async def _all_blobs_are_there(engine: Engine, user: User, count: int) -> None:
    snapshot = (await engine.status(user)).snapshot
    assert snapshot
    assert len(snapshot.blobs) == count
    for cid in snapshot.blobs:
        assert blob_cid(await engine.blob(snapshot.did, cid)) == cid


async def test_updates_go_back(world: World, tmp_path: Path) -> None:
    user, _ = await world.person()
    world.give(user, KIDLISP, 30)
    async with world.engine(state=tmp_path) as engine:
        await restore(engine, user)
        before = await standing(world, engine, user)
        world.database["kidlisp"].update_many({}, {"$set": {"source": "(wipe red)"}})
        updated = await restore(engine, user)
        assert updated.done == Tally(update=30)
        back = await undo(engine, updated.run)
        assert (back.done, back.skipped) == (Tally(update=30), ())
        assert await standing(world, engine, user) == before


async def test_what_has_changed_since_is_skipped(world: World, tmp_path: Path) -> None:
    user, account = await world.person()
    docs = world.give(user, MOODS, 6)
    async with Writer(world.pds.url, account) as writer, world.engine(state=tmp_path) as engine:
        restored = await restore(engine, user)
        rkeys = {str(doc["_id"]): doc["atproto"]["rkey"] for doc in world.docs(user, MOODS)}
        changed, relinked, _, deleted, *_ = (str(doc["_id"]) for doc in docs)
        await writer.put(MOODS, rkeys[changed], mood(docs[0], text="theirs"))
        store(world, docs[1], {"atproto": {"rkey": "theirs"}})
        world.database["moods"].update_one({"_id": docs[2]["_id"]}, {"$unset": {"atproto": ""}})
        world.database["moods"].delete_one({"_id": docs[3]["_id"]})
        before = await standing(world, engine, user)
        plan = await engine.plan_undo(restored.run)
        assert plan.tally() == Tally(delete=5, relink=2)
        assert set(plan.skipped) == {
            SkippedItem(MOODS, changed, rkeys[changed], "it has changed since"),
            SkippedItem(MOODS, relinked, "theirs", "its stored rkey has changed since"),
        }
        assert deleted not in {op.ref for op in plan.operations if op.back}
        done = await run(engine, plan)
        after = await standing(world, engine, user)
    assert (done.done, len(done.skipped)) == (plan.tally(), 2)
    theirs = {(MOODS, rkeys[changed])}
    assert after.repo == {place: cid for place, cid in before.repo.items() if place in theirs}
    assert [after.mongo[MOODS, ref] for ref in (changed, relinked)] == [
        before.mongo[MOODS, ref] for ref in (changed, relinked)
    ]
    assert done.as_json()["skipped"][0].keys() == {"handle", "type", "id", "rkey", "reason"}


async def test_deleted_docs_are_never_published_again(world: World, tmp_path: Path) -> None:
    user, _ = await world.person()
    moods = world.give(user, MOODS, 4)
    kidlisp = world.give(user, KIDLISP, 3)
    async with world.engine(state=tmp_path) as engine:
        await restore(engine, user)
        world.database["kidlisp"].update_many({}, {"$set": {"source": "(wipe red)"}})
        store(world, moods[0], {"deleted": True})  # a tombstone by the time of the wipe
        updated = await restore(engine, user)
        wiped = await run(engine, await engine.plan_wipe(user, (MOODS,)), confirmed=user.handle)
        store(world, moods[1], {"nuked": True})
        world.database["moods"].delete_one({"_id": moods[2]["_id"]})
        plan = await engine.plan_undo(wiped.run)
        skipped = {item.ref: item.reason for item in plan.skipped}
        assert skipped == {
            str(moods[0]["_id"]): "its doc was deleted, and is not published again",
            str(moods[1]["_id"]): "its doc was deleted, and is not published again",
            str(moods[2]["_id"]): "its doc is gone",
        }
        # One that dies between the plan and the run, and an update of a doc that has died.
        store(world, kidlisp[0], {"nuked": True}, KIDLISP)
        of_updates = await engine.plan_undo(updated.run)
        store(world, kidlisp[1], {"nuked": True}, KIDLISP)
        store(world, moods[3], {"deleted": True})
        moods_back = await run(engine, plan)
        kidlisp_back = await run(engine, of_updates)
        assert (moods_back.done.create, len(moods_back.skipped)) == (0, 4)
        assert (of_updates.tally().update, kidlisp_back.done.update) == (2, 1)
        state = await engine.status(user)
    assert state.snapshot
    assert state.snapshot.records[MOODS] == ()
    returned = [
        each.value["ref"] for each in state.snapshot.records[KIDLISP] if "red" not in each.value["source"]
    ]
    assert returned == [str(kidlisp[2]["_id"])]


async def test_a_doc_that_dies_under_the_undo_is_taken_back(sandbox_world: World, tmp_path: Path) -> None:
    world = sandbox_world
    user, _ = await world.person()
    world.give(user, KIDLISP, 230)
    async with world.engine(state=tmp_path) as engine:
        await restore(engine, user)
        wiped = await run(engine, await engine.plan_wipe(user), confirmed=user.handle)
        plan = await engine.plan_undo(wiped.run)

        def delete_all(event: object) -> None:
            if type(event).__name__ == "BatchStarted":
                world.database["kidlisp"].update_many({}, {"$set": {"nuked": True}})

        await run(engine, plan, delete_all)
        assert not (await standing(world, engine, user)).repo


async def test_nothing_returns_beside_a_record_that_came_since(world: World, tmp_path: Path) -> None:
    user, account = await world.person()
    docs = world.give(user, MOODS, 3)
    async with Writer(world.pds.url, account) as writer, world.engine(state=tmp_path) as engine:
        await restore(engine, user)
        wiped = await run(engine, await engine.plan_wipe(user), confirmed=user.handle)
        rkey = await writer.create(MOODS, mood(docs[0]))
        plan = await engine.plan_undo(wiped.run)
        assert [(item.ref, item.reason) for item in plan.skipped] == [
            (str(docs[0]["_id"]), "its doc has another record now")
        ]
        await writer.create(MOODS, mood(docs[1]))  # after the plan
        done = await run(engine, plan)
        state = await engine.status(user)
    assert (done.done.create, len(done.skipped)) == (1, 3)
    assert (state.counts(MOODS).records, state.counts(MOODS).duplicate) == (3, 0)
    assert state.snapshot
    assert rkey in {each.rkey for each in state.snapshot.records[MOODS]}


async def test_the_limit_on_deletes_holds_for_an_undo(sandbox_world: World, tmp_path: Path) -> None:
    user, _ = await sandbox_world.person()
    sandbox_world.give(user, KIDLISP, 101)
    async with sandbox_world.engine(state=tmp_path) as engine:
        restored = await restore(engine, user)
        plan = await engine.plan_undo(restored.run)
        with pytest.raises(TooManyDeletes):
            await run(engine, plan)
        assert (await engine.status(user)).rev == plan.rev
        assert (await run(engine, plan, max_deletes=101)).done.delete == 101
        assert (await engine.history(1))[0].ending is Ending.FINISHED
