"""The console stays quick with everybody in it, and is there before anything is connected."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from typing import Any

import pytest

from acconsole.console.glances import Glances
from acconsole.console.roster import Roster
from acconsole.console.screens.users import UsersScreen
from acconsole.console.widgets.rows import Rows
from acconsole.console.widgets.search import SearchField
from acconsole.engine.finder import Finder
from tests.console.crowd import Crowd, over_crowd, person
from tests.console.driver import Connect, Driver, console

EVERYBODY = 4201
BUDGET = 0.05
"""Seconds of work for one key typed into the search, painting included, however busy the machine is."""


def crowd(count: int = EVERYBODY) -> Connect:
    """So many people, all in sync."""
    return over_crowd(Crowd([person(number) for number in range(count)]))


async def _typed(driver: Driver, query: str) -> dict[str, float]:
    """The seconds of work that each key of a query takes, painting included, at best of five."""
    best: dict[str, float] = {}
    for _ in range(5):
        for end in range(1, len(query) + 1):
            seconds = _search_seconds(driver, query[:end])
            best[query[:end]] = min(seconds, best.get(query[:end], seconds))
        best[""] = _search_seconds(driver, "")
    return best


def _search_seconds(driver: Driver, query: str) -> float:
    screen, rows = driver.at(UsersScreen), driver.one(Rows)
    began = time.thread_time()
    screen.search(query)
    for y in range(rows.size.height):
        rows.render_line(y)
    return time.thread_time() - began


@pytest.mark.parametrize("query", ["user4", "4200", "usr42", "!u"])
async def test_a_key_in_the_search_costs_next_to_nothing(query: str) -> None:
    async with console(crowd(), size=(120, 40)) as driver:
        await driver.see("4,201 users")
        best = await _typed(driver, query)
        assert max(best.values()) < BUDGET, best


async def test_among_a_hundred_thousand_a_key_costs_little() -> None:
    finder = await asyncio.to_thread(Finder, [person(number) for number in range(100_000)])
    roster, glances = Roster(), Glances()
    best: dict[str, float] = {}
    for query in ("u", "us", "use", "user", "user0", "usr4", "ac2", "!u") * 3:
        began = time.thread_time()
        roster.query = query
        roster.arrange(finder, glances, None)
        best[query] = min(time.thread_time() - began, best.get(query, 9.0))
    assert max(best.values()) < 2 * BUDGET, best


async def test_a_hundred_thousand_are_listed_filtered_and_sorted() -> None:
    async with console(crowd(100_000), size=(120, 40)) as driver:
        await driver.see("100,000 users")
        await driver.until(lambda: driver.session.scan and driver.session.scan.ended_at, "the scan to end")
        await driver.press("escape", "end", "s")
        await driver.see("▼to do")
        await driver.press("home", "a", "slash")
        await driver.write("user9999")
        await driver.see("user99999 ")
        await driver.see("100,000 marked, 99,9.. hidden")


async def test_the_whole_list_scrolls_to_its_end() -> None:
    async with console(crowd(), size=(120, 40)) as driver:
        await driver.see("4,201 users")
        await driver.press("escape", "end")
        await driver.see("▸ +@user4200")
        await driver.press("home")
        await driver.see("▸ +@user0000")
        driver.one(SearchField).value = "user4200"
        await driver.see("1 of 4,201 users")


@pytest.mark.parametrize(
    "module",
    [
        "motor",
        "httpx",
        "atproto",
        "lexrpc",
        "libipld",
        "PIL",
        "av",
        "textual_image",
        "pydantic",
        "acconsole.engine.apply",
        "acconsole.engine.finder",
        "acconsole.engine.verify",
        "acconsole.console.modals.export",
    ],
)
def test_the_first_screen_is_imported_without(module: str) -> None:
    code = f"import sys, acconsole.console.app; sys.exit({module!r} in sys.modules)"
    done: subprocess.CompletedProcess[Any] = subprocess.run([sys.executable, "-c", code], check=False)
    assert done.returncode == 0
