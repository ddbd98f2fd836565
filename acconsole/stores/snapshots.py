"""The cache of repos: one SQLite file in the state dir, so that a repo which has not moved is not read again.

SQLite rather than a file a repo: a million files are slow to list and to bound, where one table with an index
is neither. Entries lie in the order in which they were first read, which is the order of the next look too.

What is kept is a repo's CAR, compressed, and the CIDs of its blobs. A CAR is proof of itself: its root must
be the commit that the PDS names now, and each block must have the bytes that its CID names. The rest is held
by a digest. What fails either is thrown away, and so is a file of another version or one that is broken.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import sqlite3
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from acconsole.engine import car
from acconsole.engine.model import RepoHead, Snapshot
from acconsole.stores import statefile

T = TypeVar("T")

LIMIT = 2_000_000_000
"""Bytes that the cache holds at most."""
VERSION = 1
RECENT = 3_600.0
"""Seconds after its use in which an entry is left where it is: a fleet that is larger than the cache would
push out with each repo one that it needs next."""
REST = 60.0
"""Seconds for which a file that cannot be used is left alone."""
_OVERHEAD = 400
"""Bytes that an entry takes beside what is packed."""
_SCHEMA = (
    """CREATE TABLE repos (
        id INTEGER PRIMARY KEY, host TEXT NOT NULL, did TEXT NOT NULL, rev TEXT NOT NULL, head TEXT NOT NULL,
        digest BLOB NOT NULL, size INTEGER NOT NULL, used REAL NOT NULL, UNIQUE (host, did))""",
    "CREATE INDEX repos_by_use ON repos (used)",
    "CREATE TABLE cars (id INTEGER PRIMARY KEY, packed BLOB NOT NULL)",
)
_ASK = """
    SELECT id, did, rev, head, digest, CAST(used AS REAL), packed FROM repos JOIN cars USING (id)
    WHERE host = ? AND did IN (SELECT value FROM json_each(?))"""
_OLDEST = """
    SELECT id, CAST(size AS INTEGER) FROM repos WHERE used NOT BETWEEN ? AND ? ORDER BY used LIMIT 100"""
_KEEP = """
    INSERT INTO repos (host, did, rev, head, digest, size, used) VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (host, did) DO UPDATE SET rev = excluded.rev, head = excluded.head,
        digest = excluded.digest, size = excluded.size, used = excluded.used
    RETURNING id"""
_BROKEN = (sqlite3.SQLITE_ERROR, sqlite3.SQLITE_MISMATCH)
"""What the statements here can only meet with in a file that somebody else has made."""


class SqliteSnapshots:
    """The `Snapshots` port. Beyond `limit` bytes the longest unused go first."""

    def __init__(self, file: Path, limit: int = LIMIT) -> None:
        self._file = file
        self._limit = limit
        self._trouble: str | None = None
        self._rests_until = 0.0

    @property
    def trouble(self) -> str | None:
        return self._trouble

    async def get(self, host: str, heads: Sequence[RepoHead]) -> Mapping[str, Snapshot]:
        if not heads:
            return {}
        return await asyncio.to_thread(self._used, lambda db: self._get(db, host, heads), {}, False)

    async def put(self, host: str, snapshots: Sequence[Snapshot]) -> None:
        # One that was read page by page has no CAR, and a CAR that lacks records is no proof of anything.
        whole = [each for each in snapshots if each.car is not None and not each.lost]
        if whole:
            await asyncio.to_thread(self._used, lambda db: self._put(db, host, whole), None, True)

    def _used(self, use: Callable[[sqlite3.Connection], T], otherwise: T, makes_it: bool) -> T:
        """What is read or done; `otherwise` where there is no file and none is made, or it is of no use."""
        if time.monotonic() < self._rests_until:
            return otherwise
        try:
            if not self._file.exists():
                if not makes_it:
                    return otherwise
                statefile.make(self._file)
            with statefile.opened(self._file) as db:
                _prepare(db)
                return use(db)
        except (sqlite3.Error, OSError) as error:
            self._take_note(error)
            return otherwise

    def _take_note(self, error: Exception) -> None:
        if statefile.is_broken(error) or statefile.code_of(error) in _BROKEN:
            for suffix in ("", "-wal", "-shm"):
                with contextlib.suppress(OSError):
                    self._file.with_name(self._file.name + suffix).unlink()
            self._trouble = f"{self._file} was broken and is thrown away: what it held is read anew."
        else:
            self._rests_until = time.monotonic() + REST
            self._trouble = f"{self._file} cannot be used now ({type(error).__name__}): every repo is read."

    def _get(self, db: sqlite3.Connection, host: str, heads: Sequence[RepoHead]) -> dict[str, Snapshot]:
        wanted = {head.did: head for head in heads}
        found: dict[str, Snapshot] = {}
        spoilt: list[int] = []
        unused: list[int] = []
        now = time.time()
        for number, did, rev, commit, digest, used, packed in db.execute(
            _ASK, (host, json.dumps(list(wanted)))
        ):
            head = wanted[did]
            if (rev, commit) != (head.rev, head.commit):
                continue
            try:
                found[did] = _unpacked(host, head, digest, packed)
            except (ValueError, TypeError, zlib.error):
                spoilt.append(number)
            else:
                # Written down once an hour at most: a look that finds nothing new writes nothing.
                if not now - RECENT < used <= now:
                    unused.append(number)
        self._tidy(db, spoilt, unused, now)
        return found

    def _tidy(self, db: sqlite3.Connection, spoilt: Sequence[int], unused: Sequence[int], now: float) -> None:
        """Entries that fail their check go, and others are used now. What was read counts all the same."""
        if not spoilt and not unused:
            return
        try:
            with _writing(db):
                _delete(db, spoilt)
                db.executemany("UPDATE repos SET used = ? WHERE id = ?", [(now, number) for number in unused])
        except sqlite3.Error as error:
            self._take_note(error)

    def _put(self, db: sqlite3.Connection, host: str, snapshots: Sequence[Snapshot]) -> None:
        packed = [(each, _packed(each)) for each in snapshots]
        now = time.time()
        with _writing(db):
            room = self._room(db, sum(map(_size, packed)), now)
            for each in packed:
                if (room := room - _size(each)) < 0:
                    return
                _keep(db, host, *each, now)

    def _room(self, db: sqlite3.Connection, wanted: int, now: float) -> int:
        """How many bytes there are for entries of `wanted` bytes, once the longest unused have gone."""
        pages, free, page = (
            db.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("page_count", "freelist_count", "page_size")
        )
        room: int = self._limit - (pages - free) * page
        while room < wanted and (oldest := db.execute(_OLDEST, (now - RECENT, now)).fetchall()):
            for number, size in oldest:
                if room < wanted:
                    _delete(db, [number])
                    room += size
        return room


def _prepare(db: sqlite3.Connection) -> None:
    """The tables, empty, unless the file has them already."""
    db.execute("PRAGMA synchronous = NORMAL")
    if _version(db) == VERSION:
        return
    with _writing(db):
        if _version(db) == VERSION:
            return  # another process was quicker
        named = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        for (name,) in db.execute(named).fetchall():
            quoted = name.replace('"', '""')
            db.execute(f'DROP TABLE "{quoted}"')
        for statement in _SCHEMA:
            db.execute(statement)
        db.execute(f"PRAGMA user_version = {VERSION}")


def _version(db: sqlite3.Connection) -> int:
    version: int = db.execute("PRAGMA user_version").fetchone()[0]
    return version


@contextmanager
def _writing(db: sqlite3.Connection) -> Iterator[None]:
    """One transaction: all of it or nothing."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")


