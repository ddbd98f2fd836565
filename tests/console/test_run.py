"""Runs: bars that move, stopping, leaving, and what is told at the end. Each test writes to its own place."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from acconsole.console import figures
from acconsole.console.modals.leave import LeaveModal
from acconsole.console.screens.run import RunScreen
from acconsole.console.screens.user import UserScreen
from acconsole.console.screens.users import UsersScreen
from acconsole.console.session import Run
from acconsole.media.base import MediaType
from tests.console.driver import Driver, console, over

pytestmark = pytest.mark.usefixtures("quiet_list")


async def set_fault(environment: dict[str, str], **faults: float) -> None:
    """Set faults of the sandbox's PDS."""
    async with httpx.AsyncClient(base_url=environment["PDS_URL"], trust_env=False) as client:
        answer = await client.post(
            "/sandbox/faults", json=faults, auth=("admin", environment["PDS_ADMIN_PASSWORD"])
        )
        answer.raise_for_status()


@asynccontextmanager
async def slow_writes(environment: dict[str, str], seconds: float) -> AsyncIterator[None]:
    """Every batch takes at least so long."""
    await set_fault(environment, delay=seconds)
    try:
        yield
    finally:
        await set_fault(environment, delay=0)


def current(driver: Driver) -> Run:
    assert isinstance(driver.session.run, Run)
    return driver.session.run


async def wipe(driver: Driver, name: str, kind: MediaType) -> Run:
    """Start a live wipe of one media type from the list of users."""
    await driver.open_user(name)
    await driver.press("w")
    for place, each in enumerate(MediaType, 1):
        chosen = f"✓{each.value}" in driver.text
        if chosen is not (each is kind):
            await driver.press(str(place))
    await driver.gone("… reading Mongo")
    await driver.press("L")
    await driver.see("Type .* to run it live")
    await driver.write(name)
    await driver.press("enter")
    await driver.until(lambda: driver.session.run, "the run to start")
    return current(driver)


async def test_a_dry_run_writes_nothing(own_sandbox: dict[str, str]) -> None:
    async with console(over(own_sandbox)) as driver:
        await driver.open_user("flo")
        await driver.plan("r")
        await driver.press("D")
        driver.at(RunScreen)
        await driver.see(r"Dry run: would .*Nothing was written")
        assert "LIVE" not in driver.text
        assert "100 %" in driver.text
        await driver.press("escape")
        await driver.until(lambda: isinstance(driver.app.screen, UserScreen), "the user's screen")
        state = driver.at(UserScreen).state
        assert state
        assert state.to_do == 40


async def test_a_live_restore_turns_the_verdicts_synced(own_sandbox: dict[str, str]) -> None:
    async with slow_writes(own_sandbox, 0.3), console(over(own_sandbox)) as driver:
        await driver.open_user("ana.w")
        await driver.see(r"moods +32 +32 +20 +· +· +12")
        await driver.plan("r")
        await driver.press("L")
        await driver.see("◆ LIVE ◆")
        await driver.see("12 updated")
        await driver.gone("◆ LIVE ◆")
        assert current(driver).progress.points == 24
        assert "Backup: " in driver.text
        await driver.press("escape")
        await driver.see(r"moods +32 +32 +32 +· +· +·")


async def test_a_confirmed_wipe_deletes_and_is_restored(own_sandbox: dict[str, str]) -> None:
    async with console(over(own_sandbox)) as driver:
        await wipe(driver, "dot", MediaType.MOODS)
        await driver.see("24 deleted")
        await driver.press("escape")
        await driver.see(r"moods +12 +· +· +12")
        await driver.plan("r")
        await driver.press("L")
        await driver.see("created")
        await driver.press("escape")
        await driver.see(r"moods +12 +12 +12 +·")


async def test_bars_move_batch_by_batch_and_stop_ends_after_the_batch(own_sandbox: dict[str, str]) -> None:
    async with slow_writes(own_sandbox, 0.7), console(over(own_sandbox)) as driver:
        run = await wipe(driver, "jeffrey", MediaType.MOODS)
        total = run.progress.all.total
        await driver.until(lambda: run.progress.all.passed > 0, "the first batch")
        await driver.press("s")
        await driver.see("Stopping after the batch on its way")
        await driver.until(lambda: run.over, "the run to stop")
        assert run.progress.result
        assert run.progress.result.stopped
        assert 0 < run.progress.result.done.delete < total
        assert run.progress.error is None
        await driver.see("Stopped")
        await driver.see("plan again")


