"""Going on from a rollout of before: with what it was about, as the journal has it.

The journal is a guide and no more: everybody is looked at again, and what Mongo and the PDS hold now says
what is still to do.
"""

from __future__ import annotations

from typing import Any

from acconsole.engine.history import Ending
from acconsole.engine.ports import World
from acconsole.engine.rollout.survey import Scope
from acconsole.errors import Held, UsageError


async def resumed(world: World, run: str) -> tuple[str, Scope, dict[str, Any]]:
    """A rollout's whole id, its scope and its options. Raises `UnknownRun`, `UsageError`, `Held`."""
    record = await world.journal.record(run)
    summary = record.summary
    if summary.action != "rollout":
        raise UsageError(
            f"Run {summary.run} is a {summary.action} of {summary.who}, not a rollout.",
            f"The same {summary.action} once more goes on from what is there.",
        )
    if summary.pds != world.repos.host:
        raise UsageError(
            f"Run {summary.run} was on {summary.pds}, not on {world.repos.host}.",
            "Use the profile that it was made with.",
        )
    if summary.ending is Ending.RUNNING:
        raise Held(f"Run {summary.run} is still going on.", "Stop it first, or wait for its end.")
    options = dict(record.beginning.options)
    try:
        return summary.run, Scope.from_json(options), options
    except (KeyError, TypeError, ValueError):
        raise UsageError(
            f"What run {summary.run} was about cannot be read.", "Begin a new rollout."
        ) from None
