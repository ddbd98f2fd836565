"""The journal: what it keeps, that it is only added to, who may read it, and which runs died."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from pathlib import Path

import pytest

from acconsole.engine.history import Ending, Outcome
from acconsole.engine.journal import Answer, FoundWrite
from acconsole.engine.plan import Action
from acconsole.engine.windows import Scope, Window
from acconsole.errors import UnknownRun, UsageError
from acconsole.stores.journal import SqliteJournal
from tests.stores.runs import ADA, BOB, KIDLISP, RESULT, batch, beginning, write

RUN = "aa0000000001"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "journal.sqlite"


@asynccontextmanager
async def opened(file: Path, host: str | None = None) -> AsyncIterator[SqliteJournal]:
    journal = SqliteJournal(file, host)
    try:
        yield journal
    finally:
        await journal.close()


async def written(journal: SqliteJournal, run: str = RUN) -> None:
    """A run with a batch that was answered, one that was refused, and one without an answer."""
    await journal.begin(beginning(run))
    first = await journal.sent(batch(run, 1, [write(1), write(2, stored='{"atproto": {"rkey": "x"}}')]))
    journal.answered(first, Answer("commit 1", "rev 1", "head 1"))
    journal.linked(run, ADA.id, KIDLISP, {"ref 1": "rkey 1"})
    refused = await journal.sent(batch(run, 2, [write(3), write(4)]))
    journal.answered(refused, Answer(refusal="no"))
    await journal.sent(batch(run, 3, [write(3)]))
    journal.note(run, ADA.id, "backup", {"path": "a folder"})


async def test_a_run_is_kept_as_it_was(file: Path) -> None:
    async with opened(file) as journal:
        assert await journal.history(None) == []
        assert not file.parent.exists(), "reading makes nothing"
        await written(journal)
        await journal.end(RUN, Ending.STOPPED, RESULT)
        assert journal.trouble is None
    async with opened(file) as journal:
        record = await journal.record(RUN)
        assert await journal.history(None) == [record.summary]
    assert (record.summary.who, record.summary.mode, record.summary.ending) == ("@ada", "live", "stopped")
    assert (record.summary.done.create, record.summary.backup) == (2, "a folder")
    assert record.beginning.subjects == (ADA,)
    assert record.beginning.options == {"types": ["kidlisp"]}
    assert [(each.number, each.commit, each.refusal, each.head) for each in record.batches] == [
        (1, "commit 1", None, "head 1"),
        (2, None, "no", "head"),
        (3, None, None, "head"),
    ]
    first, second, third, fourth, again = record.operations
    assert (first.outcome, first.linked, first.stored) == (Outcome.CONFIRMED, True, None)
    assert (second.outcome, second.linked, second.stored) == (
        Outcome.CONFIRMED,
        False,
        '{"atproto": {"rkey": "x"}}',
    )
    assert [each.outcome for each in (third, fourth, again)] == ["not-done", "not-done", "unknown"]
    assert (first.ref, first.rkey, first.old_cid, first.new_cid) == ("ref 1", "rkey 1", None, "new 1")
    assert record.confirmed == [first, second]
    assert record.as_json()["batches"][0]["operations"][0]["action"] == "create"


async def test_what_is_found_later_counts_if_it_is_the_very_record(file: Path) -> None:
    async with opened(file) as journal:
        await journal.begin(beginning())
        lost = [write(1), write(2), write(3, Action.DELETE), write(4, Action.UPDATE)]
        await journal.sent(batch(RUN, 1, lost))
        for number, action, cid in ((1, Action.CREATE, "new 1"), (2, Action.CREATE, "theirs")):
            found = FoundWrite(action, KIDLISP, f"ref {number}", f"rkey {number}", cid)
            journal.found(RUN, ADA.id, found)
        journal.found(RUN, ADA.id, FoundWrite(Action.DELETE, KIDLISP, None, "rkey 3", None))
        await journal.sent(batch(RUN, 2, [write(4, Action.UPDATE)]))
        await journal.sent(batch(RUN, 0, [write(5, Action.RELINK), write(6, Action.RELINK)], head=None))
        journal.linked(RUN, ADA.id, KIDLISP, {"ref 5": "rkey 5", "ref 9": None})
        await journal.end(RUN, Ending.FINISHED, RESULT)
        record = await journal.record(RUN)
    outcomes = [each.outcome.value for each in record.operations]
    assert outcomes == [
        *("confirmed", "unknown", "confirmed", "not-done", "unknown"),
        *("confirmed", "unknown"),
    ]
    assert record.cleared == ((KIDLISP, "ref 9"),)


async def test_only_its_owner_reads_it(file: Path) -> None:
    async with opened(file) as journal:
        await written(journal)
        modes = {each.name: each.stat().st_mode & 0o777 for each in file.parent.iterdir()}
        assert set(modes.values()) == {0o600}, modes
        assert len(modes) == 3
        assert file.parent.stat().st_mode & 0o777 == 0o700


def rows(file: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table, in the order in which they came."""
    with closing(sqlite3.connect(file)) as db:
        tables = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {table: db.execute(f"SELECT * FROM {table}").fetchall() for table in tables}


