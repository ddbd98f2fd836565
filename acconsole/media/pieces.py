"""Pieces: little programs, by their slug. No blobs."""

from __future__ import annotations

from acconsole.media.base import Built, Doc, ref_of, slug_field, when_field


def build(doc: Doc) -> Built:
    """The record of a piece."""
    return Built({"slug": slug_field(doc), "when": when_field(doc), "ref": ref_of(doc)})
