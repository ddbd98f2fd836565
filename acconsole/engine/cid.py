"""CIDs of records and blobs, computed here before the PDS says them.

A record's CID is CIDv1, dag-cbor, sha-256 of its canonical encoding; a blob's is CIDv1, raw, sha-256
(https://atproto.com/specs/data-model). `libipld` reads and writes links as the CID's bytes.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import libipld

from acconsole.media.base import Record

_SHA256_32 = b"\x12\x20"
_DAG_CBOR = b"\x01\x71" + _SHA256_32
_RAW = b"\x01\x55" + _SHA256_32


def record_cid(record: Record) -> str:
    """The CID that a record will have. Raises `ValueError` for what the data model cannot hold, as floats."""
    return _text(_DAG_CBOR + hashlib.sha256(libipld.encode_dag_cbor(_to_ipld(record))).digest())


def blob_cid(data: bytes) -> str:
    """The CID that a blob will have."""
    return blob_cid_of(hashlib.sha256(data).digest())


def blob_cid_of(digest: bytes) -> str:
    """The CID of a blob whose SHA-256 digest this is."""
    return _text(_RAW + digest)


def block_is_whole(cid: bytes, block: bytes) -> bool:
    """Whether a block's bytes are those that its CID names."""
    return cid[:4] in (_DAG_CBOR, _RAW) and hashlib.sha256(block).digest() == cid[4:]


_SCALARS = frozenset({str, int, bool, type(None)})


def json_record(block: dict[str, Any]) -> Record:
    """A decoded record's block as JSON; most hold plain values alone and come back as they are."""
    return block if _SCALARS.issuperset(map(type, block.values())) else dict(from_ipld(block))


def from_ipld(value: Any) -> Any:
    """A decoded block as JSON: links become `{"$link": …}`, other bytes `{"$bytes": …}`."""
    if isinstance(value, dict):
        return {name: from_ipld(each) for name, each in value.items()}
    if isinstance(value, list):
        return [from_ipld(each) for each in value]
    if isinstance(value, bytes):
        if len(value) == 36 and value[:4] in (_DAG_CBOR, _RAW):
            return {"$link": _text(value)}
        return {"$bytes": base64.b64encode(value).rstrip(b"=").decode()}
    return value


def _to_ipld(value: Any) -> Any:
    if isinstance(value, dict):
        if value.keys() == {"$link"}:
            return _bytes(value["$link"])
        if value.keys() == {"$bytes"}:
            text = value["$bytes"]
            return base64.b64decode(text + "=" * (-len(text) % 4))
        return {name: _to_ipld(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_to_ipld(each) for each in value]
    if isinstance(value, float):
        raise ValueError("a record may not hold a float")
    return value


def _bytes(cid: str) -> bytes:
    _, raw = libipld.decode_multibase(cid)
    return bytes(raw)


def _text(cid: bytes) -> str:
    return str(libipld.encode_cid(cid))
