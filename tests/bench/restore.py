"""Restoring 2,220 kidlisp: against the way it is done today, and against a bare loop of applyWrites."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import httpx

from acconsole.engine.events import Finished
from acconsole.engine.model import User
from acconsole.media import record, tid
from acconsole.media.base import Built, MediaType, parse_when
from tests.bench.report import Line, median
from tests.servers import Account
from tests.world import World

DOCS = 2_220
TODAY_SAMPLE = 150
"""Docs by which the way of today is timed: its rate does not depend on their number."""
ROUNDS = 3


async def measure(world: World) -> list[Line]:
    """Records a second of the engine, of a bare loop and of today's way, in turn."""
    import atproto_client  # noqa: F401  # once a process, before the clock starts

    rates: dict[str, list[float]] = {"engine": [], "bare": [], "today": []}
    for _ in range(ROUNDS):
        rates["bare"].append(await _bare(world))
        rates["engine"].append(await _engine(world))
        rates["today"].append(await _today(world))
    engine, bare, today = (median(rates[name]) for name in ("engine", "bare", "today"))
    told = f"{engine:,.0f} records/s; bare applyWrites {bare:,.0f}; login and createRecord each {today:,.1f}"
    return [
        Line("restore against today's way", engine / today, 40, told),
        Line("restore against bare applyWrites", engine / bare, 0.8, told),
    ]


async def _engine(world: World) -> float:
    user, _ = await world.person()
    world.give(user, MediaType.KIDLISP, DOCS)
    async with world.engine() as engine:
        plan = await engine.plan_restore(user, (MediaType.KIDLISP,))
        began = time.perf_counter()
        async for event in engine.run(plan, live=True):
            if isinstance(event, Finished):
                assert event.result.done.create == DOCS, event.result
        return DOCS / (time.perf_counter() - began)


async def _bare(world: World) -> float:
    user, account = await world.person()
    values = _values(user)
    async with httpx.AsyncClient(base_url=f"{world.pds.url}/xrpc/", timeout=60) as client:
        began = time.perf_counter()
        headers = await login(client, account)
        for start in range(0, DOCS, 200):
            writes = [
                {
                    "$type": "com.atproto.repo.applyWrites#create",
                    "collection": value["$type"],
                    "rkey": rkey,
                    "value": value,
                }
                for rkey, value in values[start : start + 200]
            ]
            body = {"repo": account.did, "writes": writes}
            (await client.post("com.atproto.repo.applyWrites", json=body, headers=headers)).raise_for_status()
        return DOCS / (time.perf_counter() - began)


async def _today(world: World) -> float:
    user, account = await world.person()
    ten = asyncio.Semaphore(10)

    async def publish(value: dict[str, Any]) -> None:
        async with ten, httpx.AsyncClient(base_url=f"{world.pds.url}/xrpc/", timeout=60) as client:
            headers = await login(client, account)
            body = {"repo": account.did, "collection": value["$type"], "record": value}
            (
                await client.post("com.atproto.repo.createRecord", json=body, headers=headers)
            ).raise_for_status()

    values = _values(user)[:TODAY_SAMPLE]
    began = time.perf_counter()
    await asyncio.gather(*(publish(value) for _, value in values))
    return TODAY_SAMPLE / (time.perf_counter() - began)


async def login(client: httpx.AsyncClient, account: Account) -> dict[str, str]:
    body = {"identifier": account.did, "password": account.password}
    answer = await client.post("com.atproto.server.createSession", json=body)
    answer.raise_for_status()
    return {"Authorization": f"Bearer {answer.json()['accessJwt']}"}


def _values(user: User) -> list[tuple[str, dict[str, Any]]]:
    """What the engine would publish, with its rkeys."""
    values = []
    for index in range(DOCS):
        doc = {
            "_id": f"{index:024x}",
            "user": user.id,
            "code": f"k{index}",
            "source": f"(wipe blue) (ink yellow) (line 0 0 width height) (later spin (frame) {index})",
            "when": f"2023-01-01T00:00:{index % 60:02}.{index % 1000:03}Z",
        }
        built = record.build(MediaType.KIDLISP, doc)
        when = parse_when(doc["when"])
        assert isinstance(built, Built)
        assert when is not None
        values.append((tid.tid_for(doc["_id"], when), built.record))
    return values
