"""What tests of many users share: a plain client of an account, and a fleet at the ports."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import httpx

from acconsole.engine.model import RepoHead, Snapshot, User
from acconsole.engine.ports import World as Ports
from acconsole.errors import AcError, Unreachable
from acconsole.media.base import Doc, MediaType, Record
from tests.contract.client import Client, ok
from tests.engine.cases import rkey, source, standing, value_of
from tests.media.docs import MOODS
from tests.servers import Account
from tests.world import START, World


@asynccontextmanager
async def client_of(world: World, account: Account) -> AsyncIterator[Client]:
    """A client of an account of this world, logged in."""
    async with httpx.AsyncClient(base_url=world.pds.url, timeout=60) as http:
        yield Client(world.pds, account, http, account.access, account.refresh)


def creating(kind: MediaType, key: str, value: Record) -> dict[str, Any]:
    """The write that creates a record."""
    named = {"collection": kind.nsid, "rkey": key, "value": {"$type": kind.nsid, **value}}
    return {"$type": "com.atproto.repo.applyWrites#create", **named}


async def publish(client: Client, kind: MediaType, doc: Doc, number: int = 0, **changed: Any) -> str:
    """Create a doc's record, or one that is changed, with no blob that is not given; gives its rkey."""
    found = source(kind, **{**doc, "ref": str(doc["_id"])})
    lacking = {"thumbnail": ..., "video": ...} if kind in (MediaType.PAINTINGS, MediaType.TAPES) else {}
    ok(await client.apply([creating(kind, rkey(number), value_of(found, **{**lacking, **changed}))]))
    return rkey(number)


@dataclass
class Fleet:
    """Ports of a fleet of `size` users, each with a repo of one mood and the mood's doc.

    `troubles`: what `snapshot` raises for a DID, once for each error. `gone`: the PDS does not answer at all.
    `cache` False: nothing is kept.
    """

    size: int
    troubles: dict[str, list[AcError]] = field(default_factory=dict)
    listed: list[RepoHead] | None = None
    gone: bool = False
    cache: bool = True
    host: str = "pds.test"
    trouble: None = None
    asked: list[str] = field(default_factory=list)
    kept: dict[str, Snapshot] = field(default_factory=dict)
    users_given: int = 0
    reading: int = 0
    most: int = 0

    def ports(self) -> Ports:
        """The ports, as far as a scan needs them."""
        return cast(Ports, SimpleNamespace(docs=self, repos=self, snapshots=self, sourceless=self))

    async def users(self) -> AsyncGenerator[User, None]:
        for number in range(self.size):
            self.users_given += 1
            yield User(id_of(number), did=did_of(number))

    async def docs_between(self, first: str, last: str, kind: MediaType) -> AsyncIterator[Doc]:
        if kind is MOODS:
            for number in range(int(first[6:]), int(last[6:]) + 1):
                yield mood_of(number)

    async def heads(self) -> AsyncIterator[RepoHead]:
        for number in range(self.size):
            if self.listed is None:
                yield RepoHead(did_of(number), "rev", "commit")
        for head in self.listed or ():
            yield head

    async def ping(self) -> None:
        if self.gone:
            raise Unreachable("The PDS is gone.")

    async def snapshot(self, did: str) -> Snapshot:
        self.asked.append(did)
        self.reading += 1
        self.most = max(self.most, self.reading)
        try:
            await asyncio.sleep(0)
            await self.ping()
            if self.troubles.get(did):
                raise self.troubles[did].pop(0)
        finally:
            self.reading -= 1
        value = value_of(SOURCE, text=str(int(did[8:])), ref=ref_of(int(did[8:])))
        return Snapshot(did, "rev", "commit", {MOODS: (standing(MOODS, rkey(1), value),)})

    async def get(self, host: str, heads: Sequence[RepoHead]) -> Mapping[str, Snapshot]:
        return {head.did: self.kept[head.did] for head in heads if head.did in self.kept}

    async def put(self, host: str, snapshots: Sequence[Snapshot]) -> None:
        if self.cache:
            self.kept |= {each.did: each for each in snapshots}

    async def known(self, kind: MediaType) -> Mapping[str, str]:
        return {}


SOURCE = source(MOODS, when=START)


def id_of(number: int) -> str:
    return f"auth0|{number:08}"


def did_of(number: int) -> str:
    return f"did:plc:{number:08}"


def ref_of(number: int) -> str:
    return f"{number:024x}"


def mood_of(number: int) -> dict[str, Any]:
    return {"_id": ref_of(number), "user": id_of(number), "mood": f"{number}", "when": START}
