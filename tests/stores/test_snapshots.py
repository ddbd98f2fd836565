"""The cache of repos: what comes back is proven, what is spoilt is thrown away, and it is in nobody's way."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import zlib
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from acconsole.engine import car
from acconsole.engine.model import RepoHead, Snapshot
from acconsole.sandbox.pds import keys
from acconsole.sandbox.pds.repo import Repo, Write, prepare
from acconsole.stores import snapshots as module
from acconsole.stores import statefile
from acconsole.stores.snapshots import SqliteSnapshots
from tests.engine.cases import CID, rkey, source, value_of
from tests.media.docs import MOODS, PAINTINGS

HOST = "pds.example"
KEY = keys.new_key()


def read(did: str, moods: int = 3) -> Snapshot:
    """A repo as it is read: a painting with its blob, and moods."""
    repo = Repo(did, KEY)
    values = [(PAINTINGS, value_of(source(PAINTINGS, "p")))]
    values += [(MOODS, value_of(source(MOODS, f"{did} {number}"))) for number in range(moods)]
    writes = [Write("create", kind.nsid, rkey(number), value) for number, (kind, value) in enumerate(values)]
    repo.commit([prepare(write) for write in writes])
    return car.snapshot(repo.car(), frozenset({CID}))


def head(snapshot: Snapshot) -> RepoHead:
    return RepoHead(snapshot.did, snapshot.rev, snapshot.commit)


A, B, C = (read(f"did:plc:{name}") for name in "abc")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "snapshots.sqlite"


def changed(file: Path, *changes: tuple[str, tuple[Any, ...]]) -> None:
    with closing(sqlite3.connect(file)) as db, db:
        for statement, values in changes:
            db.execute(statement, values)


def column(file: Path, statement: str) -> list[Any]:
    with closing(sqlite3.connect(file)) as db:
        return [value for (value,) in db.execute(statement)]


async def dids(cache: SqliteSnapshots, *snapshots: Snapshot) -> set[str]:
    return set(await cache.get(HOST, [head(each) for each in snapshots]))


async def test_what_is_kept_comes_back_the_same(file: Path) -> None:
    cache = SqliteSnapshots(file)
    assert await cache.get(HOST, [head(A)]) == {}
    assert not file.parent.exists(), "reading makes nothing"
    await cache.put(HOST, [A, B])
    assert await SqliteSnapshots(file).get(HOST, [head(A), head(B), head(C)]) == {A.did: A, B.did: B}
    assert await cache.get("another.example", [head(A)]) == {}
    assert await cache.get(HOST, []) == {}
    assert cache.trouble is None


async def test_a_repo_that_has_moved_does_not_come_back(file: Path) -> None:
    cache = SqliteSnapshots(file)
    await cache.put(HOST, [A])
    newer = read(A.did, moods=5)
    assert await cache.get(HOST, [head(newer)]) == {}
    assert await cache.get(HOST, [replace(head(A), commit=newer.commit)]) == {}
    await cache.put(HOST, [newer])
    assert await cache.get(HOST, [head(newer)]) == {A.did: newer}
    assert column(file, "SELECT count(*) FROM cars") == [1], "it took the place of the earlier one"


async def test_only_its_owner_reads_it(file: Path) -> None:
    cache = SqliteSnapshots(file)
    await cache.put(HOST, [A])
    with closing(sqlite3.connect(file)) as other:
        other.execute("SELECT * FROM repos")
        await cache.put(HOST, [B])
        modes = {each.name: each.stat().st_mode & 0o777 for each in file.parent.iterdir()}
    assert set(modes.values()) == {0o600}, modes
    assert len(modes) == 3
    assert file.parent.stat().st_mode & 0o777 == 0o700


async def test_what_proves_nothing_is_not_kept(file: Path) -> None:
    cache = SqliteSnapshots(file)
    await cache.put(HOST, [replace(A, car=None), replace(B, lost=frozenset({"a/b"}))])
    assert await dids(cache, A, B) == set()
    assert not file.exists()


def packed(snapshot: Snapshot, blobs: str = "") -> bytes:
    assert snapshot.car is not None
    return zlib.compress(blobs.encode() + b"\n" + snapshot.car)


def signed(data: bytes) -> tuple[tuple[str, tuple[Any, ...]], ...]:
    """Other contents for A's entry, under a digest that is right."""
    digest = module._digest(HOST, A.did, A.rev, A.commit, data)
    return (
        ("UPDATE cars SET packed = ? WHERE id = 1", (data,)),
        ("UPDATE repos SET digest = ? WHERE id = 1", (digest,)),
    )


