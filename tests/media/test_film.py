"""Tapes to look at: few pictures at their own times, small, bounded, and given up when nobody waits."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from acconsole.media.conversion import NoTape, convert
from acconsole.media.film import (
    MOST_PICTURES,
    PICTURES_A_SECOND,
    Abandoned,
    Film,
    film_of_video,
    film_of_zip,
    fitted,
)
from acconsole.sandbox.holdings import video
from acconsole.sandbox.media import huge_png
from tests.media.tapes import frames, picture, png, tape, zipped

BOX = (80, 60)


def test_every_frame_of_a_slow_tape_at_its_own_time() -> None:
    film = film_of_zip(tape((100, 250, 400)), BOX)
    assert film.starts == (0.0, 0.1, 0.35)
    assert (film.seconds, film.frames, film.lost) == (0.75, 3, 0)
    assert [film.at(second) for second in (0, 0.09, 0.1, 0.34, 0.36, 0.74)] == [0, 0, 1, 1, 2, 2]


def test_a_fast_tape_is_thinned_and_keeps_its_length() -> None:
    film = film_of_zip(tape([1000 / 60] * 120), BOX)
    assert film.seconds == pytest.approx(2)
    assert film.frames == 120
    assert len(film.pictures) == 2 * PICTURES_A_SECOND
    steps = [after - before for before, after in zip(film.starts, film.starts[1:], strict=False)]
    assert min(steps) >= 0.99 / PICTURES_A_SECOND


def test_a_long_tape_has_no_more_pictures_than_are_held() -> None:
    film = film_of_zip(tape([50] * 1000, size=(4, 4)), (8, 8))
    assert MOST_PICTURES * 0.7 < len(film.pictures) <= MOST_PICTURES
    assert film.starts[-1] > 49


@pytest.mark.parametrize(
    ("size", "box", "wanted"),
    [
        ((40, 30), (80, 60), (80, 60)),
        ((40, 30), (80, 20), (27, 20)),
        ((400, 30), (40, 40), (40, 3)),
        ((900, 1), (30, 30), (30, 1)),
        ((1, 1), (7, 9), (7, 7)),
    ],
)
def test_pictures_fit_into_the_box(
    size: tuple[int, int], box: tuple[int, int], wanted: tuple[int, int]
) -> None:
    assert fitted(Image.new("RGB", size), box).size == wanted


def test_pixels_stay_hard_when_they_grow() -> None:
    film = film_of_zip(zipped(frames([picture(0)])), BOX)
    colours = film.pictures[0].getcolors(256)
    assert colours is not None
    assert {colour for _, colour in colours} == {(0, 20, 80), (255, 224, 64)}


def test_the_picture_before_stands_for_one_that_is_broken() -> None:
    film = film_of_zip(tape((200, 200, 200), more={"frame-00001.png": b"\x89PNG broken"}), BOX)
    assert (film.frames, film.lost, len(film.pictures)) == (3, 1, 2)
    assert film.at(0.3) == 0
    assert film.seconds == pytest.approx(0.6)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"no ZIP at all", "is not a ZIP"),
        (tape((20, 20))[:200], "cut short"),
        (zipped({"readme.txt": b"hello"}), "no frames"),
        (zipped({"../frame-0.png": png(picture(0))}), "outside"),
        (zipped({"frame-0.png": huge_png()}), "declares"),
        (zipped({"frame-0.png": b"<html>"}), "is not a picture"),
    ],
    ids=["no ZIP", "truncated", "no frames", "outside", "a billion pixels", "no picture"],
)
def test_hostile_zips_have_a_reason(data: bytes, reason: str) -> None:
    with pytest.raises(NoTape, match=reason):
        film_of_zip(data, BOX)


def test_a_video_that_was_made_plays_as_its_zip_does() -> None:
    data = tape((100, 250, 400), size=(64, 48))
    film = film_of_video(convert(data, 10_000_000, lambda *_: None).video, BOX)
    assert film.starts == pytest.approx((0.0, 0.1, 0.35), abs=0.002)
    assert film.seconds == pytest.approx(0.75, abs=0.01)
    assert film.pictures[0].size == (80, 60)
    ours = film_of_zip(data, BOX)
    assert near(film, ours)


def near(film: Film, other: Film) -> bool:
    """Whether the pictures show the same, as far as a video can."""
    pairs = zip(film.pictures, other.pictures, strict=True)
    return all(
        abs(a - b) < 40
        for left, right in pairs
        for a, b in zip(left.resize((4, 3)).tobytes(), right.resize((4, 3)).tobytes(), strict=True)
    )


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not a video" * 100,
        b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n",
        video("abc")[: len(video("abc")) // 2],
        png(picture(0)),
    ],
    ids=["empty", "text", "playlist", "truncated", "picture"],
)
def test_hostile_videos_have_a_reason(data: bytes) -> None:
    with pytest.raises(NoTape):
        film_of_video(data, BOX)


def test_nobody_waits_any_more() -> None:
    asked: list[int] = []

    def gone() -> bool:
        asked.append(1)
        return len(asked) > 3

    for make, data in ((film_of_zip, tape([200] * 30)), (film_of_video, video("abc"))):
        asked.clear()
        with pytest.raises(Abandoned):
            make(data, BOX, gone)
        assert len(asked) == 4


def test_what_a_film_takes_is_told() -> None:
    film = film_of_zip(tape((100, 100)), BOX)
    out = io.BytesIO()
    film.pictures[0].save(out, "BMP")
    assert film.size == 2 * 80 * 60 * 3
