"""The console stays quick with everybody in it, and is there before anything is connected."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, ClassVar, cast

import pytest

from acconsole.console.screens.users import UsersScreen
from acconsole.console.widgets.rows import Rows
from acconsole.console.widgets.search import SearchField
from acconsole.engine.model import User
from acconsole.engine.sync import Engine
from acconsole.settings import Settings
from tests.console.driver import Driver, console

EVERYBODY = 4201
BUDGET = 0.05
"""Seconds of work for one key typed into the search, painting included, however busy the machine is."""


class Crowd:
    """As much of an engine as the list of users needs, with everybody in it."""

    host = "pds.test"
    users_: ClassVar[list[User]] = [
        User(f"auth0|{n:024x}", f"user{n:04}", f"user{n:04}.at.test", f"did:plc:{n:024}", f"ac24{n:05}")
        for n in range(EVERYBODY)
    ]

    async def users(self) -> list[User]:
        return self.users_

    async def status(self, user: User) -> None:
        raise NotImplementedError

    async def health(self) -> None:
        return None


@asynccontextmanager
async def crowd(tell: Callable[[str], None]) -> AsyncIterator[tuple[Settings, Engine]]:
    yield Settings(), cast(Engine, Crowd())


async def _search_seconds(driver: Driver, query: str) -> float:
    screen = driver.at(UsersScreen)
    began = time.thread_time()
    screen._search(query)
    rows = driver.one(Rows)
    for y in range(rows.size.height):
        rows.render_line(y)
    return time.thread_time() - began


async def test_a_key_in_the_search_costs_next_to_nothing() -> None:
    async with console(crowd, size=(120, 40)) as driver:
        await driver.see("4,201 users")
        best = {
            query: min([await _search_seconds(driver, query) for _ in range(5)])
            for query in ("u", "user4", "4200", "")
        }
        assert max(best.values()) < BUDGET, best


async def test_the_whole_list_scrolls_to_its_end() -> None:
    async with console(crowd, size=(120, 40)) as driver:
        await driver.see("4,201 users")
        await driver.press("escape", "end")
        await driver.see("▸ @user4200")
        await driver.press("home")
        await driver.see("▸ @user0000")
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
    ],
)
def test_the_first_screen_is_imported_without(module: str) -> None:
    code = f"import sys, acconsole.console.app; sys.exit({module!r} in sys.modules)"
    done: subprocess.CompletedProcess[Any] = subprocess.run([sys.executable, "-c", code], check=False)
    assert done.returncode == 0
