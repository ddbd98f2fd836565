"""The journal's one writer: a thread that puts all that waits into one transaction, and one look at the disk.

A run goes on while it writes; only what must be on the disk first is waited for.
"""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from acconsole.errors import JournalError
from acconsole.stores import statefile
from acconsole.stores.journalschema import opened

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]

LINGER = 0.25
"""Seconds for which what nobody waits for is put off, so that it goes to the disk with the next batch."""
_REASONS = {
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_IOERR: "the disk does not take it",
    sqlite3.SQLITE_READONLY: "it may not be written",
    sqlite3.SQLITE_PERM: "it may not be written",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened",
    sqlite3.SQLITE_BUSY: "another process holds it",
}


@dataclass(frozen=True, slots=True)
class _Job:
    """Something to do in a transaction. `done` is None when nobody waits for it."""

    work: Work[Any]
    done: Future[Any] | None

    def is_wanted(self) -> bool:
        """Whether to begin with it: not when whoever waited for it was cancelled."""
        return self.done is None or self.done.set_running_or_notify_cancel()


def trouble_with(file: Path, error: Exception) -> JournalError:
    """SQLite's or the system's error as ours."""
    if isinstance(error, JournalError):
        return error
    known = error.strerror if isinstance(error, OSError) else _REASONS.get(statefile.code_of(error) or 0)
    return JournalError(
        f"The journal {file} cannot be used: {known or type(error).__name__}.",
        "No live run goes on without it. Mend that, or set ACCONSOLE_STATE_DIR to another folder.",
    )


class Writer:
    """Writes to the journal's file, which it opens when there is something to write."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._db: sqlite3.Connection | None = None
        self._opened: statefile.Identity | None = None
        self._aside: str | None = None
        self._unwritten: str | None = None

    @property
    def trouble(self) -> str | None:
        """What is wrong, in one sentence; None while all is well."""
        return self._aside or self._unwritten

    def tell(self, aside: str) -> None:
        """A broken file was set aside."""
        self._aside = aside

    async def do(self, work: Work[T]) -> T:
        """The result of some work, once it is on the disk. Raises `JournalError`."""
        done: Future[T] = Future()
        self._put(_Job(work, done))
        return await asyncio.wrap_future(done)

    def later(self, work: Work[None]) -> None:
        """Have some work done after all that was put before. While that fails it is kept, and tried again."""
        self._put(_Job(work, None))

    async def close(self) -> None:
        """Write what is left, and end the thread."""
        if self._thread:
            self._jobs.put(None)
            await asyncio.to_thread(self._thread.join)
            self._thread = None

    def _put(self, job: _Job) -> None:
        self._jobs.put(job)
        if self._thread is None:
            self._thread = threading.Thread(target=self._go, name="journal", daemon=True)
            self._thread.start()

    # -- in the thread -------------------------------------------------------------------------------

    def _go(self) -> None:
        kept: list[_Job] = []
        open_still = True
        while open_still:
            jobs = self._waiting()
            open_still = None not in jobs
            due = [
                job for job in jobs if job and (job.done is None or job.done.set_running_or_notify_cancel())
            ]
            if due or kept:
                kept = self._written([*kept, *due])
        self._forget()

    def _waiting(self) -> list[_Job | None]:
        """All that is to be done now, at least one; what nobody waits for lingers for what comes next."""
        jobs = [self._jobs.get()]
        linger_until = time.monotonic() + LINGER
        with suppress(queue.Empty):
            while True:
                pressing = any(job is None or job.done for job in jobs)
                left = 0.0 if pressing else max(0.0, linger_until - time.monotonic())
                jobs.append(self._jobs.get(block=left > 0, timeout=left or None))
        return jobs

    def _written(self, jobs: list[_Job]) -> list[_Job]:
        """Do all jobs in one transaction; what is to be tried again when that fails."""
        try:
            results = self._committed(jobs)
        except Exception as error:  # the thread's edge: whoever waits must hear of it
            return self._failed(jobs, error)
        self._unwritten = None
        for job, result in zip(jobs, results, strict=True):
            if job.done:
                job.done.set_result(result)
        return []

    def _committed(self, jobs: list[_Job]) -> list[Any]:
        if self._db is None:
            self._db = opened(self._file, self.tell)
            self._opened = statefile.identity(self._file)
        self._db.execute("BEGIN IMMEDIATE")
        results = [job.work(self._db) for job in jobs]
        self._db.execute("COMMIT")
        return results

    def _failed(self, jobs: list[_Job], error: Exception) -> list[_Job]:
        self._forget()
        told = trouble_with(self._file, error)
        if statefile.is_broken(error):
            self._aside = statefile.set_aside(self._file, self._opened)
        unheard = [job for job in jobs if job.done is None]
        if unheard:
            self._unwritten = told.message
        for job in jobs:
            if job.done:
                job.done.set_exception(told)
        # What a full disk does not take it may take later; what makes no sense, never.
        return unheard if isinstance(error, sqlite3.OperationalError | OSError | JournalError) else []

    def _forget(self) -> None:
        """Close the file, and with it what was begun and not committed."""
        if self._db:
            with suppress(sqlite3.Error):
                self._db.close()
            self._db = None
