"""The memory of a rollout over the whole fleet, against one over a tenth of it, on the sandbox's servers.

`python -m tests.bench.rollout` is the process that is looked at: it carries out one live rollout over what
the environment points at, and prints how much memory it had at its peak.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from typing import Any

from pymongo import MongoClient

from acconsole.engine.rollout.survey import Scope
from acconsole.engine.rollout.told import RolloutFinished
from acconsole.media.base import MediaType
from acconsole.settings import load
from acconsole.stores.connect import connect
from tests.bench.report import Line
from tests.cli.conftest import environment_of

SMALL, LARGE = (500, 12_000), (4_201, 100_000)
"""Users and docs. What the sandbox's people have not made themselves are moods that they have deleted."""
RATIO = 1.3
CHUNK = 5_000


def measure() -> list[Line]:
    """The peaks of both, and what they did."""
    small, large = (_measured(*size) for size in (SMALL, LARGE))
    told = "; ".join(
        f"{found['peak'] / 1e6:,.0f} MB over {found['users']:,} users, {found['docs']:,} docs,"
        f" {found['done']:,} writes, {found['blobs']:,} blobs in {found['seconds']:,.0f} s"
        for found in (large, small)
    )
    return [Line("memory of a whole rollout", large["peak"] / small["peak"], RATIO, told, at_most=True)]


def _measured(users: int, docs: int) -> dict[str, Any]:
    with environment_of("--users", str(users)) as sandbox, tempfile.TemporaryDirectory() as state:
        _fill_up(sandbox, docs)
        environment = {**os.environ, **sandbox, "ACCONSOLE_STATE_DIR": state}
        command = [sys.executable, "-m", "tests.bench.rollout"]
        found = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    return {**json.loads(found.stdout), "docs": docs}


def _fill_up(sandbox: dict[str, str], docs: int) -> None:
    """Give everybody as many deleted moods as it takes for so many docs in all."""
    with MongoClient[dict[str, Any]](sandbox["MONGODB_CONNECTION_STRING"]) as client:
        database = client[sandbox["MONGODB_NAME"]]
        lacking = docs - sum(database[kind.value].count_documents({}) for kind in MediaType)
        owners = [each["_id"] for each in database["users"].find({}, {"_id": 1})]
        gone = {"when": datetime(2024, 1, 1, tzinfo=UTC), "mood": "a mood of yesterday", "deleted": True}
        for start in range(0, lacking, CHUNK):
            some = range(start, min(start + CHUNK, lacking))
            database["moods"].insert_many([{**gone, "user": owners[each % len(owners)]} for each in some])


async def _roll_out() -> dict[str, Any]:
    async with connect(load(os.environ)) as engine:
        began = time.monotonic()
        # Tapes are made in processes of their own, and take the time of all else together.
        chosen = Scope(tuple(kind for kind in MediaType if kind is not MediaType.TAPES))
        surveyed = await engine.survey(chosen)
        results = [
            event.result
            async for event in engine.rollout(surveyed, live=True)
            if isinstance(event, RolloutFinished)
        ]
        seconds = time.monotonic() - began
    (result,) = results
    return {
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1_024,
        "users": result.looked,
        "done": result.done.items,
        "blobs": result.done.blobs,
        "seconds": seconds,
    }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_roll_out())))
