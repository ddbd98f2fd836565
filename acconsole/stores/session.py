"""Logins at the PDS, through the atproto SDK: opened once for each user, refreshed when they age.

All of them share one client and its connections; a session is little more than its tokens.
"""

from __future__ import annotations

import asyncio
import importlib
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import httpx

from acconsole.engine.cid import blob_cid
from acconsole.engine.model import User
from acconsole.engine.plan import Action
from acconsole.engine.ports import Commit, Write
from acconsole.engine.windows import Charge, Scope
from acconsole.errors import (
    AccountError,
    AcError,
    BlobError,
    BudgetSpent,
    Opaque,
    Swapped,
    Uncertain,
    Unreachable,
    WriteRefused,
)
from acconsole.media.base import Record
from acconsole.stores.limits import REQUEST, Limits
from acconsole.stores.tls import context

TIMEOUT = httpx.Timeout(10, read=60, write=60, pool=None)
"""Seconds; for a connection of the pool a request waits as long as it takes."""
TRIES = 3
_WRITE = "com.atproto.repo.applyWrites"
_DEAD = {"AccountDeactivated": "is deactivated", "AccountTakedown": "is taken down"}

Hook = Callable[[httpx.Request], Awaitable[None]]


class Door:
    """The SDK's one client, with the pool of connections that all sessions share; made at the first login."""

    def __init__(self, url: str, headers: Mapping[str, str], limits: Limits, count: Hook) -> None:
        self.limits = limits
        self._url = url
        self._headers = headers
        self._count = count
        self._making: asyncio.Task[tuple[Any, Any]] | None = None

    async def open(self) -> tuple[Any, Any]:
        """The SDK, and its client."""
        if self._making is None:
            self._making = asyncio.create_task(self._made())
        return await asyncio.shield(self._making)

    async def _made(self) -> tuple[Any, Any]:
        sdk = await _imported("atproto_client")
        hooks = {"request": [self._count], "response": [self.limits.hear]}
        request = sdk.request.AsyncRequest(verify=context(), timeout=TIMEOUT, event_hooks=hooks)
        for name, value in self._headers.items():
            request.add_additional_header(name, value)
        return sdk, (await _imported("atproto_client.client.async_raw")).AsyncClientRaw(self._url, request)

    async def close(self) -> None:
        if self._making:
            # What could not be made was told to whoever asked for it, and needs no closing.
            with suppress(ImportError):
                _, client = await self._making
                await client.request.close()


