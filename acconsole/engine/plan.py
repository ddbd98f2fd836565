"""Plans: what a run would do, from one snapshot and one read of Mongo. Immutable and serialisable."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

from acconsole.engine.model import User, Verdict
from acconsole.media.base import MediaType, Record
from acconsole.media.tapes import VIDEO


class Action(StrEnum):
    """What one operation does. A relink writes to Mongo only."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    RELINK = "relink"

    @property
    def points(self) -> int:
        """What the operation costs of the PDS's budget for repo writes."""
        return _POINTS[self]


_POINTS = {Action.CREATE: 3, Action.UPDATE: 2, Action.DELETE: 1, Action.RELINK: 0}


@dataclass(frozen=True, slots=True)
class PutBack:
    """What a doc stores `now`, and what it stored before and is to store `then`; texts as in `stored`."""

    now: str
    then: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing to do. `ref` is the doc's, or what an orphan claims; `cid` is the record's as it stands.

    `record` is what will be written, without the blobs named in `blobs`, which are made when it is written.
    `link`: the doc is to store `rkey` when the record is there. `fields`: why an update is needed.

    An undo's are `exact`: `record` is written just as it is, and `blobs` names those of its blobs that the
    repo lacks. `beside`: rkeys of further records of its doc that may stay. `back`, of a relink: what the doc
    is to store.
    """

    action: Action
    kind: MediaType
    verdict: Verdict
    ref: str | None
    rkey: str
    cid: str | None = None
    record: Record | None = None
    blobs: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    link: bool = False
    exact: bool = False
    beside: tuple[str, ...] = ()
    back: PutBack | None = None

    @property
    def key(self) -> tuple[MediaType, str]:
        """What the operation is about: its doc, or for a delete its record. Unique in a plan."""
        of_record = self.action is Action.DELETE or (self.exact and self.back is None)
        return (self.kind, self.rkey if of_record else f"doc {self.ref}")


@dataclass(frozen=True, slots=True)
class BlockedItem:
    """A doc that a plan leaves out, and why."""

    kind: MediaType
    ref: str
    field: str
    reason: str


@dataclass(frozen=True, slots=True)
class SkippedItem:
    """A record, or a doc's stored rkey, that an undo leaves as it is, and why."""

    kind: MediaType
    ref: str | None
    rkey: str
    reason: str

    def as_json(self, handle: str) -> dict[str, str | None]:
        """As scripts read it; `handle` is its user's."""
        kind = self.kind.value
        return {"handle": handle, "type": kind, "id": self.ref, "rkey": self.rkey, "reason": self.reason}


