"""Verifying the marked users: what is found, that it can be left and done again, a PDS that goes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from acconsole.console.screens.user import UserScreen
from acconsole.console.screens.users import UsersScreen
from acconsole.console.screens.verify import VerifyScreen
from acconsole.console.widgets.rows import Rows
from acconsole.console.widgets.search import SearchField
from acconsole.engine.model import User, Verdict
from acconsole.engine.verify import Problem, Report
from acconsole.errors import Unreachable
from acconsole.media.base import MediaType
from tests.console.driver import Driver, console, over
from tests.console.test_hostile import ALL, assert_calm
from tests.console.test_trouble import Wrapped


async def marked(driver: Driver, *names: str) -> None:
    """Mark these users, and verify them."""
    await driver.see("21 users")
    for name in names:
        driver.one(SearchField).value = name
        await driver.see(rf"▸ +@{name}")
        await driver.press("insert")
    await driver.press("escape", "escape", "v")
    driver.at(VerifyScreen)


async def test_each_problem_is_a_line_and_leads_to_its_user(sandbox: dict[str, str]) -> None:
    async with console(over(sandbox), size=(110, 30)) as driver:
        await marked(driver, "jefferson", "casey", "wisp")
        screen = driver.at(VerifyScreen)
        await driver.until(lambda: screen.verifying.is_over, "the end")
        await driver.see(r"Verify 3 users .*\d+ problems .*3/3")
        assert [user.handle for user in screen.verifying.users] == ["casey", "jefferson", "wisp"]
        rows = driver.one(Rows)
        assert rows.count == screen.verifying.problems + 1
        await driver.see(r"~ @casey +paintings")
        await driver.press("end")
        await driver.see(r"! @wisp .*no account")
        await driver.see(r"= @jefferson +\d+ checked, all as they should be")
        await driver.press("enter")
        assert driver.at(UserScreen).user.handle == "wisp"


async def test_without_marks_it_is_the_one_under_the_cursor_and_can_be_done_again(
    sandbox: dict[str, str],
) -> None:
    async with console(over(sandbox)) as driver:
        await driver.see("21 users")
        driver.one(SearchField).value = "jefferson"
        await driver.see(r"▸ +@jefferson")
        driver.one(Rows).focus()
        await driver.press("v")
        await driver.see("Verify @jefferson .*0 problems .*1/1")
        first = driver.at(VerifyScreen).verifying
        await driver.press("R")
        await driver.until(lambda: driver.at(VerifyScreen).verifying.is_over, "the end")
        assert driver.at(VerifyScreen).verifying is not first
        await driver.press("escape")
        driver.at(UsersScreen)


async def test_what_stops_it_is_told_and_leaving_ends_it(sandbox: dict[str, str]) -> None:
    class Lost(Wrapped):
        async def verify(self, users: list[User]) -> AsyncIterator[Report]:
            yield Report(
                users[0],
                1,
                (),
                (Problem(users[0], MediaType.MOODS, ALL, ALL, Verdict.STALE, ALL, ALL),),
                False,
            )
            raise Unreachable("The PDS does not answer.", "Wait.")

    async with console(over(sandbox, Lost), size=(80, 24)) as driver:
        await marked(driver, "jefferson")
        await driver.see("The PDS does not answer")
        await driver.see("F5 try again")
        await driver.see(r"\* @jefferson")
        assert_calm(driver)


async def test_hostile_users_are_verified_inert(sandbox: dict[str, str]) -> None:
    class Hostile(Wrapped):
        async def verify(self, users: list[User]) -> AsyncIterator[Any]:
            user = User("auth0|1", ALL, ALL, ALL, ALL)
            for verdict in (*Verdict, None):
                yield Report(user, 1, (), (Problem(user, None, ALL, ALL, verdict, ALL, ALL),), False)
            yield Report(user, 1, (), (), True)

    for size in ((80, 24), (120, 40)):
        async with console(over(sandbox, Hostile), size=size) as driver:
            await marked(driver, "jefferson")
            await driver.until(lambda: driver.one(Rows).count == len(Verdict) + 2, "the reports")
            assert_calm(driver)
