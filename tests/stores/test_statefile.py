"""Databases of the state dir, used by several processes at the same time."""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing
from pathlib import Path

from acconsole.stores import statefile

_LOOK = "import sqlite3, sys; print(*sqlite3.connect(sys.argv[1]).execute('SELECT n FROM t').fetchall())"


def _seen_elsewhere(file: Path) -> str:
    """What another process reads, which then closes the file."""
    done = subprocess.run(
        [sys.executable, "-c", _LOOK, str(file)], text=True, capture_output=True, check=True
    )
    return done.stdout.strip()


def test_a_second_connection_leaves_the_locks_of_the_first(tmp_path: Path) -> None:
    """Else the other process takes itself for the last one, and deletes what the first still writes to."""
    file = tmp_path / "state" / "some.sqlite"
    statefile.make(file)
    assert file.stat().st_mode & 0o777 == 0o600
    with statefile.opened(file) as first:
        first.execute("CREATE TABLE t (n)")
        statefile.make(file)
        with closing(statefile.connect(file)) as second:
            second.execute("SELECT n FROM t")
        for number in range(3):
            first.execute("INSERT INTO t VALUES (?)", (number,))
            assert _seen_elsewhere(file).endswith(f"({number},)")


def test_what_another_has_set_aside_already_is_left_alone(tmp_path: Path) -> None:
    """Two find the same file broken: the second must not take the new one for it."""
    file = tmp_path / "state.sqlite"
    file.write_bytes(b"broken")
    seen = statefile.identity(file)
    assert "set aside as state.sqlite.broken-" in statefile.set_aside(file, seen)
    file.write_bytes(b"new")
    assert "already" in statefile.set_aside(file, seen)
    assert file.read_bytes() == b"new"
