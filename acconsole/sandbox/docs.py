"""Docs as they lie in the five media collections, the oddities of old ones included."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from acconsole.media.base import GUEST, SITE, MediaType, iso
from acconsole.media.sources import GUEST_BUCKET, USER_BUCKET
from acconsole.sandbox import words
from acconsole.sandbox.people import Person
from acconsole.sandbox.pictures import recording_exists
from acconsole.sandbox.seeds import BASE36, BASE62, Codes, moment, object_id, pick

MongoDoc = dict[str, Any]

EARLY = datetime(2023, 3, 1, tzinfo=UTC)
"""Docs from before this day are the site's first: no bucket, and some dates are strings."""

GUEST_TAPES = ("9Yo", "Eue")
TAPE_ODDITIES = {
    "tNz": "no zip",
    "tMp": "only the video",
    "tCz": "zip by code",
    "tSh": "short timing",
}
"""Codes of the guest's tapes that are not as others are, and in which way."""

PICTURE_FAULTS = {"nHm": "not an image", "bPx": "a billion pixels", "gNe": "gone"}
"""Codes of the paintings whose picture cannot be used, and what is wrong with it."""

_OWN_CODES = (*GUEST_TAPES, *TAPE_ODDITIES, *PICTURE_FAULTS)
_KIDLISP_CODES = ("roz", "4bd", "q2x")


class CodeBook:
    """The codes of one population: no two docs of a media type share one."""

    def __init__(self) -> None:
        self.pictures = Codes(BASE62, 3, _OWN_CODES)
        self.tapes = Codes(BASE62, 3, _OWN_CODES)
        self.kidlisp = Codes(BASE36, 4, _KIDLISP_CODES)


class Author:
    """Writes one owner's docs. A keyword given to a method replaces that field, None takes it away."""

    def __init__(self, person: Person, codes: CodeBook, random: Random, site: str = SITE) -> None:
        self._person, self._codes, self._random, self._site = person, codes, random, site
        self._count = 0

    def write(self, kind: MediaType, **fields: Any) -> MongoDoc:
        """A doc of any media type."""
        writers: dict[MediaType, Callable[..., MongoDoc]] = {
            MediaType.PAINTINGS: self.painting,
            MediaType.MOODS: self.mood,
            MediaType.PIECES: self.piece,
            MediaType.KIDLISP: self.kidlisp,
            MediaType.TAPES: self.tape,
        }
        return writers[kind](**fields)

    def painting(self, **fields: Any) -> MongoDoc:
        when = self._when()
        code = self._codes.pictures.next()
        slug = _timestamp(when)
        if self._is_guest and recording_exists(str(fields.get("code", code))):
            slug = f"{slug}:{_timestamp(when + timedelta(minutes=3, milliseconds=417))}"
        elif self._random.random() < 0.02:
            slug = f"{self._person.id}/painting/{slug}"
        doc: MongoDoc = {"code": code, "slug": slug}
        if when >= EARLY:
            doc["bucket"] = self._bucket
        return self._doc("paintings", when, doc, fields)

    def mood(self, **fields: Any) -> MongoDoc:
        name = "text" if "mood" not in fields and self._random.random() < 0.12 else "mood"
        return self._doc("moods", self._when(), {name: words.mood(self._random)}, fields)

    def piece(self, **fields: Any) -> MongoDoc:
        slug = f"{pick(self._random, words.PIECES)}-{self._count}"
        if self._random.random() < 0.1 and not self._is_guest:
            slug = f"{self._person.id}/{slug}"
        return self._doc("pieces", self._when(), {"slug": slug}, fields)

    def kidlisp(self, **fields: Any) -> MongoDoc:
        source = words.kidlisp(self._random)
        doc: MongoDoc = {
            "code": self._codes.kidlisp.next(),
            "source": source,
            "hash": hashlib.sha256(source.encode()).hexdigest(),
            "hits": int(self._random.random() ** 3 * 400) + 1,
        }
        return self._doc("kidlisp", self._when(), doc, fields)

    def tape(self, **fields: Any) -> MongoDoc:
        when = self._when(datetime(2025, 8, 1, tzinfo=UTC))
        doc: MongoDoc = {"code": self._codes.tapes.next(), "slug": _timestamp(when), "bucket": self._bucket}
        return self._doc("tapes", when, doc, fields)

    def video_address(self, code: str) -> str:
        """Where the video of a tape lies that has one already (`mp4Url`)."""
        return f"{self._site}/media/tapes/{code}.mp4"

    @property
    def _is_guest(self) -> bool:
        return self._person.id == GUEST

    @property
    def _bucket(self) -> str:
        return GUEST_BUCKET if self._is_guest else USER_BUCKET

    def _when(self, start: datetime | None = None) -> datetime:
        return moment(self._random, max(start or self._person.joined, self._person.joined))

    def _doc(self, kind: str, when: datetime, doc: MongoDoc, fields: MongoDoc) -> MongoDoc:
        self._count += 1
        date: object = fields.get("when", when)
        if date is when and when < EARLY and self._random.random() < 0.2:
            date = iso(when)
        whole = {"_id": object_id(when, kind, self._person.id, self._count), **doc, "when": date}
        if not self._is_guest:
            whole["user"] = self._person.id
        elif self._random.random() < 0.5:
            # The query {user: {$exists: false}} misses these, {user: null} finds both kinds.
            whole["user"] = None
        whole.update(fields)
        return {name: value for name, value in whole.items() if value is not None or name == "user"}


def _timestamp(when: datetime) -> str:
    """A slug as the site makes it: month, day and hour without leading zeros."""
    return f"{when:%Y}.{when.month}.{when.day}.{when.hour}.{when:%M.%S}.{when.microsecond // 1000:03d}"
