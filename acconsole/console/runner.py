"""The one place that starts engine work. Workers write the session and post news; they touch no widget."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from textual.worker import Worker

from acconsole.console import figures
from acconsole.console.glances import Glance
from acconsole.console.looking import Looking
from acconsole.console.messages import (
    HealthKnown,
    News,
    PlanMade,
    Stage,
    StateRead,
)
from acconsole.console.planning import plan_of
from acconsole.console.running import Running
from acconsole.console.session import PlanWanted, Run, Session
from acconsole.console.trouble import as_trouble

if TYPE_CHECKING:
    from textual.app import App

    from acconsole.console.past.reading import Reading
    from acconsole.console.previews import Previews
    from acconsole.console.rollout.doing import Rollouts
    from acconsole.console.session import Connect
    from acconsole.console.taping import Taping
    from acconsole.engine.model import User
    from acconsole.engine.plan import Plan
    from acconsole.engine.sync import Engine

Work = Coroutine[Any, Any, None] | Callable[[], Coroutine[Any, Any, None]]

AGAIN = 15.0
"""Seconds after which connecting is tried again by itself."""
HEALTH_EVERY = 10.0


class Runner:
    """Starts and keeps every piece of engine work of one app; a run belongs to it, not to a screen."""

    def __init__(self, app: App[None], session: Session, connect: Connect) -> None:
        self._app = app
        self.session = session
        self._connect = connect
        self.looking = Looking(self)
        self._tickets = itertools.count(1)
        self._closing = asyncio.Event()
        self._connection: asyncio.Task[None] | None = None
        self.running = Running(self)

    @cached_property
    def tapes(self) -> Taping:
        """Everybody's tapes."""
        # Not imported before the first paint.
        from acconsole.console.taping import Taping

        return Taping(self)

    @cached_property
    def rollouts(self) -> Rollouts:
        """Runs over many users."""
        # Not imported before the first paint.
        from acconsole.console.rollout.doing import Rollouts

        return Rollouts(self)

    @cached_property
    def past(self) -> Reading:
        """The runs of the past."""
        # Not imported before the first paint.
        from acconsole.console.past.reading import Reading

        return Reading(self)

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
                self.start(self._read_users, "users", exclusive=True)
            return
        self.session.trouble = self.session.again_at = None
        self._tell("the connection")
        # A task of its own, not a worker: it is closed last, after every run has settled.
        self._connection = asyncio.create_task(self._hold())

    async def _hold(self) -> None:
        """Hold the connection open until the app closes."""
        session = self.session
        try:
            async with AsyncExitStack() as stack:
                settings, session.engine = await stack.enter_async_context(self._connect(self._tell))
                session.exports = settings.state_dir / "exports"
                self.start(self._read_users, "users", exclusive=True)
                self.start(self._watch_health(), "health")
                await self._closing.wait()
        except Exception as error:
            session.engine = None
            self._failed(error)

    def _failed(self, error: Exception) -> None:
        """There are no users to show, and why; what may work later is tried again by itself."""
        session = self.session
        session.waiting_for, session.trouble = None, as_trouble(error)
        session.again_at = figures.now() + AGAIN if session.trouble.retryable else None
        if session.again_at:
            self.start(self._connect_later, "again", exclusive=True)
        self.post(Stage())

    async def _connect_later(self) -> None:
        await asyncio.sleep(AGAIN)
        self.connect()

    async def close(self) -> None:
        """End the run and the conversions that are on, then the connection; returns when all are settled."""
        await self.running.settle()
        if self.session.shelf.going_on:
            await self.tapes.settle()
        await self.looking.settle()
        self._closing.set()
        if self._connection:
            if not self.session.engine:
                self._connection.cancel()
            await asyncio.gather(self._connection, return_exceptions=True)

    def _tell(self, waiting_for: str) -> None:
        self.session.waiting_for, self.session.waiting_since = waiting_for, figures.now()
        self.post(Stage())

    async def _read_users(self) -> None:
        self.session.trouble = self.session.again_at = None
        self._tell("the list of users")
        try:
            await self.know_users()
        except Exception as error:
            self._failed(error)
            return
        self.looking.begin()
        self.rollouts.look_for_died()

    async def know_users(self) -> None:
        """Read the list of users, and make it ready to be searched. Raises `Unreachable`."""
        # Not imported before the first paint.
        from acconsole.engine.finder import Finder

        session = self.session
        users = await self.engine.users()
        session.finder, session.users = await asyncio.to_thread(Finder, users), users
        for gone in session.marks.keys() - {user.id for user in users}:
            del session.marks[gone]
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

    def read(self, user: User) -> None:
        """Read a user in full; `StateRead` tells the outcome."""
        self.start(partial(self._read, user), f"state {user.id}", exclusive=True)

    async def _read(self, user: User) -> None:
        try:
            state = await self.engine.status(user)
        except Exception as error:
            self.post(StateRead(user.id, None, as_trouble(error)))
            return
        self.session.glances[user.id] = Glance.of(state.standing)
        self.post(StateRead(user.id, state))

    def plan(self, wanted: PlanWanted) -> int:
        """Make a plan; `PlanMade` with the returned ticket tells the outcome. A newer request cancels it."""
        ticket = next(self._tickets)
        self.start(partial(self._plan, ticket, wanted), "plan", exclusive=True)
        return ticket

    async def _plan(self, ticket: int, wanted: PlanWanted) -> None:
        try:
            plan = await plan_of(self.engine, wanted)
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
        self.running.begin(
            run, self.engine.run(plan, live=live, confirmed=confirmed, max_deletes=max_deletes, stop=run.stop)
        )
        return run

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
