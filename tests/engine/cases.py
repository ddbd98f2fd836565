"""Docs and records for the pure engine: made by hand, and by hypothesis with every kind of drift."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from acconsole.engine.cid import record_cid
from acconsole.engine.match import Matched, Pair, match
from acconsole.engine.model import RepoRecord, SourceDoc, User
from acconsole.engine.plan import BlockedItem, Operation
from acconsole.engine.planning import restore
from acconsole.media import tid
from acconsole.media.base import BlobWanted, Built, MediaType, Record, parse_when
from acconsole.media.record import build
from acconsole.media.tapes import NO_SOURCE
from tests.media.docs import doc

CID = "bafkreie5cvv4h45feadgeuwhbcutmh6t2ceseocckahdoe6uat64zmz454"
OTHER_CID = "bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy"
HELD = frozenset({CID})
"""The blobs that the repo holds."""
USER = User("auth0|63effeeb2a7d55f8098d62f9", "jeffrey", "jeffrey.test", "did:plc:a", "ac23vowan", "hunter-2")


def source(kind: MediaType, ref: str = "a", **changed: Any) -> SourceDoc:
    """A live doc that becomes a record, but for what is changed."""
    return SourceDoc.of(kind, doc(kind, ref, **changed))


def blob(wanted: BlobWanted, **changed: Any) -> Record:
    return {"$type": "blob", "ref": {"$link": CID}, "mimeType": wanted.mime, "size": 1_000, **changed}


def value_of(found: SourceDoc, **changed: Any) -> Record:
    """The record that a doc gives, blobs and all; `changed` fields are put in, `...` takes one out."""
    made = build(found.kind, found.doc)
    assert isinstance(made, Built), made
    whole = {**made.record, **{wanted.field: blob(wanted) for wanted in made.blobs}, **changed}
    return {name: value for name, value in whole.items() if value is not ...}


def standing(kind: MediaType, rkey: str, value: Record) -> RepoRecord:
    return RepoRecord(kind, rkey, record_cid(value), value)


def rkey(number: int) -> str:
    """A TID; a lower number is an older one."""
    return tid.encode(1_500_000_000_000_000 + number, 7)


def paired(docs: Sequence[SourceDoc], records: Sequence[RepoRecord], blobs: frozenset[str] = HELD) -> Matched:
    return match((docs or records)[0].kind, docs, records, blobs)


def restoring(
    docs: Sequence[SourceDoc], records: Sequence[RepoRecord], **options: Any
) -> tuple[list[Operation], list[BlockedItem]]:
    return restore(paired(docs, records), docs, records, HELD, **options)


def only(matched: Matched) -> Pair:
    """The one pair that there is."""
    (pair,) = matched.pairs
    return pair


@dataclass(frozen=True)
class Repo:
    """An owner's docs and records of one media type."""

    kind: MediaType
    docs: list[SourceDoc]
    records: list[RepoRecord]

    def matched(self) -> Matched:
        return match(self.kind, self.docs, self.records, HELD)


_LINKS: tuple[dict[str, Any], ...] = (
    {},
    {"atproto": {"rkey": "lost"}},
    {"atproto": {"rkey": "own"}},
    {"at": {"rkey": "own"}},
)
_DEATHS: tuple[dict[str, Any], ...] = ({}, {}, {}, {"nuked": True}, {"deleted": True})
_ODDITIES: tuple[dict[str, Any], ...] = (
    {},
    {},
    {},
    {"when": "junk"},
    {"code": None, "mood": "", "slug": 7},
    {"when": "2024-01-02T03:04:05Z"},
)
_DRIFT: tuple[dict[str, Any], ...] = (
    {},
    {},
    {"when": "2024-01-02T03:04:08.000Z"},
    {"when": "1999-01-01T00:00:00.000Z"},
    {"mongoId": "a", "ref": ...},
    {"ref": ...},
    {"ref": "nobody"},
    {"text": "other", "source": "other", "slug": "other"},
    {"thumbnail": ...},
    {"video": ...},
    {"more": {"a": [1, None]}},
    {"recordingUrl": "nowhere", "mood": "old"},
)


@st.composite
def repos(draw: st.DrawFn) -> Repo:
    """Up to four docs in every state, each with up to three records in every state, and some of nobody's."""
    kind = draw(st.sampled_from(MediaType))
    numbers = iter(draw(st.permutations(range(30))))
    docs: list[SourceDoc] = []
    records: list[RepoRecord] = []
    for ref in draw(st.lists(st.sampled_from("abcdef"), unique=True, max_size=4)):
        whole = source(kind, ref, when=datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC) + timedelta(hours=ord(ref)))
        drift = draw(st.lists(st.sampled_from(_DRIFT), max_size=3))
        records += [standing(kind, rkey(next(numbers)), value_of(whole, **each)) for each in drift]
        link = draw(st.sampled_from(_LINKS))
        if link.get("atproto", link.get("at")) == {"rkey": "own"} and records:
            link = {name: {"rkey": draw(st.sampled_from(records)).rkey} for name in link}
        states = (link, draw(st.sampled_from(_DEATHS)), draw(st.sampled_from(_ODDITIES)))
        hindrance = draw(st.sampled_from((None, None, NO_SOURCE))) if kind is MediaType.TAPES else None
        docs.append(SourceDoc.of(kind, {**whole.doc, **states[0], **states[1], **states[2]}, hindrance))
    nobodys = source(kind, "z", code="zZz")
    strays = range(draw(st.integers(0, 2)))
    records += [standing(kind, rkey(next(numbers)), value_of(nobodys)) for _ in strays]
    return Repo(kind, draw(st.permutations(docs)), draw(st.permutations(records)))


def settled(repo: Repo) -> Repo:
    """The docs and records as they stand once a restore with `prune` has been carried out, blobs and all."""
    operations, _ = restore(repo.matched(), repo.docs, repo.records, HELD, prune=True)
    records = {each.rkey: each for each in repo.records}
    docs = {each.ref: each for each in repo.docs}
    for op in operations:
        if op.action == "delete":
            del records[op.rkey]
        if op.record is not None:
            made = build(op.kind, docs[op.ref or ""].doc)
            assert isinstance(made, Built)
            blobs = {wanted.field: blob(wanted) for wanted in made.blobs if wanted.field in op.blobs}
            records[op.rkey] = standing(op.kind, op.rkey, {**op.record, **blobs})
        if op.link:
            found = docs[op.ref or ""]
            linked = {**found.doc, "atproto": {"rkey": op.rkey}}
            docs[found.ref] = SourceDoc.of(op.kind, linked, found.hindrance)
    return Repo(repo.kind, list(docs.values()), list(records.values()))


def moved(when: str, **by: float) -> str:
    """A record's date, moved."""
    found = parse_when(when)
    assert found is not None
    return (found + timedelta(**by)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
