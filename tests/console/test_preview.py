"""The preview: what is seen of each media type, what is fetched for it and when, and what it cannot break."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from textual.containers import VerticalScroll

from acconsole.console import figures, previews
from acconsole.console.widgets.canvas import Canvas
from acconsole.console.widgets.filmview import FilmView
from acconsole.console.widgets.lines import Lines
from acconsole.console.widgets.preview import Preview
from acconsole.console.widgets.rows import Rows
from acconsole.console.widgets.verdicts import VerdictTable
from acconsole.engine.match import Matched, Pair
from acconsole.engine.model import User, Verdict
from acconsole.errors import BlobError, NoObject
from acconsole.media.base import Doc, MediaType
from acconsole.sandbox import words
from acconsole.sandbox.holdings import video
from acconsole.sandbox.media import huge_png
from tests.console.driver import Driver, console, over
from tests.console.test_hostile import ALL, assert_calm
from tests.console.test_trouble import Wrapped, through
from tests.faults.proxy import gate
from tests.media.tapes import tape, zipped

pytestmark = pytest.mark.usefixtures("quiet_list", "stopped_clock")
WIDE = (120, 40)


async def looking_at(driver: Driver, kind: MediaType, verdict: Verdict | None) -> None:
    """On a user's screen, go to the first pair of a verdict; the list of pairs has the focus."""
    driver.one(VerdictTable).pick(kind, verdict)
    driver.one(Rows).focus()
    await driver.until(lambda: (pair := driver.one(Preview).pair) and pair.kind is kind, "a pair")
    await driver.pilot.pause()


def seen(driver: Driver) -> int:
    """How many pictures are on the screen."""
    return sum(canvas.is_on_screen and canvas.size.height > 0 for canvas in driver.app.screen.query(Canvas))


def code(driver: Driver) -> str:
    """The code of what is previewed."""
    pair = driver.one(Preview).pair
    assert pair
    assert pair.doc
    return str(pair.doc.doc["code"])


# -- paintings -------------------------------------------------------------------------------------------


class Same(Wrapped):
    """An engine that would build, for docs whose rkey is missing only, the very picture that is published."""

    async def status(self, user: User, *more: Any) -> Any:
        state = await self._engine.status(user, *more)
        pairs = state.types[MediaType.PAINTINGS].pairs
        self.published = {
            pair.doc.ref: pair.record.value["thumbnail"]["ref"]["$link"]
            for pair in pairs
            if pair.verdict is Verdict.UNLINKED and pair.doc and pair.record
        }
        return state

    async def painting_thumbnail(self, user: User, doc: Doc) -> bytes:
        ref = str(doc["_id"])
        if ref not in self.published:
            return await self._engine.painting_thumbnail(user, doc)
        return await self._engine.blob(str(user.did), self.published[ref])


async def test_the_picture_on_the_pds_beside_the_one_to_be_built(sandbox: dict[str, str]) -> None:
    async with console(over(sandbox, Same), size=WIDE) as driver:
        await driver.open_user("jeffrey")
        await looking_at(driver, MediaType.PAINTINGS, Verdict.STALE)
        await driver.see(r"on the PDS \d+ KB +≠ to be built \d+ KB")
        assert seen(driver) == 2
        assert "▀▀▀▀" in driver.text
        assert "≠ " in driver.text
        await looking_at(driver, MediaType.PAINTINGS, Verdict.MISSING)
        await driver.see("on the PDS: not published")
        await driver.see(r"to be built.* \d+ KB")
        assert seen(driver) == 1
        await looking_at(driver, MediaType.PAINTINGS, Verdict.UNLINKED)
        await driver.see("the same on the PDS and built here")
        assert seen(driver) == 1
        await looking_at(driver, MediaType.PAINTINGS, Verdict.ORPHAN)
        await driver.see("to be built: there is no doc")
        await driver.see(r"on the PDS \d+ ")


