"""One run of the past in full, and hostile texts in it and in the list."""

from __future__ import annotations

from dataclasses import replace

import pytest

from acconsole.console.past import entries, facts, listing
from acconsole.console.past.account import Account, Section
from acconsole.console.past.book import Past
from acconsole.console.past.listing import Chosen
from acconsole.console.screens.pastrun import PastRunScreen
from acconsole.console.screens.user import UserScreen
from acconsole.console.session import Label
from acconsole.console.widgets.rows import Rows
from acconsole.engine.history import RunRecord
from acconsole.engine.model import User
from tests.console.driver import Driver, console, over
from tests.console.pasts import MANY, NOW, ONE, RECORDS, a_record
from tests.console.test_history import Kept, at_the_history, kept
from tests.console.test_hostile import ALL, TEXTS, assert_calm, assert_inert

pytestmark = pytest.mark.usefixtures("quiet_list")


def shown(driver: Driver) -> Section | None:
    """Which list of a run is shown."""
    return driver.at(PastRunScreen).section


async def test_one_run_in_full(sandbox: dict[str, str]) -> None:
    async with console(over(sandbox, Kept), size=(120, 40)) as driver:
        await at_the_history(driver)
        await driver.press("down", "enter")
        await driver.see(r"Rollout 4 users  live run  run 0192f4a30001 .* ! finished")
        await driver.see("By admin on desk, process 77; profile sandbox")
        await driver.see(r"Options: types moods, kidlisp; prune; concurrency 50")
        await driver.see(r"Done: 61,000 created, 400 relinked; 2 failed")
        await driver.see(r"Backups: 2 folders in /state/runs/0192f4a30001")
        await driver.see(r"Report: /state/runs/0192f4a30001/report\.txt")
        await driver.see(r"✗ @casey +kidlisp +65f0aa11 +source too long")
        await driver.press("f")
        await driver.see(r"! wisp +moods +77 +when: not a date")
        assert shown(driver) is Section.BLOCKED
        await driver.press("f")
        await driver.see(r"– @jeffrey +moods .* changed since")
        await driver.press("right")
        await driver.see(r"batch 1 +@jeffrey +kidlisp +2 create +commit bafyreiabc…defgh1")
        await driver.see(r"✓ done +create +3aaa +doc d1")
        await driver.see(r"\? unknown +create +3bbb +doc d2")
        await driver.see(r"batch 2 +@casey +kidlisp +1 update +no answer")
        await driver.see(r"in Mongo +@casey +moods +1 relink +told to Mongo")
        await driver.see(r"batch 4 +@casey +moods +1 delete +refused: InvalidSwap")
        await driver.press("f")
        await driver.see(r"waiting +until ..:..:..: the hour's points are spent")
        await driver.see(r"reread +the repo has moved; 12 left to do")
        await driver.see(r"backup +/state/runs/0192f4a30001/jeffrey")
        await driver.press("f")
        await driver.see(r"✓ @jeffrey +finished +61,000 created")
        await driver.see(r"! @abby +stopped +1 failed +nothing, in 2 turns")
        await driver.see(r"! @gus +not ended")
        await driver.press("left")
        assert shown(driver) is Section.NOTES
        assert_calm(driver)


async def test_from_a_line_to_its_user(sandbox: dict[str, str]) -> None:
    async with console(over(sandbox, Kept)) as driver:
        await at_the_history(driver)
        await driver.press("down", "enter")
        await driver.see("Began ")
        await driver.press("enter")
        assert driver.at(UserScreen).user.name == "@casey"
        await driver.press("escape", "y")
        assert driver.app.clipboard == MANY
        await driver.press("Y")
        assert driver.app.clipboard == f"/state/runs/{MANY}/jeffrey"


async def test_one_that_goes_on_or_died_says_so(sandbox: dict[str, str]) -> None:
    async with console(over(sandbox, Kept)) as driver:
        await at_the_history(driver)
        await driver.press("enter")
        await driver.see("It is going on, for ")
        await driver.press("u")
        driver.at(PastRunScreen)
        await driver.press("escape", "end", "enter")
        await driver.see("It died before its end. What was sent last may be done or not")
        await driver.see("Done: 1 created")


async def test_a_hundred_thousand_operations_are_a_list_like_any_other(sandbox: dict[str, str]) -> None:
    class Long(Kept):
        async def run_record(self, run: str) -> RunRecord:
            return replace(RECORDS[ONE], batches=RECORDS[ONE].batches * 50_000)

    async with console(over(sandbox, Long), size=(80, 24)) as driver:
        await at_the_history(driver)
        await driver.press("end", "enter")
        await driver.see(r"batches  50,000")
        rows = driver.one(Rows)
        assert rows.count == 150_000
        await driver.press("end")
        await driver.until(lambda: rows.cursor == 149_999, "the last line")
        await driver.see(r"▸ +\? unknown")


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("width", [60, 78, 118, 198])
def test_every_text_of_a_run_is_inert(text: str, width: int) -> None:
    record = a_record(text)
    account = Account.of(record)
    assert_inert(listing.line(record.summary, NOW, width), width)
    assert_inert(
        listing.tally(Past([record.summary], NOW), Chosen(True, User("1", text)), 1, NOW, width), width
    )
    assert_inert(facts.title(record.summary, width), width)
    assert_inert(facts.facts(account, NOW, width), width)
    for section, listed in account.lists.items():
        assert listed, f"nothing of {section} is tried"
        assert_inert(entries.tabs(account, section, width), width)
        for each in listed:
            assert_inert(entries.line(account, each, width), width)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_hostile_runs_on_the_screens(sandbox: dict[str, str], size: tuple[int, int]) -> None:
    class Hostile(Kept):
        async def run_record(self, run: str) -> RunRecord:
            return a_record(ALL)

    async with console(over(sandbox, Hostile), size=size, label=Label("s", "green")) as driver:
        await driver.see("21 users")
        kept(driver).runs = [a_record(ALL).summary]
        await driver.press("escape", "h")
        await driver.see("finished")
        assert_calm(driver)
        await driver.press("enter")
        await driver.see("Began ")
        for _ in Section:
            await driver.press("f")
            assert_calm(driver)
