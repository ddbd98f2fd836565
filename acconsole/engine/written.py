"""After a live restore or undo: whether what it wrote is there, by a fresh look at the repo and at Mongo."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from acconsole.engine import findings, status, undone
from acconsole.engine.events import RunResult
from acconsole.engine.match import Pair
from acconsole.engine.model import Verdict
from acconsole.engine.plan import Action, Operation, Plan
from acconsole.engine.ports import World
from acconsole.engine.verify import Problem
from acconsole.errors import AccountError
from acconsole.media.base import MediaType

_BESIDE = (Verdict.DUPLICATE, Verdict.TOMBSTONE, Verdict.ORPHAN)
"""Records that are no live doc's own."""


@dataclass(frozen=True, slots=True)
class Verified:
    """How many operations were looked at afterwards, how many are not as planned, and what is wrong."""

    checked: int
    wrong: int = 0
    problems: tuple[Problem, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """As scripts read it, in the account of a run."""
        return {"checked": self.checked, "problems": [problem.as_json() for problem in self.problems]}


def is_verifiable(result: RunResult) -> bool:
    """Whether a live restore or undo came to its own end, so that all that it had planned should be there."""
    cut_short = result.stopped or any(failure.kind is None for failure in result.failed)
    verified = result.action in ("restore", "undo")
    return result.live and verified and result.planned.items > 0 and not cut_short


async def verify_written(world: World, plan: Plan, result: RunResult) -> Verified:
    """Look whether what a run was to do is done; what it told of as failed or blocked is left out.

    Raises `Unreachable`, and `AccountError` when the repo cannot be read any more.
    """
    operations = _told_done(plan, result)
    if plan.action == "undo":
        not_back = await undone.problems(world, plan.user, operations)
        return Verified(len(operations), len(not_back), tuple(not_back))
    kinds = [kind for kind in plan.kinds if any(op.kind is kind for op in operations)]
    state = await status.read(world, plan.user, kinds, retry_blocked=plan.retry_blocked)
    if state.snapshot is None:
        raise AccountError(state.error or "The repo cannot be read.", state=state.account)
    pairs = _Pairs(pair for matched in state.types.values() for pair in matched.pairs)
    wrong = 0
    problems: list[Problem] = []
    for op in operations:
        pair = pairs.spoilt(op)
        if pair:
            wrong += 1
            found = findings.of_pair(pair, state.snapshot)
            rkey = pair.record.rkey if pair.record else None
            problems += [
                Problem(plan.user, op.kind, op.ref, rkey, pair.verdict, each.field, each.detail)
                for each in found
            ]
    return Verified(len(operations), wrong, tuple(problems))


def _told_done(plan: Plan, result: RunResult) -> list[Operation]:
    left = {(failed.kind, name) for failed in result.failed for name in (failed.ref, failed.rkey) if name}
    left |= {(item.kind, item.ref) for _, item in result.blocked}
    left |= {(item.kind, name) for _, item in result.skipped for name in (item.ref, item.rkey) if name}
    return [op for op in plan.operations if (op.kind, op.ref) not in left and (op.kind, op.rkey) not in left]


class _Pairs:
    """A user's pairs, found by doc and by record."""

    def __init__(self, pairs: Iterable[Pair]) -> None:
        self._by_ref: dict[tuple[MediaType, str | None], Pair] = {}
        self._by_rkey: dict[tuple[MediaType, str], Pair] = {}
        for pair in pairs:
            if pair.doc and pair.verdict is not Verdict.DUPLICATE:
                self._by_ref[pair.kind, pair.doc.ref] = pair
            if pair.record:
                self._by_rkey[pair.kind, pair.record.rkey] = pair

    def spoilt(self, op: Operation) -> Pair | None:
        """The pair by which an operation is not done; None when it is, or its doc died meanwhile."""
        if op.action is Action.DELETE:
            pair = self._by_rkey.get((op.kind, op.rkey))
            return pair if pair and pair.verdict in _BESIDE else None
        pair = self._by_ref.get((op.kind, op.ref))
        return None if pair is None or pair.verdict is Verdict.SYNCED else pair
