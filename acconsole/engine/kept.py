"""Backups as they are read again: the old records, the rkeys that docs stored, and the blobs.

Nothing in them is taken on trust. A manifest must be of the very run and repo that it is looked up for, and a
record or blob must have the CID by which it is known; what fails that counts as not being there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from acconsole.engine.cid import blob_cid, record_cid
from acconsole.engine.model import Place, Verdict
from acconsole.engine.stored import NAMES, as_text
from acconsole.errors import BlobError
from acconsole.media.base import MediaType, Record


@dataclass(frozen=True, slots=True)
class KeptRecord:
    """An old record. `value` is None where its JSON is no longer the record that `cid` names."""

    cid: str
    value: Record | None
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Kept:
    """What the backups of one run hold of one user: records by rkey, what docs stored by ref.

    `troubles` says of each part that is missing or broken why it is not believed.
    """

    folders: tuple[str, ...]
    records: Mapping[Place, Mapping[str, KeptRecord]]
    stored: Mapping[Place, str]
    troubles: tuple[str, ...] = ()

    def record(self, kind: MediaType, rkey: str, cid: str) -> KeptRecord | None:
        """The record that stood there with this CID."""
        return self.records.get((kind, rkey), {}).get(cid)


@dataclass(frozen=True, slots=True)
class Whose:
    """The run, user, repo and PDS that a backup must be of."""

    run: str
    user: str
    did: str | None
    host: str

    def fits(self, manifest: Mapping[str, Any]) -> bool:
        user = manifest["user"]
        found = (manifest["run"], user["id"], user["did"], manifest["host"])
        return found == (self.run, self.user, self.did, self.host)


def read(folders: Sequence[str], whose: Whose) -> Kept:
    """What these backups hold; never raises."""
    records: dict[Place, dict[str, KeptRecord]] = {}
    stored: dict[Place, str] = {}
    troubles: list[str] = []
    for folder in map(Path, folders):
        parts = sorted(folder.glob("manifest*.json"))
        if not parts:
            troubles.append(f"the backup in {folder} is missing")
        for part in parts:
            try:
                _take(json.loads(part.read_bytes()), whose, records, stored)
            except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
                troubles.append(f"{part} is broken")
            except _NotOfIt:
                troubles.append(f"{part} is of another run or user")
    return Kept(tuple(folders), records, stored, tuple(troubles))


class _NotOfIt(Exception):
    """A manifest of another run, user or repo."""


def _take(
    manifest: Mapping[str, Any],
    whose: Whose,
    records: dict[Place, dict[str, KeptRecord]],
    stored: dict[Place, str],
) -> None:
    if not whose.fits(manifest):
        raise _NotOfIt
    # Whole or not at all: what is broken further down counts for none of it.
    found = list(_records(manifest["records"]))
    links = {
        (MediaType(each["type"]), str(each["id"])): as_text(
            {name: each[name] for name in NAMES if name in each}
        )
        for each in manifest["links"]
    }
    for place, record in found:
        records.setdefault(place, {})[record.cid] = record
    stored.update(links)


def _records(listed: Sequence[Mapping[str, Any]]) -> Iterator[tuple[Place, KeptRecord]]:
    for each in listed:
        value = dict(each["value"])
        kept = KeptRecord(
            str(each["cid"]), value if _is(value, each["cid"]) else None, Verdict(each["verdict"])
        )
        yield (MediaType(each["type"]), str(each["rkey"])), kept


def _is(value: Record, cid: str) -> bool:
    """Whether a record as JSON is still the very record: bytes that look like a link, for one, are not."""
    try:
        return record_cid(value) == cid
    except (ValueError, TypeError, OverflowError):  # what no record may hold
        return False


def blob(folders: Sequence[str], cid: str) -> bytes:
    """The bytes of a blob. Raises `BlobError` when no backup has it whole."""
    for folder in folders:
        try:
            data = (Path(folder) / "blobs" / cid).read_bytes()
        except OSError:
            continue
        if blob_cid(data) == cid:
            return data
    raise BlobError("the backup does not hold its blob, or not whole")
