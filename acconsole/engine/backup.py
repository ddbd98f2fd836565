"""Backups: what a run will delete or overwrite, put aside first and read back before anything is written.

A backup is a folder that only its owner can read: `manifest.json`, whose it is, every record that goes,
and the rkeys that the docs store; `blobs/`, the blobs of those records; and `before.car`, the whole repo
as the PDS sent it, unless it was too large to be sent whole.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from acconsole.engine import car
from acconsole.engine.cid import blob_cid
from acconsole.engine.model import RepoRecord, Snapshot, Verdict, blob_cids
from acconsole.engine.plan import Action, Operation, Plan
from acconsole.engine.ports import Vault
from acconsole.engine.stored import NAMES, extended
from acconsole.errors import BackupError, BlobError
from acconsole.media.base import Doc, MediaType

Links = Sequence[tuple[MediaType, str, Doc]]
"""Docs by media type and ref, whose stored rkeys a wipe will clear."""
GetBlob = Callable[[str, str], Awaitable[bytes]]
"""Gives the bytes of a repo's blob, by DID and CID. Raises `BlobError` when it is not there."""

_Standing = tuple[MediaType, str, str]
_Judged = tuple[RepoRecord, Verdict]


@dataclass(slots=True)
class Backup:
    """The backup of one run, which grows a part when the run comes to destroy what it has not saved yet."""

    folder: Path
    vault: Vault
    saved: set[_Standing] = field(default_factory=set)
    parts: int = 0
    place: str | None = None

    async def cover(
        self, run: str, plan: Plan, snapshot: Snapshot, going: Iterable[Operation], links: Links, get: GetBlob
    ) -> bool:
        """Save the records that `going` deletes or overwrites; False when all are saved already.

        `place` says then where the backup is. Raises `BackupError` when something cannot be saved or does not
        read back.
        """
        standing = {_standing(record): record for records in snapshot.records.values() for record in records}
        lost = {
            (op.kind, op.rkey, op.cid or ""): op.verdict
            for op in going
            if op.action in (Action.DELETE, Action.UPDATE)
        }
        wanted = [standing[each] for each in lost.keys() - self.saved if each in standing]
        if not wanted and not (links and not self.parts):
            return False
        blobs, gone = await self._blobs(snapshot.did, wanted, get)
        self.parts += 1
        judged = [(record, lost[_standing(record)]) for record in wanted]
        manifest = _manifest(run, plan, snapshot, judged, links, gone)
        suffix = _unused(await self.vault.names(self.folder))
        files = await asyncio.to_thread(_files, suffix, snapshot, manifest, blobs)
        self.place = await self.vault.put(self.folder, files)
        self.saved |= {_standing(record) for record in wanted}
        return True

    async def _blobs(
        self, did: str, records: Iterable[RepoRecord], get: GetBlob
    ) -> tuple[dict[str, bytes], list[str]]:
        """The bytes of the records' blobs, and the CIDs of those that the PDS itself has lost."""
        cids = sorted({cid for record in records for cid in blob_cids(record)})
        limit = asyncio.Semaphore(8)

        async def fetch(cid: str) -> tuple[str, bytes | None]:
            async with limit:
                try:
                    return cid, await get(did, cid)
                except BlobError:
                    return cid, None

        fetched = await asyncio.gather(*map(fetch, cids))
        return {cid: data for cid, data in fetched if data is not None}, [
            cid for cid, data in fetched if data is None
        ]


def _standing(record: RepoRecord) -> _Standing:
    return (record.kind, record.rkey, record.cid)


def _manifest(
    run: str, plan: Plan, snapshot: Snapshot, going: Sequence[_Judged], links: Links, gone: list[str]
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
            {
                "type": record.kind.value,
                "rkey": record.rkey,
                "cid": record.cid,
                "verdict": verdict.value,
                "value": record.value,
            }
            for record, verdict in going
        ],
        "links": [
            {"type": kind.value, "id": ref, **{name: doc[name] for name in NAMES if name in doc}}
            for kind, ref, doc in links
        ],
        "lost_blobs": gone,
    }


def _unused(names: Collection[str]) -> str:
    """What tells a new part's files from those that are there: a run may come to a user more than once."""
    number = 1
    while f"manifest{_suffix(number)}.json" in names:
        number += 1
    return _suffix(number)


def _suffix(number: int) -> str:
    return "" if number == 1 else f"-{number}"


def _files(
    suffix: str, snapshot: Snapshot, manifest: dict[str, Any], blobs: dict[str, bytes]
) -> dict[str, bytes]:
    """The files of a part, the manifest last, which says what there is. Raises `BackupError`."""
    files = {f"blobs/{cid}": data for cid, data in blobs.items()}
    whole = all(blob_cid(data) == cid for cid, data in blobs.items())
    if snapshot.car is not None:
        files[f"before{suffix}.car"] = snapshot.car
        whole = whole and car.is_whole(snapshot.car) and _holds(snapshot.car, snapshot)
    if not whole:
        raise BackupError(
            "What the PDS sent for the backup is not what the repo holds.", "Nothing was deleted."
        )
    return {**files, f"manifest{suffix}.json": _text(manifest)}


def _text(manifest: dict[str, Any]) -> bytes:
    return json.dumps(manifest, ensure_ascii=False, indent=1, default=extended).encode()


def _holds(data: bytes, snapshot: Snapshot) -> bool:
    try:
        return car.snapshot(data, lost=snapshot.lost).records == snapshot.records
    except ValueError:  # blocks are missing at its end
        return False
