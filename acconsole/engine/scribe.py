"""The scribe: writes a run down in the journal as it goes.

Of a dry run there is its beginning and its end, for it is a run like any other; it sends nothing, so that
nothing else is worth a word, and it goes on where there is no journal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from acconsole.engine import events
from acconsole.engine.batches import Ready
from acconsole.engine.events import Event, RunResult
from acconsole.engine.history import Ending
from acconsole.engine.journal import Answer, Beginning, FoundWrite, SentBatch, SentWrite, Subject
from acconsole.engine.plan import Action, Operation
from acconsole.engine.ports import Commit, Journal, Link
from acconsole.engine.stored import NOTHING, stored_in
from acconsole.media.base import Doc, MediaType

RELINKS = 0
"""The number of what goes to Mongo alone; batches to the PDS are counted from 1."""


class Scribe:
    """One run's way to the journal, over one user.

    `part`: the user is one of many in the run, whose own beginning and end are written down elsewhere; it
    tells the how manieth time the run comes to the user.
    """

    def __init__(
        self, journal: Journal, beginning: Beginning, subject: Subject, part: int | None = None
    ) -> None:
        self._journal = journal
        self._beginning = beginning
        self._run = beginning.run
        self._subject = subject
        self._user = subject.id
        self._part = part
        self._stored: dict[tuple[MediaType, str | None], str] = {}

    async def begin(self) -> None:
        """Write down that the run, or this user's part, begins. Raises `JournalError`, for a live run."""
        if self._part is None:
            await self._journal.begin(self._beginning)
        elif self._beginning.live:
            self._journal.begin_part(self._run, self._subject)

    async def end(self, ending: Ending, result: RunResult) -> None:
        """Write down how the run, or this user's part, ended; never raises."""
        if self._part is None:
            await self._journal.end(self._run, ending, result.as_json())
        elif self._beginning.live:
            self._journal.end_part(self._run, self._user, self._part, ending, result.as_json())

    # -- what is written to the PDS and to Mongo -----------------------------------------------------

    def saw(self, kind: MediaType, docs: Mapping[str, Doc]) -> None:
        """Keep in mind what these docs store, which the run may overwrite."""
        for ref, doc in docs.items():
            self._stored[kind, ref] = stored_in(doc)

    async def sending(self, kind: MediaType, number: int, head: str, batch: Sequence[Ready]) -> int:
        """Write down a batch before it is sent; gives its number in the journal. Raises `JournalError`."""
        writes = [self._write(each.operation, each.removes, each.adds) for each in batch]
        return await self._journal.sent(SentBatch(self._run, self._user, number, kind, head, tuple(writes)))

    async def relinking(self, operations: Sequence[Operation]) -> None:
        """Write down relinks that Mongo is about to be told of. Raises `JournalError`."""
        for kind in MediaType:
            writes = tuple(self._write(op, op.cid, op.cid) for op in operations if op.kind is kind)
            if writes:
                await self._journal.sent(SentBatch(self._run, self._user, RELINKS, kind, None, writes))

    def _write(self, op: Operation, old: str | None, new: str | None) -> SentWrite:
        seen = self._stored.pop((op.kind, op.ref), NOTHING)
        stored = op.back.now if op.back else seen
        puts = op.back.then if op.back else None
        known = None if stored == NOTHING else stored
        return SentWrite(op.action, op.ref, op.rkey, old, new, op.link, known, puts)

    def committed(self, batch: int, commit: Commit, head: str) -> None:
        """A batch was carried out, upon this head at last."""
        self._journal.answered(batch, Answer(commit.cid, commit.rev, head))

    def refused(self, batch: int, reason: str) -> None:
        """The PDS would not have a batch."""
        self._journal.answered(batch, Answer(refusal=reason))

    def linked(self, kind: MediaType, links: Sequence[Link]) -> None:
        """Mongo holds these rkeys."""
        self._journal.linked(self._run, self._user, kind, {link.ref: link.rkey for link in links})

    def put_back(self, operations: Sequence[Operation]) -> None:
        """Mongo stores again what these docs stored before."""
        for kind in dict.fromkeys(op.kind for op in operations):
            rkeys = {op.ref or "": op.rkey for op in operations if op.kind is kind}
            self._journal.linked(self._run, self._user, kind, rkeys)

    def cleared(self, kind: MediaType, refs: Sequence[str]) -> None:
        """Mongo holds rkeys of these docs no more."""
        self._journal.linked(self._run, self._user, kind, dict.fromkeys(refs))

    def found(self, op: Operation, cid: str | None) -> None:
        """An operation turned out done; a record stands with `cid`, or none after a delete."""
        standing = None if op.action is Action.DELETE else cid
        write = FoundWrite(op.action, op.kind, op.ref, op.rkey, standing)
        self._journal.found(self._run, self._user, write)

    # -- what is told --------------------------------------------------------------------------------

    def take(self, event: Event) -> None:
        """One event, as it is told: what explains a run afterwards is written down."""
        if self._beginning.live and (noted := _noted(event)):
            self._journal.note(self._run, self._user, *noted)


def _noted(event: Event) -> tuple[str, dict[str, Any]] | None:
    match event:
        case events.ItemFailed(failure=failure):
            return "failed", failure.as_json()
        case events.ItemBlocked(item=item):
            kind = {"type": item.kind.value, "id": item.ref}
            return "blocked", {**kind, "field": item.field, "reason": item.reason}
        case events.BackupWritten(path=path):
            return "backup", {"path": path}
        case events.Waiting(until=until, reason=reason):
            return "waiting", {"until": until, "reason": reason}
        case events.Reread(reason=reason, to_do=left):
            return "reread", {"reason": reason, "to_do": left}
        case events.Dropped(kind=kind_of, count=count, reason=reason):
            return "dropped", {"type": kind_of.value, "count": count, "reason": reason}
        case _:
            return None
