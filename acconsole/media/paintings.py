"""Paintings: a picture under a short code, with a thumbnail and sometimes a recording of how it was made."""

from __future__ import annotations

from acconsole.media.base import (
    SITE,
    BlobWanted,
    Built,
    Doc,
    code_field,
    owner_of,
    ref_of,
    slug_field,
    when_field,
)
from acconsole.media.sources import Source, bucket_of, key_of

THUMBNAIL = BlobWanted("thumbnail", "image/png", 1_048_576)
THUMBNAIL_SIDE = 512


def build(doc: Doc) -> Built:
    """The record of a painting. `recordingUrl` is looked for when the record is written."""
    code = code_field(doc)
    return Built(
        {
            "slug": slug_field(doc),
            "code": code,
            "imageUrl": f"{SITE}/media/paintings/{code}",
            "acUrl": f"{SITE}/#{code}",
            "when": when_field(doc),
            "ref": ref_of(doc),
        },
        blobs=(THUMBNAIL,),
        undecided=frozenset({"recordingUrl"}),
    )


def recording_url(code: str) -> str:
    """The public address of a painting's recording."""
    return f"{SITE}/media/paintings/{code}.zip"


def picture_sources(doc: Doc, handle: str | None) -> list[Source]:
    """Where the picture may be had, best first: the site's thumbnail, its media route, the object itself."""
    slug, code = slug_field(doc), doc.get("code")
    image = slug.split(":", 1)[0]
    sources = []
    if handle:
        sources.append(Source("site", f"api/pixel/{THUMBNAIL_SIDE}:contain/@{handle}/painting/{image}.png"))
    if isinstance(code, str) and code:
        sources.append(Source("site", f"media/paintings/{code}"))
    key = key_of(doc, f"painting/{image}.png", f"{image}.png")
    sources.append(Source(bucket_of(doc), key))
    return sources


def recording_source(doc: Doc) -> Source | None:
    """Where the recording lies if there is one; None for a guest's painting that says that there is none."""
    slug = slug_field(doc)
    if owner_of(doc) != "art-guest":
        return Source(bucket_of(doc), key_of(doc, f"{slug}.zip", ""))
    _, colon, recording = slug.partition(":")
    return Source(bucket_of(doc), f"{recording}.zip") if colon and recording else None
