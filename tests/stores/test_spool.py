"""Lines in order, more of them than memory need hold."""

from __future__ import annotations

import random
from contextlib import closing

from acconsole.stores.spool import Sorted


def test_they_come_as_python_sorts_them_and_equal_ones_as_they_came() -> None:
    names = ["", "a", "B", "b", "é", "ß", "😀", "\ud800", "\x00", "zz", "a b"]
    keys = [(nameless, name, other) for nameless in (False, True) for name in names for other in names]
    random.Random(4).shuffle(keys)
    with closing(Sorted()) as lines:
        for key in keys:
            for part in "12":
                lines.add(key, f"{key} {part}\ud800")
        assert len(lines) == 2 * len(keys)
        # UTF-8 sorts as code points do.
        assert list(lines) == [f"{key} {part}\ud800" for key in sorted(keys) for part in "12"]
        assert list(lines), "as often as one likes"


def test_nothing() -> None:
    with closing(Sorted()) as lines:
        assert (len(lines), list(lines)) == (0, [])
