"""What sets a restore, a wipe and an undo apart while they run: how each goes on after doubt, and ends.

All else is the same for the three. A restore and a wipe follow from the docs, and are matched anew; an undo
holds all that it is to do, and asks of each thing only whether it still stands as it did.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from acconsole.engine import planning
from acconsole.engine.cid import record_cid
from acconsole.engine.match import match
from acconsole.engine.model import Place, RepoRecord, Snapshot, SourceDoc, Verdict
from acconsole.engine.plan import Action, Operation, Plan
from acconsole.engine.planning import claimed_ref
from acconsole.engine.returning import CHANGED
from acconsole.media.base import MediaType

Docs = Mapping[MediaType, Sequence[SourceDoc]]
Touched = Mapping[tuple[MediaType, str | None], Sequence[Operation]]


class Restoring:
    """A restore's way. `kinds`: the media types whose docs it is matched with.

    `guards`: a tombstone or orphan stays when its doc turns out to be there. `looks_twice`: when all is done
    it is asked what has come meanwhile. `lists`: what is left out is told item by item. `moot`: why that is
    left out which turns out to be neither done nor to do.
    """

    guards = True
    looks_twice = True
    lists = False
    moot = "nothing is left to do for it"

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self.kinds: Sequence[MediaType] = plan.kinds

    def still_to_do(
        self, pending: Iterable[Operation], docs: Docs, snapshot: Snapshot
    ) -> dict[Place, Operation]:
        """Every operation that a plan made now would hold, by key."""
        found: list[Operation] = []
        for kind, owned in docs.items():
            found += self._of_kind(kind, owned, snapshot)
        return {op.key: op for op in found}

    def _of_kind(self, kind: MediaType, docs: Sequence[SourceDoc], snapshot: Snapshot) -> list[Operation]:
        records = snapshot.records.get(kind, ())
        matched = match(kind, docs, records, snapshot.blobs)
        return planning.restore(matched, docs, records, snapshot.blobs, prune=self._plan.prune)[0]

    def is_done(self, op: Operation, cid: str | None) -> bool:
        """Whether an operation that is no more to do was done; `cid` is what stands at its rkey now."""
        return (cid is not None) is (op.action is not Action.DELETE)

    def may_follow(self, op: Operation) -> bool:
        """Whether it may be sent upon another writer's commit, of which only what is new was read."""
        return op.action is not Action.DELETE

    def more_to_do(self, touched: Touched, docs: Docs, snapshot: Snapshot) -> list[Operation]:
        """What is to do, at the end, for what the run itself has touched."""
        now = self.still_to_do((), docs, snapshot).values()
        return [op for op in now if (op.kind, op.ref) in touched and op.verdict is not Verdict.TOMBSTONE]

    def in_the_way(self, touched: Touched, snapshot: Snapshot) -> list[Operation]:
        """What the run created and is to go again, since another writer's record came beside it."""
        return []


class Wiping(Restoring):
    """A wipe's way: every record goes, and the run is over when they have gone."""

    guards = False
    looks_twice = False

    def _of_kind(self, kind: MediaType, docs: Sequence[SourceDoc], snapshot: Snapshot) -> list[Operation]:
        matched = match(kind, docs, snapshot.records.get(kind, ()), snapshot.blobs)
        return planning.wipe(matched, ())[0]


class Undoing(Restoring):
    """An undo's way: what has changed under it is left as it is, and told."""

    guards = False
    lists = True
    moot = CHANGED

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self.kinds = ()
        self._own: dict[tuple[MediaType, str | None], set[str]] = {}
        for op in plan.operations:
            if op.back is None:
                self._own.setdefault((op.kind, op.ref), set()).add(op.rkey)

    def still_to_do(
        self, pending: Iterable[Operation], docs: Docs, snapshot: Snapshot
    ) -> dict[Place, Operation]:
        standing = {(each.kind, each.rkey): each.cid for each in _records(snapshot)}
        others = self._others(snapshot)
        return {
            op.key: op
            for op in pending
            # What docs store is looked at when it is put back.
            if op.back is not None
            or (standing.get((op.kind, op.rkey)) == op.cid and not self._is_late(op, others))
        }

    def _others(self, snapshot: Snapshot) -> dict[tuple[MediaType, str | None], set[str]]:
        """The rkeys at which records stand of each doc that the undo is about."""
        found: dict[tuple[MediaType, str | None], set[str]] = {}
        for each in _records(snapshot):
            claim = (each.kind, claimed_ref(each.value))
            if claim in self._own:
                found.setdefault(claim, set()).add(each.rkey)
        return found

    def _is_late(self, op: Operation, others: Mapping[tuple[MediaType, str | None], set[str]]) -> bool:
        """Whether a doc whose record is to return has got another one meanwhile."""
        if op.action is not Action.CREATE or op.ref is None:
            return False
        place = (op.kind, op.ref)
        return bool(others.get(place, set()) - self._own[place] - set(op.beside))

    def is_done(self, op: Operation, cid: str | None) -> bool:
        return cid == (None if op.record is None else record_cid(op.record))

    def may_follow(self, op: Operation) -> bool:
        return op.action is Action.CREATE  # which fails as a whole where something stands already

    def more_to_do(self, touched: Touched, docs: Docs, snapshot: Snapshot) -> list[Operation]:
        return []

    def in_the_way(self, touched: Touched, snapshot: Snapshot) -> list[Operation]:
        others = self._others(snapshot)
        return [op for ops in touched.values() for op in ops if self._is_late(op, others)]


def _records(snapshot: Snapshot) -> Iterable[RepoRecord]:
    return (each for found in snapshot.records.values() for each in found)


_WAYS = {"wipe": Wiping, "undo": Undoing}


def way_of(plan: Plan) -> Restoring:
    """The way of a plan's action."""
    return _WAYS.get(plan.action, Restoring)(plan)
