"""The engine's nouns: users, records, snapshots, verdicts, counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum

from acconsole.media.base import GUEST, Blocked, Doc, MediaType, Record, is_dead, ref_of, rkey_of
from acconsole.media.lexicon import is_blob

Place = tuple[MediaType, str]
"""A media type, with an rkey or with a ref."""


class Verdict(StrEnum):
    """What one doc or record is found to be. `sign` is the same on every screen and in every report."""

    SYNCED = "synced"
    MISSING = "missing"
    UNLINKED = "unlinked"
    STALE = "stale"
    DUPLICATE = "duplicate"
    TOMBSTONE = "tombstone"
    ORPHAN = "orphan"
    BLOCKED = "blocked"

    @property
    def sign(self) -> str:
        return _SIGNS[self]


_SIGNS = {
    Verdict.SYNCED: "=",
    Verdict.MISSING: "+",
    Verdict.UNLINKED: "~",
    Verdict.STALE: "*",
    Verdict.DUPLICATE: "2",
    Verdict.TOMBSTONE: "x",
    Verdict.ORPHAN: "-",
    Verdict.BLOCKED: "!",
}

OUT_OF_SYNC = (Verdict.MISSING, Verdict.UNLINKED, Verdict.STALE, Verdict.DUPLICATE, Verdict.TOMBSTONE)
"""The verdicts that keep a user from being in sync; orphans and blocked docs are only reported."""


@dataclass(frozen=True, slots=True)
class User:
    """One person, or the guest account. `handle` is the AC handle, None for who never chose one."""

    id: str
    handle: str | None = None
    pds_handle: str | None = None
    did: str | None = None
    code: str | None = None
    password: str | None = field(default=None, repr=False, compare=False)

    @property
    def is_guest(self) -> bool:
        return self.id == GUEST

    @property
    def name(self) -> str:
        """What a person calls the user: `@handle`, `art` for the guest account, else the code or the id."""
        if self.is_guest:
            return "art"
        return f"@{self.handle}" if self.handle else self.code or self.id

    @property
    def plain_handle(self) -> str | None:
        """The handle as JSON has it: without `@`, `art` for the guest account, None for who has none."""
        return "art" if self.is_guest else self.handle

    @property
    def sort_key(self) -> tuple[bool, str, str]:
        """By handle, case-folded and without `@`; users without one last, by id."""
        handle = self.plain_handle
        return (handle is None, (handle or "").casefold(), self.id)


@dataclass(frozen=True, slots=True)
class SourceDoc:
    """One doc as the engine handles it: its join key, the rkey that it stores, whether it is deleted.

    `hindrance`: a blob that is known not to be had, and why; a record that lacks it stays as it is.
    """

    kind: MediaType
    ref: str
    doc: Doc
    rkey: str | None
    dead: bool
    hindrance: Blocked | None = None

    @classmethod
    def of(cls, kind: MediaType, doc: Doc, hindrance: Blocked | None = None) -> SourceDoc:
        return cls(kind, ref_of(doc), doc, rkey_of(doc), is_dead(doc), hindrance)


@dataclass(frozen=True, slots=True)
class RepoRecord:
    """One record as it stands in the repo. `cid` is the CID of its block."""

    kind: MediaType
    rkey: str
    cid: str
    value: Record


def blob_cids(record: RepoRecord) -> list[str]:
    """The CIDs of the blobs that a record names."""
    return [value["ref"]["$link"] for value in record.value.values() if is_blob(value)]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One user's whole repo read at one commit. `blobs`: CIDs of the blobs that the repo holds.

    `lost`: paths of records that the PDS has lost, whose values here are empty.
    `car` is the repo as the PDS sent it, for a backup; None when it was read page by page.
    """

    did: str
    rev: str
    commit: str
    records: Mapping[MediaType, tuple[RepoRecord, ...]]
    blobs: frozenset[str] = frozenset()
    car: bytes | None = field(default=None, repr=False)
    lost: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class RepoHead:
    """Where one repo stands: its newest commit, and whether it can be read and written."""

    did: str
    rev: str
    commit: str
    active: bool = True
    status: str | None = None


@dataclass(slots=True)
class Counts:
    """Verdict counts of one media type of one user; the invariants are those of `match`."""

    docs: int = 0
    records: int = 0
    synced: int = 0
    missing: int = 0
    unlinked: int = 0
    stale: int = 0
    duplicate: int = 0
    tombstone: int = 0
    orphan: int = 0
    blocked: int = 0

    def of(self, verdict: Verdict) -> int:
        count: int = getattr(self, verdict.value)
        return count

    def add(self, verdict: Verdict) -> None:
        setattr(self, verdict.value, self.of(verdict) + 1)

    @property
    def to_do(self) -> int:
        """How many docs and records keep the user from being in sync."""
        return sum(self.of(verdict) for verdict in OUT_OF_SYNC)

    def __add__(self, other: Counts) -> Counts:
        return Counts(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    def as_json(self) -> dict[str, int]:
        return {f.name: getattr(self, f.name) for f in fields(self)}