async def test_stopping_twice_cancels_and_says_what_that_means(own_sandbox: dict[str, str]) -> None:
    async with slow_writes(own_sandbox, 0.7), console(over(own_sandbox)) as driver:
        run = await wipe(driver, "art", MediaType.KIDLISP)
        await driver.until(lambda: run.progress.all.doing, "a batch on its way")
        await driver.press("s", "s")
        assert run.cancelling
        await driver.until(lambda: run.over, "the run to be cancelled")
        await driver.see("The run was cancelled. What was done stays done")
        assert "◆ LIVE ◆" not in driver.text


async def test_a_run_goes_on_when_its_screen_is_left(own_sandbox: dict[str, str]) -> None:
    async with slow_writes(own_sandbox, 0.7), console(over(own_sandbox)) as driver:
        run = await wipe(driver, "jeffrey", MediaType.PAINTINGS)
        await driver.press("escape", "escape")
        driver.at(UsersScreen)
        assert not run.over
        assert "◆ LIVE ◆" in driver.text.splitlines()[0]
        assert "wipe @jeffrey" in driver.text.splitlines()[0]
        await driver.press("escape", "escape", "g")
        driver.at(RunScreen)
        await driver.press("escape")
        await driver.until(lambda: run.over, "the run to end by itself")
        await driver.see("wipe @jeffrey: finished")
        assert run.progress.result
        assert run.progress.result.done.delete == 376


async def test_leaving_the_console_asks_while_a_run_is_going_on(own_sandbox: dict[str, str]) -> None:
    async with slow_writes(own_sandbox, 3), console(over(own_sandbox)) as driver:
        run = await wipe(driver, "jeffrey", MediaType.KIDLISP)
        await driver.press("ctrl+q")
        driver.at(LeaveModal)
        await driver.see("Live wipe @jeffrey")
        await driver.press("enter")
        driver.at(RunScreen)
        assert not current(driver).over
        await driver.press("ctrl+q", "tab", "enter")
        await driver.until(lambda: driver.app._exit, "the console to end")
    assert run.over
    assert run.progress.error


async def test_only_one_run_at_a_time(own_sandbox: dict[str, str]) -> None:
    async with slow_writes(own_sandbox, 4), console(over(own_sandbox)) as driver:
        await wipe(driver, "jeffrey", MediaType.PIECES)
        await driver.press("escape")
        await driver.plan("r")
        await driver.see("Another run is going on")
        await driver.press("L", "D")
        assert current(driver).plan.action == "wipe"


async def test_a_dead_password_fails_the_user_and_says_so(own_sandbox: dict[str, str]) -> None:
    async with console(over(own_sandbox)) as driver:
        await driver.open_user("rook")
        await driver.plan("r")
        await driver.press("L")
        await driver.see("failures 1")
        await driver.see("1 failure")
        assert current(driver).progress.all.passed == 0


async def test_a_run_can_be_paused_and_goes_on(own_sandbox: dict[str, str]) -> None:
    async with slow_writes(own_sandbox, 0.5), console(over(own_sandbox)) as driver:
        run = await wipe(driver, "art", MediaType.PAINTINGS)
        await driver.press("p")
        assert run.stop.paused
        await driver.see("Paused: the batch on its way is seen to its end")
        await driver.see(r"paused 0:0\d")
        assert "paused" in driver.text.splitlines()[0]
        await driver.until(lambda: run.progress.holding.seconds(figures.now()) > 0.5, "time to go by")
        assert not run.over
        assert run.progress.seconds_left(figures.now()) is None
        await driver.press("p")
        await driver.until(lambda: run.over, "the run to end")
        await driver.see("deleted")
        assert [line.text for line in run.progress.log if line.text in ("paused", "goes on")] == [
            "paused",
            "goes on",
        ]
