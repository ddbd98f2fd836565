"""What is previewed of a pair, fetched and made ready to be painted. Loaded by the runner's workers."""

from __future__ import annotations

import asyncio
import itertools
import threading
import time
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from acconsole.console import graphics, texts
from acconsole.console.bounded import Bounded
from acconsole.console.messages import PreviewKnown
from acconsole.console.trouble import as_trouble
from acconsole.console.views import SOURCES, PaintingView, Side, Still, TapeView, TextView, View, Wanted
from acconsole.engine.tasks import together
from acconsole.media.base import MediaType
from acconsole.media.conversion import NoTape
from acconsole.media.lexicon import is_blob

if TYPE_CHECKING:
    from acconsole.console.runner import Runner
    from acconsole.engine.match import Pair
    from acconsole.engine.model import User
    from acconsole.media.film import Box, Film

DEBOUNCE = 0.12
"""Seconds for which a selection must stand before anything is fetched for it."""
HELD = 64_000_000
"""Bytes of pictures, films and ZIPs that are kept for another look."""
EVERY = 0.15
"""Seconds between two words on how much has come."""
MAX_PIXELS = 16_000_000
"""Of a picture on the PDS: one that declares more is not decoded."""

T = TypeVar("T")


class Previews:
    """Loads what is wanted last, keeps what was loaded."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._tickets = itertools.count(1)
        self._kept: Bounded[View] = Bounded(HELD // 2)
        self._bytes: Bounded[bytes] = Bounded(HELD // 2)

    def known(self, wanted: Wanted) -> View | None:
        """What was loaded for the same wish before, if it is still held."""
        return self._kept.get(self._key(wanted))

    def ask(self, wanted: Wanted) -> int:
        """Load it instead of what was asked for before; `PreviewKnown` with the ticket tells, in steps."""
        ticket = next(self._tickets)
        self._runner.start(partial(self._load, ticket, wanted), "preview", exclusive=True)
        return ticket

    def forget(self) -> None:
        """Fetch everything anew from now on, but for what is named by its digest or was made here."""
        self._kept.clear()

    def keep_made(self, ref: str, video: bytes) -> None:
        """A tape's video was made: it is what is played from now on."""
        self._bytes.put(("made", ref), video, len(video))

    def sources(self, user: User, pair: Pair) -> list[str]:
        """Where a tape's pictures may be had, in the order in which they are tried: keys of SOURCES."""
        there = {
            "made": pair.doc is not None and self._bytes.get(("made", pair.doc.ref)) is not None,
            "zip": pair.doc is not None,
            "published": user.did is not None and _blob(pair, "video") is not None,
        }
        return [source for source in SOURCES if there[source]]

    def _tried(self, wanted: Wanted) -> list[str]:
        return [wanted.source] if wanted.source else self.sources(wanted.user, wanted.pair)

    # -- loading -------------------------------------------------------------------------------------

    async def _load(self, ticket: int, wanted: Wanted) -> None:
        await asyncio.sleep(DEBOUNCE)

        def tell(view: View) -> None:
            self._runner.post(PreviewKnown(ticket, view))

        loads = {MediaType.PAINTINGS: self._painting, MediaType.TAPES: self._tape}
        await loads.get(wanted.pair.kind, self._text)(wanted, tell)

    async def _text(self, wanted: Wanted, tell: Callable[[View], None]) -> None:
        lines = await asyncio.to_thread(texts.of, wanted.pair, wanted.user, wanted.columns)
        # What a line of content takes is guessed: it is its text, its spans, and what holds them.
        self._kept.put(self._key(wanted), view := TextView(lines), 1000 * len(lines))
        tell(view)

    async def _painting(self, wanted: Wanted, tell: Callable[[View], None]) -> None:
        view = PaintingView(Side(awaited=True), Side(awaited=True))

        async def side(name: str, loading: Awaitable[Side]) -> None:
            nonlocal view
            found = await loading
            view = replace(view, published=found) if name == "published" else replace(view, built=found)
            tell(view)

        await together(side("published", self._published(wanted)), side("built", self._built(wanted)))
        if not (view.published.failed or view.built.failed):
            self._kept.put(self._key(wanted), view, view.size)

    async def _published(self, wanted: Wanted) -> Side:
        pair, did = wanted.pair, wanted.user.did
        if pair.record is None or did is None:
            return Side(note="not published")
        blob = _blob(pair, "thumbnail")
        if blob is None:
            return Side(note="the record has no thumbnail")
        fetched = self._held(_cid(blob), partial(self._runner.engine.blob, did, _cid(blob)))
        return await _side(fetched, str(blob["mimeType"]))

    async def _built(self, wanted: Wanted) -> Side:
        pair = wanted.pair
        if pair.doc is None:
            return Side(note="there is no doc")
        if pair.doc.dead:
            return Side(note="its doc is deleted")
        if pair.blocked:
            return Side(note=f"{pair.blocked.field}: {pair.blocked.reason}")
        return await _side(self._runner.engine.painting_thumbnail(wanted.user, pair.doc.doc), "image/png")

    async def _tape(self, wanted: Wanted, tell: Callable[[View], None]) -> None:
        lacking: tuple[str, ...] = ()
        for source in self._tried(wanted):
            coming = TapeView(source=source, is_awaited=True, lacking=lacking)
            tell(coming)
            try:
                data = await self._tape_bytes(wanted, source, _thinned(tell, coming))
                film = await _in_thread(partial(_film, source, data, wanted.box))
            except Exception as error:
                # What cannot be had from one source may be had from the next; why it cannot is told.
                lacking = (*lacking, f"{SOURCES[source]}: {_reason(error)}")
                continue
            view = TapeView(film, source, len(data), lacking=lacking)
            self._kept.put(self._key(wanted), view, film.size)
            tell(view)
            return
        tell(TapeView(lacking=lacking))

    async def _tape_bytes(self, wanted: Wanted, source: str, moved: Callable[[int, int], None]) -> bytes:
        pair, engine = wanted.pair, self._runner.engine
        if source == "published":
            video = _blob(pair, "video")
            assert video is not None
            assert wanted.user.did is not None
            return await self._held(_cid(video), partial(engine.blob, wanted.user.did, _cid(video)))
        assert pair.doc is not None
        return await self._held((source, pair.doc.ref), partial(engine.tape_source, pair.doc.doc, moved))

    async def _held(self, key: Hashable, fetch: Callable[[], Awaitable[bytes]]) -> bytes:
        """The bytes under a key, fetched when they are not held."""
        if (held := self._bytes.get(key)) is None:
            held = await fetch()
            self._bytes.put(key, held, len(held))
        return held

    def _key(self, wanted: Wanted) -> Hashable:
        pair = wanted.pair
        room = () if pair.kind is MediaType.PAINTINGS else wanted.box
        sources = self._tried(wanted) if pair.kind is MediaType.TAPES else ()
        return (pair.kind, pair.doc and pair.doc.ref, pair.record and pair.record.cid, *room, *sources)


