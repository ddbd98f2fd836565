"""The journal's tables, and how its file is opened.

Each commit is on the disk before it counts (`synchronous = FULL`): a batch is written down before it is sent,
and the PDS keeps what it got though this machine loses its power. It costs a few milliseconds a batch.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from acconsole.errors import JournalError
from acconsole.stores import statefile

_TABLES = {
    "runs": """
        run TEXT PRIMARY KEY, began REAL NOT NULL, action TEXT NOT NULL, live INTEGER NOT NULL,
        profile TEXT NOT NULL, login TEXT NOT NULL, host TEXT NOT NULL, pid INTEGER NOT NULL,
        version TEXT NOT NULL, pds TEXT NOT NULL, options TEXT NOT NULL""",
    "users": """
        run TEXT NOT NULL, place INTEGER NOT NULL, user TEXT NOT NULL, name TEXT NOT NULL, did TEXT, rev TEXT,
        head TEXT, PRIMARY KEY (run, place)""",
    "ends": "run TEXT PRIMARY KEY, ended REAL NOT NULL, how TEXT NOT NULL, result TEXT NOT NULL",
    # `operations`: JSON, a list for each: action, ref, rkey, old CID, new CID, whether it links, what Mongo
    # stored, what it is to store. A row for each would let go of the interpreter's lock for each, and wait.
    "batches": """
        batch INTEGER PRIMARY KEY, run TEXT NOT NULL, user TEXT NOT NULL, sent REAL NOT NULL,
        number INTEGER NOT NULL, kind TEXT NOT NULL, head TEXT, operations TEXT NOT NULL""",
    "answers": "batch INTEGER PRIMARY KEY, at REAL NOT NULL, cid TEXT, rev TEXT, head TEXT, refusal TEXT",
    # `rkeys`: JSON, by ref; null for a stored one that was cleared.
    "links": """
        run TEXT NOT NULL, user TEXT NOT NULL, at REAL NOT NULL, kind TEXT NOT NULL, rkeys TEXT NOT NULL""",
    "found": """
        run TEXT NOT NULL, user TEXT NOT NULL, at REAL NOT NULL, action TEXT NOT NULL, kind TEXT NOT NULL,
        ref TEXT, rkey TEXT NOT NULL, cid TEXT""",
    "notes": """
        run TEXT NOT NULL, user TEXT NOT NULL, at REAL NOT NULL, what TEXT NOT NULL, detail TEXT NOT NULL""",
    # Taken and renewed with a time, let go without one; the newest of a key counts.
    "leases": """
        lease INTEGER PRIMARY KEY, key TEXT NOT NULL, run TEXT NOT NULL, at REAL NOT NULL, until REAL""",
}
_BY_KEY = ("runs", "users", "ends")
_INDEXES = {
    "runs": "began",
    "users": "user",
    "batches": "run",
    "links": "run",
    "found": "run",
    "notes": "run",
    "leases": "key, lease",
}


_LATER_TABLES = {
    # A user's end in a run over many users; `attempt` counts how often the run has come to the user.
    "parts": """
        run TEXT NOT NULL, user TEXT NOT NULL, attempt INTEGER NOT NULL, at REAL NOT NULL, how TEXT NOT NULL,
        result TEXT NOT NULL""",
    # A rate-limit window as it stood: the newest of a PDS's scope, key and seconds counts.
    "budgets": """
        pds TEXT NOT NULL, scope TEXT NOT NULL, key TEXT NOT NULL, seconds INTEGER NOT NULL, at REAL NOT NULL,
        most INTEGER NOT NULL, used INTEGER NOT NULL, resets REAL NOT NULL""",
}
_LATER_INDEXES = {"parts": "run, user", "budgets": "pds, scope, key, seconds"}


def _made(tables: Mapping[str, str], indexes: Mapping[str, str]) -> list[str]:
    """Tables that are only ever added to, and their indexes."""
    made = [
        f"CREATE TABLE {table} ({columns}) STRICT{', WITHOUT ROWID' * (table in _BY_KEY)}"
        for table, columns in tables.items()
    ]
    made += [f"CREATE INDEX {table}_by ON {table} ({columns})" for table, columns in indexes.items()]
    for table in tables:
        for change in ("UPDATE", "DELETE"):
            refused = "BEGIN SELECT RAISE(ABORT, 'the journal is only added to'); END"
            made.append(f"CREATE TRIGGER {table}_no_{change.lower()} BEFORE {change} ON {table} {refused}")
    return made


_STEPS = (
    [*_made(_TABLES, _INDEXES), "CREATE INDEX leases_by_run ON leases (run, lease)"],
    [
        *_made(_LATER_TABLES, _LATER_INDEXES),
        # Which worker of a run that has several holds a user; empty where a run has but one.
        "ALTER TABLE leases ADD COLUMN part TEXT NOT NULL DEFAULT ''",
    ],
)
"""What leads from each version to the next."""
VERSION = len(_STEPS)
_STRICT_SINCE = (3, 37)


def opened(file: Path, tell: Callable[[str], None]) -> sqlite3.Connection:
    """A connection to the journal, which is made if it is not there; a broken one is set aside, and `tell`
    is told.

    Raises `sqlite3.Error`, `OSError`, and `JournalError` for a journal of a newer version.
    """
    seen = statefile.identity(file)
    try:
        return _opened(file)
    except sqlite3.DatabaseError as error:
        if not statefile.is_broken(error):
            raise
        tell(f"{statefile.set_aside(file, seen)} What was in it is not known any more.")
        return _opened(file)


def _opened(file: Path) -> sqlite3.Connection:
    if sqlite3.sqlite_version_info < _STRICT_SINCE:
        raise JournalError(
            f"The journal needs SQLite 3.37 or later; this Python has {sqlite3.sqlite_version}.",
            "Use a Python with a newer one.",
        )
    statefile.make(file)
    db = statefile.connect(file)
    try:
        _refuse_newer(db, file)
        _into_wal(db)
        db.execute("PRAGMA synchronous = FULL")
        _bring_up_to_date(db)
    except BaseException:
        db.close()
        raise
    return db


def _version(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def _refuse_newer(db: sqlite3.Connection, file: Path) -> None:
    if (version := _version(db)) > VERSION:
        raise JournalError(
            f"{file} was written by a newer acconsole: its version is {version}, here {VERSION} is known.",
            "Install the newer acconsole, or set ACCONSOLE_STATE_DIR to another folder.",
        )


def _into_wal(db: sqlite3.Connection) -> None:
    """WAL mode. Where two processes begin a file at once, SQLite has the second not wait but fail."""
    patient_until = time.monotonic() + statefile.PATIENCE
    while True:
        try:
            db.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            busy = statefile.code_of(error) == sqlite3.SQLITE_BUSY
            if not busy or time.monotonic() > patient_until:
                raise
            time.sleep(0.01)


def _bring_up_to_date(db: sqlite3.Connection) -> None:
    if _version(db) == VERSION:
        return
    db.execute("BEGIN IMMEDIATE")
    for statements in _STEPS[_version(db) :]:  # another process may just have done it
        for statement in statements:
            db.execute(statement)
    db.execute(f"PRAGMA user_version = {VERSION}")
    db.execute("COMMIT")
