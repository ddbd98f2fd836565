"""Past runs: the list, one in full, and how each is told, whatever its end."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from acconsole.console.past import entries, facts, listing
from acconsole.console.past.account import Account, Section
from acconsole.console.past.book import Past
from acconsole.console.past.listing import Chosen
from acconsole.console.screens import history
from acconsole.console.screens.history import HistoryScreen
from acconsole.console.screens.pastrun import PastRunScreen
from acconsole.console.screens.user import UserScreen
from acconsole.console.screens.users import UsersScreen
from acconsole.console.session import Label
from acconsole.console.widgets.rows import Rows
from acconsole.engine.history import Ending, RunRecord, RunSummary
from acconsole.engine.model import User
from acconsole.errors import JournalError
from tests.console.driver import Driver, console, over
from tests.console.pasts import MANY, NOW, ONE, RECORDS, RUNS, a_record
from tests.console.test_hostile import ALL, TEXTS, assert_calm, assert_inert
from tests.console.test_trouble import Wrapped

pytestmark = pytest.mark.usefixtures("quiet_list")


class Kept(Wrapped):
    """An engine whose journal holds the runs of `pasts`."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.runs: Sequence[RunSummary] = RUNS
        self.error: JournalError | None = None
        self.trouble: str | None = None

    async def history(self, limit: int | None = None) -> list[RunSummary]:
        if self.error:
            raise self.error
        return list(self.runs)

    async def run_record(self, run: str) -> RunRecord:
        if self.error:
            raise self.error
        return RECORDS[run]


def kept(driver: Driver) -> Kept:
    engine: Any = driver.session.engine
    assert isinstance(engine, Kept)
    return engine


def shown(driver: Driver) -> Section | None:
    """Which list of a run is shown."""
    return driver.at(PastRunScreen).section


async def at_the_history(driver: Driver) -> None:
    await driver.see(r"\d+ users")
    await driver.press("escape", "h")
    driver.at(HistoryScreen)
    await driver.see(r"\d runs?\b.*read")


async def test_the_runs_newest_first_with_how_each_ended(sandbox: dict[str, str]) -> None:
    async with console(over(sandbox, Kept), size=(120, 40)) as driver:
        await at_the_history(driver)
        told = [line[2:] for line in driver.text.splitlines()[4:10]]
        for line, start in zip(
            told,
            ("» going on", "! finished", "✓ finished", "– stopped", "✗ failed", "† died"),
            strict=True,
        ):
            assert line.startswith(start)
        await driver.see(r"! finished +\S+ \S+ +rollout +4 users +live +61,400 +2 ")
        await driver.see(r"✓ finished +\S+ \S+ +restore +@jeffrey +dry +· +· ")
        await driver.press("escape")
        driver.at(UsersScreen)


async def test_live_ones_alone_and_those_of_one_user(sandbox: dict[str, str]) -> None:
    async with console(over(sandbox, Kept)) as driver:
        await at_the_history(driver)
        await driver.see("6 runs")
        await driver.press("f")
        await driver.see("5 runs  live only  of 6 in all")
        await driver.press("o")  # of the first, which is over one user
        await driver.see(r"3 runs of @abby  live only  of 6 in all")
        await driver.press("f", "o")
        await driver.see("6 runs  ")
        await driver.press("down")
        assert driver.at(HistoryScreen).check_action("only", ()) is None
        kept(driver).runs = RUNS[2:3]
        await driver.press("R")
        await driver.see("1 run  ")
        await driver.press("f")
        await driver.see("No live run is in the journal")


async def test_the_users_own_history(sandbox: dict[str, str]) -> None:
    async with console(over(sandbox, Kept)) as driver:
        await driver.open_user("jeffrey")
        await driver.press("h")
        await driver.see("3 runs of @jeffrey  of 6 in all")
        await driver.press("down", "enter")
        driver.at(PastRunScreen)
        await driver.press("escape", "escape")
        driver.at(UserScreen)


async def test_without_runs_it_says_what_to_do(sandbox: dict[str, str]) -> None:
    async with console(over(sandbox, Kept)) as driver:
        await driver.see("21 users")
        kept(driver).runs = ()
        await driver.press("f10")
        await driver.see("There are no runs yet")
        await driver.press("u", "enter", "y", "o")
        driver.at(HistoryScreen)


async def test_a_journal_that_cannot_be_read_is_a_state(sandbox: dict[str, str]) -> None:
    async with console(over(sandbox, Kept)) as driver:
        await at_the_history(driver)
        await driver.press("enter")
        await driver.see("Began ")
        kept(driver).error = JournalError(f"The journal is newer: {ALL}", "Use a newer acconsole.")
        await driver.press("R")
        await driver.see("Use a newer acconsole")
        assert_calm(driver)
        await driver.press("escape", "R")
        await driver.see("No journal")
        assert "going on" not in driver.text
        kept(driver).error = None
        kept(driver).trouble = f"The journal was broken. {ALL}"
        await driver.press("f5")
        await driver.see("The journal was broken")
        await driver.see("6 runs")
        assert_calm(driver)


@pytest.mark.parametrize("content", [b"not a journal at all" * 400, None], ids=["broken", "newer"])
async def test_a_real_journal_that_is_no_good(
    sandbox: dict[str, str], tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "journal.sqlite"
    if content is None:
        with sqlite3.connect(file) as db:
            db.execute("PRAGMA user_version = 999")
        db.close()
    else:
        file.write_bytes(content)
    async with console(over(sandbox | {"ACCONSOLE_STATE_DIR": str(tmp_path)})) as driver:
        await driver.see("21 users")
        await driver.press("escape", "h")
        driver.at(HistoryScreen)
        await driver.see(r"No journal|journal .*(broken|newer)")


async def test_it_looks_again_by_itself_while_a_run_goes_on(
    sandbox: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "CLOCK", 0.05)
    async with console(over(sandbox, Kept)) as driver:
        await at_the_history(driver)
        await driver.see("» going on")
        kept(driver).runs = (replace(RUNS[0], ending=Ending.FINISHED), *RUNS[1:])
        await driver.gone("» going on")


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
        await driver.see(r"! @wisp|! wisp|blocked")
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
        await driver.see(r"! @abby +stopped +1 failed +nothing, at the 2\. attempt")
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
        await driver.press("o")
        await driver.see("1 run of ")
        assert_calm(driver)
        await driver.press("enter")
        await driver.see("Began ")
        for _ in Section:
            await driver.press("f")
            assert_calm(driver)
