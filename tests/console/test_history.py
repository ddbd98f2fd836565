"""Past runs: the list, one in full, and how each is told, whatever its end."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from acconsole.console.screens import history
from acconsole.console.screens.history import HistoryScreen
from acconsole.console.screens.pastrun import PastRunScreen
from acconsole.console.screens.user import UserScreen
from acconsole.console.screens.users import UsersScreen
from acconsole.engine.history import Ending, RunRecord, RunSummary
from acconsole.errors import JournalError
from tests.console.driver import Driver, console, over
from tests.console.pasts import RECORDS, RUNS
from tests.console.test_hostile import ALL, assert_calm
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
        await driver.see(r"No journal|not known any")


async def test_it_looks_again_by_itself_while_a_run_goes_on(
    sandbox: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "CLOCK", 0.05)
    async with console(over(sandbox, Kept)) as driver:
        await at_the_history(driver)
        await driver.see("» going on")
        kept(driver).runs = (replace(RUNS[0], ending=Ending.FINISHED), *RUNS[1:])
        await driver.gone("» going on")
