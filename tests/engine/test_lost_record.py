"""A record that the PDS has lost, while its key still stands in the tree: seen, and mended."""

from __future__ import annotations

import httpx

from acconsole.media.base import MediaType
from tests.faults.checks import Writer, assert_whole, restore
from tests.world import World


async def test_a_lost_record_is_seen_and_mended(world: World) -> None:
    user, account = await world.person()
    (doc,) = world.give(user, MediaType.MOODS, 1)
    when = doc["when"].strftime("%Y-%m-%dT%H:%M:%S.000Z")
    right = {"$type": MediaType.MOODS.nsid, "text": doc["mood"], "when": when, "ref": str(doc["_id"])}
    async with Writer(world.pds.url, account) as writer:
        kept = await writer.create(MediaType.MOODS, {**right, "text": "wrong"})
        gone = await writer.create(MediaType.MOODS, right)
    # What a careless client does: one commit that takes a value away at one rkey and puts it at another.
    name = "com.atproto.repo.applyWrites"
    writes = [
        {"$type": f"{name}#delete", "collection": MediaType.MOODS.nsid, "rkey": gone},
        {"$type": f"{name}#update", "collection": MediaType.MOODS.nsid, "rkey": kept, "value": right},
    ]
    async with httpx.AsyncClient(base_url=f"{world.pds.url}/xrpc/") as client:
        headers = {"Authorization": f"Bearer {account.access}"}
        body = {"repo": account.did, "writes": writes}
        (await client.post(name, json=body, headers=headers)).raise_for_status()
    world.database["moods"].update_one({"_id": doc["_id"]}, {"$set": {"atproto": {"rkey": kept}}})
    async with world.engine() as engine:
        state = await engine.status(user)
        assert (state.counts(MediaType.MOODS).records, state.counts(MediaType.MOODS).stale) == (1, 1)
        result = await restore(engine, user)
    assert (result.done.update, result.failed) == (1, ())
    await assert_whole(world, user)