class Broken(Wrapped):
    """An engine whose blobs are no pictures, each in another way."""

    blobs = (huge_png(), b"<!doctype html>", b"", b"\x89PNG\r\n\x1a\n\x1b[2J")

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._left = list(self.blobs)

    async def blob(self, did: str, cid: str) -> bytes:
        return self._left.pop(0)

    async def painting_thumbnail(self, user: User, doc: Doc) -> bytes:
        raise BlobError(f"no picture: {ALL}")


async def test_a_picture_that_is_none_is_a_sentence(sandbox: dict[str, str]) -> None:
    async with console(over(sandbox, Broken), size=WIDE) as driver:
        await driver.open_user("jeffrey")
        await looking_at(driver, MediaType.PAINTINGS, Verdict.STALE)
        for reason in (r"declares", r"is not a picture", r"is not a picture", r"is not a picture"):
            await driver.see(f"on the PDS: {reason}")
            await driver.see("to be built: no picture")
            assert seen(driver) == 0
            assert_calm(driver)
            await driver.press("down")


async def test_a_pds_that_goes_while_one_looks(sandbox: dict[str, str]) -> None:
    async with (
        gate(sandbox["PDS_URL"]) as (door, _),
        console(over(through(door, sandbox)), size=WIDE) as driver,
    ):
        await driver.open_user("casey")
        await looking_at(driver, MediaType.PAINTINGS, Verdict.UNLINKED)
        await driver.see(r"on the PDS \d+ ")
        door.shut()
        await driver.press("down")
        await driver.see(r"to be built")
        await driver.see(r"on the PDS: \w+")
        assert_calm(driver)
        door.open()
        await driver.press("up", "down")
        await driver.see(r"on the PDS \d+ ")


# -- what is fetched when --------------------------------------------------------------------------------


