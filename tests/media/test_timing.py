"""How long each frame is shown: every shape of `timing.json`, and whatever else may stand in it."""

from __future__ import annotations

import json

import pytest

from acconsole.media.timing import LONGEST, USUAL, durations, frame_names
from tests.media.tapes import rows

NAMES = [f"frame-{index:05d}.png" for index in range(4)]
OWN = (16.0, 33.5, 17.0, 100.0)


def _durations(timing: object, names: list[str] = NAMES) -> tuple[tuple[float, ...], tuple[str, ...]]:
    return durations(names, json.dumps(timing).encode())


@pytest.mark.parametrize(
    ("names", "ordered"),
    [
        (["frame-00010.png", "frame-00002.png"], ["frame-00002.png", "frame-00010.png"]),
        (["frame-10.png", "frame-9.png", "frame-0.png"], ["frame-0.png", "frame-9.png", "frame-10.png"]),
        (["frame000001.png", "frame000000.png"], ["frame000000.png", "frame000001.png"]),
        (["timing.json", "frame.png", "frame-x.png", "a/frame-1.png", "frame-1.png.txt"], []),
    ],
)
def test_frames_are_taken_in_numeric_order(names: list[str], ordered: list[str]) -> None:
    assert frame_names(names) == ordered


@pytest.mark.parametrize("without", [(), ("frame",), ("filename",), ("frame", "filename"), ("timestamp",)])
def test_an_array_with_any_of_its_fields_left_out(without: tuple[str, ...]) -> None:
    timing = [{key: value for key, value in row.items() if key not in without} for row in rows(OWN)]
    assert _durations(timing) == (OWN, ())


def test_the_object_of_later_tapes() -> None:
    listed = [{"index": i, "duration": d, "timestamp": 0} for i, d in enumerate(OWN)]
    assert _durations({"frames": listed, "totalDuration": sum(OWN)}) == (OWN, ())


def test_without_timing_sixty_frames_a_second() -> None:
    assert durations(NAMES, None) == ((USUAL,) * 4, ())


def test_files_counted_from_one_beside_rows_counted_from_zero() -> None:
    names = [f"frame-{index}.png" for index in range(1, 5)]
    timing = [{key: row[key] for key in ("frame", "duration")} for row in rows(OWN)]
    assert _durations(timing, names) == (OWN, ())


def test_rows_in_any_order_find_their_frames() -> None:
    assert _durations(rows(OWN)[::-1]) == (OWN, ())


def test_time_stamps_serve_where_durations_are_missing() -> None:
    timing = [{"timestamp": at} for at in (0, 16, 49.5, 66.5)]
    shown, notes = _durations(timing)
    assert list(shown) == [16, 33.5, 17, 17]  # nothing follows the last: the median of the others
    assert notes == ("timing.json: 1 duration of no use, 17 ms instead",)


def test_too_few_rows_leave_the_rest_with_the_typical_time() -> None:
    shown, notes = _durations(rows((20, 30, 20)))
    assert list(shown) == [20, 30, 20, 20]
    assert notes == ("1 frame without a time in timing.json: 20 ms each",)


def test_the_time_of_a_missing_frame_goes_to_the_one_before() -> None:
    shown, notes = _durations(rows(OWN), [name for name in NAMES if "2" not in name])
    assert list(shown) == [16, 33.5 + 17, 100]
    assert notes == ("1 frame of timing.json not in the ZIP: a neighbour is shown longer",)


def test_the_time_of_a_missing_first_frame_goes_to_the_first() -> None:
    shown, _ = _durations(rows(OWN), NAMES[1:])
    assert list(shown) == [16 + 33.5, 17, 100]


@pytest.mark.parametrize(
    "bad", [-5, 0, float("nan"), float("inf"), 1e300, 10**400, LONGEST + 1, "16", None, True]
)
def test_a_number_that_is_no_duration_is_replaced_and_told(bad: object) -> None:
    timing = [{"frame": i, "duration": d} for i, d in enumerate((20, bad, 20, 30))]
    shown, notes = _durations(timing)
    assert list(shown) == [20, 20, 20, 30]
    assert notes == ("timing.json: 1 duration of no use, 20 ms instead",)


@pytest.mark.parametrize(
    "timing",
    [b"", b"not JSON", b"[1, 2]", b'"text"', b"{}", b"[]", b"[" * 100_000, b"\xff\xfe", b'{"frames": 3}'],
)
def test_what_is_not_understood_gives_sixty_frames_a_second(timing: bytes) -> None:
    shown, notes = durations(NAMES, timing)
    assert list(shown) == [USUAL] * 4
    assert notes == ("timing.json is not understood: 60 frames a second",)
