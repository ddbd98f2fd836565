"""Docs for tests: one that becomes a record for each media type, and hypothesis strategies for odd ones."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from acconsole.media.base import MediaType

PAINTINGS, MOODS, PIECES, KIDLISP, TAPES = MediaType
SUB = "auth0|63effeeb2a7d55f8098d62f9"
SOTCE = "sotce-auth0|65a0c1d2e3f4a5b6c7d8e9f0"
WHEN = datetime(2024, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)

_GIVES: dict[MediaType, dict[str, Any]] = {
    PAINTINGS: {"slug": "2024.1.2.3.4.5.678", "code": "aB3"},
    MOODS: {"mood": "in the mood"},
    PIECES: {"slug": "prompt"},
    KIDLISP: {"code": "roz", "source": "(wipe blue)", "hash": "1f", "hits": 3},
    TAPES: {"slug": "2024.1.2.3.4.5.678", "code": "t4P"},
}


def doc(kind: MediaType, ref: str = "65942a1c9b1e8a0012345678", **changed: Any) -> dict[str, Any]:
    """A user's doc that becomes a record; `changed` fields are put in, those that are `...` taken out."""
    whole = {"_id": ref, "user": SUB, "when": WHEN, **_GIVES[kind], **changed}
    return {name: value for name, value in whole.items() if value is not ...}


subs = st.builds(
    "{}|{}".format,
    st.sampled_from(["auth0", "sotce-auth0"]),
    st.text("0123456789abcdef", min_size=24, max_size=24),
)
"""Users' ids."""

any_text = st.text(st.characters(exclude_categories=()), max_size=20)
"""Text with whatever Mongo can hand over, lone surrogates among it."""

junk = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(),
    any_text,
    st.binary(max_size=4),
    st.datetimes(),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.sampled_from(["rkey", "uri", "$link", "x"]), any_text, max_size=2),
)
"""A field's value of any type that Mongo knows."""

_FIELDS = (
    "user",
    "slug",
    "code",
    "when",
    "bucket",
    "mood",
    "text",
    "source",
    "nuked",
    "deleted",
    "atproto",
    "at",
)


@st.composite
def odd_docs(draw: st.DrawFn, kind: MediaType) -> dict[str, Any]:
    """A doc of a media type, some of whose fields hold anything or are missing."""
    odd: dict[str, Any] = draw(
        st.dictionaries(st.sampled_from(_FIELDS), st.one_of(st.just(...), junk), max_size=5)
    )
    return {**doc(kind, **odd), "_id": draw(st.one_of(any_text, st.integers()))}
