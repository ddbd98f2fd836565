"""Conversions that were made, kept in files: a repeat costs nothing.

A file holds a checksum, a line of JSON, the thumbnail and the video. It is written under another name and
renamed when it is whole, so that processes beside each other see none or all of it. What cannot be read
or written is no error: the conversion is made anew, or not kept.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import tempfile
from contextlib import suppress
from pathlib import Path

from acconsole.media.conversion import SETTINGS, Conversion

LIMIT = 1_000_000_000
"""Bytes that the cache holds at most."""
_PICTURES = ("video", "thumbnail")
_CHECKSUM_SIZE = hashlib.sha256().digest_size


def key(data: bytes, max_size: int) -> str:
    """Names what a conversion depends on: the ZIP, the encoder's settings and the size that it may have."""
    return hashlib.sha256(f"{SETTINGS} {max_size} {hashlib.sha256(data).hexdigest()}".encode()).hexdigest()


class ConversionCache:
    """A folder of files, read by its owner alone; beyond `limit` bytes the longest unused go first.

    Its calls wait for the disk.
    """

    def __init__(self, folder: Path, limit: int = LIMIT) -> None:
        self._folder = folder
        self._limit = limit

    def get(self, key: str) -> Conversion | None:
        """The conversion, if it is kept and whole; one that is not whole is thrown away."""
        path = self._folder / key
        try:
            made = _unpacked(path.read_bytes())
        except OSError:
            return None
        except (ValueError, TypeError, KeyError):
            with suppress(OSError):
                path.unlink()
            return None
        with suppress(OSError):
            os.utime(path)  # used now: it goes last
        return made

    def put(self, key: str, made: Conversion) -> None:
        """Keep a conversion, if the disk lets us."""
        packed = _packed(made)
        if len(packed) > self._limit:
            return
        with suppress(OSError):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._write(self._folder / key, packed)
            self._trim()

    def _write(self, path: Path, packed: bytes) -> None:
        descriptor, name = tempfile.mkstemp(dir=self._folder)
        try:
            with open(descriptor, "wb") as file:
                file.write(packed)
            os.replace(name, path)
        except OSError:
            os.unlink(name)
            raise

    def _trim(self) -> None:
        """Back below the limit. What a killed process left half written goes the same way."""
        found = []
        for path in self._folder.iterdir():
            with suppress(FileNotFoundError):  # another process was quicker
                status = path.stat()
                found.append((status.st_mtime_ns, status.st_size, path))
        excess = sum(size for _, size, _ in found) - self._limit
        for _, size, path in sorted(found):
            if excess <= 0:
                break
            path.unlink(missing_ok=True)
            excess -= size


def _packed(made: Conversion) -> bytes:
    rest = {each.name: getattr(made, each.name) for each in dataclasses.fields(made)}
    video, thumbnail = (rest.pop(name) for name in _PICTURES)
    body: bytes = json.dumps([len(thumbnail), rest]).encode() + b"\n" + thumbnail + video
    return hashlib.sha256(body).digest() + body


def _unpacked(packed: bytes) -> Conversion:
    """Raises `ValueError`, `TypeError` and `KeyError` when it is not what `_packed` gave."""
    body = packed[_CHECKSUM_SIZE:]
    if hashlib.sha256(body).digest() != packed[:_CHECKSUM_SIZE]:
        raise ValueError("the checksum is wrong")
    line, _, pictures = body.partition(b"\n")
    size, rest = json.loads(line)
    rest["notes"] = tuple(rest["notes"])
    return Conversion(video=pictures[size:], thumbnail=pictures[:size], **rest)
