"""The fleet's status: against the way of today on the same PDS, a second look, and a million repos."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx

from acconsole.engine.model import User
from acconsole.engine.sync import Engine
from acconsole.media import record, tid
from acconsole.media.base import Built, MediaType
from tests.bench.report import Line, median
from tests.bench.restore import login
from tests.servers import Account
from tests.world import World

USERS = 400
DOCS = {MediaType.MOODS: 6, MediaType.KIDLISP: 4}
"""Docs of each user, which is what most have."""
TODAY_SAMPLE = 30
"""Users by whom the way of today is timed: its rate does not depend on their number."""
ROUNDS = 3
PAGE = 1_000
SMALL, LARGE = 100_000, 1_000_000
PEAK = 600_000_000

People = list[tuple[User, Account]]


async def measure(world: World) -> list[Line]:
    """Users a second of a first look and of today's way, and the requests of a first and a second look."""
    people = [await _person(world) for _ in range(USERS)]
    first, second, today, ten = [], [], [], []
    requests = (0, 0)
    for _ in range(ROUNDS):
        today.append(await _today(world, people[:TODAY_SAMPLE], 1))
        ten.append(await _today(world, people[: 3 * TODAY_SAMPLE], 10))
        async with world.engine() as engine:
            await engine.health()  # connections are open on both sides before the clock starts
            looks = [await _look(engine), await _look(engine)]
        first.append(looks[0][0])
        second.append(looks[1][0])
        requests = (looks[0][1], looks[1][1])
    # The last page names a next one, which is empty.
    pages = -(-USERS // PAGE) + 1
    rate, slow = median(first), median(today)
    told = f"{rate:,.0f} users/s, {median(second):,.0f} when nothing has moved;"
    told += f" today {slow:,.1f}, were it ten users at once {median(ten):,.1f}"
    return [
        Line("status of all against today's way", rate / slow, 20, told),
        Line("first look: getRepo a user", (requests[0] - pages) / USERS, 1, f"{USERS} users", at_most=True),
        Line("second look: requests", requests[1], pages, "only listRepos", at_most=True),
    ]


def millions() -> list[Line]:
    """A million repos at the ports, one in a hundred of which has moved, against a tenth of them."""
    with tempfile.TemporaryDirectory(prefix="fleet-") as name:
        folders = {size: Path(name) / str(size) for size in (SMALL, LARGE)}
        for size, folder in folders.items():
            folder.mkdir()
            _millions("fill", size, folder)
        # A shared machine has its moods: the small one is looked at before and after.
        small = [json.loads(_millions("scan", SMALL, folders[SMALL]))]
        large = json.loads(_millions("scan", LARGE, folders[LARGE]))
        small.append(json.loads(_millions("scan", SMALL, folders[SMALL])))
    each = [found["seconds"] / SMALL * 1e6 for found in small]
    ours = large["seconds"] / LARGE * 1e6
    told = f"{ours:.0f} µs a repo; {', '.join(f'{one:.0f}' for one in each)} of {SMALL:,}"
    peaks = f"{large['peak'] / 1e6:,.0f} MB; {small[0]['peak'] / 1e6:,.0f} MB of {SMALL:,}"
    return [
        Line("a million repos: time a repo", ours / (sum(each) / 2), 1.2, told, at_most=True),
        Line("a million repos: peak in MB", large["peak"] / 1e6, PEAK / 1e6, peaks, at_most=True),
        Line("a million repos: read", large["read"], LARGE / 100, "those that had moved", at_most=True),
    ]


def _millions(what: str, size: int, folder: Path) -> str:
    command = [sys.executable, "-m", "tests.bench.millions", what, str(size), str(folder)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


async def _look(engine: Engine) -> tuple[float, int]:
    """Users a second of one look at everybody, and its requests to the PDS."""
    before, users = engine.pds_requests, 0
    began = time.perf_counter()
    async for standing in engine.scan():
        assert standing.counts[MediaType.MOODS].unlinked == DOCS[MediaType.MOODS]
        users += 1
    seconds = time.perf_counter() - began
    assert users == USERS
    return users / seconds, engine.pds_requests - before


async def _today(world: World, people: People, at_once: int) -> float:
    """Users a second by a login and five lists for each. The scripts do one user after the other."""
    some = asyncio.Semaphore(at_once)

    async def read(account: Account) -> None:
        async with some, httpx.AsyncClient(base_url=f"{world.pds.url}/xrpc/", timeout=60) as client:
            headers = await login(client, account)
            for kind in MediaType:
                params: dict[str, Any] = {"repo": account.did, "collection": kind.nsid, "limit": 100}
                answer = await client.get("com.atproto.repo.listRecords", params=params, headers=headers)
                answer.raise_for_status()

    began = time.perf_counter()
    await asyncio.gather(*(read(account) for _, account in people))
    return len(people) / (time.perf_counter() - began)


async def _person(world: World) -> tuple[User, Account]:
    """A user whose docs are all published."""
    user, account = await world.person()
    writes = []
    for kind, number in DOCS.items():
        for doc in world.give(user, kind, number):
            built = record.build(kind, doc)
            assert isinstance(built, Built)
            rkey = tid.tid_for(str(doc["_id"]), doc["when"])
            create = {"$type": "com.atproto.repo.applyWrites#create", "collection": kind.nsid}
            writes.append({**create, "rkey": rkey, "value": built.record})
    headers = {"Authorization": f"Bearer {account.access}"}
    async with httpx.AsyncClient(base_url=f"{world.pds.url}/xrpc/", timeout=60) as client:
        body = {"repo": account.did, "writes": writes}
        (await client.post("com.atproto.repo.applyWrites", json=body, headers=headers)).raise_for_status()
    return user, account
