"""Plans kept in a file, to be looked at by others and run later, exactly as they were made.

A saved plan names the commit that it was made from, and holds a digest of each doc that it acts on. Before it
is run, the same plan is made anew: where an operation would now be another one, or none, the plan is stale,
and what changed is named. It holds no secret: a user's password is read when the plan is run.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from acconsole.engine.model import Place, SourceDoc
from acconsole.engine.plan import Operation, Plan
from acconsole.engine.status import UserState
from acconsole.errors import StalePlan, UsageError
from acconsole.media import record
from acconsole.media.base import Blocked, MediaType

FORMAT = 1
NAMED = 5
"""So many changes are named; the rest is counted."""


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """A plan, and the digest of each doc that it acts on, by media type and ref."""

    plan: Plan
    docs: Mapping[Place, str]

    @classmethod
    def of(cls, plan: Plan, state: UserState) -> SavedPlan:
        """A plan that was just made from a state."""
        acted_on = {(op.kind, op.ref) for op in plan.operations}
        found = _docs(state)
        return cls(plan, {key: digest(doc) for key, doc in found.items() if key in acted_on})

    def to_bytes(self) -> bytes:
        """The plan as it is kept in a file."""
        docs = [[kind.value, ref, value] for (kind, ref), value in self.docs.items()]
        content = {"acconsole_plan": FORMAT, "docs": docs, "plan": self.plan.as_json()}
        return json.dumps(content, ensure_ascii=False, indent=1).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> SavedPlan:
        """The plan that `to_bytes` wrote. Raises `UsageError` for anything else."""
        try:
            content = json.loads(data)
            if content["acconsole_plan"] != FORMAT:
                raise UsageError(
                    "The plan was saved by another version of acconsole.", "Make it again: restore --out."
                )
            docs = {(MediaType(kind), str(ref)): str(value) for kind, ref, value in content["docs"]}
            return cls(Plan.from_json(content["plan"]), docs)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise UsageError(
                "The file is no plan, or was changed by hand.",
                "Make one: acconsole restore HANDLE --out FILE.",
            ) from None

    def renewed(self, fresh: Plan, state: UserState) -> Plan:
        """The plan as it may be run now. `fresh` is what would be planned now, from `state`.

        Raises `StalePlan` naming what has changed since it was saved.
        """
        if (self.plan.host, self.plan.user.did) != (fresh.host, fresh.user.did):
            made, here = (f"{plan.user.did} on {plan.host}" for plan in (self.plan, fresh))
            raise StalePlan(f"The plan is for {made}, not {here}.", "Use the profile that it was made with.")
        now = {op.key: op for op in fresh.operations}
        docs = _docs(state)
        changes = [
            _change(op, now.get(op.key), self.docs.get((op.kind, op.ref or "")), docs)
            for op in self.plan.operations
            if now.get(op.key) != op
        ]
        if changes:
            more = f" and {len(changes) - NAMED:,} more" if len(changes) > NAMED else ""
            raise StalePlan(
                f"The plan has gone stale: {'; '.join(changes[:NAMED])}{more}.",
                "Make it again and look at it.",
            )
        return replace(self.plan, user=fresh.user, rev=fresh.rev, commit=fresh.commit, records=fresh.records)


def digest(doc: SourceDoc) -> str:
    """A digest of all that decides what becomes of a doc: what it gives, its rkey, whether it is dead."""
    built = record.compose(doc.kind, doc.doc)
    gives: Any = [built.field, built.reason] if isinstance(built, Blocked) else built.record
    decides = [gives, doc.rkey, doc.dead, doc.hindrance is not None]
    return hashlib.sha256(json.dumps(decides, sort_keys=True).encode("utf-8", "surrogatepass")).hexdigest()


def _docs(state: UserState) -> dict[Place, SourceDoc]:
    return {(kind, doc.ref): doc for kind, docs in state.docs.items() for doc in docs}


def _change(op: Operation, now: Operation | None, was: str | None, docs: Mapping[Place, SourceDoc]) -> str:
    """What became of one operation, for a person."""
    name = f"{op.kind} {op.ref or op.rkey}"
    doc = docs.get((op.kind, op.ref or ""))
    if was is not None and doc is None:
        return f"{name}: its doc is gone"
    if doc is not None and digest(doc) != was:
        return f"{name}: its doc has changed"
    return f"{name}: nothing is to do any more" if now is None else f"{name}: its record has changed"
