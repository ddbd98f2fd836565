"""One user of a rollout: planned anew, run, verified. The same function here and on a worker of a cluster."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from acconsole.engine import draft
from acconsole.engine.apply import UserRun
from acconsole.engine.draft import Choice
from acconsole.engine.events import Event, Finished, RunResult, Stop
from acconsole.engine.guard import Guard
from acconsole.engine.journal import Beginning
from acconsole.engine.model import User
from acconsole.engine.plan import Plan
from acconsole.engine.ports import World
from acconsole.engine.written import Verified, is_verifiable, verify_written
from acconsole.media.base import MediaType


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be done for one user of a run over many.

    `kinds`: the media types whose turn it is, of those that were `chosen`. `attempt` counts how often the
    run has come to the user. `last`: no other media types' turn comes after. Without a secret once the
    user's password is left out.
    """

    beginning: Beginning
    user: User
    kinds: tuple[MediaType, ...]
    chosen: Choice
    attempt: int
    max_deletes: int | None
    wait: bool
    lease_seconds: float
    last: bool = True

    @property
    def folder(self) -> Path:
        """Where the user's backup goes, in the vault."""
        return Path("runs") / self.beginning.run / (self.user.did or self.user.id).replace(":", "_")


@dataclass(frozen=True, slots=True)
class Done:
    """What came of an order. `result` is None where nothing was left to do; so is `verified`, and where
    nothing was written that could be looked at again.
    """

    result: RunResult | None = None
    verified: Verified | None = None


async def planned(world: World, order: Order) -> Plan:
    """The plan of all that was chosen, as things are now. Raises `Unreachable`."""
    return (await draft.restore(world, order.user, order.chosen))[0]


Planner = Callable[[World, Order], Coroutine[Any, Any, Plan]]
"""Makes the plan of an order. Raises `Unreachable`, `Refused`."""


async def do(
    world: World,
    order: Order,
    *,
    read_only: bool,
    planner: Planner = planned,
    worker: str = "",
    emit: Callable[[Event], None],
    stop: Stop,
) -> Done:
    """Carry out an order. Cancelling it, once, waits for the batch on its way. `worker` names who holds the
    user, where a run has several.

    Raises `Refused`, `Unreachable`, also after `Finished` was emitted; a trouble of the user's own is in the
    result.
    """
    whole = await planner(world, order)
    live = order.beginning.live
    # The limit on deletes is on all that was chosen, and is asked before any of it is written.
    Guard.open(whole, live=live, read_only=read_only, max_deletes=order.max_deletes)
    plan = whole.narrowed(order.kinds)
    if plan.is_empty and not plan.problem:
        return Done()
    results: list[RunResult] = []

    def keep(event: Event) -> None:
        if isinstance(event, Finished):
            results.append(event.result)
        emit(event)

    work = UserRun(
        plan,
        world,
        Guard.open(plan, live=live, read_only=read_only, max_deletes=order.max_deletes),
        beginning=order.beginning,
        folder=order.folder,
        lease_seconds=order.lease_seconds,
        emit=keep,
        stop=stop,
        wait=order.wait,
        part=order.attempt,
        worker=worker,
    )
    await work.go()
    if order.last:
        world.repos.forget(order.user)
    (result,) = results
    return Done(result, await verify_written(world, plan, result) if is_verifiable(result) else None)
