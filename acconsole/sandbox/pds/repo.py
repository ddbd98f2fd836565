"""One account's repo: its records, and commits over them (https://atproto.com/specs/repository)."""

from __future__ import annotations

import re
import threading
import time
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from libipld import encode_dag_cbor

from acconsole.media import tid
from acconsole.sandbox.pds import keys, tree, values
from acconsole.sandbox.pds.tree import Tree
from acconsole.sandbox.pds.xrpc import invalid, opaque

_RKEY = re.compile(r"[A-Za-z0-9._:~-]{1,512}")
_MAX_COMMIT_BYTES = 2_000_000


@dataclass(frozen=True, slots=True)
class Write:
    """One write. `record` is JSON, None for a delete; an empty `rkey` of a create gets a new TID."""

    action: Literal["create", "update", "delete"]
    collection: str
    rkey: str
    record: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Commit:
    """Where a repo stands: the commit's CID as text, and its rev."""

    cid: str
    rev: str


@dataclass(frozen=True, slots=True)
class Prepared:
    """A write that can go into a commit: checked, encoded and named."""

    write: Write
    path: str
    cid: bytes = b""
    block: bytes = b""
    refs: Sequence[dict[str, Any]] = ()

    @property
    def named(self) -> set[str]:
        """The CIDs of the blobs that the record names."""
        return {ref["ref"].get("$link", "") for ref in self.refs}


@dataclass(frozen=True, slots=True)
class State:
    """A repo at one commit. It is never changed, so that reads need no lock.

    `revs` says with which commit each record's block came.
    """

    head: Commit
    commit_block: bytes
    tree: Tree
    leaves: Mapping[str, bytes] = field(default_factory=dict)
    blocks: Mapping[bytes, bytes] = field(default_factory=dict)
    revs: Mapping[bytes, str] = field(default_factory=dict)


class TidClock:
    """TIDs of the present moment, each later than all before it."""

    def __init__(self) -> None:
        self._last = 0
        self._lock = threading.Lock()

    def next(self) -> str:
        with self._lock:
            self._last = max(self._last + 1, time.time_ns() // 1000)
            return tid.encode(self._last, 0)


CLOCK = TidClock()


def prepare(write: Write) -> Prepared:
    """Checks and encodes a write. Raises `XrpcError` for a record or rkey that no PDS would take."""
    rkey = write.rkey or CLOCK.next()
    if not _RKEY.fullmatch(rkey) or rkey in (".", ".."):
        raise invalid(f"Invalid record key: {rkey}")
    write = Write(write.action, write.collection, rkey, write.record)
    path = f"{write.collection}/{rkey}"
    if write.action == "delete":
        return Prepared(write, path)
    record = dict(write.record or {})
    named = record.setdefault("$type", write.collection)
    if named != write.collection:
        raise invalid(f"Invalid $type: expected {write.collection}, got {named}")
    block = values.encode(record)
    return Prepared(write, path, values.dag_cid(block), block, list(values.blob_refs(record)))


class Repo:
    """The caller holds the account's lock around `commit`; everything else only reads."""

    def __init__(self, did: str, key: Any) -> None:
        self.did = did
        self._key = key
        self.state = self._committed({}, {}, {})

    @property
    def head(self) -> Commit:
        return self.state.head

    def commit(self, writes: Sequence[Prepared]) -> Commit:
        """Makes one commit of all the writes, or raises `XrpcError` and changes nothing.

        A record's block goes with the last record that held it. As on the reference PDS, a record that
        this very commit puts elsewhere is overlooked then: its block is lost, and the record with it.
        (The reference PDS is lucky with some trees, as with a record moved to a later rkey; not so here.)
        """
        old, leaves = self.state, dict(self.state.leaves)
        for write in writes:
            _apply(leaves, write)
        blocks = {**old.blocks, **{write.cid: write.block for write in writes if write.block}}
        for cid in _let_go(old.leaves, leaves, writes):
            blocks.pop(cid, None)
        self.state = self._committed(leaves, blocks, old.revs)
        return self.head

    def rows(
        self, collection: str, cursor: str | None, *, oldest_first: bool
    ) -> Iterator[tuple[str, bytes, bytes]]:
        """The collection's records from the cursor on: path, CID, block. Newest rkey first, unless told."""
        state = self.state
        paths = state.tree.keys
        # The character after the slash is 0: between the two stand all of the collection, and nothing else.
        low, high = bisect_left(paths, f"{collection}/"), bisect_left(paths, f"{collection}0")
        if cursor is not None and oldest_first:
            low = bisect_right(paths, f"{collection}/{cursor}", low, high)
        elif cursor is not None:
            high = bisect_left(paths, f"{collection}/{cursor}", low, high)
        for path in paths[low:high] if oldest_first else reversed(paths[low:high]):
            cid = state.leaves[path]
            if cid in state.blocks:
                yield path, cid, state.blocks[cid]

    def record(self, path: str) -> tuple[bytes, bytes] | None:
        """A record's CID and block, or None."""
        state = self.state
        cid = state.leaves.get(path)
        return None if cid is None or cid not in state.blocks else (cid, state.blocks[cid])

    def collections(self) -> list[str]:
        return sorted({path.partition("/")[0] for path in self.state.tree.keys})

    def car(self, since: str = "") -> bytes:
        """The repo as a CAR file (https://ipld.io/specs/transport/car/carv1/).

        With `since`, a rev, only the records whose blocks came after it; the tree is always whole.
        """
        state = self.state
        records = {cid: block for cid, block in state.blocks.items() if state.revs.get(cid, "") > since}
        root = values.cid_bytes(state.head.cid)
        header = encode_dag_cbor({"roots": [root], "version": 1})
        parts = [_varint(len(header)), header]
        for blocks in ({root: state.commit_block}, state.tree.nodes, records):
            for cid, block in blocks.items():
                parts += (_varint(len(cid) + len(block)), cid, block)
        return b"".join(parts)

    def _committed(
        self, leaves: Mapping[str, bytes], blocks: Mapping[bytes, bytes], revs: Mapping[bytes, str]
    ) -> State:
        built = tree.build(leaves)
        rev = CLOCK.next()
        block = keys.signed_commit(self.did, rev, built.root, self._key)
        head = Commit(values.cid_text(values.dag_cid(block)), rev)
        return State(head, block, built, leaves, blocks, {cid: revs.get(cid, rev) for cid in blocks})


def check_size(writes: Sequence[Prepared]) -> None:
    """Raises `XrpcError` for writes whose records are more than a commit may hold."""
    if sum(len(write.block) for write in writes) > _MAX_COMMIT_BYTES:
        raise invalid("Too many writes. Max event size: 2MB")


def _apply(leaves: dict[str, bytes], prepared: Prepared) -> None:
    exists = prepared.path in leaves
    if exists == (prepared.write.action == "create"):
        raise opaque()
    if prepared.write.action == "delete":
        del leaves[prepared.path]
    else:
        leaves[prepared.path] = prepared.cid


def _let_go(old: Mapping[str, bytes], new: Mapping[str, bytes], writes: Sequence[Prepared]) -> set[bytes]:
    rewritten = {write.path for write in writes if write.write.action != "create"}
    let_go = {old[path] for path in rewritten if path in old and new.get(path) != old[path]}
    if not let_go:
        return let_go
    return let_go - {cid for path, cid in old.items() if path not in rewritten}


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)
