"""Taking a run back: the plan of it, from the run's record, its backups, and a fresh look at what is there.

`effects` says what the run came to, `kept` what the backups hold, `returning` what goes back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace

from acconsole.engine import effects, kept, status
from acconsole.engine.effects import DocEffect, RecordEffect
from acconsole.engine.history import Ending, Outcome, RunRecord
from acconsole.engine.journal import Subject
from acconsole.engine.kept import Whose
from acconsole.engine.model import Place, User
from acconsole.engine.plan import Plan, Undone
from acconsole.engine.ports import World
from acconsole.engine.returning import Draft
from acconsole.engine.status import UserState
from acconsole.errors import Refused, UsageError
from acconsole.media.base import Doc, MediaType


def users(record: RunRecord) -> list[str]:
    """The ids of the users to whom a run did something, in its order."""
    if not record.summary.live:
        return []
    touched = {op.user for op in record.operations if op.outcome is not Outcome.NOT_DONE}
    touched |= {note.user for note in record.notes if note.what == "backup"}
    return [subject.id for subject in record.beginning.subjects if subject.id in touched]


def as_user(subject: Subject) -> User:
    """A user of a run, as far as the journal knows."""
    return User(subject.id, handle=subject.name.removeprefix("@"), did=subject.did)


def the_user(record: RunRecord, user_id: str | None) -> str:
    """The user of a run who is meant: the only one where none is named. Raises `UsageError`."""
    ids = [subject.id for subject in record.beginning.subjects]
    if user_id is None and len(ids) != 1:
        count = f"{len(ids):,} users" if ids else "no user"
        raise UsageError(f"Run {record.summary.run} is over {count}.", "It can be undone for one at a time.")
    chosen = ids[0] if user_id is None else user_id
    if chosen not in ids:
        raise UsageError(f"Run {record.summary.run} was not over that user.", "Look at it with `history`.")
    return chosen


async def plan(world: World, record: RunRecord, user: User) -> Plan:
    """The plan that takes back what a run did to a user. Raises `Refused` and `Unreachable`."""
    (subject,) = (each for each in record.beginning.subjects if each.id == user.id)
    _refuse(record, world.repos.host)
    # A later part of a run over many writes into the same folder: each is there once.
    notes = [note for note in record.notes if note.what == "backup" and note.user == user.id]
    folders = list(dict.fromkeys(str(note.detail["path"]) for note in notes))
    whose = Whose(record.summary.run, user.id, subject.did, world.repos.host)
    held = await asyncio.to_thread(kept.read, folders, whose)
    operations = [op for op in record.operations if op.user == user.id]
    records = effects.of_records(operations)
    docs = effects.of_docs(operations, subject.did) + effects.of_clearing(record, held)
    touched = {each.kind for each in records} | {each.kind for each in docs}
    kinds = [kind for kind in MediaType if kind in touched]
    undoes = Undone(record.summary.run, held.folders)
    draft = Plan("undo", user, world.repos.host, None, None, tuple(kinds), (), undoes=undoes)
    if not kinds:
        return draft
    _refuse_another_repo(record, subject, user)
    state = await status.read(world, user, kinds)
    if state.snapshot is None or state.account != "ok":
        return replace(draft, problem=state.error)
    found = await _docs(world, state, [*records, *docs])
    return await asyncio.to_thread(Draft(draft, state, held, found).plan, records, docs)


def _refuse_another_repo(record: RunRecord, subject: Subject, user: User) -> None:
    run, has = record.summary.run, user.did or "none"
    if subject.did != user.did:
        raise Refused(
            f"Run {run} was on the repo {subject.did}; {user.name} has {has} now.",
            "What it did there cannot be taken back here.",
        )


def _refuse(record: RunRecord, host: str) -> None:
    run = record.summary
    if run.pds != host:
        raise Refused(
            f"Run {run.run} was on {run.pds}, not on {host}.", "Use the profile that it was run with."
        )
    if run.ending is Ending.RUNNING and run.live:
        raise Refused(f"Run {run.run} is still going on.", "Stop it, or wait for its end.")


async def _docs(
    world: World, state: UserState, wanted: Iterable[RecordEffect | DocEffect]
) -> dict[Place, Doc]:
    """The docs that the effects are about, whosever they are now."""
    found: dict[Place, Doc] = {
        (kind, each.ref): each.doc for kind, docs in state.docs.items() for each in docs
    }
    missing = {(each.kind, each.ref) for each in wanted if each.ref} - found.keys()
    return found | await status.docs_by_place(world, missing)
