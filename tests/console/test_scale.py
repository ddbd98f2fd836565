"""The console stays quick with everybody in it, and is there before anything is connected."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from acconsole.console.widgets.search import SearchField
from tests.console.crowd import Crowd, over_crowd, person
from tests.console.driver import Connect, console

EVERYBODY = 4201


def crowd(count: int = EVERYBODY) -> Connect:
    """So many people, all in sync."""
    return over_crowd(Crowd([person(number) for number in range(count)]))


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
