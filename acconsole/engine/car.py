"""Reading a repo's CAR: the commit, the tree, the records (https://atproto.com/specs/repository)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import libipld

from acconsole.engine.cid import json_record
from acconsole.engine.model import RepoRecord, Snapshot
from acconsole.engine.ports import Commit, News
from acconsole.media.base import MediaType

Blocks = dict[bytes, Any]

_KINDS = {kind.nsid: kind for kind in MediaType}


class LostRecords(ValueError):
    """Records whose keys stand in the tree and whose blocks are not in the CAR, by path.

    Either the CAR was cut short, or the PDS has lost them: that it can is a fact of the reference PDS.
    """

    def __init__(self, paths: frozenset[str]) -> None:
        super().__init__(f"{len(paths)} records are named and not there")
        self.paths = paths


def snapshot(car: bytes, blobs: frozenset[str] = frozenset(), lost: frozenset[str] = frozenset()) -> Snapshot:
    """The media records of a repo. Those at the `lost` paths may be missing, and then hold nothing.

    Raises `ValueError` for bytes that are no whole repo, and of these `LostRecords` where only records lack.
    """
    try:
        header, blocks = libipld.decode_car(car)
        root = header["roots"][0]
        commit = blocks[root]
        records: dict[MediaType, list[RepoRecord]] = {kind: [] for kind in MediaType}
        missing: set[str] = set()
        for path, cid in _walk(blocks, commit["data"]):
            collection, _, rkey = path.partition("/")
            if kind := _KINDS.get(collection):
                if cid not in blocks:
                    missing.add(path)
                value = json_record(blocks.get(cid, {}))
                records[kind].append(RepoRecord(kind, rkey, libipld.encode_cid(cid), value))
        if not missing <= lost:
            raise LostRecords(frozenset(missing))
        return Snapshot(
            commit["did"],
            commit["rev"],
            libipld.encode_cid(root),
            {kind: tuple(found) for kind, found in records.items()},
            blobs,
            car,
            frozenset(missing),
        )
    except (KeyError, IndexError, TypeError, RecursionError, UnicodeDecodeError) as error:
        raise ValueError(f"not a whole repo ({type(error).__name__})") from None


def news(car: bytes) -> News:
    """The commit and the media records in a part of a repo, whose tree may lack what did not change.

    Raises `ValueError` for bytes that are no CAR of a repo.
    """
    try:
        header, blocks = libipld.decode_car(car)
        root = header["roots"][0]
        records = [block for block in blocks.values() if block.get("$type") in _KINDS]
        commit = Commit(libipld.encode_cid(root), blocks[root]["rev"])
        return News(commit, tuple(map(json_record, records)))
    except (KeyError, IndexError, TypeError, AttributeError, RecursionError, UnicodeDecodeError) as error:
        raise ValueError(f"not a part of a repo ({type(error).__name__})") from None


def _walk(blocks: Blocks, root: bytes | None) -> Iterator[tuple[str, bytes]]:
    """The tree's keys in order, each with the CID of its record. Keys share prefixes with the one before."""
    if root is None:
        return
    node = blocks[root]
    yield from _walk(blocks, node["l"])
    key = b""
    for entry in node["e"]:
        key = key[: entry["p"]] + entry["k"]
        yield key.decode("ascii"), entry["v"]
        yield from _walk(blocks, entry["t"])


def is_whole(car: bytes) -> bool:
    """Whether a CAR ends with a block, and every block has the bytes that its CID names."""
    from acconsole.engine.cid import block_is_whole

    try:
        length, position = _varint(car, 0)
        position += length
        while position < len(car):
            length, position = _varint(car, position)
            block = car[position : position + length]
            if len(block) != length or not block_is_whole(block[:36], block[36:]):
                return False
            position += length
    except IndexError:  # cut off inside a length
        return False
    return position == len(car)


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
