"""Runs of the past, as they are read of the journal.

A batch is written down before it is sent and answered after, so that a run that died in between leaves a
batch without an answer. That is how a `RunRecord` is read by whoever goes on from a run or takes it back:

    record = await engine.run_record(run)
    for each in record.operations:    # in the order in which they were sent
        each.outcome                  # CONFIRMED, NOT_DONE (surely not), or UNKNOWN: look in the repo
        each.action, each.kind, each.ref, each.rkey
        each.old_cid, each.new_cid    # the record before and after; None where there is none
        each.linked                   # Mongo was surely told of `rkey` by this run …
        each.stored                   # … and stored this before it, as JSON of `atproto` and `at`, or None
        each.link                     # Mongo was to be told of `rkey`, whether or not it surely was …
        each.puts                     # … or to store this, in an undo, as it did before some other run
    record.cleared                    # the docs whose stored rkeys a wipe took away; the backup has them
    record.backups                    # the folders with the old records and blobs, by `rkey` and `old_cid`

A relink has no batch on the PDS: its `outcome` is CONFIRMED once Mongo holds it. One doc may occur several
times, when a record was written and taken back; its first `stored` is what was there before the run. Unknown
is not lost: where a record stands at `rkey` with `new_cid`, it was written, by this run or by one that did
the same, for both follow from the doc alone. The journal is a guide, never the truth: that is in Mongo and on
the PDS.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

from acconsole.engine.journal import Beginning
from acconsole.engine.plan import Action, Tally
from acconsole.media.base import MediaType


class Ending(StrEnum):
    """How a run ended, or that it goes on. `failed`: by an error; single items may fail in a finished one."""

    RUNNING = "running"
    FINISHED = "finished"
    STOPPED = "stopped"
    FAILED = "failed"
    DIED = "died"


class Outcome(StrEnum):
    """What became of an operation that was sent."""

    CONFIRMED = "confirmed"
    NOT_DONE = "not-done"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class RunSummary:
    """A run in a line. `done` is what was confirmed, also in a run that never came to its end."""

    run: str
    began: float
    ended: float | None
    action: str
    live: bool
    users: tuple[str, ...]
    names: tuple[str, ...]
    done: Tally
    failed: int
    ending: Ending
    backup: str | None
    pds: str

    @property
    def who(self) -> str:
        """The user's name, or how many users they were."""
        return self.names[0] if len(self.names) == 1 else f"{len(self.names):,} users"

    @property
    def mode(self) -> str:
        return "live" if self.live else "dry-run"

    def as_json(self) -> dict[str, Any]:
        """The run as scripts read it."""
        return {
            "run": self.run,
            "began": round(self.began, 3),
            "ended": None if self.ended is None else round(self.ended, 3),
            "action": self.action,
            "mode": self.mode,
            "handles": [name.removeprefix("@") for name in self.names],
            "done": self.done.as_json(),
            "failed": self.failed,
            "how": self.ending.value,
            "backup": self.backup,
            "pds": self.pds,
        }


@dataclass(frozen=True, slots=True)
class OperationRecord:
    """One operation that was sent, and what became of it; see the top of this file."""

    user: str
    kind: MediaType
    action: Action
    ref: str | None
    rkey: str
    old_cid: str | None
    new_cid: str | None
    outcome: Outcome
    linked: bool
    stored: str | None
    link: bool = False
    puts: str | None = None


@dataclass(frozen=True, slots=True)
class BatchRecord:
    """A batch with its answer, if it had one. `head` is the commit that it was built on, at last."""

    user: str
    number: int
    kind: MediaType
    sent: float
    head: str | None
    answered: float | None
    commit: str | None
    rev: str | None
    refusal: str | None
    operations: tuple[OperationRecord, ...]

    def as_json(self) -> dict[str, Any]:
        batch = {name: value for name, value in asdict(self).items() if name not in ("kind", "operations")}
        of_batch = ("user", "kind")
        operations = [
            {name: value for name, value in asdict(each).items() if name not in of_batch}
            for each in self.operations
        ]
        return {**batch, "type": self.kind.value, "operations": operations}


@dataclass(frozen=True, slots=True)
class Note:
    """Something that was told while a run went on: failed, blocked, backup, waiting, reread, dropped."""

    at: float
    user: str
    what: str
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PartRecord:
    """How a run over many users ended with one of them, the `attempt`th time that it came there."""

    user: str
    attempt: int
    ended: float
    ending: Ending
    result: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run in full. `result` is what `--json` printed at its end; None when it never came to one.

    `parts` is empty for a run over a single user.
    """

    summary: RunSummary
    beginning: Beginning
    batches: tuple[BatchRecord, ...]
    cleared: tuple[tuple[MediaType, str], ...]
    notes: tuple[Note, ...]
    parts: tuple[PartRecord, ...]
    result: Mapping[str, Any] | None

    @property
    def operations(self) -> list[OperationRecord]:
        """Every operation that was sent, in order."""
        return [each for batch in self.batches for each in batch.operations]

    @property
    def confirmed(self) -> list[OperationRecord]:
        """Those that were surely carried out."""
        return [each for each in self.operations if each.outcome is Outcome.CONFIRMED]

    def by_user(self) -> dict[str, RunRecord]:
        """The record of each user of the run alone, by the user's id."""
        batches: dict[str, list[BatchRecord]] = defaultdict(list)
        notes: dict[str, list[Note]] = defaultdict(list)
        for batch in self.batches:
            batches[batch.user].append(batch)
        for note in self.notes:
            notes[note.user].append(note)
        return {
            subject.id: replace(
                self,
                beginning=replace(self.beginning, subjects=(subject,)),
                batches=tuple(batches[subject.id]),
                notes=tuple(notes[subject.id]),
            )
            for subject in self.beginning.subjects
        }

    def noted(self, what: str) -> list[Mapping[str, Any]]:
        """What was told of one sort."""
        return [note.detail for note in self.notes if note.what == what]

    @property
    def failed(self) -> list[Mapping[str, Any]]:
        return list(self.result["failed"]) if self.result else self.noted("failed")

    @property
    def blocked(self) -> list[Mapping[str, Any]]:
        return list(self.result["blocked"]) if self.result else self.noted("blocked")

    @property
    def backups(self) -> list[str]:
        """The folders of its backups, each once."""
        return list(dict.fromkeys(str(each["path"]) for each in self.noted("backup")))

    def as_json(self) -> dict[str, Any]:
        """The run as scripts read it."""
        began = self.beginning
        names = ("profile", "login", "host", "pid", "version")
        return {
            **self.summary.as_json(),
            **{name: getattr(began, name) for name in names},
            "options": dict(began.options),
            "users": [asdict(subject) for subject in began.subjects],
            "batches": [batch.as_json() for batch in self.batches],
            "cleared": [{"type": kind.value, "id": ref} for kind, ref in self.cleared],
            "failed": [dict(each) for each in self.failed],
            "blocked": [dict(each) for each in self.blocked],
            "notes": [asdict(note) for note in self.notes],
            "result": None if self.result is None else dict(self.result),
        }