def forged(snapshot: Snapshot) -> bytes:
    """The CAR with a few letters of a record changed, and no CID with them."""
    assert snapshot.car is not None
    assert b"dtext" in snapshot.car
    return snapshot.car.replace(b"dtext", b"dtaxt", 1)


@pytest.mark.parametrize(
    "changes",
    [
        (("UPDATE cars SET packed = substr(packed, 1, 200) WHERE id = 1", ()),),
        (("UPDATE cars SET packed = zeroblob(300) WHERE id = 1", ()),),
        (("UPDATE cars SET packed = 'text' WHERE id = 1", ()),),
        (("UPDATE repos SET digest = 7 WHERE id = 1", ()),),
        (("UPDATE cars SET packed = ? WHERE id = 1", (packed(A, "another-blob"),)),),
        signed(b"not packed at all"),
        signed(zlib.compress(b"no line, no CAR")),
        signed(zlib.compress(b"\n" + (A.car or b"")[:-5])),
        signed(zlib.compress(b"\n" + forged(A))),
        signed(packed(B)),
        signed(packed(read(A.did, moods=4))),
    ],
    ids=[
        "cut short",
        "zeroes",
        "no bytes",
        "no digest",
        "other blobs",
        "not packed",
        "no CAR",
        "half a CAR",
        "a forged block",
        "another's repo",
        "another commit",
    ],
)
async def test_a_spoilt_entry_is_thrown_away(
    file: Path, changes: tuple[tuple[str, tuple[Any, ...]], ...]
) -> None:
    cache = SqliteSnapshots(file)
    await cache.put(HOST, [A, B])
    changed(file, *changes)
    assert await dids(cache, A, B) == {B.did}
    assert column(file, "SELECT did FROM repos") == [B.did]
    assert column(file, "SELECT id FROM cars") == [2]
    await cache.put(HOST, [A])
    assert await cache.get(HOST, [head(A)]) == {A.did: A}
    assert cache.trouble is None


async def test_odd_figures_beside_an_entry_do_no_harm(file: Path) -> None:
    cache = SqliteSnapshots(file, limit=1)
    await SqliteSnapshots(file).put(HOST, [A])
    changed(file, ("UPDATE repos SET used = 'long ago', size = 'large'", ()))
    assert await dids(cache, A) == {A.did}
    await cache.put(HOST, [B])
    assert cache.trouble is None


@pytest.mark.parametrize(
    "changes",
    [
        (("PRAGMA user_version = 2", ()),),
        (("PRAGMA user_version = 0", ()), ("DROP TABLE cars", ()), ("CREATE TABLE cars (more)", ())),
        (("PRAGMA user_version = 9", ()), ('CREATE TABLE "a ""table""" (x)', ())),
    ],
)
async def test_another_versions_file_is_emptied(
    file: Path, changes: tuple[tuple[str, tuple[Any, ...]], ...]
) -> None:
    await SqliteSnapshots(file).put(HOST, [A])
    changed(file, *changes)
    cache = SqliteSnapshots(file)
    assert await dids(cache, A) == set()
    await cache.put(HOST, [A])
    assert await cache.get(HOST, [head(A)]) == {A.did: A}
    assert set(column(file, "SELECT name FROM sqlite_master WHERE type = 'table'")) == {"repos", "cars"}
    assert cache.trouble is None


@pytest.mark.parametrize("damage", [b"this is no database" * 100, b"SQLite format 3\0" + b"\xff" * 4_000])
async def test_a_broken_file_is_thrown_away(file: Path, damage: bytes) -> None:
    file.parent.mkdir()
    file.write_bytes(damage)
    cache = SqliteSnapshots(file)
    assert await dids(cache, A) == set()
    assert "thrown away" in str(cache.trouble)
    assert not list(file.parent.iterdir())
    await cache.put(HOST, [A])
    assert await dids(cache, A) == {A.did}


async def test_a_file_with_other_tables_of_our_version_is_thrown_away(file: Path) -> None:
    await SqliteSnapshots(file).put(HOST, [A])
    changed(file, ("DROP TABLE cars", ()))
    cache = SqliteSnapshots(file)
    assert await dids(cache, A) == set()
    assert "thrown away" in str(cache.trouble)


