"""The Merkle search tree over a repo's records (https://atproto.com/specs/repository#mst-structure).

The tree depends on its keys and values alone, not on the order of the writes. So it is built anew from
the sorted keys for each commit, in one pass: for the repos here that is quicker than changing it in place.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from libipld import encode_dag_cbor

from acconsole.sandbox.pds.values import dag_cid


@dataclass(frozen=True, slots=True)
class Tree:
    """A built tree: the CID of its root and the blocks of its nodes by CID. `keys` are in order."""

    root: bytes
    nodes: Mapping[bytes, bytes]
    keys: Sequence[str]


def build(leaves: Mapping[str, bytes]) -> Tree:
    """The tree of records: `leaves` maps `collection/rkey` to the record's CID as bytes."""
    keys = sorted(leaves)
    encoded = [key.encode("ascii") for key in keys]
    layers = [layer(key) for key in encoded]
    builder = _Builder(encoded, layers, [leaves[key] for key in keys])
    root = builder.node(0, len(keys), max(layers, default=0))
    return Tree(root, builder.nodes, keys)


def layer(key: bytes) -> int:
    """How high in the tree a key stands: the pairs of zero bits that its SHA-256 begins with."""
    number = int.from_bytes(hashlib.sha256(key).digest())
    return (256 - number.bit_length()) // 2


@dataclass(slots=True)
class _Builder:
    keys: Sequence[bytes]
    layers: Sequence[int]
    values: Sequence[bytes]
    nodes: dict[bytes, bytes] = field(default_factory=dict)

    def node(self, start: int, end: int, height: int) -> bytes:
        """Makes the node of the keys from `start` to `end` (exclusive), and those below it; gives its CID."""
        left = None
        entries: list[dict[str, Any]] = []
        previous = b""
        for index in range(start, end + 1):
            if index < end and self.layers[index] != height:
                continue
            if start < index:
                below = self.node(start, index, height - 1)
                if entries:
                    entries[-1]["t"] = below
                else:
                    left = below
            if index < end:
                key = self.keys[index]
                shared = _shared_prefix(previous, key)
                entries.append({"k": key[shared:], "p": shared, "t": None, "v": self.values[index]})
                previous = key
            start = index + 1
        block = encode_dag_cbor({"e": entries, "l": left})
        cid = dag_cid(block)
        self.nodes[cid] = block
        return cid


def _shared_prefix(first: bytes, second: bytes) -> int:
    for length, (one, other) in enumerate(zip(first, second, strict=False)):
        if one != other:
            return length
    return min(len(first), len(second))
