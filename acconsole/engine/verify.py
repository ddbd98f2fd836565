"""Verification: each field of each record against what its doc gives now, and whatever else can be checked.

The pairs and their verdicts are those of `match`, so that verify and status cannot disagree. What only this
looks at: every record against its lexicon, every blob that a record names, and, when it is asked for, the
bytes of each blob. A record whose blob turns out wrong is `stale`, for it lacks one that it should have.
Repos are always read anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Collection, Coroutine, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from acconsole.engine import findings, fleet, status
from acconsole.engine.asking import Asking, Waits
from acconsole.engine.findings import Finding
from acconsole.engine.match import Pair
from acconsole.engine.model import OUT_OF_SYNC, Snapshot, User, Verdict, blob_cids
from acconsole.engine.planning import claimed_ref, code_of
from acconsole.engine.ports import BlobFacts, World
from acconsole.engine.status import UserState
from acconsole.engine.tasks import ahead, together
from acconsole.errors import BudgetSpent, Failed
from acconsole.inert import drawn
from acconsole.media.base import MediaType

_NOT_COUNTED = (Verdict.DUPLICATE, Verdict.TOMBSTONE)
"""Records that are beside a doc: it alone is counted, if it is live."""
_SIGNS = {
    Verdict.SYNCED: "=",
    Verdict.MISSING: "+",
    Verdict.UNLINKED: "*",
    Verdict.STALE: "*",
    Verdict.DUPLICATE: "-",
    Verdict.TOMBSTONE: "-",
    Verdict.ORPHAN: "-",
    Verdict.BLOCKED: "!",
}
"""The signs of a combined list, of which there are fewer than verdicts."""
_UNCHECKED = "!"
AHEAD = 8
"""Users whose blobs are looked at while the one before is taken."""

Facts = Mapping[str, BlobFacts | Failed]
"""What was found of blobs, by CID."""
Told = Callable[[int], None]
"""Is told how many blobs have been looked at, as they are."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is not as it should be: `field` of an item, or None where it is the whole item.

    `kind` and `verdict` are None when it is the whole user. `detail` is short, and inert on any screen.
    """

    user: User
    kind: MediaType | None
    ref: str | None
    rkey: str | None
    verdict: Verdict | None
    field: str | None
    detail: str

    def as_json(self) -> dict[str, Any]:
        """The problem as scripts read it."""
        return {
            "handle": self.user.plain_handle,
            "user": self.user.id,
            "type": self.kind.value if self.kind else None,
            "id": self.ref,
            "rkey": self.rkey,
            "verdict": self.verdict.value if self.verdict else None,
            "field": self.field,
            "detail": self.detail,
        }


@dataclass(frozen=True, slots=True)
class Item:
    """One doc with its record, or one of them alone, and its sign in a list of all."""

    sign: str
    kind: MediaType
    ref: str | None
    rkey: str | None


@dataclass(frozen=True, slots=True)
class Report:
    """What verifying one user came to.

    `checked` counts docs and orphaned records. `unchecked`: how many items could not be checked whole.
    `error` says why the repo cannot be read: then nothing is checked.
    """

    user: User
    checked: int
    items: tuple[Item, ...]
    problems: tuple[Problem, ...]
    in_sync: bool
    unchecked: int = 0
    error: str | None = None


async def verify(
    world: World,
    users: Sequence[User] | None,
    kinds: Sequence[MediaType],
    *,
    codes: Collection[str] = (),
    blobs: bool = False,
    told: Told = lambda _: None,
    waits: Waits | None = None,
) -> AsyncGenerator[Report, None]:
    """Check these users, or with None everybody in no order. `codes` narrows it to single docs.

    `blobs`: each blob is fetched too. Raises `Unreachable`, and `BudgetSpent` unless `waits` takes it.
    """
    asking = Asking(world.repos, waits)
    repos = fleet.FreshRepos(world, asking)
    found = fleet.states(world, kinds, repos) if users is None else _named(world, users, kinds, repos)

    async def check(state: UserState) -> Report:
        pairs = chosen(state, codes)
        facts = await _look_at_blobs(world, asking, state, pairs, told) if blobs else {}
        return await asyncio.to_thread(report, state, pairs, facts, codes)

    async def checks() -> AsyncGenerator[Coroutine[Any, Any, Report], None]:
        async with aclosing(found) as states:
            async for state in states:
                yield check(state)

    async with aclosing(ahead(checks(), AHEAD)) as reports:
        async for each in reports:
            yield each


async def _named(
    world: World, users: Sequence[User], kinds: Sequence[MediaType], repos: fleet.FreshRepos
) -> AsyncGenerator[UserState, None]:
    for user in users:
        docs = (status.read_docs(world, user, kind) for kind in kinds)
        look, *owned = await together(repos.read_one(user), *docs)
        yield await status.judged(user, dict(zip(kinds, owned, strict=True)), *look)


def chosen(state: UserState, codes: Collection[str]) -> list[Pair]:
    """The pairs of a user whose repo was read, in a fixed order; `codes` narrows it to single docs."""
    if state.error:
        return []
    pairs = [pair for matched in state.types.values() for pair in matched.pairs]
    return sorted((pair for pair in pairs if not codes or code_of(pair) in codes), key=_order)


def _order(pair: Pair) -> tuple[int, str, str]:
    kinds = tuple(MediaType)
    return kinds.index(pair.kind), ref_of(pair) or "", pair.record.rkey if pair.record else ""


def ref_of(pair: Pair) -> str | None:
    """The doc that a pair is about: its own, or the one that a record alone says it belongs to."""
    return pair.doc.ref if pair.doc else claimed_ref(pair.record.value) if pair.record else None


async def _look_at_blobs(
    world: World, asking: Asking, state: UserState, pairs: Sequence[Pair], told: Told
) -> dict[str, BlobFacts | Failed]:
    """Fetch each blob that these records name, once, and keep no more of it than its facts."""
    if state.snapshot is None:
        return {}
    did = state.snapshot.did
    found: dict[str, BlobFacts | Failed] = {}

    async def look(cid: str) -> None:
        try:
            found[cid] = await asking.for_one(world.repos.look_at_blob, did, cid)
        except BudgetSpent:
            raise
        except Failed as error:
            found[cid] = error
        told(1)

    named = dict.fromkeys(cid for pair in pairs if pair.record for cid in blob_cids(pair.record))
    await together(*map(look, named))
    return found


def report(state: UserState, pairs: Sequence[Pair], facts: Facts, codes: Collection[str] = ()) -> Report:
    """What a user's pairs come to, and the blobs that were looked at. Pure."""
    if state.snapshot is None:
        return _unread(state, codes)
    looked_at = [_looked_at(state.user, pair, state.snapshot, facts) for pair in pairs]
    return Report(
        state.user,
        sum(pair.verdict not in _NOT_COUNTED for pair in pairs),
        tuple(item for item, _, _ in looked_at),
        tuple(problem for _, _, problems in looked_at for problem in problems),
        not any(verdict in OUT_OF_SYNC for _, verdict, _ in looked_at),
        sum(item.sign == _UNCHECKED and verdict is not Verdict.BLOCKED for item, verdict, _ in looked_at),
    )


