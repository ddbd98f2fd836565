"""Taking runs back: what the plan says, what refuses it, what a live one asks for, and what comes of it."""

from __future__ import annotations

import pytest
from textual.widgets import Button

from acconsole.console.modals.confirm import ConfirmModal
from acconsole.console.modals.count import CountModal
from acconsole.console.modals.undo import UndoManyModal, UndoModal
from acconsole.console.screens.history import HistoryScreen
from acconsole.console.screens.pastrun import PastRunScreen
from acconsole.console.screens.rollout import RolloutScreen
from acconsole.console.screens.run import RunScreen
from acconsole.console.session import Label, RolloutRun, Run
from acconsole.engine.model import User
from acconsole.engine.rollout.survey import Scope
from acconsole.media.base import MediaType
from tests.console.driver import Driver, console, over
from tests.console.test_history import Kept, at_the_history

pytestmark = pytest.mark.usefixtures("quiet_list")


def the_user(driver: Driver, name: str) -> User:
    return next(user for user in driver.session.users if user.name == name)


async def restored(driver: Driver, name: str) -> None:
    """A live restore of a user, then the list of that user's runs."""
    await driver.see("21 users")
    engine = driver.app.runner.engine
    async for _ in engine.run(await engine.plan_restore(the_user(driver, name)), live=True):
        pass
    await driver.open_user(name.removeprefix("@"))
    await driver.press("h")
    driver.at(HistoryScreen)
    await driver.see(rf"▸ ✓ finished .* restore +{name} +live")


async def planned(driver: Driver) -> None:
    """The plan that takes the run under the cursor back."""
    await driver.press("u")
    driver.at(UndoModal)
    await driver.gone("… reading Mongo")


async def rolled_out(driver: Driver, *names: str) -> None:
    """A live rollout over some users, then the list of runs."""
    await driver.see("21 users")
    engine = driver.app.runner.engine
    scope = Scope((MediaType.MOODS,), tuple(the_user(driver, name).id for name in names))
    async for _ in engine.rollout(await engine.survey(scope), live=True):
        pass
    await driver.press("escape", "h")
    await driver.see(rf"▸ ✓ finished .* rollout +{len(names)} users +live")


def focused(driver: Driver) -> str | None:
    return driver.app.focused.id if driver.app.focused else None


async def test_an_undo_that_deletes_wants_the_handle_and_then_the_list_shows_it(
    own_sandbox: dict[str, str],
) -> None:
    async with console(over(own_sandbox)) as driver:
        await restored(driver, "@hana")
        await planned(driver)
        await driver.see("Undo @hana")
        await driver.see("Takes back run .*, restore of @hana, ")
        await driver.see(r"Deletes 1?\d records that run \w+ made")
        await driver.see("A backup is written and read back first")
        assert focused(driver) == "cancel"
        await driver.press("i")
        await driver.see(r"- delete +\w+ +\w+ +the run made it")
        await driver.press("i", "L", "enter")  # a careless enter does nothing
        driver.at(ConfirmModal)
        await driver.see("◆ LIVE ◆")
        await driver.see(r"Take back run \w+\. Delete 1?\d records")
        await driver.write("@flo")
        await driver.press("enter")
        driver.at(ConfirmModal)
        await driver.press("escape", "enter")
        driver.at(HistoryScreen)
        assert driver.session.run is None
        await planned(driver)
        await driver.press("L")
        await driver.write("hana")
        await driver.press("enter")
        driver.at(RunScreen)
        await driver.see(r"1?\d deleted")
        await driver.press("escape")
        await driver.see(r"✓ finished .* undo +@hana +live +\d+ ")
        await driver.see(r"▸ ✓ finished .* restore +@hana +live")
        await driver.press("u")
        await driver.see("Nothing to take back of @hana")
        assert driver.one(Button, "#live").disabled


