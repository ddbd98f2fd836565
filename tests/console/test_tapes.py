"""Everybody's tapes: the list, marks, conversions that publish nothing, restores of some of them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from rich.cells import cell_len

from acconsole.console import tapelist
from acconsole.console.messages import TapeConverted
from acconsole.console.modals.plan import PlanModal
from acconsole.console.screens.run import RunScreen
from acconsole.console.screens.tapes import TapesScreen
from acconsole.console.screens.users import UsersScreen
from acconsole.console.shelf import Converting, Lot, Outcome, Shelf
from acconsole.console.widgets.preview import Preview
from acconsole.console.widgets.rows import Rows
from acconsole.engine.match import match
from acconsole.engine.model import SourceDoc, User
from acconsole.engine.shelf import TapeFacts, TapeRow
from acconsole.errors import BlobError, Unreachable
from acconsole.media.base import Doc, MediaType
from acconsole.media.conversion import Conversion, Stage, Tell
from acconsole.sandbox.holdings import video
from tests.console.driver import Driver, console, over
from tests.console.test_hostile import ALL, TEXTS, assert_calm, assert_inert
from tests.console.test_trouble import Wrapped, through
from tests.faults.proxy import gate

pytestmark = pytest.mark.usefixtures("quiet_list", "stopped_clock")
WIDE = (120, 40)


async def at_the_tapes(driver: Driver) -> None:
    """From the list of users to the list of tapes, read to its end."""
    await driver.see(r"\d users")
    await driver.press("escape", "t")
    driver.at(TapesScreen)
    await driver.see(r"\d+ tapes  ")


def shelf(driver: Driver) -> Shelf:
    return driver.session.shelf


class Halting(Wrapped):
    """An engine whose conversions halt in the middle until they are let go on."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.let = asyncio.Event()
        self.given_up = 0

    async def convert_tape(self, user: User, doc: Doc, tell: Tell) -> Conversion:
        tell(Stage.DOWNLOAD, 210_000, 210_000)
        tell(Stage.ENCODE, 10, 40)
        try:
            await self.let.wait()
        except asyncio.CancelledError:
            self.given_up += 1
            raise
        if doc["code"] == "tNz":
            raise BlobError("there is no ZIP [/x]")
        notes = ("1 frame of 40 is broken", "\x1b[31mred\x1b[0m")
        return Conversion(video("abc"), b"", 60, 40, 40, 31, 1.6, True, True, notes)


def halting(driver: Driver) -> Halting:
    engine: Any = driver.session.engine
    assert isinstance(engine, Halting)
    return engine


# -- the list --------------------------------------------------------------------------------------------


async def test_guests_first_with_what_storage_says_of_each(sandbox: dict[str, str]) -> None:
    async with console(over(sandbox), size=WIDE) as driver:
        await at_the_tapes(driver)
        assert shelf(driver).rows[0].user.is_guest
        await driver.see(r"\+ missing +art +tCz +10-18 +0\.7 s +35 +76 KB")
        await driver.see(r"\+ missing +art +tMp +10-07 +· +· +none")
        await driver.until(lambda: " … " not in driver.text, "the facts of all in view")
        in_view = len(driver.one(Rows).in_view())
        assert len(shelf(driver).facts) == in_view < len(shelf(driver).rows)
        await driver.see("from the ZIP")
        await driver.press("end")
        await driver.until(lambda: len(shelf(driver).facts) > in_view, "those in view now")
        await driver.press("escape")
        driver.at(UsersScreen)
        await driver.press("t")
        await driver.see("from the ZIP")


class Empty(Wrapped):
    """An engine that knows of no tape, or cannot tell."""

    error: Exception | None = None

    async def tapes(self) -> AsyncGenerator[TapeRow, None]:
        if self.error:
            raise self.error
        nobody: tuple[TapeRow, ...] = ()
        for row in nobody:
            yield row


async def test_a_list_that_cannot_be_read_and_one_that_is_empty(
    sandbox: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Empty, "error", Unreachable(f"Mongo is away: {ALL}", "Look at it."))
    async with console(over(sandbox, Empty)) as driver:
        await driver.see(r"\d users")
        await driver.press("f3")
        await driver.see("Cannot connect")
        await driver.see("Look at it")
        assert_calm(driver)
        monkeypatch.setattr(Empty, "error", None)
        await driver.press("f5")
        await driver.see("Nobody has a tape")
        await driver.press("c", "r", "space", "a", "p", "o", "d")
        driver.at(TapesScreen)
        assert driver.session.run is None


