"""Everybody is looked at in the background: how far it is, that it is over, why it stopped, going on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest

from acconsole.console import looking
from acconsole.console.messages import RunEnded
from acconsole.console.screens.users import UsersScreen
from acconsole.engine.status import Standing
from acconsole.errors import BudgetSpent, Refused, Unreachable
from tests.console.crowd import Crowd, over_crowd, person
from tests.console.driver import Driver, console, over
from tests.console.test_snapshots import a_run
from tests.console.test_trouble import through
from tests.faults.proxy import gate

PEOPLE = [person(number) for number in range(8)]


def ended(driver: Driver) -> bool:
    scan = driver.session.scan
    return scan is not None and not scan.is_going and scan.trouble is None


async def test_it_begins_by_itself_and_shows_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking, "READERS", 0)
    crowd = Crowd(PEOPLE, {"user0003": (5, 1, "ok")}, allowed=2)
    async with console(over_crowd(crowd)) as driver:
        await driver.see(r"scan .*2/8")
        await driver.see("out of sync ·")
        assert driver.text.count("…") > 6
        crowd.allow(5)
        await driver.see(r"scan .*5/8")
        await driver.see("out of sync 1")
        await driver.see(r"@user0003 .* 5 +(now|\d+ s)")
        crowd.allow(None)
        await driver.until(lambda: ended(driver), "the scan to end")
        await driver.see("everybody looked at now")
        await driver.gone(r"scan .*/8")


async def test_it_is_asked_for_again_and_finds_the_new(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking, "READERS", 0)
    crowd = Crowd(list(PEOPLE))
    async with console(over_crowd(crowd)) as driver:
        await driver.until(lambda: ended(driver), "the scan to end")
        crowd.people = [*PEOPLE, person(8)]
        crowd.standings["user0001"] = (7, 0, "ok")
        crowd.allow(1)
        await driver.press("ctrl+r")
        await driver.see("9 users")
        # While one goes on, no other is begun.
        await driver.press("ctrl+r")
        assert crowd.scans == 2
        crowd.allow(None)
        await driver.see(r"@user0001 .* 7 +now")
        await driver.until(lambda: ended(driver), "the scan to end")
        assert crowd.scans == 2


async def test_marks_of_those_who_are_gone_go_with_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking, "READERS", 0)
    crowd = Crowd(list(PEOPLE))
    async with console(over_crowd(crowd)) as driver:
        await driver.until(lambda: ended(driver), "the scan to end")
        await driver.press("escape", "a")
        assert len(driver.session.marks) == 8
        crowd.people = PEOPLE[:3]
        await driver.press("ctrl+r")
        await driver.see("3 users")
        assert len(driver.session.marks) == 3


async def test_one_that_stops_says_why_and_when_it_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking, "READERS", 0)
    crowd = Crowd(PEOPLE, allowed=3, fails=[Unreachable("The PDS does not answer.", "Wait.")])
    async with console(over_crowd(crowd), size=(110, 30)) as driver:
        await driver.see("scan stopped at 3 of 8: The PDS does not answer.")
        await driver.see(r"F5 try again · by itself in 0:1\d")
        assert "8 users" in driver.text, "what is known stays"
        assert len(driver.session.glances) == 3
        crowd.allow(None)
        await driver.press("f5")
        await driver.until(lambda: ended(driver), "the scan to end")
        await driver.gone("scan stopped")
        assert len(driver.session.glances) == 8


async def test_it_is_tried_again_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking, "READERS", 0)
    monkeypatch.setattr(looking, "SOONEST", 0.05)
    lost: list[Exception] = [Unreachable("The PDS does not answer."), Unreachable("It still does not.")]
    crowd = Crowd(PEOPLE, allowed=3, fails=lost)
    async with console(over_crowd(crowd)) as driver:
        await driver.until(lambda: crowd.scans == 3, "two more tries")
        crowd.allow(None)
        await driver.until(lambda: ended(driver), "the scan to end")


async def test_what_another_try_would_not_mend_is_not_tried_by_itself() -> None:
    crowd = Crowd(PEOPLE, allowed=3, fails=[Refused("The journal is gone.")])
    async with console(over_crowd(crowd), size=(110, 30)) as driver:
        await driver.see("scan stopped at 3 of 8: The journal is gone.")
        assert "by itself" not in driver.text
        assert driver.session.scan
        assert driver.session.scan.again_at is None


async def test_a_spent_budget_is_waited_for_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    class Spent(Crowd):
        async def scan(self, waits: Callable[[BudgetSpent], None]) -> AsyncIterator[Standing]:
            waits(BudgetSpent("The window is full.", resume_at=4_000_000_000.0))
            async for each in super().scan(waits):
                yield each

    crowd = Spent(PEOPLE, allowed=1)
    async with console(over_crowd(crowd)) as driver:
        await driver.see(r"the PDS wants a pause until \d\d:\d\d:\d\d")
        crowd.allow(None)
        await driver.until(lambda: ended(driver), "the scan to end")
        await driver.see("everybody looked at")


async def test_a_lost_pds_is_a_state_with_a_retry(sandbox: dict[str, str]) -> None:
    async with gate(sandbox["PDS_URL"]) as (door, _), console(over(through(door, sandbox))) as driver:
        await driver.until(lambda: ended(driver), "the scan to end")
        door.shut()
        await driver.press("ctrl+r")
        await driver.see("scan stopped at 0 of 21: ")
        await driver.see(r"@jeffrey .*2,094")
        door.open()
        await driver.press("f5")
        await driver.until(lambda: ended(driver), "the scan to end")
        await driver.gone("scan stopped")


async def test_a_lost_mongo_is_a_state_with_a_retry_and_nothing_is_forgotten(
    sandbox: dict[str, str],
) -> None:
    async with (
        gate(sandbox["MONGODB_CONNECTION_STRING"]) as (door, uri),
        console(over(sandbox | {"MONGODB_CONNECTION_STRING": uri})) as driver,
    ):
        await driver.until(lambda: ended(driver), "the scan to end")
        door.shut()
        await driver.press("ctrl+r")
        await driver.see("scan stopped at 0 of 21: ")
        await driver.see("21 users")
        door.open()
        await driver.press("f5")
        await driver.until(lambda: ended(driver), "the scan to end")


async def test_what_is_newer_than_the_scan_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking, "READERS", 0)
    crowd = Crowd(PEOPLE, {"user0001": (5, 0, "ok"), "user0002": (6, 0, "ok")}, allowed=1)
    async with console(over_crowd(crowd)) as driver:
        await driver.until(lambda: len(driver.session.glances) == 1, "the first")
        session = driver.session
        newer = session.glances[PEOPLE[0].id]
        session.glances[PEOPLE[1].id] = type(newer)(newer.packed, "ok", None, newer.read_at + 3600, 0)
        session.written_at[PEOPLE[2].id] = newer.read_at + 3600
        crowd.allow(None)
        await driver.until(lambda: ended(driver), "the scan to end")
        assert session.glances[PEOPLE[1].id].to_do == 0, "read after the scan came by"
        assert PEOPLE[2].id not in session.glances, "written to since the scan began"


async def test_a_run_over_many_is_followed_by_a_look_at_everybody() -> None:
    crowd = Crowd([person(number) for number in range(80)])
    async with console(over_crowd(crowd)) as driver:
        await driver.until(lambda: ended(driver), "the scan to end")
        run = a_run()
        for user in crowd.people[:3]:
            driver.app.runner.looking.forget_user(user.id, failed=False)
        driver.app.post_message(RunEnded(run))
        await driver.pilot.pause()
        assert crowd.scans == 1, "a few are read when they come into view"
        for user in crowd.people:
            driver.app.runner.looking.forget_user(user.id, failed=False)
        driver.app.post_message(RunEnded(run))
        await driver.until(lambda: crowd.scans == 2, "another scan")


async def test_an_empty_database_says_what_to_do() -> None:
    async with console(over_crowd(Crowd([]))) as driver:
        await driver.see("There is nobody in the database")
        await driver.press("enter", "insert", "f2", "f4", "f6")
        driver.at(UsersScreen)


async def test_nobody_so_far_is_not_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking, "READERS", 0)
    crowd = Crowd(PEOPLE, {"user0006": (5, 1, "ok")}, allowed=2)
    async with console(over_crowd(crowd)) as driver:
        await driver.see(r"scan .*2/8")
        await driver.press("escape", "1")
        await driver.see("Nobody so far: 2 of 8 users looked at")
        crowd.allow(None)
        await driver.see("@user0006")