class PdsSession:
    """The `RepoSession` port. Use `open`."""

    def __init__(self, door: Door, sdk: Any, client: Any, user: User, tokens: Any) -> None:
        self._limits = door.limits
        self._sdk = sdk
        self._client = client
        self._user = user
        self._access, self._renewal = tokens.access_jwt, tokens.refresh_jwt
        self._refreshing = asyncio.Lock()

    @classmethod
    async def open(cls, door: Door, user: User) -> PdsSession:
        """Log a user in.

        Raises `AccountError` for a dead password or account, `Unreachable`, `BudgetSpent`.
        """
        if not user.did or not user.password:
            what = "password" if user.did else "account"
            raise AccountError(f"{user.name} has no {what} for the PDS.", "Mend the account first.")
        sdk, client = await door.open()
        login = sdk.models.ComAtprotoServerCreateSession.Data(identifier=user.did, password=user.password)
        async with door.limits.spend(Charge(Scope.LOGINS, user.did), REQUEST) as extensions:
            try:
                tokens = await client.com.atproto.server.create_session(login, extensions=extensions)
            except Exception as error:
                raise _login_error(sdk, error, user, door.limits) from None
        return cls(door, sdk, client, user, tokens)

    @property
    def limited(self) -> bool:
        budgets = self._limits.budgets
        return bool(budgets.on) and not budgets.is_told(Scope.POINTS, self._did)

    @property
    def _did(self) -> str:
        assert self._user.did is not None, "nobody logs in without"
        return self._user.did

    async def apply_writes(self, writes: Sequence[Write], swap_commit: str) -> Commit:
        body = {
            "repo": self._user.did,
            "writes": [_as_json(write) for write in writes],
            "swapCommit": swap_commit,
        }
        content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        try:
            points = sum(Action(write.action).points for write in writes)
            charge = Charge(Scope.POINTS, self._did, points)
            answer = await self._post(_WRITE, content, "application/json", charge)
            commit = answer["commit"]
            return Commit(commit["cid"], commit["rev"])
        except (KeyError, TypeError):
            raise Uncertain("the PDS's answer to a write makes no sense") from None

    async def upload_blob(self, data: bytes, mime: str) -> Record:
        expected = blob_cid(data)
        for attempt in range(TRIES):
            try:
                answer = await self._post("com.atproto.repo.uploadBlob", data, mime, Charge(Scope.UPLOADS))
            except Uncertain:
                await asyncio.sleep(0.3 * 4**attempt)
                continue
            except WriteRefused as error:
                raise BlobError(f"the PDS refused the blob: {error.message}") from None
            blob: Record = answer.get("blob") or {}
            if blob.get("ref", {}).get("$link") != expected:
                raise BlobError("the PDS stored other bytes than were sent")
            if blob.get("mimeType") != mime:
                raise BlobError(f"the PDS takes it for {blob.get('mimeType')}, not {mime}")
            return blob
        raise BlobError("the PDS did not answer to the upload", retryable=True)

    async def _post(self, nsid: str, content: bytes, mime: str, charge: Charge) -> dict[str, Any]:
        """One call with the session's token, refreshed once if it has run out."""
        used = self._access
        try:
            return await self._send(nsid, content, mime, charge)
        except _Expired:
            await self._refresh(used)
            try:
                return await self._send(nsid, content, mime, charge)
            except _Expired:
                raise AccountError(
                    f"The PDS ends the session of {self._user.name}.", state="password"
                ) from None

    async def _send(self, nsid: str, content: bytes, mime: str, charge: Charge) -> dict[str, Any]:
        headers = {"Content-Type": mime, "Authorization": f"Bearer {self._access}"}
        async with self._limits.spend(charge, REQUEST) as extensions:
            try:
                response = await self._client.invoke_procedure(
                    nsid, content=content, headers=headers, extensions=extensions
                )
            except Exception as error:
                raise self._translated(error) from None
        answer: dict[str, Any] = response.content if isinstance(response.content, dict) else {}
        return answer

    async def _refresh(self, used: str) -> None:
        async with self._refreshing:
            if self._access != used:
                return
            headers = {"Authorization": f"Bearer {self._renewal}"}
            refresh = self._client.com.atproto.server.refresh_session
            async with self._limits.spend(REQUEST) as extensions:
                try:
                    tokens = await refresh(headers=headers, extensions=extensions)
                except Exception as error:
                    raise _login_error(self._sdk, error, self._user, self._limits) from None
            self._access, self._renewal = tokens.access_jwt, tokens.refresh_jwt

    def _translated(self, error: Exception) -> AcError | _Expired:
        status, name, text, headers = _details(error)
        if status is None:
            if isinstance(error, httpx.HTTPError | self._sdk.exceptions.NetworkError):
                return Uncertain("the PDS did not answer")
            raise error
        if name == "ExpiredToken":
            return _Expired()
        if status == 429:
            return BudgetSpent("The PDS's rate limit is spent.", resume_at=self._limits.opens(headers))
        if name == "InvalidSwap":
            return Swapped("another writer was first")
        if name in _DEAD:
            return AccountError(f"The account of {self._user.name} {_DEAD[name]}.", state="inactive")
        if status in (401, 403):
            return AccountError(f"The PDS refuses the session of {self._user.name}.", state="password")
        if status == 500:
            return Opaque("the PDS failed and did not say why")
        if status > 500:
            return Uncertain(f"the PDS answers {status}")
        return WriteRefused(f"{name or status}: {text}" if text else str(name or status))


async def _imported(name: str) -> Any:
    return await asyncio.to_thread(importlib.import_module, name)


class _Expired(Exception):
    """The access token has run out."""


def _login_error(sdk: Any, error: Exception, user: User, limits: Limits) -> AcError:
    status, name, _, headers = _details(error)
    if status is None:
        if isinstance(error, httpx.HTTPError | sdk.exceptions.NetworkError):
            return Unreachable("The PDS does not answer to a login.", "Is PDS_URL right, and the PDS up?")
        raise error
    if status == 429:
        return BudgetSpent("The PDS takes no more logins for now.", resume_at=limits.opens(headers))
    if name in _DEAD:
        return AccountError(f"The account of {user.name} {_DEAD[name]}.", state="inactive")
    if status >= 500:
        return Unreachable(f"The PDS answers {status} to a login.", "Try again later.")
    return AccountError(
        f"The PDS refuses the stored password of {user.name}.",
        "Reset the account's password and store the new one.",
        state="password",
    )


def _details(error: Exception) -> tuple[int | None, str | None, str, dict[str, str]]:
    """Status, error name, a short text and the headers of an SDK error's response, if it has one."""
    response = getattr(error, "response", None)
    if response is None:
        return None, None, "", {}
    content = response.content
    name, text = getattr(content, "error", None), getattr(content, "message", None)
    return response.status_code, name, str(text or "")[:200], dict(response.headers)


def _as_json(write: Write) -> dict[str, Any]:
    body = {"$type": f"{_WRITE}#{write.action}", "collection": write.collection, "rkey": write.rkey}
    return body if write.record is None else {**body, "value": write.record}