def unused_since(file: Path, *since: tuple[Snapshot, float]) -> None:
    changed(file, *(("UPDATE repos SET used = ? WHERE did = ?", (when, each.did)) for each, when in since))


async def test_the_longest_unused_go_first(file: Path) -> None:
    many = [read(f"did:plc:{number}", moods=40) for number in range(12)]
    cache = SqliteSnapshots(file)
    await cache.put(HOST, many)
    size = file.stat().st_size
    unused_since(file, *((each, 1_000.0 + number) for number, each in enumerate(many)))
    assert await dids(cache, many[0]) == {many[0].did}, "and it is used now"
    small = SqliteSnapshots(file, limit=size)
    await small.put(HOST, [A, read("did:plc:more", moods=40)])
    kept = await dids(cache, *many, A)
    assert kept >= {many[0].did, A.did, *(each.did for each in many[6:])}
    assert many[1].did not in kept
    assert file.stat().st_size <= size + 4_096, "what went left room for what came"


async def test_a_fleet_that_is_larger_than_the_cache_does_not_push_itself_out(file: Path) -> None:
    many = [read(f"did:plc:{number}", moods=40) for number in range(12)]
    cache = SqliteSnapshots(file, limit=60_000)
    for _ in range(2):
        for each in many:
            await cache.put(HOST, [each])
    kept = await dids(cache, *many)
    assert 2 < len(kept) < 12
    assert kept == {each.did for each in many[: len(kept)]}
    assert file.stat().st_size < 70_000


async def test_a_look_that_finds_nothing_new_writes_nothing(file: Path) -> None:
    cache = SqliteSnapshots(file)
    await cache.put(HOST, [A])
    before = column(file, "SELECT used FROM repos"), file.read_bytes()
    assert await dids(cache, A) == {A.did}
    assert (column(file, "SELECT used FROM repos"), file.read_bytes()) == before


async def test_a_file_that_another_holds_is_let_be(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statefile, "PATIENCE", 0.05)
    cache = SqliteSnapshots(file)
    await cache.put(HOST, [A])
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert await dids(cache, A) == {A.did}, "who only reads need not wait"
        await cache.put(HOST, [B])
    assert "cannot be used now" in str(cache.trouble)
    assert await dids(cache, A) == set(), "it rests for a while: not each of many readings waits anew"
    assert await dids(SqliteSnapshots(file), A, B) == {A.did}


async def test_a_place_where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where the folder should be")
    cache = SqliteSnapshots(tmp_path / "state" / "snapshots.sqlite")
    await cache.put(HOST, [A])
    assert "cannot be used now" in str(cache.trouble)
    assert await dids(cache, A) == set()


async def test_a_file_that_can_only_be_read_is_read(file: Path) -> None:
    await SqliteSnapshots(file).put(HOST, [A])
    unused_since(file, (A, 1_000.0))
    changed(file, ("CREATE TRIGGER no BEFORE UPDATE ON repos BEGIN SELECT RAISE(ABORT, 'no'); END", ()))
    cache = SqliteSnapshots(file)
    assert await dids(cache, A) == {A.did}
    assert "cannot be used now" in str(cache.trouble)


def test_processes_beside_each_other(file: Path) -> None:
    """Three write, read and displace the same entries: each sees the whole of one or nothing."""
    script = (
        "import asyncio, random, sys\nfrom pathlib import Path\n"
        "from acconsole.stores.snapshots import SqliteSnapshots\n"
        "from tests.stores.test_snapshots import HOST, head, read\n"
        "async def main():\n"
        "    cache = SqliteSnapshots(Path(sys.argv[1]), limit=50_000)\n"
        "    ours = {did: read(did, 30) for did in ('did:plc:a', 'did:plc:b', f'did:plc:{sys.argv[2]}')}\n"
        "    seen = 0\n"
        "    for _ in range(60):\n"
        "        await cache.put(HOST, [random.choice(list(ours.values()))])\n"
        "        found = await cache.get(HOST, [head(each) for each in ours.values()])\n"
        "        assert all(found[did] == ours[did] for did in found)\n"
        "        seen += len(found)\n"
        "    assert seen\n"
        "    assert cache.trouble is None, cache.trouble\n"
        "asyncio.run(main())\n"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    commands = [[sys.executable, "-c", script, str(file), name] for name in "xyz"]
    processes = [subprocess.Popen(command, env=environment) for command in commands]
    assert [process.wait() for process in processes] == [0, 0, 0]
    assert file.stat().st_size < 200_000
