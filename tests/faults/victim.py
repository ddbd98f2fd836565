"""A process that restores one user and kills itself at a given point: `python -m tests.faults.victim …`.

`action` is `restore`, `wipe`, or `undo:RUN`.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys

from acconsole.engine import search
from acconsole.settings import load
from acconsole.stores.connect import connect


async def _main(handle: str, deadly: str, action: str, lease_seconds: str = "60") -> None:
    """Run live; die at the event `Name:number`, or after `ms:number` milliseconds from the first batch on."""
    name, _, number = deadly.partition(":")
    count = 0
    async with connect(load(os.environ)) as engine:
        engine.lease_seconds = float(lease_seconds)
        user = search.resolve(await engine.users(), handle)
        plans = {"wipe": engine.plan_wipe, "restore": engine.plan_restore}
        undone = action.partition(":")[2]
        plan = await (engine.plan_undo(undone) if undone else plans[action](user))
        limit = plan.deletes_capped if undone else None
        async for event in engine.run(plan, live=True, confirmed=handle, max_deletes=limit):
            if name == "ms" and type(event).__name__ == "BatchStarted":
                asyncio.get_running_loop().call_later(int(number) / 1000, _die)
            elif type(event).__name__ == name:
                count += 1
                if count == int(number):
                    _die()


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:]))
