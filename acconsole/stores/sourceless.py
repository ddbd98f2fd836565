"""The memory of docs that were found without a source: a small SQLite file in the state dir.

It is only a memory: a file that cannot be read is set aside and told of, and what it held is found out
again. Several processes may use it at the same time.
"""

from __future__ import annotations

import asyncio
import hashlib
import sqlite3
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from acconsole.media.base import MediaType
from acconsole.stores import statefile

T = TypeVar("T")

_TABLE = """
    CREATE TABLE IF NOT EXISTS sourceless (
        place TEXT NOT NULL, kind TEXT NOT NULL, ref TEXT NOT NULL, digest TEXT NOT NULL, found REAL NOT NULL,
        PRIMARY KEY (place, kind, ref)
    ) WITHOUT ROWID
"""


class SqliteSourceless:
    """The `Sourceless` port. `places`: where sources are looked for, so that two worlds are told apart."""

    def __init__(self, file: Path, *places: str) -> None:
        self._file = file
        self._place = hashlib.sha256("\n".join(places).encode()).hexdigest()
        self._trouble: str | None = None

    @property
    def trouble(self) -> str | None:
        return self._trouble

    async def known(self, kind: MediaType) -> Mapping[str, str]:
        return await asyncio.to_thread(self._used, lambda db: self._known(db, kind), {}, False)

    async def add(self, kind: MediaType, ref: str, digest: str) -> None:
        row = (self._place, kind.value, ref, digest, time.time())
        put = "INSERT OR REPLACE INTO sourceless VALUES (?, ?, ?, ?, ?)"
        await asyncio.to_thread(self._used, lambda db: _done(db, put, row), None, True)

    async def forget(self, kind: MediaType, ref: str) -> None:
        row = (self._place, kind.value, ref)
        take = "DELETE FROM sourceless WHERE place = ? AND kind = ? AND ref = ?"
        await asyncio.to_thread(self._used, lambda db: _done(db, take, row), None, False)

    def _known(self, db: sqlite3.Connection, kind: MediaType) -> dict[str, str]:
        asked = "SELECT ref, digest FROM sourceless WHERE place = ? AND kind = ?"
        return dict(db.execute(asked, (self._place, kind.value)).fetchall())

    def _used(self, use: Callable[[sqlite3.Connection], T], otherwise: T, makes_it: bool) -> T:
        """What is read or done; `otherwise` where there is no file and none is made, or it is of no use."""
        seen = statefile.identity(self._file)
        try:
            if seen is None:
                if not makes_it:
                    return otherwise
                statefile.make(self._file)
            with statefile.opened(self._file) as db:
                db.execute(_TABLE)
                return use(db)
        except (sqlite3.Error, OSError) as error:
            self._take_note(error, seen)
            return otherwise

    def _take_note(self, error: Exception, seen: statefile.Identity | None) -> None:
        if not statefile.is_broken(error):
            self._trouble = f"{self._file} cannot be used now ({type(error).__name__})."
            return
        self._trouble = statefile.set_aside(self._file, seen)


def _done(db: sqlite3.Connection, statement: str, row: tuple[object, ...]) -> None:
    db.execute(statement, row)
