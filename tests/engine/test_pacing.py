"""Rate limits: the room that is left, and how long a run takes."""

from __future__ import annotations

import pytest

from acconsole.engine.pacing import DAILY_POINTS, HOURLY_POINTS, Room, expected_seconds, room
from acconsole.engine.ports import Window

NOW = 1_700_000_000.0


def window(remaining: int, resets_in: float, limit: int = 5_000) -> Window:
    return Window("points", limit, 3_600, remaining, NOW + resets_in)


@pytest.mark.parametrize(
    ("windows", "expected"),
    [
        ([], Room(None)),
        ([window(0, -1)], Room(None)),
        ([window(0, 0)], Room(None)),
        ([window(12, 60)], Room(12, NOW + 60)),
        ([window(0, 60)], Room(0, NOW + 60)),
        ([window(12, 60), window(7, 86_400, 35_000)], Room(7, NOW + 86_400)),
        ([window(3, -5), window(7, 86_400)], Room(7, NOW + 86_400)),
    ],
)
def test_the_tightest_window_that_is_still_open_binds(windows: list[Window], expected: Room) -> None:
    assert room(windows, now=lambda: NOW) == expected


@pytest.mark.parametrize(
    ("points", "hours"), [(0, 0), (1, 0), (5_000, 0), (5_001, 1), (8_601, 1), (10_001, 2)]
)
def test_each_spent_budget_is_an_hours_wait(points: int, hours: int) -> None:
    assert expected_seconds(points, 0, 0) == hours * 3_600


def test_records_and_pictures_take_their_time() -> None:
    assert expected_seconds(0, 1_300, 0) == 1
    assert expected_seconds(0, 0, 10) == 1
    assert expected_seconds(0, 0, 20, 10) == 21
    assert HOURLY_POINTS < DAILY_POINTS
