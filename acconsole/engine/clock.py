"""The time, and waiting for it: whoever tests hours of waiting has a clock that is moved."""

from __future__ import annotations

import asyncio
import time


class Clock:
    """This machine's clock."""

    def now(self) -> float:
        """Seconds since the epoch."""
        return time.time()

    async def until(self, moment: float) -> None:
        """Come back at an epoch time."""
        await asyncio.sleep(max(0.0, moment - self.now()))
