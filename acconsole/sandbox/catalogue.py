"""What the media host has, and under which addresses: the site's routes, and the objects in storage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from acconsole.media.base import MediaType
from acconsole.sandbox.docs import PICTURE_FAULTS, TAPE_ODDITIES, MongoDoc
from acconsole.sandbox.holdings import Holding
from acconsole.sandbox.people import Person
from acconsole.sandbox.pictures import recording_exists
from acconsole.sandbox.seeds import number

Kind = Literal["picture", "thumbnail", "recording", "tape", "video"]

_DEFAULT_BUCKETS = {True: "art-aesthetic-computer", False: "user-aesthetic-computer"}


@dataclass(frozen=True, slots=True)
class Work:
    """A thing to be drawn: which, and the seed (its code, or the id of a doc without one)."""

    kind: Kind
    seed: str


class Catalogue:
    """Every address that answers. What is not in here is answered with 404, as the real hosts do."""

    def __init__(self) -> None:
        self._pictures: set[str] = set()
        self._recordings: set[str] = set()
        self._tapes: set[str] = set()
        self._by_slug: dict[tuple[str, str], str] = {}
        self._objects: dict[tuple[str, str], Work] = {}

    def add(self, holding: Holding) -> None:
        """Take in an owner's paintings and tapes, the deleted ones too: storage keeps them."""
        for doc in holding.docs[MediaType.PAINTINGS]:
            if isinstance(doc.get("slug"), str):
                self._add_painting(holding.person, doc)
        for doc in holding.docs[MediaType.TAPES]:
            self._add_tape(holding.person, doc)

    def pixel(self, handle: str, slug: str) -> Work | None:
        """The thumbnail that the site makes of `@handle/painting/slug.png`."""
        seed = self._by_slug.get((handle, slug))
        return Work("thumbnail", seed) if seed else None

    def painting(self, name: str) -> Work | None:
        """`/media/paintings/…`: a code, alone or with `.png`, or with `.zip` for the recording."""
        if name.endswith(".zip"):
            code = name.removesuffix(".zip")
            return Work("recording", code) if code in self._recordings else None
        code = name.removesuffix(".png")
        return Work("picture", code) if code in self._pictures else None

    def tape(self, name: str) -> Work | None:
        """`/media/tapes/…`: a code, alone or with `.zip`, or with `.mp4` for a tape that has its video."""
        code, _, ending = name.partition(".")
        if ending == "mp4":
            return Work("video", code) if TAPE_ODDITIES.get(code) == "only the video" else None
        return Work("tape", code) if ending in ("", "zip") and code in self._tapes else None

    def object(self, bucket: str, key: str) -> Work | None:
        """An object in storage."""
        return self._objects.get((bucket, key))

    def _add_painting(self, person: Person, doc: MongoDoc) -> None:
        seed = str(doc.get("code") or doc["_id"])
        if PICTURE_FAULTS.get(seed) == "gone":
            return
        bucket = doc.get("bucket") or _DEFAULT_BUCKETS[person.is_guest]
        slug = doc["slug"].removeprefix(f"{person.id}/painting/")
        image, _, recorded = slug.partition(":")
        self._pictures.add(seed)
        if person.is_guest:
            keys = f"{image}.png", f"{recorded}.zip"
        else:
            keys = f"{person.id}/painting/{image}.png", f"{person.id}/{image}.zip"
        if person.handle:
            self._by_slug[person.handle, image] = seed
        self._objects[bucket, keys[0]] = Work("picture", seed)
        if recording_exists(seed):
            self._recordings.add(seed)
            self._objects[bucket, keys[1]] = Work("recording", seed)

    def _add_tape(self, person: Person, doc: MongoDoc) -> None:
        code = doc["code"]
        if TAPE_ODDITIES.get(code) in ("no zip", "only the video"):
            return
        self._tapes.add(code)
        key = _tape_key(person, code, doc["slug"])
        self._objects[doc["bucket"], key] = Work("tape", code)


def _tape_key(person: Person, code: str, slug: str) -> str:
    """The one place where the ZIP lies; it has changed over the years."""
    if TAPE_ODDITIES.get(code) == "zip by code" or number("tape key", code) % 8 == 0:
        return f"tapes/{code}.zip"
    if person.is_guest:
        return f"{slug}.zip"
    return f"{person.id}/{slug}.zip" if number("tape key", code) % 8 < 6 else f"{person.id}/video/{slug}.zip"
