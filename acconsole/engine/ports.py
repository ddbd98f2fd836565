"""What the engine needs of the world. The stores make these real; what they raise is an `AcError`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from acconsole.engine.model import RepoHead, Snapshot, User
from acconsole.media.base import Doc, MediaType, Record
from acconsole.media.sources import Source


@dataclass(frozen=True, slots=True)
class Write:
    """One write of an `applyWrites`: `create`, `update` or `delete`, which has no `record`."""

    action: str
    collection: str
    rkey: str
    record: Record | None = None


@dataclass(frozen=True, slots=True)
class Commit:
    """What a repo stands at after a write."""

    cid: str
    rev: str


@dataclass(frozen=True, slots=True)
class Link:
    """The rkey that a doc is to store. `uri` is the record's at-URI."""

    ref: str
    rkey: str
    uri: str


@dataclass(frozen=True, slots=True)
class Window:
    """A rate-limit window as the PDS last told of it: `limit` in `seconds`; `reset` is an epoch time."""

    scope: str
    limit: int
    seconds: int
    remaining: int
    reset: float


class Docs(Protocol):
    """The source of truth: MongoDB."""

    async def ping(self) -> None:
        """Nothing, if it answers; raises `Unreachable`."""

    def users(self) -> AsyncIterator[User]:
        """Every user, the guest account among them, in no order."""

    def docs(self, owner: str, kind: MediaType) -> AsyncIterator[Doc]:
        """The owner's docs of a media type, the deleted ones too, streamed in no order."""

    async def by_refs(self, kind: MediaType, refs: Sequence[str]) -> dict[str, Doc]:
        """These docs as they are now, by ref; one that is gone is not in the answer."""

    async def link(self, kind: MediaType, links: Sequence[Link]) -> int:
        """Store the rkeys in their docs; returns how many docs hold theirs now."""

    async def dead(self, owner: str, kind: MediaType) -> set[str]:
        """The refs of the owner's docs of a media type that are deleted or nuked now."""

    async def unlink(self, kind: MediaType, refs: Sequence[str]) -> int:
        """Clear the stored rkeys (`atproto` and `at`) of these docs; returns how many docs were changed."""


class RepoSession(Protocol):
    """One user's login: one for each user and run, refreshed when it ages."""

    async def apply_writes(self, writes: Sequence[Write], swap_commit: str) -> Commit:
        """One commit, all or nothing. Raises `Uncertain` and its kin, `BudgetSpent`, `WriteRefused`."""

    async def upload_blob(self, data: bytes, mime: str) -> Record:
        """Store a blob; the answer is the blob as a record names it. Raises `BlobError`."""

    def windows(self) -> Sequence[Window]:
        """The rate-limit windows that the PDS has told of, for this user's writes."""


@dataclass(frozen=True, slots=True)
class News:
    """Where a repo stands, and the records that came since: new ones, and changed ones as they are now.

    A record whose very value the repo held before, at another rkey, may not be among them.
    """

    commit: Commit
    records: tuple[Record, ...]


class Repos(Protocol):
    """The PDS."""

    async def ping(self) -> None:
        """Nothing, if it answers; raises `Unreachable`."""

    @property
    def requests(self) -> int:
        """How many requests have been sent, failed attempts included."""

    @property
    def host(self) -> str:
        """The PDS's host, as it is shown to the admin."""

    async def snapshot(self, did: str) -> Snapshot:
        """The whole repo at one commit. Raises `AccountError` when it cannot be read."""

    async def news(self, did: str, since: str) -> News:
        """What has come into a repo since a rev; far less to read than the whole. Raises as `snapshot`."""

    async def latest(self, did: str) -> Commit:
        """Where one repo stands. Raises `AccountError` when it cannot be read."""

    def heads(self) -> AsyncIterator[RepoHead]:
        """Where every repo of the PDS stands."""

    async def login(self, user: User) -> RepoSession:
        """The user's session; a second call gives the same one. Raises `AccountError`."""

    async def blob(self, did: str, cid: str) -> bytes:
        """The bytes of a blob. Raises `BlobError` when it is not there."""


class Objects(Protocol):
    """The site and its object storage."""

    async def fetch(self, source: Source, max_size: int) -> bytes:
        """The bytes of an object. Raises `BlobError` when it is not there or larger, `Unreachable`."""

    async def exists(self, source: Source) -> bool | None:
        """Whether the object is there; None when that cannot be told now."""