async def test_budgets_come_back_as_they_last_stood(file: Path) -> None:
    async with opened(file) as journal:
        assert await journal.budgets("pds.test") == []
        first = Window(Scope.UPLOADS, "", 86_400, 1_000, 7, 9e9)
        other = Window(Scope.POINTS, "did:plc:a", 3_600, 5_000, 600, 9e9)
        journal.keep_budgets("pds.test", [first, other])
        journal.keep_budgets("pds.test", [replace(first, used=27)])
        journal.keep_budgets("other.test", [first])
        await journal.end(RUN, Ending.FINISHED, RESULT)
        assert set(await journal.budgets("pds.test")) == {replace(first, used=27), other}


async def test_it_is_only_added_to(file: Path) -> None:
    async with opened(file) as journal:
        await written(journal)
        await journal.hold("key", RUN, 60)
        journal.found(RUN, ADA.id, FoundWrite(Action.CREATE, KIDLISP, "ref 3", "rkey 3", "new 3"))
        journal.begin_part(RUN, BOB)
        journal.end_part(RUN, BOB.id, 1, Ending.FINISHED, RESULT)
        journal.keep_budgets("pds.test", [Window(Scope.UPLOADS, "", 86_400, 1_000, 7, 9e9)])
        await journal.end(RUN, Ending.FINISHED, RESULT)
        before = rows(file)
        assert all(before.values()), "each table has a row"
        await written(journal, "bb0000000001")
        await journal.renew("key", RUN, 60)
        journal.let_go("key", RUN)
        await journal.end("bb0000000001", Ending.FINISHED, RESULT)
        after = rows(file)
    for table, kept in before.items():
        assert after[table][: len(kept)] == kept
    with closing(sqlite3.connect(file)) as db:
        for table in before:
            column = db.execute(f"PRAGMA table_info({table})").fetchone()[1]
            for change in (f"DELETE FROM {table}", f"UPDATE {table} SET {column} = {column}"):
                with pytest.raises(sqlite3.IntegrityError, match="only added to"):
                    db.execute(change)


async def test_a_run_over_many_users(file: Path, dead_pid: int) -> None:
    async with opened(file) as journal:
        await journal.begin(beginning(subjects=(), action="rollout", pid=dead_pid))
        for subject in (BOB, ADA, BOB):
            journal.begin_part(RUN, subject)
        journal.end_part(RUN, BOB.id, 1, Ending.FAILED, RESULT)
        journal.end_part(RUN, BOB.id, 2, Ending.FINISHED, RESULT)
        await journal.begin(beginning("bb0000000001", subjects=(), action="rollout"))
        journal.begin_part("bb0000000001", ADA)
        journal.end_part("bb0000000001", ADA.id, 1, Ending.STOPPED, RESULT)
        await journal.begin(beginning("cc0000000001", subjects=(BOB,)))
        await journal.end("cc0000000001", Ending.FINISHED, RESULT)
        record = await journal.record(RUN)
        assert record.summary.users == (BOB.id, ADA.id)
        assert [(each.user, each.attempt, each.ending) for each in record.parts] == [
            (BOB.id, 1, Ending.FAILED),
            (BOB.id, 2, Ending.FINISHED),
        ]
        assert [each.run for each in await journal.died()] == [RUN], "nobody has finished with ada since"
        journal.begin_part("bb0000000001", ADA)
        journal.end_part("bb0000000001", ADA.id, 2, Ending.FINISHED, RESULT)
        await journal.end("bb0000000001", Ending.FINISHED, RESULT)
        assert await journal.died() == []


