"""A tape's video, thumbnail and `zipUrl`: found in storage, converted, told of on the way.

Only `NoObject` means that something is not there. Any other trouble fails the tape, and never makes it one
without a source.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from acconsole.engine import events
from acconsole.engine.blobs import Made, Want
from acconsole.engine.events import Event
from acconsole.engine.ports import Moved, Objects, World
from acconsole.errors import BlobError, NoObject
from acconsole.media.base import Blocked, Doc, MediaType, Record, ref_of
from acconsole.media.conversion import Conversion, NoTape, Stage, Tell, checked_video, cover, cover_of_video
from acconsole.media.sources import Source
from acconsole.media.tapes import (
    NO_SOURCE,
    THUMBNAIL,
    VIDEO,
    source_digest,
    video_source,
    with_zip_url,
    without_a_user,
    zip_sources,
    zip_url,
)
from acconsole.media.tapezip import MAX_ZIP

EVERY = 0.1
"""Seconds between two moves of one tape that are told."""

_STAGES = tuple(Stage)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Found:
    """A ZIP, and which of its places it was in."""

    source: Source
    data: bytes = field(repr=False)


class Moves:
    """Takes a tape's moves, which come often, and tells a few: each stage's first and last among them.

    Once a stage has begun, the ones before it are no news: decoding goes on while it is encoded.
    """

    def __init__(self, ref: str, emit: Callable[[Event], None]) -> None:
        self._ref, self._emit = ref, emit
        self._stage = -1
        self._told = 0.0

    def __call__(self, stage: Stage, done: int, total: int) -> None:
        now, place = time.monotonic(), _STAGES.index(stage)
        begins = place > self._stage
        if place < self._stage or not (begins or done == total or now - self._told >= EVERY):
            return
        self._stage, self._told = place, now
        self._emit(events.TapeMoved(self._ref, stage, done, total))


async def tape(want: Want, world: World) -> Made | Blocked:
    """What a tape's record wants; blocked, and remembered, when its video is nowhere to be had.

    Raises `BlobError` saying what went wrong.
    """
    if not want.fields:
        return Made(await _located(want, world))
    found = await find_zip(want.doc, world.objects, _downloading(want))
    if VIDEO.field not in want.fields:
        return Made(_naming(want, found, world), {THUMBNAIL.field: await _cover_alone(want, found)})
    made = await _from_zip(want, found, world) if found else await _from_video(want, world)
    if made is None:
        await world.sourceless.add(MediaType.TAPES, ref_of(want.doc), source_digest(want.doc))
        return NO_SOURCE
    return Made(_naming(want, found, world), {name: made[name] for name in want.fields})


async def find_zip(doc: Doc, objects: Objects, moved: Moved | None = None) -> Found | None:
    """The ZIP from the first of its places that has it; None when none has. Raises `BlobError`."""
    for source in zip_sources(doc):
        try:
            return Found(source, await objects.fetch(source, MAX_ZIP, moved))
        except NoObject:
            continue
    return None


async def converted(data: bytes, limit: int, tell: Tell, world: World) -> Conversion:
    """A ZIP's bytes as a video that lexicon and PDS take. Raises `BlobError`."""
    return await world.converter.convert(data, min(VIDEO.max_size, limit), tell)


def _downloading(want: Want) -> Moved:
    moves = Moves(ref_of(want.doc), want.emit)
    return lambda done, total: moves(Stage.DOWNLOAD, done, total)


def _naming(want: Want, found: Found | None, world: World) -> Record:
    """The record with the `zipUrl` of the ZIP that was found, or without one."""
    address = zip_url(want.doc, found.source, routes=world.tape_zip_routes) if found else None
    return with_zip_url(want.record, address)


async def _located(want: Want, world: World) -> Record:
    """The record with its `zipUrl` looked up; when nothing can be said of that now, it keeps its own."""
    for source in zip_sources(want.doc):
        there = await world.objects.exists(source)
        if there is None:
            return without_a_user(want.record)
        if there:
            return with_zip_url(want.record, zip_url(want.doc, source, routes=world.tape_zip_routes))
    return with_zip_url(want.record, None)


async def _from_zip(want: Want, found: Found, world: World) -> dict[str, bytes]:
    ref = ref_of(want.doc)
    await world.sourceless.forget(MediaType.TAPES, ref)
    made = await converted(found.data, want.limit, Moves(ref, want.emit), world)
    sizes = (len(found.data), len(made.video))
    want.emit(events.TapeMade(ref, *sizes, made.frames, made.seconds, made.fitted, made.notes))
    return {VIDEO.field: made.video, THUMBNAIL.field: made.thumbnail}


async def _from_video(want: Want, world: World) -> dict[str, bytes] | None:
    """The video that the doc names, if it is one, and its cover; None when there is none."""
    source = video_source(want.doc)
    if source is None:
        return None
    limit = min(VIDEO.max_size, want.limit)
    try:
        data = await world.objects.fetch(source, limit, _downloading(want))
        video = await asyncio.to_thread(checked_video, data, limit)
    except (NoObject, NoTape):
        return None
    await world.sourceless.forget(MediaType.TAPES, ref_of(want.doc))
    thumbnail = await _made_of(cover_of_video, video)
    notes = ("there is no ZIP: the video is the one that the doc names",)
    want.emit(events.TapeMade(ref_of(want.doc), 0, len(video), 0, 0.0, False, notes))
    return {VIDEO.field: video, THUMBNAIL.field: thumbnail}


async def _cover_alone(want: Want, found: Found | None) -> bytes:
    """The thumbnail alone: of the ZIP, or else of the video that the record has."""
    if found:
        try:
            return await asyncio.to_thread(cover, found.data)
        except NoTape:
            pass  # the published video is whole, whatever has become of the ZIP
    return await _made_of(cover_of_video, await want.stored(want.record[VIDEO.field]["ref"]["$link"]))


async def _made_of(make: Callable[[bytes], T], data: bytes) -> T:
    try:
        return await asyncio.to_thread(make, data)
    except NoTape as error:
        raise BlobError(f"no video: {error}") from None
