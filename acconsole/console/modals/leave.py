"""Leaving the console while a run is going on."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Static

from acconsole.console import figures
from acconsole.console.actions import bindings
from acconsole.console.base import ConsoleModal
from acconsole.console.inert import visible
from acconsole.console.messages import News, RunEnded
from acconsole.console.session import RolloutRun, Run
from acconsole.console.widgets.keybar import KeyBar
from acconsole.console.widgets.topbar import TopBar


class LeaveModal(ConsoleModal[bool]):
    """Asks; True for leaving."""

    BINDINGS = bindings("confirm")

    def __init__(self, run: Run | RolloutRun) -> None:
        super().__init__()
        self._run = run

    def compose(self) -> ComposeResult:
        run, track = self._run, self._run.bar
        what = f"{'Live' if run.live else 'Dry'} {visible(run.what, 56)}"
        yield TopBar()
        with Vertical(classes="box") as box:
            box.border_title = "A run is going on"
            left = figures.plural(max(track.total - track.passed, 0), "item")
            yield Static(Content(f"{what}: {left} to go."))
            yield Static(
                Content.styled(
                    "Leaving cancels it after the batch on its way. What was done stays done, and a new "
                    "plan goes on from there.",
                    "$mute",
                )
            )
            with Horizontal(classes="buttons"):
                yield Button("Stay", id="stay")
                yield Button("Cancel the run and leave", id="leave")
        yield KeyBar()

    def hear(self, news: News) -> None:
        if isinstance(news, RunEnded):
            self.dismiss(False)

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "leave")

    def action_cancel(self) -> None:
        """Stay."""
        self.dismiss(False)
