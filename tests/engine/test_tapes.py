"""Tapes restored: what is found, made, stored and told, and what becomes of those that cannot be had."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from bson import ObjectId

from acconsole.engine import events
from acconsole.engine.cid import blob_cid
from acconsole.engine.events import Event, Stop
from acconsole.engine.model import Counts, RepoRecord, User, Verdict
from acconsole.engine.plan import BlockedItem, Plan
from acconsole.engine.sync import Engine
from acconsole.engine.tapes import Moves
from acconsole.media.base import MediaType
from acconsole.media.conversion import Stage
from acconsole.media.lexicon import problem
from acconsole.sandbox.holdings import video
from acconsole.settings import load
from acconsole.stores.connect import connect
from tests.faults.checks import Writer, assert_whole, run
from tests.tapehost import Host, tape_host, tape_zip
from tests.world import START, World

TAPES = MediaType.TAPES
STORAGE = "sfo3.digitaloceanspaces.com"
VIDEO_AND_COVER = ("video", "thumbnail")


@pytest.fixture
def host() -> Iterator[Host]:
    with tape_host() as made:
        yield made


@asynccontextmanager
async def engine_on(world: World, host: Host, state: Path, **settings: str) -> AsyncIterator[Engine]:
    world.more = {**host.settings, **settings}
    async with connect(load(world.environment(str(state)))) as engine:
        yield engine


def tape(world: World, user: User, code: str, **fields: Any) -> dict[str, Any]:
    """A doc of a tape, put into Mongo; without its ZIP."""
    when = START + timedelta(minutes=world.database["tapes"].count_documents({}))
    doc = {"_id": ObjectId(), "user": user.id, "when": when, "code": code, "slug": f"slug-{code}", **fields}
    world.database["tapes"].insert_one(doc)
    return doc


def key(doc: dict[str, Any], name: str = "") -> str:
    """The path on the host of a tape's ZIP, by default where it is looked for first."""
    return f"/storage/user-aesthetic-computer/{name or '{}/{}.zip'.format(doc['user'], doc['slug'])}"


def records(state: Any) -> dict[str, RepoRecord]:
    """The records of tapes by code."""
    return {str(each.value["code"]): each for each in state.snapshot.records[TAPES]}


def cid(record: RepoRecord, name: str) -> str:
    return str(record.value[name]["ref"]["$link"])


def kinds(seen: list[Event], *wanted: type[Event]) -> list[Any]:
    return [event for event in seen if isinstance(event, wanted)]


async def planned(engine: Engine, user: User, **how: Any) -> Plan:
    return await engine.plan_restore(user, (TAPES,), **how)


async def test_tapes_are_restored_whole_and_what_cannot_be_had_is_told(
    world: World, host: Host, tmp_path: Path
) -> None:
    user, _ = await world.person()
    first, by_code, only_video, broken, nowhere = (tape(world, user, code) for code in "abcde")
    host.objects[key(first)] = tape_zip(1)
    host.objects[key(by_code, "tapes/b.zip")] = tape_zip(2)
    host.objects["/site/c.mp4"] = video("c")
    host.objects[key(broken)] = tape_zip(3)[:200]
    address = {"$set": {"mp4Url": f"{host.url}/site/c.mp4"}}
    world.database["tapes"].update_one({"_id": only_video["_id"]}, address)
    seen: list[Event] = []
    async with engine_on(world, host, tmp_path) as engine:
        plan = await planned(engine, user)
        assert (plan.videos, plan.blob_limit) == (5, 5_242_880)
        result = await run(engine, plan, seen.append)
        assert (result.done.create, result.done.blobs) == (3, 6)
        assert [(failed.ref, "cut short" in failed.reason) for failed in result.failed] == [
            (str(broken["_id"]), True)
        ]
        lacking = BlockedItem(TAPES, str(nowhere["_id"]), "video", "no source")
        assert [item for _, item in result.blocked] == [lacking]
        state = await engine.status(user)
        assert [state.counts(TAPES).of(each) for each in (Verdict.SYNCED, Verdict.MISSING)] == [3, 1]
        assert state.counts(TAPES).blocked == 1
        for code, record in records(state).items():
            assert problem(TAPES, record.value) is None
            assert record.value["acUrl"] == f"https://aesthetic.computer/!{code}"
            data = {name: await engine.blob(str(user.did), cid(record, name)) for name in VIDEO_AND_COVER}
            assert {name: blob_cid(each) for name, each in data.items()} == {
                name: cid(record, name) for name in data
            }
            assert data["video"][4:8] == b"ftyp"
            assert data["thumbnail"].startswith(b"\xff\xd8\xff")
        found = records(state)
        assert {code: found[code].value.get("zipUrl") for code in "abc"} == {
            "a": None,  # it would publish the user's id
            "b": f"https://user-aesthetic-computer.{STORAGE}/tapes/b.zip",
            "c": None,  # there is no ZIP
        }
        assert cid(found["c"], "video") == blob_cid(video("c"))
        # The ZIP is mended: one is done, and then nothing is left to do.
        host.objects[key(broken)] = tape_zip(3)
        again = await run(engine, await planned(engine, user))
        assert (again.done.create, again.done.blobs, again.failed) == (1, 2, ())
        last = await run(engine, await planned(engine, user))
        assert (last.planned.items, last.pds_requests) == (0, 0)
    stages = [event.stage for event in kinds(seen, events.TapeMoved) if event.ref == str(first["_id"])]
    assert list(dict.fromkeys(stages)) == [Stage.DOWNLOAD, Stage.DECODE, Stage.ENCODE, Stage.UPLOAD]
    made = {event.ref: event for event in kinds(seen, events.TapeMade)}
    assert (made[str(first["_id"])].frames, made[str(first["_id"])].seconds) == (6, 0.24)
    assert made[str(first["_id"])].zip_size == len(tape_zip(1))
    assert len(made) == 3


