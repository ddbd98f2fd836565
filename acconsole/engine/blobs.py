"""What a record needs from storage when it is written: its pictures, and the fields that are looked up."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from acconsole.engine.events import Event
from acconsole.engine.model import User
from acconsole.engine.ports import Objects, World
from acconsole.errors import BlobError
from acconsole.media import paintings
from acconsole.media.base import Doc, Record
from acconsole.media.thumbnail import NoPicture, thumbnail

MAX_PICTURE = 32_000_000
"""Bytes of a picture that are fetched at most."""


@dataclass(frozen=True, slots=True)
class Want:
    """One record that is to be made whole: the blobs in `fields` are made, and the rest is looked up.

    `limit`: the bytes that the PDS takes of a blob. `stored` gives the bytes of a blob that the user's repo
    holds, by its CID, and raises `BlobError`.
    """

    fields: tuple[str, ...]
    record: Record
    doc: Doc
    user: User
    limit: int
    emit: Callable[[Event], None]
    stored: Callable[[str], Awaitable[bytes]]


@dataclass(frozen=True, slots=True)
class Made:
    """The record with its undecided fields decided, and the bytes of its blobs by field."""

    record: Record
    blobs: dict[str, bytes] = field(default_factory=dict, repr=False)


async def painting(want: Want, world: World) -> Made:
    """What a painting's record wants. Raises `BlobError` saying why it cannot be had."""
    record = await _with_recording(want.doc, want.record, world.objects)
    blobs = {name: await painting_thumbnail(want.doc, want.user, world.objects) for name in want.fields}
    return Made(record, blobs)


async def painting_thumbnail(doc: Doc, user: User, objects: Objects) -> bytes:
    """The first of a painting's sources that gives a picture. Raises `BlobError`."""
    reasons = []
    for source in paintings.picture_sources(doc, user.handle):
        try:
            data = await objects.fetch(source, MAX_PICTURE)
            return await asyncio.to_thread(thumbnail, data, paintings.THUMBNAIL.max_size)
        except (BlobError, NoPicture) as error:
            reasons.append(str(error))
    raise BlobError(f"no picture: {reasons[-1]}")


async def _with_recording(doc: Doc, record: Record, objects: Objects) -> Record:
    """The record with its recording, where there is one; when that cannot be told now, as it is."""
    source = paintings.recording_source(doc)
    there = await objects.exists(source) if source else False
    if there is None:
        return record
    without = {name: value for name, value in record.items() if name != "recordingUrl"}
    return {**without, "recordingUrl": paintings.recording_url(str(doc["code"]))} if there else without
