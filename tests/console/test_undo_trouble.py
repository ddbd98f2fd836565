"""Undo dialogs of what is skipped, comes to nothing or is refused, and of hostile texts in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from textual.widgets import Button

from acconsole.console.modals.undo import UndoManyModal
from acconsole.console.screens.history import HistoryScreen
from acconsole.engine.plan import Plan, SkippedItem
from acconsole.engine.rollout.survey import Scope, Survey
from acconsole.errors import Refused
from acconsole.media.base import MediaType
from tests.console.driver import Driver, console, over
from tests.console.test_history import Kept, at_the_history, kept
from tests.console.test_hostile import ALL, assert_calm

pytestmark = pytest.mark.usefixtures("quiet_list")


class Odd(Kept):
    """An engine whose undo skips a hostile item, or is refused."""

    refusal: Refused | None = None

    async def plan_undo(self, run: str, user_id: str | None = None) -> Plan:
        if self.refusal:
            raise self.refusal
        user = next(user for user in await self._engine.users() if user.id == user_id)
        plan: Plan = await self._engine.plan_restore(user)
        skipped = tuple(SkippedItem(MediaType.MOODS, ALL, ALL, ALL) for _ in range(3))
        return replace(plan, action="undo", operations=self.keep(plan), skipped=skipped)

    def keep(self, plan: Plan) -> tuple[Any, ...]:
        return plan.operations

    async def survey_undo(self, run: str, told: Callable[[Survey], None]) -> Survey:
        if self.refusal:
            raise self.refusal
        survey: Survey = await self._engine.survey(Scope((MediaType.PAINTINGS,)))
        skipped = [(ALL, SkippedItem(MediaType.MOODS, None, ALL, ALL))]
        survey = replace(survey, skipped=skipped, undoes=run)
        told(survey)
        return survey


class Nothing(Odd):
    """An undo that comes to nothing."""

    def keep(self, plan: Plan) -> tuple[Any, ...]:
        return ()

    async def survey_undo(self, run: str, told: Callable[[Survey], None]) -> Survey:
        return replace(await super().survey_undo(run, told), shares=[])


async def at_the_many(driver: Driver) -> None:
    await at_the_history(driver)
    await driver.press("down", "u")
    driver.at(UndoManyModal)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_what_is_skipped_is_listed_with_its_reason(
    sandbox: dict[str, str], size: tuple[int, int]
) -> None:
    async with console(over(sandbox, Odd), size=size) as driver:
        await at_the_history(driver)
        await driver.press("end", "up", "u")
        await driver.see("3 items changed since: skipped, the items say why")
        assert_calm(driver)
        await driver.press("i")
        await driver.see(r"– skipped +moods ")
        assert_calm(driver)
        await driver.press("escape", "home", "down", "u")
        await driver.see("1 item changed since: skipped, the list says why")
        await driver.press("i")
        await driver.see(r"– skipped ")
        assert_calm(driver)


async def test_what_comes_to_nothing_says_so(sandbox: dict[str, str]) -> None:
    async with console(over(sandbox, Nothing)) as driver:
        await at_the_many(driver)
        await driver.see("Nothing to take back")
        await driver.see("What has changed since is left as it is")
        assert driver.one(Button, "#live").disabled
        await driver.press("escape", "end", "u")
        await driver.see("Nothing to take back of @abby")
        await driver.see("What has changed since is left as it is: see the items")


async def test_what_is_refused_says_why(sandbox: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Odd, "refusal", Refused("Run 1 was on another PDS.", f"Use its profile. {ALL}"))
    async with console(over(sandbox, Odd)) as driver:
        await at_the_many(driver)
        await driver.see("Run 1 was on another PDS")
        assert_calm(driver)
        await driver.press("escape", "end", "u")
        await driver.see("Run 1 was on another PDS")
        await driver.see("Use its profile")
        assert_calm(driver)
        await driver.press("L", "D", "enter")
        driver.at(HistoryScreen)


async def test_somebody_who_is_gone_is_named_by_the_journal(sandbox: dict[str, str]) -> None:
    class Gone(Odd):
        refusal = Refused("The user is gone.", "Nothing was written.")

    async with console(over(sandbox, Gone)) as driver:
        await driver.see("21 users")
        gone = replace(kept(driver).runs[-1], users=("auth0|gone",), names=(f"@{ALL}",))
        kept(driver).runs = (gone,)
        await driver.press("escape", "h")
        await driver.see("died")
        await driver.press("o", "u")
        await driver.see("The user is gone")
        assert_calm(driver)
