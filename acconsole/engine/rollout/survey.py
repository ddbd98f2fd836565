"""Looking at everybody whom a rollout is about, and saying what there is to do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import aclosing
from dataclasses import asdict, dataclass, field
from typing import Any

from acconsole.engine import fleet
from acconsole.engine.asking import Asking, Waits
from acconsole.engine.draft import Choice, restore_plan
from acconsole.engine.model import User
from acconsole.engine.outlook import Cost
from acconsole.engine.plan import BlockedItem, Plan, SkippedItem, Tally
from acconsole.engine.ports import World
from acconsole.media.base import MediaType

FEW = 64
"""So many users are read one by one; of more, neighbours are read together."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Whom a rollout is about, and what of them: everybody, or the users with these ids; the first `limit`.

    `prune`: tombstones and orphans too. `retry_blocked`: docs found without a source are tried again.
    """

    kinds: tuple[MediaType, ...] = tuple(MediaType)
    users: tuple[str, ...] | None = None
    limit: int | None = None
    prune: bool = False
    retry_blocked: bool = False

    @property
    def choice(self) -> Choice:
        """What is wanted of each user."""
        return Choice(self.kinds, prune=self.prune, retry_blocked=self.retry_blocked)

    def as_json(self) -> dict[str, Any]:
        """As the journal keeps it among a run's options."""
        kept = {name: value for name, value in asdict(self).items() if name != "kinds"}
        return {**kept, "types": [kind.value for kind in self.kinds]}

    @classmethod
    def from_json(cls, options: Mapping[str, Any]) -> Scope:
        """What `as_json` wrote, from among a run's options. Raises `KeyError`, `TypeError`, `ValueError`."""
        users = options["users"]
        return cls(
            tuple(MediaType(kind) for kind in options["types"]),
            None if users is None else tuple(users),
            options["limit"],
            bool(options["prune"]),
            bool(options["retry_blocked"]),
        )


@dataclass(frozen=True, slots=True)
class Share:
    """What there is to do for one user: operations by media type, and how many of their videos are made.

    `capped`: deletes that count against a limit; `records`: how many the user has.
    """

    user: User
    tallies: Mapping[MediaType, Tally]
    videos: int
    capped: int
    records: int

    @classmethod
    def of(cls, plan: Plan) -> Share:
        tallies = {kind: tally for kind in plan.kinds if (tally := plan.tally(kind)).items}
        return cls(plan.user, tallies, plan.videos, plan.deletes_capped, plan.records)

    @property
    def tally(self) -> Tally:
        return sum(self.tallies.values(), Tally())


@dataclass(slots=True)
class Survey:
    """What a look at everybody came to.

    `shares`: the users with something to do, in the order of their turn. `left_out`: those for whom nothing
    can be done, and why. `blocked`: docs that are left out, with their owners' names; so are those `skipped`
    by an undo of the run `undoes`.
    """

    scope: Scope
    host: str
    looked: int = 0
    in_sync: int = 0
    shares: list[Share] = field(default_factory=list)
    left_out: list[tuple[User, str]] = field(default_factory=list)
    blocked: list[tuple[str, BlockedItem]] = field(default_factory=list)
    skipped: list[tuple[str, SkippedItem]] = field(default_factory=list)
    undoes: str | None = None

    @property
    def action(self) -> str:
        return "undo" if self.undoes else "rollout"

    def take(self, plan: Plan, *, has_docs: bool) -> None:
        """One more user, by what would be planned. Who has no docs and no repo is in sync."""
        self.looked += 1
        user = plan.user
        self.blocked += [(user.name, item) for item in plan.blocked]
        self.skipped += [(user.name, item) for item in plan.skipped]
        if plan.problem and has_docs:
            self.left_out.append((user, plan.problem))
        elif plan.is_empty:
            self.in_sync += 1
        else:
            self.shares.append(Share.of(plan))

    def tally(self, kind: MediaType | None = None) -> Tally:
        """What there is to do, of one media type or of all."""
        return sum(
            (tally for share in self.shares for each, tally in share.tallies.items() if kind in (None, each)),
            Tally(),
        )

    @property
    def points(self) -> int:
        """What it costs of the users' budgets for repo writes, all together."""
        return self.tally().points

    def costs(self) -> Iterator[Cost]:
        """What each user costs of the PDS's budgets, for an outlook."""
        for share in self.shares:
            tally = share.tally
            yield Cost(share.user.did or "", tally.points, tally.blobs, tally.items, share.videos)

    @property
    def deletes(self) -> int:
        """Deletes that count against each user's limit, all together."""
        return sum(share.capped for share in self.shares)


Told = Callable[[Survey], None]
"""Is told of a survey as it grows."""


async def survey(world: World, scope: Scope, told: Told, waits: Waits | None = None) -> Survey:
    """Look at everybody in the scope; only repos that have moved are read. Raises as `fleet.scan`."""
    made, retry = Survey(scope, world.repos.host), scope.retry_blocked
    repos = fleet.KeptRepos(world, Asking(world.repos, waits), await fleet.Heads.of(world.repos))
    async with aclosing(fleet.states(world, scope.kinds, repos, _groups(world, scope), retry)) as found:
        async for state in found:
            plan = await asyncio.to_thread(restore_plan, state, made.host, scope.choice)
            made.take(plan, has_docs=any(not doc.dead for docs in state.docs.values() for doc in docs))
            told(made)
    return made


def _groups(world: World, scope: Scope) -> AsyncGenerator[list[User], None]:
    few = scope.users is not None and len(scope.users) <= FEW
    return fleet.groups(_chosen(world, scope), 1 if few else fleet.GROUP)


async def _chosen(world: World, scope: Scope) -> AsyncGenerator[User, None]:
    """The users of a scope, in the order of their ids."""
    wanted = None if scope.users is None else frozenset(scope.users)
    count = 0
    async with aclosing(world.docs.users()) as users:
        async for user in users:
            if wanted is not None and user.id not in wanted:
                continue
            if scope.limit is not None and count >= scope.limit:
                return
            count += 1
            yield user
