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
