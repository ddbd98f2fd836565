"""Where the bytes of a doc lie: on the site, as an object in a bucket, or at an address of its own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote

from acconsole.media.base import GUEST, Doc, names_a_user, owner_of

USER_BUCKET = "user-aesthetic-computer"
GUEST_BUCKET = "art-aesthetic-computer"
STORAGE_HOST = "sfo3.digitaloceanspaces.com"
"""Where the public finds the buckets, wherever they are fetched from."""

SITE_PLACE = "site"
URL_PLACE = "url"
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]*")


@dataclass(frozen=True, slots=True)
class Source:
    """An address that is not yet one: `place` is `site` or a bucket's name, `path` is unquoted.

    Where `place` is `url`, `path` is a whole address, which is not trusted.
    """

    place: str
    path: str


def is_bucket(name: str) -> bool:
    """Whether a bucket could be called so; anything else would change where an address leads."""
    return _BUCKET.fullmatch(name) is not None


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


def public_address(doc: Doc, source: Source) -> str | None:
    """An object's address as anybody may have it; None where it would publish a user's id."""
    owner = owner_of(doc)
    if names_a_user(source.path) or (owner != GUEST and owner in source.path) or not is_bucket(source.place):
        return None
    return f"https://{source.place}.{STORAGE_HOST}/{quote(source.path, safe='/:@')}"
