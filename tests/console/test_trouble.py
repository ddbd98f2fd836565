"""What goes wrong is shown as a state with what to do about it, and can be tried again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from acconsole.console import runner
from acconsole.engine.events import Event, Started
from acconsole.engine.model import User
from acconsole.engine.plan import Plan
from acconsole.engine.sync import Engine
from acconsole.errors import ReadOnly, Unreachable
from acconsole.settings import Settings
from tests.console.driver import console, over
from tests.faults.proxy import Gate, gate


class Wrapped:
    """An engine of which a test replaces a part."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)


def through(door: Gate, environment: dict[str, str]) -> dict[str, str]:
    """The environment with the PDS behind a gate."""
    return environment | {"PDS_URL": f"http://127.0.0.1:{door.port}"}


async def test_a_connection_that_fails_can_be_tried_again(sandbox: dict[str, str]) -> None:
    tries: list[int] = []

    @asynccontextmanager
    async def second_time_lucky(tell: Callable[[str], None]) -> AsyncIterator[tuple[Settings, Engine]]:
        tries.append(1)
        if len(tries) == 1:
            raise Unreachable("The sandbox did not start.", "Look at its log.")
        async with over(sandbox)(tell) as connected:
            yield connected

    async with console(second_time_lucky) as driver:
        await driver.see("Cannot connect")
        await driver.see("The sandbox did not start")
        await driver.see("Look at its log")
        await driver.press("f5")
        await driver.see("21 users")


async def test_missing_settings_are_explained(sandbox: dict[str, str]) -> None:
    without = {name: value for name, value in sandbox.items() if name != "MONGODB_NAME"}
    async with console(over(without)) as driver:
        await driver.see("A setting is wrong")
        await driver.see("MONGODB_NAME is not set")
        assert "try again" not in driver.text.splitlines()[6]


@pytest.mark.usefixtures("no_scan")
async def test_without_the_pds_users_are_listed_and_reading_can_be_tried_again(
    sandbox: dict[str, str],
) -> None:
    async with gate(sandbox["PDS_URL"]) as (door, _):
        door.shut()
        async with console(over(through(door, sandbox))) as driver:
            await driver.see("pds ✗ down")
            await driver.see(r"@abby .*not read")
            await driver.write("casey")
            await driver.press("enter")
            await driver.see("Cannot connect")
            await driver.see("F5")
            door.open()
            await driver.press("f5")
            await driver.see(r"paintings +63 +63 +2")
            assert "Cannot connect" not in driver.text


async def test_without_mongo_there_is_a_reason_and_a_key(sandbox: dict[str, str]) -> None:
    async with gate(sandbox["MONGODB_CONNECTION_STRING"]) as (door, uri):
        door.shut()
        async with console(over(sandbox | {"MONGODB_CONNECTION_STRING": uri})) as driver:
            await driver.see("Waiting for the list of users")
            await driver.see("Cannot connect")
            await driver.see("mongo ✗ down")
            door.open()
            await driver.press("f5")
            await driver.see("21 users")


async def test_the_pds_going_while_a_plan_is_made(sandbox: dict[str, str]) -> None:
    async with gate(sandbox["PDS_URL"]) as (door, _), console(over(through(door, sandbox))) as driver:
        await driver.open_user("casey")
        door.shut()
        await driver.plan("r")
        await driver.see("Cannot connect")
        door.open()
        await driver.press("f5")
        await driver.see(r"all +· +· +· +61")


@pytest.mark.usefixtures("no_scan")
async def test_what_nobody_thought_of_is_a_state_too(sandbox: dict[str, str]) -> None:
    class Broken(Wrapped):
        async def status(self, user: User) -> None:
            raise KeyError("a secret in an unexpected place")

    async with console(over(sandbox, Broken)) as driver:
        await driver.see(r"@abby .*not read")
        await driver.press("enter")
        await driver.see("does not know how to handle")
        assert "Traceback" not in driver.text
        assert "secret" not in driver.text


async def test_a_run_that_is_refused_says_so(sandbox: dict[str, str]) -> None:
    class Refusing(Wrapped):
        async def run(self, plan: Plan, **_: object) -> AsyncIterator[Event]:
            yield Started("r1", plan, False)
            raise ReadOnly("The engine will not have it.", "Do something else.")

    async with console(over(sandbox, Refusing)) as driver:
        await driver.open_user("casey")
        await driver.plan("r")
        await driver.press("D")
        await driver.see("The engine will not have it")
        await driver.see("Do something else")


async def test_connecting_is_tried_again_by_itself(
    sandbox: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = [Unreachable("The sandbox did not start.", "Look at its log.") for _ in range(2)]

    @asynccontextmanager
    async def third_time_lucky(tell: Callable[[str], None]) -> AsyncIterator[tuple[Settings, Engine]]:
        if lost:
            raise lost.pop()
        async with over(sandbox)(tell) as connected:
            yield connected

    async with console(third_time_lucky) as driver:
        await driver.see(r"F5 try again · by itself in 0:1\d")
        monkeypatch.setattr(runner, "AGAIN", 0.05)
        await driver.press("f5")
        await driver.see("21 users")
        assert not lost
