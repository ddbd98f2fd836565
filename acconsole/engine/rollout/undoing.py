"""Taking a run over many users back: the same lanes, in which each user's plan is the way back."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import aclosing
from typing import Any

from acconsole.engine import undo
from acconsole.engine.history import RunRecord
from acconsole.engine.plan import Plan
from acconsole.engine.ports import World
from acconsole.engine.rollout.part import Order
from acconsole.engine.rollout.survey import Scope, Survey, Told
from acconsole.engine.tasks import ahead

AHEAD = 8
"""Users whose way back is looked for while the one before is taken."""


async def survey(world: World, record: RunRecord, told: Told) -> Survey:
    """What there is to take back of a run, user by user. Raises `Refused`, `Unreachable`."""
    touched = undo.users(record)
    own = record.by_user()
    made = Survey(Scope(users=tuple(touched)), world.repos.host, undoes=record.summary.run)
    users = {user.id: user async for user in world.docs.users() if user.id in own}

    async def plans() -> AsyncGenerator[Coroutine[Any, Any, Plan], None]:
        for each in touched:
            if each in users:
                yield undo.plan(world, own[each], users[each])

    async with aclosing(ahead(plans(), AHEAD)) as planned:
        async for plan in planned:
            made.take(plan, has_docs=True)
            told(made)
    gone = (subject for subject in record.beginning.subjects if subject.id in set(touched) - users.keys())
    made.left_out += [(undo.as_user(subject), "The user is gone.") for subject in gone]
    return made


def planner(record: RunRecord) -> Callable[[World, Order], Coroutine[Any, Any, Plan]]:
    """What plans the way back of each user of a run."""
    own = record.by_user()

    async def plan(world: World, order: Order) -> Plan:
        return await undo.plan(world, own[order.user.id], order.user)

    return plan
