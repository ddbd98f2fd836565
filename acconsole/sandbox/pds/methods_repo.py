"""com.atproto.repo.*: reading and writing records, and uploading blobs."""

from __future__ import annotations

import asyncio
from itertools import islice
from typing import Any, Literal

from starlette.concurrency import run_in_threadpool

from acconsole.sandbox.pds import repo as repos
from acconsole.sandbox.pds import values
from acconsole.sandbox.pds.repo import Commit, Prepared, Write
from acconsole.sandbox.pds.store import BLOB_LIMIT, Actor
from acconsole.sandbox.pds.xrpc import (
    AnswerLost,
    Auth,
    Call,
    Method,
    XrpcError,
    invalid,
    opaque,
    too_large,
    unauthorized,
)

_MAX_WRITES = 200
_JSON_LIMIT = 1_000_000
_ACTIONS: dict[str, Literal["create", "update", "delete"]] = {
    "com.atproto.repo.applyWrites#create": "create",
    "com.atproto.repo.applyWrites#update": "update",
    "com.atproto.repo.applyWrites#delete": "delete",
}


async def apply_writes(call: Call) -> dict[str, Any]:
    faults = call.store.faults
    await asyncio.sleep(faults.delay)
    if faults.take_error():
        raise opaque()
    actor, writes = _own(call), call.field("writes", list)
    if len(writes) > _MAX_WRITES:
        raise invalid("Too many writes. Max: 200")
    answer = await run_in_threadpool(_apply_writes, actor, writes, call.body)
    if faults.take_lost_answer():
        raise AnswerLost
    return answer


def _apply_writes(actor: Actor, writes: list[dict[str, Any]], body: dict[str, Any]) -> dict[str, Any]:
    prepared = [_prepare(_write(write), body) for write in writes]
    commit = actor.commit(prepared, body.get("swapCommit"))
    return {"commit": _commit_json(commit), "results": [_result(actor, write, body) for write in prepared]}


async def create_record(call: Call) -> dict[str, Any]:
    actor = _own(call)
    write = Write("create", call.field("collection"), call.body.get("rkey") or "", call.field("record", dict))
    return await run_in_threadpool(_one, actor, write, call.body)


async def put_record(call: Call) -> dict[str, Any]:
    actor, path = _own(call), f"{call.field('collection')}/{call.field('rkey')}"

    def put() -> dict[str, Any]:
        with actor.lock:
            current = actor.repo.record(path)
            write = Write("update" if current else "create", *_names(call), call.field("record", dict))
            if current and _prepare(write, call.body).cid == current[0]:
                return _written(actor, _prepare(write, call.body), call.body)
            _check_swap_record(call.body, current)
            return _one(actor, write, call.body)

    return await run_in_threadpool(put)


async def delete_record(call: Call) -> dict[str, Any]:
    actor, path = _own(call), f"{call.field('collection')}/{call.field('rkey')}"

    def delete() -> dict[str, Any]:
        with actor.lock:
            current = actor.repo.record(path)
            if current is None:
                return {}
            _check_swap_record(call.body, current)
            write = repos.prepare(Write("delete", *_names(call)))
            return {"commit": _commit_json(actor.commit([write], call.body.get("swapCommit")))}

    return await run_in_threadpool(delete)


async def get_record(call: Call) -> dict[str, Any]:
    collection, rkey = call.text("collection"), call.text("rkey")
    actor = call.store.find(call.text("repo"))
    if actor is None or actor.status:
        raise invalid("Could not locate record")
    found = actor.repo.record(f"{collection}/{rkey}")
    uri = f"at://{actor.did}/{collection}/{rkey}"
    if found is None or values.cid_text(found[0]) != call.text("cid", values.cid_text(found[0])):
        raise invalid(f"Could not locate record: {uri}", "RecordNotFound")
    return {"uri": uri, "cid": values.cid_text(found[0]), "value": values.decode(found[1])}


async def list_records(call: Call) -> dict[str, Any]:
    collection, limit = call.text("collection"), call.limit(50, 100)
    actor = call.store.find(call.text("repo"))
    if actor is None or actor.status:
        raise invalid(f"Could not find repo: {call.text('repo')}")
    rows = actor.repo.rows(
        collection,
        call.request.query_params.get("cursor"),
        oldest_first=call.text("reverse", "false") == "true",
    )
    records = [
        {"uri": f"at://{actor.did}/{path}", "cid": values.cid_text(cid), "value": values.decode(block)}
        for path, cid, block in islice(rows, limit)
    ]
    cursor = {"cursor": str(records[-1]["uri"]).rpartition("/")[2]} if records else {}
    return {"records": records, **cursor}


async def describe_repo(call: Call) -> dict[str, Any]:
    actor = available(call, call.text("repo"))
    service = {"id": "#atproto_pds", "type": "AtprotoPersonalDataServer"}
    endpoint = str(call.request.base_url).rstrip("/")
    return {
        "handle": actor.account.handle,
        "did": actor.did,
        "didDoc": {
            "id": actor.did,
            "alsoKnownAs": [f"at://{actor.account.handle}"],
            "service": [service | {"serviceEndpoint": endpoint}],
        },
        "collections": actor.repo.collections(),
        "handleIsCorrect": True,
    }


