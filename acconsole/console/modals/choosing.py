"""The keys by which it is chosen whom and what a rollout is about."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Input, Static

from acconsole.console.base import ConsoleModal
from acconsole.console.inert import inert
from acconsole.console.modals.kindkeys import KindKeys
from acconsole.console.rollout.choice import Choice
from acconsole.console.session import RolloutRun
from acconsole.console.widgets.line import Line
from acconsole.media.base import MediaType


class Choosing(KindKeys, ConsoleModal[RolloutRun]):
    """Changes the choice, and tells by `chosen` that it has changed."""

    def __init__(self, choice: Choice) -> None:
        super().__init__()
        self.choice = choice

    def chosen(self) -> None:
        """Something else is chosen now."""
        raise NotImplementedError

    def compose_choice(self) -> ComposeResult:
        """Where, which media types, and whom."""
        choice = self.choice
        yield Static(self._target(), id="target")
        yield Line(choice.types, id="types")
        with Horizontal(id="whom"):
            yield Line(lambda width: choice.others(len(self.session.users), width), id="others")
            yield Static(Content.assemble(("n ", "$pick"), "only the first"), id="first")
            yield Input(
                str(choice.limit or ""),
                placeholder="all",
                type="integer",
                max_length=7,
                id="limit",
                compact=True,
            )

    def _target(self) -> Content:
        host = self.session.engine.host if self.session.engine else ""
        return Content.assemble("Restore everybody", (" on ", "$mute"), inert(host, 48, "bold"))

    @on(Input.Changed)
    def _limited(self, event: Input.Changed) -> None:
        limit = int(event.value) if event.value.isdecimal() else None
        if limit != self.choice.limit:
            self.choice.limit = limit
            self.chosen()

    def action_first(self) -> None:
        """Say how many, as a canary."""
        self.query_one("#limit").focus()

    def action_marked(self) -> None:
        """The marked users or everybody."""
        self.choice.only_few = not self.choice.only_few
        self.chosen()

    def action_prune(self) -> None:
        """Prune or not."""
        self.choice.prune = not self.choice.prune
        self.chosen()

    def action_blocked(self) -> None:
        """Whether what was not to be had is looked for once more."""
        self.choice.retry_blocked = not self.choice.retry_blocked
        self.chosen()

    def turn_kinds(self, kinds: frozenset[MediaType]) -> None:
        self.choice.kinds ^= kinds
        self.chosen()

    def take_all_kinds(self) -> None:
        self.choice.kinds = set(MediaType)
        self.chosen()
