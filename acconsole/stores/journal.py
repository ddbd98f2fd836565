"""The `Journal` port: a SQLite file in the state dir, which every process of this machine may use at once.

It holds ids, CIDs, rkeys and counts, never what a record says, and no password, token or connection string.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

from acconsole.engine.history import Ending, RunRecord, RunSummary
from acconsole.engine.journal import Answer, Beginning, FoundWrite, Holder, SentBatch, Subject
from acconsole.engine.windows import Window
from acconsole.errors import JournalError, UnknownRun
from acconsole.media.base import MediaType
from acconsole.stores.journalreading import Reader
from acconsole.stores.journalschema import opened
from acconsole.stores.journalwriter import Writer, trouble_with

T = TypeVar("T")


class SqliteJournal:
    """The journal in one file. `host` is this machine's name, as the runs are written down with it."""

    def __init__(self, file: Path, host: str | None = None) -> None:
        self._file = file
        self._host = _plain(host or socket.gethostname())
        self._writer = Writer(file)
        self._end_lost: str | None = None

    @property
    def trouble(self) -> str | None:
        return self._writer.trouble or self._end_lost

    async def close(self) -> None:
        """Write what is left, and close the file."""
        await self._writer.close()

    # -- written -------------------------------------------------------------------------------------

    async def begin(self, beginning: Beginning) -> None:
        row = (
            *(beginning.run, beginning.began, beginning.action, beginning.live, _plain(beginning.profile)),
            *(_plain(beginning.login), _plain(beginning.host), beginning.pid, beginning.version),
            *(beginning.pds, json.dumps(dict(beginning.options))),
        )
        users = [
            (beginning.run, place, _plain(each.id), _plain(each.name), each.did, each.rev, each.commit)
            for place, each in enumerate(beginning.subjects)
        ]

        def work(db: sqlite3.Connection) -> None:
            _insert(db, "runs", [row])
            _insert(db, "users", users)

        if beginning.live:
            await self._writer.do(work)
        else:
            self._writer.later(work)  # what writes nothing needs no journal

    def begin_part(self, run: str, subject: Subject) -> None:
        row = (_plain(subject.id), _plain(subject.name), subject.did, subject.rev, subject.commit)
        self._writer.later(lambda db: _add_user(db, run, row))

    def end_part(self, run: str, user: str, attempt: int, ending: Ending, result: Mapping[str, Any]) -> None:
        row = (run, _plain(user), attempt, time.time(), ending.value, json.dumps(dict(result)))
        self._later("parts", [row])

    async def sent(self, batch: SentBatch) -> int:
        writes = [
            (each.action, each.ref, each.rkey, each.old_cid, each.new_cid, each.link, each.stored, each.puts)
            for each in batch.writes
        ]
        of_run = (batch.run, _plain(batch.user), time.time(), batch.number, batch.kind.value, batch.head)
        row = (None, *of_run, json.dumps(writes))

        def work(db: sqlite3.Connection) -> int:
            if not db.execute("SELECT 1 FROM runs WHERE run = ?", (batch.run,)).fetchone():
                raise JournalError(
                    "The journal is not the one that the run was begun in.",
                    "Run it again; what was done stays done.",
                )
            _insert(db, "batches", [row])
            return int(db.execute("SELECT last_insert_rowid()").fetchone()[0])

        return await self._writer.do(work)

    def answered(self, batch: int, answer: Answer) -> None:
        row = (batch, time.time(), answer.commit, answer.rev, answer.head, answer.refusal)
        self._later("answers", [row])

    def linked(self, run: str, user: str, kind: MediaType, rkeys: Mapping[str, str | None]) -> None:
        self._later("links", [(run, _plain(user), time.time(), kind.value, json.dumps(dict(rkeys)))])

    def found(self, run: str, user: str, found: FoundWrite) -> None:
        of_run = (run, _plain(user), time.time())
        row = (*of_run, found.action.value, found.kind.value, _plain(found.ref), found.rkey, found.cid)
        self._later("found", [row])

    def note(self, run: str, user: str, what: str, detail: Mapping[str, Any]) -> None:
        self._later("notes", [(run, _plain(user), time.time(), what, json.dumps(dict(detail)))])

    def keep_budgets(self, pds: str, windows: Sequence[Window]) -> None:
        now = time.time()
        rows = [
            (pds, each.scope.value, each.key, each.seconds, now, each.most, each.used, each.resets)
            for each in windows
        ]
        self._later("budgets", rows)

    async def end(self, run: str, ending: Ending, result: Mapping[str, Any]) -> None:
        row = (run, time.time(), ending.value, json.dumps(dict(result)))
        try:
            await self._writer.do(lambda db: _insert(db, "ends", [row]))
        except JournalError as error:
            self._end_lost = f"{error.message} That run {run} has ended is not in it."

    def _later(self, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
        self._writer.later(lambda db: _insert(db, table, rows))

    # -- holds ---------------------------------------------------------------------------------------

    async def hold(self, key: str, run: str, seconds: float, part: str = "") -> Holder | None:
        def work(db: sqlite3.Connection) -> Holder | None:
            held = _held(db, key)
            free = held is None or _is_by(held, run, part) or held["until"] < time.time()
            if held is not None and not free and not Reader(db, self._host).is_over(held["run"]):
                names = ("run", "login", "host", "pid", "began", "until", "part")
                return Holder(*(held[name] for name in names))
            _take(db, key, run, part, seconds)
            return None

        return await self._writer.do(work)

    async def renew(self, key: str, run: str, seconds: float, part: str = "") -> bool:
        def work(db: sqlite3.Connection) -> bool:
            held = _held(db, key)
            if held is None or not _is_by(held, run, part):
                return False
            _take(db, key, run, part, seconds)
            return True

        return await self._writer.do(work)

    def let_go(self, key: str, run: str, part: str = "") -> None:
        def work(db: sqlite3.Connection) -> None:
            held = _held(db, key)
            if held is not None and _is_by(held, run, part):
                _take(db, key, run, part, None)

        self._writer.later(work)

    # -- read ----------------------------------------------------------------------------------------

    async def is_over(self, run: str) -> bool:
        return await self._read(lambda reader: reader.is_over(run), False)

    async def history(self, limit: int | None) -> list[RunSummary]:
        return await self._read(lambda reader: reader.summaries(limit), [])

    async def record(self, run: str) -> RunRecord:
        found = await self._read(lambda reader: reader.record(run), None)
        if found is None:
            raise UnknownRun(f"No run goes by {run[:100]}.", "There are none yet.")
        return found

    async def died(self) -> list[RunSummary]:
        return await self._read(lambda reader: reader.died(), [])

    async def budgets(self, pds: str) -> list[Window]:
        return await self._read(lambda reader: reader.budgets(pds), [])

    async def _read(self, what: Callable[[Reader], T], otherwise: T) -> T:
        """What is read; `otherwise` where there is no journal yet, and none is made."""
        return await asyncio.to_thread(self._read_now, what, otherwise)

    def _read_now(self, what: Callable[[Reader], T], otherwise: T) -> T:
        try:
            if not self._file.exists():
                return otherwise
            with closing(opened(self._file, self._writer.tell)) as db:
                return what(Reader(db, self._host))
        except (sqlite3.Error, OSError) as error:
            raise trouble_with(self._file, error) from None


def _plain(text: Any) -> Any:
    """Text that SQLite can hold: names may be no proper Unicode."""
    if not isinstance(text, str) or text.isascii():
        return text
    return text.encode("utf-8", "backslashreplace").decode()


def _insert(db: sqlite3.Connection, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
    if rows:
        marks = ", ".join("?" * len(rows[0]))
        db.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)  # noqa: S608  # its name is one of ours


def _add_user(db: sqlite3.Connection, run: str, row: tuple[Any, ...]) -> None:
    """Write a user down as the next of a run's, once."""
    if not db.execute("SELECT 1 FROM users WHERE run = ? AND user = ?", (run, row[0])).fetchone():
        (last,) = db.execute("SELECT max(place) FROM users WHERE run = ?", (run,)).fetchone()
        _insert(db, "users", [(run, 0 if last is None else last + 1, *row)])


def _held(db: sqlite3.Connection, key: str) -> sqlite3.Row | None:
    """Who holds it, whether or not the time is over; None when the last to do so has let it go."""
    db.row_factory = sqlite3.Row
    row: sqlite3.Row | None = db.execute(
        """SELECT leases.run, part, until, began, login, host, pid FROM leases JOIN runs USING (run)
        WHERE key = ? ORDER BY lease DESC LIMIT 1""",
        (key,),
    ).fetchone()
    return row if row is not None and row["until"] is not None else None


def _is_by(held: sqlite3.Row, run: str, part: str) -> bool:
    return (held["run"], held["part"]) == (run, part)


def _take(db: sqlite3.Connection, key: str, run: str, part: str, seconds: float | None) -> None:
    now = time.time()
    until = None if seconds is None else now + seconds
    _insert(db, "leases", [(None, key, run, now, until, part)])
