"""The plan that a dialog wants, made by the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acconsole.media.base import MediaType

if TYPE_CHECKING:
    from acconsole.console.session import PlanWanted
    from acconsole.engine.plan import Plan
    from acconsole.engine.sync import Engine


async def plan_of(engine: Engine, wanted: PlanWanted) -> Plan:
    """Make it. Raises as `plan_restore`, `plan_wipe` and `plan_undo` of the engine."""
    if wanted.undoes:
        return await engine.plan_undo(wanted.undoes, wanted.user.id)
    chosen = [kind for kind in MediaType if kind in wanted.kinds]
    if wanted.action == "wipe":
        return await engine.plan_wipe(wanted.user, chosen)
    return await engine.plan_restore(
        wanted.user,
        chosen,
        refs=wanted.refs,
        prune=wanted.prune,
        retry_blocked=wanted.retry_blocked,
    )
