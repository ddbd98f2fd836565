"""Backups: what a run will delete or overwrite, put aside first and read back before anything is written.

A backup is a folder that only its owner can read: `manifest.json`, whose it is, every record that goes,
and the rkeys that the docs store; `blobs/`, the blobs of those records; and `before.car`, the whole repo
as the PDS sent it, unless it was too large to be sent whole.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from acconsole.engine import car
from acconsole.engine.cid import blob_cid
from acconsole.engine.model import RepoRecord, Snapshot, blob_cids
from acconsole.engine.plan import Action, Operation, Plan
from acconsole.engine.ports import Repos
from acconsole.errors import BackupError, BlobError
from acconsole.media.base import Doc, MediaType

Links = Sequence[tuple[MediaType, str, Doc]]
"""Docs by media type and ref, whose stored rkeys a wipe will clear."""

_Standing = tuple[MediaType, str, str]


@dataclass(slots=True)
class Backup:
    """The backup of one run, which grows a part when the run comes to destroy what it has not saved yet."""

    folder: Path
    saved: set[_Standing] = field(default_factory=set)
    parts: int = 0

    async def cover(
        self, run: str, plan: Plan, snapshot: Snapshot, going: Iterable[Operation], links: Links, repos: Repos
    ) -> bool:
        """Save the records that `going` deletes or overwrites; False when all are saved already.

        Raises `BackupError` when something cannot be saved or does not read back.
        """
        standing = {_standing(record): record for records in snapshot.records.values() for record in records}
        lost = {
            (op.kind, op.rkey, op.cid or "") for op in going if op.action in (Action.DELETE, Action.UPDATE)
        }
        wanted = [standing[each] for each in lost - self.saved if each in standing]
        if not wanted and not (links and not self.parts):
            return False
        blobs, gone = await self._blobs(snapshot.did, wanted, repos)
        self.parts += 1
        manifest = _manifest(run, plan, snapshot, wanted, links, gone)
        suffix = "" if self.parts == 1 else f"-{self.parts}"
        try:
            await asyncio.to_thread(_write, self.folder, suffix, snapshot, manifest, blobs)
            await asyncio.to_thread(_read_back, self.folder, suffix, snapshot, manifest, blobs)
        except OSError as error:
            raise BackupError(
                f"The backup in {self.folder} cannot be written: {error.strerror}.",
                "Nothing was deleted. Make room, or set ACCONSOLE_STATE_DIR.",
            ) from None
        self.saved |= {_standing(record) for record in wanted}
        return True

    async def _blobs(
        self, did: str, records: Iterable[RepoRecord], repos: Repos
    ) -> tuple[dict[str, bytes], list[str]]:
        """The bytes of the records' blobs, and the CIDs of those that the PDS itself has lost."""
        cids = sorted({cid for record in records for cid in blob_cids(record)})
        limit = asyncio.Semaphore(8)

        async def fetch(cid: str) -> tuple[str, bytes | None]:
            async with limit:
                try:
                    return cid, await repos.blob(did, cid)
                except BlobError:
                    return cid, None

        fetched = await asyncio.gather(*map(fetch, cids))
        return {cid: data for cid, data in fetched if data is not None}, [
            cid for cid, data in fetched if data is None
        ]


def _standing(record: RepoRecord) -> _Standing:
    return (record.kind, record.rkey, record.cid)


def _manifest(
    run: str, plan: Plan, snapshot: Snapshot, going: Sequence[RepoRecord], links: Links, gone: list[str]
) -> dict[str, Any]:
    user = plan.user
    return {
        "run": run,
        "action": plan.action,
        "user": {"id": user.id, "handle": user.handle, "pds_handle": user.pds_handle, "did": snapshot.did},
        "host": plan.host,
        "rev": snapshot.rev,
        "commit": snapshot.commit,
        "records": [
            {"type": record.kind.value, "rkey": record.rkey, "cid": record.cid, "value": record.value}
            for record in going
        ],
        "links": [
            {"type": kind.value, "id": ref, "atproto": doc.get("atproto"), "at": doc.get("at")}
            for kind, ref, doc in links
        ],
        "lost_blobs": gone,
    }


def _write(
    folder: Path, suffix: str, snapshot: Snapshot, manifest: dict[str, Any], blobs: dict[str, bytes]
) -> None:
    (folder / "blobs").mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    for cid, data in blobs.items():
        _put(folder / "blobs" / cid, data)
    if snapshot.car is not None:
        _put(folder / f"before{suffix}.car", snapshot.car)
    _put(folder / f"manifest{suffix}.json", _text(manifest))


def _text(manifest: dict[str, Any]) -> bytes:
    return json.dumps(manifest, ensure_ascii=False, indent=1, default=str).encode()


def _put(path: Path, data: bytes) -> None:
    path.touch(mode=0o600)
    path.write_bytes(data)


def _read_back(
    folder: Path, suffix: str, snapshot: Snapshot, manifest: dict[str, Any], blobs: dict[str, bytes]
) -> None:
    """Prove that the backup is whole, from the disk alone."""
    whole = (folder / f"manifest{suffix}.json").read_bytes() == _text(manifest)
    whole = whole and all(blob_cid((folder / "blobs" / cid).read_bytes()) == cid for cid in blobs)
    if whole and snapshot.car is not None:
        data = (folder / f"before{suffix}.car").read_bytes()
        whole = car.is_whole(data) and _holds(data, snapshot)
    if not whole:
        raise BackupError(
            f"The backup in {folder} does not read back as it was written.", "Nothing was deleted."
        )


def _holds(data: bytes, snapshot: Snapshot) -> bool:
    try:
        return car.snapshot(data, lost=snapshot.lost).records == snapshot.records
    except ValueError:  # blocks are missing at its end
        return False
