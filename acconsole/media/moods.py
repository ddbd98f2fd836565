"""Moods: what a person felt, in their own words. No guests, no blobs."""

from __future__ import annotations

from acconsole.media.base import GUEST, BlockedDoc, Built, Doc, encodable, owner_of, ref_of, when_field


def build(doc: Doc) -> Built:
    """The record of a mood. The text is in `mood` or, in some docs, in `text`; `mood` wins."""
    if owner_of(doc) == GUEST:
        raise BlockedDoc("user", "guests have no moods")
    text = doc.get("text") if doc.get("mood") is None else doc["mood"]
    if text is None or text == "":
        raise BlockedDoc("mood", "no text")
    if not isinstance(text, str):
        raise BlockedDoc("mood", f"is {type(text).__name__}, not text")
    return Built({"text": encodable("mood", text), "when": when_field(doc), "ref": ref_of(doc)})