async def test_many_processes_begin_a_journal_at_once(file: Path) -> None:
    journals = [SqliteJournal(file) for _ in range(6)]
    await asyncio.gather(*(written(each, f"cc000000000{number}") for number, each in enumerate(journals)))
    assert [each.trouble for each in journals] == [None] * 6
    assert len(await journals[0].history(None)) == 6
    assert len(await journals[0].history(2)) == 2
    for journal in journals:
        await journal.close()


async def test_a_run_goes_by_the_beginning_of_its_id(file: Path) -> None:
    async with opened(file) as journal:
        with pytest.raises(UnknownRun):
            await journal.record("aa")
        for run in ("aa0000000001", "aa0000000002", "bb0000000001"):
            await journal.begin(beginning(run))
        assert (await journal.record(" BB ")).summary.run == "bb0000000001"
        assert (await journal.record("aa0000000002")).summary.run == "aa0000000002"
        with pytest.raises(UsageError, match="Several runs begin with aa"):
            await journal.record("aa")
        with pytest.raises(UnknownRun) as unknown:
            await journal.record("bb0000000002")
        assert "bb0000000001" in unknown.value.hint
        for nonsense in ("", "%", "\x1b[31m", "z" * 5_000):
            with pytest.raises(UsageError):
                await journal.record(nonsense)


async def test_texts_that_are_no_unicode_are_kept_as_they_can_be(file: Path) -> None:
    async with opened(file) as journal:
        await journal.begin(beginning(host="h\udcff", profile="ünï"))
        await journal.sent(batch(RUN, 1, [write(1)]))
        record = await journal.record(RUN)
    assert (record.beginning.host, record.beginning.profile) == ("h\\udcff", "ünï")


