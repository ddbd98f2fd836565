"""Mongo through the store: users, docs of every shape, links written and cleared, and trouble."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from bson import ObjectId, decode, encode
from bson.datetime_ms import DatetimeMS
from pymongo import MongoClient

from acconsole.engine.plan import PutBack
from acconsole.engine.ports import Link
from acconsole.engine.stored import NAMES, after_link, same, stored_in
from acconsole.errors import SettingsError, Unreachable
from acconsole.media import record
from acconsole.media.base import Blocked, Doc, MediaType
from acconsole.stores.mongo import OPTIONS, MongoDocs

WHEN = datetime(2024, 1, 1, tzinfo=UTC)
SUB = "auth0|1"


@pytest.fixture
def database(mongo_uri: str, mongo_db: str) -> Iterator[Any]:
    client: MongoClient[dict[str, Any]] = MongoClient(mongo_uri)
    yield client[mongo_db]
    client.drop_database(mongo_db)
    client.close()


@asynccontextmanager
async def docs(uri: str, name: str) -> AsyncIterator[MongoDocs]:
    made = MongoDocs(uri, name)
    try:
        yield made
    finally:
        await made.close()


async def test_accounts_are_read_in_every_form(database: Any, mongo_uri: str, mongo_db: str) -> None:
    database["@handles"].insert_many([{"_id": "auth0|a", "handle": "ada"}, {"_id": "auth0|c", "handle": 7}])
    flat = {"atproto_did": "did:plc:b", "atproto_handle": "b.example", "atproto_password": "pb"}
    nested = {"did": "did:plc:a", "handle": "a.example", "password": "pa"}
    database["users"].insert_many(
        [
            {"_id": "auth0|a", "code": "ac24aaaaa", "atproto": nested, "atproto_did": "old"},
            {"_id": "auth0|b", **flat},
            {"_id": "auth0|c", "atproto": "broken", "code": 5},
            {"_id": "art-guest", "atproto": {"did": None, "password": ["x"]}},
        ]
    )
    async with docs(mongo_uri, mongo_db) as read:
        users = {user.id: user async for user in read.users()}
    ada, bob, odd, guest = (users[sub] for sub in ("auth0|a", "auth0|b", "auth0|c", "art-guest"))
    assert (ada.handle, ada.did, ada.pds_handle, ada.password) == ("ada", "did:plc:a", "a.example", "pa")
    assert (bob.did, bob.pds_handle, bob.password) == ("did:plc:b", "b.example", "pb")
    assert (odd.handle, odd.did, odd.code) == (None, None, None)
    assert guest.is_guest
    assert guest.password is None


async def test_users_come_by_id_with_their_handles_however_many(
    database: Any, mongo_uri: str, mongo_db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("acconsole.stores.mongo.STREAM_BATCH", 3)
    ids: list[Any] = [f"auth0|{number:02}" for number in range(11)] + ["art-guest", ObjectId("a" * 24)]
    database["users"].insert_many([{"_id": each} for each in reversed(ids)])
    database["@handles"].insert_many([{"_id": each, "handle": f"h{each}"} for each in ids[::2]])
    database["@handles"].insert_one({"_id": "auth0|05x", "handle": "nobody"})
    async with docs(mongo_uri, mongo_db) as read:
        users = [user async for user in read.users()]
        assert [await read.user(user.id) for user in users] == users
        assert await read.user("auth0|05x") is None
    assert [user.id for user in users if "|" in user.id] == ids[:11]
    assert {user.id: user.handle for user in users} == {
        str(each): f"h{each}" if index % 2 == 0 else None for index, each in enumerate(ids)
    }


async def test_docs_come_by_ranges_of_owners(database: Any, mongo_uri: str, mongo_db: str) -> None:
    owners = ["auth0|1", "auth0|2", "auth0|2x", "auth0|3", "art-guest", None, 7]
    database["kidlisp"].insert_many([{"user": each, "n": n} for n, each in enumerate(owners)] + [{"n": 7}])
    async with docs(mongo_uri, mongo_db) as read:

        async def numbers(first: str, last: str) -> set[int]:
            return {doc["n"] async for doc in read.docs_between(first, last, MediaType.KIDLISP)}

        assert await numbers("auth0|1", "auth0|2x") == {0, 1, 2}
        assert await numbers("art-guest", "auth0|1") == {4, 5, 7, 0}
        assert await numbers("art-guest", "art-guest") == {4, 5, 7}
        assert await numbers("auth0|4", "auth0|5") == set()


async def test_docs_come_by_owner_and_guests_in_both_shapes(
    database: Any, mongo_uri: str, mongo_db: str
) -> None:
    database["kidlisp"].insert_many(
        [{"user": SUB, "n": 1}, {"user": "auth0|12", "n": 2}, {"user": None, "n": 3}, {"n": 4}]
    )
    async with docs(mongo_uri, mongo_db) as read:
        assert [doc["n"] async for doc in read.docs(SUB, MediaType.KIDLISP)] == [1]
        assert {doc["n"] async for doc in read.docs("art-guest", MediaType.KIDLISP)} == {3, 4}


def test_a_broken_doc_is_read_and_blocked() -> None:
    """MongoDB holds such dates and texts; the server of the tests refuses them, so they are decoded here."""
    good = {"_id": ObjectId(), "user": SUB, "mood": "XXXX", "when": WHEN}
    far = encode({**good, "when": DatetimeMS(2**60)})
    torn = encode(good).replace(b"XXXX", b"\xff\xfe\xff\xfe")
    built = [record.build(MediaType.MOODS, decode(raw, OPTIONS)) for raw in (encode(good), far, torn)]
    assert [each.field if isinstance(each, Blocked) else "" for each in built] == ["", "when", "mood"]


async def test_links_are_written_beside_what_is_there_and_cleared(
    database: Any, mongo_uri: str, mongo_db: str
) -> None:
    tapes: list[dict[str, Any]] = [
        {"_id": ObjectId(), "at": {"rkey": "old", "cid": "c"}},
        {"_id": ObjectId(), "at": {"rkey": "new", "cid": "c"}},
        {"_id": "text", "atproto": {"rkey": "old", "kept": 1}},
        {"_id": ObjectId(), "atproto": "broken"},
    ]
    database["tapes"].insert_many(tapes)
    refs = [str(tape["_id"]) for tape in tapes]
    links = [Link(ref, "new", "at://x") for ref in refs]
    async with docs(mongo_uri, mongo_db) as read:
        assert await read.link(MediaType.TAPES, links) == 4
        assert await read.link(MediaType.TAPES, [Link("nobody", "new", "at://x")]) == 0
        found = await read.by_refs(MediaType.TAPES, [*refs, "nobody"])
        linked = {"rkey": "new", "uri": "at://x"}
        assert [found[ref]["atproto"] for ref in refs] == [linked, linked, {**linked, "kept": 1}, linked]
        assert ["at" in found[ref] for ref in refs] == [False, True, False, False]
        assert await read.unlink(MediaType.TAPES, refs) == 4
        cleared = await read.by_refs(MediaType.TAPES, refs)
    assert all(doc.keys() == {"_id"} for doc in cleared.values())


async def test_many_links_go_in_batches_and_dead_docs_are_known(
    database: Any, mongo_uri: str, mongo_db: str
) -> None:
    many = [{"_id": ObjectId(), "user": SUB, "nuked": index < 3} for index in range(250)]
    database["paintings"].insert_many(many)
    database["paintings"].insert_one({"_id": "deleted", "user": SUB, "deleted": True})
    async with docs(mongo_uri, mongo_db) as read:
        links = [Link(str(doc["_id"]), f"r{index}", "u") for index, doc in enumerate(many)]
        assert await read.link(MediaType.PAINTINGS, links) == 250
        assert await read.dead(SUB, MediaType.PAINTINGS) == {
            *(str(doc["_id"]) for doc in many[:3]),
            "deleted",
        }
    stored = database["paintings"].find_one({"_id": many[249]["_id"]})
    assert stored["atproto"]["rkey"] == "r249"


async def test_nobody_there_is_unreachable_in_bounded_time() -> None:
    began = time.monotonic()
    async with docs("mongodb://somebody:secret@127.0.0.1:9/?serverSelectionTimeoutMS=300", "x") as read:
        with pytest.raises(Unreachable) as caught:
            await read.ping()
        with pytest.raises(Unreachable):
            [user async for user in read.users()]
    assert "secret" not in str(caught.value) + repr(caught.value)
    assert time.monotonic() - began < 20


@pytest.mark.parametrize("text", ["nonsense://secret", "mongodb://", "mongodb://host:port:secret"])
def test_a_malformed_connection_string_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        MongoDocs(text, "x")
    assert "secret" not in str(caught.value) + caught.value.hint


OLD = ObjectId()
STORED: list[dict[str, Any]] = [
    {},
    {"atproto": None},
    {"atproto": {"kept": {"b": 1, "a": [1.5, None]}, "rkey": "old"}},
    {"atproto": "broken", "at": {"rkey": "other"}},
    {"atproto": [], "at": None},
    {"at": {"rkey": "new", "cid": "c"}},
    {"at": {"rkey": "old", "synced": WHEN, "by": OLD}},
]


@pytest.mark.parametrize("kind", [MediaType.TAPES, MediaType.MOODS])
async def test_what_docs_stored_is_put_back_exactly(
    database: Any, mongo_uri: str, mongo_db: str, kind: MediaType
) -> None:
    """Also what a link leaves is as `after_link` says."""
    many = [{"_id": ObjectId(), **stored} for stored in STORED * 20]
    database[kind.value].insert_many(many)
    refs = [str(doc["_id"]) for doc in many]
    async with docs(mongo_uri, mongo_db) as read:
        before = await read.by_refs(kind, refs)
        assert await read.link(kind, [Link(ref, "new", "at://x") for ref in refs]) == len(refs)
        linked = await read.by_refs(kind, refs)
        for ref in refs:
            expected = after_link(stored_in(before[ref]), "new", "at://x")
            assert any(same(stored_in(linked[ref]), each) for each in expected)
        changes = {ref: PutBack(stored_in(linked[ref]), stored_in(before[ref])) for ref in refs}
        database[kind.value].update_one({"_id": many[0]["_id"]}, {"$set": {"atproto.rkey": "theirs"}})
        database[kind.value].delete_one({"_id": many[1]["_id"]})
        assert await read.put_back(kind, changes) == set(refs[2:])
        assert await read.put_back(kind, changes) == set(refs[2:]), "a lost answer changes nothing"
        now = await read.by_refs(kind, refs)
    assert now.pop(refs[0])["atproto"]["rkey"] == "theirs"
    assert {ref: encode({**doc}) for ref, doc in now.items()} == {
        ref: encode({"_id": doc["_id"], **_in_order(doc)}) for ref, doc in before.items() if ref in now
    }


def _in_order(doc: Doc) -> dict[str, Any]:
    return {name: doc[name] for name in NAMES if name in doc}
