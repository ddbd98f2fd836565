"""A journal that cannot be used: told, nothing lost that was there, and no live run goes on without it."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path

import pytest

from acconsole.engine.history import Ending
from acconsole.errors import Exit, JournalError
from acconsole.stores import statefile
from acconsole.stores.journal import SqliteJournal
from tests.stores.runs import ADA, RESULT, batch, beginning, write

RUN = "aa0000000001"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "journal.sqlite"


@asynccontextmanager
async def opened(file: Path) -> AsyncIterator[SqliteJournal]:
    journal = SqliteJournal(file)
    try:
        yield journal
    finally:
        await journal.close()


async def test_a_journal_of_a_newer_version_is_left_as_it_is(file: Path) -> None:
    async with opened(file) as journal:
        await journal.begin(beginning())
        await journal.end(RUN, Ending.FINISHED, RESULT)
    with closing(sqlite3.connect(file)) as db:
        db.execute("PRAGMA user_version = 99")
    before = file.read_bytes()
    async with opened(file) as journal:
        with pytest.raises(JournalError) as refused:
            await journal.begin(beginning("bb"))
        assert "newer" in refused.value.message
        assert "ACCONSOLE_STATE_DIR" in refused.value.hint
        assert refused.value.exit_status == Exit.REFUSED
        for reading in (journal.history(None), journal.record(RUN), journal.died()):
            with pytest.raises(JournalError, match="newer"):
                await reading
        await journal.begin(beginning("cc", live=False))
        await journal.end("cc", Ending.FINISHED, RESULT)
        assert "newer" in str(journal.trouble)
    assert file.read_bytes() == before
    assert [each.name for each in file.parent.iterdir()] == [file.name]


@pytest.mark.parametrize("damage", [b"this is no database" * 100, b"SQLite format 3\0" + b"\xff" * 4_000])
@pytest.mark.parametrize("reads_first", [True, False])
async def test_a_broken_journal_is_set_aside(file: Path, damage: bytes, reads_first: bool) -> None:
    file.parent.mkdir()
    file.write_bytes(damage)
    async with opened(file) as journal:
        if reads_first:
            assert await journal.history(None) == []
        await journal.begin(beginning())
        assert "set aside" in str(journal.trouble)
        (aside,) = file.parent.glob("*.broken-*")
        assert aside.read_bytes() == damage
        assert [each.run for each in await journal.history(None)] == [RUN]


async def test_a_journal_that_breaks_under_a_run_stops_it(file: Path) -> None:
    async with opened(file) as journal:
        await journal.begin(beginning())
        await journal.end(RUN, Ending.FINISHED, RESULT)
    with closing(sqlite3.connect(file)) as db:
        (page,) = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'runs'").fetchone()
        (size,) = db.execute("PRAGMA page_size").fetchone()
    content = bytearray(file.read_bytes())
    content[(page - 1) * size : page * size] = b"\xff" * size
    file.write_bytes(content)
    async with opened(file) as journal:
        with pytest.raises(JournalError):
            await journal.begin(beginning("bb"))
        assert "set aside" in str(journal.trouble)
        (aside,) = file.parent.glob("*.broken-*")
        assert aside.read_bytes() == content
        with pytest.raises(JournalError, match="not the one"):
            await journal.sent(batch("bb", 1, [write(1)]))
        await journal.begin(beginning("cc"))
        assert [each.run for each in await journal.history(None)] == ["cc"]


async def test_a_place_where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where the folder should be")
    async with opened(tmp_path / "state" / "journal.sqlite") as journal:
        with pytest.raises(JournalError) as refused:
            await journal.begin(beginning())
        assert "journal.sqlite" in refused.value.message
        assert "ACCONSOLE_STATE_DIR" in refused.value.hint
        assert await journal.history(None) == []
        assert journal.trouble is None
        await journal.begin(beginning("bb", live=False))
        await journal.end("bb", Ending.FINISHED, RESULT)
        assert "has ended" in str(journal.trouble) or "cannot be used" in str(journal.trouble)


@contextmanager
def _nobody() -> Iterator[None]:
    """As a user whom a folder's mode binds, which it does not bind root."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65_534)
    try:
        yield
    finally:
        os.seteuid(0)


async def test_a_folder_that_may_only_be_read() -> None:
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o555)
        with _nobody():
            async with opened(Path(place, "journal.sqlite")) as journal:
                with pytest.raises(JournalError, match="Permission denied"):
                    await journal.begin(beginning())
        assert not list(Path(place).iterdir())
        Path(place).chmod(0o755)


async def test_what_could_not_be_written_is_written_later(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statefile, "PATIENCE", 0.05)
    async with opened(file) as journal:
        await journal.begin(beginning())
        with closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            journal.note(RUN, ADA.id, "failed", {"reason": "one"})
            with pytest.raises(JournalError, match="another process holds it"):
                await journal.sent(batch(RUN, 1, [write(1)]))
            assert "another process" in str(journal.trouble)
        await journal.sent(batch(RUN, 2, [write(1)]))
        assert journal.trouble is None
        record = await journal.record(RUN)
    assert [each.number for each in record.batches] == [2], "what was refused was not written after all"
    assert [note.detail["reason"] for note in record.notes] == ["one"]
