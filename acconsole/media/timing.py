"""How long each frame of a tape is shown: `timing.json` in each of the shapes that it has had.

An array of `{frame, filename, duration, timestamp}` in milliseconds, with or without `frame` and
`filename`; or `{"frames": [{index, duration, timestamp}], "totalDuration"}`. It may be absent, be shorter
than the frames, name frames that are not there, or hold numbers that are no durations.
"""

from __future__ import annotations

import json
import re
import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

USUAL = 1000 / 60
"""Milliseconds of a frame when nothing is said: the site draws 60 frames a second."""
LONGEST = 30_000.0
"""Milliseconds that one frame may be shown; a tape lasts no longer in all."""

Row = Mapping[str, Any]

_FRAME = re.compile(r"frame-?(\d{1,9})\.png", re.IGNORECASE)


def frame_names(names: Iterable[str]) -> list[str]:
    """The names that are frames, in numeric order: `frame-00000.png`, `frame000000.png`, `frame-0.png`."""
    return sorted((name for name in names if _FRAME.fullmatch(name)), key=lambda name: (_number(name), name))


def durations(names: Sequence[str], timing: bytes | None) -> tuple[tuple[float, ...], tuple[str, ...]]:
    """Milliseconds for which each of the frames is shown, by the bytes of `timing.json`, None without one.

    The second part says what in it was not as it should be, and what was done about that.
    """
    if timing is None:
        return (USUAL,) * len(names), ()
    rows = _rows(timing)
    if not rows:
        return (USUAL,) * len(names), ("timing.json is not understood: 60 frames a second",)
    usable = [_duration(row, after) for row, after in zip(rows, [*rows[1:], {}], strict=True)]
    known = [duration for duration in usable if duration is not None]
    typical = statistics.median(known) if known else USUAL
    notes = []
    if unusable := len(rows) - len(known):
        notes.append(f"timing.json: {_count(unusable, 'duration')} of no use, {typical:.4g} ms instead")
    shown: list[float | None] = [None] * len(names)
    missing = _lay(shown, names, rows, [typical if each is None else each for each in usable])
    if missing:
        notes.append(f"{_count(missing, 'frame')} of timing.json not in the ZIP: a neighbour is shown longer")
    if untimed := shown.count(None):
        notes.append(f"{_count(untimed, 'frame')} without a time in timing.json: {typical:.4g} ms each")
    return tuple(typical if each is None else each for each in shown), tuple(notes)


def _lay(
    shown: list[float | None], names: Sequence[str], rows: Sequence[Row], lengths: Sequence[float]
) -> int:
    """Give each frame the durations of its rows; returns how many rows have no frame.

    The time of a frame that is not there goes to the one before it, else to the first.
    """
    by_name = {name: place for place, name in enumerate(names)}
    by_number = {_number(name): place for place, name in enumerate(names)}
    shift = _shift(names, rows)
    missing = place = 0
    for position, (row, length) in enumerate(zip(rows, lengths, strict=True)):
        found = _place(row, position, shift, by_name, by_number)
        if found is None:
            missing += 1
        else:
            place = found
        shown[place] = (shown[place] or 0.0) + length
    return missing


def _place(
    row: Row, position: int, shift: int, by_name: Mapping[str, int], by_number: Mapping[int, int]
) -> int | None:
    """Which frame a row speaks of: by its file name, else by its number, else by where it stands."""
    name = row.get("filename")
    if isinstance(name, str):
        return by_name.get(name)
    number = _own_number(row)
    return by_number.get((position if number is None else number) + shift)


def _shift(names: Sequence[str], rows: Sequence[Row]) -> int:
    """What to add to a row's number for that of its file: rows count from 0, files sometimes do not."""
    numbers = [_own_number(row) for row in rows]
    lowest = min((number for number in numbers if number is not None), default=0)
    return _number(names[0]) if lowest == 0 and len(rows) <= len(names) else 0


def _own_number(row: Row) -> int | None:
    number = row.get("frame", row.get("index"))
    return number if isinstance(number, int) and not isinstance(number, bool) else None


def _rows(timing: bytes) -> list[Row]:
    try:
        parsed = json.loads(timing)
    except (ValueError, RecursionError):
        return []
    if isinstance(parsed, dict):
        parsed = parsed.get("frames")
    if not isinstance(parsed, list) or not all(isinstance(row, dict) for row in parsed):
        return []
    return parsed


def _duration(row: Row, after: Row) -> float | None:
    """A row's own duration, else what lies between its time stamp and the next; None when neither is one."""
    own = _finite(row.get("duration"))
    if own is None or not 0 < own <= LONGEST:
        begin, end = _finite(row.get("timestamp")), _finite(after.get("timestamp"))
        own = None if begin is None or end is None else end - begin
    return own if own is not None and 0 < own <= LONGEST else None


def _finite(value: object) -> float | None:
    """A number of any sensible size; JSON as Python reads it also has NaN, infinity and endless integers."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if -1e15 < value < 1e15 else None


def _number(name: str) -> int:
    match = _FRAME.fullmatch(name)
    assert match is not None, "only frames are numbered"
    return int(match[1])


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