async def test_owners_whose_repo_cannot_be_read_are_listed(sandbox: dict[str, str]) -> None:
    async with (
        gate(sandbox["PDS_URL"]) as (door, _),
        console(over(through(door, sandbox)), size=WIDE) as driver,
    ):
        await driver.see(r"\d users")
        door.shut()
        await driver.press("f3")
        await driver.see(r"\? not read +art")
        await driver.see("The owner's repo could not be read")
        door.open()
        await driver.press("R")
        await driver.see(r"\+ missing +art")
        await driver.see("from the ZIP")


# -- marks and conversions -------------------------------------------------------------------------------


async def test_marks_outlive_moving_and_looking(sandbox: dict[str, str]) -> None:
    async with console(over(sandbox), size=(80, 24)) as driver:
        await at_the_tapes(driver)
        assert "rkey" not in driver.text
        await driver.press("d")
        await driver.see("from the ZIP")
        await driver.see("rkey")
        await driver.press("escape")
        await driver.gone("rkey")
        await driver.press("space", "down", "space")
        await driver.see("marked 2")
        await driver.press("end", "home")
        assert len(re.findall("● ", driver.text)) == 4  # two of them are mongo and pds
        await driver.press("space")
        await driver.see("marked 1")
        await driver.press("a")
        to_do = sum(
            row.pair is not None and row.pair.verdict in tapelist.MENDED for row in shelf(driver).rows
        )
        await driver.see(f"marked {to_do}")
        await driver.press("a")
        await driver.gone("marked")


async def test_a_bar_a_tape_and_one_for_all_and_what_came_out(sandbox: dict[str, str]) -> None:
    async with console(over(sandbox, Halting), size=WIDE) as driver:
        await at_the_tapes(driver)
        codes = [tapelist.title(row) for row in shelf(driver).rows]
        await driver.press("space", "space")
        driver.one(Rows).cursor = codes.index("tNz")
        await driver.press("space", "c")
        await driver.see("converting .* 0/3")
        await driver.until(lambda: driver.text.count("encode") == 6, "each in the list and below it")
        await driver.press("escape")
        driver.at(UsersScreen)
        assert re.search(r"converting .* 0/3", driver.text.splitlines()[0])
        halting(driver).let.set()
        await driver.see("2 tapes converted, 1 failed")
        await driver.press("t", "home")
        await driver.see(r"converted .* 3/3")
        await driver.see(r"ZIP 420 KB → MP4 6 KB +1 failed +nothing was published")
        await driver.see("from the MP4 just made")
        await driver.see(r"ZIP 210 KB → MP4 3 KB \(1 %\)")
        await driver.see("40 frames, 31 pictures, 1.6 s, with sound")
        await driver.see("encoded again, coarser, to fit the PDS")
        await driver.see("1 frame of 40 is broken")
        assert_calm(driver)
        driver.one(Rows).cursor = codes.index("tNz")
        await driver.see(r"The conversion failed: there is no ZIP \[/x\]")
        assert_calm(driver)
        assert driver.session.run is None


async def test_stopping_and_leaving_end_those_on_their_way_and_those_that_wait(
    sandbox: dict[str, str],
) -> None:
    async with console(over(sandbox, Halting), size=(100, 30)) as driver:
        await at_the_tapes(driver)
        await driver.press("a", "c")
        await driver.see("waits")
        await driver.see("encode")
        await driver.press("s")
        await driver.until(lambda: not shelf(driver).going_on, "all to end")
        stopped = len(list(shelf(driver).of(Lot.STOPPED)))
        assert stopped == len(shelf(driver).conversions) == len(shelf(driver).marked)
        engine = halting(driver)
        given_up = engine.given_up
        assert 0 < given_up < stopped
        await driver.see(f"{stopped} stopped")
        await driver.press("c")
        await driver.see("encode")
        await driver.press("ctrl+q")
        await driver.until(lambda: driver.app._exit, "the console to end")
    assert engine.given_up == 2 * given_up


# -- restores --------------------------------------------------------------------------------------------


