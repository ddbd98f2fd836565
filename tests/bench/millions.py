"""A fleet at the ports: repos kept in the cache, one in a hundred of which has moved. A process of its own.

python -m tests.bench.millions fill SIZE FOLDER     makes the cache of a look that was before
python -m tests.bench.millions scan SIZE FOLDER     prints seconds, peak memory in bytes, repos read
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import libipld

from acconsole.engine import car
from acconsole.engine.fleet import scan
from acconsole.engine.model import RepoHead, Snapshot, User
from acconsole.engine.ports import World
from acconsole.media import tid
from acconsole.media.base import Built, Doc, MediaType
from acconsole.media.record import build
from acconsole.sandbox.pds import tree
from acconsole.sandbox.pds.values import dag_cid
from acconsole.stores.snapshots import SqliteSnapshots
from tests.world import START

BATCH = 1_000
MOVED = 100
"""One repo of so many has moved."""
CID_SIZE = 36
LIMIT = 20_000_000_000
FIRST = 1_700_000_000_000_000


def did_of(number: int) -> str:
    return f"did:plc:{number:024}"


def mood_of(number: int) -> Doc:
    """A user's one doc."""
    return {
        "_id": f"{number:024x}",
        "user": f"auth0|{number:024}",
        "mood": f"what number {number} felt",
        "when": START,
        "atproto": {"rkey": tid.encode(FIRST, 0)},
    }


def snapshot_of(number: int, later: int = 0) -> Snapshot:
    """A user's repo, as it would be read: one mood, the right one."""
    built = build(MediaType.MOODS, mood_of(number))
    assert isinstance(built, Built)
    record = libipld.encode_dag_cbor(built.record)
    made = tree.build({f"{MediaType.MOODS.nsid}/{tid.encode(FIRST, 0)}": dag_cid(record)})
    rev = tid.encode(FIRST + 2 * number + later, 0)
    commit = {"did": did_of(number), "rev": rev, "data": made.root, "prev": None, "version": 3}
    block = libipld.encode_dag_cbor({**commit, "sig": bytes(64)})
    root = dag_cid(block)
    header = libipld.encode_dag_cbor({"roots": [root], "version": 1})
    blocks = {root: block, **made.nodes, dag_cid(record): record}
    parts = [_varint(len(header)), header]
    for cid, each in blocks.items():
        parts += (_varint(len(cid) + len(each)), cid, each)
    return car.snapshot(b"".join(parts))


def _varint(number: int) -> bytes:
    return bytes([number]) if number < 0x80 else bytes([number & 0x7F | 0x80, number >> 7])


class Ports:
    """Mongo and the PDS of such a fleet, as far as a scan needs them."""

    host = "pds.bench"
    trouble = None

    def __init__(self, size: int, folder: Path) -> None:
        self.size = size
        self.read = 0
        self._commits = (folder / "heads").open("rb")

    def close(self) -> None:
        self._commits.close()

    async def users(self) -> AsyncGenerator[User, None]:
        for number in range(self.size):
            name = f"user{number}"
            yield User(f"auth0|{number:024}", name, f"{name}.at.test", did_of(number), f"ac25{number:07}")

    async def docs_between(self, first: str, last: str, kind: MediaType) -> AsyncIterator[Doc]:
        if kind is MediaType.MOODS:
            for number in range(int(first[6:]), int(last[6:]) + 1):
                yield mood_of(number)

    async def known(self, kind: MediaType) -> Mapping[str, str]:
        return {}

    async def heads(self) -> AsyncIterator[RepoHead]:
        self._commits.seek(0)
        for number in range(self.size):
            commit = str(libipld.encode_cid(self._commits.read(CID_SIZE)))
            moved = number % MOVED == 0
            yield RepoHead(did_of(number), tid.encode(FIRST + 2 * number + moved, 0), commit)

    async def snapshot(self, did: str) -> Snapshot:
        self.read += 1
        return snapshot_of(int(did[8:]), 1)


def fill(size: int, folder: Path) -> None:
    """Keep every repo, and write the commits down in order."""
    cache = SqliteSnapshots(folder / "snapshots.sqlite", LIMIT)
    with (folder / "heads").open("wb") as heads:
        for start in range(0, size, BATCH):
            snapshots = [snapshot_of(number) for number in range(start, min(start + BATCH, size))]
            asyncio.run(cache.put(Ports.host, snapshots))
            for each in snapshots:
                heads.write(libipld.decode_multibase(each.commit)[1])
    assert cache.trouble is None, cache.trouble


async def look(size: int, folder: Path) -> dict[str, Any]:
    """One scan of the whole fleet."""
    with closing(Ports(size, folder)) as ports:
        return await _look(ports, folder)


async def _look(ports: Ports, folder: Path) -> dict[str, Any]:
    cache = SqliteSnapshots(folder / "snapshots.sqlite", LIMIT)
    world = cast(World, SimpleNamespace(docs=ports, repos=ports, snapshots=cache, sourceless=ports))
    synced, began = 0, time.perf_counter()
    async for standing in scan(world, tuple(MediaType)):
        synced += standing.counts[MediaType.MOODS].synced
    seconds = time.perf_counter() - began
    assert synced == ports.size, f"{synced} of {ports.size}"
    assert cache.trouble is None, cache.trouble
    # Kilobytes on Linux, bytes on macOS.
    unit = 1 if sys.platform == "darwin" else 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    return {"seconds": seconds, "peak": peak, "read": ports.read}


def main() -> None:
    what, size, folder = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    if what == "fill":
        fill(size, folder)
    else:
        print(json.dumps(asyncio.run(look(size, folder))))


if __name__ == "__main__":
    main()
