"""MP4s that are there already: whether one plays, and its picture in the middle. And what a cover is."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager

import av
from PIL import Image

from acconsole.media.conversion import NoTape
from acconsole.media.tapes import THUMBNAIL
from acconsole.media.thumbnail import SIDE, contained
from acconsole.media.video import ENLARGED

MAX_PIXELS = 4096 * 4096
QUALITY = 85


def cover(picture: Image.Image, *, enlarged: bool) -> bytes:
    """A tape's thumbnail of one of its pictures: 512 by 512, the whole picture on black, JPEG.

    `enlarged`: the picture is as it was drawn, and becomes as large as in the video first.
    """
    if enlarged:
        size = (picture.width * ENLARGED, picture.height * ENLARGED)
        if max(size) <= 4096:
            picture = picture.resize(size, Image.Resampling.NEAREST)
    out = io.BytesIO()
    contained(picture, (SIDE, SIDE)).save(out, "JPEG", quality=QUALITY, optimize=True)
    assert out.tell() <= THUMBNAIL.max_size
    return out.getvalue()


def check(data: bytes, max_size: int) -> None:
    """Raises `NoTape` for bytes that are not an MP4 with a picture in it, or are more than `max_size`."""
    if len(data) > max_size:
        raise NoTape(f"the video is {len(data):,} bytes of at most {max_size:,}")
    with _opened(data) as (container, stream):
        if next(container.decode(stream), None) is None:
            raise NoTape("the video has no picture")


def middle(data: bytes) -> Image.Image:
    """The picture that is shown in the middle of an MP4's time. Raises `NoTape`."""
    with _opened(data) as (container, stream):
        half = (stream.duration or 0) // 2 + (stream.start_time or 0)
        container.seek(half, stream=stream)
        found = None
        for frame in container.decode(stream):
            if found is not None and frame.pts is not None and frame.pts > half:
                break
            found = frame
        if found is None:
            raise NoTape("the video has no picture")
        image: Image.Image = found.to_image()
        return image


@contextmanager
def _opened(data: bytes) -> Iterator[tuple[av.container.InputContainer, av.VideoStream]]:
    try:
        with av.open(io.BytesIO(data), "r", format="mp4") as container:
            stream = container.streams.video[0]
            if stream.width * stream.height > MAX_PIXELS:
                raise NoTape(f"the video declares {stream.width:,} by {stream.height:,} pixels")
            yield container, stream
    # A broken file can make the demuxer and the decoder raise nearly anything, IndexError among it.
    except (av.FFmpegError, ValueError, IndexError, MemoryError) as error:
        if isinstance(error, NoTape):
            raise
        raise NoTape("is not an MP4 that plays") from None
