"""The list of users: what it waits for, searching, opening, statuses that come by themselves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from acconsole.console.screens.user import UserScreen
from acconsole.console.screens.users import UsersScreen
from acconsole.console.widgets.rows import Rows
from acconsole.console.widgets.search import SearchField
from acconsole.engine.sync import Engine
from acconsole.settings import Settings
from tests.console.driver import console, over


async def test_the_first_screen_says_what_it_waits_for(sandbox: dict[str, str]) -> None:
    go = asyncio.Event()

    @asynccontextmanager
    async def slowly(tell: Callable[[str], None]) -> AsyncIterator[tuple[Settings, Engine]]:
        tell("the PDS to fill")
        await go.wait()
        async with over(sandbox)(tell) as connected:
            yield connected

    async with console(slowly) as driver:
        await driver.see("Waiting for the PDS to fill …")
        assert "sandbox" in driver.text.splitlines()[0]
        assert "mongo …" in driver.text
        go.set()
        await driver.see("21 users")
        await driver.see("mongo ●  pds ●")


async def test_typing_searches_and_statuses_come_by_themselves(sandbox: dict[str, str]) -> None:
    async with console(over(sandbox)) as driver:
        await driver.see("21 users")
        await driver.write("jef")
        await driver.see("3 of 21 users")
        assert "@casey" not in driver.text
        await driver.see(r"@jeffrey +ac23vowan .*2,094")
        await driver.see(r"@jefferson .*= +now")


async def test_a_search_for_nobody_says_so(sandbox: dict[str, str]) -> None:
    async with console(over(sandbox)) as driver:
        await driver.see("21 users")
        await driver.write("nosuchperson")
        await driver.see("Nobody goes by that")
        await driver.press("enter")
        driver.at(UsersScreen)
        await driver.press("escape")
        await driver.see("@casey")


async def test_searches_by_code_did_and_id(sandbox: dict[str, str]) -> None:
    async with console(over(sandbox)) as driver:
        await driver.see("21 users")
        jeffrey = next(user for user in driver.session.users if user.handle == "jeffrey")
        field = driver.one(SearchField)
        for wanted in (jeffrey.code, jeffrey.did, jeffrey.id, jeffrey.pds_handle):
            assert wanted
            field.value = wanted
            await driver.see(r"1 of 21 users")
            assert "@jeffrey" in driver.text


async def test_letters_go_into_the_field_and_arrows_to_the_list(sandbox: dict[str, str]) -> None:
    async with console(over(sandbox)) as driver:
        await driver.see("21 users")
        await driver.write("q")
        assert driver.one(SearchField).value == "q"
        await driver.press("backspace")
        driver.one(Rows).cursor = 0
        await driver.press("down", "down")
        assert driver.one(Rows).cursor == 2
        await driver.press("pagedown", "enter")
        assert driver.at(UserScreen).user is driver.session.users[-1]


async def test_people_without_a_working_account_are_told_apart(sandbox: dict[str, str]) -> None:
    async with console(over(sandbox)) as driver:
        await driver.see(r"@wisp .*no account")
        await driver.see(r"@lull .*inactive")
        await driver.see(r"@wisp .*paintings|@wisp")


async def test_the_mouse_selects_and_opens(sandbox: dict[str, str]) -> None:
    async with console(over(sandbox)) as driver:
        await driver.see("21 users")
        rows = driver.one(Rows)
        await driver.pilot.click(rows, offset=(4, 3))
        assert rows.cursor == 3
        await driver.pilot.click(rows, offset=(4, 3))
        await driver.see("bit.at.aesthetic.computer")


@pytest.mark.usefixtures("no_scan")
async def test_statuses_are_read_for_the_rows_in_view_only(sandbox: dict[str, str]) -> None:
    async with console(over(sandbox), size=(80, 12)) as driver:
        await driver.see("21 users")
        rows = driver.one(Rows)
        in_view = len(rows.in_view())
        assert in_view < 10
        await driver.until(lambda: len(driver.session.glances) == in_view, "the rows in view to be read")
        await driver.press("escape", "end")
        await driver.until(lambda: len(driver.session.glances) == 2 * in_view, "the last rows to be read")
        assert not driver.session.reading


async def test_rereading_is_asked_for(sandbox: dict[str, str]) -> None:
    async with console(over(sandbox)) as driver:
        await driver.see(r"@jeffrey .*2,094")
        await driver.until(lambda: not driver.session.reading, "everybody in view to be read")
        before = {id: glance.read_at for id, glance in driver.session.glances.items()}
        await driver.press("escape", "R")
        await driver.until(
            lambda: all(driver.session.glances[id].read_at > at for id, at in before.items()), "newer looks"
        )


async def test_help_and_palette_come_from_the_registry(sandbox: dict[str, str]) -> None:
    async with console(over(sandbox)) as driver:
        await driver.see("21 users")
        await driver.press("f1")
        await driver.see("What the signs mean")
        assert "Type to search" in driver.text
        await driver.press("escape", "escape")
        await driver.press("colon")
        await driver.see("Type to search: handle")
        await driver.press("escape")
        await driver.press("T")
        assert driver.app.theme == "acconsole-light"
