"""What the verdicts look like, and what they mean in a sentence."""

from __future__ import annotations

from acconsole.engine.model import Verdict

_VERDICTS = {
    Verdict.SYNCED: "$good",
    Verdict.ORPHAN: "$mute",
    Verdict.BLOCKED: "$bad",
}

MEANINGS = {
    Verdict.SYNCED: "record and doc agree, and the doc stores the record's rkey",
    Verdict.MISSING: "a doc without a record: a restore creates it",
    Verdict.UNLINKED: "the record is right, the doc's stored rkey is absent or wrong: a restore links it",
    Verdict.STALE: "a field or a blob of the record differs from what the doc gives: a restore updates it",
    Verdict.DUPLICATE: "a further record of a doc that has one: a restore deletes it",
    Verdict.TOMBSTONE: "a record of a deleted doc: deleted with prune",
    Verdict.ORPHAN: "a record whose doc does not exist: deleted with prune; does not count as out of sync",
    Verdict.BLOCKED: "a doc that cannot become a valid record: reported, never guessed",
}


def colour_of(verdict: Verdict) -> str:
    """The verdict's colour: green for synced, red for blocked, amber for what a restore mends."""
    return _VERDICTS.get(verdict, "$todo")
