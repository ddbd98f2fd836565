"""What is read of the journal: runs in a line, runs in full, and which of them died.

A run has died when it never came to its end and its process is gone: on this host by its number, else when
its hold on the user has run out.
"""

from __future__ import annotations

import difflib
import json
import os
import sqlite3
import time
from collections import Counter
from typing import Any

from acconsole.engine.history import (
    BatchRecord,
    Ending,
    Note,
    OperationRecord,
    Outcome,
    PartRecord,
    RunRecord,
    RunSummary,
)
from acconsole.engine.journal import Beginning, SentWrite, Subject
from acconsole.engine.plan import Action, Tally
from acconsole.engine.windows import DAY, Scope, Window
from acconsole.errors import UnknownRun, UsageError
from acconsole.media.base import MediaType

GRACE = 60.0
"""Seconds after which a run that holds nothing must have gone further, or is dead."""
_RUNS = "SELECT runs.*, ended, how, result FROM runs LEFT JOIN ends USING (run)"
_UNFINISHED = """
    SELECT runs.*, ended, how, result FROM runs LEFT JOIN ends USING (run)
    WHERE live AND how IS NULL AND EXISTS (
        SELECT 1 FROM users WHERE users.run = runs.run AND NOT EXISTS (
            SELECT 1 FROM users AS same JOIN runs AS later USING (run)
            LEFT JOIN ends AS finished USING (run)
            LEFT JOIN parts ON parts.run = same.run AND parts.user = same.user
            WHERE same.user = users.user AND later.live AND later.began > runs.began
                AND later.pds = runs.pds AND ifnull(parts.how, finished.how) = 'finished'))
        AND NOT EXISTS (
            SELECT 1 FROM runs AS later JOIN ends USING (run)
            WHERE later.live AND ends.how = 'finished'
                AND json_extract(later.options, '$.resumes') = runs.run)
    ORDER BY began DESC, run DESC
"""
"""Live runs without an end, of whose users there is one with whom no later live run has finished; but for
those that a later one has gone on from to its own end, which has told of whoever failed."""


