"""What the engine needs of the world. The stores make these real; what they raise is an `AcError`."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from acconsole.engine.budgets import Budgets
from acconsole.engine.clock import Clock
from acconsole.engine.history import Ending, RunRecord, RunSummary
from acconsole.engine.journal import Answer, Beginning, FoundWrite, Holder, SentBatch, Subject
from acconsole.engine.model import RepoHead, Snapshot, User
from acconsole.engine.plan import PutBack
from acconsole.engine.windows import Window
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


class Docs(Protocol):
    """The source of truth: MongoDB."""

    async def ping(self) -> None:
        """Nothing, if it answers; raises `Unreachable`."""

    def users(self) -> AsyncGenerator[User, None]:
        """Every user, the guest account among them, streamed by id."""

    async def user(self, owner: str) -> User | None:
        """One user as it is now, by id; None when there is none."""

    def docs(self, owner: str, kind: MediaType) -> AsyncIterator[Doc]:
        """The owner's docs of a media type, the deleted ones too, streamed in no order."""

    def docs_between(self, first: str, last: str, kind: MediaType) -> AsyncIterator[Doc]:
        """The docs of every owner from one id to another, both included, streamed in no order."""

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

    async def put_back(self, kind: MediaType, changes: Mapping[str, PutBack]) -> set[str]:
        """Give docs back, by ref, what they stored once, where they still store what they did when that was
        decided; returns the refs of those that hold it now.
        """

    async def take_lease(
        self, owner: str, holder: Holder, seconds: float, *, instead_of: str | None = None
    ) -> Holder | None:
        """Hold a user for a part of a run, unless another does whose time is not over: then that is returned.

        `instead_of`: a run that is known to be over, whose hold counts for nothing. Times are the server's.
        """

    async def renew_lease(self, owner: str, run: str, seconds: float, part: str = "") -> bool:
        """Hold a user for longer; False when this part of the run does not hold it any more."""

    async def end_lease(self, owner: str, run: str, part: str = "") -> None:
        """Hold a user no longer; nothing happens when this part of the run does not."""


class RepoSession(Protocol):
    """One user's login: one for each user and run, refreshed when it ages."""

    async def apply_writes(self, writes: Sequence[Write], swap_commit: str) -> Commit:
        """One commit, all or nothing. Raises `Uncertain` and its kin, `BudgetSpent`, `WriteRefused`."""

    async def upload_blob(self, data: bytes, mime: str) -> Record:
        """Store a blob; the answer is the blob as a record names it. Raises `BlobError`."""

    @property
    def limited(self) -> bool:
        """Whether the PDS has rate limits on for us, and has not told yet what they leave this repo."""


@dataclass(frozen=True, slots=True)
class News:
    """Where a repo stands, and the records that came since: new ones, and changed ones as they are now.

    A record whose very value the repo held before, at another rkey, may not be among them.
    """

    commit: Commit
    records: tuple[Record, ...]


@dataclass(frozen=True, slots=True)
class BlobFacts:
    """What the bytes of a blob came to: the CID that they have, how many they are, what they begin like."""

    cid: str
    size: int
    mime: str | None


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

    @property
    def budgets(self) -> Budgets:
        """What the PDS's rate limits leave. Whatever needs more than that raises `BudgetSpent`."""

    async def login(self, user: User) -> RepoSession:
        """The user's session; a second call gives the same one. Raises `AccountError`."""

    def forget(self, user: User) -> None:
        """Let a user's session go; the next `login` makes a new one."""

    async def blob(self, did: str, cid: str) -> bytes:
        """The bytes of a blob. Raises `BlobError` when it is not there."""

    async def look_at_blob(self, did: str, cid: str) -> BlobFacts:
        """What the bytes of a blob are, however many. Raises `BlobError` when it is not there."""

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


