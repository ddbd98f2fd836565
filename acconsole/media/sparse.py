"""A tape's facts from a few parts of its ZIP: how many frames it has, and how long it lasts."""

from __future__ import annotations

import io
import zipfile

from acconsole.media import timing
from acconsole.media.conversion import NoTape

TIMING = "timing.json"
MAX_TIMING = 1_000_000
"""Bytes of `timing.json` that are read at most."""
_LOCAL = 2_048
"""Bytes that a file's own header in the ZIP is given beside its data."""


class Lacking(Exception):
    """These bytes of a ZIP are needed: `length` from `start` on."""

    def __init__(self, start: int, length: int) -> None:
        super().__init__(f"{length} bytes from {start}")
        self.start, self.length = start, length


class Sparse:
    """A file of `size` bytes, of which only some parts are here. Reading another one raises `Lacking`."""

    def __init__(self, size: int) -> None:
        self._size, self._at = size, 0
        self._parts: list[tuple[int, bytes]] = []

    def add(self, start: int, data: bytes) -> None:
        """Put a part in."""
        self._parts.append((start, data))

    def need(self, start: int, length: int) -> bytes:
        """These bytes, fewer where the file ends. Raises `Lacking`."""
        end = min(start + length, self._size)
        for first, data in self._parts:
            if first <= start and end <= first + len(data):
                return data[start - first : end - first]
        raise Lacking(start, end - start)

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise OSError("before the beginning")
        self._at = base + offset
        return self._at

    def read(self, count: int = -1) -> bytes:
        left = max(0, self._size - self._at)
        data = self.need(self._at, left if count < 0 else min(count, left))
        self._at += len(data)
        return data


def facts(zipped: Sparse) -> tuple[int, float]:
    """How many frames a ZIP has, and how many seconds they last. Raises `Lacking`, `NoTape`."""
    try:
        with zipfile.ZipFile(zipped) as opened:
            names = timing.frame_names(dict.fromkeys(opened.namelist()))
            durations, _ = timing.durations(names, _timing(opened, zipped))
    except Lacking:
        raise
    # A malformed ZIP makes zipfile raise more than it says it does: struct.error, ValueError, …
    except Exception:
        raise NoTape("the ZIP is broken") from None
    if not names:
        raise NoTape("has no frames")
    return len(names), sum(durations) / 1000


def _timing(opened: zipfile.ZipFile, zipped: Sparse) -> bytes | None:
    try:
        info = opened.getinfo(TIMING)
    except KeyError:
        return None
    if max(info.file_size, info.compress_size) > MAX_TIMING:
        return None
    zipped.need(info.header_offset, info.compress_size + _LOCAL)
    with opened.open(info) as file:
        return file.read(MAX_TIMING)
