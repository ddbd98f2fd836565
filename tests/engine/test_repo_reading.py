"""CIDs, CARs and status against repos of both PDSs: what is computed here is what the PDS says."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acconsole.engine import car, status
from acconsole.engine.cid import blob_cid, from_ipld, record_cid
from acconsole.engine.model import User, Verdict
from acconsole.engine.ports import Repos, World
from acconsole.media.base import Doc, MediaType, Record
from acconsole.sandbox.pds.store import PdsStore
from acconsole.stores.pds import PdsRepos
from tests.contract.client import Client, ok
from tests.engine.cases import CID, rkey, source, value_of
from tests.media.docs import KIDLISP, MOODS, PAINTINGS, SUB
from tests.servers import PdsServer

FOREIGN = "app.example.thing"
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010804000000b51c0c020000000b4944415478da63fcff1f00"
    "0302000051b0c1550000000049454e44ae426082"
)
ODD: Record = {
    "$type": KIDLISP.nsid,
    "link": {"$link": CID},
    "bytes": {"$bytes": "AQIDBA"},
    "none": {"$bytes": ""},
    "deep": [{"a": [{"$link": CID}, {"$bytes": "/+8"}, None, True, -(2**53) + 1, 2**53 - 1]}, [], {}],
    "text": "é😀\0‮",
    "": "an empty name",
}


@pytest.fixture
async def client(pds: PdsServer) -> AsyncIterator[Client]:
    """A logged-in client of a new account, on each PDS in turn."""
    async with httpx.AsyncClient(base_url=pds.url, timeout=60, verify=False) as http:
        account = await pds.create_account()
        yield Client(pds, account, http, account.access, account.refresh)


async def put(client: Client, records: dict[tuple[str, str], Record]) -> None:
    writes = [
        {"$type": "com.atproto.repo.applyWrites#create", "collection": nsid, "rkey": key, "value": value}
        for (nsid, key), value in records.items()
    ]
    ok(await client.apply(writes))


async def repo_of(client: Client) -> bytes:
    return (await client.get("com.atproto.sync.getRepo", did=client.did)).content


def mood(ref: str, **changed: Any) -> Record:
    return value_of(source(MOODS, ref), **changed)


async def test_a_snapshot_is_what_list_records_tells(client: Client) -> None:
    records = {(kind.nsid, rkey(n)): value_of(source(kind, f"{n}")) for kind in MediaType for n in range(39)}
    records = {
        key: {k: v for k, v in value.items() if k not in ("thumbnail", "video")}
        for key, value in records.items()
    }
    records[KIDLISP.nsid, rkey(99)] = ODD
    await put(client, records)
    whole = await repo_of(client)
    read = car.snapshot(whole, frozenset({"held"}))
    head = await client.head()
    assert (read.did, read.commit, read.rev) == (client.did, head["cid"], head["rev"])
    assert (read.blobs, read.car) == (frozenset({"held"}), whole)
    for kind in MediaType:
        found = {record.rkey: record.value for record in read.records[kind]}
        assert found == await client.listed(kind.nsid)
        assert found == {key: value for (nsid, key), value in records.items() if nsid == kind.nsid}
        assert [record.rkey for record in read.records[kind]] == sorted(found)


async def test_the_cids_computed_here_are_the_pdss(client: Client) -> None:
    stored = ok(await client.upload(PIXEL, "image/png"))["blob"]
    assert blob_cid(PIXEL) == stored["ref"]["$link"]
    await put(
        client,
        {
            (KIDLISP.nsid, rkey(1)): ODD,
            (PAINTINGS.nsid, rkey(2)): {"thumbnail": stored, "$type": PAINTINGS.nsid},
        },
    )
    read = car.snapshot(await repo_of(client))
    for kind, value in ((KIDLISP, ODD), (PAINTINGS, {"thumbnail": stored, "$type": PAINTINGS.nsid})):
        (record,) = read.records[kind]
        assert record.value == value
        assert record.cid == record_cid(value) == record_cid(dict(reversed(value.items())))


async def test_an_empty_repo(client: Client) -> None:
    read = car.snapshot(await repo_of(client))
    assert set(read.records) == set(MediaType)
    assert not any(read.records.values())


async def test_a_whole_car_is_whole(client: Client) -> None:
    await put(client, {(MOODS.nsid, rkey(n)): mood(f"{n}") for n in range(30)})
    assert car.is_whole(await repo_of(client))


class _Moods:
    def __init__(self, docs: tuple[Doc, ...]) -> None:
        self._docs = docs

    async def docs(self, owner: str, kind: MediaType) -> AsyncIterator[Doc]:
        for doc in self._docs:
            if doc["user"] == owner and kind is MOODS:
                yield doc


def known(repos: Repos, *docs: Doc) -> World:
    """A world that holds these moods and nothing else; status asks for nothing but docs and the repo."""
    return cast(World, SimpleNamespace(docs=_Moods(docs), repos=repos))


@asynccontextmanager
async def reading(pds: PdsServer) -> AsyncIterator[PdsRepos]:
    repos = PdsRepos(pds.url)
    try:
        yield repos
    finally:
        await repos.close()


def owner(client: Client, **changed: Any) -> User:
    return User(
        **{"id": SUB, "handle": "jeffrey", "pds_handle": client.account.handle, "did": client.did, **changed}
    )


async def test_status_reads_a_repo_with_one_request(client: Client) -> None:
    await put(client, {(MOODS.nsid, rkey(1)): mood("a"), (MOODS.nsid, rkey(2)): mood("a", text="old")})
    docs = (source(MOODS, "a", atproto={"rkey": rkey(1)}).doc, source(MOODS, "b").doc)
    async with reading(client.pds) as repos:
        state = await status.read(known(repos, *docs), owner(client), tuple(MediaType))
        assert repos.requests == 1
    assert (state.account, state.error, state.in_sync, state.to_do) == ("ok", None, False, 2)
    counts = state.counts(MOODS)
    assert (counts.docs, counts.records, counts.synced, counts.missing, counts.duplicate) == (2, 2, 1, 1, 1)
    told = state.as_json()
    assert (told["handle"], told["did"], told["rev"]) == ("jeffrey", client.did, (await client.head())["rev"])
    assert list(told["types"]) == list(MediaType)
    assert set(told["types"]["moods"]) == {"docs", "records", *Verdict}


async def test_the_blobs_of_a_repo_decide(client: Client) -> None:
    stored = ok(await client.upload(PIXEL, "image/png"))["blob"]
    await put(client, {(PAINTINGS.nsid, rkey(1)): {"$type": PAINTINGS.nsid, "thumbnail": stored}})
    async with reading(client.pds) as repos:
        state = await status.read(known(repos), owner(client), (PAINTINGS,))
    assert state.snapshot is not None
    assert state.snapshot.blobs == {blob_cid(PIXEL)}


async def test_foreign_collections_are_not_looked_at(client: Client) -> None:
    """A person's repo holds more than ours: posts, likes, records of other applications."""
    await put(
        client,
        {
            (FOREIGN, "self"): {**ODD, "$type": FOREIGN},
            ("computer.aesthetic.moods", "x"): {"$type": "computer.aesthetic.moods", "ref": "a"},
            ("computer.aesthetic.mood.draft", "x"): {"$type": "computer.aesthetic.mood.draft"},
            (MOODS.nsid, "not-a-tid"): mood("a"),
        },
    )
    async with reading(client.pds) as repos:
        state = await status.read(known(repos, source(MOODS, "a").doc), owner(client), tuple(MediaType))
    assert sum(state.counts(kind).records for kind in MediaType) == 1
    assert state.counts(MOODS).unlinked == 1


