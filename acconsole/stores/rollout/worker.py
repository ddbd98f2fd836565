"""A Dask worker's side of a rollout: one user after the other in each of its threads.

All of a process's parts share one world, made of the worker's own settings, on an event loop in a thread of
its own. The Dask tasks wait for it in theirs, so that Dask's threads are what bounds the work.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import threading
from collections.abc import Coroutine
from concurrent import futures
from concurrent.futures import Future
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from acconsole import settings
from acconsole.engine.events import Event
from acconsole.engine.guard import refused_as_read_only
from acconsole.engine.ports import World
from acconsole.engine.rollout import part
from acconsole.engine.rollout.part import Done, Order
from acconsole.engine.windows import Window
from acconsole.errors import AccountError, AcError, Failed, JournalError, SettingsError
from acconsole.settings import Settings
from acconsole.stores import connect
from acconsole.stores.rollout.line import End, Expected, State, Work, opened, sealed
from acconsole.stores.rollout.ports import RemoteJournal, RemoteSourceless, RemoteVault
from acconsole.stores.rollout.session import PartLine, Session

LOOK_SECONDS = 0.5
"""How often a task looks whether Dask still wants it."""


def fit(expected: bytes) -> bytes:
    """What keeps this worker from a rollout: an `AcError`, or None. Messages are sealed."""
    try:
        _fitting(opened(expected))
    except AcError as error:
        return sealed(error)
    return sealed(None)


def _fitting(expected: Expected) -> Settings:
    """The worker's own settings. Raises `SettingsError`, `ReadOnly`."""
    ours = settings.load(os.environ)
    host = urlsplit(ours.pds_url).netloc
    for what, found, wanted in (("database", ours.mongo[1], expected.database), ("PDS", host, expected.pds)):
        if found != wanted:
            raise SettingsError(
                f"it is set to the {what} {found}, and the rollout's is {wanted}.",
                "Give every worker the settings of the machine that begins the rollout.",
            )
    if expected.live and ours.read_only:
        raise refused_as_read_only()
    return ours


def carry_out(work: bytes) -> None:
    """A Dask task: the work on one part, in a thread of a Dask worker."""
    from distributed import Reschedule, get_worker

    from acconsole.stores.cluster import is_wanted

    worker = get_worker()
    key = worker.get_current_task()
    job = _place().begin(opened(work), worker.scheduler.address, worker.address)
    while not futures.wait([job.over], LOOK_SECONDS).done:
        if not is_wanted(worker, key):
            job.cancel()
            # A worker that closes waits for its threads, and this one for the batch on its way.
            job.over.result()
            raise Reschedule
    job.over.result()


@cache
def _place() -> Place:
    return Place()


class Job:
    """Some work on an event loop of another thread. `over` is done when it is over, cancelled or not."""

    def __init__(self, loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, None]) -> None:
        self._loop = loop
        self._task: asyncio.Task[None] | None = None
        self.over: Future[None] = asyncio.run_coroutine_threadsafe(self._go(work), loop)

    def cancel(self) -> None:
        """Let the work end as soon as it may."""
        self._loop.call_soon_threadsafe(lambda: self._task and self._task.cancel())

    async def _go(self, work: Coroutine[Any, Any, None]) -> None:
        self._task = asyncio.create_task(work)
        await asyncio.wait([self._task])
        if not self._task.cancelled():
            self._task.result()


