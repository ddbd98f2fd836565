"""Videos of tapes, read back: what is in them, when each picture is shown, and what a bad tape comes to."""

from __future__ import annotations

import io
import json
from itertools import pairwise

import av
import pytest
from PIL import Image

from acconsole.media.conversion import (
    Conversion,
    NoTape,
    Stage,
    checked_video,
    convert,
    cover,
    cover_of_video,
    fitting,
)
from acconsole.media.video import CLOCK, Scale
from tests.media.tapes import frames, picture, png, rows, tape, wav, zipped

LARGE = 50_000_000


def _convert(data: bytes, max_size: int = LARGE) -> Conversion:
    return convert(data, max_size, lambda *_: None)


def _shown(video: bytes) -> list[float]:
    """When each picture of a video begins, in seconds."""
    with av.open(io.BytesIO(video), "r") as container:
        return [frame.time for frame in container.decode(video=0)]


def _pictures(video: bytes) -> list[Image.Image]:
    with av.open(io.BytesIO(video), "r") as container:
        return [frame.to_image() for frame in container.decode(video=0)]


def _seconds(video: bytes) -> float:
    with av.open(io.BytesIO(video), "r") as container:
        stream = container.streams.video[0]
        assert stream.duration is not None
        assert stream.time_base is not None
        return float(stream.duration * stream.time_base)


def test_the_video_is_what_players_and_the_pds_take() -> None:
    made = _convert(tape((20, 30, 40), sound=wav(0.09)))
    with av.open(io.BytesIO(made.video), "r") as container:
        video, sound = container.streams.video[0], container.streams.audio[0]
        assert (video.codec_context.name, video.profile, video.pix_fmt) == ("h264", "High", "yuv420p")
        assert (video.width, video.height) == (made.width, made.height) == (120, 90)
        assert (sound.codec_context.name, sound.rate, sound.layout.name) == ("aac", 44_100, "stereo")
        assert video.codec_context.color_range == 1
    boxes = [made.video.index(name) for name in (b"ftyp", b"moov", b"mdat")]
    assert boxes == sorted(boxes)
    assert (made.frames, made.pictures, made.sound, made.fitted, made.notes) == (3, 3, True, False, ())


@pytest.mark.parametrize(
    "durations",
    [
        (20.0, 30.0, 40.0),
        (16.0, 17.0, 16.5, 133.0, 1.0, 2.0, 250.0),
        (1000 / 60,) * 50,
        (12.3456789,) * 40,
        (8.3,) * 20 + (900.0,) + (8.3,) * 20,
        (500.0,),
    ],
    ids=["plain", "uneven", "sixty a second", "no whole numbers", "a long one", "a single one"],
)
def test_every_picture_is_shown_for_exactly_its_time(durations: tuple[float, ...]) -> None:
    made = _convert(tape(durations))
    expected = [sum(durations[:index]) / 1000 for index in range(len(durations))]
    assert _shown(made.video) == pytest.approx(expected, abs=0.6 / CLOCK)
    assert _seconds(made.video) == pytest.approx(sum(durations) / 1000, abs=0.0005)


def test_thirty_seconds_end_on_the_millisecond() -> None:
    durations = [16, 17, 17, 33, 16.6] * 301 + [40.0]
    made = _convert(tape(durations, size=(16, 16), same=range(1, 1506, 2)))
    assert made.seconds == pytest.approx(sum(durations) / 1000)
    assert 29.9 < _seconds(made.video) == pytest.approx(sum(durations) / 1000, abs=0.0005)


def test_equal_neighbours_become_one_picture_shown_longer() -> None:
    made = _convert(tape((20, 30, 40, 50, 60), same=(1, 2, 4)))
    assert (made.frames, made.pictures) == (5, 2)
    assert _shown(made.video) == pytest.approx([0, 0.09], abs=1e-4)
    assert _seconds(made.video) == pytest.approx(0.2, abs=0.0005)


def test_equal_pictures_in_different_files_are_one_too() -> None:
    plain = picture(1)
    other = io.BytesIO()
    plain.save(other, "PNG", compress_level=0)
    assert _convert(zipped(frames([plain, other.getvalue(), picture(2)]))).pictures == 2