@pytest.mark.parametrize("change", ["deactivated", "takedown"])
async def test_an_account_that_is_not_active(client: Client, change: str) -> None:
    await client.set_status(change)
    async with reading(client.pds) as repos:
        state = await status.read(known(repos, source(MOODS, "a").doc), owner(client), tuple(MediaType))
    assert (state.account, state.in_sync, state.snapshot, dict(state.types)) == ("inactive", False, None, {})
    assert client.did in (state.error or "")
    assert state.as_json()["error"] == state.error


@pytest.mark.parametrize("did", [None, "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa"])
async def test_a_user_without_an_account(client: Client, did: str | None) -> None:
    """Surely there are no records, so every doc is missing."""
    async with reading(client.pds) as repos:
        state = await status.read(known(repos, source(MOODS, "a").doc), owner(client, did=did), (MOODS,))
    assert (state.account, state.in_sync, state.counts(MOODS).missing) == ("none", False, 1)
    assert state.error
    assert state.rev is None


@pytest.fixture(scope="module")
def whole() -> bytes:
    """A small repo's CAR."""
    store = PdsStore()
    store.create_account("a.test", "password", did="did:plc:aaaaaaaaaaaaaaaaaaaaaaaa")
    store.load("did:plc:aaaaaaaaaaaaaaaaaaaaaaaa", [(MOODS.nsid, rkey(n), mood(f"{n}")) for n in range(20)])
    actor = store.find("a.test")
    assert actor is not None
    return actor.repo.car()


def test_a_flipped_bit_is_noticed(whole: bytes) -> None:
    first = 1 + whole[0]
    assert car.is_whole(whole)
    for position in range(first, len(whole), 7):
        damaged = bytearray(whole)
        damaged[position] ^= 1 << position % 8
        assert not car.is_whole(bytes(damaged)), position


def test_a_car_that_was_cut_off_is_no_repo(whole: bytes) -> None:
    """Also where the cut falls between two blocks, so that every block that is left is whole."""
    for length in range(0, len(whole), 5):
        with pytest.raises(ValueError, match=r"."):
            car.snapshot(whole[:length])
    assert not car.is_whole(b"")
    assert not car.is_whole(whole[:20])
    assert not car.is_whole(whole[:-1])
    assert not car.is_whole(whole + b"\x80")


@given(st.binary(max_size=100))
def test_bytes_that_are_no_car(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        car.snapshot(data)
    car.is_whole(data)


@given(data=st.data())
def test_damage_is_a_value_error_or_another_repo(whole: bytes, data: st.DataObject) -> None:
    damaged = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    try:
        car.snapshot(bytes(damaged))
    except ValueError as error:
        told = str(error)
        assert told


def test_a_known_cid() -> None:
    """Of the empty map: CIDv1, dag-cbor, sha-256 of the byte a0."""
    assert hashlib.sha256(b"\xa0").hexdigest().startswith("c19a797f")
    assert record_cid({}) == "bafyreigbtj4x7ip5legnfznufuopl4sg4knzc2cof6duas4b3q2fy6swua"
    assert blob_cid(b"") == "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"


@pytest.mark.parametrize("value", [{"a": 1.5}, {"a": [{"b": 0.0}]}, {"a": 2**64}, {"a": object()}])
def test_what_a_record_cannot_hold(value: Record) -> None:
    with pytest.raises((ValueError, TypeError)):
        record_cid(value)


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**53), 2**53), st.text(max_size=5)),
    lambda each: st.lists(each, max_size=3) | st.dictionaries(st.text("abc", max_size=3), each, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text("abc", max_size=3), json_values, max_size=3))
def test_from_ipld_gives_the_json_back(value: dict[str, Any]) -> None:
    import libipld

    assert from_ipld(libipld.decode_dag_cbor(libipld.encode_dag_cbor(value))) == value
