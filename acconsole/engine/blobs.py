"""What a record needs from storage when it is written: its pictures, and the fields that are looked up."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from acconsole.engine.model import User
from acconsole.engine.ports import Objects
from acconsole.errors import BlobError
from acconsole.media import paintings
from acconsole.media.base import Doc, MediaType, Record
from acconsole.media.thumbnail import NoPicture, thumbnail

MAX_PICTURE = 32_000_000
"""Bytes of a picture that are fetched at most."""

Maker = Callable[[Doc, User, Objects], Awaitable[bytes]]


async def make(kind: MediaType, field: str, doc: Doc, user: User, objects: Objects) -> bytes:
    """The bytes of a blob that a doc's record wants. Raises `BlobError` saying why they cannot be had."""
    return await _MAKERS[kind, field](doc, user, objects)


async def look_up(kind: MediaType, doc: Doc, record: Record, objects: Objects) -> Record:
    """The record with its undecided fields decided: a painting's recording, where there is one.

    When that cannot be told now, the record keeps what it says.
    """
    if kind is not MediaType.PAINTINGS:
        return record
    source = paintings.recording_source(doc)
    there = await objects.exists(source) if source else False
    if there is None:
        return record
    without = {name: value for name, value in record.items() if name != "recordingUrl"}
    return {**without, "recordingUrl": paintings.recording_url(str(doc["code"]))} if there else without


async def _painting_thumbnail(doc: Doc, user: User, objects: Objects) -> bytes:
    """The first of the painting's sources that gives a picture."""
    reasons = []
    for source in paintings.picture_sources(doc, user.handle):
        try:
            data = await objects.fetch(source, MAX_PICTURE)
            return await asyncio.to_thread(thumbnail, data, paintings.THUMBNAIL.max_size)
        except (BlobError, NoPicture) as error:
            reasons.append(str(error))
    raise BlobError(f"no picture: {reasons[-1]}")


_MAKERS: dict[tuple[MediaType, str], Maker] = {
    (MediaType.PAINTINGS, "thumbnail"): _painting_thumbnail,
}