class Place:
    """This process's world and its event loop, which last as long as the process does."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, name="acconsole-rollout", daemon=True).start()
        self._open_still = AsyncExitStack()  # it is closed with the process
        self._world: asyncio.Task[World] | None = None
        self._sessions: dict[str, asyncio.Task[Session]] = {}

    def begin(self, work: Work, scheduler: str, address: str) -> Job:
        """Have some work done; from any thread."""
        return Job(self._loop, self._carry_out(work, scheduler, address))

    # -- what the parts share ------------------------------------------------------------------------

    async def _the_world(self, ours: Settings) -> World:
        if self._world is None or _has_failed(self._world):
            self._world = asyncio.create_task(self._open(ours))
        return await asyncio.shield(self._world)

    async def _open(self, ours: Settings) -> World:
        # Who waits for the cluster within the cluster may wait for ever: conversions stay on this machine.
        at_home = ours.model_copy(update={"dask": None})
        return await self._open_still.enter_async_context(connect.opened(at_home))

    async def _session(self, scheduler: str, up: str) -> Session:
        """The line to a head; one that was cut is laid anew. Raises `OSError`."""
        opening = self._sessions.get(up)
        if opening is None or _is_over(opening):
            self._sessions = {name: each for name, each in self._sessions.items() if not _is_over(each)}
            opening = asyncio.create_task(Session.open(scheduler, up, self._requests))
            self._sessions[up] = opening
        return await asyncio.shield(opening)

    @property
    def _made(self) -> World | None:
        """The world, if there is one yet."""
        made = self._world and self._world.done() and not _has_failed(self._world)
        return self._world.result() if self._world and made else None

    def _requests(self) -> int:
        return self._made.repos.requests if self._made else 0

    # -- one part ------------------------------------------------------------------------------------

    async def _carry_out(self, work: Work, scheduler: str, address: str) -> None:
        session = await self._session(scheduler, work.up)
        line = session.line(work.part, f"{address} {secrets.token_hex(4)}")
        # Nobody hears what becomes of it once the head is gone, or has given the part to another.
        with suppress(JournalError), line:
            state: State = await line.ask("head", "begin")
            line.take(state)
            try:
                outcome = await self._outcome(line, work, address)
            except asyncio.CancelledError:
                line.tell("head", "end", End())
                raise
            await line.ask("head", "end", outcome)

    async def _outcome(self, line: PartLine, work: Work, address: str) -> End:
        """What comes of the part. Cancelled, by Dask or by the head, it is given up after its batch."""
        task = asyncio.create_task(self._do(line, work, address))
        line.on_cancel(task.cancel)
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError:
            task.cancel()
            await asyncio.wait([task])
            raise
        if task.cancelled():
            return End()
        error = task.exception()
        if error is None:
            return End(task.result(), budgets=self._budgets(work.order))
        if not isinstance(error, AcError):  # the edge: it ends here, and the rollout goes on elsewhere
            error = Failed(f"The worker at {address} broke down ({type(error).__name__}).", fatal=True)
        return End(error=error, budgets=self._budgets(work.order))

    async def _do(self, line: PartLine, work: Work, address: str) -> Done:
        order, expected = work.order, work.expected
        ours = settled(address, expected)
        shared = await self._the_world(ours)
        shared.repos.budgets.restore(work.budgets)
        world = replace(
            shared,
            journal=RemoteJournal(line),
            vault=RemoteVault(line),
            sourceless=RemoteSourceless(line),
            tape_zip_routes=expected.tape_zip_routes,
        )
        user = await shared.docs.user(order.user.id)
        if user is None:
            raise AccountError(f"{order.user.name} is not in Mongo any more.", state="none")

        def emit(event: Event) -> None:
            line.tell("head", "emit", event)

        how: Any = {"worker": line.token, "emit": emit, "stop": line.stop}
        try:
            return await part.do(world, replace(order, user=user), read_only=ours.read_only, **how)
        finally:
            # This process may outlive the password, and the account.
            shared.repos.forget(user)

    def _budgets(self, order: Order) -> tuple[Window, ...]:
        return self._made.repos.budgets.carried(order.user.did) if self._made and order.user.did else ()


def settled(address: str, expected: Expected) -> Settings:
    """The worker's own settings, which fit. Raises an `AcError` that names the worker."""
    try:
        return _fitting(expected)
    except AcError as error:
        raise type(error)(f"The Dask worker at {address}: {error.message}", error.hint) from None


def _has_failed(task: asyncio.Task[Any]) -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)


def _is_over(opening: asyncio.Task[Session]) -> bool:
    return _has_failed(opening) or (opening.done() and opening.result().is_lost)
