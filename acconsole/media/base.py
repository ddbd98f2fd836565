"""What every media type has: its names, the record that a doc becomes, the blobs that the record wants."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from urllib.parse import unquote

Doc = Mapping[str, Any]
"""A document of a media collection. `_id` is whatever Mongo holds; dates are aware `datetime`s."""

Record = dict[str, Any]
"""A record as JSON: a blob is `{"$type": "blob", "ref": {"$link": cid}, "mimeType", "size"}`."""

SITE = "https://aesthetic.computer"
"""The site's public address: what records say, wherever the site is fetched from."""

GUEST = "art-guest"
"""The `_id` of the guest account, which owns every doc without a user."""

_SUB = r"(?:sotce-)?auth0\|[0-9A-Za-z]+"
_SUB_PREFIX = re.compile(rf"^(?:{_SUB}|{GUEST})/(?:(?:painting|piece|video|tape)/)?")
_SUB_ANYWHERE = re.compile(_SUB)


class MediaType(StrEnum):
    """The five media types, by the names of their Mongo collections, in the order in which they are shown."""

    PAINTINGS = "paintings"
    MOODS = "moods"
    PIECES = "pieces"
    KIDLISP = "kidlisp"
    TAPES = "tapes"

    @property
    def nsid(self) -> str:
        """The collection of the records: `computer.aesthetic.painting` for `paintings`."""
        return f"computer.aesthetic.{self.value.removesuffix('s')}"


@dataclass(frozen=True, slots=True)
class BlobWanted:
    """A blob that a record of this type must have: the field, its media type, its size limit in bytes."""

    field: str
    mime: str
    max_size: int


@dataclass(frozen=True, slots=True)
class Built:
    """What a doc becomes: the record without its blobs, and the blobs that it wants.

    `undecided` names optional fields that are looked up when the record is written and decide no verdict.
    """

    record: Record
    blobs: tuple[BlobWanted, ...] = ()
    undecided: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Blocked:
    """Why a doc cannot become a valid record: the field, and the reason in a few words."""

    field: str
    reason: str


class BlockedDoc(Exception):
    """Raised inside a media module by the field that cannot be had; it never leaves the package."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.blocked = Blocked(field, reason)


def is_dead(doc: Doc) -> bool:
    """Whether a doc is deleted or nuked: such a doc is never published."""
    return doc.get("nuked") is True or doc.get("deleted") is True


def owner_of(doc: Doc) -> str:
    """Whose repo the doc belongs in: its `user`, or the guest account when that is missing or null."""
    user = doc.get("user")
    return GUEST if user is None else str(user)


def ref_of(doc: Doc) -> str:
    """The join key: the doc's `_id` as a string."""
    return str(doc["_id"])


def rkey_of(doc: Doc) -> str | None:
    """The rkey that the doc stores: in `atproto.rkey`, or in `at.rkey` in most tapes."""
    for name in ("atproto", "at"):
        link = doc.get(name)
        rkey = link.get("rkey") if isinstance(link, Mapping) else None
        if isinstance(rkey, str) and rkey:
            return rkey
    return None


def parse_when(value: object) -> datetime | None:
    """A date as an aware UTC `datetime`, from a date or an ISO 8601 string; None when it is neither.

    A string without an offset is taken as UTC, which is what the site's servers wrote.
    """
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    try:
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except OverflowError:
        return None


def iso(when: datetime) -> str:
    """ISO 8601 in UTC with milliseconds and `Z`, as JavaScript's `toISOString` writes it."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{when.microsecond // 1000:03d}Z"


def when_field(doc: Doc) -> str:
    """The doc's `when` as a record holds it. Raises `BlockedDoc`."""
    if doc.get("when") is None:
        raise BlockedDoc("when", "no date")
    when = parse_when(doc["when"])
    if when is None:
        raise BlockedDoc("when", "not a date")
    if not 1970 <= when.year < 2255:
        raise BlockedDoc("when", f"the year {when.year} has no record key")
    return iso(when)


def text_field(doc: Doc, name: str) -> str:
    """A field that must be a non-empty string. Raises `BlockedDoc`."""
    value = doc.get(name)
    if value is None or value == "":
        raise BlockedDoc(name, f"no {name}")
    if not isinstance(value, str):
        raise BlockedDoc(name, f"is {type(value).__name__}, not text")
    return encodable(name, value)


def encodable(name: str, value: str) -> str:
    """The text, if it can be written as UTF-8: a lone surrogate cannot. Raises `BlockedDoc`."""
    try:
        value.encode()
    except UnicodeEncodeError:
        raise BlockedDoc(name, "holds characters that are not valid Unicode") from None
    return value


def slug_field(doc: Doc) -> str:
    """The doc's slug without the owner's id, which is never published. Raises `BlockedDoc`."""
    slug = _SUB_PREFIX.sub("", text_field(doc, "slug"))
    if not slug:
        raise BlockedDoc("slug", "nothing is left of it without the owner's id")
    if _SUB_ANYWHERE.search(slug):
        raise BlockedDoc("slug", "holds a user's id")
    return slug


def names_a_user(text: str) -> bool:
    """Whether a user's id is somewhere in a text, percent-encoded or not."""
    return _SUB_ANYWHERE.search(unquote(text)) is not None


def code_field(doc: Doc) -> str:
    """The doc's short code, fit to stand in an address. Raises `BlockedDoc`."""
    code = text_field(doc, "code")
    if not re.fullmatch(r"[^\s/?#%\x00-\x1f\x7f]+", code):
        raise BlockedDoc("code", "cannot stand in an address")
    return code