class Slow(Wrapped):
    """An engine whose thumbnails come when they are let; it notes who asked, and who gave up."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.asked: list[str] = []
        self.given_up: list[str] = []
        self.let = asyncio.Event()

    async def painting_thumbnail(self, user: User, doc: Doc) -> bytes:
        self.asked.append(str(doc["code"]))
        try:
            await self.let.wait()
        except asyncio.CancelledError:
            self.given_up.append(str(doc["code"]))
            raise
        return await self._engine.painting_thumbnail(user, doc)


def slow(driver: Driver) -> Slow:
    engine: Any = driver.session.engine
    assert isinstance(engine, Slow)
    return engine


async def test_only_where_one_stays_is_anything_fetched(
    sandbox: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(previews, "DEBOUNCE", 3600.0)
    async with console(over(sandbox, Slow), size=WIDE) as driver:
        await driver.open_user("casey")
        await looking_at(driver, MediaType.PAINTINGS, Verdict.UNLINKED)
        await driver.press("down", "down")
        await driver.see("… to be built")
        assert slow(driver).asked == []
        monkeypatch.setattr(previews, "DEBOUNCE", 0.0)
        await driver.press("down")
        await driver.until(lambda: slow(driver).asked == [code(driver)], "the last one alone to be fetched")
        await driver.press("down")
        await driver.until(lambda: len(slow(driver).given_up) == 1, "the one before to be given up")
        slow(driver).let.set()
        await driver.see(r"to be built.* \d+ KB")
        assert slow(driver).asked == [*slow(driver).given_up, code(driver)]
        await driver.press("up")
        await driver.until(lambda: len(slow(driver).asked) == 3, "what was given up to be fetched again")
        await driver.until(lambda: is_built(driver), "it to be there")
        await driver.press("down")
        await driver.until(lambda: is_built(driver), "what was seen to be there again")
        assert len(slow(driver).asked) == 3
        await driver.press("R")
        await driver.gone("reading …")
        await driver.press("up")
        await driver.until(
            lambda: len(slow(driver).asked) == 4, "it to be fetched again once it was read again"
        )


def is_built(driver: Driver) -> bool:
    """Whether the picture of the selected painting is there."""
    shown = code(driver) in driver.text.split("▏")[1]
    return shown and "… to be built" not in driver.text and "to be built" in driver.text


async def test_nothing_is_fetched_for_a_pane_that_cannot_be_seen(
    sandbox: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(previews, "DEBOUNCE", 0.0)
    async with console(over(sandbox, Slow), size=(80, 24)) as driver:
        await driver.open_user("casey")
        slow(driver).let.set()
        await looking_at(driver, MediaType.PAINTINGS, Verdict.UNLINKED)
        await driver.press("down")
        assert slow(driver).asked == []
        await driver.press("d")
        await driver.see("≠ to be built")
        await driver.press("escape", "down")
        await driver.gone("to be built")
        assert len(slow(driver).asked) == 1


# -- texts -----------------------------------------------------------------------------------------------

LONG = ("\x1b[31m\x1b]0;title\x07[@click=app.exit]\u202e桃 [/x]\\n" * 200)[:5000]
HOSTILE = (LONG, *words.HOSTILE[3:9], ALL, "one\\ntwo words", words.TOO_MANY_BYTES)


class Told(Wrapped):
    """An engine in whose answers each mood says something else, and each program the longest of it."""

    async def status(self, *given: Any) -> Any:
        state = await self._engine.status(*given)
        return replace(state, types={kind: _retold(matched) for kind, matched in state.types.items()})


def _retold(matched: Matched) -> Matched:
    name = {MediaType.MOODS: "text", MediaType.KIDLISP: "source"}.get(matched.kind)
    if name is None:
        return matched
    moods = matched.kind is MediaType.MOODS
    pairs = [
        _told(pair, name, HOSTILE[at % len(HOSTILE)] if moods else LONG)
        for at, pair in enumerate(matched.pairs)
    ]
    return replace(matched, pairs=tuple(pairs))


def _told(pair: Pair, name: str, text: str) -> Pair:
    return replace(pair, built=pair.built and replace(pair.built, record=pair.built.record | {name: text}))


async def test_texts_whatever_is_in_them(sandbox: dict[str, str]) -> None:
    async with console(over(sandbox, Told), size=WIDE) as driver:
        await driver.open_user("jefferson")
        await looking_at(driver, MediaType.KIDLISP, Verdict.SYNCED)
        await driver.until(lambda: driver.one(Lines).size.height > 50, "the whole text")
        assert "rkey" in driver.text, "the fields stay near"
        text = driver.one(VerticalScroll, "#text")
        text.focus()
        await driver.press("end")
        await driver.until(lambda: text.scroll_y > 0, "its end")
        assert_calm(driver)
    async with console(over(sandbox, Told), size=(100, 30)) as driver:
        await driver.open_user("ana.w")
        await looking_at(driver, MediaType.MOODS, None)
        told = set()
        for _ in HOSTILE:
            await driver.until(lambda: driver.one(Lines).size.height, "the text")
            assert_calm(driver)
            told.add(driver.text)
            await driver.press("down")
        assert any("one\\n" in text for text in told)
        assert len(told) == len(HOSTILE)


async def test_a_piece_has_its_links(sandbox: dict[str, str]) -> None:
    async with console(over(sandbox), size=WIDE) as driver:
        await driver.open_user("e_4")
        await looking_at(driver, MediaType.PIECES, Verdict.SYNCED)
        await driver.see(r"https://aesthetic.computer/@e_4/\S+")
        await driver.see(r"at://did:plc:\S+")


# -- tapes -----------------------------------------------------------------------------------------------


class Played(Wrapped):
    """An engine whose tapes hold what the test says, by code, or else three frames."""

    zips: Mapping[str, bytes | Exception] = {}

    async def tape_source(self, doc: Doc, moved: Any = None) -> bytes:
        data = self.zips.get(str(doc["code"]), THREE)
        if isinstance(data, Exception):
            raise data
        return data

    async def blob(self, did: str, cid: str) -> bytes:
        return video("abc")


THREE = tape((500, 500, 1000), size=(32, 24))


def playing(**zips: bytes | Exception) -> Callable[[Any], Any]:
    return lambda engine: type("Own", (Played,), {"zips": zips})(engine)


async def test_a_tape_moves_at_its_pace_and_stands_when_told(
    sandbox: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr(figures, "ticks", lambda: now[0])
    async with console(over(sandbox, playing()), size=WIDE) as driver:
        await driver.open_user("e_4")
        await looking_at(driver, MediaType.TAPES, Verdict.SYNCED)
        await driver.see(r"0\.0 / 2\.0 s +3 frames")
        canvas = driver.one(FilmView).query_one(Canvas)
        assert canvas.at == 0
        for second, picture in ((0.6, 1), (1.9, 2), (2.1, 0)):
            now[0] = 1000.0 + second
            await driver.until(
                lambda wanted=picture: canvas.at == wanted,  # type: ignore[misc]  # the default has the type
                f"picture {picture} at {second} s",
            )
        await driver.press("p")
        await driver.see("‖ ")
        now[0] = 1001.9
        await driver.pilot.pause(0.1)
        assert canvas.at == 0
        await driver.press("p")
        now[0] += 0.5
        await driver.until(lambda: canvas.at == 1, "it to go on from where it stood")
        await driver.press("p", "down")
        await driver.see("from the ZIP")
        assert not driver.one(FilmView).playing, "the next tape stands too"


async def test_where_a_tape_is_played_from(sandbox: dict[str, str]) -> None:
    gone = NoObject("the tape's ZIP is in none of its places")
    async with console(over(sandbox, playing(t3d=gone)), size=WIDE) as driver:
        await driver.open_user("e_4")
        await looking_at(driver, MediaType.TAPES, Verdict.SYNCED)
        await driver.see("from the ZIP")
        await driver.press("o")
        await driver.see("from the MP4 on the PDS")
        await driver.press("o")
        await driver.see("from the ZIP")
        await driver.press("down")
        await driver.see("from the MP4 on the PDS")
        await driver.see("the ZIP: the tape's ZIP is in none")


HOSTILE_ZIPS = {
    "tCz": ("cut short", b"PK\x03\x04 and no more"),
    "67m": ("outside", zipped({"../frame-0.png": b"x"})),
    "tMp": ("declares", zipped({"frame-0.png": huge_png()})),
    "tNz": ("not a picture", zipped({"frame-0.png": b"\x1b[2J"})),
    "Eue": ("another ZIP", zipped({"\x1b[2J[/x].zip": b"x"})),
}


async def test_a_hostile_zip_is_a_sentence(sandbox: dict[str, str]) -> None:
    engine = playing(**{code: data for code, (_, data) in HOSTILE_ZIPS.items()})
    async with console(over(sandbox, engine), size=WIDE) as driver:
        await driver.open_user("art")
        await looking_at(driver, MediaType.TAPES, Verdict.MISSING)
        for name, (reason, _) in HOSTILE_ZIPS.items():
            assert code(driver) == name
            await driver.see("Nothing to play")
            await driver.see(reason)
            assert seen(driver) == 0
            assert_calm(driver)
            await driver.press("down")


async def test_mashing_keys_and_changing_the_size(sandbox: dict[str, str]) -> None:
    async with console(over(sandbox), size=WIDE) as driver:
        await driver.open_user("e_4")
        await looking_at(driver, MediaType.TAPES, None)
        for size in ((60, 12), WIDE):
            await driver.press("down", "p", "d", "tab", "o", "d", "end", "p", "up")
            await driver.pilot.resize_terminal(*size)
            await driver.until(lambda: len(driver.text.split("\n")) == driver.app.size.height, "the size")
            assert_calm(driver)
        await driver.see("from the ZIP|from the MP4|Nothing to play")
