"""Bars are true to an eighth of a cell."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acconsole.console.bars import bar, sparkline

amounts = st.lists(st.integers(min_value=0, max_value=5000), min_size=1, max_size=3)


@pytest.mark.parametrize(
    ("done", "shown"),
    [(0, "          "), (50, "█████     "), (51, "█████     "), (52, "█████▏    "), (100, "██████████")],
)
def test_eighths(done: int, shown: str) -> None:
    assert bar(10, 100, (done, "red")).plain == shown


def test_a_little_shows_and_nearly_all_is_not_all() -> None:
    assert bar(10, 10_000, (1, "red")).plain == "▏         "
    assert bar(10, 10_000, (9_999, "red")).plain == "█████████▉"


def test_one_that_failed_among_thousands_is_seen() -> None:
    shown = bar(20, 2000, (1999, "green"), (1, "red"), least=8)
    assert shown.cell_length == 20
    assert shown.spans[-1].style == "red"
    assert shown.spans[-1].end - shown.spans[-1].start == 1


@given(amounts, st.integers(min_value=0, max_value=500), st.integers(min_value=0, max_value=60))
def test_always_as_wide_as_asked_for(parts: list[int], rest: int, width: int) -> None:
    assert bar(width, sum(parts) + rest, *((part, "red") for part in parts)).cell_length == width


@given(st.integers(min_value=1, max_value=3000), st.data())
def test_never_goes_back(total: int, data: st.DataObject) -> None:
    fewer = data.draw(st.integers(min_value=0, max_value=total))
    more = data.draw(st.integers(min_value=fewer, max_value=total))
    assert _filled(bar(30, total, (fewer, "red")).plain) <= _filled(bar(30, total, (more, "red")).plain)


def _filled(plain: str) -> int:
    return sum(" ▏▎▍▌▋▊▉█".index(cell) for cell in plain)


def test_sparkline_is_as_tall_as_its_highest() -> None:
    assert sparkline([0, 1, 4, 8], 6) == "   ▁▄█"
    assert sparkline([], 3) == "   "
