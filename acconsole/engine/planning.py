"""Planning: what brings a user's records to what the docs say, or takes them away. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from acconsole.engine.cid import record_cid
from acconsole.engine.match import Matched, Pair, blob_agrees
from acconsole.engine.model import RepoRecord, SourceDoc, Verdict
from acconsole.engine.plan import Action, BlockedItem, Operation
from acconsole.media import lexicon, tid
from acconsole.media.base import Blocked, Built, MediaType, Record, parse_when

LEGACY_FIELDS = {kind: ("mongoId", "mood") if kind is MediaType.MOODS else ("mongoId",) for kind in MediaType}
"""What an update drops; every other further field of a record is kept."""


def restore(
    matched: Matched,
    docs: Sequence[SourceDoc],
    records: Sequence[RepoRecord],
    blobs: frozenset[str],
    *,
    codes: Collection[str] = (),
    refs: Collection[str] = (),
    prune: bool = False,
) -> tuple[list[Operation], list[BlockedItem]]:
    """What brings one media type's records to what the docs say; `codes` and `refs` narrow it to single docs.

    `blobs` are the repo's; a blob that a record already has and the repo holds is kept.
    """
    rkeys = rkeys_for(docs, records)
    chosen = [pair for pair in matched.pairs if _named(code_of(pair), codes) and _named(_ref_of(pair), refs)]
    operations, blocked = [], []
    for pair in chosen:
        operation = _restoring(pair, rkeys, blobs, prune)
        reason = _hindrance(pair, operation)
        if reason and pair.doc and pair.verdict is not Verdict.DUPLICATE:
            blocked.append(BlockedItem(pair.kind, pair.doc.ref, reason.field, reason.reason))
        elif operation:
            operations.append(operation)
    return operations, blocked


def _hindrance(pair: Pair, operation: Operation | None) -> Blocked | None:
    """Why a pair is left out of a plan, if it is."""
    if operation and operation.action is Action.UPDATE and pair.record and not _can_be_kept(pair.record):
        return Blocked("record", "holds further fields that JSON cannot carry unchanged")
    return pair.blocked


def _can_be_kept(found: RepoRecord) -> bool:
    """Whether a record as JSON is still the record: bytes that look like a link, for one, are not told apart.

    A record that the PDS has lost holds nothing that could be kept.
    """
    return not found.value or record_cid(found.value) == found.cid


def code_of(pair: Pair) -> str | None:
    """The code by which a person names the pair: the doc's, else the record's."""
    code = pair.doc.doc.get("code") if pair.doc else pair.record.value.get("code") if pair.record else None
    return code if isinstance(code, str) else None


def _ref_of(pair: Pair) -> str | None:
    return pair.doc.ref if pair.doc else claimed_ref(pair.record.value) if pair.record else None


def _restoring(pair: Pair, rkeys: dict[str, str], blobs: frozenset[str], prune: bool) -> Operation | None:
    verdict, found, doc = pair.verdict, pair.record, pair.doc
    if verdict in (Verdict.SYNCED, Verdict.BLOCKED):
        return None
    if verdict in (Verdict.DUPLICATE, Verdict.TOMBSTONE, Verdict.ORPHAN):
        return deletion(pair) if prune or verdict is Verdict.DUPLICATE else None
    assert doc is not None
    assert pair.built is not None
    if found is None:
        return Operation(
            Action.CREATE,
            pair.kind,
            verdict,
            doc.ref,
            rkeys[doc.ref],
            record=pair.built.record,
            blobs=tuple(blob.field for blob in pair.built.blobs),
            link=True,
        )
    if verdict is Verdict.UNLINKED:
        return Operation(Action.RELINK, pair.kind, verdict, doc.ref, found.rkey, found.cid, link=True)
    return _update(pair, pair.built, doc, found, blobs)


def _update(pair: Pair, built: Built, doc: SourceDoc, found: RepoRecord, blobs: frozenset[str]) -> Operation:
    record = updated(pair.kind, built, found.value)
    lacking = tuple(
        blob.field for blob in built.blobs if not blob_agrees(found.value.get(blob.field), blob, blobs)
    )
    for name in lacking:
        record.pop(name, None)
    return Operation(
        Action.UPDATE,
        pair.kind,
        pair.verdict,
        doc.ref,
        found.rkey,
        found.cid,
        record,
        lacking,
        pair.fields,
        link=pair.relinks,
    )


def updated(kind: MediaType, built: Built, value: Record) -> Record:
    """The record with what the doc gives put in, its legacy fields dropped, its further fields kept.

    A field that the doc does not give and that would break the lexicon is dropped too.
    """
    record = {name: kept for name, kept in value.items() if name not in LEGACY_FIELDS[kind]} | built.record
    ours = built.record.keys() | {blob.field for blob in built.blobs}
    while (problem := lexicon.problem(kind, record)) and problem.field in record.keys() - ours:
        del record[problem.field]
    return record


def deletion(pair: Pair) -> Operation:
    """The delete of a pair's record."""
    assert pair.record is not None
    # An orphan's own claim is kept: the doc may have come since Mongo was read, and is looked for again.
    ref = _ref_of(pair)
    return Operation(Action.DELETE, pair.kind, pair.verdict, ref, pair.record.rkey, pair.record.cid)


def claimed_ref(value: Record) -> str | None:
    """The doc that a record says it belongs to."""
    claims = (value.get(name) for name in ("ref", "mongoId"))
    return next((claim for claim in claims if isinstance(claim, str) and claim), None)


def wipe(
    matched: Matched, docs: Iterable[SourceDoc], *, codes: Collection[str] = ()
) -> tuple[list[Operation], list[tuple[MediaType, str]]]:
    """The deletes of every record of one media type, and the docs, dead ones too, that store an rkey.

    `codes` narrows it to single docs and their records.
    """
    operations = [deletion(pair) for pair in matched.pairs if pair.record and _named(code_of(pair), codes)]
    linked = [doc for doc in docs if doc.doc.get("atproto") is not None or doc.doc.get("at") is not None]
    return operations, [(doc.kind, doc.ref) for doc in linked if _named(doc.doc.get("code"), codes)]


def _named(code: object, codes: Collection[str]) -> bool:
    return not codes or code in codes


def rkeys_for(docs: Sequence[SourceDoc], records: Iterable[RepoRecord]) -> dict[str, str]:
    """The rkey that each doc's new record gets, by ref: its TID, or the next that is free.

    Docs take their turn by ref, so two that fall on the same TID are told apart the same way each time;
    a key that a record stands at already is left to it. Docs without a date have no key.
    """
    standing = {found.rkey for found in records}
    rkeys: dict[str, str] = {}
    for doc in sorted(docs, key=lambda doc: doc.ref):
        when = parse_when(doc.doc.get("when"))
        if when is None or not 1970 <= when.year < 2255:
            continue
        attempt = 0
        while (rkey := tid.tid_for(doc.ref, when, attempt)) in standing:
            attempt += 1
        standing.add(rkey)
        rkeys[doc.ref] = rkey
    return rkeys
