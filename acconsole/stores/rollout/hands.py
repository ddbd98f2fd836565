"""The `Hands` of a rollout on a Dask cluster: its workers.

Each order is a Dask task, so that Dask gives it to a worker with a thread to spare, and to another when that
one dies. What a worker tells and asks on its way comes through the line. Of two workers that have the same
part, since one was thought dead, only the later is heard, and only the holder of the user's lease writes.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from acconsole.engine.events import Event, Stop
from acconsole.engine.ports import World
from acconsole.engine.rollout.hands import Hands
from acconsole.engine.rollout.part import Done, Order
from acconsole.settings import Settings
from acconsole.stores import cluster
from acconsole.stores.rollout.head import Head
from acconsole.stores.rollout.line import Expected
from acconsole.stores.vault import DiskVault


@asynccontextmanager
async def on_cluster(
    address: str, world: World, vault: DiskVault, ours: Settings, *, live: bool
) -> AsyncIterator[Hands]:
    """The workers of the scheduler at an address, each of which is looked at first.

    Raises `SettingsError` for a cluster that does not fit, `ReadOnly`, `Unreachable`.
    """
    expected = Expected(ours.mongo[1], urlsplit(ours.pds_url).netloc, live, ours.tape_zip_routes)
    hands = ClusterHands(address, world, vault, expected)
    try:
        await hands.head()
        yield hands
    finally:
        await hands.close()


class ClusterHands:
    """The workers of a cluster. A scheduler that was lost is looked for again with the next order."""

    def __init__(self, address: str, world: World, vault: DiskVault, expected: Expected) -> None:
        self._address = address
        self._world = world
        self._vault = vault
        self._expected = expected
        self._heads: list[Head] = []
        self._opening: asyncio.Task[Head] | None = None

    @property
    def requests(self) -> int:
        return self._world.repos.requests + sum(head.requests for head in self._heads)

    async def do(self, order: Order, *, emit: Callable[[Event], None], stop: Stop) -> Done:
        return await (await self.head()).do(order, emit=emit, stop=stop)

    async def head(self) -> Head:
        """The line to the scheduler, laid if there is none. Raises as `on_cluster`."""
        if self._heads and not self._heads[-1].is_lost:
            return self._heads[-1]
        if self._opening is None or self._opening.done():
            self._opening = asyncio.create_task(self._open())
        return await asyncio.shield(self._opening)

    async def _open(self) -> Head:
        await asyncio.to_thread(cluster.look, self._address)
        head = await Head.open(self._address, self._world, self._vault, self._expected)
        self._heads.append(head)
        return head

    async def close(self) -> None:
        """Let the workers go."""
        if self._opening and not self._opening.done():
            self._opening.cancel()
            await asyncio.gather(self._opening, return_exceptions=True)
        for head in self._heads:
            await head.close()
