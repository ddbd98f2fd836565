"""Rate limits: how many points may be sent now, and until when to wait.

The PDS tells in each answer of the window with the least left. A refused batch burns what was left, so
nothing is sent that does not fit.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from acconsole.engine.ports import Window

HOURLY_POINTS = 5_000
"""What the PDS allows a repo to write in an hour, when its operator has the limits on."""
DAILY_POINTS = 35_000
SECONDS_A_VIDEO = 2.0
"""Fetched, made and stored, on a machine of two cores."""


@dataclass(frozen=True, slots=True)
class Room:
    """How many points may be sent now; None for as many as one likes. `resets` is when more may, if never."""

    points: int | None
    resets: float = 0.0


def room(windows: Sequence[Window], now: Callable[[], float] = time.time) -> Room:
    """The room that the tightest of the windows leaves; one whose time is over binds no longer."""
    open_windows = [window for window in windows if window.reset > now()]
    if not open_windows:
        return Room(None)
    tightest = min(open_windows, key=lambda window: window.remaining)
    return Room(tightest.remaining, tightest.reset)


def expected_seconds(points: int, operations: int, blobs: int, videos: int = 0) -> float:
    """How long a run is expected to take: the PDS's measured pace, and an hour's wait for each spent budget.

    Some 1,300 records a second in full batches and ten pictures a second, on the reference PDS.
    `blobs` counts the videos too.
    """
    waits = max(0, points - 1) // HOURLY_POINTS
    return waits * 3600 + operations / 1_300 + (blobs - videos) / 10 + videos * SECONDS_A_VIDEO
