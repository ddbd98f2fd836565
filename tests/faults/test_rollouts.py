"""Rollouts beside others: another rollout over the same users, and the site's own writers."""

from __future__ import annotations

import asyncio
import contextlib
import random
from datetime import UTC, datetime
from pathlib import Path

import pytest
from bson import ObjectId

from acconsole.engine.events import Event
from acconsole.engine.model import User
from acconsole.engine.rollout import lanes, told
from acconsole.engine.rollout.account import UserEnd
from acconsole.engine.rollout.crew import Control
from acconsole.engine.rollout.survey import Scope
from acconsole.media.base import MediaType
from tests.engine.test_rollout import rolled_out
from tests.faults.checks import Writer, assert_whole
from tests.servers import Account
from tests.world import World


async def test_two_at_once_over_the_same_users(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On two machines: each user is one's or the other's at a time, and nothing is there twice."""
    monkeypatch.setattr(lanes, "PAUSES", (0.2, 0.5, 2.0, 5.0, 10.0, 10.0))
    users = [(await world.person())[0] for _ in range(8)]
    for user in users:
        world.give(user, MediaType.MOODS, 30)
        world.give(user, MediaType.KIDLISP, 30)
    held: list[str] = []

    def seen(event: Event) -> None:
        if isinstance(event, told.UserEnded) and event.reason:
            held.append(event.reason)

    async with world.engine(state=tmp_path / "a") as one, world.engine(state=tmp_path / "b") as other:
        surveys = [await engine.survey(Scope()) for engine in (one, other)]
        assert [len(each.shares) for each in surveys] == [8, 8]
        results = await asyncio.gather(rolled_out(one, seen=seen), rolled_out(other, seen=seen))
    assert all("Another run holds" in reason for reason in held), held
    assert [result.failed for result in results] == [(), ()]
    assert sum(result.done.create for result in results) == 8 * 60
    for user in users:
        await assert_whole(world, user)


class Site:
    """Writes as the site does: a doc, then its record without a look, then the rkey; and nukes docs."""

    def __init__(self, world: World, writer: Writer, user: User, seed: int) -> None:
        self._world = world
        self._writer = writer
        self._user = user
        self._chance = random.Random(seed)
        self.made = 0

    async def go_on(self) -> None:
        """Until cancelled."""
        while True:
            await (self._nuke() if self._chance.random() < 0.3 else self._post())
            await asyncio.sleep(self._chance.random() * 0.3)

    async def _post(self) -> None:
        now, ref = datetime.now(UTC), ObjectId()
        moods = self._world.database["moods"]
        text = f"posted {self.made}"
        moods.insert_one({"_id": ref, "user": self._user.id, "when": now, "mood": text})
        self.made += 1
        when = now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        rkey = await self._writer.create(MediaType.MOODS, {"text": text, "when": when, "ref": str(ref)})
        moods.update_one({"_id": ref}, {"$set": {"atproto": {"rkey": rkey}}})

    async def _nuke(self) -> None:
        """Marks a doc as deleted; its record stays, as the site leaves it now and then."""
        moods = self._world.database["moods"]
        live = list(moods.find({"user": self._user.id, "deleted": None}, {"_id": 1}))
        if live:
            moods.update_one({"_id": self._chance.choice(live)["_id"]}, {"$set": {"deleted": True}})


async def test_beside_the_sites_own_writers(world: World, tmp_path: Path) -> None:
    people = [await world.person() for _ in range(3)]
    for user, _ in people:
        world.give(user, MediaType.MOODS, 40)
        world.give(user, MediaType.KIDLISP, 60)
    async with contextlib.AsyncExitStack() as stack, world.engine(state=tmp_path) as engine:
        sites = [
            await _site(stack, world, user, account, seed) for seed, (user, account) in enumerate(people)
        ]
        writing = [asyncio.create_task(site.go_on()) for site in sites]
        control = Control(3)
        first = await rolled_out(engine, control=control)
        for task in writing:
            task.cancel()
        await asyncio.gather(*writing, return_exceptions=True)
        assert all(site.made > 1 for site in sites)
        assert first.failed == ()
        last = await rolled_out(engine, Scope(prune=True), max_deletes=1_000)
        assert last.failed == ()
        assert {end for end, count in last.ends if count} <= {UserEnd.DONE}
    for user, _ in people:
        await assert_whole(world, user)


async def _site(
    stack: contextlib.AsyncExitStack, world: World, user: User, account: Account, seed: int
) -> Site:
    writer = await stack.enter_async_context(Writer(world.pds.url, account))
    return Site(world, writer, user, seed)
