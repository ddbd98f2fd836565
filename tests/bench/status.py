"""Status of one user with 2,867 records, against fetching and decoding the CAR and reading Mongo alone."""

from __future__ import annotations

import time

import httpx
import libipld
from motor.motor_asyncio import AsyncIOMotorClient

from acconsole.engine.model import User
from tests.bench.report import Line, median
from tests.world import JEFFREY, World

ROUNDS = 7


async def measure(world: World) -> list[Line]:
    """The time of a status, the sum of its parts alone, and the PDS requests that it takes."""
    user = await _jeffrey(world)
    whole, parts, requests = [], [], 0
    for _ in range(ROUNDS):
        parts.append(await _car_alone(world, user) + await _mongo_alone(world, user))
        async with world.engine() as engine:
            await engine.health()  # connections are open on both sides before the clock starts
            before = engine.pds_requests
            began = time.perf_counter()
            state = await engine.status(user)
            whole.append(time.perf_counter() - began)
            requests = engine.pds_requests - before
            assert state.in_sync
    took, alone = median(whole), median(parts)
    told = f"{took * 1000:.0f} ms; CAR and Mongo alone {alone * 1000:.0f} ms"
    return [
        Line("status against its reads alone", took / alone, 1.5, told, at_most=True),
        Line("status: PDS requests for the repo", requests, 1, "2,867 records", at_most=True),
    ]


async def _jeffrey(world: World) -> User:
    """A user with jeffrey's numbers, all synced; paintings carry no thumbnails here, so pieces stand in."""
    user, _ = await world.person()
    from acconsole.engine.events import Finished
    from acconsole.media.base import MediaType

    numbers = {**JEFFREY, MediaType.PIECES: JEFFREY[MediaType.PIECES] + JEFFREY[MediaType.PAINTINGS]}
    del numbers[MediaType.PAINTINGS]
    for kind, number in numbers.items():
        world.give(user, kind, number)
    async with world.engine() as engine:
        async for event in engine.run(await engine.plan_restore(user), live=True):
            if isinstance(event, Finished):
                assert event.result.done.create == 2_867, event.result
    return user


async def _car_alone(world: World, user: User) -> float:
    async with httpx.AsyncClient(base_url=f"{world.pds.url}/xrpc/", timeout=60) as client:
        await client.get("com.atproto.server.describeServer")
        began = time.perf_counter()
        answer = await client.get("com.atproto.sync.getRepo", params={"did": user.did})
        libipld.decode_car(answer.content)
        return time.perf_counter() - began


async def _mongo_alone(world: World, user: User) -> float:
    client: AsyncIOMotorClient[dict[str, object]] = AsyncIOMotorClient(world.mongo_uri)
    try:
        await client.admin.command("ping")
        began = time.perf_counter()
        for kind in (*JEFFREY, "tapes"):
            await client["bench"][str(kind)].find({"user": user.id}).to_list(None)
        return time.perf_counter() - began
    finally:
        client.close()
