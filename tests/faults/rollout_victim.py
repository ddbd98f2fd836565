"""A process that carries out one rollout after the other, each in a fork that dies at a given point.

A fork begins with everything imported, so that a hundred deaths take a minute. A line of JSON on stdin asks
for a rollout: `deadly` is the event at which it kills itself (counted over all users; 0: never) or `ms` the
milliseconds after its first one. A line on stdout answers with how it ended: an exit status, or minus the
number of a signal.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import signal
import sys
from typing import Any

import atproto_client
import atproto_client.client.async_raw
import av
import distributed

from acconsole.engine import events, recovery
from acconsole.engine.rollout import lanes, told
from acconsole.engine.rollout.crew import Control
from acconsole.engine.rollout.survey import Scope
from acconsole.media import lexicon
from acconsole.media.base import MediaType
from acconsole.settings import load
from acconsole.stores import mongo, pds, snapshots, storage, tls
from acconsole.stores.connect import connect

IMPORTED = (atproto_client, av, distributed, mongo, pds, snapshots, storage)
"""What a rollout would import only when it comes to need it."""
COUNTED = (
    events.BackupWritten,
    events.BatchStarted,
    events.BlobStored,
    events.Committed,
    events.Found,
    events.Linked,
    events.Reread,
    events.Finished,
)


async def _rollout(job: dict[str, Any]) -> int:
    seen = 0
    async with connect(load(os.environ)) as engine:
        engine.lease_seconds = 5.0
        surveyed = await engine.survey(Scope(prune=True))
        control = Control(job.get("concurrency", 3))
        async for event in engine.rollout(surveyed, live=True, control=control, max_deletes=1_000):
            if isinstance(event, told.RolloutStarted) and job.get("ms"):
                asyncio.get_running_loop().call_later(job["ms"] / 1_000, _die)
            elif isinstance(event, told.UserMoved) and isinstance(event.event, COUNTED):
                seen += 1
                if seen == job.get("deadly"):
                    _die()
            elif isinstance(event, told.RolloutFinished):
                return 4 if event.result.failed else 0
    return 1


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _main() -> None:
    # What does not answer is asked again soon: nobody here has time for real pauses.
    recovery.PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6)
    lanes.PAUSES = (0.05, 0.2, 0.5)
    # What each fork would make for itself.
    tls.context()
    for kind in MediaType:
        lexicon.problem(kind, {})
    gc.freeze()
    for line in sys.stdin:
        job = json.loads(line)
        child = os.fork()
        if not child:
            os._exit(asyncio.run(_rollout(job)))
        _, status = os.waitpid(child, 0)
        print(json.dumps(os.waitstatus_to_exitcode(status)), flush=True)


if __name__ == "__main__":
    _main()
