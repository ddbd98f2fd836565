"""The PDS: repos read as one CAR through httpx, sessions and writes through the atproto SDK.

The SDK takes most of a second to import, so that is done on the first login, in a thread. Its errors and
httpx's end here; an SDK error's text may hold a whole response and is never shown.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import httpx

from acconsole.engine import car
from acconsole.engine.budgets import Budgets
from acconsole.engine.cid import blob_cid_of
from acconsole.engine.clock import Clock
from acconsole.engine.model import RepoHead, RepoRecord, Snapshot, User, blob_cids
from acconsole.engine.ports import BlobFacts, Commit, News
from acconsole.engine.windows import Charge
from acconsole.errors import AccountError, AcError, BudgetSpent, Failed, NoObject, Unreachable
from acconsole.media.base import MediaType
from acconsole.media.sniff import ENOUGH, sniff
from acconsole.stores.limits import READ, REQUEST, Limits, Memory
from acconsole.stores.session import Door, PdsSession
from acconsole.stores.tls import context

TIMEOUT = httpx.Timeout(10, read=60)
MAX_CAR = 64_000_000
"""Bytes of a repo that are taken as one CAR; a larger one is read page by page."""
SMALL_CAR = 65_536
"""Bytes of a repo that is decoded in a millisecond."""
MAX_BLOB = 64_000_000
USUAL_BLOB_LIMIT = 5_242_880
"""Bytes of a blob that a PDS takes when it does not say."""
_INACTIVE = {
    "RepoDeactivated": "is deactivated",
    "RepoTakendown": "is taken down",
    "RepoSuspended": "is suspended",
}


class PdsRepos:
    """The `Repos` port over one PDS. `memory` keeps what its rate limits leave from one run to the next."""

    def __init__(
        self,
        url: str,
        bypass_key: str | None = None,
        memory: Memory | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._url = url
        headers = {"x-ratelimit-bypass": bypass_key} if bypass_key else {}
        self._limits = Limits(self.host, clock or Clock(), memory, key=bypass_key is not None)
        self._client = httpx.AsyncClient(
            verify=context(),
            base_url=f"{url}/xrpc/",
            timeout=TIMEOUT,
            headers=headers,
            event_hooks={"request": [self._count], "response": [self._limits.hear]},
        )
        self._door = Door(url, headers, self._limits, self._count)
        self._sessions: dict[str, asyncio.Task[PdsSession]] = {}
        self._requests = 0
        self._blob_limit: int | None = None

    async def close(self) -> None:
        for opening in self._sessions.values():
            opening.cancel()
        await asyncio.gather(*self._sessions.values(), return_exceptions=True)
        await self._door.close()
        await self._client.aclose()

    async def _count(self, _: httpx.Request) -> None:
        self._requests += 1

    @property
    def requests(self) -> int:
        return self._requests

    @property
    def budgets(self) -> Budgets:
        return self._limits.budgets

    @property
    def host(self) -> str:
        return urlsplit(self._url).netloc

    async def ping(self) -> None:
        await self._json("com.atproto.server.describeServer", {})

    async def snapshot(self, did: str) -> Snapshot:
        lost: frozenset[str] = frozenset()
        for _ in range(3):
            data = await self._car(did)
            if data is None:
                return await self._paged(did)
            try:
                read = await self._decoded(data, lost)
                break
            except car.LostRecords as error:
                # A CAR cut short would not lack the same records twice: then the PDS has lost them.
                lost = error.paths
            except ValueError as error:
                raise _unreadable(error) from None
        else:
            raise Failed("The repo moved each time that it was read.", "Try again later.", retryable=True)
        blobs = await self._blobs(did) if _has_blobs(read.records) else frozenset()
        return replace(read, blobs=blobs)

    async def _decoded(self, data: bytes, lost: frozenset[str]) -> Snapshot:
        # A thread costs more than a small repo does, and of small ones there are thousands.
        if len(data) <= SMALL_CAR:
            return car.snapshot(data, lost=lost)
        return await asyncio.to_thread(car.snapshot, data, lost=lost)

    async def news(self, did: str, since: str) -> News:
        data = await self._car(did, since)
        if data is None:
            raise Failed("More has come into the repo than is read at once.", retryable=True)
        try:
            return car.news(data)
        except ValueError as error:
            raise _unreadable(error) from None

    async def _car(self, did: str, since: str | None = None) -> bytes | None:
        """The repo's CAR, or what came since a rev; None when it is larger than is taken in one piece."""
        params = {"did": did, "since": since} if since else {"did": did}
        try:
            async with self._stream("com.atproto.sync.getRepo", params, READ) as response:
                if response.status_code != 200:
                    await response.aread()
                    raise self._refused(response, did)
                parts, size = [], 0
                async for part in response.aiter_bytes(1 << 18):
                    parts.append(part)
                    size += len(part)
                    if size > MAX_CAR:
                        return None
                return b"".join(parts)
        except httpx.HTTPError:
            raise self._unreachable() from None

    async def _paged(self, did: str) -> Snapshot:
        """A repo too large for one CAR: page by page, until no commit came between first page and last."""
        for _ in range(5):
            before = await self.latest(did)
            records = {kind: tuple([found async for found in self._pages(did, kind)]) for kind in MediaType}
            blobs = await self._blobs(did) if _has_blobs(records) else frozenset()
            if await self.latest(did) == before:
                return Snapshot(did, before.rev, before.cid, records, blobs)
        raise Failed(
            "The repo moved each time that it was read.", "Try again when it is quieter.", retryable=True
        )

    async def _pages(self, did: str, kind: MediaType) -> AsyncIterator[RepoRecord]:
        params: dict[str, Any] = {"repo": did, "collection": kind.nsid, "limit": 100}
        async for each in self._listed("com.atproto.repo.listRecords", params, "records"):
            with _sensible():
                found = RepoRecord(kind, each["uri"].rsplit("/", 1)[-1], each["cid"], dict(each["value"]))
            yield found

    async def _blobs(self, did: str) -> frozenset[str]:
        listed = self._listed("com.atproto.sync.listBlobs", {"did": did, "limit": 1000}, "cids")
        return frozenset([cid async for cid in listed])

    async def latest(self, did: str) -> Commit:
        answer = await self._json("com.atproto.sync.getLatestCommit", {"did": did}, did)
        with _sensible():
            return Commit(answer["cid"], answer["rev"])

    async def heads(self) -> AsyncIterator[RepoHead]:
        async for each in self._listed("com.atproto.sync.listRepos", {"limit": 1000}, "repos"):
            with _sensible():
                active, status = each.get("active", True), each.get("status")
                head = RepoHead(each["did"], each["rev"], each["head"], active, status)
            yield head

    async def blob(self, did: str, cid: str) -> bytes:
        try:
            response = await self._get("com.atproto.sync.getBlob", {"did": did, "cid": cid})
        except httpx.HTTPError:
            raise self._unreachable() from None
        if response.status_code in (400, 404):
            raise _no_blob(cid)
        if response.status_code != 200:
            raise self._refused(response, did)
        return response.content

    async def look_at_blob(self, did: str, cid: str) -> BlobFacts:
        params = {"did": did, "cid": cid}
        try:
            async with self._stream("com.atproto.sync.getBlob", params, REQUEST) as response:
                if response.status_code in (400, 404):
                    raise _no_blob(cid)
                if response.status_code != 200:
                    await response.aread()
                    raise self._refused(response, did)
                digest, size, begins = hashlib.sha256(), 0, b""
                async for part in response.aiter_bytes(1 << 18):
                    digest.update(part)
                    size += len(part)
                    begins = begins if len(begins) >= ENOUGH else begins + part[:ENOUGH]
        except httpx.HTTPError:
            raise self._unreachable() from None
        return BlobFacts(blob_cid_of(digest.digest()), size, sniff(begins))

    async def blob_limit(self) -> int:
        if self._blob_limit is None:
            answer = await self._json("com.atproto.server.describeServer", {})
            with _sensible():
                told = answer.get("blobUploadLimit")
            self._blob_limit = told if isinstance(told, int) and told > 0 else USUAL_BLOB_LIMIT
        return self._blob_limit

    async def login(self, user: User) -> PdsSession:
        # A task for each user: whoever asks while a login is under way waits for that one.
        if user.id not in self._sessions or _failed(self._sessions[user.id]):
            self._sessions[user.id] = asyncio.create_task(PdsSession.open(self._door, user))
        return await asyncio.shield(self._sessions[user.id])

    def forget(self, user: User) -> None:
        session = self._sessions.get(user.id)
        if session and session.done():
            del self._sessions[user.id]

    async def _listed(self, nsid: str, params: dict[str, Any], field: str) -> AsyncIterator[Any]:
        """Everything that a paged method lists."""
        cursor: str | None = None
        while True:
            page = {**params, "cursor": cursor} if cursor else params
            answer = await self._json(nsid, page, params.get("did") or params.get("repo"))
            with _sensible():
                listed, cursor = list(answer[field]), answer.get("cursor")
            for each in listed:
                yield each
            if not cursor or not listed:
                return

    async def _json(self, nsid: str, params: dict[str, Any], did: str | None = None) -> dict[str, Any]:
        try:
            response = await self._get(nsid, params)
            if response.status_code != 200:
                raise self._refused(response, did)
            answer: dict[str, Any] = response.json()
        except (httpx.HTTPError, json.JSONDecodeError):
            raise self._unreachable() from None
        return answer

    async def _get(self, nsid: str, params: dict[str, Any]) -> httpx.Response:
        async with self._limits.spend(REQUEST) as extensions:
            return await self._client.get(nsid, params=params, extensions=extensions)

    @asynccontextmanager
    async def _stream(
        self, nsid: str, params: dict[str, Any], charge: Charge
    ) -> AsyncIterator[httpx.Response]:
        async with (
            self._limits.spend(charge) as extensions,
            self._client.stream("GET", nsid, params=params, extensions=extensions) as response,
        ):
            yield response

    def _unreachable(self) -> Unreachable:
        return Unreachable(f"The PDS at {self.host} does not answer.", "Is PDS_URL right, and the PDS up?")

    def _refused(self, response: httpx.Response, did: str | None) -> AcError:
        try:
            name = response.json().get("error")
        except (ValueError, AttributeError):
            name = None
        if response.status_code == 429:
            opens = self._limits.opens(response.headers)
            return BudgetSpent("The PDS takes no more requests from here for now.", resume_at=opens)
        if name in _INACTIVE:
            return AccountError(f"The account {did} {_INACTIVE[name]}.", state="inactive")
        if name == "RepoNotFound" or (name == "InvalidRequest" and response.status_code == 400 and did):
            return AccountError(f"The PDS has no repo {did}.", "Create the account first.", state="none")
        return self._unreachable()


@contextmanager
def _sensible() -> Iterator[None]:
    """What is read here of an answer must be in it."""
    try:
        yield
    except (KeyError, TypeError, AttributeError, ValueError):
        raise Failed("The PDS's answer makes no sense.", "Is PDS_URL really a PDS?") from None


def _no_blob(cid: str) -> NoObject:
    return NoObject(f"The PDS does not have the blob {cid}.")


def _unreadable(error: ValueError) -> Failed:
    return Failed(f"The PDS sent a repo that cannot be read: {error}.", retryable=True)


def _failed(opening: asyncio.Task[PdsSession]) -> bool:
    return opening.done() and (opening.cancelled() or opening.exception() is not None)


def _has_blobs(records: Mapping[MediaType, Sequence[RepoRecord]]) -> bool:
    return any(blob_cids(each) for found in records.values() for each in found)
