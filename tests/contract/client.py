"""A plain client of one account, and nothing between it and the PDS but httpx."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import libipld

from tests.servers import Account, PdsServer

KIDLISP = "computer.aesthetic.kidlisp"
MOOD = "computer.aesthetic.mood"
PAINTING = "computer.aesthetic.painting"


@dataclass
class Client:
    """`http` knows the PDS's address; `account` is new, and its repo empty."""

    pds: PdsServer
    account: Account
    http: httpx.AsyncClient
    access: str
    refresh: str

    @property
    def did(self) -> str:
        return self.account.did

    async def get(self, nsid: str, token: str | None = None, **params: Any) -> httpx.Response:
        """A query, without a login unless a token is given."""
        return await self.http.get(f"/xrpc/{nsid}", params=params, headers=_bearer(token))

    async def post(self, nsid: str, body: object, token: str | None = "") -> httpx.Response:
        """A procedure with JSON, by the account's own login unless another token (or None) is given."""
        return await self.http.post(
            f"/xrpc/{nsid}", json=body, headers=_bearer(self.access if token == "" else token)
        )

    async def as_admin(self, nsid: str, body: object) -> httpx.Response:
        return await self.http.post(f"/xrpc/{nsid}", json=body, auth=("admin", self.pds.admin_password))

    async def set_status(self, change: str) -> None:
        """Has the admin make the account inactive: `deactivated` or `takedown`."""
        subject = {"$type": "com.atproto.admin.defs#repoRef", "did": self.did}
        body = {"subject": subject, change: {"applied": True}}
        ok(await self.as_admin("com.atproto.admin.updateSubjectStatus", body))

    async def upload(self, data: bytes, mime: str) -> httpx.Response:
        headers = {"content-type": mime, **_bearer(self.access)}
        return await self.http.post("/xrpc/com.atproto.repo.uploadBlob", content=data, headers=headers)

    async def apply(self, writes: Sequence[dict[str, Any]], **more: object) -> httpx.Response:
        body = {"repo": self.did, "writes": list(writes), **more}
        return await self.post("com.atproto.repo.applyWrites", body)

    async def car(self) -> Car:
        answer = await self.get("com.atproto.sync.getRepo", did=self.did)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "application/vnd.ipld.car"
        return Car.read(answer.content)

    async def listed(self, collection: str = KIDLISP) -> dict[str, Any]:
        """The records of the collection by rkey, as listRecords tells them, page by page."""
        records: dict[str, Any] = {}
        params: dict[str, Any] = {"repo": self.did, "collection": collection, "limit": 100}
        while True:
            page = ok(await self.get("com.atproto.repo.listRecords", **params))
            if not page["records"]:
                return records
            records |= {row["uri"].rpartition("/")[2]: row["value"] for row in page["records"]}
            params["cursor"] = page["cursor"]

    async def head(self) -> dict[str, Any]:
        return ok(await self.get("com.atproto.sync.getLatestCommit", did=self.did))


@dataclass
class Car:
    """A repo read from its CAR. `leaves` maps path to CID; `records` has those whose block is there."""

    root: bytes
    commit: dict[str, Any]
    blocks: dict[bytes, Any]
    leaves: dict[str, bytes]

    @classmethod
    def read(cls, data: bytes) -> Car:
        header, blocks = libipld.decode_car(data)
        (root,) = header["roots"]
        commit = blocks[root]
        leaves: dict[str, bytes] = {}
        _walk(blocks, commit["data"], leaves)
        return cls(root, commit, blocks, leaves)

    @property
    def records(self) -> dict[str, Any]:
        return {path: self.blocks[cid] for path, cid in self.leaves.items() if cid in self.blocks}


def _walk(blocks: dict[bytes, Any], cid: bytes | None, leaves: dict[str, bytes]) -> None:
    if cid is None:
        return
    node = blocks[cid]
    _walk(blocks, node["l"], leaves)
    key = b""
    for entry in node["e"]:
        key = key[: entry["p"]] + entry["k"]
        leaves[key.decode()] = entry["v"]
        _walk(blocks, entry["t"], leaves)


def ok(answer: httpx.Response) -> dict[str, Any]:
    """The JSON of an answer that must be a good one."""
    assert answer.status_code == 200, f"{answer.status_code} {answer.text}"
    body: dict[str, Any] = answer.json() if answer.content else {}
    return body


def refused(answer: httpx.Response, status: int, error: str) -> str:
    """The message of an answer that must be this error."""
    assert (answer.status_code, answer.json()["error"]) == (status, error), answer.text
    message: str = answer.json()["message"]
    return message


def create(rkey: str, text: str = "(wipe blue)", collection: str = KIDLISP) -> dict[str, Any]:
    """A create of an applyWrites; records with the same text have the same CID."""
    return {**_write("create", rkey, collection), "value": {"$type": collection, "source": text}}


def update(rkey: str, text: str, collection: str = KIDLISP) -> dict[str, Any]:
    return {**_write("update", rkey, collection), "value": {"$type": collection, "source": text}}


def delete(rkey: str, collection: str = KIDLISP) -> dict[str, Any]:
    return _write("delete", rkey, collection)


def rkeys(count: int) -> list[str]:
    """TIDs of the year 2020, one minute apart, oldest first."""
    from acconsole.media import tid

    return [tid.encode(1_577_836_800_000_000 + minute * 60_000_000, 7) for minute in range(count)]


def _write(action: str, rkey: str, collection: str) -> dict[str, Any]:
    return {"$type": f"com.atproto.repo.applyWrites#{action}", "collection": collection, "rkey": rkey}


def _bearer(token: str | None) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"} if token else {}
