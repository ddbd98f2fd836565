"""Others at work at the same time: another client in the repo, docs deleted and changed under the run."""

from __future__ import annotations

import asyncio
import contextlib

from acconsole.engine import events
from acconsole.engine.events import Event
from acconsole.media.base import MediaType
from tests.faults.checks import Writer, assert_whole, restore, run
from tests.world import World


async def test_another_client_writes_throughout(world: World) -> None:
    user, account = await world.person()
    docs = world.give(user, MediaType.KIDLISP, 900)
    theirs: list[str] = []
    record = {"text": "theirs", "when": "2024-01-01T00:00:00.000Z"}

    async def write_on(writer: Writer) -> None:
        while True:
            theirs.append(await writer.create(MediaType.MOODS, {**record, "ref": f"nobody {len(theirs)}"}))
            await asyncio.sleep(0.05)

    async with Writer(world.pds.url, account) as writer, world.engine() as engine:
        other = asyncio.create_task(write_on(writer))
        result = await restore(engine, user)
        other.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await other
    assert result.failed == ()
    assert len(theirs) > 3
    state = await assert_whole(world, user)
    assert state.counts(MediaType.KIDLISP).synced == len(docs)
    assert state.snapshot
    standing = {each.rkey for each in state.snapshot.records[MediaType.MOODS]}
    assert set(theirs) <= standing, "something of theirs was lost"


async def test_a_blind_writer_publishes_the_same_docs(world: World) -> None:
    user, account = await world.person()
    docs = world.give(user, MediaType.MOODS, 260)
    async with Writer(world.pds.url, account) as writer, world.engine() as engine:
        blind: list[asyncio.Task[str]] = []

        def publish_again(event: Event) -> None:
            """As the site's own writers do: without looking, under an rkey of the PDS's choice."""
            if isinstance(event, events.Committed) and len(blind) < 3:
                doc = docs[len(blind) * 100]
                when = doc["when"].strftime("%Y-%m-%dT%H:%M:%S.000Z")
                record = {"text": doc["mood"], "when": when, "ref": str(doc["_id"])}
                blind.append(asyncio.create_task(writer.create(MediaType.MOODS, record)))

        await restore(engine, user, publish_again)
        await asyncio.gather(*blind)
        # A record that came after the last look is a duplicate that the next run takes away.
        await restore(engine, user)
    assert blind
    await assert_whole(world, user)


async def test_a_doc_deleted_since_the_plan_is_not_published(world: World) -> None:
    user, _ = await world.person()
    docs = world.give(user, MediaType.KIDLISP, 12)
    async with world.engine() as engine:
        plan = await engine.plan_restore(user)
        world.database["kidlisp"].update_one({"_id": docs[3]["_id"]}, {"$set": {"nuked": True}})
        world.database["kidlisp"].delete_one({"_id": docs[4]["_id"]})
        world.database["kidlisp"].update_one({"_id": docs[5]["_id"]}, {"$set": {"source": "(wipe red)"}})
        result = await run(engine, plan)
        state = await engine.status(user)
    assert result.failed == ()
    assert result.done.create == 10
    assert state.snapshot
    published = {each.value["ref"]: each.value for each in state.snapshot.records[MediaType.KIDLISP]}
    assert str(docs[3]["_id"]) not in published
    assert str(docs[4]["_id"]) not in published
    assert published[str(docs[5]["_id"])]["source"] == "(wipe red)"


async def test_docs_deleted_while_their_batch_is_on_its_way_are_taken_back(world: World) -> None:
    user, _ = await world.person()
    world.give(user, MediaType.KIDLISP, 230)

    def delete_all(event: Event) -> None:
        if isinstance(event, events.BatchStarted) and event.number == 1:
            world.database["kidlisp"].update_many({"user": user.id}, {"$set": {"nuked": True}})

    async with world.engine() as engine:
        await restore(engine, user, delete_all)
        state = await engine.status(user)
    assert state.snapshot
    assert state.snapshot.records[MediaType.KIDLISP] == ()


async def test_the_repo_moved_since_the_plan(world: World) -> None:
    user, account = await world.person()
    docs = world.give(user, MediaType.MOODS, 5)
    async with Writer(world.pds.url, account) as writer, world.engine() as engine:
        plan = await engine.plan_restore(user)
        when = docs[0]["when"].strftime("%Y-%m-%dT%H:%M:%S.000Z")
        rkey = await writer.create(
            MediaType.MOODS, {"text": docs[0]["mood"], "when": when, "ref": str(docs[0]["_id"])}
        )
        result = await run(engine, plan)
    assert (result.done.create, result.done.relink, result.failed) == (4, 1, ())
    state = await assert_whole(world, user)
    assert state.snapshot
    assert rkey in {each.rkey for each in state.snapshot.records[MediaType.MOODS]}


async def test_a_record_whose_doc_came_late_is_not_pruned(world: World) -> None:
    user, account = await world.person()
    late = world.give(user, MediaType.MOODS, 1)[0]
    world.database["moods"].delete_one({"_id": late["_id"]})
    async with Writer(world.pds.url, account) as writer, world.engine() as engine:
        record = {"text": late["mood"], "when": "2023-01-01T00:00:00.000Z", "ref": str(late["_id"])}
        rkey = await writer.create(MediaType.MOODS, record)
        plan = await engine.plan_restore(user, prune=True)
        assert plan.tally().delete == 1
        world.database["moods"].insert_one(late)
        result = await run(engine, plan)
        state = await engine.status(user)
    assert result.done.delete == 0
    assert state.snapshot
    assert [each.rkey for each in state.snapshot.records[MediaType.MOODS]] == [rkey]
