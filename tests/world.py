"""A world for one test or benchmark: a PDS, a Mongo database, users with docs, an engine over both."""

from __future__ import annotations

import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from bson import ObjectId
from pymongo import MongoClient

from acconsole.engine.model import User
from acconsole.engine.sync import Engine
from acconsole.media.base import MediaType
from acconsole.settings import load
from acconsole.stores.connect import connect
from tests.servers import Account, PdsServer, mongo_server, reference_server

JEFFREY = {MediaType.MOODS: 226, MediaType.PIECES: 26, MediaType.KIDLISP: 2_220, MediaType.PAINTINGS: 395}
START = datetime(2023, 1, 1, tzinfo=UTC)
SOURCE = "(wipe blue) (ink yellow) (line 0 0 width height) (later spin (frame) {0}) (box {0} 20 30)"


@dataclass
class World:
    """Servers, a database, and the addresses under which an engine reaches them; `more` settings beside."""

    pds: PdsServer
    mongo_uri: str
    name: str
    more: dict[str, str] = field(default_factory=dict)
    _ids: Iterator[int] = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self._client: MongoClient[dict[str, Any]] = MongoClient(self.mongo_uri)
        self.database = self._client[self.name]
        for kind in MediaType:
            self.database[kind.value].create_index("user")

    def close(self) -> None:
        """Drop the database."""
        self._client.drop_database(self.name)
        self._client.close()

    async def person(self) -> tuple[User, Account]:
        """A new account on the PDS, and its user doc."""
        account = await self.pds.create_account()
        number = next(self._ids)
        sub = f"auth0|{number:024x}"
        self.database["@handles"].insert_one({"_id": sub, "handle": f"person{number}"})
        stored = {"did": account.did, "handle": account.handle, "password": account.password}
        code = f"ac25{number:05}"
        self.database["users"].insert_one({"_id": sub, "code": code, "atproto": stored})
        return (
            User(sub, f"person{number}", account.handle, account.did, code, account.password),
            account,
        )

    def give(self, user: User, kind: MediaType, number: int) -> list[dict[str, Any]]:
        """Insert `number` docs of a media type for a user; gives them."""
        docs = [_doc(user, kind, index) for index in range(number)]
        self.database[kind.value].insert_many(docs)
        return docs

    def docs(self, user: User, kind: MediaType) -> list[dict[str, Any]]:
        """The user's docs as they are now."""
        return list(self.database[kind.value].find({"user": user.id}))

    def environment(self, state: str, *, mongo_uri: str = "", pds_url: str = "") -> dict[str, str]:
        """The settings of an engine on this world, whose servers may stand behind other addresses."""
        return {
            "MONGODB_CONNECTION_STRING": mongo_uri or self.mongo_uri,
            "MONGODB_NAME": self.name,
            "PDS_URL": pds_url or self.pds.url,
            "ACCONSOLE_STATE_DIR": state,
            "ACCONSOLE_CONFIG": os.devnull,
            **self.more,
        }

    @asynccontextmanager
    async def engine(
        self, *, mongo_uri: str = "", pds_url: str = "", state: str | os.PathLike[str] = ""
    ) -> AsyncIterator[Engine]:
        """A fresh engine, which has nothing cached; as if on a machine of its own, without a `state` dir."""
        with tempfile.TemporaryDirectory(prefix="acconsole-state-") as fresh:
            place = os.fspath(state) or fresh
            settings = load(self.environment(place, mongo_uri=mongo_uri, pds_url=pds_url))
            async with connect(settings, self.pds.clock) as engine:
                yield engine


def _doc(user: User, kind: MediaType, index: int) -> dict[str, Any]:
    doc: dict[str, Any] = {"_id": ObjectId(), "user": user.id, "when": START + timedelta(minutes=7 * index)}
    match kind:
        case MediaType.MOODS:
            return doc | {"mood": f"mood number {index}"}
        case MediaType.PIECES:
            return doc | {"slug": f"piece-{index}"}
        case MediaType.KIDLISP:
            return doc | {"code": f"k{index}", "source": SOURCE.format(index), "hash": str(index), "hits": 1}
        case _:
            return doc | {"code": f"p{index}", "slug": f"2023.8.24.16.21.9.{index}"}


@contextmanager
def world() -> Iterator[World]:
    """A world on the reference PDS with servers of its own."""
    with mongo_server() as uri, reference_server() as pds:
        made = World(pds, uri, "bench")
        try:
            yield made
        finally:
            made.close()
