"""Asking the PDS for one thing among thousands: the trouble of one is not the trouble of all."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import ParamSpec, TypeVar

from acconsole.engine.ports import Repos
from acconsole.errors import BudgetSpent, Failed, Unreachable

P = ParamSpec("P")
T = TypeVar("T")

AT_ONCE = 12
"""Requests that are on their way at the same time."""

Waits = Callable[[BudgetSpent], None]
"""Is told of a spent budget before it is waited for."""


class Asking:
    """Asks a few at a time. `waits`: a spent budget is waited for, and told of; without it, it is raised."""

    def __init__(self, repos: Repos, waits: Waits | None = None) -> None:
        self._repos = repos
        self._waits = waits
        self._at_once = asyncio.Semaphore(AT_ONCE)
        self._opens_at = 0.0

    async def for_one(self, call: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """The call's result. Raises `Unreachable` when the PDS is gone, `Failed` when only this one fails."""
        async with self._at_once:
            while True:
                await asyncio.sleep(max(0.0, self._opens_at - time.time()))
                try:
                    return await self._tried(call, *args, **kwargs)
                except BudgetSpent as spent:
                    self._wait_for(spent)

    async def _tried(self, call: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        for _ in range(2):
            try:
                return await call(*args, **kwargs)
            except Unreachable:
                await self._repos.ping()
        raise Failed("The PDS does not give it, though it answers.", "Look at the PDS.", retryable=True)

    def _wait_for(self, spent: BudgetSpent) -> None:
        if self._waits is None:
            raise spent
        now = time.time()
        if self._opens_at <= now:
            # The PDS's clock may be ahead of ours: then it is asked again every second, and no oftener.
            self._opens_at = max(spent.resume_at, now + 1)
            self._waits(spent)
