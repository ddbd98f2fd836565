"""Lines in order, more of them than memory need hold: SQLite sorts them, on the disk once they are many."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator


class Sorted:
    """Takes texts with their keys, and gives the texts back by key, those of equal keys as they came.

    Nothing of it is left when it is closed.
    """

    def __init__(self) -> None:
        # A database without a name is a file that only this connection knows, and memory while it is small.
        self._db = sqlite3.connect("", isolation_level=None)
        self._db.execute("PRAGMA journal_mode = OFF")
        self._db.execute("CREATE TABLE lines (number INTEGER PRIMARY KEY, first, second, third, text)")
        self._db.execute("BEGIN")
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, key: tuple[bool, str, str], text: str) -> None:
        """Take one in."""
        values = (key[0], *map(_bytes, key[1:]), _bytes(text))
        self._db.execute("INSERT INTO lines (first, second, third, text) VALUES (?, ?, ?, ?)", values)
        self._count += 1

    def __iter__(self) -> Iterator[str]:
        for (text,) in self._db.execute("SELECT text FROM lines ORDER BY first, second, third, number"):
            yield text.decode("utf-8", "surrogatepass")

    def close(self) -> None:
        self._db.close()


def _bytes(text: str) -> bytes:
    """The text so that it sorts as Python does, and a lone surrogate does no harm."""
    return text.encode("utf-8", "surrogatepass")
