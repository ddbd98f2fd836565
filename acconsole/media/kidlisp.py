"""KidLisp: the source of a little Lisp program, under a short code. No blobs."""

from __future__ import annotations

from acconsole.media.base import SITE, Built, Doc, code_field, ref_of, text_field, when_field


def build(doc: Doc) -> Built:
    """The record of a KidLisp program. Its address has a dollar sign before the code."""
    code = code_field(doc)
    return Built(
        {
            "code": code,
            "source": text_field(doc, "source"),
            "acUrl": f"{SITE}/${code}",
            "when": when_field(doc),
            "ref": ref_of(doc),
        }
    )
