"""One account's blobs: what is uploaded, what records name, and what is dropped when no record names it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from acconsole.sandbox.pds.values import cid_text, raw_cid
from acconsole.sandbox.pds.xrpc import XrpcError, invalid


@dataclass(frozen=True, slots=True)
class Blob:
    """A stored blob; `is_loose` until the first record names it."""

    cid: str
    mime: str
    data: bytes
    is_loose: bool = True

    def json(self) -> dict[str, Any]:
        """The blob as a record names it."""
        return {"$type": "blob", "ref": {"$link": self.cid}, "mimeType": self.mime, "size": len(self.data)}


def sniff(data: bytes) -> str | None:
    """The MIME type that the first bytes tell of, for the kinds that matter here; else None."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data[4:8] == b"ftyp":
        return "video/mp4"
    if data.startswith(b"PK\x03\x04"):
        return "application/zip"
    return None


class Blobs:
    """The caller holds the account's lock while it changes anything here."""

    def __init__(self) -> None:
        self._blobs: dict[str, Blob] = {}
        self._named: dict[str, set[str]] = {}

    def upload(self, data: bytes, declared: str) -> Blob:
        """Stores a blob, unless it is there; the declared type counts only where the bytes tell of none."""
        blob = Blob(cid_text(raw_cid(data)), sniff(data) or declared, data)
        kept = self._blobs.get(blob.cid)
        if kept is None or kept.is_loose:
            is_named = any(blob.cid in cids for cids in self._named.values())
            self._blobs[blob.cid] = replace(kept or blob, is_loose=not is_named)
        return blob

    def get(self, cid: str) -> Blob | None:
        """A blob that a record names; a loose one is not for others."""
        blob = self._blobs.get(cid)
        return None if blob is None or blob.is_loose else blob

    def check(self, refs: Iterable[dict[str, Any]]) -> None:
        """Whether records may name these blobs. Raises `XrpcError`."""
        for ref in refs:
            cid = ref["ref"].get("$link", "")
            found = self._blobs.get(cid)
            if found is None:
                raise invalid(f"Could not find blob: {cid}", "BlobNotFound")
            if found.is_loose:
                _agree(ref, found)

    def dropped(self, paths: Iterable[str], named: Iterable[str]) -> set[str]:
        """The blobs that nothing names any more once `paths` are rewritten or gone and `named` are named."""
        touched = set(paths)
        was = set().union(*(self._named.get(path, ()) for path in touched))
        if not was:
            return set()
        still = set(named).union(*(cids for path, cids in self._named.items() if path not in touched))
        return was - still

    def rename(self, named: Mapping[str, set[str]], dropped: Iterable[str]) -> None:
        """Records at these paths now name these blobs (an empty set: none); forgets the dropped ones."""
        for path, cids in named.items():
            if cids:
                self._named[path] = cids
            else:
                self._named.pop(path, None)
            for cid in cids & self._blobs.keys():
                self._blobs[cid] = replace(self._blobs[cid], is_loose=False)
        for cid in dropped:
            self._blobs.pop(cid, None)

    def listed(self, limit: int, cursor: str) -> list[str]:
        """The CIDs that records name, in order, after `cursor`."""
        cids = sorted(set().union(*self._named.values()))
        first = bisect_right(cids, cursor)
        return cids[first : first + limit]

    def missing(self, limit: int, cursor: str) -> list[tuple[str, str]]:
        """The CIDs, each with a record's path, that records name and that are not stored."""
        paths = {cid: path for path, cids in self._named.items() for cid in cids - self._blobs.keys()}
        return sorted((cid, path) for cid, path in paths.items() if cid > cursor)[:limit]


def _agree(ref: dict[str, Any], found: Blob) -> None:
    problem: XrpcError | None = None
    if ref.get("mimeType") != found.mime:
        said, real = ref.get("mimeType"), found.mime
        problem = invalid(
            f"Referenced Mimetype does not match stored blob. Expected: {real}, Got: {said}",
            "InvalidMimeType",
        )
    elif ref.get("size") != len(found.data):
        said, size = ref.get("size"), len(found.data)
        problem = invalid(
            f"Referenced Size does not match stored blob. Expected: {size}, Got: {said}", "InvalidSize"
        )
    if problem:
        raise problem