async def test_one_without_deletes_is_a_key_and_a_dry_one_writes_nothing(own_sandbox: dict[str, str]) -> None:
    async with console(over(own_sandbox)) as driver:
        await restored(driver, "@ana.w")
        await driver.press("enter")
        driver.at(PastRunScreen)
        await driver.see("Done: 12 updated")
        await planned(driver)
        await driver.press("x", "b", "1", "0", "D")
        await driver.see(r"Dry run: would .*Nothing was written")
        await driver.press("escape")
        driver.at(PastRunScreen)
        await planned(driver)
        await driver.press("L")
        await driver.see("12 updated")
        assert isinstance(driver.session.run, Run)
        assert driver.session.run.live
        await driver.press("escape", "escape")
        await driver.see(r"undo +@ana\.w +live +12 ")
        await driver.see(r"undo +@ana\.w +dry +· ")


async def test_a_run_over_many_wants_their_number(own_sandbox: dict[str, str]) -> None:
    async with console(over(own_sandbox)) as driver:
        await rolled_out(driver, "@dot", "@flo")
        await driver.press("u")
        driver.at(UndoManyModal)
        await driver.see(r"Takes back run \w+, rollout of 2 users")
        await driver.see("2 users looked at: 0 with nothing to take back")
        assert focused(driver) == "cancel"
        assert "paintings" not in driver.text
        await driver.press("n", "m", "1", "x", "L")
        driver.at(CountModal)
        await driver.see(r"Take back run \w+\. Write \d+ changes of 2 users")
        await driver.press("3", "enter")
        driver.at(CountModal)
        await driver.press("escape")
        driver.at(UndoManyModal)
        assert driver.session.run is None
        await driver.press("L", "2", "enter")
        screen = driver.at(RolloutScreen)
        await driver.until(lambda: screen.run.over, "the undo to end")
        await driver.see("Undo of run")
        assert isinstance(screen.run, RolloutRun)
        assert not screen.run.in_trouble
        assert not screen.check_action("everybody", ())
        await driver.press("escape")
        await driver.see(r"✓ finished .* undo +2 users +live")


async def test_one_of_many_users_alone(own_sandbox: dict[str, str]) -> None:
    async with console(over(own_sandbox)) as driver:
        await rolled_out(driver, "@dot", "@flo")
        await driver.press("enter")
        await driver.see(r"users  2")
        await driver.see(r"▸ ✓ @(dot|flo) +finished")
        await driver.press("U")
        driver.at(UndoModal)
        await driver.see(r"Takes back run \w+ for this user alone, rollout of 2 users")
        await driver.press("escape", "escape", "escape")
        await driver.open_user("flo")
        await driver.press("h")
        await driver.see(r"▸ ✓ finished .* rollout +2 users +live")
        await planned(driver)
        await driver.see("Undo @flo")
        await driver.see("for this user alone")
        assert driver.session.run is None


async def test_read_only_says_why(own_sandbox: dict[str, str]) -> None:
    async with console(over(own_sandbox)) as driver:
        await restored(driver, "@e_4")
    environment = own_sandbox | {"ACCONSOLE_READ_ONLY": "1"}
    async with console(over(environment), label=Label("sandbox", "green", True)) as driver:
        await driver.see("21 users")
        await driver.press("escape", "h")
        await driver.see(r"▸ ✓ finished .* restore +@e_4 +live")
        await planned(driver)
        await driver.see("This profile is read-only")
        assert driver.one(Button, "#live").disabled
        await driver.press("L")
        driver.at(UndoModal)


async def test_only_what_wrote_and_is_over_can_be_taken_back(sandbox: dict[str, str]) -> None:
    async with console(over(sandbox, Kept)) as driver:
        await at_the_history(driver)
        await driver.press("u")
        driver.at(HistoryScreen)
        await driver.press("down", "down", "u")
        driver.at(HistoryScreen)
        await driver.press("enter")
        await driver.see("Would have been done: nothing; nothing was written")
        await driver.press("u", "U")
        driver.at(PastRunScreen)
