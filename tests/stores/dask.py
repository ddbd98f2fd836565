"""Processes of a Dask cluster on this machine: a scheduler, and workers with one thread each."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.servers import child

_SERVE = """
import asyncio, json, os, sys
from distributed import Scheduler, Worker

async def serve(make):
    async with make() as server:
        print(json.dumps({"url": server.address, "pid": os.getpid()}), flush=True)
        await asyncio.to_thread(sys.stdin.read)

"""
SCHEDULER = _SERVE + "asyncio.run(serve(lambda: Scheduler(host='127.0.0.1', port=0, dashboard=False)))"
WORKER = _SERVE + "asyncio.run(serve(lambda: Worker(sys.argv[1], nthreads=1, dashboard=False)))"


@contextmanager
def process(script: str, folder: Path, *arguments: str, **more: str) -> Iterator[dict[str, Any]]:
    """A process of a cluster, in a folder of its own; `more` is its environment. Gives its address and id."""
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(sys.path),
        "TMPDIR": str(folder),
        "DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "false",
        **more,
    }
    with child([sys.executable, "-c", script, *arguments], folder, environment) as ready:
        yield ready
