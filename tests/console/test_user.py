"""One user: the table, the drill-down, what differs, and accounts that do not work."""

from __future__ import annotations

import pytest

from acconsole.console.screens.users import UsersScreen
from acconsole.console.widgets.rows import Rows
from acconsole.console.widgets.verdicts import VerdictTable
from acconsole.engine.model import Verdict
from acconsole.media.base import MediaType
from tests.console.driver import console, over

pytestmark = pytest.mark.usefixtures("quiet_list")


async def test_the_table_opens_where_most_is_to_be_mended(sandbox: dict[str, str]) -> None:
    async with console(over(sandbox)) as driver:
        await driver.open_user("jeffrey")
        table = driver.one(VerdictTable)
        assert (table.kind, table.verdict) == (MediaType.KIDLISP, Verdict.MISSING)
        await driver.see(r"kidlisp +2,220 +171 +168 +2,049")
        await driver.see(r"kidlisp  \+ missing  2,049")
        assert driver.one(Rows).count == 2049


async def test_the_cursor_drills_down(sandbox: dict[str, str]) -> None:
    async with console(over(sandbox), size=(120, 40)) as driver:
        await driver.open_user("jeffrey")
        await driver.press("up", "up", "up", "right", "right")
        await driver.see(r"paintings  \* stale  7")
        assert driver.one(Rows).count == 7
        await driver.press("f")
        await driver.see("paintings  x tombstone  2")
        await driver.press("a")
        await driver.see(r"paintings  every verdict  398")


async def test_what_differs_stands_side_by_side(sandbox: dict[str, str]) -> None:
    async with console(over(sandbox), size=(200, 60)) as driver:
        await driver.open_user("jeffrey")
        await driver.press("up", "up", "right", "right", "right")
        table = driver.one(VerdictTable)
        table.pick(MediaType.PAINTINGS, Verdict.STALE)
        await driver.see("doc gives")
        await driver.see("differs: ")
        assert "≠" in driver.text


async def test_blocked_docs_say_why(sandbox: dict[str, str]) -> None:
    async with console(over(sandbox), size=(120, 40)) as driver:
        await driver.open_user("jeffrey")
        driver.one(VerdictTable).pick(MediaType.KIDLISP, Verdict.BLOCKED)
        await driver.see("kidlisp  ! blocked  2")
        await driver.see("code: no code")
        await driver.press("tab", "down")
        await driver.see(r"source: too long.*50,001")


async def test_a_narrow_screen_shows_list_or_details(sandbox: dict[str, str]) -> None:
    async with console(over(sandbox), size=(80, 24)) as driver:
        await driver.open_user("jeffrey")
        assert "rkey" not in driver.text
        await driver.press("d")
        await driver.see("none stored")
        await driver.press("escape")
        await driver.gone("none stored")
        await driver.press("escape")
        driver.at(UsersScreen)


async def test_the_mouse_picks_a_cell(sandbox: dict[str, str]) -> None:
    async with console(over(sandbox), size=(100, 30)) as driver:
        await driver.open_user("jeffrey")
        await driver.pilot.click(VerdictTable, offset=(42, 1))
        table = driver.one(VerdictTable)
        assert (table.kind, table.verdict) == (MediaType.PAINTINGS, Verdict.MISSING)


async def test_without_an_account_there_is_a_reason_and_no_plan(sandbox: dict[str, str]) -> None:
    async with console(over(sandbox)) as driver:
        await driver.open_user("wisp")
        await driver.see("@wisp has no account on the PDS")
        await driver.press("r")
        assert "Restore" not in driver.text


async def test_a_deactivated_account_is_explained(sandbox: dict[str, str]) -> None:
    async with console(over(sandbox)) as driver:
        await driver.open_user("lull")
        await driver.see("is deactivated")


async def test_the_guest_account_opens_too(sandbox: dict[str, str]) -> None:
    async with console(over(sandbox), size=(120, 40)) as driver:
        await driver.open_user("art")
        await driver.see("art.at.aesthetic.computer")
        await driver.see(r"tapes +32")
