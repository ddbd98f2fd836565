"""Several things at once, where the first error is the one that counts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Coroutine
from typing import Any


async def together(*jobs: Coroutine[Any, Any, Any]) -> list[Any]:
    """The results of all jobs, in order. When one fails, the others are cancelled and its error is raised."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(job) for job in jobs]
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None
    return [task.result() for task in tasks]


async def finish(job: Awaitable[Any], seconds: float) -> None:
    """Wait for a job that must not be cut off, but no longer than this, whatever becomes of it."""
    done, _ = await asyncio.wait([asyncio.ensure_future(job)], timeout=seconds)
    for each in done:
        if not each.cancelled():
            each.exception()  # looked at, so that nobody warns that nobody did