async def upload_blob(call: Call) -> dict[str, Any]:
    actor = call.store.find(call.did or "")
    if actor is None:
        raise XrpcError(403, "AccountNotFound", "Account not found")
    if actor.status == "takendown":
        raise unauthorized("Account has been taken down", "AccountTakedown")
    if len(call.body) > call.store.blob_limit:
        raise too_large()
    declared = call.request.headers["content-type"].partition(";")[0].strip()
    blob = await run_in_threadpool(call.store.add_blob, actor.did, call.body, declared)
    return {"blob": blob}


async def list_missing_blobs(call: Call) -> dict[str, Any]:
    actor = call.store.find(call.did or "")
    missing = actor.blobs.missing(call.limit(500, 1000), call.text("cursor", "")) if actor else []
    blobs = [{"cid": cid, "recordUri": f"at://{call.did}/{path}"} for cid, path in missing]
    return {"blobs": blobs, **({"cursor": blobs[-1]["cid"]} if blobs else {})}


def available(call: Call, name: str, *, whatever_its_status: bool = False) -> Actor:
    """The account of a did or handle. Raises `XrpcError` when it is gone, or hidden from this caller."""
    actor = call.store.find(name)
    if actor is None:
        raise invalid(f"Could not find repo for DID: {name}", "RepoNotFound")
    is_open = whatever_its_status or call.is_admin or call.did == actor.did
    if actor.status == "takendown" and not is_open:
        raise invalid(f"Repo has been takendown: {name}", "RepoTakendown")
    if actor.status == "deactivated" and not is_open:
        raise invalid(f"Repo has been deactivated: {name}", "RepoDeactivated")
    return actor


def _own(call: Call) -> Actor:
    """The account that the call writes to, when it is the caller's own and active."""
    actor = call.store.find(call.field("repo"))
    if actor is None:
        raise XrpcError(403, "AccountNotFound", "Account not found")
    if actor.status == "takendown":
        raise unauthorized("Account has been taken down", "AccountTakedown")
    if actor.status == "deactivated":
        raise unauthorized("Account is deactivated", "AccountDeactivated")
    if actor.did != call.did:
        raise unauthorized("Authentication Required")
    return actor


def _names(call: Call) -> tuple[str, str]:
    return call.field("collection"), call.field("rkey")


def _write(write: dict[str, Any]) -> Write:
    action = _ACTIONS.get(write.get("$type", ""))
    collection, rkey = write.get("collection"), write.get("rkey", "")
    if action is None or not isinstance(collection, str) or not isinstance(rkey, str):
        raise invalid(f"Action not supported: {write.get('$type')}")
    if action != "delete" and not isinstance(write.get("value"), dict):
        raise invalid("Input/writes must hold the record as value")
    return Write(action, collection, rkey, write.get("value"))


def _prepare(write: Write, body: dict[str, Any]) -> Prepared:
    if body.get("validate") is True and write.action != "delete":
        # No lexicon is known here, nor does the reference PDS know those of aesthetic.computer.
        raise invalid(f"Unknown lexicon type: {write.collection}")
    return repos.prepare(write)


def _check_swap_record(body: dict[str, Any], current: tuple[bytes, bytes] | None) -> None:
    if "swapRecord" not in body:
        return
    now = values.cid_text(current[0]) if current else None
    if body["swapRecord"] != now:
        raise invalid(f"Record was at {now}", "InvalidSwap")


def _one(actor: Actor, write: Write, body: dict[str, Any]) -> dict[str, Any]:
    prepared = _prepare(write, body)
    commit = actor.commit([prepared], body.get("swapCommit"))
    return {**_written(actor, prepared, body), "commit": _commit_json(commit)}


def _commit_json(commit: Commit) -> dict[str, str]:
    return {"cid": commit.cid, "rev": commit.rev}


def _result(actor: Actor, write: Prepared, body: dict[str, Any]) -> dict[str, Any]:
    kind = {"$type": f"com.atproto.repo.applyWrites#{write.write.action}Result"}
    return kind if write.write.action == "delete" else {**kind, **_written(actor, write, body)}


def _written(actor: Actor, write: Prepared, body: dict[str, Any]) -> dict[str, Any]:
    written = {"uri": f"at://{actor.did}/{write.path}", "cid": values.cid_text(write.cid)}
    return written if body.get("validate") is False else {**written, "validationStatus": "unknown"}


METHODS = (
    Method("com.atproto.repo.applyWrites", apply_writes, Auth.ACCESS, body_limit=_JSON_LIMIT),
    Method("com.atproto.repo.createRecord", create_record, Auth.ACCESS, body_limit=_JSON_LIMIT),
    Method("com.atproto.repo.putRecord", put_record, Auth.ACCESS, body_limit=_JSON_LIMIT),
    Method("com.atproto.repo.deleteRecord", delete_record, Auth.ACCESS),
    Method("com.atproto.repo.getRecord", get_record, is_query=True),
    Method("com.atproto.repo.listRecords", list_records, is_query=True),
    Method("com.atproto.repo.describeRepo", describe_repo, is_query=True),
    Method("com.atproto.repo.uploadBlob", upload_blob, Auth.ACCESS, is_json=False, body_limit=BLOB_LIMIT),
    Method("com.atproto.repo.listMissingBlobs", list_missing_blobs, Auth.ACCESS, is_query=True),
)
