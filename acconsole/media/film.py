"""A tape to look at: few and small pictures, each at its time. Pure, and slow: call it in a thread."""

from __future__ import annotations

import io
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import accumulate

import av
from av.error import FFmpegError
from PIL import Image

from acconsole.media.conversion import NoTape
from acconsole.media.tapezip import open_tape
from acconsole.media.thumbnail import MAX_PIXELS

PICTURES_A_SECOND = 12
MOST_PICTURES = 400
MOST_FRAMES = 20_000
"""Of a video: what goes beyond is not looked at."""

Box = tuple[int, int]
"""Width and height in pixels, into which a picture is to fit."""
Gone = Callable[[], bool]
"""Tells whether nobody waits for the film any more; asked between two frames."""


class Abandoned(Exception):
    """Nobody waits for the film any more."""


@dataclass(frozen=True, slots=True)
class Film:
    """Pictures, RGB, and the second at which each comes up. `seconds`: how long it lasts in all.

    `frames` counts those of the tape, whether they are shown or not; `lost` those that cannot be decoded,
    during which the picture before stands.
    """

    pictures: tuple[Image.Image, ...] = field(repr=False)
    starts: tuple[float, ...] = field(repr=False)
    seconds: float
    frames: int
    lost: int = 0

    def at(self, second: float) -> int:
        """Which picture is shown at a second; the first one also before its time."""
        return max(0, bisect_right(self.starts, second) - 1)

    @property
    def size(self) -> int:
        """Bytes that the pictures take."""
        return sum(picture.width * picture.height * 3 for picture in self.pictures)


def never() -> bool:
    """Somebody always waits."""
    return False


def film_of_zip(data: bytes, box: Box, gone: Gone = never) -> Film:
    """A tape's ZIP as a film. Raises `NoTape`, `Abandoned`."""
    tape = open_tape(data)
    durations = [frame.duration / 1000 for frame in tape.frames]
    starts = [0.0, *accumulate(durations)][: len(durations)]
    pictures, shown, lost, reason = [], [], 0, "no frame can be decoded"
    for index in _chosen(starts, tape.seconds):
        _still_wanted(gone)
        try:
            pictures.append(fitted(tape.picture(index), box))
            shown.append(starts[index])
        except NoTape as error:
            lost, reason = lost + 1, str(error)
    if not pictures:
        raise NoTape(reason)
    return Film(tuple(pictures), tuple(shown), tape.seconds, len(tape.frames), lost)


def film_of_video(data: bytes, box: Box, gone: Gone = never) -> Film:
    """An MP4 as a film. Raises `NoTape`, `Abandoned`."""
    try:
        # The container is named: a text that says it is a playlist would be followed to where it points.
        with av.open(io.BytesIO(data), mode="r", format="mp4") as container:
            stream = next(iter(container.streams.video), None)
            if stream is None:
                raise NoTape("holds no moving picture")
            if stream.codec_context.width * stream.codec_context.height > MAX_PIXELS:
                raise NoTape("declares too many pixels")
            length = float(stream.duration * stream.time_base) if stream.duration and stream.time_base else 0
            return _filmed(container.decode(stream), length, box, gone)
    except FFmpegError as error:
        raise NoTape(f"is not a video ({type(error).__name__})") from None


def _filmed(frames: Iterator[av.VideoFrame], length: float, box: Box, gone: Gone) -> Film:
    pictures: list[Image.Image] = []
    starts: list[float] = []
    due, count, last = 0.0, 0, 0.0
    step = _step(length)
    for frame in frames:
        _still_wanted(gone)
        count += 1
        last = frame.time or 0.0
        if last >= due and len(pictures) < MOST_PICTURES:
            picture: Image.Image = frame.to_image()
            pictures.append(fitted(picture, box))
            starts.append(last)
            due = last + step
        if count == MOST_FRAMES:
            break
    if not pictures:
        raise NoTape("holds no frames")
    return Film(tuple(pictures), tuple(starts), max(length, last), count)


def _step(seconds: float) -> float:
    """The least time between two pictures; a little less than asked for, as durations are rounded."""
    return max(1 / PICTURES_A_SECOND, seconds / MOST_PICTURES) * 0.999


def _chosen(starts: list[float], seconds: float) -> Iterator[int]:
    """The frames that are shown."""
    due, step = 0.0, _step(seconds)
    for index, start in enumerate(starts):
        if start >= due:
            yield index
            due = start + step


def _still_wanted(gone: Gone) -> None:
    if gone():
        raise Abandoned


def fitted(picture: Image.Image, box: Box) -> Image.Image:
    """The picture as large as fits into the box: hard pixels when it grows, an average when it shrinks."""
    scale = min(box[0] / picture.width, box[1] / picture.height)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    how = Image.Resampling.NEAREST if scale >= 1 else Image.Resampling.BOX
    return picture if size == picture.size else picture.resize(size, how)