async def _one_restored(world: World, host: Host, engine: Engine) -> tuple[User, Any, RepoRecord, Writer]:
    user, account = await world.person()
    doc = tape(world, user, "a")
    host.objects[key(doc)] = tape_zip(1)
    assert (await run(engine, await planned(engine, user))).done.create == 1
    record = records(await engine.status(user))["a"]
    host.asked.clear()
    return user, doc, record, Writer(world.pds.url, account)


async def test_a_thumbnail_alone_is_made_without_converting(
    sandbox_world: World, host: Host, tmp_path: Path
) -> None:
    world = sandbox_world
    async with engine_on(world, host, tmp_path) as engine:
        user, doc, right, writer = await _one_restored(world, host, engine)
        wrong = {**right.value, "thumbnail": {**right.value["thumbnail"], "mimeType": "image/png"}}
        async with writer:
            for lacking in (wrong, {name: value for name, value in wrong.items() if name != "thumbnail"}):
                await writer.put(TAPES, right.rkey, lacking)
                seen: list[Event] = []
                plan = await planned(engine, user)
                assert [op.blobs for op in plan.operations] == [("thumbnail",)]
                assert (plan.videos, plan.blob_limit) == (0, None)
                result = await run(engine, plan, seen.append)
                assert (result.done.update, kinds(seen, events.TapeMade)) == (1, [])
                assert records(await engine.status(user))["a"].value == right.value
            # Without its ZIP it is made of the video that is published.
            del host.objects[key(doc)]
            await writer.put(TAPES, right.rkey, lacking)
            result = await run(engine, await planned(engine, user))
            assert (result.done.update, result.done.blobs) == (1, 1)
        mended = records(await engine.status(user))["a"]
        assert cid(mended, "video") == cid(right, "video")
        cover = await engine.blob(str(user.did), cid(mended, "thumbnail"))
        assert cover.startswith(b"\xff\xd8\xff")
    await assert_whole(world, user)


async def test_a_record_without_its_video_gets_it_and_no_blob_is_sent_twice(
    sandbox_world: World, host: Host, tmp_path: Path
) -> None:
    world = sandbox_world
    async with engine_on(world, host, tmp_path) as engine:
        user, _, right, writer = await _one_restored(world, host, engine)
        async with writer:
            await writer.put(
                TAPES, right.rkey, {name: value for name, value in right.value.items() if name != "video"}
            )
            other = tape(world, user, "b")
            host.objects[key(other)] = tape_zip(1)  # the very same tape
            seen: list[Event] = []
            result = await run(engine, await planned(engine, user), seen.append)
        assert (result.done.update, result.done.create, result.done.blobs) == (1, 1, 1)
        stored = kinds(seen, events.BlobStored)
        assert sorted(event.uploaded for event in stored) == [False, False, True]
        assert records(await engine.status(user))["a"].value == right.value
    await assert_whole(world, user)


