"""com.atproto.server.*, com.atproto.identity.* and com.atproto.admin.*: accounts and sessions."""

from __future__ import annotations

import re
import secrets
from datetime import UTC, datetime
from typing import Any

from acconsole.sandbox.pds.sessions import SERVICE_DID
from acconsole.sandbox.pds.store import Actor
from acconsole.sandbox.pds.xrpc import Auth, Call, Method, XrpcError, invalid, unauthorized

DOMAINS = (".at.aesthetic.computer", ".test")
_LABEL = r"[a-z0-9]([a-z0-9-]*[a-z0-9])?"
_HANDLE = re.compile(rf"({_LABEL}\.)+{_LABEL}")
# Some of the names that the reference PDS keeps back, those that people here might want among them.
_RESERVED_NAMES = """
    about abuse account accounts admin ads all api app apps at atp auth blog bsky bluesky chat did dev
    docs email feed handle help home hostmaster info lex lexicon mail media news nsid pds ping plc
    post postmaster press repo root shop staff status store support system test tid user users web
    webmaster www xrpc
"""
_RESERVED = frozenset(_RESERVED_NAMES.split())
_REPO_REF = "com.atproto.admin.defs#repoRef"


async def describe_server(call: Call) -> dict[str, Any]:
    return {
        "did": SERVICE_DID,
        "availableUserDomains": list(DOMAINS),
        "inviteCodeRequired": False,
        "blobUploadLimit": call.store.blob_limit,
        "links": {},
        "contact": {},
    }


async def create_account(call: Call) -> dict[str, Any]:
    handle, password = _valid_handle(call.field("handle")), call.field("password")
    email = call.body.get("email")
    if not email:
        raise invalid("Email is required")
    if any(actor.email == email for actor in call.store.actors()):
        raise invalid(f"Email already taken: {email}")
    try:
        account = call.store.create_account(handle, password, email=email)
    except ValueError:
        raise invalid(f"Handle already taken: {handle}") from None
    return {"did": account.did, "handle": account.handle, **call.store.sessions.start(account.did)}


async def create_session(call: Call) -> dict[str, Any]:
    identifier, password = call.field("identifier"), call.field("password")
    actor = call.store.find(identifier)
    if actor is None or not secrets.compare_digest(actor.password.encode(), password.encode()):
        raise unauthorized("Invalid identifier or password")
    if actor.status == "takendown":
        raise unauthorized("Account has been taken down", "AccountTakedown")
    return {**call.store.sessions.start(actor.did), **_session(actor)}


async def refresh_session(call: Call) -> dict[str, Any]:
    actor = _caller(call)
    if actor.status == "takendown":
        raise unauthorized("Account has been taken down", "AccountTakedown")
    assert call.token_id is not None
    return {**call.store.sessions.refresh(call.token_id), **_session(actor)}


async def get_session(call: Call) -> dict[str, Any]:
    return _session(_caller(call))


async def delete_session(call: Call) -> dict[str, Any]:
    assert call.token_id is not None
    call.store.sessions.end(call.token_id)
    return {}


async def resolve_handle(call: Call) -> dict[str, Any]:
    actor = call.store.find(call.text("handle"))
    if actor is None or actor.status:
        raise invalid("Unable to resolve handle", "HandleNotFound")
    return {"did": actor.did}


async def update_account_password(call: Call) -> dict[str, Any]:
    did, password = call.field("did"), call.field("password")
    if call.store.find(did):
        call.store.set_password(did, password)
    return {}


async def get_account_info(call: Call) -> dict[str, Any]:
    actor = call.store.find(call.text("did"))
    if actor is None:
        raise invalid("Account not found", "NotFound")
    return {
        "did": actor.did,
        "handle": actor.account.handle,
        "email": actor.email,
        "indexedAt": datetime.fromtimestamp(actor.created / 1000, UTC).isoformat().replace("+00:00", "Z"),
        "invites": [],
    }


async def delete_account(call: Call) -> dict[str, Any]:
    call.store.delete_account(call.field("did"))
    return {}


async def update_subject_status(call: Call) -> dict[str, Any]:
    subject = call.field("subject", dict)
    if subject.get("$type") != _REPO_REF:
        raise invalid(f"Invalid subject ({subject.get('$type')})")
    actor = call.store.find(str(subject.get("did")))
    if actor is None:
        raise invalid("user not found", "AccountNotFound")
    for name, status in (("deactivated", "deactivated"), ("takedown", "takendown")):
        change = call.body.get(name)
        if change and (change.get("applied") or actor.status == status):
            actor.status = status if change.get("applied") else None
    return {"subject": subject, "takedown": call.body.get("takedown")}


def _caller(call: Call) -> Actor:
    actor = call.store.find(call.did or "")
    if actor is None:
        raise invalid(f"Could not find user info for account: {call.did}")
    return actor


def _session(actor: Actor) -> dict[str, Any]:
    session = {
        "did": actor.did,
        "handle": actor.account.handle,
        "email": actor.email,
        "emailConfirmed": False,
        "active": actor.status is None,
    }
    return session | ({"status": actor.status} if actor.status else {})


def _valid_handle(handle: str) -> str:
    handle = handle.lower()
    if not _HANDLE.fullmatch(handle):
        raise invalid(f'Invalid handle (got "{handle}") at $.handle')
    domain = next((domain for domain in DOMAINS if handle.endswith(domain)), None)
    if domain is None:
        raise invalid("Not a supported handle domain", "UnsupportedDomain")
    front = handle.removesuffix(domain)
    problem: XrpcError | None = None
    if "." in front:
        problem = invalid("Invalid characters in handle", "InvalidHandle")
    elif len(front) < 3:
        problem = invalid("Handle too short", "InvalidHandle")
    elif len(front) > 18:
        problem = invalid("Handle too long", "InvalidHandle")
    elif front in _RESERVED:
        problem = invalid("Reserved handle", "HandleNotAvailable")
    if problem:
        raise problem
    return handle


METHODS = (
    Method("com.atproto.server.describeServer", describe_server, is_query=True),
    Method("com.atproto.server.createAccount", create_account),
    Method("com.atproto.server.createSession", create_session),
    Method("com.atproto.server.refreshSession", refresh_session, Auth.REFRESH, body_limit=0),
    Method("com.atproto.server.getSession", get_session, Auth.ACCESS, is_query=True),
    Method("com.atproto.server.deleteSession", delete_session, Auth.REFRESH, body_limit=0),
    Method("com.atproto.identity.resolveHandle", resolve_handle, is_query=True),
    Method("com.atproto.admin.updateAccountPassword", update_account_password, Auth.ADMIN),
    Method("com.atproto.admin.getAccountInfo", get_account_info, Auth.ADMIN, is_query=True),
    Method("com.atproto.admin.deleteAccount", delete_account, Auth.ADMIN),
    Method("com.atproto.admin.updateSubjectStatus", update_subject_status, Auth.ADMIN),
)
