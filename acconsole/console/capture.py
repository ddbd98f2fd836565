"""Pictures of the console, as the README shows them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from textual.pilot import Pilot

    from acconsole.console.app import ConsoleApp

Steps = Callable[["Pilot[Any]"], Awaitable[None]]


async def capture(app: ConsoleApp, size: tuple[int, int], steps: Steps | None = None) -> str:
    """The app's screen as SVG, at `size` columns and rows, after `steps` have been taken with a pilot."""
    async with app.run_test(size=size, notifications=True) as pilot:
        if steps:
            await steps(pilot)
        await pilot.pause()
        return app.export_screenshot(title="acconsole")