# -- who died --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def dead_pid() -> int:
    """The number of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        pass
    return process.pid


async def test_which_runs_died(file: Path, dead_pid: int) -> None:
    long_ago = time.time() - 3_600
    async with opened(file) as journal:
        await journal.begin(beginning("a1"))
        await journal.begin(beginning("a2", pid=dead_pid))
        await journal.begin(beginning("a3", host="elsewhere"))
        await journal.begin(beginning("a4", host="elsewhere", began=long_ago))
        await journal.begin(beginning("a5", live=False, pid=dead_pid))
        await journal.begin(beginning("a6", began=long_ago))
        await journal.hold("a key", "a6", 60)
        await journal.begin(beginning("a7"))
        await journal.hold("another key", "a7", 0)
        await journal.begin(beginning("a8", pid=dead_pid))
        await journal.end("a8", Ending.FAILED, RESULT)
        endings = {each.run: each.ending.value for each in await journal.history(None)}
        assert endings == {
            **dict.fromkeys(("a1", "a3", "a6"), "running"),
            **dict.fromkeys(("a2", "a4", "a5", "a7"), "died"),
            "a8": "failed",
        }
        assert {each.run for each in await journal.died()} == {"a2", "a4", "a7"}
        assert await journal.is_over("a2")
        assert not await journal.is_over("a3")
        assert not await journal.is_over("nobody")


async def test_a_run_that_died_is_told_of_until_another_has_finished(file: Path, dead_pid: int) -> None:
    async with opened(file) as journal:
        await journal.begin(beginning("a1", pid=dead_pid, began=time.time() - 9))
        number = await journal.sent(batch("a1", 1, [write(1), write(2)]))
        journal.answered(number, Answer("c", "r", "h"))
        for run, ending, changed in (
            ("b1", Ending.FAILED, {}),
            ("b2", Ending.FINISHED, {"live": False}),
            ("b3", Ending.FINISHED, {"pds": "another.test"}),
            ("b4", Ending.FINISHED, {"began": time.time() - 99}),
        ):
            await journal.begin(beginning(run, **changed))
            await journal.end(run, ending, RESULT)
            assert len(await journal.died()) == 1, run
        (died,) = await journal.died()
        assert (died.run, died.done.create, died.ending) == ("a1", 2, Ending.DIED)
        await journal.begin(beginning("b5"))
        await journal.end("b5", Ending.FINISHED, RESULT)
        assert await journal.died() == []
        assert (await journal.record("a1")).summary.ending is Ending.DIED


async def test_a_run_that_another_has_gone_on_from_is_told_of_no_more(file: Path, dead_pid: int) -> None:
    async with opened(file) as journal:
        await journal.begin(beginning("a1", pid=dead_pid, began=time.time() - 9))
        resumed = {"subjects": (BOB,), "options": {"resumes": "a1"}}
        for run, ending, changed in (
            ("b1", Ending.STOPPED, {}),
            ("b2", Ending.FINISHED, {"live": False}),
            ("b3", Ending.FINISHED, {"options": {"resumes": "a2"}}),
        ):
            await journal.begin(beginning(run, **resumed | changed))
            await journal.end(run, ending, RESULT)
            assert len(await journal.died()) == 1, run
        await journal.begin(beginning("b4", **resumed))
        await journal.end("b4", Ending.FINISHED, RESULT)
        assert await journal.died() == []


# -- holds -----------------------------------------------------------------------------------------------


async def test_one_run_holds_at_a_time(file: Path, dead_pid: int) -> None:
    async with opened(file) as one, opened(file) as other:
        await one.begin(beginning("a1"))
        await other.begin(beginning("b1", login="bob"))
        holders = await asyncio.gather(one.hold("key", "a1", 60), other.hold("key", "b1", 60))
        assert [holder is None for holder in holders].count(True) == 1
        winner, loser = ("a1", "b1") if holders[0] is None else ("b1", "a1")
        (held,) = [holder for holder in holders if holder]
        assert (held.run, held.pid > 0) == (winner, True)
        assert time.time() + 50 < held.until < time.time() + 61
        assert await one.hold("another key", loser, 60) is None
        assert await one.renew("key", winner, 60)
        assert not await one.renew("key", loser, 60)
        one.let_go("key", loser)
        assert await one.hold("key", loser, 60), "only the holder lets go"
        one.let_go("key", winner)
        assert not await one.renew("key", winner, 60)
        assert await one.hold("key", loser, 60) is None


async def test_what_a_dead_run_held_is_free(file: Path, dead_pid: int) -> None:
    async with opened(file) as journal:
        await journal.begin(beginning("a1", pid=dead_pid))
        await journal.begin(beginning("b1"))
        await journal.begin(beginning("c1", host="elsewhere"))
        assert await journal.hold("key", "a1", 60) is None
        assert await journal.hold("key", "c1", 60) is None, "its process is gone"
        assert await journal.hold("key", "b1", 60), "whether its process is there nobody here knows"
        assert await journal.hold("short", "c1", 0) is None
        assert await journal.hold("short", "b1", 60) is None, "its time was over"
        assert not await journal.renew("short", "c1", 60)


async def test_a_worker_of_the_same_run_is_another_holder(tmp_path: Path) -> None:
    async with opened(tmp_path / "journal.sqlite") as journal:
        await journal.begin(beginning(RUN))
        assert await journal.hold("key", RUN, 60, "worker 1") is None
        held = await journal.hold("key", RUN, 60, "worker 2")
        assert held
        assert (held.run, held.part) == (RUN, "worker 1")
        assert await journal.renew("key", RUN, 60, "worker 1")
        assert not await journal.renew("key", RUN, 60)
        journal.let_go("key", RUN, "worker 2")
        assert await journal.hold("key", RUN, 60, "worker 2"), "only the holder lets go"
        journal.let_go("key", RUN, "worker 1")
        assert await journal.hold("key", RUN, 60, "worker 2") is None
