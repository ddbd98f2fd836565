"""What an undo refuses, and what it leaves alone since its backup or its value is not to be had."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from acconsole.engine import kept
from acconsole.engine.cid import blob_cid
from acconsole.engine.effects import of_docs, of_records
from acconsole.engine.events import BatchStarted, RunResult
from acconsole.engine.history import OperationRecord, Outcome
from acconsole.engine.model import User
from acconsole.engine.plan import Action, Tally
from acconsole.engine.stored import as_text, is_exact
from acconsole.engine.sync import Engine
from acconsole.errors import BlobError, Refused, UnknownRun, UsageError
from acconsole.media.base import MediaType
from tests.engine.test_rollout import rolled_out
from tests.engine.undoing import KIDLISP, MOODS, newest, painting, standing, store, undo, upload
from tests.faults.checks import Writer, restore, result_of, run
from tests.faults.proxy import http_proxy
from tests.world import START, World

PAINTINGS = MediaType.PAINTINGS
PICTURE = b"\x89PNG\r\n\x1a\n" + b"picture" * 9


async def wiped(engine: Engine, user: User) -> RunResult:
    return await run(engine, await engine.plan_wipe(user), confirmed=user.handle)


async def test_what_is_refused(sandbox_world: World, tmp_path: Path) -> None:
    world = sandbox_world
    user, _ = await world.person()
    world.give(user, KIDLISP, 3)
    async with world.engine(state=tmp_path) as engine, http_proxy(world.pds.url) as proxy:
        with pytest.raises(UnknownRun):
            await engine.plan_undo("abc")
        dry = await result_of(engine.run(await engine.plan_restore(user), live=False))
        assert (await engine.plan_undo(dry.run)).is_empty
        assert await engine.undo_users(dry.run) == []
        plan = await engine.plan_restore(user)
        async for event in engine.run(plan, live=True):
            if isinstance(event, BatchStarted):
                with pytest.raises(Refused, match="still going on"):
                    await engine.plan_undo((await newest(engine)).run)
        restored = (await newest(engine)).run
        assert await engine.undo_users(restored) == [user.id]
        async with world.engine(state=tmp_path, pds_url=proxy.url) as elsewhere:
            with pytest.raises(Refused) as refused:
                await elsewhere.plan_undo(restored)
        assert engine.host in refused.value.message
        assert elsewhere.host in refused.value.message
        nothing = await restore(engine, user)
        assert (await engine.plan_undo(nothing.run)).is_empty
        with pytest.raises(UsageError):
            await engine.plan_undo(restored, "auth0|nobody")
        world.database["users"].update_one({"_id": user.id}, {"$set": {"atproto.did": "did:plc:another"}})
        with pytest.raises(Refused, match="did:plc:another"):
            await engine.plan_undo(restored)
        world.database["users"].delete_one({"_id": user.id})
        with pytest.raises(UsageError, match="is gone"):
            await engine.plan_undo(restored)


async def test_a_run_over_many_is_undone_user_by_user(sandbox_world: World, tmp_path: Path) -> None:
    world = sandbox_world
    users = [(await world.person())[0] for _ in range(3)]
    for user in users[:2]:
        world.give(user, KIDLISP, 3)
    async with world.engine(state=tmp_path) as engine:
        before = [await standing(world, engine, user) for user in users]
        rollout = await rolled_out(engine)
        with pytest.raises(UsageError, match="over 2 users"):
            await engine.plan_undo(rollout.run)
        assert set(await engine.undo_users(rollout.run)) == {user.id for user in users[:2]}
        first = await run(engine, await engine.plan_undo(rollout.run, users[0].id))
        assert first.done == Tally(delete=3, relink=3)
        assert (await engine.status(users[1])).in_sync
        await run(engine, await engine.plan_undo(rollout.run, users[1].id))
        assert [await standing(world, engine, user) for user in users] == before


async def test_a_backup_that_is_missing_broken_or_of_another(sandbox_world: World, tmp_path: Path) -> None:
    world = sandbox_world
    user, _ = await world.person()
    world.give(user, MOODS, 2)
    async with world.engine(state=tmp_path) as engine:
        await restore(engine, user)
        before = await standing(world, engine, user)
        made = await wiped(engine, user)
        manifest = Path(str(made.backup)) / "manifest.json"
        whole = json.loads(manifest.read_text())
        forged = json.loads(manifest.read_text())
        for record in forged["records"]:
            record["value"]["text"] = "forged"
        for spoilt, reason in (
            (None, "is missing"),
            ("{", "is broken"),
            (json.dumps({**whole, "records": [{}]}), "is broken"),
            (json.dumps({**whole, "run": "another"}), "is of another run or user"),
            (json.dumps({**whole, "user": {**whole["user"], "id": "another"}}), "is of another run or user"),
            (json.dumps(forged), "JSON cannot carry the old record unchanged"),
        ):
            manifest.unlink(missing_ok=True)
            if spoilt is not None:
                manifest.write_text(spoilt)
            plan = await engine.plan_undo(made.run)
            assert not [op for op in plan.operations if not op.back], spoilt
            assert [reason in item.reason for item in plan.skipped] == [True] * len(plan.skipped)
            assert {item.ref for item in plan.skipped} == {ref for _, ref in before.mongo}
        manifest.write_text(json.dumps(whole))
        await undo(engine, made.run)
        assert await standing(world, engine, user) == before


async def test_a_record_whose_blob_is_lost_is_skipped(world: World, tmp_path: Path) -> None:
    user, account = await world.person()
    blob = await upload(world, account, PICTURE, "image/png")
    orphan = {"thumbnail": blob, "when": "2024-01-01T00:00:00.000Z", "ref": "nobody"}
    async with Writer(world.pds.url, account) as writer, world.engine(state=tmp_path) as engine:
        await writer.create(PAINTINGS, orphan)
        before = await standing(world, engine, user)
        made = await wiped(engine, user)
        file = Path(str(made.backup)) / "blobs" / blob_cid(PICTURE)
        file.write_bytes(PICTURE[:-1])
        plan = await engine.plan_undo(made.run)
        assert [("blob" in item.reason, item.ref) for item in plan.skipped] == [(True, "nobody")]
        # It is lost after the plan: that one item fails.
        file.write_bytes(PICTURE)
        plan = await engine.plan_undo(made.run)
        file.unlink()
        failed = await run(engine, plan)
        assert (failed.done.create, [failure.ref for failure in failed.failed]) == (0, ["nobody"])
        # Another record brings it to the PDS again: it need not come from the backup.
        blob = await upload(world, account, PICTURE, "image/png")
        rkey = await writer.create(PAINTINGS, {**orphan, "ref": "somebody"})
        back = await undo(engine, made.run)
        assert (back.done, back.skipped) == (Tally(create=1), ())
        after = await standing(world, engine, user)
    assert {place: cid for place, cid in after.repo.items() if place[1] != rkey} == before.repo


async def test_a_doc_stays_with_a_record_that_does_not_return(sandbox_world: World, tmp_path: Path) -> None:
    world = sandbox_world
    user, account = await world.person()
    blob = await upload(world, account, PICTURE, "image/png")
    pictured, plain = painting(world, user, "a"), painting(world, user, "b")
    async with Writer(world.pds.url, account) as writer, world.engine(state=tmp_path) as engine:
        for doc, more in ((pictured, {"thumbnail": blob}), (plain, {})):
            record = {"when": "2023-01-01T00:00:00.000Z", "ref": str(doc["_id"]), **more}
            store(world, doc, {"atproto": {"rkey": await writer.create(PAINTINGS, record)}}, PAINTINGS)
        before = await standing(world, engine, user)
        made = await wiped(engine, user)
        file = Path(str(made.backup)) / "blobs" / blob_cid(PICTURE)
        plan = await engine.plan_undo(made.run)
        assert plan.tally() == Tally(create=2, relink=2, blobs=1)
        file.unlink()
        failed = await run(engine, plan)
        assert (failed.done, len(failed.failed)) == (Tally(create=1, relink=1), 1)
        assert [(item.ref, item.reason) for _, item in failed.skipped] == [
            (str(pictured["_id"]), "its record stays as it is")
        ]
        assert ["atproto" in doc for doc in world.docs(user, PAINTINGS)] == [False, True]
        file.write_bytes(PICTURE)
        assert (await undo(engine, made.run)).done == Tally(create=1, relink=1, blobs=1)
        assert await standing(world, engine, user) == before


def test_what_is_not_exact_is_known() -> None:
    assert is_exact(as_text({"atproto": {"rkey": "👍", "when": START}}))
    assert not is_exact(as_text({"at": {"rkey": "\udcff"}}))
    assert not is_exact(as_text({"at": {"rkey": {2}}}))


def test_a_blob_is_believed_by_its_cid(tmp_path: Path) -> None:
    (tmp_path / "blobs").mkdir()
    (tmp_path / "blobs" / blob_cid(b"right")).write_bytes(b"wrong")
    with pytest.raises(BlobError):
        kept.blob([str(tmp_path)], blob_cid(b"right"))
    (tmp_path / "blobs" / blob_cid(b"right")).write_bytes(b"right")
    assert kept.blob([str(tmp_path / "nowhere"), str(tmp_path)], blob_cid(b"right")) == b"right"


def _operation(
    action: Action, old: str | None, new: str | None, outcome: Outcome, stored: str | None = None
) -> OperationRecord:
    link = action is not Action.DELETE
    return OperationRecord("auth0|a", MOODS, action, "ref", "rkey", old, new, outcome, False, stored, link)


def test_from_first_to_last_is_what_counts() -> None:
    done, unknown, never = Outcome.CONFIRMED, Outcome.UNKNOWN, Outcome.NOT_DONE
    create = _operation(Action.CREATE, None, "a", done)
    (effect,) = of_records([create, _operation(Action.UPDATE, "a", "b", done)])
    assert (effect.before, set(effect.left)) == (None, {"b"})
    assert of_records([create, _operation(Action.DELETE, "a", None, done)]) == []
    assert of_records([_operation(Action.UPDATE, "a", "b", never)]) == []
    (effect,) = of_records(
        [_operation(Action.UPDATE, "a", "b", done), _operation(Action.DELETE, "b", None, unknown)]
    )
    assert (effect.before, set(effect.left)) == ("a", {"b", None})
    before = '{"atproto": {"rkey": "old", "kept": 1}}'
    (doc,) = of_docs([_operation(Action.RELINK, None, None, unknown, before), create], "did:plc:a")
    assert doc.before == before
    uri = f"at://did:plc:a/{MOODS.nsid}/rkey"
    assert json.loads(doc.left[0]) == {"atproto": {"rkey": "rkey", "kept": 1, "uri": uri}}
