"""Runs on both PDSs: what is written, what is kept, what is refused, and how a run ends."""

from __future__ import annotations

import json
import stat
from contextlib import aclosing
from pathlib import Path
from typing import Any

import httpx
import pytest
from bson import ObjectId

from acconsole.engine import car, events
from acconsole.engine.cid import blob_cid
from acconsole.engine.events import Event, Finished, RunResult, Stop
from acconsole.engine.plan import Plan
from acconsole.errors import ReadOnly, TooManyDeletes, Unconfirmed
from acconsole.media.base import MediaType
from acconsole.settings import load
from acconsole.stores.connect import connect
from tests.faults.checks import Writer, assert_whole, restore, run
from tests.world import World


def _mood(doc: dict[str, Any], **more: Any) -> dict[str, Any]:
    when = doc["when"].strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return {"text": doc["mood"], "when": when, "ref": str(doc["_id"]), **more}


async def test_a_dry_run_writes_nothing(world: World) -> None:
    user, _ = await world.person()
    world.give(user, MediaType.MOODS, 30)
    before = world.docs(user, MediaType.MOODS)
    async with world.engine() as engine:
        plan = await engine.plan_restore(user)
        result = None
        async for event in engine.run(plan, live=False):
            assert not isinstance(event, events.Committed | events.Linked | events.BatchStarted)
            result = event.result if isinstance(event, Finished) else result
        state = await engine.status(user)
    assert result
    assert (result.planned.create, result.done.items, result.points) == (30, 0, 90)
    assert result.pds_requests == 0
    assert state.rev == plan.rev
    assert world.docs(user, MediaType.MOODS) == before


async def test_a_second_run_sends_nothing(world: World) -> None:
    user, _ = await world.person()
    for kind in (MediaType.MOODS, MediaType.PIECES, MediaType.KIDLISP):
        world.give(user, kind, 25)
    async with world.engine() as engine:
        first = await restore(engine, user)
        state = await engine.status(user)
        second = await restore(engine, user)
        again = await engine.status(user)
    assert first.done.create == 75
    assert (second.planned.items, second.pds_requests) == (0, 0)
    assert again.rev == state.rev
    await assert_whole(world, user)


async def test_updates_stay_in_place_and_keep_further_fields(world: World) -> None:
    user, account = await world.person()
    docs = world.give(user, MediaType.MOODS, 3)
    async with Writer(world.pds.url, account) as writer, world.engine() as engine:
        legacy = {"mood": docs[0]["mood"], "when": "2020-01-01T00:00:00.000Z", "mongoId": str(docs[0]["_id"])}
        rkey = await writer.create(MediaType.MOODS, {**legacy, "weather": {"sky": ["grey", 3]}})
        result = await restore(engine, user)
        state = await engine.status(user)
    assert (result.done.update, result.done.create) == (1, 2)
    assert state.snapshot
    kept = next(each.value for each in state.snapshot.records[MediaType.MOODS] if each.rkey == rkey)
    assert kept == {"$type": MediaType.MOODS.nsid, "weather": {"sky": ["grey", 3]}, **_mood(docs[0])}
    await assert_whole(world, user)


async def test_a_keeper_that_takes_its_duplicates_value_is_not_lost(world: World) -> None:
    """The reference PDS would lose it, were the update and the delete in one commit."""
    user, account = await world.person()
    (doc,) = world.give(user, MediaType.MOODS, 1)
    async with Writer(world.pds.url, account) as writer, world.engine() as engine:
        right = _mood(doc)
        keeper = await writer.create(MediaType.MOODS, {**right, "text": "wrong"})
        await writer.create(MediaType.MOODS, right)
        world.database["moods"].update_one({"_id": doc["_id"]}, {"$set": {"atproto": {"rkey": keeper}}})
        result = await restore(engine, user)
        state = await engine.status(user)
    assert (result.done.update, result.done.delete, result.failed) == (1, 1, ())
    assert state.snapshot
    (found,) = state.snapshot.records[MediaType.MOODS]
    assert (found.rkey, found.value["text"]) == (keeper, doc["mood"])
    await assert_whole(world, user)


