"""How docs are published, and how what was published comes apart from them: a way into each verdict."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random

from acconsole.engine.cid import record_cid
from acconsole.media import paintings, record, tapes, tid
from acconsole.media.base import BlobWanted, Blocked, MediaType, Record, parse_when
from acconsole.sandbox.docs import Author, MongoDoc
from acconsole.sandbox.holdings import Blob, Entry, Holding, covers, thumbnails, video
from acconsole.sandbox.pictures import recording_exists
from acconsole.sandbox.seeds import object_id, pick
from acconsole.sandbox.stale import STALE

SYNC_DAY = datetime(2025, 10, 3, tzinfo=UTC)
"""When the first records were written, by a script that took whatever rkey the PDS gave."""


class Publisher:
    """Fills one holding: adds its author's docs, publishes them, and spoils what was published."""

    def __init__(self, holding: Holding, author: Author, random: Random) -> None:
        self.holding, self.author, self._random = holding, author, random

    def many(self, way: Callable[[MediaType, MongoDoc], object], kind: MediaType, count: int) -> None:
        """`count` new docs of a type, each given to one of the methods below."""
        for _ in range(count):
            way(kind, self.author.write(kind))

    def spoil_each(self, kind: MediaType, *without: str) -> None:
        """A stale record by each cause that there is for the type."""
        for cause in STALE[kind]:
            if cause not in without:
                self.spoil(kind, self.author.write(kind), cause)

    def keep(self, kind: MediaType, doc: MongoDoc) -> MongoDoc:
        """Add a doc and publish nothing: `missing`, or `blocked`."""
        self.holding.docs[kind].append(doc)
        return doc

    def publish(self, kind: MediaType, doc: MongoDoc) -> Entry:
        """Add a doc with its right record, linked: `synced`. Raises `ValueError` for a doc that has none."""
        built = record.build(kind, doc)
        if isinstance(built, Blocked):
            raise ValueError(f"{kind} cannot be published: {built.field} {built.reason}")
        self.keep(kind, doc)
        value = built.record | {wanted.field: self._blob(wanted, doc) for wanted in built.blobs}
        if kind is MediaType.PAINTINGS and recording_exists(doc["code"]):
            value["recordingUrl"] = paintings.recording_url(doc["code"])
        if kind is MediaType.TAPES:
            value = tapes.with_zip_url(value, tapes.zip_url(doc, tapes.zip_sources(doc)[0], routes=False))
        entry = Entry(kind, self._rkey(doc), value)
        self.holding.entries.append(entry)
        self._link(entry, doc)
        return entry

    def spoil(self, kind: MediaType, doc: MongoDoc, cause: str) -> Entry:
        """Add a doc with a record that is `stale` by one of the causes that `STALE` has for its type."""
        entry = self.publish(kind, doc)
        STALE[kind][cause](entry, doc)
        return entry

    def unlink(self, kind: MediaType, doc: MongoDoc) -> Entry:
        """Add a doc with its right record, which it does not name, or misnames: `unlinked`."""
        entry = self.publish(kind, doc)
        doc.pop("at", None)
        doc.pop("atproto", None)
        if self._random.random() < 0.3:
            self._link(Entry(kind, self._old_rkey(), entry.value), doc)
        return entry

    def duplicate(self, kind: MediaType, doc: MongoDoc) -> Entry:
        """Add a doc with its right record and a further one, which is given: `synced`, `duplicate`."""
        entry = self.publish(kind, doc)
        other = Entry(kind, self._old_rkey(), dict(entry.value))
        self.holding.entries.append(other)
        return other

    def bury(self, kind: MediaType, doc: MongoDoc) -> Entry:
        """Add a doc that was deleted after it had been published: its record is a `tombstone`."""
        entry = self.publish(kind, doc)
        doc["deleted" if kind is MediaType.MOODS else "nuked"] = True
        return entry

    def forget(self, kind: MediaType, doc: MongoDoc) -> MongoDoc:
        """Add a deleted doc without a record: there is nothing to say about it."""
        doc["deleted" if kind is MediaType.MOODS else "nuked"] = True
        return self.keep(kind, doc)

    def orphan(self, kind: MediaType, doc: MongoDoc) -> Entry:
        """Publish a doc that exists no more: `orphan`."""
        entry = self.publish(kind, doc)
        self.holding.docs[kind].remove(doc)
        entry.value["ref"] = str(object_id(SYNC_DAY, "orphan", doc["_id"]))
        return entry

    def lose(self, kind: MediaType, doc: MongoDoc) -> MongoDoc:
        """Add a doc that names a record which is not there: `missing`."""
        self._link(Entry(kind, self._old_rkey(), {}), self.keep(kind, doc))
        return doc

    def disguise(self, doc: MongoDoc) -> Entry:
        """Add a painting whose thumbnail is stored as a PNG and is a JPEG: only reading the blob tells."""
        entry = self.publish(MediaType.PAINTINGS, doc)
        entry.value["thumbnail"] = self.holding.add(Blob.of(covers()[0].data, "image/png"))
        return entry

    def lose_blob(self, kind: MediaType, doc: MongoDoc) -> Entry:
        """Add a doc whose record names a thumbnail that was never stored.

        The PDS lists it among the blobs all the same, so only asking for the blob tells.
        """
        entry = self.publish(kind, doc)
        entry.value["thumbnail"] = Blob.of(f"never stored {entry.rkey}".encode(), "image/png").as_json()
        return entry

    def _blob(self, wanted: BlobWanted, doc: MongoDoc) -> Record:
        if wanted.mime == "video/mp4":
            return self.holding.add(Blob.of(video(doc["code"]), wanted.mime))
        return self.holding.add(pick(self._random, covers() if wanted.mime == "image/jpeg" else thumbnails()))

    def _rkey(self, doc: MongoDoc) -> str:
        """The rkey that the doc gives; or, for older records, one that the PDS made up."""
        when = parse_when(doc["when"])
        assert when is not None
        return self._old_rkey() if self._random.random() < 0.4 else tid.tid_for(str(doc["_id"]), when)

    def _old_rkey(self) -> str:
        age = timedelta(seconds=self._random.random() * 86_400 * 9)
        return tid.encode(int((SYNC_DAY + age).timestamp() * 1_000_000), int(self._random.random() * 1024))

    def _link(self, entry: Entry, doc: MongoDoc) -> None:
        """Write the record's rkey into the doc, in the shape that the site's writers give each media type."""
        uri = f"at://{self.holding.person.did}/{entry.kind.nsid}/{entry.rkey}"
        if entry.kind is MediaType.TAPES and self._random.random() < 0.7:
            doc["at"] = {"rkey": entry.rkey, "uri": uri, "cid": record_cid(entry.value)}
        elif entry.kind is MediaType.PAINTINGS:
            doc["atproto"] = {"rkey": entry.rkey, "uri": uri}
        else:
            doc["atproto"] = {"rkey": entry.rkey}
