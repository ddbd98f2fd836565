"""Plans before they are run: what they say, what cancels them, what a live wipe asks for."""

from __future__ import annotations

from typing import Any

import pytest
from textual.screen import Screen
from textual.widgets import Button, Input

from acconsole.console.modals.confirm import ConfirmModal
from acconsole.console.modals.plan import PlanModal
from acconsole.console.screens.user import UserScreen
from acconsole.console.session import Label
from acconsole.console.widgets.rows import Rows
from tests.console.driver import Driver, console, over

pytestmark = pytest.mark.usefixtures("quiet_list")


async def planned(driver: Driver, name: str, key: str) -> PlanModal:
    await driver.open_user(name)
    await driver.plan(key)
    return driver.at(PlanModal)


async def test_a_plan_says_what_it_would_do_and_cancel_has_the_focus(sandbox: dict[str, str]) -> None:
    async with console(over(sandbox)) as driver:
        await planned(driver, "jeffrey", "r")
        await driver.see("Restore @jeffrey")
        await driver.see(r"jeffrey.at.aesthetic.computer on 127\.0\.0\.1")
        await driver.see(r"all +2,068 +15 +2 +6 +21 +6")
        await driver.see("6,236 points of 5,000 an hour, but the PDS has its limits off")
        focused = driver.app.focused
        assert isinstance(focused, Button)
        assert focused.id == "cancel"
        await driver.press("enter")
        driver.at(UserScreen)
        assert driver.session.run is None


def assert_in_view(screen: Screen[Any]) -> None:
    """Every button of the screen can be seen whole."""
    buttons = list(screen.query(Button))
    assert buttons
    for button in buttons:
        assert screen.find_widget(button).visible_region == button.region


@pytest.mark.parametrize("key", ["r", "w"])
async def test_the_buttons_are_in_view_on_a_small_screen(sandbox: dict[str, str], key: str) -> None:
    async with console(over(sandbox), size=(80, 24)) as driver:
        modal = await planned(driver, "jeffrey", key)
        await driver.press("x")
        await driver.gone("… reading Mongo")
        assert_in_view(modal)
        if key == "w":
            await driver.press("L")
            assert_in_view(driver.at(ConfirmModal))


async def test_escape_leaves_without_doing_anything(sandbox: dict[str, str]) -> None:
    async with console(over(sandbox)) as driver:
        await planned(driver, "jeffrey", "r")
        await driver.press("escape")
        driver.at(UserScreen)
        assert driver.session.run is None


async def test_items_are_listed_on_demand(sandbox: dict[str, str]) -> None:
    async with console(over(sandbox)) as driver:
        await planned(driver, "jeffrey", "r")
        await driver.press("i")
        await driver.see("left out")
        assert driver.one(Rows).count == 2068 + 15 + 2 + 6 + 6
        await driver.see(r"delete +kidlisp")
        await driver.press("end")
        await driver.see(r"create +paintings|create +kidlisp")
        await driver.press("i")
        await driver.see(r"all +2,068")


async def test_types_and_prune_change_the_plan(sandbox: dict[str, str]) -> None:
    async with console(over(sandbox)) as driver:
        await planned(driver, "jeffrey", "r")
        await driver.press("4", "1", "3", "5")
        await driver.see(r"all +· +4 +· +· +· +1")
        await driver.press("x")
        await driver.see("1 tombstone")
        await driver.press("2")
        await driver.see("No media type is chosen")
        await driver.press("0")
        await driver.see(r"all +2,068 +15 +6")


async def test_who_is_in_sync_has_nothing_to_run(sandbox: dict[str, str]) -> None:
    async with console(over(sandbox)) as driver:
        await planned(driver, "jefferson", "r")
        await driver.see("Nothing to do: @jefferson is in sync")
        assert driver.one(Button, "#dry").disabled
        assert driver.one(Button, "#live").disabled
        await driver.press("L", "D")
        driver.at(PlanModal)


async def test_a_live_wipe_wants_the_handle(sandbox: dict[str, str]) -> None:
    async with console(over(sandbox)) as driver:
        await planned(driver, "jefferson", "w")
        await driver.press("0")
        await driver.gone("… reading Mongo")
        assert "LIVE" not in driver.text
        await driver.press("L")
        await driver.see("◆ LIVE ◆")
        await driver.see("Type @jefferson to run it live")
        assert driver.one(Button, "#live").disabled
        await driver.write("@jeffrey")
        assert driver.one(Button, "#live").disabled
        await driver.press("enter")
        driver.at(ConfirmModal)
        driver.one(Input).value = ""
        await driver.write("@Jefferson")
        assert not driver.one(Button, "#live").disabled
        await driver.press("escape")
        await driver.gone("LIVE")
        driver.at(PlanModal)
        assert driver.session.run is None


async def test_read_only_runs_nothing_live_and_says_why(sandbox: dict[str, str]) -> None:
    environment = sandbox | {"ACCONSOLE_READ_ONLY": "1"}
    async with console(over(environment), label=Label("sandbox", "green", True)) as driver:
        await driver.see("read-only")
        await planned(driver, "jeffrey", "r")
        await driver.see("This profile is read-only")
        assert driver.one(Button, "#live").disabled
        await driver.press("L")
        driver.at(PlanModal)
        await driver.press("D")
        await driver.see("Nothing was written")
