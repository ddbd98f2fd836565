"""Looking at single works: everybody's tapes in one list, what is known of each, and what would be made.

Nothing here writes anywhere but to the cache of conversions.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass

from acconsole.engine import blobs, status
from acconsole.engine.match import Pair
from acconsole.engine.model import SourceDoc, User, Verdict
from acconsole.engine.ports import Moved, Objects, World
from acconsole.engine.tapes import converted, find_zip
from acconsole.engine.tasks import together
from acconsole.errors import AcError, BlobError, NoObject
from acconsole.media import record
from acconsole.media.base import Blocked, Doc, MediaType, owner_of, parse_when
from acconsole.media.conversion import Conversion, NoTape, Stage, Tell
from acconsole.media.sources import Source
from acconsole.media.sparse import Lacking, Sparse, facts
from acconsole.media.tapes import zip_sources

AT_ONCE = 4
"""Repos read at the same time."""
TAIL = 65_536
"""Bytes of a ZIP's end that are asked for first: its list of files, of most tapes all of it."""
MAX_PART = 4_000_000
MAX_ASKS = 6


@dataclass(frozen=True, slots=True)
class TapeRow:
    """One tape of somebody's: a doc that is not deleted, or that is and still has a record.

    `pair` is None when the owner's repo could not be read; `trouble` says why that is.
    """

    user: User
    doc: SourceDoc
    pair: Pair | None
    trouble: str | None = None


@dataclass(frozen=True, slots=True)
class TapeFacts:
    """What storage says of a tape: whether its ZIP is there (None: that cannot be told now) and where.

    `size` in bytes. `frames` and `seconds` are None for a ZIP that cannot be read.
    """

    there: bool | None
    source: Source | None = None
    size: int | None = None
    frames: int | None = None
    seconds: float | None = None


async def tapes(world: World) -> AsyncGenerator[TapeRow, None]:
    """Everybody's tapes: the guest account's first, then by handle; each owner's newest first.

    Mongo is read once, and each owner's repo once. Raises `Unreachable` when Mongo is.
    """
    users, owned = await together(_users(world), _by_owner(world))
    owners = sorted(
        (users.get(each) or User(each) for each in owned), key=lambda user: (not user.is_guest, user.sort_key)
    )
    reading: deque[asyncio.Task[list[TapeRow]]] = deque()
    try:
        for owner in owners:
            reading.append(asyncio.create_task(_rows(world, owner, owned[owner.id])))
            if len(reading) >= AT_ONCE:
                for row in await reading.popleft():
                    yield row
        while reading:
            for row in await reading.popleft():
                yield row
    finally:
        for task in reading:
            task.cancel()
        await asyncio.gather(*reading, return_exceptions=True)


async def _users(world: World) -> dict[str, User]:
    return {user.id: user async for user in world.docs.users()}


async def _by_owner(world: World) -> dict[str, list[Doc]]:
    owned: dict[str, list[Doc]] = defaultdict(list)
    async for doc in world.docs.every(MediaType.TAPES):
        owned[owner_of(doc)].append(doc)
    return owned


async def _rows(world: World, user: User, docs: Sequence[Doc]) -> list[TapeRow]:
    sources = await status.with_hindrances(world, MediaType.TAPES, docs)
    sources.sort(key=_age, reverse=True)
    try:
        state = await status.read_repo(world.repos, user, {MediaType.TAPES: sources})
    except AcError as error:
        return [TapeRow(user, doc, None, error.message) for doc in sources if not doc.dead]
    if MediaType.TAPES not in state.types:
        return [TapeRow(user, doc, None, state.error) for doc in sources if not doc.dead]
    pairs: dict[str, Pair] = {}
    for pair in state.types[MediaType.TAPES].pairs:
        if pair.doc and pair.verdict is not Verdict.DUPLICATE:
            pairs.setdefault(pair.doc.ref, pair)
    return [TapeRow(user, doc, pairs[doc.ref], state.error) for doc in sources if doc.ref in pairs]


def _age(doc: SourceDoc) -> tuple[float, str]:
    when = parse_when(doc.doc.get("when"))
    return (when.timestamp() if when else 0.0, doc.ref)


async def tape_facts(world: World, doc: Doc) -> TapeFacts:
    """Whether a tape's ZIP is there, and what it holds, by reading only a little of it. Never raises."""
    for source in zip_sources(doc):
        try:
            part = await world.objects.part(source, None, TAIL)
            zipped = Sparse(part.total)
            zipped.add(part.start, part.data)
        except NoObject:
            continue
        except BlobError:
            return TapeFacts(None)
        try:
            frames, seconds = await _facts(world.objects, source, zipped)
        except (NoTape, BlobError):
            return TapeFacts(True, source, part.total)
        return TapeFacts(True, source, part.total, frames, seconds)
    return TapeFacts(False)


async def _facts(objects: Objects, source: Source, zipped: Sparse) -> tuple[int, float]:
    for _ in range(MAX_ASKS):
        try:
            return await asyncio.to_thread(facts, zipped)
        except Lacking as lacking:
            if lacking.length > MAX_PART:
                break
            part = await objects.part(source, lacking.start, lacking.length)
            zipped.add(part.start, part.data)
    raise NoTape("asks for too much of it")


async def convert_tape(world: World, doc: Doc, tell: Tell) -> Conversion:
    """A tape's ZIP as the video that would be published. Raises `BlobError`, `Unreachable`."""
    limit = await world.repos.blob_limit()
    async with world.tapes_at_once:
        data = await tape_source(world, doc, lambda done, total: tell(Stage.DOWNLOAD, done, total))
        return await converted(data, limit, tell, world)


async def tape_source(world: World, doc: Doc, moved: Moved | None = None) -> bytes:
    """The bytes of a tape's ZIP. Raises `NoObject` when it is in none of its places, else `BlobError`."""
    found = await find_zip(doc, world.objects, moved)
    if found is None:
        raise NoObject("the tape's ZIP is in none of its places")
    return found.data


async def painting_thumbnail(world: World, user: User, doc: Doc) -> bytes:
    """The thumbnail that would be published, a PNG. Raises `BlobError`."""
    built = record.compose(MediaType.PAINTINGS, doc)
    if isinstance(built, Blocked):
        raise BlobError(f"no picture: {built.field} {built.reason}")
    return await blobs.painting_thumbnail(doc, user, world.objects)
