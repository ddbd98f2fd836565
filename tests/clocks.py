"""A clock that tests move, and that whoever waits for hours moves by itself."""

from __future__ import annotations

import asyncio
import time

from acconsole.engine.clock import Clock

LONG = 60.0
"""Seconds from which on nobody waits really."""


class MovedClock(Clock):
    """The real time and so much; `url`: of a server whose clock goes with it. A long wait moves both."""

    def __init__(self, url: str | None = None) -> None:
        self._url = url
        self._ahead = 0.0
        self._moving = asyncio.Lock()

    def now(self) -> float:
        return time.time() + self._ahead

    async def until(self, moment: float) -> None:
        if moment - self.now() < LONG:
            await super().until(moment)
            return
        async with self._moving:
            await self.move(moment - self.now())

    async def move(self, seconds: float) -> None:
        """Go forward, never back."""
        if seconds <= 0:
            return
        if self._url:
            import httpx

            async with httpx.AsyncClient() as client:
                await client.post(f"{self._url}/{round(seconds * 1_000) + 1}")
        self._ahead += seconds