def test_the_pictures_are_those_of_the_tape_enlarged_without_blur() -> None:
    made = _convert(tape((100, 100, 100)))
    for index, seen in enumerate(_pictures(made.video)):
        drawn = picture(index).resize((120, 90), Image.Resampling.NEAREST)
        left = index * 3 + 4
        for at in ((2, 2), (left * 3, 36), (110, 80)):
            found, wanted = seen.getpixel(at), drawn.getpixel(at)
            assert isinstance(found, tuple)
            assert isinstance(wanted, tuple)
            assert max(abs(a - b) for a, b in zip(found, wanted, strict=True)) < 24


@pytest.mark.parametrize(
    ("size", "scaled"),
    [
        ((40, 30), (120, 90)),
        ((41, 31), (122, 92)),  # one column and one row less than 123 by 93
        ((1, 1), (2, 2)),
        ((640, 360), (1920, 1080)),
        ((641, 360), (1282, 720)),
        ((1280, 720), (1280, 720)),
        ((1921, 1080), (1920, 1078)),
        ((3000, 10), (1920, 6)),
        ((7, 4000), (2, 1920)),
    ],
)
def test_sizes(size: tuple[int, int], scaled: tuple[int, int]) -> None:
    scale = Scale.of(*size)
    assert (scale.width, scale.height) == scaled
    frame = scale.frame(Image.new("RGB", size, (200, 30, 90)))
    assert (frame.width, frame.height) == scaled
    edge = frame.to_image().getpixel((scaled[0] - 1, scaled[1] - 1))
    assert isinstance(edge, tuple)
    assert max(abs(a - b) for a, b in zip(edge, (200, 30, 90), strict=True)) < 6


@pytest.mark.parametrize(("rate", "channels"), [(44_100, 2), (48_000, 1), (11_025, 1), (96_000, 2)])
def test_the_sound_is_neither_cut_nor_padded(rate: int, channels: int) -> None:
    made = _convert(tape((500, 500), sound=wav(1.0, rate, channels)))
    with av.open(io.BytesIO(made.video), "r") as container:
        stream = container.streams.audio[0]
        heard = list(container.decode(stream))
        first, last = heard[0], heard[-1]
        assert first.time is not None
        assert last.time is not None
        assert stream.layout.nb_channels == channels
        begins = first.time
        ends = last.time + last.samples / last.sample_rate
    assert abs(begins) < 0.001
    assert abs(ends - 1.0) <= 1024 / 44_100


@pytest.mark.parametrize(
    ("sound", "reason"),
    [
        (b"no WAV at all", "no sound: the soundtrack is no WAV"),
        (b"RIFF\x24\x00\x00\x00WAVEfmt ", "no sound: the soundtrack is no WAV"),
        (wav(0), "no sound: the soundtrack is"),
        (wav(61, 8_000, 1), "no sound: the soundtrack is longer than 60 s"),
    ],
    ids=["text", "only a head", "empty", "too long"],
)
def test_a_sound_that_is_none_is_left_out_and_told(sound: bytes, reason: str) -> None:
    made = _convert(tape((20, 20), sound=sound))
    assert not made.sound
    assert [note for note in made.notes if note.startswith(reason)]
    with av.open(io.BytesIO(made.video), "r") as container:
        assert not container.streams.audio


def test_a_frame_that_cannot_be_read_is_stood_in_for_by_its_neighbour() -> None:
    pictures = [png(picture(0)), png(picture(1)), b"broken", png(picture(3))]
    timing = json.dumps(rows((20, 20, 20, 20))).encode()
    made = _convert(zipped(frames(pictures) | {"timing.json": timing}))
    assert _shown(made.video) == pytest.approx([0, 0.02, 0.06], abs=1e-4)
    (note,) = made.notes
    assert note.startswith("1 of 4 frames cannot be read, a neighbour is shown instead; frame-00002.png: ")


def test_a_first_frame_that_cannot_be_read_is_stood_in_for_by_the_second() -> None:
    made = _convert(zipped(frames([b"broken", picture(1), picture(2)])))
    assert _shown(made.video) == pytest.approx([0, 2 / 60], abs=1e-4)