@dataclass(frozen=True, slots=True)
class Undone:
    """The run that an undo takes back, and the folders of its backups, which hold blobs."""

    run: str
    folders: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tally:
    """Numbers of operations by what they do; `blobs` counts uploads."""

    create: int = 0
    update: int = 0
    delete: int = 0
    relink: int = 0
    blobs: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(**{name: count + getattr(other, name) for name, count in asdict(self).items()})

    @property
    def items(self) -> int:
        """Operations, uploads left out."""
        return self.create + self.update + self.delete + self.relink

    @property
    def points(self) -> int:
        """What the operations cost of the PDS's budget for repo writes."""
        return sum(action.points * getattr(self, action.value) for action in Action)

    def as_json(self) -> dict[str, int]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Plan:
    """What one run would do to one user. `rev` and `commit` name the snapshot; both None without a repo.

    `deletes_capped` leaves duplicates out: only these count against `--max-deletes`.
    `problem` says why nothing can be done to this user, else None: no account, or one that is not active.
    `unlink` holds, for a wipe, the refs of the docs whose stored rkeys are cleared at the end.
    `retry_blocked`: docs that were found without a source are tried again. `blob_limit`: the bytes that the
    PDS takes of a blob, None in a plan that makes no video. An undo names what it `undoes`, and what of it is
    `skipped` since it has changed.
    """

    action: str
    user: User
    host: str
    rev: str | None
    commit: str | None
    kinds: tuple[MediaType, ...]
    operations: tuple[Operation, ...]
    blocked: tuple[BlockedItem, ...] = ()
    unlink: tuple[tuple[MediaType, str], ...] = ()
    records: int = 0
    prune: bool = False
    problem: str | None = None
    retry_blocked: bool = False
    blob_limit: int | None = None
    undoes: Undone | None = None
    skipped: tuple[SkippedItem, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not self.operations and not self.unlink

    def tally(self, kind: MediaType | None = None) -> Tally:
        """What is planned, of one media type or of all. A wipe's cleared rkeys count as relinks."""
        chosen = [op for op in self.operations if kind in (None, op.kind)]
        count = Counter(op.action.value for op in chosen)
        count["relink"] += sum(kind in (None, cleared) for cleared, _ in self.unlink)
        return Tally(**count, blobs=sum(len(op.blobs) for op in chosen))

    def narrowed(self, kinds: Collection[MediaType]) -> Plan:
        """What of the plan is about these media types; `records` stays the user's number."""
        return replace(
            self,
            kinds=tuple(kind for kind in self.kinds if kind in kinds),
            operations=tuple(op for op in self.operations if op.kind in kinds),
            blocked=tuple(item for item in self.blocked if item.kind in kinds),
            unlink=tuple((kind, ref) for kind, ref in self.unlink if kind in kinds),
            skipped=tuple(item for item in self.skipped if item.kind in kinds),
        )

    @property
    def points(self) -> int:
        """What the plan costs of the PDS's budget for repo writes."""
        return sum(op.action.points for op in self.operations)

    @property
    def videos(self) -> int:
        """How many videos are made, which takes longer than all else."""
        return sum(VIDEO.field in op.blobs and not op.exact for op in self.operations)

    @property
    def deletes_capped(self) -> int:
        return sum(
            op.action is Action.DELETE and op.verdict is not Verdict.DUPLICATE for op in self.operations
        )

    @property
    def destroys(self) -> bool:
        """Whether a record is deleted or overwritten, so that a backup must be written first."""
        return any(op.action in (Action.DELETE, Action.UPDATE) for op in self.operations) or bool(self.unlink)

    def as_json(self) -> dict[str, Any]:
        """The plan as JSON, without any secret."""
        user = {name: getattr(self.user, name) for name in ("id", "handle", "pds_handle", "did", "code")}
        return {**asdict(self), "user": user}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Plan:
        """The plan that `as_json` wrote. Raises `KeyError`, `TypeError` or `ValueError` for anything else."""
        return cls(
            **{
                **data,
                "user": User(**data["user"]),
                "kinds": tuple(MediaType(kind) for kind in data["kinds"]),
                "operations": tuple(_operation(each) for each in data["operations"]),
                "blocked": tuple(
                    BlockedItem(**{**each, "kind": MediaType(each["kind"])}) for each in data["blocked"]
                ),
                "unlink": tuple((MediaType(kind), ref) for kind, ref in data["unlink"]),
                "undoes": _undone(data.get("undoes")),
                "skipped": tuple(
                    SkippedItem(**{**each, "kind": MediaType(each["kind"])})
                    for each in data.get("skipped", ())
                ),
            }
        )


def _undone(data: dict[str, Any] | None) -> Undone | None:
    return Undone(data["run"], tuple(data["folders"])) if data else None


def _operation(data: dict[str, Any]) -> Operation:
    back = data.get("back")
    return Operation(
        **{
            **data,
            "action": Action(data["action"]),
            "kind": MediaType(data["kind"]),
            "verdict": Verdict(data["verdict"]),
            "blobs": tuple(data["blobs"]),
            "fields": tuple(data["fields"]),
            "beside": tuple(data.get("beside", ())),
            "back": PutBack(**back) if back else None,
        }
    )


def tally(operations: Sequence[Operation]) -> Tally:
    """Operations by what they do; uploads are not counted here."""
    counts = {action.value: 0 for action in Action}
    for op in operations:
        counts[op.action.value] += 1
    return Tally(**counts)