class Reader:
    """Reads through one connection. `host`: the machine's name, whose processes can be looked for."""

    def __init__(self, db: sqlite3.Connection, host: str) -> None:
        db.row_factory = sqlite3.Row
        self._db = db
        self._host = host

    def budgets(self, pds: str) -> list[Window]:
        """A PDS's rate-limit windows as they last stood, those that were written down within a day."""
        rows = self._all(
            """SELECT scope, key, seconds, most, used, resets, max(rowid) FROM budgets
            WHERE pds = ? AND at > ? GROUP BY scope, key, seconds""",
            pds,
            time.time() - DAY,
        )
        return [Window(Scope(row[0]), *row[1:6]) for row in rows]

    def summaries(self, limit: int | None) -> list[RunSummary]:
        """The newest runs first."""
        rows = self._all(f"{_RUNS} ORDER BY began DESC, run DESC LIMIT ?", -1 if limit is None else limit)
        return [self._summary(row) for row in rows]

    def died(self) -> list[RunSummary]:
        """Live runs that died, and whose users no later live run has finished with; the newest first."""
        rows = self._all(_UNFINISHED)
        return [self._summary(row) for row in rows if self._ending(row) is Ending.DIED]

    def is_over(self, run: str) -> bool:
        """Whether a run has ended or died; False for one that is not known."""
        rows = self._all(f"{_RUNS} WHERE run = ?", run)
        return any(self._ending(row) is not Ending.RUNNING for row in rows)

    def record(self, named: str) -> RunRecord:
        """A run in full, by the beginning of its id. Raises `UnknownRun`, `UsageError`."""
        run = self._resolved(named)
        (row,) = self._all(f"{_RUNS} WHERE run = ?", run)
        batches = self._batches(run)
        return RunRecord(
            summary=self._summary(row, batches),
            beginning=self._beginning(row),
            batches=batches,
            cleared=self._cleared(run),
            notes=self._notes(run),
            parts=self._parts(run),
            result=_result(row),
        )

    def _all(self, query: str, *values: Any) -> list[sqlite3.Row]:
        return self._db.execute(query, values).fetchall()

    def _resolved(self, named: str) -> str:
        wanted = named.strip().casefold()
        runs = [row["run"] for row in self._all("SELECT run FROM runs ORDER BY began DESC")]
        fitting = [run for run in runs if wanted and run.startswith(wanted)]
        if wanted in fitting or len(fitting) == 1:
            return wanted if wanted in fitting else fitting[0]
        if fitting:
            raise UsageError(f"Several runs begin with {wanted}.", f"Among them {', '.join(fitting[:5])}.")
        near = difflib.get_close_matches(wanted, runs, 3, 0.5)
        hint = (
            f"Near to it: {', '.join(near)}." if near else "`acconsole history` lists those that there are."
        )
        raise UnknownRun(f"No run goes by {named[:100]}.", hint)

    # -- one run -------------------------------------------------------------------------------------

    def _subjects(self, run: str) -> tuple[Subject, ...]:
        rows = self._all("SELECT user, name, did, rev, head FROM users WHERE run = ? ORDER BY place", run)
        return tuple(Subject(*row) for row in rows)

    def _beginning(self, row: sqlite3.Row) -> Beginning:
        return Beginning(
            run=row["run"],
            began=row["began"],
            action=row["action"],
            live=bool(row["live"]),
            subjects=self._subjects(row["run"]),
            profile=row["profile"],
            login=row["login"],
            host=row["host"],
            pid=row["pid"],
            version=row["version"],
            pds=row["pds"],
            options=json.loads(row["options"]),
        )

    def _summary(self, row: sqlite3.Row, batches: tuple[BatchRecord, ...] | None = None) -> RunSummary:
        run, result = row["run"], _result(row)
        subjects, notes = self._subjects(run), self._notes(run)
        if result:
            done, failed = Tally(**result["done"]), len(result["failed"])
        else:
            done = self._done(run, self._batches(run) if batches is None else batches)
            failed = sum(note.what == "failed" for note in notes)
        backups = [note.detail["path"] for note in notes if note.what == "backup"]
        return RunSummary(
            run=run,
            began=row["began"],
            ended=row["ended"],
            action=row["action"],
            live=bool(row["live"]),
            users=tuple(each.id for each in subjects),
            names=tuple(each.name for each in subjects),
            done=done,
            failed=failed,
            ending=self._ending(row),
            backup=backups[0] if backups else None,
            pds=row["pds"],
        )

    def _done(self, run: str, batches: tuple[BatchRecord, ...]) -> Tally:
        """What was confirmed of a run that came to no result. Uploads are not counted."""
        confirmed = [
            each for batch in batches for each in batch.operations if each.outcome is Outcome.CONFIRMED
        ]
        counts = Counter(each.action.value for each in confirmed)
        counts[Action.RELINK.value] += len(self._cleared(run))
        return Tally(**counts)

    def _ending(self, row: sqlite3.Row) -> Ending:
        if row["how"] is not None:
            return Ending(row["how"])
        if row["host"] == self._host and not _is_alive(row["pid"]):
            return Ending.DIED
        if not row["live"]:
            return Ending.RUNNING
        held = self._all("SELECT at, until FROM leases WHERE run = ? ORDER BY lease DESC LIMIT 1", row["run"])
        latest = max((each["until"] or each["at"] + GRACE for each in held), default=row["began"] + GRACE)
        return Ending.DIED if latest < time.time() else Ending.RUNNING

    def _notes(self, run: str) -> tuple[Note, ...]:
        rows = self._all("SELECT at, user, what, detail FROM notes WHERE run = ? ORDER BY rowid", run)
        return tuple(Note(at, user, what, json.loads(detail)) for at, user, what, detail in rows)

    def _parts(self, run: str) -> tuple[PartRecord, ...]:
        rows = self._all("SELECT user, attempt, at, how, result FROM parts WHERE run = ? ORDER BY rowid", run)
        return tuple(
            PartRecord(user, attempt, at, Ending(how), json.loads(result))
            for user, attempt, at, how, result in rows
        )

    def _links(self, run: str) -> list[tuple[str, str, str | None]]:
        """What Mongo was told: media type, ref and rkey, None for one that was cleared."""
        rows = self._all("SELECT kind, rkeys FROM links WHERE run = ? ORDER BY rowid", run)
        return [(kind, ref, rkey) for kind, rkeys in rows for ref, rkey in json.loads(rkeys).items()]

    def _cleared(self, run: str) -> tuple[tuple[MediaType, str], ...]:
        return tuple((MediaType(kind), ref) for kind, ref, rkey in self._links(run) if rkey is None)

    # -- its batches ---------------------------------------------------------------------------------

    def _batches(self, run: str) -> tuple[BatchRecord, ...]:
        sent = self._all(
            """SELECT batches.*, at, cid, rev, answers.head AS built_on, refusal
            FROM batches LEFT JOIN answers USING (batch) WHERE run = ? ORDER BY batch""",
            run,
        )
        found = self._all("SELECT user, action, kind, rkey, cid FROM found WHERE run = ?", run)
        judge = _Judge(set(self._links(run)), set(map(tuple, found)))
        # From the last to the first: what was sent again had not been done before.
        return tuple(reversed([judge.batch(row) for row in reversed(sent)]))


