"""Which record belongs to which doc, and what becomes of each: the one pairing that everything else uses.

Pure. Status, plan and verify call `match`, so they cannot disagree. For one media type of one owner:
`synced + missing + unlinked + stale + blocked = docs`, and every record is in exactly one pair.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from acconsole.engine.model import Counts, RepoRecord, SourceDoc, Verdict
from acconsole.media import lexicon, record
from acconsole.media.base import BlobWanted, Blocked, Built, MediaType, parse_when

WHEN_TOLERANCE = timedelta(seconds=5)
"""The site's own writers take the time twice, so the two dates differ a little."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A doc and its record, or one of them alone, and the verdict on it.

    `fields` names what differs in a stale record; `built` is what the doc gives now; `blocked` says why
    it gives nothing. A duplicate's and a tombstone's `doc` is the one that its record belongs to.
    """

    kind: MediaType
    verdict: Verdict
    doc: SourceDoc | None
    record: RepoRecord | None
    fields: tuple[str, ...] = ()
    built: Built | None = None
    blocked: Blocked | None = None

    @property
    def relinks(self) -> bool:
        """Whether the doc must be given the record's rkey."""
        return self.doc is not None and self.record is not None and self.doc.rkey != self.record.rkey


@dataclass(frozen=True, slots=True)
class Matched:
    """Every doc and record of one media type of one owner, each in one pair."""

    kind: MediaType
    pairs: tuple[Pair, ...]
    counts: Counts


def match(
    kind: MediaType, docs: Sequence[SourceDoc], records: Sequence[RepoRecord], blobs: frozenset[str]
) -> Matched:
    """Pair the owner's docs, dead ones too, with the repo's records of one media type."""
    records_of, orphans = _assign(docs, records)
    pairs = []
    for doc in docs:
        own = records_of.get(doc.ref, [])
        if doc.dead:
            pairs += [Pair(kind, Verdict.TOMBSTONE, doc, record) for record in own]
        else:
            pairs += _judge(kind, doc, own, blobs)
    pairs += [Pair(kind, Verdict.ORPHAN, None, record) for record in orphans]
    counts = Counts(docs=sum(not doc.dead for doc in docs), records=len(records))
    for pair in pairs:
        counts.add(pair.verdict)
    return Matched(kind, tuple(pairs), counts)


def _assign(
    docs: Sequence[SourceDoc], records: Iterable[RepoRecord]
) -> tuple[dict[str, list[RepoRecord]], list[RepoRecord]]:
    """Each record's doc: by `ref`, else by the legacy `mongoId`, else by the doc's rkey, else by code."""
    # A live doc goes before a dead one, then the lowest ref: a fixed rule wherever a key is not unique.
    ordered = sorted(docs, key=lambda doc: (doc.dead, doc.ref), reverse=True)
    by_ref = {doc.ref: doc for doc in ordered}
    by_rkey = {doc.rkey: doc for doc in ordered if doc.rkey}
    by_code = {code: doc for doc in ordered if isinstance(code := doc.doc.get("code"), str) and code}
    records_of: dict[str, list[RepoRecord]] = defaultdict(list)
    orphans = []
    for found in records:
        ref, mongo_id, code = (_text(found.value, name) for name in ("ref", "mongoId", "code"))
        # A ref is final: one that names no doc of this owner makes an orphan.
        doc = by_ref.get(ref) if ref else by_ref.get(mongo_id) or by_rkey.get(found.rkey) or by_code.get(code)
        if doc:
            records_of[doc.ref].append(found)
        else:
            orphans.append(found)
    return records_of, orphans


def _text(value: dict[str, Any], name: str) -> str:
    text = value.get(name)
    return text if isinstance(text, str) else ""


