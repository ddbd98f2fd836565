"""What undo is tested with: how a user stands, byte for byte, and a user of whom much is out of order."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import httpx
from bson import ObjectId

from acconsole.engine.events import RunResult
from acconsole.engine.history import RunSummary
from acconsole.engine.model import User
from acconsole.engine.sync import Engine
from acconsole.media.base import MediaType
from tests.faults.checks import Writer, run
from tests.servers import Account
from tests.world import START, World

MOODS, KIDLISP, TAPES = MediaType.MOODS, MediaType.KIDLISP, MediaType.TAPES


@dataclass(frozen=True)
class Standing:
    """The repo's records by media type and rkey, and what each doc stores, as text."""

    repo: dict[tuple[MediaType, str], str]
    mongo: dict[tuple[MediaType, str], str]


async def standing(world: World, engine: Engine, user: User) -> Standing:
    """How a user stands, by a fresh look."""
    snapshot = (await engine.status(user)).snapshot
    assert snapshot
    repo = {(each.kind, each.rkey): each.cid for found in snapshot.records.values() for each in found}
    docs = [(kind, doc) for kind in MediaType for doc in world.docs(user, kind)]
    mongo = {
        (kind, str(doc["_id"])): json.dumps({name: doc[name] for name in ("atproto", "at") if name in doc})
        for kind, doc in docs
    }
    return Standing(repo, mongo)


async def undo(engine: Engine, run_id: str, **how: Any) -> RunResult:
    """Plan and run the undo of a run."""
    return await run(engine, await engine.plan_undo(run_id), **how)


async def newest(engine: Engine) -> RunSummary:
    return (await engine.history(1))[0]


def date(doc: dict[str, Any]) -> str:
    return str(doc["when"].strftime("%Y-%m-%dT%H:%M:%S.000Z"))


def mood(doc: dict[str, Any], **changed: str) -> dict[str, Any]:
    """The record of a mood's doc, or nearly."""
    return {"text": doc["mood"], "when": date(doc), "ref": str(doc["_id"]), **changed}


async def untidy(world: World, user: User, writer: Writer) -> None:
    """Docs missing, stale, twice published, unlinked in several ways, and records that are nobody's."""
    docs = world.give(user, MOODS, 9)
    world.give(user, KIDLISP, 12)
    rkeys = [await writer.create(MOODS, mood(doc)) for doc in docs[:5]]
    await writer.put(MOODS, rkeys[0], mood(docs[0], text="wrong", more="kept"))
    twice = await writer.create(MOODS, mood(docs[1], text="the other"))
    await writer.create(MOODS, {"text": "nobody's", "when": date(docs[0]), "ref": "gone"})
    await writer.create(MOODS, {"text": "nobody's and says so", "when": date(docs[0])})
    store(world, docs[0], {"atproto": {"kept": 1, "rkey": rkeys[0]}})
    store(world, docs[1], {"atproto": {"rkey": twice, "uri": "at://x"}})
    store(world, docs[2], {"atproto": {"uri": "at://lost", "rkey": "lost"}, "at": {"rkey": "x"}})
    store(world, docs[3], {"atproto": "broken", "at": {"rkey": "y"}})
    store(world, docs[4], {"atproto": None})


def store(world: World, doc: dict[str, Any], stored: dict[str, Any], kind: MediaType = MOODS) -> None:
    """Have a doc store this."""
    world.database[kind.value].update_one({"_id": doc["_id"]}, {"$set": stored})


async def upload(world: World, account: Account, data: bytes, mime: str) -> dict[str, Any]:
    """Store a blob with the account's own token; gives it as a record names it."""
    async with httpx.AsyncClient(base_url=f"{world.pds.url}/xrpc/") as client:
        headers = {"Authorization": f"Bearer {account.access}", "Content-Type": mime}
        answer = await client.post("com.atproto.repo.uploadBlob", content=data, headers=headers)
        answer.raise_for_status()
        blob: dict[str, Any] = answer.json()["blob"]
        return blob


def painting(world: World, user: User, code: str, **fields: Any) -> dict[str, Any]:
    """A doc of a painting, put into Mongo."""
    doc = {
        "_id": ObjectId(),
        "user": user.id,
        "when": START,
        "code": code,
        "slug": f"2023.8.{code}",
        **fields,
    }
    world.database["paintings"].insert_one(doc)
    return doc
