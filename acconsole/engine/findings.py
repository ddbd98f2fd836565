"""What is wrong with a doc or record, field by field, in words that are short and inert on a screen. Pure."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from acconsole.engine.match import Pair, agrees
from acconsole.engine.model import RepoRecord, Snapshot, Verdict
from acconsole.engine.ports import BlobFacts
from acconsole.errors import Failed, NoObject
from acconsole.inert import drawn
from acconsole.media import lexicon
from acconsole.media.base import Record
from acconsole.media.sniff import KINDS

SHOWN = 60
"""Characters of a value that are shown."""
BEFORE = 12
"""Characters of what two long texts have in common that are shown before they part."""

_WHOLE = {
    Verdict.MISSING: "there is no record of it",
    Verdict.DUPLICATE: "another record of its doc is the one that stays",
    Verdict.TOMBSTONE: "its doc is deleted",
    Verdict.ORPHAN: "its doc does not exist",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong with a field, or with the whole item where `field` is None."""

    field: str | None
    detail: str


def of_pair(pair: Pair, snapshot: Snapshot) -> list[Finding]:
    """What doc and record say against each other, the record against its lexicon, and the blobs it lacks."""
    found = _of_the_whole(pair)
    record = pair.record
    if record is None:
        return found
    if f"{pair.kind.nsid}/{record.rkey}" in snapshot.lost:
        return [*found, Finding(None, "the PDS has lost what is in the record")]
    found += [_of_field(pair, record, name) for name in pair.fields]
    if pair.relinks and pair.verdict in (Verdict.UNLINKED, Verdict.STALE):
        stored = pair.doc.rkey if pair.doc else None
        found.append(Finding("rkey", f"the doc stores {_shown(stored)}" if stored else "the doc stores none"))
    named = {each.field for each in found}
    problem = lexicon.problem(pair.kind, record.value)
    if problem and problem.field not in named:
        found.append(Finding(problem.field, problem.reason))
        named.add(problem.field)
    found += [
        Finding(name, "is not among the repo's blobs")
        for name, cid, _ in _blobs(record)
        if cid not in snapshot.blobs and name not in named
    ]
    return found


def of_blobs(
    record: RepoRecord, facts: Mapping[str, BlobFacts | Failed]
) -> tuple[list[Finding], list[Finding]]:
    """What is wrong with the blobs that a record names; and beside it, which could not be looked at."""
    wrong, unchecked = [], []
    for name, cid, blob in _blobs(record):
        match facts.get(cid):
            case BlobFacts() as found:
                wrong += [Finding(name, reason) for reason in _against(blob, cid, found)]
            case NoObject():
                wrong.append(Finding(name, "the PDS does not have the blob"))
            case Failed(message=message):
                unchecked.append(Finding(name, drawn(f"could not be fetched: {message}")))
            case None:
                pass
    return wrong, unchecked


def _of_the_whole(pair: Pair) -> list[Finding]:
    if pair.blocked:
        return [Finding(pair.blocked.field, drawn(pair.blocked.reason))]
    return [Finding(None, _WHOLE[pair.verdict])] if pair.verdict in _WHOLE else []


def _of_field(pair: Pair, record: RepoRecord, name: str) -> Finding:
    """Why a field stands among those in which a stale record differs."""
    built, value = pair.built, record.value
    assert built is not None, "what blocks a doc is not in its fields"
    for wanted in built.blobs:
        if wanted.field == name:
            problem = lexicon.blob_problem((wanted.mime,), wanted.max_size, value.get(name))
            lacks = "is missing" if name not in value else problem or "is not among the repo's blobs"
            return Finding(name, drawn(lacks))
    if name in built.record and not agrees(name, built.record[name], value.get(name)):
        return Finding(name, _difference(built.record[name], value, name))
    invalid = lexicon.problem(pair.kind, value)
    return Finding(name, drawn(invalid.reason) if invalid else "is not valid")


def _difference(wanted: object, value: Record, name: str) -> str:
    if name not in value:
        return f"the doc gives {_shown(wanted)}, the record has none"
    found = value[name]
    start = 0
    if isinstance(wanted, str) and isinstance(found, str) and max(len(wanted), len(found)) > SHOWN:
        same = itertools.takewhile(lambda pair: pair[0] == pair[1], zip(wanted, found, strict=False))
        start = max(0, sum(1 for _ in same) - BEFORE)
    return f"the doc gives {_shown(wanted, start)}, the record says {_shown(found, start)}"


def _shown(value: object, start: int = 0) -> str:
    """A value from a character on, cut short."""
    if not isinstance(value, str):
        text = json.dumps(value, ensure_ascii=False, default=str)
        return drawn(text if len(text) <= SHOWN else f"{text[:SHOWN]}…")
    before = "…" if start else ""
    after = "…" if len(value) > start + SHOWN else ""
    return drawn(f'"{before}{value[start : start + SHOWN]}{after}"')


def _blobs(record: RepoRecord) -> Iterator[tuple[str, str, Record]]:
    """The fields of a record that hold blobs, each with the blob's CID and the blob as it is named."""
    for name, value in record.value.items():
        if lexicon.is_blob(value):
            yield name, value["ref"]["$link"], value


def _against(blob: Record, cid: str, found: BlobFacts) -> Iterator[str]:
    """How a blob's bytes differ from what the record says of them."""
    if found.cid != cid:
        yield "its bytes are not those that the CID names"
    if found.size != blob.get("size"):
        yield f"is {found.size:,} bytes, declared as {_shown(blob.get('size'))}"
    declared = blob.get("mimeType")
    if found.mime != declared and (found.mime or declared in KINDS):
        yield f"is {found.mime or 'something else'} by its bytes, declared as {_shown(declared)}"
