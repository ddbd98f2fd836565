"""How a database of the state dir is opened: a small SQLite file that its owner alone may read.

WAL lets several processes use it at the same time, and readers never wait for a writer.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

PATIENCE = 5.0
"""Seconds that another process may hold the file."""
_BROKEN = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_SCHEMA)


def make(file: Path) -> None:
    """The file, empty, and its folder, where they are not there yet. Raises `OSError`."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # SQLite gives its own files beside it the same mode. A file that is there is left closed: to close it
    # would end this process's locks on it, and another process would delete the log under its hands.
    with contextlib.suppress(FileExistsError):
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


def connect(file: Path) -> sqlite3.Connection:
    """A connection without transactions of its own making. Raises `sqlite3.Error`."""
    return sqlite3.connect(file, timeout=PATIENCE, isolation_level=None)


@contextmanager
def opened(file: Path) -> Iterator[sqlite3.Connection]:
    """A connection in WAL mode, closed at the end. Raises `sqlite3.Error`."""
    with closing(connect(file)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        yield db


def code_of(error: Exception) -> int | None:
    """SQLite's primary result code, None for an error that is not SQLite's."""
    code: int | None = getattr(error, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF


def is_broken(error: Exception) -> bool:
    """Whether the error says that the file is no sound database."""
    return code_of(error) in _BROKEN


Identity = tuple[int, int]


def identity(file: Path) -> Identity | None:
    """Which file it is that goes by a name now; None while there is none."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def set_aside(file: Path, seen: Identity | None) -> str:
    """Rename a broken file, its log with it, out of the way of a new one; says so in a sentence.

    `seen`: which file was found broken. Where another one goes by the name now, somebody else was first, and
    it is left alone.
    """
    with _alone(file.parent):
        if identity(file) != seen:
            return f"{file} was broken, and was set aside already."
        return f"{file} was broken and is set aside as {_renamed(file).name}."


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Nobody else sets a file of the folder aside meanwhile, in this process or in another."""
    held = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)


def _renamed(file: Path) -> Path:
    number = int(time.time())
    while (aside := file.with_name(f"{file.name}.broken-{number}")).exists():
        number += 1
    for suffix in ("", "-wal"):
        with contextlib.suppress(OSError):
            file.with_name(file.name + suffix).rename(aside.with_name(aside.name + suffix))
    with contextlib.suppress(OSError):
        file.with_name(f"{file.name}-shm").unlink()
    return aside
