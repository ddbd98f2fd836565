"""A tape's ZIP as what its record holds: the video and its thumbnail. Pure, and slow: call it in a worker."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from math import ceil, log2


class Stage(StrEnum):
    """What becomes of a tape on its way, in order. A conversion tells of the two in the middle."""

    DOWNLOAD = "download"
    DECODE = "decode"
    ENCODE = "encode"
    UPLOAD = "upload"


Tell = Callable[[Stage, int, int], None]
"""Takes a stage, and how far it is: frames done, of how many. Called often: whoever listens thins it out."""


class NoTape(ValueError):
    """The bytes are not a tape that can be used; the text says why in a few words."""


@dataclass(frozen=True, slots=True)
class Conversion:
    """What a ZIP came to.

    `frames` are those of the ZIP, `pictures` those in the video, where equal neighbours are one. `seconds`:
    how long it lasts. `fitted`: encoded again, coarser, to fit. `notes`: what was not as it should be, and
    what was done about it.
    """

    video: bytes = field(repr=False)
    thumbnail: bytes = field(repr=False)
    width: int
    height: int
    frames: int
    pictures: int
    seconds: float
    sound: bool = False
    fitted: bool = False
    notes: tuple[str, ...] = ()


SETTINGS = "2"
"""Names what a conversion gives for the same ZIP: it changes with every change of the encoder's settings."""

TRIES = 3
"""How often a video that is too large is encoded again at most."""
FILLED = 0.5
"""A video that was encoded again and fills so much of the limit is good enough."""


def convert(data: bytes, max_size: int, tell: Tell) -> Conversion:
    """A ZIP's bytes as a video of at most `max_size` bytes, and its thumbnail. Raises `NoTape`."""
    from acconsole.media import mp4, tapezip, video
    from acconsole.media.reel import Reel

    tape = tapezip.open_tape(data)
    reel = Reel(tape, tell)
    sound = reel.sound()
    scale = video.Scale.of(*tape.size)
    ends = round(tape.seconds * video.CLOCK)

    def encoded(crf: float) -> bytes:
        return video.encode(reel.shots(), ends, scale, sound, crf=crf, told=reel.encoded)

    crf, made = fitting(encoded, video.CRF, video.CRF_WORST, max_size)
    return Conversion(
        video=made,
        thumbnail=mp4.cover(reel.middle(), enlarged=True),
        width=scale.width,
        height=scale.height,
        frames=len(tape.frames),
        pictures=reel.pictures,
        seconds=tape.seconds,
        sound=sound is not None,
        fitted=crf != video.CRF,
        notes=tuple(reel.notes),
    )


def fitting(
    encoded: Callable[[float], bytes], crf: float, worst: float, max_size: int
) -> tuple[float, bytes]:
    """The finest video that fits, within a few tries, and its rate factor. Raises `NoTape` when none does.

    Size falls with the rate factor, about a half in six steps; from two sizes the next guess is better.
    """
    made = encoded(crf)
    if len(made) <= max_size:
        return crf, made
    large: tuple[float, int] = (crf, len(made))
    best: tuple[float, bytes] | None = None
    for left in reversed(range(TRIES)):
        guess = _next_guess(large, best and (best[0], len(best[1])), max_size)
        crf = worst if best is None and left == 0 else min(guess, worst)
        if crf == large[0] or (best and crf >= best[0]):
            break
        made = encoded(crf)
        if len(made) > max_size:
            large = (crf, len(made))
            continue
        best = (crf, made)
        if len(made) > FILLED * max_size:
            break
    if best is None:
        raise NoTape(f"the video is {len(made):,} bytes of at most {max_size:,}, however coarse")
    return best


def _next_guess(large: tuple[float, int], small: tuple[float, int] | None, max_size: int) -> float:
    """The rate factor to try after one that gave too much, and before one that gave too little, if any."""
    steps = (small[0] - large[0]) / log2(large[1] / small[1]) if small else 6.0
    return large[0] + ceil(steps * log2(large[1] / max_size)) + (0 if small else 1)


def cover(data: bytes) -> bytes:
    """The thumbnail alone of a ZIP: its middle frame, a JPEG. Raises `NoTape`."""
    from acconsole.media import mp4, reel, tapezip

    return mp4.cover(reel.Reel(tapezip.open_tape(data), lambda *_: None).middle(), enlarged=True)


def cover_of_video(data: bytes) -> bytes:
    """The thumbnail of an MP4 that is there: the picture in the middle of its time. Raises `NoTape`."""
    from acconsole.media import mp4

    return mp4.cover(mp4.middle(data), enlarged=False)


def checked_video(data: bytes, max_size: int) -> bytes:
    """The bytes themselves, if they are an MP4 that plays, of at most `max_size` bytes. Raises `NoTape`."""
    from acconsole.media import mp4

    mp4.check(data, max_size)
    return data
