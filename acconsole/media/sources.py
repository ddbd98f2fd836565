"""Where the bytes of a doc lie: on the site, or as an object in a bucket."""

from __future__ import annotations

from dataclasses import dataclass

from acconsole.media.base import GUEST, Doc, owner_of

USER_BUCKET = "user-aesthetic-computer"
GUEST_BUCKET = "art-aesthetic-computer"


@dataclass(frozen=True, slots=True)
class Source:
    """An address that is not yet one: `place` is `site` or a bucket's name, `path` is unquoted."""

    place: str
    path: str


def bucket_of(doc: Doc) -> str:
    """The doc's bucket, or the default: one for users' media, one for guests'."""
    bucket = doc.get("bucket")
    if isinstance(bucket, str) and bucket:
        return bucket
    return GUEST_BUCKET if owner_of(doc) == GUEST else USER_BUCKET


def key_of(doc: Doc, of_user: str, of_guest: str) -> str:
    """The object's key: under the owner's id for a user, bare for a guest."""
    owner = owner_of(doc)
    return of_guest if owner == GUEST else f"{owner}/{of_user}"
