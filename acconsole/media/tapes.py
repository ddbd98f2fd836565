"""Tapes: a recorded session, frames and sound, published as a video."""

from __future__ import annotations

import re
from urllib.parse import quote

from acconsole.media.base import (
    GUEST,
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
from acconsole.media.sources import bucket_of

VIDEO = BlobWanted("video", "video/mp4", 52_428_800)
THUMBNAIL = BlobWanted("thumbnail", "image/jpeg", 1_048_576)


def build(doc: Doc) -> Built:
    """The record of a tape. `zipUrl` decides no verdict, and never publishes a user's id."""
    code = code_field(doc)
    slug = slug_field(doc)
    record = {
        "slug": slug,
        "code": code,
        "acUrl": f"{SITE}/!{code}",
        "when": when_field(doc),
        "ref": ref_of(doc),
    }
    if owner_of(doc) == GUEST and re.fullmatch(r"[a-z0-9][a-z0-9.-]*", bucket_of(doc)):
        record["zipUrl"] = (
            f"https://{bucket_of(doc)}.sfo3.digitaloceanspaces.com/{quote(slug, safe='/:@')}.zip"
        )
    return Built(record, blobs=(VIDEO, THUMBNAIL), undecided=frozenset({"zipUrl"}))
