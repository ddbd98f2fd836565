"""What the engine needs of the world. The stores make these real; what they raise is an `AcError`."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from acconsole.engine.model import RepoHead, Snapshot, User
from acconsole.media.base import Doc, MediaType, Record
from acconsole.media.conversion import Conversion, Tell
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

    def every(self, kind: MediaType) -> AsyncIterator[Doc]:
        """Every doc of a media type, whosever, the deleted ones too, streamed in no order."""

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

    @property
    def limited(self) -> bool:
        """Whether the PDS has rate limits on for us, as its answer to the login told."""

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

    async def blob_limit(self) -> int:
        """How many bytes a blob may have at most; the PDS is asked once. Raises `Unreachable`."""


Moved = Callable[[int, int], None]
"""Takes how many bytes have come, and of how many; 0 where that is not known."""


@dataclass(frozen=True, slots=True)
class Part:
    """Some bytes of an object, from its byte `start` on. `total`: how many the object has."""

    data: bytes = field(repr=False)
    start: int
    total: int


class Objects(Protocol):
    """The site, its object storage, and whatever else a doc names that may be asked.

    Each raises `NoObject` for what is surely not there, or may not be asked, and `BlobError` for any other
    trouble.
    """

    async def fetch(self, source: Source, max_size: int, moved: Moved | None = None) -> bytes:
        """The bytes of an object, no more than `max_size`; `moved` is told as they come."""

    async def part(self, source: Source, start: int | None, length: int) -> Part:
        """`length` bytes from `start` on, or the last ones for None; fewer where the object ends.

        A host that knows of no parts gives the whole object, unless it is too large.
        """

    async def exists(self, source: Source) -> bool | None:
        """Whether the object is there; None when that cannot be told now."""


class Converter(Protocol):
    """What makes videos of tapes, elsewhere than on the event loop: worker processes, or a cluster."""

    async def convert(self, data: bytes, max_size: int, tell: Tell) -> Conversion:
        """A ZIP's bytes as a video of at most `max_size` bytes; `tell` is called on the event loop.

        Cancelling it ends the work. Raises `BlobError` when the ZIP gives no video, takes too long or too
        much memory, or its worker dies; `Unreachable` and `SettingsError` when a cluster is of no use.
        """


class Sourceless(Protocol):
    """What this machine remembers of docs that were found without a source. Nothing here ever raises."""

    async def known(self, kind: MediaType) -> Mapping[str, str]:
        """The digests of these docs as they were then, by ref."""

    async def add(self, kind: MediaType, ref: str, digest: str) -> None:
        """Remember one doc."""

    async def forget(self, kind: MediaType, ref: str) -> None:
        """One doc has a source after all."""

    @property
    def trouble(self) -> str | None:
        """What is wrong with the memory itself, in one sentence; None while it is well."""


def tapes_at_once(workers: int | None = None) -> asyncio.Semaphore:
    """How many tapes may be in memory when so many workers convert them: each has one, and one waits."""
    return asyncio.Semaphore((workers or os.cpu_count() or 1) + 1)


@dataclass(frozen=True, slots=True)
class World:
    """The ports that the engine works with.

    `tape_zip_routes`: records of tapes carry the short address of their ZIP. `tapes_at_once`: whoever holds
    a tape's bytes holds this, so that no more of them are in memory than keep every core busy.
    """

    docs: Docs
    repos: Repos
    objects: Objects
    converter: Converter
    sourceless: Sourceless
    tape_zip_routes: bool = False
    tapes_at_once: asyncio.Semaphore = field(default_factory=tapes_at_once)
