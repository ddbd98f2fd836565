"""Records as JSON and as DAG-CBOR, and the CIDs of what is stored (https://atproto.com/specs/data-model).

Inside, a CID is its 36 bytes, which is also how `libipld` gives and takes links; outside, its text.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from typing import Any

from libipld import decode_cid, decode_dag_cbor, encode_cid, encode_dag_cbor

from acconsole.sandbox.pds.xrpc import invalid

_DAG_CBOR = bytes([1, 0x71, 0x12, 32])
_RAW = bytes([1, 0x55, 0x12, 32])


def dag_cid(block: bytes) -> bytes:
    """The CID of a DAG-CBOR block."""
    return _DAG_CBOR + hashlib.sha256(block).digest()


def raw_cid(data: bytes) -> bytes:
    """The CID of a blob."""
    return _RAW + hashlib.sha256(data).digest()


def cid_text(cid: bytes) -> str:
    return encode_cid(cid)


def cid_bytes(text: str) -> bytes:
    """The bytes of a CID given as text. Raises `XrpcError` when it is none of the two kinds in use."""
    try:
        parts = decode_cid(text)
    except ValueError:
        raise invalid(f"Invalid CID: {text}") from None
    digest: bytes = parts["hash"]["digest"]
    return bytes([1, parts["codec"], 0x12, 32]) + digest


def encode(record: dict[str, Any]) -> bytes:
    """The block of a record given as JSON. Raises `XrpcError` for floats and other values without a form."""
    try:
        return encode_dag_cbor(_from_json(record))
    except (ValueError, RecursionError) as problem:
        raise invalid(f"Invalid record: {problem}") from None


def decode(block: bytes) -> dict[str, Any]:
    """The record of a block as JSON."""
    record: dict[str, Any] = _to_json(decode_dag_cbor(block))
    return record


def blob_refs(value: Any) -> Iterator[dict[str, Any]]:
    """Every blob that a record (as JSON) names, wherever in it."""
    if isinstance(value, dict):
        if value.get("$type") == "blob" and isinstance(value.get("ref"), dict):
            yield value
            return
        value = value.values()
    elif not isinstance(value, list):
        return
    for inner in value:
        yield from blob_refs(inner)


def _from_json(value: Any) -> Any:
    if isinstance(value, dict):
        if value.keys() == {"$link"}:
            return cid_bytes(value["$link"])
        if value.keys() == {"$bytes"}:
            return base64.b64decode(value["$bytes"] + "==")
        return {key: _from_json(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_from_json(inner) for inner in value]
    if isinstance(value, float):
        if not value.is_integer():
            raise ValueError("floats are not allowed")
        return int(value)
    return value


def _to_json(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _to_json(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_to_json(inner) for inner in value]
    if isinstance(value, bytes):
        if len(value) == 36 and value[:4] in (_DAG_CBOR, _RAW):
            return {"$link": encode_cid(value)}
        return {"$bytes": base64.b64encode(value).decode().rstrip("=")}
    return value
