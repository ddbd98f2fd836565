"""A tape's pictures in their order: what repeats is left out, what cannot be read is stood in for."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from PIL import Image, ImageChops

from acconsole.media.conversion import NoTape, Stage, Tell
from acconsole.media.sound import Sound
from acconsole.media.tapezip import MAX_SECONDS, TapeZip
from acconsole.media.video import CLOCK, Shot


class Reel:
    """A tape's pictures on their way into the video, and what is noticed meanwhile."""

    def __init__(self, tape: TapeZip, tell: Tell) -> None:
        self._tape = tape
        self._tell = tell
        self.notes = list(tape.notes)
        self.pictures = self._looked_at = 0
        self._unreadable: dict[str, str] = {}
        if odd := tape.odd_sizes():
            self.notes.append(f"{odd:,} of {len(tape.frames):,} frames have another size: fitted in")

    def encoded(self, done: int) -> None:
        """So many pictures are in the video; what is not looked at yet is taken for a picture each."""
        self._tell(Stage.ENCODE, done, max(done, self.pictures + len(self._tape.frames) - self._looked_at))

    def sound(self) -> Sound | None:
        """The soundtrack; one that cannot be used is noted and left out."""
        try:
            wav = self._tape.soundtrack()
            return Sound(wav, MAX_SECONDS) if wav is not None else None
        except NoTape as error:
            self.notes.append(f"no sound: {error}")
            return None

    def shots(self) -> Iterator[Shot]:
        """Each picture that is not the one before it. Raises `NoTape` when too few can be read.

        Decoding runs a step ahead, on a thread of its own: both cores have something to do.
        """
        self.pictures = self._looked_at = 0
        seen = self._seen()
        with ThreadPoolExecutor(1) as ahead:
            coming = ahead.submit(next, seen, None)
            while shot := coming.result():
                coming = ahead.submit(next, seen, None)
                self.pictures += 1
                yield shot

    def _seen(self) -> Iterator[Shot]:
        shown: Image.Image | None = None
        begun, at = -1, 0.0
        data = b""
        for place, frame in enumerate(self._tape.frames):
            begins = 0 if shown is None else round(at * CLOCK / 1000)
            at += frame.duration
            self._looked_at = place + 1
            self._tell(Stage.DECODE, self._looked_at, len(self._tape.frames))
            if round(at * CLOCK / 1000) == begins or begins == begun:
                continue  # too short for the clock
            before, data = data, self._data(place)
            if data == before and shown is not None:
                continue
            picture = self._decoded(place, data)
            if picture is None or (shown is not None and _is_equal(picture, shown)):
                continue
            shown, begun = picture, begins
            yield Shot(begins, picture)
        self._account()

    def _data(self, place: int) -> bytes:
        try:
            return self._tape.data(place)
        except NoTape as error:
            self._unreadable[self._tape.frames[place].name] = str(error)
            return b""

    def _decoded(self, place: int, data: bytes) -> Image.Image | None:
        """A frame's picture; None for one that cannot be read: its neighbour's is shown for longer."""
        if not data:
            return None
        try:
            return self._tape.decoded(data)
        except NoTape as error:
            self._unreadable[self._tape.frames[place].name] = str(error)
            return None

    def _account(self) -> None:
        bad, every = len(self._unreadable), len(self._tape.frames)
        if not bad:
            return
        name, why = next(iter(self._unreadable.items()))
        if bad * 2 > every:
            raise NoTape(f"{bad:,} of its {every:,} frames cannot be read; {name}: {why}")
        note = f"{bad:,} of {every:,} frames cannot be read, a neighbour is shown instead; {name}: {why}"
        if note not in self.notes:
            self.notes.append(note)

    def middle(self) -> Image.Image:
        """The middle frame, or the nearest to it that can be read. Raises `NoTape`."""
        count = len(self._tape.frames)
        for place in sorted(range(count), key=lambda place: abs(place - count // 2)):
            picture = self._decoded(place, self._data(place))
            if picture:
                return picture
        raise NoTape("none of its frames can be read")


def _is_equal(picture: Image.Image, other: Image.Image) -> bool:
    return ImageChops.difference(picture, other).getbbox() is None
