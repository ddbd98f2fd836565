"""Reading: whole repos, pages of records, and where every repo stands."""

from __future__ import annotations

from typing import Any

import libipld
import pytest

from acconsole.sandbox.pds import tree
from tests.contract.client import KIDLISP, MOOD, Client, create, delete, ok, refused, rkeys

GET_REPO = "com.atproto.sync.getRepo"


async def test_get_repo_gives_every_record_without_a_login(client: Client) -> None:
    ok(await client.apply([create(rkey, f"source {rkey}") for rkey in rkeys(150)]))
    ok(await client.apply([create("3jzfcijpj2z2a", "fine", MOOD)]))
    car = await client.car()
    assert {path: record["source"] for path, record in car.records.items()} == {
        **{f"{KIDLISP}/{rkey}": f"source {rkey}" for rkey in rkeys(150)},
        f"{MOOD}/3jzfcijpj2z2a": "fine",
    }


async def test_the_car_stands_at_the_latest_commit(client: Client) -> None:
    commit = ok(await client.apply([create("3jzfcijpj2z2a")]))["commit"]
    car = await client.car()
    assert {"cid": libipld.encode_cid(car.root), "rev": car.commit["rev"]} == commit == await client.head()
    assert (car.commit["did"], car.commit["version"]) == (client.did, 3)


async def test_an_empty_repo_is_a_repo(client: Client) -> None:
    assert (await client.car()).records == {}


async def test_the_tree_is_the_one_that_the_specification_asks_for(client: Client) -> None:
    keys = rkeys(200)
    ok(await client.apply([create(rkey, f"source {rkey}") for rkey in keys]))
    ok(await client.apply([delete(rkey) for rkey in keys[::3]]))
    car = await client.car()
    built = tree.build(car.leaves)
    assert built.root == car.commit["data"]
    assert {
        cid: libipld.decode_dag_cbor(block) for cid, block in built.nodes.items()
    }.items() <= car.blocks.items()


async def test_records_come_in_pages_of_at_most_100(client: Client) -> None:
    ok(await client.apply([create(rkey) for rkey in rkeys(120)]))
    names = {"repo": client.did, "collection": KIDLISP}
    page = ok(await client.get("com.atproto.repo.listRecords", **names, limit=100))
    found = [row["uri"].rpartition("/")[2] for row in page["records"]]
    assert found == rkeys(120)[:19:-1]
    rest = ok(await client.get("com.atproto.repo.listRecords", **names, limit=100, cursor=page["cursor"]))
    assert [row["uri"].rpartition("/")[2] for row in rest["records"]] == rkeys(120)[19::-1]
    refused(await client.get("com.atproto.repo.listRecords", **names, limit=101), 400, "InvalidRequest")


async def test_records_come_oldest_first_when_asked(client: Client) -> None:
    ok(await client.apply([create(rkey) for rkey in rkeys(5)]))
    names = {"repo": client.account.handle, "collection": KIDLISP, "reverse": "true"}
    page = ok(await client.get("com.atproto.repo.listRecords", **names, limit=2))
    rest = ok(await client.get("com.atproto.repo.listRecords", **names, cursor=page["cursor"]))
    found = [row["uri"].rpartition("/")[2] for row in page["records"] + rest["records"]]
    assert found == rkeys(5)


async def test_list_repos_tells_which_have_moved(client: Client, other: Client) -> None:
    before = await _heads(client)
    commit = ok(await client.apply([create("3jzfcijpj2z2a")]))["commit"]
    after = await _heads(client)
    assert after[client.did] == (commit["cid"], commit["rev"], True) != before[client.did]
    assert after[other.did] == before[other.did]


async def _heads(client: Client) -> dict[str, tuple[str, str, bool]]:
    heads: dict[str, tuple[str, str, bool]] = {}
    params: dict[str, Any] = {"limit": 3}
    while True:
        page = ok(await client.get("com.atproto.sync.listRepos", **params))
        heads |= {repo["did"]: (repo["head"], repo["rev"], repo["active"]) for repo in page["repos"]}
        if not page.get("cursor"):
            return heads
        params["cursor"] = page["cursor"]


async def test_list_repos_gives_at_most_a_thousand(client: Client) -> None:
    ok(await client.get("com.atproto.sync.listRepos", limit=1000))
    refused(await client.get("com.atproto.sync.listRepos", limit=1001), 400, "InvalidRequest")


@pytest.mark.parametrize(
    ("change", "status", "repo_error", "account_error"),
    [
        ("deactivated", "deactivated", "RepoDeactivated", "AccountDeactivated"),
        ("takedown", "takendown", "RepoTakendown", "AccountTakedown"),
    ],
)
async def test_a_repo_that_is_not_active_says_so(
    client: Client, change: str, status: str, repo_error: str, account_error: str
) -> None:
    await client.set_status(change)
    for nsid in (GET_REPO, "com.atproto.sync.getLatestCommit", "com.atproto.sync.listBlobs"):
        refused(await client.get(nsid, did=client.did), 400, repo_error)
    told = ok(await client.get("com.atproto.sync.getRepoStatus", did=client.did))
    assert (told["active"], told["status"]) == (False, status)
    assert (await _heads(client))[client.did][2] is False
    refused(await client.apply([create("3jzfcijpj2z2a")]), 401, account_error)


async def test_an_unknown_repo_is_not_found(client: Client) -> None:
    nobody = "did:plc:" + "a" * 24
    for nsid in (GET_REPO, "com.atproto.sync.getLatestCommit", "com.atproto.sync.getRepoStatus"):
        refused(await client.get(nsid, did=nobody), 400, "RepoNotFound")


async def test_describe_repo_tells_the_collections(client: Client) -> None:
    ok(await client.apply([create("3jzfcijpj2z2a"), create("3jzfcijpj2z2a", collection=MOOD)]))
    told = ok(await client.get("com.atproto.repo.describeRepo", repo=client.did))
    assert (told["did"], told["handle"]) == (client.did, client.account.handle)
    assert sorted(told["collections"]) == [KIDLISP, MOOD]
