"""The source of truth, through motor: users, docs as streams, and the rkeys that are written back.

Every use of motor and pymongo is in this file. Their errors end here; what they say is not passed on,
for it may hold the connection string.
"""

from __future__ import annotations

import asyncio
import functools
import itertools
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import aclosing
from typing import Any, ParamSpec, TypeVar

from bson import CodecOptions, ObjectId, json_util
from bson.codec_options import DatetimeConversion
from bson.errors import BSONError
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import ReturnDocument, UpdateMany, UpdateOne
from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    ConfigurationError,
    DuplicateKeyError,
    InvalidURI,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
)
from pymongo.uri_parser import parse_uri

from acconsole.engine.journal import Holder
from acconsole.engine.model import User
from acconsole.engine.plan import PutBack
from acconsole.engine.ports import Link
from acconsole.engine.stored import NAMES, same, stored_in
from acconsole.errors import AcError, Failed, SettingsError, Unreachable
from acconsole.media.base import GUEST, Doc, MediaType
from acconsole.stores import leases

P = ParamSpec("P")
T = TypeVar("T")

STREAM_BATCH = 1_000
LINK_BATCH = 100
"""Rkeys are written back in unordered bulk writes of at most this many."""
LEASE_TRIES = 20
"""Times in a row that others may insert the doc of a hold at the very moment that this one does."""
_NO_RIGHT = 13
_USER = dict.fromkeys(("code", "atproto", "atproto_did", "atproto_handle", "atproto_password"), 1)
"""The fields that are read of a user doc."""
_AUTH_CODES = (8000, 18, _NO_RIGHT)

# A date that Python cannot hold and text that is not UTF-8 come out as values that block their doc,
# where the defaults would end the whole stream.
OPTIONS: CodecOptions[Any] = CodecOptions(
    tz_aware=True,
    datetime_conversion=DatetimeConversion.DATETIME_AUTO,
    unicode_decode_error_handler="surrogateescape",
)


