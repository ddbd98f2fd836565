"""An owner's docs, records and blobs side by side: what Mongo and the PDS are filled with."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from acconsole.engine.cid import blob_cid
from acconsole.media.base import MediaType, Record
from acconsole.sandbox import pictures
from acconsole.sandbox.docs import MongoDoc
from acconsole.sandbox.people import Person


@dataclass(frozen=True, slots=True)
class Blob:
    """The bytes of a blob, the type that it is stored under, and its CID."""

    data: bytes
    mime: str
    cid: str

    @classmethod
    def of(cls, data: bytes, mime: str) -> Blob:
        return cls(data, mime, blob_cid(data))

    def as_json(self) -> Record:
        """The blob as a record names it."""
        return {"$type": "blob", "ref": {"$link": self.cid}, "mimeType": self.mime, "size": len(self.data)}


@dataclass(slots=True)
class Entry:
    """A record at its rkey; `value` may still be changed."""

    kind: MediaType
    rkey: str
    value: Record


@dataclass(slots=True)
class Holding:
    """Everything of one owner: docs by media type, records, and the blobs that the repo holds, by CID."""

    person: Person
    docs: dict[MediaType, list[MongoDoc]] = field(default_factory=lambda: {kind: [] for kind in MediaType})
    entries: list[Entry] = field(default_factory=list)
    blobs: dict[str, Blob] = field(default_factory=dict)

    def add(self, blob: Blob) -> Record:
        """Put a blob into the repo; gives it as a record names it."""
        self.blobs[blob.cid] = blob
        return blob.as_json()


@cache
def thumbnails() -> tuple[Blob, ...]:
    """Some dozens of pictures: what published paintings show, whichever they are."""
    return tuple(Blob.of(data, "image/png") for data in pictures.pool(36))


@cache
def covers() -> tuple[Blob, ...]:
    """A few JPEGs, the thumbnails of published tapes."""
    return tuple(Blob.of(pictures.jpeg(f"cover {index}", (192, 108)), "image/jpeg") for index in range(8))


@cache
def _clip() -> bytes:
    return Path(__file__).with_name("clip.mp4").read_bytes()


def video(code: str) -> bytes:
    """A second and a half of H.264; each code's is its own by a `free` box at the end, which players skip."""
    return _clip() + (8 + len(code)).to_bytes(4) + b"free" + code.encode()