async def test_a_plan_is_of_one_owner_and_says_what_waits(sandbox: dict[str, str]) -> None:
    async with console(over(sandbox), size=WIDE) as driver:
        await at_the_tapes(driver)
        await driver.press("a", "r")
        await driver.see("Restore art")
        await driver.see("15 chosen tapes")
        await driver.see(r"3 tapes of 1 other owner stay marked")
        await driver.press("1", "x")
        await driver.see("15 chosen tapes")
        await driver.press("escape")
        names = [row.user.name for row in shelf(driver).rows]
        driver.one(Rows).cursor = names.index("@e_4")
        await driver.press("r")
        await driver.see("Restore @e_4")
        await driver.see("3 chosen tapes")
        await driver.see("15 tapes of 1 other owner stay marked")
        await driver.press("D")
        await driver.see("Nothing was written")
        assert len(shelf(driver).marked) == 18, "a dry run leaves the marks"


async def test_a_tape_is_converted_looked_at_and_published(own_sandbox: dict[str, str]) -> None:
    async with console(over(own_sandbox), size=WIDE) as driver:
        await at_the_tapes(driver)
        codes = [tapelist.title(row) for row in shelf(driver).rows]
        driver.one(Rows).cursor = codes.index("tSh")
        await driver.press("c")
        await driver.see("from the MP4 just made")
        await driver.see(r"ZIP 109 KB → MP4 \d+ KB")
        await driver.press("o")
        await driver.see("from the ZIP")
        await driver.press("r")
        await driver.see("1 chosen tapes?")
        driver.at(PlanModal)
        await driver.see("points of")
        await driver.press("L")
        driver.at(RunScreen)
        await driver.see("1/1 made")
        await driver.see(r"tSh  76 frames  1\.5 s  ZIP 109 KB → MP4 \d+ KB")
        await driver.see("tSh: .*timing.json")
        await driver.see("1 created")
        await driver.press("escape")
        await driver.see(r"= synced +art +tSh")
        assert not shelf(driver).marked
        await driver.press("o")
        await driver.until(lambda: driver.one(Preview).has_other_source, "its sources")


# -- pure ------------------------------------------------------------------------------------------------


def row_of(text: str) -> TapeRow:
    doc = SourceDoc.of(
        MediaType.TAPES, {"_id": text, "code": text, "slug": text, "when": text, "bucket": text}
    )
    pair = match(MediaType.TAPES, [doc], [], frozenset()).pairs[0]
    return TapeRow(User("auth0|1", text), doc, pair)


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("width", [50, 64, 120])
def test_every_line_of_the_list_is_inert_and_fits(text: str, width: int) -> None:
    row = row_of(text)
    one = Converting(row)
    known = Shelf([row], conversions={row.doc.ref: one}, marked={text})
    one.take(Stage.DOWNLOAD, 5, 10)
    assert_inert(tapelist.line(row, known, width), width)
    assert_inert(tapelist.conversions(known, width), width)
    one.end(Lot.FAILED, text)
    known.facts[text] = TapeFacts(True, None, 10**9, None, None)
    for content in (
        tapelist.line(row, known, width),
        tapelist.conversions(known, width),
        tapelist.tally(known, width),
    ):
        assert_inert(content, width)
    for line in tapelist.outcome(one, width):
        assert line.plain.isprintable()
    assert cell_len(tapelist.line(TapeRow(row.user, row.doc, None, text), Shelf([row]), width).plain) <= width


def test_a_bar_never_goes_back() -> None:
    one = Converting(row_of("abc"))
    shares = []
    for stage, done, total in (
        (Stage.DOWNLOAD, 0, 0),
        (Stage.DOWNLOAD, 5, 10),
        (Stage.DECODE, 9, 10),
        (Stage.ENCODE, 1, 10),
        (Stage.DECODE, 10, 10),
        (Stage.ENCODE, 12, 10),
    ):
        one.take(stage, done, total)
        shares.append(one.share)
    assert shares == sorted(shares)
    assert 0 <= shares[0] < shares[-1] <= 1
    assert one.zip_size == 10


def test_what_a_conversion_came_to_is_told_without_a_zip_too() -> None:
    one = Converting(row_of("abc"), Lot.DONE, outcome=Outcome(64_000, 1, 1, 0.5, False, False, ()))
    assert [line.plain for line in tapelist.outcome(one, 60)] == ["MP4 64 KB", "1 frame, 1 picture, 0.5 s"]
    assert TapeConverted(one).one is one
