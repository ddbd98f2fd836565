"""What every screen and modal has: the app by its own type, its news, header and footer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

from textual.screen import ModalScreen, Screen

from acconsole.console.inert import visible
from acconsole.console.messages import News
from acconsole.console.runner import Runner
from acconsole.console.session import Session

if TYPE_CHECKING:
    from acconsole.console.app import ConsoleApp

ResultT = TypeVar("ResultT")

BREAKPOINTS = [(0, "-narrow"), (100, "-medium"), (140, "-wide")]
"""Widths, in cells, from which a screen is laid out otherwise."""
HEIGHTS = [(0, "-short"), (30, "-tall")]
"""Heights, in lines, likewise."""


class _Hearing(Screen[Any]):
    """A screen that hears news."""

    HORIZONTAL_BREAKPOINTS = BREAKPOINTS
    VERTICAL_BREAKPOINTS = HEIGHTS

    @property
    def console(self) -> ConsoleApp:
        """The app."""
        return cast("ConsoleApp", self.app)

    @property
    def session(self) -> Session:
        """What the console knows."""
        return self.console.session

    @property
    def runner(self) -> Runner:
        """The way to the engine."""
        return self.console.runner

    def on_mount(self) -> None:
        self.console.news.subscribe(self, self.hear)

    def hear(self, news: News) -> None:
        """Something is known that was not known before."""


class ConsoleScreen(_Hearing):
    """A screen of the console."""

    def copy(self, text: str) -> None:
        """Copy a text, and say so."""
        # A control character that came into a shell with it would be no mere text there.
        text = visible(text)
        self.app.copy_to_clipboard(text)
        self.notify(f"Copied {visible(text, 60)}", markup=False, timeout=3)


class ConsoleModal(ModalScreen[ResultT], _Hearing):
    """A modal of the console; it closes with a result."""
