"""The last question before records are deleted: the user's handle, typed."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Input, Static

from acconsole.console import figures
from acconsole.console.actions import bindings
from acconsole.console.base import ConsoleModal
from acconsole.console.inert import inert
from acconsole.console.plansummary import side_facts
from acconsole.console.widgets.keybar import KeyBar
from acconsole.console.widgets.topbar import TopBar
from acconsole.engine.outlook import Outlook
from acconsole.engine.plan import Plan


class ConfirmModal(ConsoleModal[str]):
    """Closes with what was typed, once it is the user's name, or with None."""

    BINDINGS = bindings("confirm")
    AUTO_FOCUS: ClassVar[str] = "#name"

    def __init__(self, plan: Plan, outlook: Outlook) -> None:
        super().__init__()
        self._plan = plan
        self._outlook = outlook

    def compose(self) -> ComposeResult:
        plan = self._plan
        deletes = figures.plural(plan.tally().delete, "record")
        kinds = ", ".join(kind.value for kind in plan.kinds if plan.tally(kind).items)
        yield TopBar()
        with Vertical(classes="box live", id="confirm") as box:
            box.border_title = Content("◆ LIVE ◆")
            yield Static(
                Content.assemble(
                    f"Take back run {plan.undoes.run}. " if plan.undoes else "",
                    (f"Delete {deletes} ", "bold $bad"),
                    f"({kinds}) of ",
                    inert(plan.user.name, 40, "bold"),
                    " in ",
                    inert(plan.user.pds_handle or plan.user.did or "", 48, "bold"),
                    " on ",
                    inert(plan.host, 40),
                    ".",
                )
            )
            yield Static(Content("\n").join(side_facts(plan, self._outlook)), classes="mute")
            yield Static(
                Content.assemble("Type ", inert(plan.user.name, 40, "bold $pick"), " to run it live:")
            )
            yield Input(id="name", compact=True)
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
    def _typed(self) -> str | None:
        """What was typed, if it is the user's name."""
        typed = self.query_one(Input).value
        fits = _bare(typed) == _bare(self._plan.user.name)
        return typed if fits else None

    @on(Input.Changed)
    def _changed(self) -> None:
        self.query_one("#live", Button).disabled = self._typed is None

    @on(Input.Submitted)
    def _submitted(self) -> None:
        if self._typed is None:
            self.query_one(Input).add_class("-wrong")
        else:
            self.dismiss(self._typed)

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        self.dismiss(self._typed if event.button.id == "live" else None)

    def action_cancel(self) -> None:
        """Leave; nothing was done."""
        self.dismiss(None)


def _bare(name: str) -> str:
    return name.strip().removeprefix("@").casefold()
