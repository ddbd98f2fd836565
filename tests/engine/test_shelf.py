"""Looking at tapes without publishing: everybody's in one list, facts from a part of a ZIP, conversions."""

from __future__ import annotations

import io
import zipfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from bson import ObjectId
from PIL import Image

from acconsole.engine.cid import blob_cid
from acconsole.engine.model import User, Verdict
from acconsole.engine.shelf import TapeFacts
from acconsole.engine.sync import Engine
from acconsole.errors import BlobError, NoObject
from acconsole.media.base import MediaType
from acconsole.media.conversion import Stage
from acconsole.media.sources import Source
from acconsole.settings import load
from acconsole.stores.connect import connect
from tests.faults.checks import run
from tests.tapehost import Host, tape_host, tape_zip
from tests.world import START, World

TAPES = MediaType.TAPES
BUCKET = "art-aesthetic-computer"


@pytest.fixture
def host() -> Iterator[Host]:
    with tape_host() as made:
        yield made


@asynccontextmanager
async def engine_on(world: World, host: Host, state: Path) -> AsyncIterator[Engine]:
    world.more = host.settings
    async with connect(load(world.environment(str(state)))) as engine:
        yield engine


def doc(code: str, minute: int = 0, **fields: Any) -> dict[str, Any]:
    when = START + timedelta(minutes=minute)
    return {"_id": ObjectId(), "code": code, "slug": f"slug-{code}", "when": when, **fields}


async def test_everybodys_tapes(sandbox_world: World, host: Host, tmp_path: Path) -> None:
    world = sandbox_world
    guest = await world.pds.create_account()
    stored = {"did": guest.did, "handle": guest.handle, "password": guest.password}
    world.database["users"].insert_one({"_id": "art-guest", "code": "ac22guest", "atproto": stored})
    (one, _), (two, away) = [await world.person() for _ in range(2)]
    docs = [
        doc("late", 9, user=two.id),
        doc("g1", 1),
        doc("dead", 7, user=one.id, nuked=True),
        doc("old", 2, user=one.id),
        doc("new", 3, user=one.id),
        doc("g2", 2, user=None),
        doc("lost", 1, user="auth0|nobody"),
    ]
    world.database["tapes"].insert_many(docs)
    host.objects[f"/storage/user-aesthetic-computer/{one.id}/slug-old.zip"] = tape_zip(1)
    assert world.pds.store
    world.pds.store.set_status(away.did, "deactivated")
    async with engine_on(world, host, tmp_path) as engine:
        await run(engine, await engine.plan_restore(one, (TAPES,), refs=[str(docs[3]["_id"])]))
        before = engine.pds_requests
        rows = [row async for row in engine.tapes()]
        assert engine.pds_requests - before <= 5, "a repo is read once, and a deactivated one not at all"
    assert [(row.user.name, row.doc.doc["code"], row.pair and row.pair.verdict) for row in rows] == [
        ("art", "g2", Verdict.MISSING),
        ("art", "g1", Verdict.MISSING),
        (one.name, "new", Verdict.MISSING),
        (one.name, "old", Verdict.SYNCED),
        (two.name, "late", None),
        ("auth0|nobody", "lost", Verdict.MISSING),
    ]
    troubles = [row.trouble or "" for row in rows]
    assert troubles[:4] == [""] * 4
    assert "deactivated" in troubles[4]
    assert "no account" in troubles[5]
    assert rows[3].pair
    assert rows[3].pair.record


async def test_a_list_that_nobody_reads_to_its_end_leaves_nothing_behind(
    sandbox_world: World, host: Host, tmp_path: Path
) -> None:
    for number in range(8):
        user, _ = await sandbox_world.person()
        sandbox_world.database["tapes"].insert_one(doc(f"t{number}", user=user.id))
    async with engine_on(sandbox_world, host, tmp_path) as engine:
        rows = engine.tapes()
        assert (await anext(rows)).doc.doc["code"] == "t0"
        await rows.aclose()


def _repacked(data: bytes, change: Callable[[str, bytes], bytes | None], **how: Any) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", **how) as new:
        for name in old.namelist():
            if (changed := change(name, old.read(name))) is not None:
                new.writestr(name, changed)
    return out.getvalue()