def _keep(db: sqlite3.Connection, host: str, snapshot: Snapshot, packed: bytes, now: float) -> None:
    row = (host, snapshot.did, snapshot.rev, snapshot.commit)
    values = (*row, _digest(*row, packed), len(packed) + _OVERHEAD, now)
    ((number,),) = db.execute(_KEEP, values).fetchall()
    db.execute("INSERT OR REPLACE INTO cars VALUES (?, ?)", (number, packed))


def _delete(db: sqlite3.Connection, numbers: Sequence[int]) -> None:
    rows = [(number,) for number in numbers]
    db.executemany("DELETE FROM repos WHERE id = ?", rows)
    db.executemany("DELETE FROM cars WHERE id = ?", rows)


def _size(entry: tuple[Snapshot, bytes]) -> int:
    return len(entry[1]) + _OVERHEAD


def _packed(snapshot: Snapshot) -> bytes:
    assert snapshot.car is not None
    return zlib.compress(" ".join(sorted(snapshot.blobs)).encode() + b"\n" + snapshot.car, 1)


def _unpacked(host: str, head: RepoHead, digest: object, packed: bytes) -> Snapshot:
    """Raises `ValueError`, `TypeError` or `zlib.error` for all but what was kept of this very commit."""
    if digest != _digest(host, head.did, head.rev, head.commit, packed):
        raise ValueError("the digest is wrong")
    blobs, _, kept = zlib.decompress(packed).partition(b"\n")
    if not car.is_whole(kept):
        raise ValueError("a block has other bytes than its CID names")
    snapshot = car.snapshot(kept, frozenset(blobs.decode().split()))
    if (snapshot.did, snapshot.rev, snapshot.commit) != (head.did, head.rev, head.commit):
        raise ValueError("it is of another repo or commit")
    return snapshot


def _digest(host: str, did: str, rev: str, commit: str, packed: bytes) -> bytes:
    return hashlib.sha256("\n".join((host, did, rev, commit, "")).encode() + packed).digest()
