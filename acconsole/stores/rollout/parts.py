"""The orders that are being carried out on a cluster, each of them a Dask task."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from acconsole.engine import events
from acconsole.engine.budgets import Budgets
from acconsole.engine.events import Event, Finished, RunResult, Stop
from acconsole.engine.plan import Tally
from acconsole.engine.rollout.part import Done, Order
from acconsole.errors import AcError, Failed, Unreachable
from acconsole.stores.cluster import unreachable
from acconsole.stores.rollout.line import End, Expected, State, Work, sealed
from acconsole.stores.rollout.worker import carry_out


@dataclass(slots=True, eq=False)
class Part:
    """An order that is being carried out. `token` is the worker's that has it now; None while none has.

    `down`: the queue that worker hears in. `confirmed`: what it has told as done.
    """

    order: Order
    emit: Callable[[Event], None]
    stop: Stop
    result: asyncio.Future[Done]
    token: str | None = None
    down: str = ""
    cancelled: bool = False
    confirmed: Tally = field(default_factory=Tally)

    @property
    def state(self) -> State:
        return State(self.stop.requested, self.stop.paused, self.cancelled)

    def begin(self, token: str, down: str) -> None:
        """A worker has it, and no other any more."""
        self._leave()
        self.token, self.down = token, down

    def take(self, event: Event) -> None:
        """One event of its worker."""
        if isinstance(event, Finished):
            self.confirmed = Tally()
        else:
            self.confirmed += _confirmed(event)
        self.emit(event)

    def end(self, end: End) -> None:
        """Its worker is through with it."""
        if end.error:
            self.fail(end.error)
        elif end.done and not self.result.done():
            self.token = None
            self.result.set_result(end.done)
        elif self.cancelled:
            self.fail(given_up(self.order))
        else:  # the worker closes, and Dask gives the part to another
            self._leave()

    def fail(self, error: BaseException) -> None:
        """It has come to nothing."""
        if not self.result.done():
            self._leave()
            self.result.set_exception(error)

    def _leave(self) -> None:
        """Its worker has it no more. What that has confirmed counts: it is told of in a result."""
        self.token = None
        if self.confirmed.items:
            begun = self.order.beginning
            self.take(Finished(RunResult(begun.run, "restore", begun.live, self.confirmed, self.confirmed)))


def _confirmed(event: Event) -> Tally:
    match event:
        case events.Committed(done=done) | events.Found(done=done):
            return done
        case events.Linked(relinked=relinked):
            return Tally(relink=relinked)
        case events.BlobStored(uploaded=True):
            return Tally(blobs=1)
        case _:
            return Tally()


def given_up(order: Order) -> Unreachable:
    """That no worker has come to the end of an order."""
    return Unreachable(f"The Dask workers have given {order.user.name} up.", "Go on with --resume.")


class Parts:
    """The orders of one head, which hears in the queue `up`."""

    def __init__(self, client: Any, address: str, up: str, expected: Expected, budgets: Budgets) -> None:
        self._client = client
        self._address = address
        self._up = up
        self._expected = expected
        self._budgets = budgets
        self._numbers = itertools.count()
        self._parts: dict[int, Part] = {}

    def get(self, number: int) -> Part | None:
        """The part of that number, while somebody waits for it."""
        return self._parts.get(number)

    def __iter__(self) -> Iterator[Part]:
        return iter(tuple(self._parts.values()))

    async def do(self, order: Order, *, emit: Callable[[Event], None], stop: Stop) -> Done:
        """As `Hands.do`."""
        number = next(self._numbers)
        part = self._parts[number] = Part(order, emit, stop, asyncio.get_running_loop().create_future())
        theirs = self._hand_over(number, part)
        try:
            return await asyncio.shield(part.result)
        except asyncio.CancelledError:
            part.cancelled = True
            if part.token:  # its batch on the way comes to its end
                await asyncio.wait([part.result])
            raise
        finally:
            del self._parts[number]
            if part.result.done():
                part.result.exception()  # looked at, so that nobody warns that nobody did
            with suppress(OSError):
                await theirs.cancel()

    def _hand_over(self, number: int, part: Part) -> Any:
        user = part.order.user
        known = self._budgets.carried(user.did) if user.did else ()
        # The worker reads the user anew: no secret goes through the cluster.
        order = replace(part.order, user=replace(user, password=None))
        work = Work(self._up, number, order, self._expected, known)
        theirs = self._client.submit(carry_out, sealed(work), key=f"{self._up}-{number}", pure=False)
        loop = asyncio.get_running_loop()

        def ended(_: Any) -> None:
            with suppress(RuntimeError):  # the loop is closed
                asyncio.run_coroutine_threadsafe(self._ended(part, theirs), loop)

        theirs.add_done_callback(ended)
        return theirs

    async def _ended(self, part: Part, theirs: Any) -> None:
        """Dask is through with a part. Its worker has said so before, or never will."""
        if part.result.done():
            return
        lost = theirs.status == "cancelled" and not part.cancelled
        if theirs.status == "error":
            part.fail(await self._failure(part, theirs))
        else:
            part.fail(unreachable(self._address) if lost else given_up(part.order))

    async def _failure(self, part: Part, theirs: Any) -> AcError:
        from distributed import KilledWorker

        with suppress(OSError):
            if isinstance(await theirs.exception(), KilledWorker):
                name = part.order.user.name
                return Failed(f"The work on {name} killed one Dask worker after the other.", fatal=True)
        return given_up(part.order)
