"""The ways in which records in the wild differ from their docs: each makes a right record stale."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from acconsole.media.base import MediaType, iso, parse_when
from acconsole.sandbox.docs import MongoDoc
from acconsole.sandbox.holdings import Entry

Cause = Callable[[Entry, MongoDoc], None]


def _legacy_id(entry: Entry, doc: MongoDoc) -> None:
    entry.value["mongoId"] = entry.value.pop("ref")


def _no_ref(entry: Entry, doc: MongoDoc) -> None:
    """Only the doc's rkey tells whose record it is."""
    del entry.value["ref"]


def _only_code(entry: Entry, doc: MongoDoc) -> None:
    """Only the code tells whose record it is: the doc has lost the rkey as well."""
    del entry.value["ref"]
    doc.pop("at", None)
    doc.pop("atproto", None)


def _png_address(entry: Entry, doc: MongoDoc) -> None:
    entry.value["imageUrl"] += ".png"


def _no_thumbnail(entry: Entry, doc: MongoDoc) -> None:
    del entry.value["thumbnail"]


def _jpeg_thumbnail(entry: Entry, doc: MongoDoc) -> None:
    entry.value["thumbnail"] = entry.value["thumbnail"] | {"mimeType": "image/jpeg"}


def _png_thumbnail(entry: Entry, doc: MongoDoc) -> None:
    entry.value["thumbnail"] = entry.value["thumbnail"] | {"mimeType": "image/png"}


def _other_date(entry: Entry, doc: MongoDoc) -> None:
    when = parse_when(entry.value["when"])
    assert when is not None
    entry.value["when"] = iso(when + timedelta(hours=1))


def _mood_field(entry: Entry, doc: MongoDoc) -> None:
    entry.value["mood"] = entry.value.pop("text")


def _emptied(entry: Entry, doc: MongoDoc) -> None:
    entry.value["text"] = ""


def _sub_in_slug(entry: Entry, doc: MongoDoc) -> None:
    entry.value["slug"] = f"{doc['user']}/{entry.value['slug']}"


def _old_source(entry: Entry, doc: MongoDoc) -> None:
    entry.value["source"] = "(wipe black)"


def _no_video(entry: Entry, doc: MongoDoc) -> None:
    del entry.value["video"]


STALE: dict[MediaType, dict[str, Cause]] = {
    MediaType.PAINTINGS: {
        "legacy id": _legacy_id,
        "no ref": _no_ref,
        "only code": _only_code,
        "png address": _png_address,
        "no thumbnail": _no_thumbnail,
        "jpeg thumbnail": _jpeg_thumbnail,
        "other date": _other_date,
    },
    MediaType.MOODS: {
        "mood field": _mood_field,
        "emptied": _emptied,
        "legacy id": _legacy_id,
        "no ref": _no_ref,
    },
    MediaType.PIECES: {"sub in slug": _sub_in_slug, "legacy id": _legacy_id, "no ref": _no_ref},
    MediaType.KIDLISP: {"old source": _old_source, "legacy id": _legacy_id, "only code": _only_code},
    MediaType.TAPES: {
        "no video": _no_video,
        "no thumbnail": _no_thumbnail,
        "png thumbnail": _png_thumbnail,
        "only code": _only_code,
    },
}
"""By media type, then by a name. A guest's slug holds no sub, so `sub in slug` is for users only."""