def test_too_many_frames_that_cannot_be_read() -> None:
    with pytest.raises(NoTape, match=r"2 of its 3 frames cannot be read; frame-00000\.png: is not a picture"):
        _convert(zipped(frames([b"broken", b"broken", picture(2)])))


def test_the_same_tape_gives_the_same_bytes() -> None:
    made = tape((20, 30, 40), sound=wav(0.09))
    assert _convert(made).video == _convert(made).video


def test_progress_is_told_to_its_end() -> None:
    told: list[tuple[Stage, int, int]] = []
    convert(tape((20,) * 12, same=(3, 4)), LARGE, lambda *each: told.append(each))
    for stage, last in ((Stage.DECODE, (12, 12)), (Stage.ENCODE, (10, 10))):
        steps = [(done, of) for which, done, of in told if which is stage]
        assert steps[-1] == last
        assert all(a[0] < b[0] for a, b in pairwise(steps))


# -- the size that the PDS takes ---------------------------------------------------------------------


def test_a_video_that_is_too_large_is_encoded_again_to_fit() -> None:
    noise = [Image.effect_noise((160, 120), 60 + index) for index in range(6)]
    data = zipped(frames(noise))
    whole = _convert(data)
    assert not whole.fitted
    limit = len(whole.video) * 3 // 4
    small = _convert(data, limit)
    assert small.fitted
    assert len(small.video) <= limit
    assert _shown(small.video) == _shown(whole.video)


def test_a_video_that_fits_no_limit_says_so() -> None:
    with pytest.raises(NoTape, match="of at most 300, however coarse"):
        _convert(tape((50,) * 4), 300)


@pytest.mark.parametrize("halving", [3.0, 6.0, 12.0])
def test_fitting_comes_near_the_limit_in_few_tries(halving: float) -> None:
    tried: list[float] = []

    def encoded(crf: float) -> bytes:
        tried.append(crf)
        return bytes(round(1_000_000 * 2 ** ((23 - crf) / halving)))

    crf, made = fitting(encoded, 23, 51, 260_000)
    assert 100_000 < len(made) <= 260_000
    assert len(made) == len(encoded(crf))
    assert len(tried) <= 5  # one of them by this test


# -- thumbnails ---------------------------------------------------------------------------------------


def _colour(jpeg: bytes, at: tuple[int, int]) -> tuple[int, ...]:
    image = Image.open(io.BytesIO(jpeg))
    assert (image.format, image.size) == ("JPEG", (512, 512))
    found = image.getpixel(at)
    assert isinstance(found, tuple)
    return found


def _is_near(found: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    return max(abs(a - b) for a, b in zip(found, wanted, strict=True)) < 16


def test_the_thumbnail_is_the_middle_frame_whole_on_black() -> None:
    data = tape((20,) * 5)
    jpeg = _convert(data).thumbnail
    assert jpeg == cover(data)
    assert _is_near(_colour(jpeg, (500, 256)), (2 * 53, 20, 80))
    assert _is_near(_colour(jpeg, (256, 4)), (0, 0, 0))


def test_the_thumbnail_is_a_neighbour_where_the_middle_cannot_be_read() -> None:
    pictures = [png(picture(0)), png(picture(1)), b"broken"] + [png(picture(index)) for index in (3, 4)]
    assert _is_near(_colour(cover(zipped(frames(pictures))), (500, 256)), (53, 20, 80))


def test_the_thumbnail_of_a_video_is_the_middle_of_its_time() -> None:
    video = _convert(tape((300, 300, 300))).video
    assert _is_near(_colour(cover_of_video(video), (500, 256)), (53, 20, 80))


def test_videos_are_looked_at_before_they_are_published() -> None:
    video = _convert(tape((20, 30))).video
    assert checked_video(video, LARGE) == video
    for bad, why in (
        (b"", "is not an MP4"),
        (video[: len(video) // 3], "is not an MP4"),
        (wav(0.1), "is not"),
    ):
        with pytest.raises(NoTape, match=why):
            checked_video(bad, LARGE)
    with pytest.raises(NoTape, match="of at most 100"):
        checked_video(video, 100)
