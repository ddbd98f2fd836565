"""Tapes: a recorded session, frames and sound, published as a video."""

from __future__ import annotations

import hashlib
import json

from acconsole.media.base import (
    SITE,
    BlobWanted,
    Blocked,
    BlockedDoc,
    Built,
    Doc,
    Record,
    code_field,
    names_a_user,
    owner_of,
    ref_of,
    slug_field,
    when_field,
)
from acconsole.media.sources import URL_PLACE, Source, bucket_of, key_of, public_address

VIDEO = BlobWanted("video", "video/mp4", 52_428_800)
THUMBNAIL = BlobWanted("thumbnail", "image/jpeg", 1_048_576)

NO_SOURCE = Blocked(VIDEO.field, "no source")
"""Why a tape without a ZIP and without a video elsewhere is not published."""
_DECIDING = ("slug", "code", "bucket", "user", "when", "mp4Url")


def build(doc: Doc) -> Built:
    """The record of a tape. `zipUrl` is decided when the record is written, and decides no verdict."""
    code = code_field(doc)
    return Built(
        {
            "slug": slug_field(doc),
            "code": code,
            "acUrl": f"{SITE}/!{code}",
            "when": when_field(doc),
            "ref": ref_of(doc),
        },
        blobs=(VIDEO, THUMBNAIL),
        undecided=frozenset({"zipUrl"}),
    )


def zip_sources(doc: Doc) -> list[Source]:
    """Where the ZIP may lie, best first; nowhere for a doc that gives no record."""
    try:
        slug, code = slug_field(doc), code_field(doc)
    except BlockedDoc:
        return []
    keys = [key_of(doc, f"{slug}.zip", f"{slug}.zip"), key_of(doc, f"video/{slug}.zip", f"{slug}.zip")]
    if str(doc["slug"]).startswith(f"{owner_of(doc)}/"):
        keys.insert(0, f"{doc['slug']}.zip")  # a slug that is a key already
    keys.append(f"tapes/{code}.zip")
    return [Source(bucket_of(doc), key) for key in dict.fromkeys(keys)]


def video_source(doc: Doc) -> Source | None:
    """Where the doc says that its video lies, for a tape whose ZIP is gone."""
    address = doc.get("mp4Url")
    usable = isinstance(address, str) and address.startswith(("https://", "http://"))
    return Source(URL_PLACE, str(address)) if usable else None


def zip_url(doc: Doc, found: Source, *, routes: bool) -> str | None:
    """What a record says of where its ZIP is. `routes`: the short address, whosever the tape is.

    Without them it is the public address of the source that was found, None where that would publish a
    user's id.
    """
    return f"{SITE}/media/tapes/{code_field(doc)}.zip" if routes else public_address(doc, found)


def with_zip_url(record: Record, address: str | None) -> Record:
    """The record with this `zipUrl`, or without any."""
    without = {name: value for name, value in record.items() if name != "zipUrl"}
    return without if address is None else {**without, "zipUrl": address}


def without_a_user(record: Record) -> Record:
    """The record as it is, but for a `zipUrl` that publishes a user's id."""
    address = record.get("zipUrl")
    return with_zip_url(record, None) if isinstance(address, str) and names_a_user(address) else record


def source_digest(doc: Doc) -> str:
    """A digest of all in a doc that decides where its bytes are looked for, and of its date."""
    values = [None if doc.get(name) is None else str(doc[name]) for name in _DECIDING]
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()
