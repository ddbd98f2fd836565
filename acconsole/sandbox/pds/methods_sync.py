"""com.atproto.sync.*: whole repos and blobs, for anybody."""

from __future__ import annotations

from itertools import islice
from typing import Any

from starlette.responses import Response

from acconsole.sandbox.pds.methods_repo import available
from acconsole.sandbox.pds.store import Actor
from acconsole.sandbox.pds.xrpc import Auth, Call, Method, invalid


async def get_repo(call: Call) -> Response:
    # Some milliseconds for the largest repo; in a thread it would wait behind the writes that hold them all.
    car = available(call, call.text("did")).repo.car(call.text("since", ""))
    return Response(car, media_type="application/vnd.ipld.car")


async def get_repo_status(call: Call) -> dict[str, Any]:
    actor = available(call, call.text("did"), whatever_its_status=True)
    if actor.status:
        return {"did": actor.did, "active": False, "status": actor.status}
    return {"did": actor.did, "active": True, "rev": actor.repo.head.rev}


async def get_latest_commit(call: Call) -> dict[str, Any]:
    head = available(call, call.text("did")).repo.head
    return {"cid": head.cid, "rev": head.rev}


async def list_repos(call: Call) -> dict[str, Any]:
    limit, after = call.limit(500, 1000), _after(call.text("cursor", "0::"))
    actors = (actor for actor in call.store.actors() if (actor.created, actor.did) > after)
    page = list(islice(actors, limit))
    cursor = {"cursor": f"{page[-1].created}::{page[-1].did}"} if page else {}
    return {"repos": [_repo(actor) for actor in page], **cursor}


async def list_blobs(call: Call) -> dict[str, Any]:
    actor = available(call, call.text("did"))
    cids = actor.blobs.listed(call.limit(500, 1000), call.text("cursor", ""))
    return {"cids": cids, **({"cursor": cids[-1]} if cids else {})}


async def get_blob(call: Call) -> Response:
    actor, cid = available(call, call.text("did")), call.text("cid")
    blob = actor.blobs.get(cid)
    if blob is None:
        raise invalid("Blob not found")
    headers = {
        "content-disposition": f'attachment; filename="{cid}"',
        "content-security-policy": "default-src 'none'; sandbox",
        "x-content-type-options": "nosniff",
    }
    return Response(blob.data, media_type=blob.mime, headers=headers)


def _after(cursor: str) -> tuple[int, str]:
    created, _, did = cursor.partition("::")
    if not created.isdigit():
        raise invalid("Malformed cursor")
    return int(created), did


def _repo(actor: Actor) -> dict[str, Any]:
    head = actor.repo.head
    repo = {"did": actor.did, "head": head.cid, "rev": head.rev, "active": actor.status is None}
    return repo | ({"status": actor.status} if actor.status else {})


METHODS = (
    Method("com.atproto.sync.getRepo", get_repo, Auth.OPTIONAL, is_query=True),
    Method("com.atproto.sync.getRepoStatus", get_repo_status, is_query=True),
    Method("com.atproto.sync.getLatestCommit", get_latest_commit, Auth.OPTIONAL, is_query=True),
    Method("com.atproto.sync.listRepos", list_repos, is_query=True),
    Method("com.atproto.sync.listBlobs", list_blobs, Auth.OPTIONAL, is_query=True),
    Method("com.atproto.sync.getBlob", get_blob, Auth.OPTIONAL, is_query=True),
)
