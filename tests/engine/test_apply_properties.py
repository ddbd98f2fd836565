"""Whatever a repo and its docs are like: after a run nothing is left to do, and a second run does nothing."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from bson import ObjectId
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from acconsole.engine.events import Finished
from acconsole.engine.model import User
from acconsole.media.base import MediaType
from acconsole.media.tid import encode
from tests.faults.checks import run
from tests.servers import PdsServer
from tests.world import World

START = datetime(2022, 1, 1, tzinfo=UTC)
SHAPES = ("right", "other text", "mood field", "mongoId", "no ref", "orphan")


@dataclass(frozen=True)
class Drawn:
    """One drawn doc: whether it is dead, what rkey it stores, and the shapes of its records."""

    dead: bool
    stores: str
    records: tuple[str, ...]


drawn_docs = st.lists(
    st.builds(
        Drawn,
        st.booleans(),
        st.sampled_from(["nothing", "first", "last", "junk"]),
        st.lists(st.sampled_from(SHAPES), max_size=3).map(tuple),
    ),
    max_size=6,
)


@pytest.fixture(scope="module")
def world(sandbox_pds: PdsServer, mongo_uri: str) -> Iterator[World]:
    made = World(sandbox_pds, mongo_uri, "properties")
    yield made
    made.close()


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(drawn_docs)
def test_a_run_leaves_nothing_to_do(world: World, drawn: list[Drawn]) -> None:
    asyncio.run(_check(world, drawn))


async def _check(world: World, drawn: list[Drawn]) -> None:
    user, _ = await world.person()
    _fill(world, user, drawn)
    async with world.engine() as engine:
        before, docs = await engine.status(user), world.docs(user, MediaType.MOODS)
        plan = await engine.plan_restore(user, prune=True)
        async for event in engine.run(plan, live=False):
            assert not isinstance(event, Finished) or event.result.done.items == 0
        assert (await engine.status(user)).rev == before.rev
        assert world.docs(user, MediaType.MOODS) == docs
        result = await run(engine, plan)
        assert result.failed == ()
        assert result.done == result.planned
        after = await engine.status(user)
        assert after.in_sync
        again = await run(engine, await engine.plan_restore(user, prune=True))
        assert (again.planned.items, again.pds_requests) == (0, 0)
        assert (await engine.status(user)).rev == after.rev
    assert after.snapshot
    refs = Counter(each.value["ref"] for each in after.snapshot.records[MediaType.MOODS])
    live = {str(doc["_id"]) for doc in docs if not doc.get("deleted")}
    assert refs == Counter(live)


def _fill(world: World, user: User, drawn: list[Drawn]) -> None:
    docs, records = [], []
    clock = 1_600_000_000_000_000
    for number, each in enumerate(drawn):
        doc: dict[str, Any] = {"_id": ObjectId(), "user": user.id, "mood": f"mood {number}"}
        doc["when"] = START + timedelta(hours=number)
        if each.dead:
            doc["deleted"] = True
        rkeys = []
        for shape in each.records:
            clock += 1_000
            rkeys.append(encode(clock, 7))
            records.append((MediaType.MOODS.nsid, rkeys[-1], _record(doc, shape, number)))
        stored = {"first": rkeys[:1], "last": rkeys[-1:], "junk": ["2222222222222"]}.get(each.stores)
        if stored:
            doc["atproto"] = {"rkey": stored[0]}
        docs.append(doc)
    if docs:
        world.database["moods"].insert_many(docs)
    assert world.pds.store
    assert user.did
    world.pds.store.load(user.did, records)


def _record(doc: dict[str, Any], shape: str, number: int) -> dict[str, Any]:
    when = doc["when"].strftime("%Y-%m-%dT%H:%M:%S.000Z")
    right = {"$type": MediaType.MOODS.nsid, "text": doc["mood"], "when": when, "ref": str(doc["_id"])}
    without = {name: value for name, value in right.items() if name != "ref"}
    match shape:
        case "other text":
            return {**right, "text": "something else"}
        case "mood field":
            return {name: value for name, value in right.items() if name != "text"} | {"mood": doc["mood"]}
        case "mongoId":
            return {**without, "mongoId": str(doc["_id"])}
        case "no ref":
            return without
        case "orphan":
            return {**right, "ref": f"nobody {number}"}
        case _:
            return right