async def test_facts_are_read_from_a_part_of_the_zip(
    sandbox_world: World, host: Host, tmp_path: Path
) -> None:
    large = tape_zip(1, 40, 160, noise=True)
    assert len(large) > 2_000_000
    many = tape_zip(2, 1_200)
    host.objects |= {
        f"/storage/{BUCKET}/slug-a.zip": large,
        f"/storage/{BUCKET}/tapes/b.zip": many,
        f"/storage/{BUCKET}/slug-c.zip": _repacked(
            tape_zip(3, 5), lambda name, data: None if name == "timing.json" else data
        ),
    }
    async with engine_on(sandbox_world, host, tmp_path) as engine:
        first = Source(BUCKET, "slug-a.zip")
        assert await engine.tape_facts(doc("a")) == TapeFacts(True, first, len(large), 40, 1.6)
        assert host.sent < 200_000
        by_code = await engine.tape_facts(doc("b"))
        assert (by_code.source, by_code.frames, by_code.seconds) == (Source(BUCKET, "tapes/b.zip"), 1_200, 48)
        no_timing = await engine.tape_facts(doc("c"))
        assert (no_timing.frames, round(no_timing.seconds or 0, 3)) == (5, 0.083)
        host.parts = False
        assert await engine.tape_facts(doc("a")) == TapeFacts(True, first, len(large), 40, 1.6)


async def test_facts_of_what_is_gone_failing_or_broken(
    sandbox_world: World, host: Host, tmp_path: Path
) -> None:
    whole = tape_zip(1, 30, 64, noise=True)
    directory = whole.rindex(b"PK\x01\x02")
    broken = {
        "cut": whole[: len(whole) // 2],
        "text": b"<!doctype html>" * 9,
        "none": b"",
        "nothing": _repacked(whole, lambda name, data: data if name == "timing.json" else None),
        "torn": whole[:directory] + b"\xff" * 24 + whole[directory + 24 :],
        "liar": whole[:-10] + (2**32 - 2).to_bytes(4, "little") + whole[-6:],
    }
    host.objects |= {f"/storage/{BUCKET}/slug-{code}.zip": data for code, data in broken.items()}
    host.objects[f"/storage/{BUCKET}/slug-bad.zip"] = 400
    async with engine_on(sandbox_world, host, tmp_path) as engine:
        assert await engine.tape_facts(doc("gone")) == TapeFacts(False)
        assert await engine.tape_facts(doc("bad")) == TapeFacts(None)
        assert await engine.tape_facts({"_id": 1, "slug": 7}) == TapeFacts(False)
        for code, data in broken.items():
            found = await engine.tape_facts(doc(code))
            assert (found.there, found.size, found.frames, found.seconds) == (True, len(data), None, None), (
                code
            )


async def test_a_conversion_to_look_at_writes_nothing(
    sandbox_world: World, host: Host, tmp_path: Path
) -> None:
    tape, told = doc("a"), set[Stage]()
    host.objects[f"/storage/{BUCKET}/slug-a.zip"] = tape_zip(1)
    async with engine_on(sandbox_world, host, tmp_path) as engine:
        made = await engine.convert_tape(User("art-guest"), tape, lambda stage, done, total: told.add(stage))
        assert (made.frames, made.seconds, made.video[4:8]) == (6, 0.24, b"ftyp")
        assert told == {Stage.DOWNLOAD, Stage.DECODE, Stage.ENCODE}
        assert await engine.tape_source(tape) == tape_zip(1)
        with pytest.raises(NoObject):
            await engine.tape_source(doc("b"))
        with pytest.raises(NoObject):
            await engine.convert_tape(User("art-guest"), doc("b"), lambda *_: None)
    assert {each.name for each in tmp_path.iterdir()} <= {"conversions"}


async def test_a_paintings_thumbnail_to_look_at(sandbox_world: World, host: Host, tmp_path: Path) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (8, 4), "red").save(picture, "PNG")
    host.objects["/site/media/paintings/p"] = picture.getvalue()
    user, _ = await sandbox_world.person()
    async with engine_on(sandbox_world, host, tmp_path) as engine:
        made = await engine.painting_thumbnail(user, doc("p", user=user.id))
        assert Image.open(io.BytesIO(made)).size == (512, 512)
        with pytest.raises(BlobError, match="no code"):
            await engine.painting_thumbnail(user, {"_id": 1, "user": user.id, "slug": "a"})
        with pytest.raises(BlobError):
            await engine.blob(str(user.did), blob_cid(made))
