"""A console under test: what its screen says, and keys pressed on it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, TypeVar

from textual.pilot import Pilot
from textual.screen import Screen
from textual.widget import Widget

from acconsole import settings
from acconsole.console.app import ConsoleApp
from acconsole.console.session import Label, Session
from acconsole.console.widgets.search import SearchField
from acconsole.engine.sync import Engine
from acconsole.settings import Settings
from acconsole.stores.connect import connect

SECONDS = 30.0
"""How long a condition is waited for before the test fails with what the screen says."""

WidgetT = TypeVar("WidgetT", bound=Widget)
ScreenT = TypeVar("ScreenT", bound=Screen[Any])
Connect = Callable[[Callable[[str], None]], AbstractAsyncContextManager[tuple[Settings, Engine]]]


class Driver:
    """Types, looks, and waits for what is to come."""

    def __init__(self, app: ConsoleApp, pilot: Pilot[Any]) -> None:
        self.app = app
        self.pilot = pilot

    @property
    def session(self) -> Session:
        return self.app.session

    @property
    def text(self) -> str:
        """What the screen says, line by line."""
        # The compositor is the only place that knows the screen as text.
        return "\n".join(
            "".join(segment.text for segment in line) for line in self.app.screen._compositor.render_strips()
        )

    def one(self, kind: type[WidgetT], selector: str | None = None) -> WidgetT:
        """The screen's widget of a kind."""
        return self.app.screen.query_one(selector or kind.__name__, kind)

    def at(self, kind: type[ScreenT]) -> ScreenT:
        """The screen in front, which must be of a kind."""
        screen = self.app.screen
        assert isinstance(screen, kind), f"on {type(screen).__name__}, not {kind.__name__}"
        return screen

    async def press(self, *keys: str) -> None:
        """Press keys, and let what they set off happen."""
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def write(self, text: str) -> None:
        """Type a text."""
        names = {"@": "at", ".": "full_stop", " ": "space", "_": "underscore", "-": "minus"}
        await self.press(*(names.get(each, each) for each in text))

    async def until(self, holds: Callable[[], object], what: str) -> None:
        """Wait for a condition."""
        try:
            async with asyncio.timeout(SECONDS):
                while not holds():
                    await self.pilot.pause(0.02)
        except TimeoutError:
            raise AssertionError(f"waited in vain for {what}; the screen says:\n{self.text}") from None

    async def see(self, pattern: str) -> None:
        """Wait until the screen says something, a regular expression."""
        await self.until(lambda: re.search(pattern, self.text), repr(pattern))

    async def gone(self, pattern: str) -> None:
        """Wait until the screen does not say something any more."""
        await self.until(lambda: not re.search(pattern, self.text), f"{pattern!r} to go")

    async def open_user(self, name: str) -> None:
        """From the list, open a user and wait for the verdicts."""
        await self.see(r"\d users?\b")
        self.one(SearchField).value = name
        await self.see(rf"▸ +(● )?@?{re.escape(name)}\s")
        await self.press("enter")
        await self.see(r"type +docs")
        await self.gone("reading …")

    async def plan(self, key: str) -> None:
        """From a user's screen, make a plan and wait for it."""
        await self.press(key)
        await self.gone("… reading Mongo")


def over(environment: Mapping[str, str], wrap: Callable[[Engine], Any] | None = None) -> Connect:
    """What the app connects by: the settings of an environment."""

    @asynccontextmanager
    async def connecting(tell: Callable[[str], None]) -> AsyncIterator[tuple[Settings, Engine]]:
        tell("the sandbox")
        chosen = settings.load(environment)
        async with connect(chosen) as engine:
            yield chosen, wrap(engine) if wrap else engine

    return connecting


@asynccontextmanager
async def console(
    connecting: Connect, *, size: tuple[int, int] = (100, 30), label: Label | None = None
) -> AsyncIterator[Driver]:
    """A console that runs for the length of the block."""
    app = ConsoleApp(label or Label("sandbox", "green"), connecting)
    async with app.run_test(size=size, notifications=True) as pilot:
        yield Driver(app, pilot)
