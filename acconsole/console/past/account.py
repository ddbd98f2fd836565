"""One run of the past, as lists of entries. Pure: its record in, entries out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from acconsole.engine.history import BatchRecord, Ending, Note, OperationRecord, PartRecord, RunRecord
from acconsole.engine.journal import Subject
from acconsole.engine.plan import Tally


class Section(StrEnum):
    """What of a run is listed."""

    USERS = "users"
    FAILED = "failed"
    BLOCKED = "blocked"
    SKIPPED = "skipped"
    BATCHES = "batches"
    NOTES = "notes"


@dataclass(frozen=True, slots=True)
class Share:
    """A user's part of a run. `ending`: how the last attempt ended; None when none has come to its end."""

    subject: Subject
    ending: Ending | None
    attempts: int
    done: Tally
    failed: int


@dataclass(frozen=True, slots=True)
class Item:
    """A doc or a record that failed, was blocked or was skipped; or a whole user, without a type."""

    section: Section
    user: str
    name: str
    kind: str
    id: str
    reason: str


Entry = Share | Item | BatchRecord | OperationRecord | Note


@dataclass(frozen=True, slots=True)
class Account:
    """A run with its entries. `names`: the users' names by their ids."""

    record: RunRecord
    lists: Mapping[Section, Sequence[Entry]]
    names: Mapping[str, str]

    @classmethod
    def of(cls, record: RunRecord) -> Account:
        subjects = record.beginning.subjects
        known = {subject.name.removeprefix("@"): subject for subject in subjects}
        skipped = record.result.get("skipped", []) if record.result else []
        lists: dict[Section, Sequence[Entry]] = {
            Section.USERS: _shares(record),
            Section.FAILED: [_item(Section.FAILED, each, known) for each in record.failed],
            Section.BLOCKED: [_item(Section.BLOCKED, each, known) for each in record.blocked],
            Section.SKIPPED: [_item(Section.SKIPPED, each, known) for each in skipped],
            Section.BATCHES: _sent(record),
            Section.NOTES: record.notes,
        }
        if not record.parts and len(subjects) == 1:
            del lists[Section.USERS]
        return cls(record, lists, {subject.id: subject.name for subject in subjects})

    def count(self, section: Section) -> int:
        """How many there are of a section; of the batches, their operations left out."""
        return len(self.record.batches) if section is Section.BATCHES else len(self.lists[section])

    @property
    def first(self) -> Section:
        """What is looked at first: what failed, else whom it was about, else what was sent."""
        wanted = (Section.FAILED, Section.USERS, Section.BATCHES, Section.BLOCKED, Section.SKIPPED)
        return next((each for each in wanted if self.lists.get(each)), Section.NOTES)

    @property
    def is_over_many(self) -> bool:
        """Whether it was over many users."""
        return Section.USERS in self.lists


def user_of(entry: Entry) -> str:
    """The id of the user whom an entry is about; empty where that is not known."""
    return entry.subject.id if isinstance(entry, Share) else entry.user


def _sent(record: RunRecord) -> list[Entry]:
    """Each batch, and after it its operations."""
    entries: list[Entry] = []
    for batch in record.batches:
        entries += [batch, *batch.operations]
    return entries


def _shares(record: RunRecord) -> list[Share]:
    parts: dict[str, list[PartRecord]] = defaultdict(list)
    for part in record.parts:
        parts[part.user].append(part)
    return [_share(subject, parts[subject.id]) for subject in record.beginning.subjects]


def _share(subject: Subject, parts: Sequence[PartRecord]) -> Share:
    last = parts[-1] if parts else None
    return Share(
        subject,
        last.ending if last else None,
        len(parts),
        sum((Tally(**part.result["done"]) for part in parts), Tally()),
        len(last.result["failed"]) if last else 0,
    )


def _item(section: Section, told: Mapping[str, Any], known: Mapping[str, Subject]) -> Item:
    name = str(told.get("handle") or "")
    only = next(iter(known.values())) if len(known) == 1 else None
    subject = known.get(name.removeprefix("@"), only)
    field = f"{told['field']}: " if told.get("field") else ""
    return Item(
        section,
        subject.id if subject else "",
        subject.name if subject else name,
        str(told.get("type") or ""),
        str(told.get("id") or told.get("rkey") or ""),
        f"{field}{told.get('reason', '')}",
    )