class Journal(Protocol):
    """What this machine remembers of runs. Nothing is ever changed in it; it is only added to.

    What is not waited for is written in order, and before the next that is.
    """

    async def begin(self, beginning: Beginning) -> None:
        """Write down that a run begins; a live run's is on the disk when this returns.

        Raises `JournalError`, for a live run.
        """

    def begin_part(self, run: str, subject: Subject) -> None:
        """Write down that a run over many users comes to one of them."""

    def end_part(self, run: str, user: str, attempt: int, ending: Ending, result: Mapping[str, Any]) -> None:
        """Write down how the `attempt`th part with one user of many ended."""

    async def sent(self, batch: SentBatch) -> int:
        """Write down a batch before it is sent, on the disk when this returns; gives the batch's number in
        the journal. Raises `JournalError`: then nothing may be sent.
        """

    def answered(self, batch: int, answer: Answer) -> None:
        """Write down what became of a batch."""

    def linked(self, run: str, user: str, kind: MediaType, rkeys: Mapping[str, str | None]) -> None:
        """Write down the rkeys, by ref, that Mongo was told of; None for one that was cleared."""

    def found(self, run: str, user: str, found: FoundWrite) -> None:
        """Write down an operation that was found done."""

    def note(self, run: str, user: str, what: str, detail: Mapping[str, Any]) -> None:
        """Write down something that was told."""

    def keep_budgets(self, pds: str, windows: Sequence[Window]) -> None:
        """Write down rate-limit windows of a PDS as they stand."""

    async def end(self, run: str, ending: Ending, result: Mapping[str, Any]) -> None:
        """Write down how a run ended; `trouble` tells when that cannot be."""

    async def hold(self, key: str, run: str, seconds: float, part: str = "") -> Holder | None:
        """Hold something for a part of a run, unless another of this machine does: then that is returned.

        A run whose process is gone holds nothing. Raises `JournalError`.
        """

    async def renew(self, key: str, run: str, seconds: float, part: str = "") -> bool:
        """Hold it for longer; False when this part does not hold it any more. Raises `JournalError`."""

    def let_go(self, key: str, run: str, part: str = "") -> None:
        """Hold it no longer; nothing happens when this part does not."""

    async def is_over(self, run: str) -> bool:
        """Whether a run of this machine has ended or died; False for one that is not known here."""

    async def history(self, limit: int | None) -> list[RunSummary]:
        """The newest runs first. Raises `JournalError`."""

    async def record(self, run: str) -> RunRecord:
        """One run in full, by the beginning of its id. Raises `UnknownRun`, `UsageError`, `JournalError`."""

    async def died(self) -> list[RunSummary]:
        """Live runs that died, newest first, and whose users no later live run has finished with."""

    async def budgets(self, pds: str) -> list[Window]:
        """A PDS's windows as they last stood, those that opened within a day. Raises `JournalError`."""

    @property
    def trouble(self) -> str | None:
        """What is wrong with the journal itself, in one sentence; None while it is well."""


class Vault(Protocol):
    """Where backups are kept: folders that only their owner can read, on the machine that has the journal."""

    async def names(self, folder: Path) -> frozenset[str]:
        """The names of the files that are in a folder, if any. Raises `BackupError`."""

    async def put(self, folder: Path, files: Mapping[str, bytes]) -> str:
        """Put files into a folder, in this order; gives where that is.

        They are on the disk and were read back when this returns. Raises `BackupError` when they are not.
        """


class Snapshots(Protocol):
    """Repos as they were last read, kept on this machine. Nothing here ever raises.

    What is kept is checked when it is read: a snapshot that comes back is whole, and of its head's commit.
    """

    async def get(self, host: str, heads: Sequence[RepoHead]) -> Mapping[str, Snapshot]:
        """The repos of a PDS that are kept and stand where these heads do, by DID."""

    async def put(self, host: str, snapshots: Sequence[Snapshot]) -> None:
        """Keep these, each in the place of an earlier one."""

    @property
    def trouble(self) -> str | None:
        """What is wrong with the cache itself, in one sentence; None while it is well."""


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
    snapshots: Snapshots
    journal: Journal
    vault: Vault
    tape_zip_routes: bool = False
    tapes_at_once: asyncio.Semaphore = field(default_factory=tapes_at_once)
    clock: Clock = field(default_factory=Clock)
