"""The one place that starts engine work. Workers write the session and post news; they touch no widget."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable, Coroutine, Iterable
from contextlib import AsyncExitStack, aclosing
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from textual.worker import Worker

from acconsole.console import figures
from acconsole.console.messages import (
    GlanceKnown,
    HealthKnown,
    News,
    PlanMade,
    RunEnded,
    RunFailure,
    RunMoved,
    Stage,
    StateRead,
)
from acconsole.console.session import Glance, PlanWanted, Run, Session
from acconsole.console.trouble import as_trouble
from acconsole.errors import AcError
from acconsole.media.base import MediaType

if TYPE_CHECKING:
    from textual.app import App

    from acconsole.console.previews import Previews
    from acconsole.console.session import Connect
    from acconsole.console.taping import Taping
    from acconsole.engine.events import Event
    from acconsole.engine.model import User
    from acconsole.engine.plan import Plan
    from acconsole.engine.sync import Engine

Work = Coroutine[Any, Any, None] | Callable[[], Coroutine[Any, Any, None]]

READERS = 4
"""How many users are read at once for the list; more would crowd out what the admin asked for."""
FRESH = 60.0
"""Seconds for which a glance is not read again by itself."""
COALESCE = 0.15
HEALTH_EVERY = 10.0


class Runner:
    """Starts and keeps every piece of engine work of one app; a run belongs to it, not to a screen."""

    def __init__(self, app: App[None], session: Session, connect: Connect) -> None:
        self._app = app
        self.session = session
        self._connect = connect
        self._tickets = itertools.count(1)
        self._wanted: list[User] = []
        self._readers = 0
        self._closing = asyncio.Event()
        self._connection: asyncio.Task[None] | None = None
        self._run_worker: Worker[None] | None = None

    @cached_property
    def tapes(self) -> Taping:
        """Everybody's tapes."""
        # Not imported before the first paint.
        from acconsole.console.taping import Taping

        return Taping(self)

    @cached_property
    def previews(self) -> Previews:
        """What the preview panes show."""
        # Not imported before the first paint.
        from acconsole.console.previews import Previews

        return Previews(self)

    # -- the connection ------------------------------------------------------------------------------

    def connect(self) -> None:
        """Connect, or try again after that failed."""
        if self._connection and not self._connection.done():
            if self.session.engine and self.session.trouble:
                self.start(self._read_users(), "users")
            return
        self.session.trouble = None
        self._tell("the connection")
        # A task of its own, not a worker: it is closed last, after every run has settled.
        self._connection = asyncio.create_task(self._hold())

    async def _hold(self) -> None:
        """Hold the connection open until the app closes."""
        session = self.session
        try:
            async with AsyncExitStack() as stack:
                _, session.engine = await stack.enter_async_context(self._connect(self._tell))
                self.start(self._read_users(), "users")
                self.start(self._watch_health(), "health")
                await self._closing.wait()
        except Exception as error:
            session.engine = None
            session.trouble = as_trouble(error)
            session.waiting_for = None
            self.post(Stage())

    async def close(self) -> None:
        """End the run and the conversions that are on, then the connection; returns when all are settled."""
        worker = self._run_worker
        if worker and self.session.running:
            # Cancelled once only: a second time would cut the engine's own settling short.
            if not worker.is_cancelled:
                worker.cancel()
            await asyncio.gather(worker.wait(), return_exceptions=True)
        if self.session.shelf.going_on:
            await self.tapes.settle()
        self._closing.set()
        if self._connection:
            if not self.session.engine:
                self._connection.cancel()
            await asyncio.gather(self._connection, return_exceptions=True)

    def _tell(self, waiting_for: str) -> None:
        self.session.waiting_for, self.session.waiting_since = waiting_for, figures.now()
        self.post(Stage())

    async def _read_users(self) -> None:
        session = self.session
        session.trouble = None
        self._tell("the list of users")
        try:
            session.users = await self.engine.users()
        except Exception as error:
            session.trouble = as_trouble(error)
        session.waiting_for = None
        self.post(Stage())

    async def _watch_health(self) -> None:
        while True:
            self.session.health = await self.engine.health()
            self.post(HealthKnown())
            await asyncio.sleep(HEALTH_EVERY)

    @property
    def engine(self) -> Engine:
        """The engine; only asked for once there is one."""
        assert self.session.engine is not None
        return self.session.engine

    # -- reading -------------------------------------------------------------------------------------

    def want(self, users: Iterable[User], *, fresh: bool = False) -> None:
        """Read these users for the list, in this order, instead of those wanted before.

        Users seen a short while ago are left out, unless `fresh`.
        """
        session = self.session
        if session.engine is None:
            return
        due = figures.now() - FRESH
        self._wanted = [
            user
            for user in users
            if user.id not in session.reading
            and (fresh or (seen := session.glances.get(user.id)) is None or seen.read_at < due)
        ]
        while self._readers < min(READERS, len(self._wanted)):
            self._readers += 1
            self.start(self._read_wanted(), "glances")

    async def _read_wanted(self) -> None:
        session = self.session
        try:
            while self._wanted:
                user = self._wanted.pop(0)
                session.reading.add(user.id)
                try:
                    session.glances[user.id] = Glance.of(await self.engine.status(user))
                except Exception as error:
                    # Whoever cannot be read now is asked again when the row comes into view once more.
                    trouble = as_trouble(error)
                    session.glances[user.id] = Glance({}, "unknown", trouble.message, figures.now())
                    if trouble.fatal:
                        self._wanted.clear()
                finally:
                    session.reading.discard(user.id)
                self.post(GlanceKnown())
        finally:
            self._readers -= 1

    def read(self, user: User) -> None:
        """Read a user in full; `StateRead` tells the outcome."""
        self.start(partial(self._read, user), f"state {user.id}", exclusive=True)

    async def _read(self, user: User) -> None:
        try:
            state = await self.engine.status(user)
        except Exception as error:
            self.post(StateRead(user.id, None, as_trouble(error)))
            return
        self.session.glances[user.id] = Glance.of(state)
        self.post(StateRead(user.id, state))

    def plan(self, wanted: PlanWanted) -> int:
        """Make a plan; `PlanMade` with the returned ticket tells the outcome. A newer request cancels it."""
        ticket = next(self._tickets)
        self.start(partial(self._plan, ticket, wanted), "plan", exclusive=True)
        return ticket

    async def _plan(self, ticket: int, wanted: PlanWanted) -> None:
        chosen = [kind for kind in MediaType if kind in wanted.kinds]
        try:
            if wanted.action == "wipe":
                plan = await self.engine.plan_wipe(wanted.user, chosen)
            else:
                plan = await self.engine.plan_restore(
                    wanted.user,
                    chosen,
                    refs=wanted.refs,
                    prune=wanted.prune,
                    retry_blocked=wanted.retry_blocked,
                )
        except Exception as error:
            self.post(PlanMade(ticket, None, as_trouble(error)))
            return
        self.post(PlanMade(ticket, plan))

    # -- running -------------------------------------------------------------------------------------

    def run(
        self, plan: Plan, *, live: bool, confirmed: str | None = None, max_deletes: int | None = None
    ) -> Run | None:
        """Start a run; None while another one is going on. `max_deletes`: how many were confirmed."""
        # The engine's larger half is not imported before the first paint.
        from acconsole.console.progress import Progress
        from acconsole.engine.events import Stop

        if self.session.running:
            return None
        run = Run(plan, live, Progress(plan, live, figures.now()), Stop())
        self.session.run = run
        self._run_worker = self.start(self._go(run, confirmed, max_deletes), "run")
        self.post(RunMoved(run))
        return run

    def stop(self, run: Run) -> None:
        """The first time: stop after the batch on its way. The second: cancel at once."""
        if run.over or run is not self.session.run:
            return
        if not run.stop.requested:
            run.stop.request()
        elif self._run_worker and not run.cancelling:
            run.cancelling = True
            self._run_worker.cancel()
        self.post(RunMoved(run))

    async def _go(self, run: Run, confirmed: str | None, max_deletes: int | None) -> None:
        trouble: AcError | None = None
        told = 0.0
        try:
            events = self.engine.run(
                run.plan, live=run.live, confirmed=confirmed, max_deletes=max_deletes, stop=run.stop
            )
            # Closing it waits for the batch on its way.
            async with aclosing(events) as stream:
                async for event in stream:
                    self._take(run, event)
                    if time.monotonic() - told >= COALESCE:
                        told = time.monotonic()
                        self.post(RunMoved(run))
        except asyncio.CancelledError:
            trouble = AcError(
                "The run was cancelled. What was done stays done.", "Plan it again to go on from here."
            )
        except Exception as error:
            trouble = as_trouble(error)
        finally:
            run.progress.end(figures.now(), trouble)
            run.over = True
            self.session.glances.pop(run.plan.user.id, None)
            self.post(RunEnded(run))

    def _take(self, run: Run, event: Event) -> None:
        if failure := run.progress.take(event, figures.now()):
            self.post(RunFailure(run, failure))

    # -- workers -------------------------------------------------------------------------------------

    def post(self, news: News) -> None:
        """Tell the app, which tells its screens."""
        self._app.post_message(news)

    def start(self, work: Work, group: str, *, exclusive: bool = False) -> Worker[None]:
        """Start a piece of work; an exclusive one cancels what is on in its group.

        That may be before its first step: an exclusive one is given as a function, so that nothing is begun.
        """
        return self._app.run_worker(
            work, group=group, exclusive=exclusive, exit_on_error=False, name=group.partition(" ")[0]
        )
