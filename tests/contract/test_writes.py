"""applyWrites: its limits, that it is all or nothing, and how it says no."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.contract.client import KIDLISP, MOOD, Client, create, delete, ok, refused, rkeys, update


def _padded(client: Client, size: int) -> bytes:
    """The body of an applyWrites that is exactly `size` bytes of JSON."""
    body: dict[str, Any] = {"repo": client.did, "writes": [create("3jzfcijpj2z2a", "")]}
    body["writes"][0]["value"]["source"] = "x" * (size - len(json.dumps(body)))
    return json.dumps(body).encode()


async def _post_bytes(client: Client, body: bytes) -> Any:
    headers = {"content-type": "application/json", "authorization": f"Bearer {client.access}"}
    return await client.http.post("/xrpc/com.atproto.repo.applyWrites", content=body, headers=headers)


async def test_takes_200_writes_in_one_commit(client: Client) -> None:
    before = await client.head()
    answer = ok(await client.apply([create(rkey, f"source {rkey}") for rkey in rkeys(200)]))
    assert answer["commit"] == await client.head() != before
    assert [result["uri"].rpartition("/")[2] for result in answer["results"]] == rkeys(200)
    assert len(await client.listed()) == 200


async def test_refuses_201_writes(client: Client) -> None:
    message = refused(await client.apply([create(rkey) for rkey in rkeys(201)]), 400, "InvalidRequest")
    assert "200" in message
    assert await client.listed() == {}


async def test_takes_a_million_bytes_of_json_and_not_one_more(client: Client) -> None:
    refused(await _post_bytes(client, _padded(client, 1_000_001)), 413, "PayloadTooLargeError")
    assert await client.listed() == {}
    ok(await _post_bytes(client, _padded(client, 1_000_000)))
    assert len(await client.listed()) == 1


@pytest.mark.parametrize(
    "bad", [create("3jzfcijpj2z2a"), update("3jzfcijpj2z2c", "x"), delete("3jzfcijpj2z2c")]
)
async def test_an_impossible_write_undoes_the_batch_with_an_opaque_500(
    client: Client, bad: dict[str, Any]
) -> None:
    ok(await client.apply([create("3jzfcijpj2z2a", "first")]))
    head = await client.head()
    answer = await client.apply([create(rkeys(1)[0]), bad])
    assert refused(answer, 500, "InternalServerError") == "Internal Server Error"
    assert await client.head() == head
    assert {rkey: value["source"] for rkey, value in (await client.listed()).items()} == {
        "3jzfcijpj2z2a": "first"
    }


async def test_a_batch_that_failed_leaves_nothing_in_the_way(client: Client) -> None:
    good, taken = rkeys(2)
    ok(await client.apply([create(taken)]))
    refused(await client.apply([create(good), create(taken)]), 500, "InternalServerError")
    ok(await client.apply([create(good)]))
    assert set(await client.listed()) == {good, taken}


async def test_batches_chain_by_swap_commit(client: Client) -> None:
    head = (await client.head())["cid"]
    for rkey in rkeys(3):
        head = ok(await client.apply([create(rkey)], swapCommit=head))["commit"]["cid"]
    assert (await client.head())["cid"] == head


async def test_swap_commit_refuses_when_another_was_first(client: Client) -> None:
    seen = (await client.head())["cid"]
    ok(await client.apply([create("3jzfcijpj2z2a")]))
    refused(await client.apply([create("3jzfcijpj2z2c")], swapCommit=seen), 400, "InvalidSwap")
    assert set(await client.listed()) == {"3jzfcijpj2z2a"}


async def test_client_chosen_rkeys_may_be_old_tids(client: Client) -> None:
    old = "2222222222222"
    ok(await client.apply([create(old), create("3jzfcijpj2z2a")]))
    assert list(await client.listed()) == ["3jzfcijpj2z2a", old]


async def test_an_update_keeps_the_rkey(client: Client) -> None:
    ok(await client.apply([create("3jzfcijpj2z2a", "old")]))
    ok(await client.apply([update("3jzfcijpj2z2a", "new")]))
    assert {rkey: value["source"] for rkey, value in (await client.listed()).items()} == {
        "3jzfcijpj2z2a": "new"
    }


async def test_writes_of_several_collections_and_kinds_share_a_commit(client: Client) -> None:
    first, second, third = rkeys(3)
    ok(await client.apply([create(first, "a"), create(second, "b")]))
    ok(await client.apply([update(first, "c"), delete(second), create(third, "d", MOOD)]))
    assert set((await client.car()).records) == {f"{KIDLISP}/{first}", f"{MOOD}/{third}"}


async def test_a_rev_moves_with_every_commit(client: Client) -> None:
    first = (await client.head())["rev"]
    revs = [ok(await client.apply([create(rkey)]))["commit"]["rev"] for rkey in rkeys(3)]
    assert [first, *revs] == sorted({first, *revs})


@pytest.mark.parametrize("value", [1.5, {"inner": [0.1]}])
async def test_floats_are_refused(client: Client, value: object) -> None:
    write = create("3jzfcijpj2z2a")
    write["value"]["number"] = value
    assert (await client.apply([write])).status_code in (400, 500)
    assert await client.listed() == {}


async def test_validate_true_needs_a_known_lexicon(client: Client) -> None:
    message = refused(await client.apply([create("3jzfcijpj2z2a")], validate=True), 400, "InvalidRequest")
    assert "Unknown lexicon type" in message


async def test_a_type_that_is_not_the_collections_is_refused(client: Client) -> None:
    write = create("3jzfcijpj2z2a")
    write["value"]["$type"] = MOOD
    refused(await client.apply([write]), 400, "InvalidRequest")


async def test_nobody_writes_to_anothers_repo(client: Client, other: Client) -> None:
    body = {"repo": other.did, "writes": [create("3jzfcijpj2z2a")]}
    refused(await client.post("com.atproto.repo.applyWrites", body), 401, "AuthenticationRequired")
    refused(await client.post("com.atproto.repo.applyWrites", body, token=None), 401, "AuthMissing")
    assert await other.listed() == {}


async def test_single_record_calls(client: Client) -> None:
    record = {"$type": MOOD, "text": "fine"}
    names = {"repo": client.did, "collection": MOOD}
    made = ok(await client.post("com.atproto.repo.createRecord", {**names, "record": record}))
    names["rkey"] = made["uri"].rpartition("/")[2]
    again = await client.post("com.atproto.repo.createRecord", {**names, "record": record})
    refused(again, 500, "InternalServerError")
    put = ok(
        await client.post("com.atproto.repo.putRecord", {**names, "record": record | {"text": "better"}})
    )
    assert put["commit"] == await client.head()
    got = ok(await client.get("com.atproto.repo.getRecord", **names))
    assert (got["cid"], got["value"]["text"]) == (put["cid"], "better")
    ok(await client.post("com.atproto.repo.deleteRecord", names))
    refused(await client.get("com.atproto.repo.getRecord", **names), 400, "RecordNotFound")


async def test_put_without_change_and_delete_of_nothing_make_no_commit(client: Client) -> None:
    names = {"repo": client.did, "collection": MOOD, "rkey": "3jzfcijpj2z2a"}
    body = {**names, "record": {"$type": MOOD, "text": "fine"}}
    ok(await client.post("com.atproto.repo.putRecord", body))
    head = await client.head()
    assert "commit" not in ok(await client.post("com.atproto.repo.putRecord", body))
    assert "commit" not in ok(
        await client.post("com.atproto.repo.deleteRecord", {**names, "rkey": "3jzfcijpj2z2c"})
    )
    assert await client.head() == head