def _thinned(tell: Callable[[View], None], view: TapeView) -> Callable[[int, int], None]:
    """Takes how many bytes have come, and tells it now and then."""
    told = time.monotonic()

    def moved(done: int, total: int) -> None:
        nonlocal told
        if time.monotonic() - told >= EVERY:
            told = time.monotonic()
            tell(replace(view, done=done, size=total))

    return moved


def _blob(pair: Pair, name: str) -> dict[str, Any] | None:
    value = pair.record.value.get(name) if pair.record else None
    return value if isinstance(value, dict) and is_blob(value) else None


def _cid(blob: dict[str, Any]) -> str:
    return str(blob["ref"]["$link"])


async def _side(bytes_: Awaitable[bytes], kind: str) -> Side:
    """The picture of some bytes, or why there is none."""
    try:
        data = await bytes_
        return Side(await asyncio.to_thread(_still, data, kind))
    except Exception as error:
        # Whatever is wrong with a picture, it is told in its place.
        return Side(note=_reason(error), failed=True)


def _still(data: bytes, kind: str) -> Still:
    from acconsole.engine.cid import blob_cid
    from acconsole.media.film import fitted
    from acconsole.media.thumbnail import SIDE, opened

    graphics.load()
    picture = opened(data, MAX_PIXELS).convert("RGBA")
    if max(picture.size) > SIDE:
        picture = fitted(picture, (SIDE, SIDE))
    return Still(picture, blob_cid(data), len(data), kind)


def _film(source: str, data: bytes, box: Box, gone: Callable[[], bool]) -> Film:
    from acconsole.media.film import film_of_video, film_of_zip

    graphics.load()
    return (film_of_zip if source == "zip" else film_of_video)(data, box, gone)


async def _in_thread(work: Callable[[Callable[[], bool]], T]) -> T:
    """The result of work that is told when nobody waits for it any more."""
    gone = threading.Event()
    try:
        return await asyncio.to_thread(work, gone.is_set)
    finally:
        gone.set()


def _reason(error: Exception) -> str:
    """An error in a few words: those of the media modules say them themselves."""
    from acconsole.media.thumbnail import NoPicture

    return str(error) if isinstance(error, NoTape | NoPicture) else as_trouble(error).message
