"""What a run tells while it runs: frozen events, in the order in which things happened.

A failed item is an event; only what ends the run raises. `Finished` is the last event of every run, of one
that was cancelled too, and holds the whole account.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import Any

from acconsole.engine.plan import BlockedItem, Plan, SkippedItem, Tally
from acconsole.engine.windows import Scope
from acconsole.errors import AcError
from acconsole.media.base import MediaType
from acconsole.media.conversion import Stage

_DETAILS = re.compile(r" \([^()]*\)| did:[a-z]+:[^\s.]+")
"""File names, sizes, DIDs: what differs between failures of one cause."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One item that failed, and why. `kind`, `ref` and `rkey` are None when the whole user failed.

    `again`: another try, some time later, may do better.
    """

    handle: str
    kind: MediaType | None
    ref: str | None
    rkey: str | None
    reason: str
    again: bool = False

    @classmethod
    def of_user(cls, name: str, error: AcError) -> Failure:
        """What keeps a whole user from being worked on."""
        return cls(name, None, None, None, error.message, error.retryable or not error.fatal)

    @property
    def cause(self) -> str:
        """The reason without what is this item's alone: the same for all that fail alike."""
        told = _DETAILS.sub("", self.reason.replace(self.handle, "the user"))
        return told[:1].upper() + told[1:]

    def as_json(self) -> dict[str, Any]:
        kind = self.kind.value if self.kind else None
        handle = self.handle.removeprefix("@")  # as in every other JSON
        return {"handle": handle, "type": kind, "id": self.ref, "rkey": self.rkey, "reason": self.reason}


@dataclass(frozen=True, slots=True)
class Event:
    """The root of the events."""


@dataclass(frozen=True, slots=True)
class Started(Event):
    """The run begins. `live` False: a dry run, in which every write is refused at the leaf."""

    run: str
    plan: Plan
    live: bool


@dataclass(frozen=True, slots=True)
class BackupWritten(Event):
    """What will be deleted or overwritten is safe in this folder, and was read back."""

    path: str


@dataclass(frozen=True, slots=True)
class BatchStarted(Event):
    """A batch is on its way: the `number`th, of one media type, with `size` operations."""

    kind: MediaType
    number: int
    size: int


@dataclass(frozen=True, slots=True)
class BlobStored(Event):
    """The PDS holds a blob. `uploaded` False: the repo had it already and nothing was sent."""

    kind: MediaType
    ref: str
    size: int
    uploaded: bool


@dataclass(frozen=True, slots=True)
class TapeMoved(Event):
    """A tape's video is on its way: the stage, and how far that is (bytes or frames, of how many)."""

    ref: str
    stage: Stage
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class TapeMade(Event):
    """A tape's video is made: sizes in bytes, of the ZIP and of the MP4, and what was odd about it.

    `fitted`: encoded again, coarser, to fit the PDS's limit.
    """

    ref: str
    zip_size: int
    video_size: int
    frames: int
    seconds: float
    fitted: bool
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Committed(Event):
    """A commit is confirmed: what it did, the commit's CID and rev, the seconds that it took."""

    kind: MediaType
    number: int
    done: Tally
    commit: str
    rev: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Found(Event):
    """Operations that turned out done: a lost answer's commit, or another writer's record."""

    kind: MediaType
    done: Tally


@dataclass(frozen=True, slots=True)
class Linked(Event):
    """Mongo holds the rkeys of `count` docs; `relinked` of them were relinks of the plan."""

    kind: MediaType
    count: int
    relinked: int


@dataclass(frozen=True, slots=True)
class Withheld(Event):
    """A dry run reached the leaf with these operations, and nothing was written."""

    kind: MediaType
    held: Tally


@dataclass(frozen=True, slots=True)
class Dropped(Event):
    """Operations with nothing left to do: the doc was deleted, or the record is gone. Not failures."""

    kind: MediaType
    count: int
    reason: str


@dataclass(frozen=True, slots=True)
class ItemFailed(Event):
    """One item failed; the others go on."""

    failure: Failure


@dataclass(frozen=True, slots=True)
class ItemBlocked(Event):
    """A planned item turned out to be blocked when the run came to it."""

    item: BlockedItem


@dataclass(frozen=True, slots=True)
class Reread(Event):
    """The repo was read again, because of `reason`; `to_do` operations are left.

    `failed`: the PDS failed or its answer was lost; else the repo had only moved.
    """

    reason: str
    to_do: int
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Waiting(Event):
    """The run waits, until an epoch time, for `reason`. `failed`: something does not answer."""

    until: float
    reason: str
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Budget(Event):
    """A rate-limit window as it stands: `remaining` of `limit` in `seconds`, reset at an epoch time."""

    scope: Scope
    limit: int
    remaining: int
    seconds: int
    reset: float

    @property
    def used(self) -> int:
        return self.limit - self.remaining


@dataclass(frozen=True, slots=True)
class Bypassed(Event):
    """The PDS's rate limits do not hold for this run: it has taken the bypass key."""


@dataclass(frozen=True, slots=True)
class RunResult:
    """The whole account of a run. `done` is what was confirmed, never what was planned."""

    run: str
    action: str
    live: bool
    planned: Tally
    done: Tally
    failed: tuple[Failure, ...] = ()
    blocked: tuple[tuple[str, BlockedItem], ...] = ()
    skipped: tuple[tuple[str, SkippedItem], ...] = ()
    pds_requests: int = 0
    points: int = 0
    seconds: float = 0.0
    backup: str | None = None
    stopped: bool = False
    resume_at: float | None = None

    def as_json(self) -> dict[str, Any]:
        """The run as scripts read it."""
        result = {
            "run": self.run,
            "action": self.action,
            "mode": "live" if self.live else "dry-run",
            "planned": self.planned.as_json(),
            "done": self.done.as_json(),
            "failed": [failure.as_json() for failure in self.failed],
            "blocked": [
                {
                    "handle": handle.removeprefix("@"),
                    "type": item.kind.value,
                    "id": item.ref,
                    "field": item.field,
                    "reason": item.reason,
                }
                for handle, item in self.blocked
            ],
            "skipped": [item.as_json(handle.removeprefix("@")) for handle, item in self.skipped],
            "pds_requests": self.pds_requests,
            "points": self.points,
            "seconds": round(self.seconds, 3),
            "backup": self.backup,
            "stopped": self.stopped,
        }
        return result if self.resume_at is None else {**result, "resume_at": self.resume_at}


@dataclass(frozen=True, slots=True)
class Finished(Event):
    """The run is over: the account of it."""

    result: RunResult


class Stop:
    """The way to stop a run, or to hold it up: after the batches that are on their way.

    Set by a front end, from the event loop's own thread; read by the engine.
    """

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self._going = asyncio.Event()
        self._going.set()

    @property
    def requested(self) -> bool:
        return self._event.is_set()

    def request(self) -> None:
        """Ask the run to stop."""
        self._event.set()
        self._going.set()

    @property
    def paused(self) -> bool:
        return not self._going.is_set()

    def pause(self) -> None:
        """Let the run begin nothing new until it is resumed; one that is to stop is not held up."""
        if not self.requested:
            self._going.clear()

    def resume(self) -> None:
        """Let the run go on."""
        self._going.set()

    async def while_paused(self) -> bool:
        """Wait until the run may go on; whether that took any waiting."""
        paused = self.paused
        await self._going.wait()
        return paused

    async def wait(self) -> None:
        """Until the run is asked to stop."""
        await self._event.wait()
