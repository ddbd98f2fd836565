"""Whatever a repo and its docs look like, and whatever runs: undone in turn, all is as it was before each."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from acconsole.engine.model import User
from acconsole.engine.plan import Plan
from acconsole.engine.sync import Engine
from tests.engine.undoing import MOODS, TAPES, Standing, mood, standing, store, undo
from tests.faults.checks import Writer, run
from tests.world import World

_ODD: list[Any] = [None, "text", [], {}, {"rkey": "nowhere", "kept": 1}, {"uri": "at://x", "rkey": "nowhere"}]


async def _untidied(world: World, user: User, writer: Writer, chance: random.Random) -> list[dict[str, Any]]:
    """Docs with any number of records, right and wrong, and whatever may be stored."""
    docs = world.give(user, MOODS, 10)
    for doc in docs:
        rkeys = []
        for _ in range(chance.choice([0, 1, 1, 2, 3])):
            record = mood(doc, **({"text": "wrong", "more": "kept"} if chance.random() < 0.3 else {}))
            for name, share in (("mongoId", 0.2), ("lost", 0.1)):
                if chance.random() < share and "ref" in record:
                    record[name] = record.pop("ref")
            rkeys.append(await writer.create(MOODS, record))
        values = [*_ODD, *({"rkey": rkey, "cid": "c"} for rkey in rkeys)]
        names = [name for name in ("atproto", "at") if chance.random() < 0.4]
        if names:
            store(world, doc, {name: chance.choice(values) for name in names})
    for doc in world.give(user, TAPES, 2):
        store(world, doc, {"at": {"rkey": "r", "uri": "u", "cid": "c"}}, TAPES)
    return docs


async def _planned(engine: Engine, user: User, last: str | None, chance: random.Random) -> Plan:
    match chance.choice(["restore", "prune", "wipe", "wipe all", "undo"]):
        case "wipe":
            return await engine.plan_wipe(user, (MOODS,))
        case "wipe all":
            return await engine.plan_wipe(user)
        case "undo" if last:
            return await engine.plan_undo(last)
        case chosen:
            return await engine.plan_restore(user, (MOODS,), prune=chosen == "prune")


@pytest.mark.parametrize("seed", [3, 14, 15])
async def test_runs_undone_in_turn(sandbox_world: World, tmp_path: Path, seed: int) -> None:
    world, chance = sandbox_world, random.Random(seed)
    user, account = await world.person()
    async with Writer(world.pds.url, account) as writer, world.engine(state=tmp_path) as engine:
        docs = await _untidied(world, user, writer, chance)
        done: list[tuple[str, Standing]] = []
        for number in range(4):
            changed = {"$set": {"mood": f"changed {number}"}}
            world.database["moods"].update_one({"_id": chance.choice(docs)["_id"]}, changed)
            before = await standing(world, engine, user)
            plan = await _planned(engine, user, done[-1][0] if done else None, chance)
            result = await run(engine, plan, confirmed=user.handle)
            assert (result.failed, result.skipped) == ((), ())
            done.append((result.run, before))
        for run_id, before in reversed(done):
            result = await undo(engine, run_id)
            assert (result.failed, result.skipped) == ((), ())
            assert await standing(world, engine, user) == before