def _ours(call: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Coroutine[Any, Any, T]]:
    @functools.wraps(call)
    async def translated(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return await call(*args, **kwargs)
        except (PyMongoError, BSONError) as error:
            store = args[0]
            assert isinstance(store, MongoDocs)
            raise store.translated(error) from None

    return translated


class MongoDocs:
    """The `Docs` port over one database."""

    def __init__(self, connection_string: str, name: str) -> None:
        """Connects on first use. Raises `SettingsError` for a malformed connection string."""
        try:
            nodes = parse_uri(connection_string)["nodelist"] if "+srv" not in connection_string else []
            chosen = "serverselectiontimeoutms" in connection_string.lower()
            patience: dict[str, Any] = {} if chosen else {"serverSelectionTimeoutMS": 4_000}
            self._client: Any = AsyncIOMotorClient(connection_string, appname="acconsole", **patience)
        except (InvalidURI, ConfigurationError, ValueError):
            raise SettingsError(
                "MONGODB_CONNECTION_STRING is not a MongoDB connection string.",
                "It begins with mongodb:// or mongodb+srv://.",
            ) from None
        self._where = ", ".join(f"{host}:{port}" for host, port in nodes) or "its cluster"
        self._database = self._client.get_database(name, codec_options=OPTIONS)

    async def close(self) -> None:
        # The driver says goodbye to the server, and waits for it: not on the event loop.
        await asyncio.to_thread(self._client.close)

    def translated(self, error: Exception) -> AcError:
        """A driver's error as ours, without the driver's text."""
        if isinstance(error, ServerSelectionTimeoutError | AutoReconnect):
            return Unreachable(
                f"MongoDB at {self._where} does not answer.", "Is it running, and may this machine reach it?"
            )
        if isinstance(error, OperationFailure) and error.code in _AUTH_CODES:
            return SettingsError(
                f"MongoDB at {self._where} refuses the login.", "Look at MONGODB_CONNECTION_STRING."
            )
        return Failed(f"MongoDB refused an operation ({type(error).__name__}).", fatal=True)

    @_ours
    async def ping(self) -> None:
        await self._database.command("ping")

    async def users(self) -> AsyncGenerator[User, None]:
        batch: list[dict[str, Any]] = []
        async with aclosing(self._stream("users", {}, _USER, by_id=True)) as stream:
            async for each in stream:
                batch.append(each)
                if len(batch) == STREAM_BATCH:
                    for user in await self._named(batch):
                        yield user
                    batch = []
        for user in await self._named(batch):
            yield user

    async def user(self, owner: str) -> User | None:
        ids = [each for some in _ids([owner]) for each in some]
        found = [each async for each in self._stream("users", {"_id": {"$in": ids}}, _USER)]
        return (await self._named(found[:1]))[0] if found else None

    async def _named(self, batch: Sequence[dict[str, Any]]) -> list[User]:
        """User docs, sorted by id, with the handles that stand beside them in the same order."""
        handles: dict[str, Any] = {}
        for _, run in itertools.groupby((each["_id"] for each in batch), type):
            ids = list(run)
            between = {"_id": {"$gte": ids[0], "$lte": ids[-1]}}
            async for each in self._stream("@handles", between, {"handle": 1}):
                handles[str(each["_id"])] = each.get("handle")
        return [_user(each, handles.get(str(each["_id"]))) for each in batch]

    async def docs(self, owner: str, kind: MediaType) -> AsyncIterator[Doc]:
        async for doc in self._stream(kind.value, _owned_by(owner)):
            yield doc

    async def docs_between(self, first: str, last: str, kind: MediaType) -> AsyncIterator[Doc]:
        async for doc in self._stream(kind.value, {"user": {"$gte": first, "$lte": last}}):
            yield doc
        if first <= GUEST <= last:
            async for doc in self._stream(kind.value, {"user": None}):
                yield doc

    async def every(self, kind: MediaType) -> AsyncIterator[Doc]:
        async for doc in self._stream(kind.value, {}):
            yield doc

    async def dead(self, owner: str, kind: MediaType) -> set[str]:
        # Not by `$or`, for which not every server goes by the index of owners.
        marks = ({**_owned_by(owner), mark: True} for mark in ("nuked", "deleted"))
        return {str(doc["_id"]) for gone in marks async for doc in self._stream(kind.value, gone, {"_id": 1})}

    @_ours
    async def by_refs(self, kind: MediaType, refs: Sequence[str]) -> dict[str, Doc]:
        found: dict[str, Doc] = {}
        for ids in _ids(refs):
            wanted = [each for each in ids if str(each) not in found]
            if wanted:
                cursor = self._database[kind.value].find({"_id": {"$in": wanted}})
                found |= {str(doc["_id"]): doc for doc in await cursor.to_list(None)}
        return found

    @_ours
    async def link(self, kind: MediaType, links: Sequence[Link]) -> int:
        matched = 0
        by_ref = {link.ref: link for link in links}
        for ids in _ids(list(by_ref)):
            for start in range(0, len(ids), LINK_BATCH):
                some = {each: by_ref[str(each)] for each in ids[start : start + LINK_BATCH]}
                matched += await self._link(kind, some)
            if matched == len(by_ref):
                break
        return matched

    async def _link(self, kind: MediaType, links: dict[Any, Link]) -> int:
        plain = kind is not MediaType.TAPES
        updates = [UpdateOne({"_id": each}, _linking(link, plain)) for each, link in links.items()]
        try:
            result = await self._database[kind.value].bulk_write(updates, ordered=False)
        except BulkWriteError:
            # Somewhere `atproto` is no object, into which nothing can be set: it is written anew.
            updates = [UpdateOne({"_id": each}, _linking(link, False)) for each, link in links.items()]
            result = await self._database[kind.value].bulk_write(updates, ordered=False)
        return int(result.matched_count)

    @_ours
    async def unlink(self, kind: MediaType, refs: Sequence[str]) -> int:
        changed = 0
        for start in range(0, len(refs), LINK_BATCH):
            every = [each for ids in _ids(refs[start : start + LINK_BATCH]) for each in ids]
            some = {"_id": {"$in": every}}
            clear = UpdateMany(some, {"$unset": {"atproto": "", "at": ""}})
            result = await self._database[kind.value].bulk_write([clear], ordered=False)
            changed += result.modified_count
        return changed

    @_ours
    async def put_back(self, kind: MediaType, changes: Mapping[str, PutBack]) -> set[str]:
        refs, held = list(changes), set()
        for start in range(0, len(refs), LINK_BATCH):
            some = refs[start : start + LINK_BATCH]
            found = await self.by_refs(kind, some)
            updates = [
                UpdateOne({"_id": doc["_id"], **_as_now(doc)}, _putting(changes[ref].then))
                for ref, doc in found.items()
                if same(stored_in(doc), changes[ref].now)
            ]
            if updates:
                await self._database[kind.value].bulk_write(updates, ordered=False)
            now = await self.by_refs(kind, some)
            held |= {ref for ref, doc in now.items() if same(stored_in(doc), changes[ref].then)}
        return held

    async def take_lease(
        self, owner: str, holder: Holder, seconds: float, *, instead_of: str | None = None
    ) -> Holder | None:
        take = leases.taking(holder, seconds, instead_of)
        for _ in range(LEASE_TRIES):
            if doc := await self._change_lease({"_id": owner}, take, upsert=True):
                now = leases.holder_of(doc)
                return None if (now.run, now.part) == (holder.run, holder.part) else now
        raise Failed("MongoDB does not say who holds the user.", "Run it again.", retryable=True)

    async def renew_lease(self, owner: str, run: str, seconds: float, part: str = "") -> bool:
        held = leases.held_by(owner, run, part)
        return await self._change_lease(held, leases.renewing(seconds), upsert=False) is not None

    @_ours
    async def end_lease(self, owner: str, run: str, part: str = "") -> None:
        await self._database[leases.COLLECTION].delete_one(leases.held_by(owner, run, part))

    @_ours
    async def _change_lease(
        self, query: dict[str, Any], update: list[dict[str, Any]], *, upsert: bool
    ) -> dict[str, Any] | None:
        """The doc as it is after the update; None when none fits, or another inserted it at this moment."""
        try:
            doc: dict[str, Any] | None = await self._database[leases.COLLECTION].find_one_and_update(
                query, update, upsert=upsert, return_document=ReturnDocument.AFTER
            )
        except DuplicateKeyError:
            return None
        except OperationFailure as error:
            if error.code != _NO_RIGHT:
                raise
            raise SettingsError(
                f"MongoDB at {self._where} does not let this login write to {leases.COLLECTION}.",
                "Give it readWrite on the database: that collection keeps two runs off one user.",
            ) from None
        return doc

    async def _stream(
        self,
        collection: str,
        query: dict[str, Any],
        fields: dict[str, int] | None = None,
        *,
        by_id: bool = False,
    ) -> AsyncGenerator[dict[str, Any], None]:
        """The documents that fit, fetched a batch at a time."""
        cursor = self._database[collection].find(query, fields, batch_size=STREAM_BATCH)
        if by_id:
            cursor = cursor.sort("_id", 1)
        try:
            while batch := await cursor.to_list(STREAM_BATCH):
                for each in batch:
                    yield each
        except (PyMongoError, BSONError) as error:
            raise self.translated(error) from None
        finally:
            await cursor.close()


def _user(each: dict[str, Any], handle: Any) -> User:
    """A user doc as a `User`; older docs have flat `atproto_…` fields."""
    nested = each.get("atproto")
    nested = nested if isinstance(nested, dict) else {}

    def text(value: Any) -> str | None:
        return value if isinstance(value, str) and value else None

    return User(
        id=str(each["_id"]),
        handle=text(handle),
        pds_handle=text(nested.get("handle")) or text(each.get("atproto_handle")),
        did=text(nested.get("did")) or text(each.get("atproto_did")),
        code=text(each.get("code")),
        password=text(nested.get("password")) or text(each.get("atproto_password")),
    )


def _owned_by(owner: str) -> dict[str, Any]:
    # `null` in a query matches a missing field too: guests' docs come in both shapes.
    return {"user": {"$in": [None, GUEST]} if owner == GUEST else owner}


def _ids(refs: Sequence[str]) -> tuple[list[Any], list[Any]]:
    """The `_id`s that these refs may stand for, the likely ones first: ObjectIds, then the texts."""
    return [ObjectId(ref) for ref in refs if ObjectId.is_valid(ref)], list(refs)


def _linking(link: Link, plain: bool) -> dict[str, Any] | list[dict[str, Any]]:
    """The update that stores an rkey; `atproto` keeps its other fields.

    `plain` is quicker, and fails where `atproto` is no object. The other form is at home there too, and
    takes away an `at`, which tapes have, that names another record.
    """
    stored = {"rkey": link.rkey, "uri": link.uri}
    if plain:
        return {"$set": {f"atproto.{name}": value for name, value in stored.items()}}
    kept = {"$cond": [{"$eq": [{"$type": "$atproto"}, "object"]}, "$atproto", {}]}
    at = {"$cond": [{"$eq": ["$at.rkey", link.rkey]}, "$at", "$$REMOVE"]}
    return [{"$set": {"atproto": {"$mergeObjects": [kept, stored]}, "at": at}}]


def _as_now(doc: Doc) -> dict[str, Any]:
    """A query that a doc fits as long as it stores what it does."""
    return {name: {"$eq": doc[name]} if name in doc else {"$exists": False} for name in NAMES}


def _putting(then: str) -> dict[str, Any]:
    """The update after which a doc stores just this."""
    stored = json_util.loads(then)
    there = {name: stored[name] for name in NAMES if name in stored}
    gone = {name: "" for name in NAMES if name not in stored}
    return {operator: names for operator, names in (("$set", there), ("$unset", gone)) if names}
