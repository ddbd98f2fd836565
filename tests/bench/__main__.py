"""`make bench [ARGS="restore status"]`: run the benchmarks, exit 1 when a bound is missed."""

from __future__ import annotations

import asyncio
import sys

from tests.bench import fleet, journal, restore, rollout, search, start, status, tapes
from tests.bench.report import show
from tests.world import world

NAMES = ("start", "search", "tapes", "status", "restore", "journal", "fleet", "rollout", "millions")


async def _main(names: list[str]) -> bool:
    kept = True
    if "start" in names:
        kept &= show(await start.measure())
    if "search" in names:
        kept &= show(await search.measure())
    if "tapes" in names:
        kept &= show(await tapes.measure())
    if {"status", "restore", "journal"} & set(names):
        with world() as servers:
            if "status" in names:
                kept &= show(await status.measure(servers))
            if "restore" in names:
                kept &= show(await restore.measure(servers))
            if "journal" in names:
                kept &= show(await journal.measure(servers))
    if "fleet" in names:
        with world() as servers:
            kept &= show(await fleet.measure(servers))
    if "rollout" in names:
        kept &= show(await asyncio.to_thread(rollout.measure))
    if "millions" in names:
        kept &= show(await asyncio.to_thread(fleet.millions))
    return kept


if __name__ == "__main__":
    chosen = sys.argv[1:] or list(NAMES)
    if unknown := set(chosen) - set(NAMES):
        sys.exit(f"There are {', '.join(NAMES)}, not {', '.join(unknown)}.")
    sys.exit(0 if asyncio.run(_main(chosen)) else 1)
