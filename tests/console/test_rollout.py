"""Rollouts in the console: choosing, looking, confirming, watching, steering, and what is told at the end."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from textual.widgets import Button, Input

from acconsole.console.messages import RunMoved
from acconsole.console.modals.count import CountModal
from acconsole.console.modals.leave import LeaveModal
from acconsole.console.modals.plan import PlanModal
from acconsole.console.modals.rollout import RolloutModal
from acconsole.console.screens.failed import FailedScreen
from acconsole.console.screens.rollout import RolloutScreen
from acconsole.console.screens.user import UserScreen
from acconsole.console.screens.users import UsersScreen
from acconsole.console.session import Label, RolloutRun
from acconsole.console.widgets.rows import Rows
from acconsole.engine.events import Event, Failure, ItemFailed
from acconsole.engine.history import Ending, RunSummary
from acconsole.engine.plan import Tally
from acconsole.engine.rollout import told
from acconsole.engine.rollout.crew import Control
from acconsole.engine.rollout.survey import Scope, Share, Survey
from acconsole.engine.sync import Engine
from acconsole.errors import Unreachable
from acconsole.media.base import MediaType
from tests.console.driver import Driver, console, over
from tests.console.rollouts import BLOBS, DEAD, RECORDS, RUN, a_rollout, a_survey, began, commit, end
from tests.console.test_hostile import ALL, assert_calm
from tests.console.test_run import slow_writes
from tests.console.test_trouble import Wrapped
from tests.faults.proxy import gate

pytestmark = pytest.mark.usefixtures("quiet_list")
NOW = 1_761_000_000.0


class Scripted(Wrapped):
    """An engine whose survey finds so many users, and whose rollouts do what the test says."""

    def __init__(self, engine: Engine, users: int = 6) -> None:
        super().__init__(engine)
        self.found = users
        self.scopes: list[Scope] = []
        self.controls: list[Control] = []
        self.died_before: list[RunSummary] = []

    async def survey(self, scope: Scope, tell: Callable[[Survey], None], waits: object) -> Survey:
        self.scopes.append(scope)
        made = a_survey(self.found)
        made.scope = scope
        tell(made)
        return made

    async def rollout(
        self, survey: Survey, *, live: bool, control: Control, resumes: str | None = None
    ) -> AsyncGenerator[Event, None]:
        """One user is done, one fails; then it waits to be stopped."""
        self.controls.append(control)
        done, dead, *_ = survey.shares
        yield told.RolloutStarted(RUN, survey, live)
        yield told.TurnBegan(RECORDS, len(survey.shares))
        for event in (began(done, RECORDS), commit(done.user, 20), told.UserEnded(done.user, RECORDS)):
            yield event
        yield began(dead, RECORDS)
        yield told.UserEnded(dead.user, RECORDS, 0, DEAD.format(dead.user.name))
        await control.wait()
        run = RolloutRun(survey, live, a_rollout(NOW, 200).progress, control)
        end(run, NOW)
        assert run.progress.result
        yield told.RolloutFinished(run.progress.result)

    async def died(self) -> list[RunSummary]:
        return self.died_before

    async def run_record(self, run: str) -> Any:
        return SimpleNamespace(beginning=SimpleNamespace(options={"types": ["moods"]}))

    async def resumed(self, run: str) -> tuple[str, Scope, dict[str, Any]]:
        return run, Scope((MediaType.MOODS,), ("auth0|1", "auth0|2")), {}


async def chosen(driver: Driver, *keys: str) -> RolloutModal:
    """From the list of users, the dialog of a rollout."""
    await driver.see(r"\d+ users")
    await driver.press("escape", "o", *keys)
    return driver.at(RolloutModal)


def current(driver: Driver) -> RolloutRun:
    run = driver.session.run
    assert isinstance(run, RolloutRun)
    return run


def is_held(run: RolloutRun) -> bool:
    return run.stop.paused


async def watched(driver: Driver) -> RolloutRun:
    """From the list of users, a rollout that goes on."""
    await chosen(driver, "s")
    await driver.see("looked at: ")
    await driver.press("D")
    await driver.see("failures")
    return current(driver)


# -- before ------------------------------------------------------------------------------------------


async def test_what_it_is_about_is_chosen_before_anybody_is_looked_at(sandbox: dict[str, str]) -> None:
    engines: list[Scripted] = []
    async with console(over(sandbox, lambda engine: keep(engines, Scripted(engine)))) as driver:
        modal = await chosen(driver)
        assert driver.app.focused is driver.one(Button, "#cancel")
        await driver.see("Look at 21 users")
        await driver.press("1", "x", "b", "n")
        await driver.write("5")
        await driver.see("Look at 5 users")
        await driver.press("enter")
        await driver.see("looked at: ")
        (scope,) = engines[0].scopes
        assert scope == Scope(tuple(MediaType)[1:], None, 5, True, True)
        assert modal.survey
        await driver.press("tab", "0")
        await driver.see("Nothing is written yet")
        assert driver.at(RolloutModal).survey is None
        await driver.press("2", "3", "4", "1", "5")
        await driver.see("No media type is chosen")
        assert driver.one(Button, "#look").disabled
        await driver.press("escape")
        driver.at(UsersScreen)


async def test_the_marked_users_or_everybody(sandbox: dict[str, str]) -> None:
    engines: list[Scripted] = []
    async with console(over(sandbox, lambda engine: keep(engines, Scripted(engine)))) as driver:
        await driver.see("21 users")
        await driver.press("escape", "home", "space", "space", "o")
        await driver.see("Look at 2 users")
        await driver.press("s")
        await driver.see("looked at: ")
        assert engines[0].scopes[-1].users == driver.session.marked_users
        await driver.press("m")
        await driver.see("Look at 21 users")


def keep(engines: list[Scripted], engine: Scripted) -> Scripted:
    engines.append(engine)
    return engine


async def test_the_plan_of_real_users_can_be_listed(sandbox: dict[str, str]) -> None:
    async with console(over(sandbox), size=(80, 24)) as driver:
        modal = await chosen(driver, "s")
        await driver.see("Looking at everybody|looked at: ")
        await driver.see(r"21 users looked at: \d+ in sync, \d left out")
        assert modal.survey is not None
        for button in modal.query(Button):
            assert not button.display or modal.find_widget(button).visible_region == button.region
        await driver.press("i")
        await driver.see(r"left out +@\w+ +.*no account")
        await driver.see(r"blocked +@jeffrey")
        await driver.press("end")
        await driver.see(r"to do +@\w+ +create")
        await driver.press("i")
        await driver.see(r"kidlisp +\d+ +2,")


async def test_a_live_rollout_wants_the_number_of_users(sandbox: dict[str, str]) -> None:
    async with console(over(sandbox, Scripted)) as driver:
        await chosen(driver, "s")
        await driver.see("looked at: ")
        assert "LIVE" not in driver.text
        await driver.press("L")
        driver.at(CountModal)
        await driver.see("◆ LIVE ◆")
        assert driver.app.focused is driver.one(Button, "#cancel")
        await driver.press("enter")
        driver.at(RolloutModal)
        assert driver.session.run is None
        await driver.press("L", "7", "enter")
        driver.at(CountModal)
        assert driver.one(Button, "#live").disabled
        driver.one(Input).value = ""
        await driver.press("6")
        assert not driver.one(Button, "#live").disabled
        await driver.press("escape")
        driver.at(RolloutModal)
        await driver.press("L", "6", "enter")
        driver.at(RolloutScreen)
        await driver.see("◆ LIVE ◆")


async def test_read_only_runs_nothing_live(sandbox: dict[str, str]) -> None:
    async with console(over(sandbox, Scripted), label=Label("sandbox", "green", True)) as driver:
        await chosen(driver, "s")
        await driver.see("This profile is read-only")
        await driver.press("L")
        driver.at(RolloutModal)
        assert driver.one(Button, "#live").disabled


async def test_a_survey_that_fails_can_be_tried_again(sandbox: dict[str, str]) -> None:
    tries: list[int] = []

    class Lucky(Scripted):
        async def survey(self, scope: Scope, tell: Callable[[Survey], None], waits: object) -> Survey:
            tries.append(1)
            if len(tries) == 1:
                raise Unreachable("The PDS does not answer.", "Look at it.")
            return await super().survey(scope, tell, waits)

    async with console(over(sandbox, Lucky)) as driver:
        await chosen(driver, "s")
        await driver.see("The PDS does not answer")
        await driver.press("f5")
        await driver.see("looked at: ")


# -- while it runs -----------------------------------------------------------------------------------


async def test_it_is_steered_by_keys(sandbox: dict[str, str]) -> None:
    async with console(over(sandbox, Scripted)) as driver:
        run = await watched(driver)
        await driver.see(r"concurrency 50 \(−/\+\)")
        await driver.press("minus", "minus")
        await driver.see("concurrency 40")
        await driver.press("plus", "equals_sign")
        await driver.see("concurrency 50")
        run.stop.crew.want(10)
        await driver.press("minus", "minus")
        assert run.stop.crew.wanted == 8
        run.progress.take(told.CrewChanged(4, 8, "the PDS answers 502"), NOW)
        run.stop.crew.limit = 4
        await driver.see(r"concurrency 4 of 8 \(−/\+\) +the PDS answers 502")
        await driver.press("p")
        assert is_held(run)
        await driver.see("Paused: ")
        await driver.see("paused 0:")
        assert "paused" in driver.text.splitlines()[0]
        await driver.press("p")
        assert not is_held(run)
        await driver.gone("Paused: ")
        await driver.press("p", "s")
        assert not is_held(run)
        await driver.until(lambda: run.over, "the end")


async def test_it_is_stopped_once_and_twice(sandbox: dict[str, str]) -> None:
    class Slow(Scripted):
        async def rollout(self, survey: Survey, **how: Any) -> AsyncGenerator[Event, None]:
            yield told.RolloutStarted(RUN, survey, how["live"])
            yield began(survey.shares[0], RECORDS)
            await Control().wait()

    async with console(over(sandbox, Slow)) as driver:
        run = await watched(driver)
        await driver.press("s")
        await driver.see("Stopping after the batches on their way. s again cancels at once")
        assert not run.over
        await driver.press("s")
        await driver.until(lambda: run.over, "the end")
        await driver.see("The run was cancelled. What was done stays done")
        await driver.see("0 users done, 0 failed, 6 not done to the end")
        assert run.progress.lanes.working == 0


async def test_it_goes_on_when_its_screen_is_left_and_leaving_the_console_asks(
    sandbox: dict[str, str],
) -> None:
    async with console(over(sandbox, Scripted)) as driver:
        run = await watched(driver)
        await driver.press("escape")
        driver.at(UsersScreen)
        assert not run.over
        assert "rollout" in driver.text.splitlines()[0]
        await driver.press("o", "s")
        await driver.see("Another run is going on")
        await driver.press("D", "escape", "g")
        assert driver.at(RolloutScreen).run is run
        await driver.press("ctrl+q")
        driver.at(LeaveModal)
        await driver.see("Dry rollout: 90 items to go")
        await driver.press("enter")
        driver.at(RolloutScreen)
        await driver.press("escape")
        driver.app.runner.running.stop(run)
        await driver.see("rollout: ended with trouble. g shows it")


async def test_failures_lead_to_the_users_and_to_each_of_them(sandbox: dict[str, str]) -> None:
    async with console(over(sandbox, Scripted)) as driver:
        run = await watched(driver)
        await driver.see(r"1 user +The PDS refuses the stored password\.")
        await driver.press("enter")
        driver.at(FailedScreen)
        await driver.see(r"1 user +The PDS refuses")
        await driver.see(r"▸ @ana\.w1 +ana\.w1\.at\.test")
        await driver.press("enter")
        driver.at(UserScreen)
        await driver.press("g")
        driver.at(RolloutScreen)
        await driver.press("f", "f")
        await driver.see(r"@?wisp|auth0\|none")
        await driver.press("enter")
        driver.at(UserScreen)
        await driver.press("escape")
        await driver.press("f")
        await driver.see("dry rollout 0192f4a3b5c6 begins")
        await driver.press("left")
        await driver.see("no account on the PDS")
        share = run.survey.shares[2]
        run.progress.take(began(share, RECORDS), NOW)
        run.progress.take(told.UserEnded(share.user, RECORDS, 0, "No answer.", 4e9), NOW)
        await driver.press("left")
        await driver.see(r"@bit2 +in .* try 2 +No answer")


async def test_ten_thousand_events_are_painted_at_its_own_pace(sandbox: dict[str, str]) -> None:
    class Flood(Scripted):
        async def rollout(self, survey: Survey, *, live: bool, **how: Any) -> AsyncGenerator[Event, None]:
            yield told.RolloutStarted(RUN, survey, live)
            for share in survey.shares:
                yield began(share, RECORDS)
                for _ in range(50):
                    yield commit(share.user, 1)
                yield told.UserEnded(share.user, RECORDS)

    heard: list[object] = []
    async with console(over(sandbox, lambda engine: Flood(engine, 200))) as driver:
        await chosen(driver, "s")
        await driver.see("looked at: ")
        driver.app.news.subscribe(driver.at(RolloutModal), heard.append)
        await driver.press("D")
        await driver.until(lambda: driver.session.run and driver.session.run.over, "the end")
        run = current(driver)
        assert run.progress.tracks.items.done == 10_000
    assert sum(isinstance(news, RunMoved) for news in heard) < 100


# -- the end -----------------------------------------------------------------------------------------


async def test_the_account_and_what_can_be_done_next(sandbox: dict[str, str]) -> None:
    engines: list[Scripted] = []
    async with console(over(sandbox, lambda engine: keep(engines, Scripted(engine)))) as driver:
        await driver.see("21 users")
        driver.session.run = run = a_rollout(NOW, 200, over=True)
        await driver.press("escape", "g")
        await driver.see("4,197 users done, 4 with failures, 1 left out, 2 in sync before")
        await driver.see("Verified by a fresh look: 61,400 of 61,400")
        await driver.see(f"Report: /state/runs/{RUN}/report.txt")
        await driver.press("r")
        await driver.see("only the 4 who failed")
        await driver.press("s")
        await driver.see("looked at: ")
        assert engines[0].scopes[-1].users == tuple(sorted(run.progress.failed))
        await driver.press("D")
        assert driver.at(RolloutScreen).run is not run
        driver.app.runner.running.stop(current(driver))
        await driver.until(lambda: driver.session.running is None, "the end of it")
        await driver.press("escape")
        driver.session.run = stopped = a_rollout(NOW, 200)
        end(stopped, NOW, "85 users have failed, and 84 may. Most often: The PDS does not answer.")
        await driver.press("g")
        await driver.see("It stopped by itself: 85 users have failed")
        lines = [line.strip() for line in driver.text.splitlines()[2:] if line.strip()]
        assert lines[0].startswith("It stopped by itself")
        await driver.press("o")
        await driver.see(f"Go on from rollout {RUN}")
        await driver.press("escape")
        driver.at(RolloutScreen)
        await driver.press("escape")
        canary = a_rollout(NOW, 200, over=True)
        canary.survey.scope = Scope(limit=50)
        driver.session.run = canary
        await driver.press("g")
        await driver.see("of the first 50")
        await driver.press("e")
        await driver.see("Look at 21 users")


async def test_a_run_that_died_is_offered(sandbox: dict[str, str]) -> None:
    def died(action: str, *users: str) -> RunSummary:
        names = tuple(f"@{user}" for user in users)
        return RunSummary(
            RUN, NOW, None, action, True, users, names, Tally(create=312), 0, Ending.DIED, None, "pds.test"
        )

    engines: list[Scripted] = []
    async with console(over(sandbox, lambda engine: keep(engines, Scripted(engine)))) as driver:
        await driver.see("21 users")
        gus = next(user for user in driver.session.users if user.handle == "gus")
        engines[0].died_before = [died("rollout", "a", "b"), died("restore", gus.id), died("undo", gus.id)]
        driver.app.runner.rollouts.look_for_died()
        await driver.see("A live rollout of 2 users died; begun .* ago, 312 done")
        await driver.press("f8")
        await driver.see(f"Go on from rollout {RUN}")
        modal = driver.at(RolloutModal)
        assert (modal.choice.resumes, modal.choice.scope) == (
            RUN,
            Scope((MediaType.MOODS,), ("auth0|1", "auth0|2")),
        )
        await driver.press("escape", "f9")
        await driver.see("A live restore of @")
        await driver.press("f8")
        await driver.see("Restore @gus")
        driver.at(PlanModal)
        await driver.press("escape", "f9", "f8")
        await driver.see("A new plan for @")
        await driver.press("f9")
        await driver.gone("died")


# -- for real ----------------------------------------------------------------------------------------


async def test_a_live_rollout_brings_users_into_sync(own_sandbox: dict[str, str]) -> None:
    async with console(over(own_sandbox)) as driver:
        await driver.see("21 users")
        names = ("dot", "ana.w", "gus")
        driver.session.marks = {user.id: None for user in driver.session.users if user.handle in names}
        await chosen(driver, "1", "5", "s")
        await driver.see("looked at: ")
        survey = driver.at(RolloutModal).survey
        assert survey is not None
        await driver.press("L")
        await driver.write(str(len(survey.shares)))
        await driver.press("enter")
        await driver.see("Verified by a fresh look")
        run = current(driver)
        assert run.progress.result
        assert run.progress.done == {share.user.id for share in survey.shares}
        assert run.progress.tracks.items.done == run.progress.result.done.items > 0
        again = await driver.app.runner.engine.survey(survey.scope)
        assert again.shares == []


async def test_the_pds_going_while_it_runs_is_a_state(own_sandbox: dict[str, str]) -> None:
    async with (
        gate(own_sandbox["PDS_URL"]) as (door, _),
        slow_writes(own_sandbox, 0.5),
        console(over(own_sandbox | {"PDS_URL": f"http://127.0.0.1:{door.port}"})) as driver,
    ):
        await driver.see("21 users")
        jeffrey = next(user for user in driver.session.users if user.handle == "jeffrey")
        driver.session.marks = {jeffrey.id: None}
        await chosen(driver, "1", "5", "s")
        await driver.see("looked at: ")
        await driver.press("L", "1", "enter")
        run = current(driver)
        await driver.until(lambda: run.progress.tracks.items.passed, "the first batch")
        door.shut()
        await driver.until(lambda: any(lane.waits for lane in run.progress.lanes), "it to wait")
        await driver.see("1 wait")
        assert "Traceback" not in driver.text
        await driver.press("s", "s")
        await driver.until(lambda: run.over, "the end")


# -- hostile text ------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(80, 24), (200, 60)])
async def test_whatever_users_wrote_is_inert(sandbox: dict[str, str], size: tuple[int, int]) -> None:
    class Hostile(Scripted):
        host = ALL

        async def survey(self, scope: Scope, tell: Callable[[Survey], None], waits: object) -> Survey:
            made = await super().survey(scope, tell, waits)
            made.shares = [_renamed(share) for share in made.shares]
            made.left_out = [(made.shares[0].user, ALL)]
            return made

        async def rollout(self, survey: Survey, *, live: bool, **_: Any) -> AsyncGenerator[Event, None]:
            yield told.RolloutStarted(RUN, survey, live)
            for share in survey.shares[:2]:
                yield began(share, BLOBS)
                yield told.UserMoved(share.user, ItemFailed(Failure(ALL, BLOBS[0], ALL, ALL, ALL)))
            yield told.UserEnded(survey.shares[0].user, BLOBS, 1, ALL, 4e9)
            yield told.CrewChanged(3, 50, ALL)
            raise Unreachable(ALL, ALL)

    async with console(over(sandbox, Hostile), size=size) as driver:
        await chosen(driver, "s")
        await driver.see("looked at: ")
        assert_calm(driver)
        await driver.press("i")
        await driver.see("left out")
        assert_calm(driver)
        await driver.press("D")
        await driver.until(lambda: driver.session.run and driver.session.run.over, "the end")
        await driver.see("Cannot connect")
        for _ in range(4):
            assert_calm(driver)
            await driver.press("f")
        driver.one(Rows, "#list").focus()
        await driver.press("enter")
        assert_calm(driver)


def _renamed(share: Share) -> Share:
    user = replace(share.user, handle=ALL, pds_handle=ALL, code=ALL)
    return replace(share, user=user)