async def test_duplicates_go_last_after_a_backup_that_reads_back(world: World, tmp_path: Path) -> None:
    user, account = await world.person()
    docs = world.give(user, MediaType.MOODS, 4)
    async with Writer(world.pds.url, account) as writer:
        for _ in range(2):
            await writer.create(MediaType.MOODS, _mood(docs[1], note="a second time"))
    seen: list[Event] = []
    async with connect(load(world.environment(str(tmp_path)))) as engine:
        result = await restore(engine, user, seen.append)
    kinds = [event.done for event in seen if isinstance(event, events.Committed)]
    assert [bool(done.delete) for done in kinds] == sorted(bool(done.delete) for done in kinds)
    assert all(not done.delete or done.create + done.update == 0 for done in kinds)
    assert result.done.delete == 1
    assert result.backup
    _assert_private(Path(result.backup))
    saved = car.snapshot(Path(result.backup, "before.car").read_bytes())
    assert len(saved.records[MediaType.MOODS]) == 2
    manifest = _manifest(result)
    assert [each["value"]["note"] for each in manifest["records"]] == ["a second time"]
    assert account.password not in json.dumps(manifest)
    await assert_whole(world, user)


def _assert_private(folder: Path) -> None:
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    files = [each for each in folder.rglob("*") if each.is_file()]
    assert files
    assert all(stat.S_IMODE(each.stat().st_mode) == 0o600 for each in files)


def _manifest(result: RunResult) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads(Path(str(result.backup), "manifest.json").read_text())
    return manifest


async def test_a_wipe_takes_everything_and_clears_the_docs(world: World, tmp_path: Path) -> None:
    user, account = await world.person()
    docs = world.give(user, MediaType.MOODS, 5)
    world.give(user, MediaType.KIDLISP, 3)
    async with (
        Writer(world.pds.url, account) as writer,
        connect(load(world.environment(str(tmp_path)))) as engine,
    ):
        await restore(engine, user)
        await writer.create(
            MediaType.MOODS, {"text": "orphan", "when": "2024-01-01T00:00:00.000Z", "ref": "gone"}
        )
        world.database["moods"].update_one(
            {"_id": docs[0]["_id"]}, {"$set": {"deleted": True, "at": {"rkey": "x"}}}
        )
        plan = await engine.plan_wipe(user, (MediaType.MOODS,))
        with pytest.raises(Unconfirmed):
            await run(engine, plan)
        with pytest.raises(Unconfirmed):
            await run(engine, plan, confirmed="somebody")
        result = await run(engine, plan, confirmed=user.handle)
        state = await engine.status(user)
    assert (result.done.delete, result.done.relink) == (6, 5)
    assert state.counts(MediaType.MOODS).records == 0
    assert state.counts(MediaType.KIDLISP).synced == 3
    assert all("atproto" not in doc and "at" not in doc for doc in world.docs(user, MediaType.MOODS))
    manifest = _manifest(result)
    assert len(manifest["records"]) == 6
    assert len(manifest["links"]) == 5
    assert {"rkey": "x"} in [link.get("at") for link in manifest["links"]]


async def test_a_wipe_keeps_the_blobs_in_its_backup(world: World, tmp_path: Path) -> None:
    user, account = await world.person()
    picture = b"\x89PNG\r\n\x1a\n" + b"picture" * 9
    async with httpx.AsyncClient(base_url=f"{world.pds.url}/xrpc/") as client:
        headers = {"Authorization": f"Bearer {account.access}", "Content-Type": "image/png"}
        answer = await client.post("com.atproto.repo.uploadBlob", content=picture, headers=headers)
        answer.raise_for_status()
    async with (
        Writer(world.pds.url, account) as writer,
        connect(load(world.environment(str(tmp_path)))) as engine,
    ):
        record = {"thumbnail": answer.json()["blob"], "when": "2024-01-01T00:00:00.000Z", "ref": "nobody"}
        await writer.create(MediaType.PAINTINGS, record)
        result = await run(engine, await engine.plan_wipe(user), confirmed=user.handle)
    assert result.done.delete == 1
    kept = Path(str(result.backup)) / "blobs" / blob_cid(picture)
    assert kept.read_bytes() == picture


async def test_refusals_come_before_anything_is_written(world: World, tmp_path: Path) -> None:
    user, account = await world.person()
    async with Writer(world.pds.url, account) as writer:
        for number in range(3):
            orphan = {"text": "x", "when": "2024-01-01T00:00:00.000Z", "ref": f"gone {number}"}
            await writer.create(MediaType.MOODS, orphan)
    async with world.engine() as engine:
        plan = await engine.plan_restore(user, prune=True)
        with pytest.raises(TooManyDeletes):
            await run(engine, plan, max_deletes=2)
        read_only = {**world.environment(str(tmp_path)), "ACCONSOLE_READ_ONLY": "1"}
        async with connect(load(read_only)) as locked:
            with pytest.raises(ReadOnly):
                await run(locked, plan)
        assert (await engine.status(user)).rev == plan.rev
        assert (await run(engine, plan, max_deletes=3)).done.delete == 3