def _judge(kind: MediaType, doc: SourceDoc, own: list[RepoRecord], blobs: frozenset[str]) -> list[Pair]:
    built = record.build(kind, doc.doc)
    wanted = () if isinstance(built, Blocked) else built.blobs
    keeper = _keeper(doc, own, wanted, blobs) if own else None
    pairs = [Pair(kind, Verdict.DUPLICATE, doc, other) for other in own if other is not keeper]
    blocked = built if isinstance(built, Blocked) else _hindered(doc, built, keeper, blobs)
    if blocked:
        return [Pair(kind, Verdict.BLOCKED, doc, keeper, blocked=blocked), *pairs]
    assert isinstance(built, Built)
    if keeper is None:
        return [Pair(kind, Verdict.MISSING, doc, None, built=built)]
    fields = differing(kind, built, keeper, blobs)
    linked = Verdict.SYNCED if doc.rkey == keeper.rkey else Verdict.UNLINKED
    return [Pair(kind, Verdict.STALE if fields else linked, doc, keeper, fields, built), *pairs]


def _hindered(
    doc: SourceDoc, built: Built, keeper: RepoRecord | None, blobs: frozenset[str]
) -> Blocked | None:
    """The doc's hindrance, unless the record has what cannot be had."""
    return doc.hindrance if keeper is None or _lacks(doc, keeper, built.blobs, blobs) else None


def _lacks(doc: SourceDoc, found: RepoRecord, wanted: Sequence[BlobWanted], blobs: frozenset[str]) -> bool:
    """Whether a record is without the blob that cannot be had for its doc."""
    name = doc.hindrance.field if doc.hindrance else None
    return any(
        blob.field == name and not blob_agrees(found.value.get(blob.field), blob, blobs) for blob in wanted
    )


def _keeper(
    doc: SourceDoc, own: list[RepoRecord], wanted: Sequence[BlobWanted], blobs: frozenset[str]
) -> RepoRecord:
    """The record that stays: the one that the doc names, else the one with its blobs, else the oldest.

    Before all goes one that has the blob which cannot be had again.
    """

    def rank(found: RepoRecord) -> tuple[bool, bool, bool, str]:
        whole = all(blob_agrees(found.value.get(blob.field), blob, blobs) for blob in wanted)
        return (_lacks(doc, found, wanted, blobs), found.rkey != doc.rkey, not whole, found.rkey)

    return min(own, key=rank)


def differing(kind: MediaType, built: Built, found: RepoRecord, blobs: frozenset[str]) -> tuple[str, ...]:
    """The fields in which a record differs from what its doc gives now, or breaks its lexicon."""
    value = found.value
    names = [
        name
        for name, wanted in built.record.items()
        if name not in built.undecided and not agrees(name, wanted, value.get(name))
    ]
    names += [blob.field for blob in built.blobs if not blob_agrees(value.get(blob.field), blob, blobs)]
    if not names and _may_be_invalid(kind, built, value):
        problem = lexicon.problem(kind, value)
        names = [problem.field] if problem else []
    return tuple(names)


def _may_be_invalid(kind: MediaType, built: Built, value: dict[str, Any]) -> bool:
    """Whether a record that agrees could still break its lexicon: by a date's form or an optional field."""
    if value.get("when") != built.record["when"]:
        return True
    settled = built.record.keys() | {blob.field for blob in built.blobs}
    return any(
        name in value and (name not in settled or name in built.undecided) for name in lexicon.fields(kind)
    )


def agrees(name: str, wanted: object, found: object) -> bool:
    """Whether a field of a record says what the doc gives; `when` may be off by a little."""
    if wanted == found or name != "when":
        return wanted == found
    ours, theirs = parse_when(wanted), parse_when(found)
    return ours is not None and theirs is not None and abs(ours - theirs) <= WHEN_TOLERANCE


def blob_agrees(value: object, wanted: BlobWanted, blobs: frozenset[str]) -> bool:
    """Whether a record's blob is there, of the right declared type and size, and held by the repo."""
    if lexicon.blob_problem((wanted.mime,), wanted.max_size, value):
        return False
    assert isinstance(value, dict)
    return value["ref"]["$link"] in blobs
