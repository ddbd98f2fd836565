"""What a run leaves in the journal, on both PDSs: every write with what was there before and after it."""

from __future__ import annotations

import json
from contextlib import aclosing
from pathlib import Path
from typing import Any

from acconsole.engine import events
from acconsole.engine.history import Ending, Outcome, RunRecord
from acconsole.engine.model import Snapshot
from acconsole.engine.plan import Action
from acconsole.engine.sync import Engine
from acconsole.media.base import MediaType
from tests.faults.checks import Writer, restore, run
from tests.world import World


def _cids(snapshot: Snapshot | None) -> dict[str, str]:
    assert snapshot
    return {each.rkey: each.cid for found in snapshot.records.values() for each in found}


async def _newest(engine: Engine) -> RunRecord:
    return await engine.run_record((await engine.history(1))[0].run)


async def test_a_restore_of_every_kind_of_change(world: World, tmp_path: Path) -> None:
    user, account = await world.person()
    docs = world.give(user, MediaType.MOODS, 5)
    wrong, twice, unlinked = docs[:3]
    moods = world.database["moods"]
    async with Writer(world.pds.url, account) as writer, world.engine(state=tmp_path) as engine:
        rkeys = {}
        for doc, text in (
            (wrong, "wrong"),
            (twice, twice["mood"]),
            (twice, "again"),
            (unlinked, unlinked["mood"]),
        ):
            minutes = docs.index(doc) * 7
            when = f"2023-01-01T00:{minutes:02}:00.000Z"
            mood = {"text": text, "when": when, "ref": str(doc["_id"])}
            rkeys[text] = await writer.create(MediaType.MOODS, mood)
        moods.update_one({"_id": twice["_id"]}, {"$set": {"atproto": {"rkey": rkeys[twice["mood"]]}}})
        moods.update_one({"_id": unlinked["_id"]}, {"$set": {"atproto": {"rkey": "lost", "kept": 1}}})
        before = await engine.status(user)
        result = await restore(engine, user)
        after = await engine.status(user)
        record = await _newest(engine)
    assert (record.summary.run, record.summary.ending) == (result.run, Ending.FINISHED)
    assert record.result == result.as_json()
    assert record.summary.done == result.done
    assert record.backups == [result.backup]
    assert (record.beginning.subjects[0].id, record.beginning.subjects[0].commit) == (user.id, before.commit)
    assert all(each.outcome is Outcome.CONFIRMED for each in record.operations)
    _assert_true(record, before.snapshot, after.snapshot)
    assert record.batches[-1].commit == after.commit
    by_ref = {(each.action, each.ref): each for each in record.operations}
    assert by_ref[Action.UPDATE, str(wrong["_id"])].linked
    relink = by_ref[Action.RELINK, str(unlinked["_id"])]
    assert (relink.rkey, relink.linked) == (rkeys[unlinked["mood"]], True)
    assert json.loads(relink.stored or "") == {"atproto": {"rkey": "lost", "kept": 1}}
    assert by_ref[Action.DELETE, str(twice["_id"])].rkey == rkeys["again"]
    assert (
        sum(each.action is Action.CREATE and each.linked and not each.stored for each in record.operations)
        == 2
    )


def _assert_true(record: RunRecord, before: Snapshot | None, after: Snapshot | None) -> None:
    """Each confirmed operation turned the record of before into that of after, batch upon batch."""
    old, new = _cids(before), _cids(after)
    on_the_pds = [each for each in record.confirmed if each.action is not Action.RELINK]
    assert on_the_pds
    for each in on_the_pds:
        assert (each.old_cid, each.new_cid) == (old.get(each.rkey), new.get(each.rkey))
    chain = [(batch.head, batch.commit) for batch in record.batches if batch.number]
    assert chain[0][0] == (before.commit if before else None)
    assert [head for head, _ in chain[1:]] == [commit for _, commit in chain[:-1]]


