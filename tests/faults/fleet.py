"""A fleet for rollouts that break: users with docs of every type, and more to do before each run."""

from __future__ import annotations

import asyncio
import io
import json
import os
import random
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

from acconsole.engine.model import User
from acconsole.media.base import MediaType
from tests.tapehost import Host, tape_zip
from tests.world import World

Standing = dict[tuple[str, str, str], str]
"""CIDs by user, media type and rkey."""


@dataclass
class Fleet:
    """Users of a world, whose pictures and tapes a host has; `chance` decides what comes."""

    world: World
    host: Host
    users: list[User] = field(default_factory=list)
    chance: random.Random = field(default_factory=lambda: random.Random(1))
    _number: int = 0

    async def people(self, number: int) -> None:
        """So many users, each with a little of everything."""
        self.users = [(await self.world.person())[0] for _ in range(number)]
        for index, user in enumerate(self.users):
            self.world.give(user, MediaType.MOODS, 4)
            self.world.give(user, MediaType.PIECES, 2)
            self.world.give(user, MediaType.KIDLISP, 5)
            self.paintings(user, 2)
            if index % 6 == 0:
                self.tape(user)

    def paintings(self, user: User, number: int) -> None:
        """Paintings, each with a picture of its own."""
        for doc in self.world.give(user, MediaType.PAINTINGS, number):
            self._number += 1
            picture = io.BytesIO()
            Image.new("RGB", (8, 8), (self._number % 256, self._number // 256, 7)).save(picture, "PNG")
            code, slug = f"q{self._number}", f"2024.1.1.1.{self._number}"
            self.world.database["paintings"].update_one(
                {"_id": doc["_id"]}, {"$set": {"code": code, "slug": slug}}
            )
            self.host.objects[f"/site/media/paintings/{code}"] = picture.getvalue()

    def tape(self, user: User) -> None:
        """A tape of some frames."""
        self._number += 1
        (doc,) = self.world.give(user, MediaType.TAPES, 1)
        path = f"/storage/user-aesthetic-computer/{user.id}/{doc['slug']}.zip"
        self.host.objects[path] = tape_zip(self._number)

    def more_to_do(self, *, deaths: bool = True) -> None:
        """Something of every sort for some users: new docs, changed and deleted ones, links that are lost."""
        for user in self.chance.sample(self.users, min(8, len(self.users))):
            self.world.give(user, MediaType.MOODS, 1)
            self.world.give(user, MediaType.KIDLISP, 2)
        for user in self.chance.sample(self.users, 3):
            self.paintings(user, 1)
        self._some(MediaType.MOODS, 4, {"$set": {"mood": f"changed {self._number} {self.chance.random()}"}})
        self._some(MediaType.PIECES, 1, {"$set": {"slug": f"changed-{self.chance.randrange(10**9)}"}})
        if deaths:
            self._some(MediaType.MOODS, 2, {"$set": {"deleted": True}})
            self._some(MediaType.KIDLISP, 2, {"$set": {"nuked": True}})
        self._some(MediaType.KIDLISP, 3, {"$unset": {"atproto": ""}})

    def _some(self, kind: MediaType, number: int, update: dict[str, Any]) -> None:
        """Update some docs, whosever."""
        docs = self.world.database[kind.value]
        ids = [doc["_id"] for doc in docs.find({"deleted": None, "nuked": None}, {"_id": 1})]
        for each in self.chance.sample(ids, min(number, len(ids))):
            docs.update_one({"_id": each}, update)

    async def standing(self) -> Standing:
        """Every record of everybody as it stands."""
        async with self.world.engine() as engine:
            states = [await engine.status(user) for user in self.users]
        return {
            (state.user.id, kind.value, found.rkey): found.cid
            for state in states
            if state.snapshot
            for kind, records in state.snapshot.records.items()
            for found in records
        }


def saved(state: Path) -> set[tuple[str, str, str, str]]:
    """What the backups below a state dir hold: user, media type, rkey and CID."""
    manifests = [json.loads(file.read_text()) for file in state.glob("runs/*/*/manifest*.json")]
    return {
        (manifest["user"]["id"], each["type"], each["rkey"], each["cid"])
        for manifest in manifests
        for each in manifest["records"]
    }


class Victim:
    """The process that carries out rollouts and dies."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def roll_out(self, **job: Any) -> int:
        """One rollout; its exit status, or minus the signal that ended it."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(job).encode() + b"\n")
        return int(await self._process.stdout.readline())


@asynccontextmanager
async def victim(environment: dict[str, str]) -> AsyncIterator[Victim]:
    """A victim with these settings."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME")}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.faults.rollout_victim"),
        env={**environment, **inherited, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin
    try:
        yield Victim(process)
    finally:
        process.stdin.close()
        await process.wait()