async def test_a_tape_without_a_source_is_left_alone_until_its_doc_or_the_admin_says_otherwise(
    sandbox_world: World, host: Host, tmp_path: Path
) -> None:
    world = sandbox_world
    user, _ = await world.person()
    doc, other = tape(world, user, "a"), tape(world, user, "b", mp4Url="https://127.0.0.1/b.mp4")
    async with engine_on(world, host, tmp_path) as engine:
        result = await run(engine, await planned(engine, user))
        assert (len(result.blocked), result.failed, result.done.items) == (2, (), 0)
    host.objects[key(doc)] = host.objects[key(other)] = tape_zip(1)
    asked = len(host.asked)
    async with engine_on(world, host, tmp_path) as engine:
        assert (await engine.status(user)).counts(TAPES).blocked == 2
        plan = await planned(engine, user)
        assert (plan.operations, len(plan.blocked)) == ((), 2)
        assert len(host.asked) == asked, "neither status nor plan asks storage"
        tried = await planned(engine, user, retry_blocked=True, codes=["a"])
        assert (await run(engine, tried)).done.create == 1
        counts = (await engine.status(user)).counts(TAPES)
        assert counts == Counts(docs=2, records=1, synced=1, blocked=1)
        # What was found is forgotten: were the record gone, it would be planned again.
        await run(engine, await engine.plan_wipe(user, (TAPES,)), confirmed=user.name)
        assert [op.ref for op in (await planned(engine, user)).operations] == [str(doc["_id"])]
        world.database["tapes"].update_one({"_id": other["_id"]}, {"$set": {"slug": "slug-a"}})
        assert len((await planned(engine, user)).operations) == 2
        assert engine.trouble is None


async def test_a_lost_memory_breaks_nothing_and_is_told(
    sandbox_world: World, host: Host, tmp_path: Path
) -> None:
    world = sandbox_world
    user, _ = await world.person()
    tape(world, user, "a")
    memory = tmp_path / "sourceless.sqlite"
    memory.write_bytes(b"this is no database" * 100)
    async with engine_on(world, host, tmp_path) as engine:
        assert (await engine.status(user)).counts(TAPES).missing == 1
        assert "set aside" in str(engine.trouble)
        await run(engine, await planned(engine, user))
        assert (await engine.status(user)).counts(TAPES).blocked == 1
    assert memory.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.glob("*.broken-*")]


async def test_trouble_is_no_absence(sandbox_world: World, host: Host, tmp_path: Path) -> None:
    """Storage fails for one tape, and the video of another is too large: both fail, neither is blocked."""
    world = sandbox_world
    user, _ = await world.person()
    failing, large = tape(world, user, "a"), tape(world, user, "b", mp4Url=f"{host.url}/site/b.mp4")
    host.objects[key(failing)] = 400
    host.objects["/site/b.mp4"] = bytes(5_300_000)
    async with engine_on(world, host, tmp_path) as engine:
        result = await run(engine, await planned(engine, user))
        assert (await engine.status(user)).counts(TAPES).missing == 2
    assert {failed.ref for failed in result.failed} == {str(failing["_id"]), str(large["_id"])}
    assert result.blocked == ()
    assert not any(user.id in failed.reason for failed in result.failed)


async def test_the_only_video_is_not_taken_away_with_a_duplicate(
    sandbox_world: World, host: Host, tmp_path: Path
) -> None:
    """The doc names a record without a video, and the ZIP is gone: the further record has what is left."""
    world = sandbox_world
    async with engine_on(world, host, tmp_path) as engine:
        user, doc, right, writer = await _one_restored(world, host, engine)
        del host.objects[key(doc)]
        async with writer:
            bare = {name: value for name, value in right.value.items() if name != "video"}
            named = await writer.create(TAPES, bare)
        world.database["tapes"].update_one({"_id": doc["_id"]}, {"$set": {"atproto": {"rkey": named}}})
        first = await run(engine, await planned(engine, user))
        assert (first.planned.update, first.planned.delete) == (1, 1)
        assert (first.done.items, len(first.blocked)) == (0, 1)
        second = await run(engine, await planned(engine, user))
        assert (second.done.relink, second.done.delete) == (1, 1)
        assert records(await engine.status(user))["a"] == right
    await assert_whole(world, user)


