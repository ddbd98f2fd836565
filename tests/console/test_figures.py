"""Numbers, ages and sizes as a person reads them."""

from __future__ import annotations

import pytest

from acconsole.console import figures


def test_zero_is_a_dot_and_thousands_are_parted() -> None:
    assert [figures.number(each) for each in (0, 7, 2071)] == ["·", "7", "2,071"]
    assert [figures.short(2071, width) for width in (5, 4, 2)] == ["2,071", "2071", "2k"]


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, "now"), (12, "12 s"), (180, "3 m"), (7200, "2 h"), (400_000, "5 d")]
)
def test_ages(seconds: float, shown: str) -> None:
    assert figures.age(seconds) == shown


def test_spans_sizes_and_ends() -> None:
    assert [figures.span(each) for each in (7, 190, 3723)] == ["0:07", "3:10", "1:02:03"]
    assert [figures.size(each) for each in (840, 160_000, 4_500_000)] == ["840 B", "160 KB", "4.5 MB"]
    assert figures.middle("did:plc:abcdefghij", 10, 2) == "did:plc:ab…ij"
    assert [figures.roughly(each) for each in (2, 42, 600, 7200)] == [
        "a few seconds",
        "about 40 s",
        "about 10 min",
        "about 2.0 h",
    ]
