"""The accounts of the sandbox PDS, and the way to fill it without HTTP."""

from __future__ import annotations

import base64
import hashlib
import secrets
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from acconsole.sandbox.pds import keys
from acconsole.sandbox.pds import repo as repos
from acconsole.sandbox.pds.blobs import Blobs
from acconsole.sandbox.pds.faults import Faults
from acconsole.sandbox.pds.repo import Commit, Prepared, Repo, Write
from acconsole.sandbox.pds.sessions import Sessions
from acconsole.sandbox.pds.xrpc import invalid

__all__ = ["Account", "Commit", "PdsStore", "Write"]

BLOB_LIMIT = 5_242_880


@dataclass(frozen=True, slots=True)
class Account:
    """An account's two names."""

    did: str
    handle: str


@dataclass(slots=True)
class Actor:
    """All that the PDS keeps of one account. `lock` is held by whoever changes it."""

    account: Account
    password: str
    email: str
    repo: Repo
    created: int
    status: str | None = None
    blobs: Blobs = field(default_factory=Blobs)
    lock: threading.RLock = field(default_factory=threading.RLock)

    @property
    def did(self) -> str:
        return self.account.did

    def commit(
        self, writes: Sequence[Prepared], swap_commit: str | None = None, *, strict: bool = True
    ) -> Commit:
        """One commit with its blobs: all of it or, with an `XrpcError`, nothing.

        `strict`: the limits of the real PDS, and no record may name a blob that is not stored.
        """
        with self.lock:
            if swap_commit and swap_commit != self.repo.head.cid:
                raise invalid(f"Commit was at {self.repo.head.cid}", "InvalidSwap")
            if strict:
                repos.check_size(writes)
                self.blobs.check(ref for write in writes for ref in write.refs)
            named = {write.path: write.named for write in writes}
            dropped = self.blobs.dropped(named, set().union(*named.values()))
            commit = self.repo.commit(writes)
            self.blobs.rename(named, dropped)
            return commit


class PdsStore:
    """The PDS itself. What it holds is gone with it.

    `access_seconds`: how long an access token lasts. `faults`: what tests can make go wrong. `blob_limit`:
    the bytes that a blob may have, at most those of the real PDS.
    """

    def __init__(self, *, access_seconds: float = 7200) -> None:
        self.faults = Faults()
        self.blob_limit = BLOB_LIMIT
        self.jwt_secret = secrets.token_urlsafe(32)
        self.sessions = Sessions(self.jwt_secret, access_seconds)
        # One key signs for everybody: nobody looks the accounts' keys up here.
        self._key = keys.new_key()
        self._actors: dict[str, Actor] = {}
        self._handles: dict[str, str] = {}
        self._last_created = 0

    def create_account(
        self, handle: str, password: str, *, did: str | None = None, email: str | None = None
    ) -> Account:
        """A new account with an empty repo. Without a did it gets one made from its handle, always the same.

        Any handle will do, whatever its domain. Raises `ValueError` when handle or did is taken.
        """
        handle = handle.lower()
        account = Account(did or _did_for(handle), handle)
        if handle in self._handles or account.did in self._actors:
            raise ValueError(f"taken: {handle}")
        # Accounts are listed in the order of their creation, by the millisecond.
        self._last_created = max(self._last_created + 1, time.time_ns() // 1_000_000)
        repo = Repo(account.did, self._key)
        email = email or f"{handle}@example.com"
        self._actors[account.did] = Actor(account, password, email, repo, self._last_created)
        self._handles[handle] = account.did
        return account

    def set_status(self, did: str, status: str | None) -> None:
        """Makes an account `deactivated` or `takendown`, or active again with None. Raises `KeyError`."""
        self._actors[did].status = status

    def set_password(self, did: str, password: str) -> None:
        """Gives an account another password and ends its sessions. Raises `KeyError`."""
        self._actors[did].password = password
        self.sessions.end_all(did)

    def delete_account(self, did: str) -> None:
        """Takes an account away with all that it holds; an unknown one is none already."""
        actor = self._actors.pop(did, None)
        if actor:
            del self._handles[actor.account.handle]
            self.sessions.end_all(did)

    def write(self, did: str, writes: Sequence[Write]) -> Commit:
        """One commit of any size, which may name blobs that are not stored.

        Raises `KeyError` for an unknown did, `XrpcError` for a write that is not possible.
        """
        return self._actors[did].commit([repos.prepare(write) for write in writes], strict=False)

    def load(self, did: str, records: Iterable[tuple[str, str, dict[str, Any]]]) -> Commit:
        """The first fill of a repo, in one commit: collection, rkey and record as JSON of each.

        Raises as `write` does.
        """
        return self.write(
            did, [Write("create", collection, rkey, record) for collection, rkey, record in records]
        )

    def add_blob(self, did: str, data: bytes, mime: str) -> dict[str, Any]:
        """Stores a blob and gives it as a record names it. It is loose until a record does.

        The type of PNG, JPEG, MP4 and ZIP is told by their bytes. Raises `KeyError` for an unknown did.
        """
        actor = self._actors[did]
        with actor.lock:
            return actor.blobs.upload(data, mime).json()

    def find(self, name: str) -> Actor | None:
        """The account of a did or a handle, whatever its status."""
        return self._actors.get(name) or self._actors.get(self._handles.get(name.lower(), ""))

    def actors(self) -> list[Actor]:
        """All accounts in the order of their creation."""
        return list(self._actors.values())


def _did_for(handle: str) -> str:
    digest = hashlib.sha256(handle.encode()).digest()
    return "did:plc:" + base64.b32encode(digest[:15]).decode().lower()
