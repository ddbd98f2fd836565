"""`make pictures`: the README's pictures, captured from the real console on a sandbox.

Drawing them wants a monospace font that has the box and block characters, as DejaVu Sans Mono has.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import resvg_py
from textual.pilot import Pilot

from acconsole import settings
from acconsole.console.app import ConsoleApp
from acconsole.console.capture import capture
from acconsole.console.modals.count import CountModal
from acconsole.console.session import Label
from acconsole.engine.sync import Engine
from acconsole.settings import Settings
from acconsole.stores.connect import connect
from tests.console.conftest import sandbox_process
from tests.console.driver import Driver

FOLDER = Path(__file__).parent.parent / ".pictures"
SIZE = (110, 30)
FONT = "DejaVu Sans Mono"

Steps = Callable[[Driver], Awaitable[None]]


async def _users(console: Driver) -> None:
    await console.see(r"looked at")
    await console.write("j")
    await console.until(lambda: not console.session.reading and console.session.glances, "the glances")


async def _user(console: Driver) -> None:
    await console.see(r"looked at")
    await console.write("jeffrey")
    await console.see(r"@jeffrey .* ac23vowan")
    await console.press("enter")
    await console.see(r"2,049")


async def _plan(console: Driver) -> None:
    await _user(console)
    await console.press("r")
    await console.see(r"6,236 points")


async def _run(console: Driver) -> None:
    await _plan(console)
    await console.press("L")
    await console.see(r"batch 8")


async def _rollout(console: Driver) -> None:
    await console.see(r"looked at")
    await console.press("escape", "o", "s")
    await console.see(r"users looked at: ")
    await console.press("L")
    await console.see(r"Type the number of users")
    survey = console.at(CountModal).survey
    await console.write(str(len(survey.shares)))
    await console.press("enter")
    await console.see(r"turn 2 of 2")
    await console.see(r"✓")


async def _tapes(console: Driver) -> None:
    await console.see(r"looked at")
    await console.press("escape", "t")
    await console.see(r"synced +art .* KB")
    await console.press("down")
    await console.see(r"from the ZIP")


PICTURES: dict[str, Steps] = {
    "users": _users,
    "user": _user,
    "tapes": _tapes,
    "plan": _plan,
    "run": _run,
    "rollout": _rollout,
}


async def _take(environment: dict[str, str], name: str, steps: Steps) -> None:
    @asynccontextmanager
    async def connected(stage: Callable[[str], None]) -> AsyncIterator[tuple[Settings, Engine]]:
        chosen = settings.load(environment)
        async with connect(chosen) as engine:
            yield chosen, engine

    app = ConsoleApp(Label(settings.SANDBOX, "green", False), connected)

    async def taken(pilot: Pilot[Any]) -> None:
        await steps(Driver(app, pilot))

    svg = (await capture(app, SIZE, taken)).replace("Fira Code", FONT)
    picture = resvg_py.svg_to_bytes(svg_string=svg, monospace_family=FONT, zoom=1.0)
    await asyncio.to_thread((FOLDER / f"{name}.png").write_bytes, bytes(picture))
    print(FOLDER / f"{name}.png")


def main() -> None:
    """Take them all, each on the same sandbox; those that write come last."""
    FOLDER.mkdir(exist_ok=True)
    with sandbox_process(60) as environment:
        for name, steps in PICTURES.items():
            asyncio.run(_take(environment, name, steps))


if __name__ == "__main__":
    main()
