"""The hold that a live run has on its user: no other run writes to the user while it lasts.

It is in two places. The journal keeps runs of this machine apart, and knows when the process of one is gone.
A document in Mongo keeps apart the runs of different machines, by the Mongo server's clock alone. A hold
lasts for a limited time and is renewed at a third of it, so that what a dead run held is free soon.

How long a hold lasts is counted here from the moment before it was asked for, on this machine's own clocks:
the server counts from a later moment, so this run knows of the end no later than others do.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING

from acconsole.engine.journal import Beginning, Holder
from acconsole.errors import AcError, Held

if TYPE_CHECKING:
    from acconsole.engine.apply import UserRun

SECONDS = 60.0
"""How long a hold lasts when it is not renewed."""
RENEWALS = 3
"""How often it is renewed in that time."""


class Lease:
    """One run's hold on one user. `take` and `let_go` are called once each, `check` before each write."""

    def __init__(self, run: UserRun, beginning: Beginning, seconds: float, part: str) -> None:
        user, began = run.plan.user, beginning.began
        self._run = run
        self._seconds = seconds
        self._user = user
        self._key = f"{beginning.pds} {user.did}"
        whose = (beginning.run, beginning.login, beginning.host, beginning.pid)
        self._holder = Holder(*whose, began, began, part)
        self._until = (0.0, 0.0)
        self._asked = False
        self._lost: Held | None = None
        self._renewing: asyncio.Task[None] | None = None

    async def take(self) -> None:
        """Hold the user. Raises `Held` when another run does, `JournalError`, `Unreachable`."""
        self._asked = True
        until = self._end()
        ours = self._holder
        held = await self._run.world.journal.hold(self._key, ours.run, self._seconds, ours.part)
        held = held or await self._take_in_mongo()
        if held:
            raise self._held_by(held)
        self._until = until
        self._renewing = asyncio.create_task(self._renew_on())

    async def _take_in_mongo(self) -> Holder | None:
        run, docs = self._run, self._run.world.docs
        ask = (self._user.id, self._holder, self._seconds)
        held = await run.patience.of(docs.take_lease, *ask)
        if held and await run.world.journal.is_over(held.run):
            # It was a run of this machine, which knows better than to wait for it.
            held = await run.patience.of(docs.take_lease, *ask, instead_of=held.run)
        return held

    async def check(self) -> None:
        """Be sure of the hold before something is written. Raises `Held` when it was lost, `Unreachable`."""
        if not self._lost and not self._lasts:
            await self._run.patience.of(self._renew)
        if self._lost:
            raise self._lost

    @property
    def is_held(self) -> bool:
        """Whether the user has been held, and not let go."""
        return self._renewing is not None

    @property
    def _lasts(self) -> bool:
        # The one clock stands still while the machine sleeps, the other may be set: the earlier end counts.
        return time.monotonic() < self._until[0] and time.time() < self._until[1]

    def _end(self) -> tuple[float, float]:
        return time.monotonic() + self._seconds, time.time() + self._seconds

    async def _renew_on(self) -> None:
        while not self._lost:
            await asyncio.sleep(self._seconds / RENEWALS)
            # Whether it matters that Mongo does not answer, the next write finds out.
            with contextlib.suppress(AcError):
                await self._renew()

    async def _renew(self) -> None:
        until, world = self._end(), self._run.world
        how = (self._holder.run, self._seconds, self._holder.part)
        if await world.journal.renew(self._key, *how) and await world.docs.renew_lease(self._user.id, *how):
            self._until = until
        else:
            self._lost = Held(
                f"Another run has taken over {self._user.name}: this one was held up for too long.",
                "Look at `acconsole history`, then run it again; what was done stays done.",
            )

    async def let_go(self) -> None:
        """Hold the user no longer; never raises, for a hold ends by itself."""
        if self._renewing:
            self._renewing.cancel()
            await asyncio.gather(self._renewing, return_exceptions=True)
            self._renewing = None
        if not self._asked:
            return
        world, ours = self._run.world, self._holder
        world.journal.let_go(self._key, ours.run, ours.part)
        with contextlib.suppress(AcError):
            await world.docs.end_lease(self._user.id, ours.run, ours.part)

    def _held_by(self, held: Holder) -> Held:
        since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(held.since))
        until = time.strftime("%H:%M:%S", time.localtime(held.until))
        if held.run == self._holder.run:
            return Held(
                f"Another worker of this run holds {self._user.name}, or held it when it died.",
                f"If it is dead, the user is free at {until}.",
            )
        return Held(
            f"Another run holds {self._user.name}: {held.run}, of {held.user} on {held.host}, since {since}.",
            f"Wait until it has ended. If it is dead, the user is free at {until}.",
        )