class _Judge:
    """Says what became of operations. `links` and `found`: what Mongo was told, and what was found done."""

    def __init__(self, links: set[tuple[Any, ...]], found: set[tuple[Any, ...]]) -> None:
        self._links = links
        self._found = found
        self._sent_later: set[tuple[str, str, str, str]] = set()

    def batch(self, row: sqlite3.Row) -> BatchRecord:
        """A batch; those that came after it have been judged before."""
        writes = [SentWrite(Action(action), *rest) for action, *rest in json.loads(row["operations"])]
        operations = tuple(self._operation(row, write) for write in writes)
        self._sent_later |= {(row["user"], write.action, row["kind"], write.rkey) for write in writes}
        return BatchRecord(
            user=row["user"],
            number=row["number"],
            kind=MediaType(row["kind"]),
            sent=row["sent"],
            head=row["built_on"] or row["head"],
            answered=row["at"],
            commit=row["cid"],
            rev=row["rev"],
            refusal=row["refusal"],
            operations=operations,
        )

    def _operation(self, row: sqlite3.Row, write: SentWrite) -> OperationRecord:
        linked = (row["kind"], write.ref, write.rkey) in self._links
        return OperationRecord(
            user=row["user"],
            kind=MediaType(row["kind"]),
            action=write.action,
            ref=write.ref,
            rkey=write.rkey,
            old_cid=write.old_cid,
            new_cid=write.new_cid,
            outcome=self._outcome(row, write, linked),
            linked=linked,
            stored=write.stored,
            link=write.link,
            puts=write.puts,
        )

    def _outcome(self, row: sqlite3.Row, write: SentWrite, linked: bool) -> Outcome:
        if write.action is Action.RELINK:
            return Outcome.CONFIRMED if linked else Outcome.UNKNOWN
        place = (row["user"], write.action, row["kind"], write.rkey)
        if row["cid"] or (*place, write.new_cid) in self._found:
            return Outcome.CONFIRMED
        return Outcome.NOT_DONE if row["refusal"] or place in self._sent_later else Outcome.UNKNOWN


def _result(row: sqlite3.Row) -> dict[str, Any] | None:
    result: dict[str, Any] | None = None if row["result"] is None else json.loads(row["result"])
    return result


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's, and alive
        return True
    return True