def _looked_at(
    user: User, pair: Pair, snapshot: Snapshot, facts: Facts
) -> tuple[Item, Verdict, list[Problem]]:
    wrong, unchecked = findings.of_blobs(pair.record, facts) if pair.record else ([], [])
    verdict = pair.verdict
    if wrong and verdict in (Verdict.SYNCED, Verdict.UNLINKED):
        verdict = Verdict.STALE
    ref, rkey = ref_of(pair), pair.record.rkey if pair.record else None
    item = Item(_UNCHECKED if unchecked else _SIGNS[verdict], pair.kind, ref, rkey)
    found = [*findings.of_pair(pair, snapshot), *wrong, *unchecked]
    return item, verdict, [_problem(user, item, verdict, each) for each in found]


def _problem(user: User, item: Item, verdict: Verdict, found: Finding) -> Problem:
    return Problem(user, item.kind, item.ref, item.rkey, verdict, found.field, found.detail)


def _unread(state: UserState, codes: Collection[str]) -> Report:
    """Of who has no repo that can be read, no doc can be checked."""
    items = [
        Item(_UNCHECKED, kind, doc.ref, doc.rkey)
        for kind, docs in state.docs.items()
        for doc in sorted(docs, key=lambda doc: doc.ref)
        if not doc.dead and (not codes or doc.doc.get("code") in codes)
    ]
    error = state.error or "The repo cannot be read."
    problem = Problem(state.user, None, None, None, None, None, drawn(error))
    return Report(state.user, 0, tuple(items), (problem,), in_sync=False, error=error)
