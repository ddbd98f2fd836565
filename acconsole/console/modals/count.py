"""The last question before many users are written to: how many they are, typed."""

from __future__ import annotations

from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Input, Static

from acconsole.console import figures
from acconsole.console.actions import bindings
from acconsole.console.base import ConsoleModal
from acconsole.console.inert import inert
from acconsole.console.widgets.keybar import KeyBar
from acconsole.console.widgets.topbar import TopBar
from acconsole.engine.rollout.survey import Survey


class CountModal(ConsoleModal[bool]):
    """Closes with True once the number of users was typed, and then confirmed."""

    BINDINGS = bindings("confirm")
    AUTO_FOCUS: ClassVar[str] = "#cancel"

    def __init__(self, survey: Survey) -> None:
        super().__init__()
        self.survey = survey
        self._number = len(survey.shares)

    def compose(self) -> ComposeResult:
        tally = self.survey.tally()
        yield TopBar()
        with Vertical(classes="box live", id="confirm") as box:
            box.border_title = Content("◆ LIVE ◆")
            yield Static(
                Content.assemble(
                    f"Take back run {self.survey.undoes}. " if self.survey.undoes else "",
                    "Write ",
                    (figures.plural(tally.items, "change"), "bold"),
                    " of ",
                    (figures.plural(self._number, "user"), "bold"),
                    " on ",
                    inert(self.survey.host, 40, "bold"),
                    (
                        f", {figures.plural(tally.delete, 'delete')} among them" if tally.delete else "",
                        "bold $bad",
                    ),
                    ".",
                )
            )
            yield Static(
                "It can be paused and stopped at any time; what was done by then stays done.", classes="mute"
            )
            yield Static(
                Content.assemble(
                    "Type the number of users, ", (f"{self._number}", "bold $pick"), ", to run it live:"
                )
            )
            yield Input(id="number", compact=True, max_length=12, select_on_focus=False)
            with Horizontal(classes="buttons"):
                yield Button("Cancel", id="cancel")
                yield Button("Run live", id="live", classes="live", disabled=True)
        yield KeyBar()

    def on_mount(self) -> None:
        self.session.confirming += 1
        self.query_one(TopBar).show()

    def on_unmount(self) -> None:
        self.session.confirming -= 1

    @property
    def _fits(self) -> bool:
        typed = self.query_one(Input).value.strip().replace(",", "")
        return typed == str(self._number)

    @on(Input.Changed)
    def _changed(self) -> None:
        self.query_one("#live", Button).disabled = not self._fits
        self.query_one(Input).remove_class("-wrong")

    @on(Input.Submitted)
    def _submitted(self) -> None:
        if self._fits:
            self.dismiss(True)
        else:
            self.query_one(Input).add_class("-wrong")

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "live" and self._fits)

    def on_key(self, event: events.Key) -> None:
        """Cancel has the focus, so that a careless Enter does nothing; a digit goes where it belongs."""
        field = self.query_one(Input)
        if event.character and event.character.isdigit() and not field.has_focus:
            field.focus()
            field.insert_text_at_cursor(event.character)
            event.stop()

    def action_cancel(self) -> None:
        """Leave; nothing was done."""
        self.dismiss(False)
