"""Several things at once, where the first error is the one that counts."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import aclosing
from typing import Any, TypeVar

T = TypeVar("T")


async def together(*jobs: Coroutine[Any, Any, Any]) -> list[Any]:
    """The results of all jobs, in order. When one fails, the others are cancelled and its error is raised."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(job) for job in jobs]
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None
    return [task.result() for task in tasks]


async def ahead(jobs: AsyncGenerator[Coroutine[Any, Any, T], None], count: int) -> AsyncGenerator[T, None]:
    """The jobs' results, in order, while up to `count` more of them are on their way.

    The first error is raised in its turn. Whoever leaves early cancels what is on its way.
    """
    working: deque[asyncio.Task[T]] = deque()
    try:
        async with aclosing(jobs):
            async for job in jobs:
                working.append(asyncio.create_task(job))
                if len(working) > count:
                    yield await working.popleft()
        while working:
            yield await working.popleft()
    finally:
        for task in working:
            task.cancel()
        await asyncio.gather(*working, return_exceptions=True)


async def streamed(
    begin: Callable[[Callable[[T], None]], Coroutine[Any, Any, None]], settling: float
) -> AsyncGenerator[T, None]:
    """What some work tells while it goes on; its error is raised at the end.

    `begin` is given the function that it is to tell by. Whoever leaves early cancels the work, once, and
    waits so many seconds for it to settle.
    """
    queue: asyncio.Queue[T | None] = asyncio.Queue()
    task = asyncio.create_task(begin(queue.put_nowait))
    task.add_done_callback(lambda _: queue.put_nowait(None))
    try:
        while (told := await queue.get()) is not None:
            yield told
        await task
    finally:
        if not task.done():
            task.cancel()
            await finish(task, settling)


async def unless(stopped: Callable[[], Coroutine[Any, Any, None]], job: Coroutine[Any, Any, T]) -> T | None:
    """The job's result; None when `stopped` came to its end before, and the job was cancelled for it."""
    working, waiting = asyncio.ensure_future(job), asyncio.ensure_future(stopped())
    try:
        await asyncio.wait((working, waiting), return_when=asyncio.FIRST_COMPLETED)
        return await working if working.done() else None
    finally:
        for each in (working, waiting):
            each.cancel()
        await asyncio.gather(working, waiting, return_exceptions=True)


async def finish(job: Awaitable[Any], seconds: float) -> None:
    """Wait for a job that must not be cut off, but no longer than this, whatever becomes of it."""
    done, _ = await asyncio.wait([asyncio.ensure_future(job)], timeout=seconds)
    for each in done:
        if not each.cancelled():
            each.exception()  # looked at, so that nobody warns that nobody did
