"""Blobs: known by their bytes, checked against the records that name them, dropped when none does."""

from __future__ import annotations

import hashlib
from io import BytesIO
from itertools import count
from typing import Any

import libipld
import pytest
from PIL import Image

from tests.contract.client import PAINTING, Client, create, delete, ok, refused, rkeys, update

_colours = count(1)


def _picture(form: str = "PNG") -> bytes:
    """A small picture unlike all before it."""
    file = BytesIO()
    Image.new("RGB", (8, 8), next(_colours)).save(file, form)
    return file.getvalue()


MP4 = b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2" + b"\x00\x00\x00\x08free"


def _cid(data: bytes) -> str:
    return libipld.encode_cid(bytes([1, 0x55, 0x12, 32]) + hashlib.sha256(data).digest())


def _painting(rkey: str, blob: dict[str, Any]) -> dict[str, Any]:
    write = create(rkey, collection=PAINTING)
    write["value"]["thumbnail"] = blob
    return write


async def _upload(client: Client, data: bytes, mime: str = "image/png") -> dict[str, Any]:
    blob: dict[str, Any] = ok(await client.upload(data, mime))["blob"]
    return blob


async def _blobs(client: Client) -> list[str]:
    cids: list[str] = ok(await client.get("com.atproto.sync.listBlobs", did=client.did))["cids"]
    return cids


async def test_the_cid_of_an_upload_can_be_told_beforehand(client: Client) -> None:
    data = _picture()
    blob = await _upload(client, data)
    assert blob == {"$type": "blob", "ref": {"$link": _cid(data)}, "mimeType": "image/png", "size": len(data)}


@pytest.mark.parametrize(
    ("data", "mime"),
    [(_picture("PNG"), "image/png"), (_picture("JPEG"), "image/jpeg"), (MP4, "video/mp4")],
)
async def test_a_known_type_is_told_by_its_bytes(client: Client, data: bytes, mime: str) -> None:
    assert (await _upload(client, data, "text/plain"))["mimeType"] == mime


async def test_the_declared_type_counts_for_other_bytes(client: Client) -> None:
    assert (await _upload(client, b"just words", "text/plain"))["mimeType"] == "text/plain"


async def test_a_blob_that_a_record_names_is_there_for_all(client: Client) -> None:
    data = _picture()
    blob = await _upload(client, data)
    ok(await client.apply([_painting("3jzfcijpj2z2a", blob)]))
    assert await _blobs(client) == [_cid(data)]
    got = await client.get("com.atproto.sync.getBlob", did=client.did, cid=_cid(data))
    assert (got.status_code, got.content, got.headers["content-type"]) == (200, data, "image/png")
    record = (await client.listed(PAINTING))["3jzfcijpj2z2a"]
    assert record["thumbnail"] == blob


async def test_a_blob_that_no_record_names_is_kept_out(client: Client) -> None:
    data = _picture()
    await _upload(client, data)
    assert await _blobs(client) == []
    refused(
        await client.get("com.atproto.sync.getBlob", did=client.did, cid=_cid(data)), 400, "InvalidRequest"
    )


async def test_a_record_may_not_name_a_blob_that_is_not_there(client: Client) -> None:
    blob = {"$type": "blob", "ref": {"$link": _cid(_picture())}, "mimeType": "image/png", "size": 100}
    answer = await client.apply([create(rkeys(1)[0], collection=PAINTING), _painting("3jzfcijpj2z2a", blob)])
    refused(answer, 400, "BlobNotFound")
    assert await client.listed(PAINTING) == {}


async def test_a_blob_of_anothers_is_not_there(client: Client, other: Client) -> None:
    blob = await _upload(other, _picture())
    ok(await other.apply([_painting("3jzfcijpj2z2a", blob)]))
    refused(await client.apply([_painting("3jzfcijpj2z2a", blob)]), 400, "BlobNotFound")


@pytest.mark.parametrize(
    ("change", "error"), [({"mimeType": "image/jpeg"}, "InvalidMimeType"), ({"size": 1}, "InvalidSize")]
)
async def test_a_record_must_tell_the_truth_about_a_new_blob(
    client: Client, change: dict[str, Any], error: str
) -> None:
    blob = await _upload(client, _picture())
    refused(await client.apply([_painting("3jzfcijpj2z2a", blob | change)]), 400, error)
    ok(await client.apply([_painting("3jzfcijpj2z2a", blob)]))


async def test_a_blob_goes_with_its_last_record(client: Client) -> None:
    blob = await _upload(client, _picture())
    first, second = rkeys(2)
    ok(await client.apply([_painting(first, blob), _painting(second, blob)]))
    ok(await client.apply([delete(first, PAINTING)]))
    assert await _blobs(client) == [blob["ref"]["$link"]]
    ok(await client.apply([delete(second, PAINTING)]))
    assert await _blobs(client) == []
    refused(await client.apply([_painting(first, blob)]), 400, "BlobNotFound")


async def test_an_update_that_keeps_the_blob_keeps_it(client: Client) -> None:
    blob = await _upload(client, _picture())
    ok(await client.apply([_painting("3jzfcijpj2z2a", blob)]))
    change = update("3jzfcijpj2z2a", "other words", PAINTING)
    change["value"]["thumbnail"] = blob
    ok(await client.apply([change]))
    assert await _blobs(client) == [blob["ref"]["$link"]]
    ok(await client.apply([update("3jzfcijpj2z2a", "no picture", PAINTING)]))
    assert await _blobs(client) == []


async def test_a_blob_uploaded_again_is_the_same(client: Client) -> None:
    data = _picture()
    blob = await _upload(client, data)
    ok(await client.apply([_painting("3jzfcijpj2z2a", blob)]))
    assert await _upload(client, data) == blob
    assert await _blobs(client) == [_cid(data)]


async def test_blobs_are_listed_in_pages(client: Client) -> None:
    blobs = [await _upload(client, _picture()) for _ in range(3)]
    ok(await client.apply([_painting(rkey, blob) for rkey, blob in zip(rkeys(3), blobs, strict=True)]))
    page = ok(await client.get("com.atproto.sync.listBlobs", did=client.did, limit=2))
    rest = ok(await client.get("com.atproto.sync.listBlobs", did=client.did, cursor=page["cursor"]))
    assert len(page["cids"]) == 2
    assert page["cids"] + rest["cids"] == sorted(blob["ref"]["$link"] for blob in blobs)


async def test_a_blob_over_the_limit_is_refused(client: Client) -> None:
    answer = await client.upload(b"x" * 5_242_881, "application/octet-stream")
    refused(answer, 413, "PayloadTooLarge")
    await _upload(client, b"x" * 5_242_880, "application/octet-stream")


async def test_no_blob_is_missing(client: Client) -> None:
    blob = await _upload(client, _picture())
    ok(await client.apply([_painting("3jzfcijpj2z2a", blob)]))
    missing = ok(await client.get("com.atproto.repo.listMissingBlobs", token=client.access))
    assert missing["blobs"] == []