async def test_stopping_ends_after_the_batch_and_the_next_run_goes_on(world: World) -> None:
    user, _ = await world.person()
    world.give(user, MediaType.KIDLISP, 260)
    stop = Stop()
    async with world.engine() as engine:
        plan = await engine.plan_restore(user)

        def after_the_first(event: Event) -> None:
            if isinstance(event, events.BatchStarted):
                stop.request()

        result = await run(engine, plan, after_the_first, stop=stop)
        assert result.stopped
        assert 0 < result.done.create < 260
        state = await engine.status(user)
        assert state.counts(MediaType.KIDLISP).unlinked == 0
        await restore(engine, user)
    await assert_whole(world, user)


async def test_a_run_that_is_torn_down_links_the_batch_on_its_way(world: World) -> None:
    user, _ = await world.person()
    world.give(user, MediaType.KIDLISP, 20)
    async with world.engine() as engine:
        plan = await engine.plan_restore(user)
        async with aclosing(engine.run(plan, live=True)) as happening:
            async for event in happening:
                if isinstance(event, events.BatchStarted):
                    break
        state = await engine.status(user)
    assert state.counts(MediaType.KIDLISP).synced == 20


async def test_a_dead_password_fails_the_user_and_writes_nothing(world: World) -> None:
    user, _ = await world.person()
    world.give(user, MediaType.MOODS, 3)
    world.database["users"].update_one({"_id": user.id}, {"$set": {"atproto.password": "no longer"}})
    async with world.engine() as engine:
        user = next(each for each in await engine.users() if each.id == user.id)
        result = await restore(engine, user)
    assert result.done.items == 0
    (failure,) = result.failed
    assert (failure.kind, failure.ref) == (None, None)
    assert "password" in failure.reason
    assert "no longer" not in failure.reason


async def test_a_spent_budget_ends_the_run_and_no_refusal_is_provoked(limited_world: World) -> None:
    user, account = await limited_world.person()
    limited_world.give(user, MediaType.KIDLISP, 1_700)
    async with limited_world.engine() as engine:
        result = await run(engine, await engine.plan_restore(user), wait=False)
        assert result.resume_at
        assert "budget" in result.failed[-1].reason
        # 5,000 points are 1,666 creates: as many as fit are done, and not one more is tried.
        assert 1_600 < result.done.create <= 1_666
        assert result.points == 3 * result.done.create
        state = await engine.status(user)
    assert state.counts(MediaType.KIDLISP).synced == result.done.create
    async with httpx.AsyncClient(base_url=f"{limited_world.pds.url}/xrpc/") as client:
        headers = {"Authorization": f"Bearer {account.access}"}
        body = {"repo": account.did, "collection": MediaType.MOODS.nsid, "record": {"x": "y"}}
        answer = await client.post("com.atproto.repo.putRecord", json={**body, "rkey": "a"}, headers=headers)
        left = 5_000 - 3 * result.done.create
        assert (answer.status_code == 200) is (left >= 2), answer.text


async def test_docs_of_every_shape_are_linked_and_cleared(world: World) -> None:
    user, _ = await world.person()
    docs: list[dict[str, Any]] = world.give(user, MediaType.MOODS, 1)
    docs[0]["_id"] = "a-string-id"
    docs.append({"_id": ObjectId(), "user": user.id, "text": "in text", "when": "2021-03-04T05:06:07Z"})
    docs.append(
        {"_id": ObjectId(), "user": user.id, "mood": "odd", "when": docs[0]["when"], "atproto": "broken"}
    )
    docs.append(
        {"_id": ObjectId(), "user": user.id, "mood": "more", "when": docs[0]["when"], "atproto": {"x": 1}}
    )
    world.database["moods"].delete_many({"user": user.id})
    world.database["moods"].insert_many(docs)
    async with world.engine() as engine:
        result = await restore(engine, user)
        assert (result.done.create, result.failed) == (4, ())
        await assert_whole(world, user)
        kept = world.database["moods"].find_one({"mood": "more"})
        assert kept
        assert kept["atproto"]["x"] == 1
        await run(engine, await engine.plan_wipe(user), confirmed=user.handle)
    assert all("atproto" not in doc for doc in world.docs(user, MediaType.MOODS))


def test_a_plan_survives_json() -> None:
    from acconsole.engine.model import User

    plan = Plan("restore", User("u", password="secret"), "h", None, None, (MediaType.MOODS,), ())
    text = json.dumps(plan.as_json())
    assert "secret" not in text
    assert Plan.from_json(json.loads(text)) == plan
