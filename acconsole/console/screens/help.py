"""Every key of a screen, and what the signs mean."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from acconsole.console.actions import Action, bindings, key_name, of_binding
from acconsole.console.base import ConsoleScreen
from acconsole.console.verdicts import MEANINGS, colour_of
from acconsole.console.widgets.keybar import KeyBar
from acconsole.console.widgets.line import cell
from acconsole.console.widgets.topbar import TopBar
from acconsole.engine.model import Verdict


class HelpScreen(ConsoleScreen):
    """The keys of the screen below it."""

    BINDINGS = bindings("help")

    def __init__(self, below: Screen[Any]) -> None:
        super().__init__()
        self._offered = list(_offered(below))

    def compose(self) -> ComposeResult:
        yield TopBar()
        with VerticalScroll(id="help"):
            yield Static(Content.styled("What can be done here", "bold $pick"))
            yield Static(Content("\n").join(_key(action, keys) for action, keys in self._offered))
            yield Static(Content.styled("\nWhat the signs mean", "bold $pick"))
            yield Static(Content("\n").join(_meaning(verdict) for verdict in Verdict))
            yield Static(
                Content(
                    "\nA dry run is the same code with every write refused. While a live run is on or is "
                    "being confirmed, the first line says LIVE."
                )
            )
        yield KeyBar()

    def action_back(self) -> None:
        """Close the help."""
        self.dismiss()


def _offered(below: Screen[Any]) -> Iterator[tuple[Action, str]]:
    keys: dict[str, tuple[Action, list[str]]] = {}
    for key, active in below.active_bindings.items():
        if action := of_binding(active.binding):
            keys.setdefault(action.id, (action, []))[1].append(key_name(key))
    for action, names in sorted(keys.values(), key=lambda each: each[0].rank or 85):
        yield action, " ".join(names)


def _key(action: Action, keys: str) -> Content:
    return Content.assemble(cell(keys, 14, "bold", right=False), " ", action.help)


def _meaning(verdict: Verdict) -> Content:
    sign = Content.styled(f" {verdict.sign} ", f"bold {colour_of(verdict)}")
    return Content.assemble(sign, cell(verdict.value, 11, right=False), (f" {MEANINGS[verdict]}", "$mute"))
