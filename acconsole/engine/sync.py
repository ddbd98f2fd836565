"""The engine as the front ends see it: plans and runs, and all that `Reading` tells."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncGenerator, Callable, Collection, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, nullcontext
from pathlib import Path
from typing import Any

from acconsole.engine import draft, lease, undo
from acconsole.engine.apply import UserRun
from acconsole.engine.asking import Waits
from acconsole.engine.draft import Choice, wipe_plan
from acconsole.engine.events import Event, Stop
from acconsole.engine.guard import Guard, refused_as_read_only
from acconsole.engine.journal import Beginning, Subject
from acconsole.engine.model import User
from acconsole.engine.plan import Plan
from acconsole.engine.ports import World
from acconsole.engine.reading import ALL, Reading
from acconsole.engine.rollout import part, undoing
from acconsole.engine.rollout.crew import Control
from acconsole.engine.rollout.hands import Hands, OwnHands
from acconsole.engine.rollout.lanes import How, Rollout
from acconsole.engine.rollout.part import Planner
from acconsole.engine.rollout.resume import resumed
from acconsole.engine.rollout.survey import Scope, Survey, survey
from acconsole.engine.saved import SavedPlan
from acconsole.engine.tasks import streamed
from acconsole.errors import UsageError
from acconsole.media.base import MediaType

SETTLING = 60.0
"""Seconds that a run which is left early gets to see its batch to the end."""

Cluster = Callable[[str, bool], AbstractAsyncContextManager[Hands]]
"""Opens the cluster of a scheduler by its address, for a rollout that is live or not.