async def test_a_wipe_and_a_run_without_work(world: World, tmp_path: Path) -> None:
    user, _ = await world.person()
    docs = world.give(user, MediaType.KIDLISP, 3)
    async with world.engine(state=tmp_path) as engine:
        await restore(engine, user)
        before = await engine.status(user)
        await run(engine, await engine.plan_wipe(user), confirmed=user.handle)
        after = await engine.status(user)
        record = await _newest(engine)
        assert (record.summary.action, record.summary.done.delete) == ("wipe", 3)
        _assert_true(record, before.snapshot, after.snapshot)
        assert {ref for _, ref in record.cleared} == {str(doc["_id"]) for doc in docs}
        world.database["kidlisp"].delete_many({"user": user.id})
        await restore(engine, user)
        assert (await _newest(engine)).batches == ()
        assert [each.ending for each in await engine.history()] == [Ending.FINISHED] * 3
        assert await engine.died() == []


async def test_a_dry_run_is_a_run_without_writes(sandbox_world: World, tmp_path: Path) -> None:
    user, _ = await sandbox_world.person()
    sandbox_world.give(user, MediaType.MOODS, 3)
    async with sandbox_world.engine(state=tmp_path) as engine:
        plan = await engine.plan_restore(user)
        async for event in engine.run(plan, live=False):
            assert not isinstance(event, events.BatchStarted)
        record = await _newest(engine)
        assert engine.trouble is None
    assert (record.summary.mode, record.summary.ending) == ("dry-run", Ending.FINISHED)
    assert (record.batches, record.notes, record.summary.done.items) == ((), (), 0)
    assert record.result
    assert record.result["planned"]["create"] == 3
    assert sandbox_world.database["acconsole_leases"].count_documents({}) == 0


async def test_how_runs_end(sandbox_world: World, tmp_path: Path) -> None:
    world = sandbox_world
    user, _ = await world.person()
    world.give(user, MediaType.KIDLISP, 30)
    locked, _ = await world.person()
    world.give(locked, MediaType.MOODS, 1)
    world.database["users"].update_one({"_id": locked.id}, {"$set": {"atproto.password": "no longer"}})
    async with world.engine(state=tmp_path) as engine:
        plan = await engine.plan_restore(user)
        async with aclosing(engine.run(plan, live=True)) as happening:
            async for event in happening:
                if isinstance(event, events.BatchStarted):
                    (now,) = await engine.history()
                    assert (now.ending, now.ended) == (Ending.RUNNING, None)
                    break
        torn = await _newest(engine)
        users = {each.id: each for each in await engine.users()}
        await restore(engine, users[locked.id])
        failed = await _newest(engine)
        assert world.database["acconsole_leases"].count_documents({}) == 0
    assert (torn.summary.ending, torn.summary.done.create) == (Ending.STOPPED, 30)
    assert all(each.linked for each in torn.confirmed)
    assert (failed.summary.ending, failed.summary.failed) == (Ending.FAILED, 1)
    assert failed.failed == failed.noted("failed")
    assert "password" in failed.failed[0]["reason"]


async def test_no_secret_is_in_the_journal(sandbox_world: World, tmp_path: Path) -> None:
    world = sandbox_world
    user, account = await world.person()
    docs = world.give(user, MediaType.MOODS, 30)
    world.database["moods"].update_one({"_id": docs[0]["_id"]}, {"$set": {"mood": "a dear secret"}})
    async with world.engine(state=tmp_path) as engine:
        await restore(engine, user)
        world.database["users"].update_one({"_id": user.id}, {"$set": {"atproto.password": "long gone"}})
        world.give(user, MediaType.MOODS, 1)
        users = {each.id: each for each in await engine.users()}
    async with world.engine(state=tmp_path) as engine:
        await restore(engine, users[user.id])
        await engine.history()
        held = b"".join(each.read_bytes() for each in tmp_path.iterdir() if "journal" in each.name)
    held += b"".join(each.read_bytes() for each in tmp_path.iterdir() if "journal" in each.name)
    assert user.id.encode() in held
    secrets: list[Any] = [account.password, account.access, account.refresh, world.mongo_uri, "long gone"]
    # A JWT begins with the base64 of `{"`; what a mood says is nobody's business either.
    secrets += [world.pds.admin_password, world.pds.jwt_secret, "eyJ", "a dear secret"]
    assert [each for each in secrets if each.encode() in held] == []
