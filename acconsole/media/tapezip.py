"""A tape's ZIP, opened with care: frames in order, how long each is shown, the sound.

Anybody may have put anything into it. Nothing is unpacked to the disk, one frame is held at a time, and
what a file says of its size is believed only as a limit.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath, PureWindowsPath
from struct import unpack
from typing import TYPE_CHECKING

from acconsole.media import timing
from acconsole.media.conversion import NoTape

if TYPE_CHECKING:
    from PIL import Image

MAX_ZIP = 64_000_000
"""Bytes of a ZIP that are looked at."""
MAX_FILES = 10_000
MAX_UNPACKED = 1_000_000_000
"""Bytes that all files of a ZIP may declare; they are never held together."""
MAX_FILE = 48_000_000
MAX_SECONDS = 60.0
"""A tape lasts at most 30 s; twice that is let through."""
MAX_PIXELS = 10_000_000
"""Pixels of one frame: a screen of 3840 by 2160 and a little more."""

_TIMING, _SOUND = "timing.json", "soundtrack.wav"
_PACKED = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_SIZE_IN_HEADER = slice(16, 24)
"""Where a PNG tells its width and height: https://www.w3.org/TR/png-3/#11IHDR"""


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame: its file, and for how many milliseconds it is shown."""

    name: str
    duration: float


class TapeZip:
    """An opened ZIP. Use `open_tape`. `size`: the width and height that most frames have."""

    def __init__(self, files: zipfile.ZipFile, frames: tuple[Frame, ...], notes: tuple[str, ...]) -> None:
        self._files = files
        self.frames = frames
        self.notes = notes

    @property
    def seconds(self) -> float:
        """How long the tape lasts."""
        return sum(frame.duration for frame in self.frames) / 1000

    @cached_property
    def size(self) -> tuple[int, int]:
        sizes = Counter(size for frame in self.frames if (size := self._declared(frame)))
        return sizes.most_common(1)[0][0] if sizes else (1, 1)

    def data(self, index: int) -> bytes:
        """A frame's file as it lies in the ZIP. Raises `NoTape` when it is broken."""
        return _read(self._files, self.frames[index].name)

    def picture(self, index: int) -> Image.Image:
        """A frame as an RGB image of the tape's size; one of another size is fitted into it.

        Raises `NoTape` for one that cannot be decoded.
        """
        return self.decoded(self.data(index))

    def decoded(self, data: bytes) -> Image.Image:
        """As `picture`, from a frame's file."""
        from acconsole.media.thumbnail import NoPicture, contained, opened

        try:
            image = opened(data, MAX_PIXELS, ("PNG",))
        except NoPicture as error:
            raise NoTape(str(error)) from None
        image = _opaque(image)
        return image if image.size == self.size else contained(image, self.size)

    def soundtrack(self) -> bytes | None:
        """The bytes of the sound, if there is any. Raises `NoTape` when they are broken."""
        return _read(self._files, _SOUND) if _SOUND in self._files.namelist() else None

    def odd_sizes(self) -> int:
        """How many frames declare another size than the tape's."""
        sizes = [self._declared(frame) for frame in self.frames]
        return sum(size is not None and size != self.size for size in sizes)

    def _declared(self, frame: Frame) -> tuple[int, int] | None:
        try:
            with self._files.open(frame.name) as file:
                header = file.read(24)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError):
            return None
        if not header.startswith(b"\x89PNG") or len(header) < 24:
            return None
        width, height = unpack(">II", header[_SIZE_IN_HEADER])
        return (width, height) if 0 < width * height <= MAX_PIXELS else None


def open_tape(data: bytes) -> TapeZip:
    """Look at a ZIP's bytes without decoding a frame. Raises `NoTape` saying what is wrong with it."""
    if len(data) > MAX_ZIP:
        raise NoTape(f"the ZIP is {len(data):,} bytes of at most {MAX_ZIP:,}")
    files = _opened(data)
    infos = files.infolist()
    _refuse_the_hostile(infos)
    names = timing.frame_names(dict.fromkeys(info.filename for info in infos))
    if not names:
        nested = any(info.filename.lower().endswith(".zip") for info in infos)
        raise NoTape("no frames in the ZIP" + (", only another ZIP" if nested else ""))
    shown, notes = timing.durations(names, _timing(files))
    tape = TapeZip(files, tuple(map(Frame, names, shown)), notes)
    if tape.seconds > MAX_SECONDS:
        raise NoTape(f"lasts {tape.seconds:,.0f} s; a tape lasts at most 30")
    return tape


def _opened(data: bytes) -> zipfile.ZipFile:
    if not data.startswith(b"PK"):
        raise NoTape("is not a ZIP")
    try:
        return zipfile.ZipFile(io.BytesIO(data))
    # A malformed directory makes zipfile raise more than it says it does: struct.error, ValueError, …
    except Exception:
        raise NoTape("the ZIP is cut short or broken") from None


def _refuse_the_hostile(infos: list[zipfile.ZipInfo]) -> None:
    if len(infos) > MAX_FILES:
        raise NoTape(f"the ZIP holds {len(infos):,} files of at most {MAX_FILES:,}")
    if any(_points_outside(info.filename) for info in infos):
        raise NoTape("the ZIP holds a file that would be written outside its folder")
    used = [info for info in infos if _is_used(info.filename)]
    if any(info.flag_bits & 1 for info in used):
        raise NoTape("the ZIP is encrypted")
    if any(info.compress_type not in _PACKED for info in used):
        raise NoTape("the ZIP is packed in a way that is not read")
    if any(info.file_size > MAX_FILE for info in used) or sum(i.file_size for i in used) > MAX_UNPACKED:
        raise NoTape("the ZIP declares more than it may unpack to")


def _is_used(name: str) -> bool:
    return name in (_TIMING, _SOUND) or bool(timing.frame_names((name,)))


def _points_outside(name: str) -> bool:
    paths = (PurePosixPath(name), PureWindowsPath(name))
    return any(path.is_absolute() or path.drive or ".." in path.parts for path in paths)


def _timing(files: zipfile.ZipFile) -> bytes | None:
    try:
        return _read(files, _TIMING) if _TIMING in files.namelist() else None
    except NoTape:
        return b""


def _read(files: zipfile.ZipFile, name: str) -> bytes:
    """A file of the ZIP, no more of it than it declares. Raises `NoTape` when it is broken."""
    try:
        with files.open(name) as file:
            return file.read(MAX_FILE)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, RuntimeError):
        raise NoTape(f"{name} is broken in the ZIP") from None


def _opaque(image: Image.Image) -> Image.Image:
    """The image as RGB, with black behind what is transparent."""
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    from PIL import Image

    whole = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", whole.size, (0, 0, 0, 255)), whole).convert("RGB")