async def test_a_video_is_made_to_fit_what_the_pds_takes(
    sandbox_world: World, host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = sandbox_world
    assert world.pds.store
    monkeypatch.setattr(world.pds.store, "blob_limit", 100_000)
    user, _ = await world.person()
    host.objects[key(tape(world, user, "a"))] = tape_zip(1, 12, 64, noise=True)
    seen: list[Event] = []
    async with engine_on(world, host, tmp_path) as engine:
        plan = await planned(engine, user)
        assert plan.blob_limit == 100_000
        assert Plan.from_json(plan.as_json()) == plan
        result = await run(engine, plan, seen.append)
    (made,) = kinds(seen, events.TapeMade)
    assert (result.done.create, result.failed) == (1, ())
    assert made.fitted
    assert made.video_size <= 100_000


async def test_where_the_zip_is_said_to_be(sandbox_world: World, host: Host, tmp_path: Path) -> None:
    world = sandbox_world
    async with engine_on(world, host, tmp_path, ACCONSOLE_TAPE_ZIP_ROUTES="1") as engine:
        user, doc, right, writer = await _one_restored(world, host, engine)
        short = "https://aesthetic.computer/media/tapes/a.zip"
        assert right.value["zipUrl"] == short
        async with writer:
            stale = {**right.value, "code": "old", "zipUrl": "https://a.example/kept.zip"}
            await writer.put(TAPES, right.rkey, stale)
            host.objects[key(doc)] = 503
            await run(engine, await planned(engine, user))
            assert records(await engine.status(user))["a"].value["zipUrl"] == "https://a.example/kept.zip"
            del host.objects[key(doc)]
            await writer.put(TAPES, right.rkey, stale)
            await run(engine, await planned(engine, user))
            assert "zipUrl" not in records(await engine.status(user))["a"].value
            host.objects[key(doc)] = b"a ZIP, for all that is asked"
            await writer.put(TAPES, right.rkey, stale)
            plan = await planned(engine, user)
            assert [op.blobs for op in plan.operations] == [()]
            await run(engine, plan)
            assert records(await engine.status(user))["a"].value["zipUrl"] == short
    await assert_whole(world, user)


async def test_a_stop_abandons_what_is_not_made_and_the_next_run_goes_on(
    sandbox_world: World, host: Host, tmp_path: Path
) -> None:
    world = sandbox_world
    user, _ = await world.person()
    for number in range(6):
        host.objects[key(tape(world, user, f"t{number}"))] = tape_zip(number)
    stop = Stop()

    def after_the_first(event: Event) -> None:
        if isinstance(event, events.TapeMade):
            stop.request()

    async with engine_on(world, host, tmp_path) as engine:
        result = await run(engine, await planned(engine, user), after_the_first, stop=stop)
        assert result.stopped
        assert result.failed == ()
        done = (await engine.status(user)).counts(TAPES)
        assert done.synced == result.done.create < 6
        assert (await run(engine, await planned(engine, user))).done.create == 6 - done.synced
    await assert_whole(world, user)


async def test_a_plan_narrowed_to_some_docs(sandbox_world: World, host: Host, tmp_path: Path) -> None:
    world = sandbox_world
    user, _ = await world.person()
    one, two = tape(world, user, "a"), tape(world, user, "b")
    async with engine_on(world, host, tmp_path) as engine:
        plan = await planned(engine, user, refs=[str(two["_id"])])
        assert [op.ref for op in plan.operations] == [str(two["_id"])]
        dry = [event async for event in engine.run(plan, live=False)]
    assert kinds(dry, events.TapeMoved, events.TapeMade) == []
    (held,) = kinds(dry, events.Withheld)
    assert (held.held.create, held.held.blobs) == (1, 2)
    assert host.asked == []
    assert str(one["_id"]) not in str(plan)


def test_moves_are_thinned(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr("acconsole.engine.tapes.time.monotonic", lambda: now)
    told: list[Event] = []
    moves = Moves("a", told.append)
    moves(Stage.DECODE, 1, 100)
    for done in range(101):
        moves(Stage.ENCODE, done, 100)
        moves(Stage.DECODE, done, 100)  # what is decoded meanwhile
        now += 1 / 256
    moves(Stage.UPLOAD, 0, 7)
    assert [event.done for event in kinds(told, events.TapeMoved)] == [1, 0, 26, 52, 78, 100, 0]
    assert told[-1] == events.TapeMoved("a", Stage.UPLOAD, 0, 7)
