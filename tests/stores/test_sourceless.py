"""The memory of docs without a source: kept, told apart by place, private, and never in the way."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from acconsole.media.base import MediaType
from acconsole.stores import statefile
from acconsole.stores.sourceless import SqliteSourceless

TAPES = MediaType.TAPES


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "sourceless.sqlite"


async def test_it_is_kept_and_forgotten(file: Path) -> None:
    memory = SqliteSourceless(file, "a site", "a storage")
    assert await memory.known(TAPES) == {}
    await memory.forget(TAPES, "a")
    assert not file.parent.exists(), "reading makes nothing"
    await memory.add(TAPES, "a", "one")
    await memory.add(TAPES, "b", "two")
    await memory.add(TAPES, "a", "three")
    again = SqliteSourceless(file, "a site", "a storage")
    assert await again.known(TAPES) == {"a": "three", "b": "two"}
    assert await again.known(MediaType.PAINTINGS) == {}
    assert await SqliteSourceless(file, "another site", "a storage").known(TAPES) == {}
    await again.forget(TAPES, "a")
    assert await memory.known(TAPES) == {"b": "two"}
    assert memory.trouble is None


async def test_only_its_owner_reads_it(file: Path) -> None:
    memory = SqliteSourceless(file)
    await memory.add(TAPES, "a", "one")
    with closing(sqlite3.connect(file)) as other:
        other.execute("SELECT * FROM sourceless")
        await memory.add(TAPES, "b", "two")
        modes = {each.name: each.stat().st_mode & 0o777 for each in file.parent.iterdir()}
    assert set(modes.values()) == {0o600}, modes
    assert len(modes) == 3


async def test_many_write_at_the_same_time(file: Path) -> None:
    memories = [SqliteSourceless(file) for _ in range(4)]
    await asyncio.gather(
        *(
            memory.add(TAPES, f"{index} {number}", "x")
            for index, memory in enumerate(memories)
            for number in range(8)
        )
    )
    assert len(await memories[0].known(TAPES)) == 32
    assert [memory.trouble for memory in memories] == [None] * 4


@pytest.mark.parametrize("damage", [b"this is no database" * 100, b"SQLite format 3\0" + b"\xff" * 4_000])
async def test_a_broken_file_is_set_aside(file: Path, damage: bytes) -> None:
    file.parent.mkdir()
    file.write_bytes(damage)
    memory = SqliteSourceless(file)
    assert await memory.known(TAPES) == {}
    assert "set aside" in str(memory.trouble)
    (aside,) = file.parent.glob("*.broken-*")
    assert aside.read_bytes() == damage
    await memory.add(TAPES, "a", "one")
    assert await memory.known(TAPES) == {"a": "one"}


async def test_a_file_that_another_holds_is_let_be(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statefile, "PATIENCE", 0.05)
    memory = SqliteSourceless(file)
    await memory.add(TAPES, "a", "one")
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        await memory.add(TAPES, "b", "two")
        assert "cannot be used" in str(memory.trouble)
        assert await memory.known(TAPES) == {"a": "one"}
    assert not list(file.parent.glob("*.broken-*"))


async def test_a_place_where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where the folder should be")
    memory = SqliteSourceless(tmp_path / "state" / "sourceless.sqlite")
    await memory.add(TAPES, "a", "one")
    assert await memory.known(TAPES) == {}
    assert memory.trouble