Raises `SettingsError`, `Unreachable`, and `ReadOnly` when a worker of it refuses to write.
"""


class Engine(Reading):
    """Reads and writes through its ports. One engine serves every screen and command of a process."""

    def __init__(
        self,
        world: World,
        *,
        state_dir: Path,
        read_only: bool = False,
        profile: str = "default",
        cluster: Cluster | None = None,
    ) -> None:
        """`cluster` opens the hands of other machines, for rollouts."""
        super().__init__(world)
        self._cluster = cluster
        self._state_dir = state_dir
        self._profile = profile
        self.read_only = read_only
        self.lease_seconds = lease.SECONDS

    async def plan_restore(
        self,
        user: User,
        kinds: Sequence[MediaType] = ALL,
        *,
        codes: Collection[str] = (),
        refs: Collection[str] = (),
        prune: bool = False,
        retry_blocked: bool = False,
    ) -> Plan:
        """The plan that brings the PDS to what Mongo says. Raises `Unreachable`.

        `codes` and `refs` narrow it to single docs. `retry_blocked`: docs without a source are tried again.
        """
        chosen = Choice(tuple(kinds), codes, refs, prune, retry_blocked)
        return (await draft.restore(self._world, user, chosen))[0]

    async def saved_restore(self, user: User, chosen: Choice) -> SavedPlan:
        """As `plan_restore`, with what it takes to tell later whether it has gone stale."""
        return SavedPlan.of(*await draft.restore(self._world, user, chosen))

    async def renewed(self, saved: SavedPlan, user: User) -> Plan:
        """A saved plan as it may be run now. Raises `StalePlan` when it may not, `Unreachable`."""
        plan = saved.plan
        chosen = Choice(plan.kinds, prune=plan.prune, retry_blocked=plan.retry_blocked)
        return saved.renewed(*await draft.restore(self._world, user, chosen))

    async def plan_wipe(
        self, user: User, kinds: Sequence[MediaType] = ALL, *, codes: Collection[str] = ()
    ) -> Plan:
        """The plan that deletes the records and clears the stored rkeys. Raises `Unreachable`."""
        state = await self.status(user, kinds)
        return await asyncio.to_thread(wipe_plan, state, self.host, kinds, codes=codes)

    async def plan_undo(self, run: str, user_id: str | None = None) -> Plan:
        """The plan that takes a run back, by the beginning of its id; for one of its users, if they are many.

        Raises `UnknownRun`, `UsageError`, `JournalError`, `Unreachable`; and `Refused` for a run that goes on
        still, or was elsewhere.
        """
        record = await self.run_record(run)
        chosen = undo.the_user(record, user_id)
        user = next((each for each in await self.users() if each.id == chosen), None)
        if user is None:
            raise UsageError(f"The user of run {record.summary.run} is gone.", "Nothing was written.")
        return await undo.plan(self._world, record, user)

    async def undo_users(self, run: str) -> list[str]:
        """The ids of a run's users to whom it did something. Raises as `run_record`."""
        return undo.users(await self.run_record(run))

    async def run(
        self,
        plan: Plan,
        *,
        live: bool,
        confirmed: str | None = None,
        typed: str | None = None,
        max_deletes: int | None = None,
        stop: Stop | None = None,
        wait: bool = True,
    ) -> AsyncGenerator[Event, None]:
        """Run a plan, live or dry; the last event is `Finished`.

        `confirmed` is what was typed to confirm a wipe, `typed` the handle as the command gave it. `wait`:
        wait for a spent budget rather than end. Closing the iterator waits for the batch on its way.
        The run is in the journal. Raises `Refused` before anything is written, or when another run has taken
        over or the journal can be written no more; and `Unreachable`.
        """
        guard = Guard.open(
            plan,
            live=live,
            read_only=self.read_only,
            max_deletes=max_deletes,
            confirmed=confirmed,
            typed=typed,
        )
        run = new_run_id()
        options = {
            "types": [kind.value for kind in plan.kinds],
            "prune": plan.prune,
            "retry_blocked": plan.retry_blocked,
            "max_deletes": max_deletes,
            "wait": wait,
            "undoes": plan.undoes.run if plan.undoes else None,
        }
        beginning = self._beginning(run, plan.action, live, options, Subject.of(plan))

        def begin(emit: Callable[[Event], None]) -> Coroutine[Any, Any, None]:
            return UserRun(
                plan,
                self._world,
                guard,
                beginning=beginning,
                folder=Path("runs") / run,
                lease_seconds=self.lease_seconds,
                emit=emit,
                stop=stop or Stop(),
                wait=wait,
            ).go()

        async with aclosing(streamed(begin, SETTLING)) as told:
            async for event in told:
                yield event

    def _beginning(
        self, run: str, action: str, live: bool, options: dict[str, Any], *subjects: Subject
    ) -> Beginning:
        return Beginning.now(
            run, action, self.host, subjects, live=live, profile=self._profile, options=options
        )

    async def survey(
        self, scope: Scope, told: Callable[[Survey], None] = lambda _: None, waits: Waits | None = None
    ) -> Survey:
        """Look at everybody in the scope: what is there to do? `told` sees it grow. Raises as `scan`."""
        return await survey(self._world, scope, told, waits)

    async def survey_undo(self, run: str, told: Callable[[Survey], None] = lambda _: None) -> Survey:
        """What there is to take back of a run over many users; `rollout` does it. Raises as `plan_undo`."""
        return await undoing.survey(self._world, await self.run_record(run), told)

    async def rollout(
        self,
        surveyed: Survey,
        *,
        live: bool,
        control: Control | None = None,
        max_deletes: int | None = None,
        max_failures: int | None = None,
        wait: bool = True,
        resumes: str | None = None,
        dask: str | None = None,
    ) -> AsyncGenerator[Event, None]:
        """Restore everybody who was surveyed, or undo their run; the last event is `RolloutFinished`.

        Each user is planned anew when the turn comes. `max_deletes` is for each user. `resumes`: the run that
        it goes on from, for the journal. `dask`: the address of a scheduler whose workers do the users.
        Closing the iterator waits for the batches on their way. Raises `ReadOnly`, `JournalError`, and
        `SettingsError` for a cluster that does not fit, before anything is written; `Unreachable` when that
        ended it.
        """
        if live and self.read_only:
            raise refused_as_read_only()
        control = control or Control()
        options = {
            **surveyed.scope.as_json(),
            "concurrency": control.crew.wanted,
            "max_deletes": max_deletes,
            "max_failures": max_failures,
            "wait": wait,
            "resumes": resumes,
            "undoes": surveyed.undoes,
        }
        how = How(
            self._beginning(new_run_id(), surveyed.action, live, options),
            self._state_dir,
            self.lease_seconds,
            max_deletes,
            max_failures,
            wait,
        )

        def begin(emit: Callable[[Event], None]) -> Coroutine[Any, Any, None]:
            return Rollout(surveyed, hands, self._world.journal, how, control=control, emit=emit).go()

        planner: Planner = part.planned
        if surveyed.undoes:
            planner = undoing.planner(await self.run_record(surveyed.undoes))
        async with self._hands(dask, live, planner) as hands, aclosing(streamed(begin, 2 * SETTLING)) as told:
            async for event in told:
                yield event

    def _hands(self, dask: str | None, live: bool, planner: Planner) -> AbstractAsyncContextManager[Hands]:
        if dask is None or planner is not part.planned:
            return nullcontext(OwnHands(self._world, self.read_only, planner))
        assert self._cluster, "an engine that is made by `connect` knows of clusters"
        return self._cluster(dask, live)

    async def resumed(self, run: str) -> tuple[str, Scope, dict[str, Any]]:
        """A rollout of before: its whole id, what it was about, and its options, to go on from.

        Raises `UnknownRun`, `UsageError`, `JournalError`, and `Held` while it still goes on.
        """
        return await resumed(self._world, run)


def new_run_id() -> str:
    """A run's id: 12 hexadecimal digits, of which the first eight are the time, so that ids sort by it."""
    return f"{int(time.time()):08x}{secrets.token_hex(2)}"
