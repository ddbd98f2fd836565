"""The runs of this machine, the newest first; from here to one in full, and to taking one back."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content

from acconsole.console import figures
from acconsole.console.actions import bindings
from acconsole.console.base import ConsoleScreen
from acconsole.console.messages import News, PastKnown, RunEnded
from acconsole.console.modals.undo import may_be_undone, undo
from acconsole.console.past import listing
from acconsole.console.past.book import Past
from acconsole.console.past.listing import Chosen
from acconsole.console.widgets.keybar import KeyBar
from acconsole.console.widgets.line import Line
from acconsole.console.widgets.notice import Notice
from acconsole.console.widgets.rows import GUTTER, Rows
from acconsole.console.widgets.topbar import TopBar
from acconsole.engine.history import Ending, RunSummary
from acconsole.engine.model import User

CLOCK = 5.0
AGAIN = 30.0
"""Seconds after which the journal is read again by itself; sooner while a run that is listed goes on."""


class HistoryScreen(ConsoleScreen):
    """Everybody's runs, or one user's; read when it opens and when a run has ended."""

    BINDINGS = bindings("history")
    AUTO_FOCUS: ClassVar[str] = "Rows"

    def __init__(self, user: User | None = None) -> None:
        super().__init__(id="history")
        self.chosen = Chosen(user=user)
        self._shown: list[RunSummary] = []

    def compose(self) -> ComposeResult:
        yield TopBar()
        yield Line(self._tally, id="tally")
        yield Notice()
        with Vertical(id="list"):
            yield Line(self._heading, id="heading", classes="heading")
            yield Rows(self._line, id="runs")
        yield KeyBar()

    def on_mount(self) -> None:
        self.set_interval(CLOCK, self._look_again)
        self.runner.past.read()
        self._show()

    def _look_again(self) -> None:
        """Other processes run things too."""
        past = self.past
        goes_on = any(run.ending is Ending.RUNNING for run in past.runs)
        old = past.read_at is None or figures.now() - past.read_at >= AGAIN
        if self.is_current and not past.reading and not past.trouble and (goes_on or old):
            self.runner.past.read()
        self.query_one("#tally").refresh()

    @property
    def past(self) -> Past:
        """What is known of the runs."""
        return self.session.past

    @property
    def selected(self) -> RunSummary | None:
        """The run under the cursor."""
        cursor = self.query_one(Rows).cursor
        return self._shown[cursor] if cursor < len(self._shown) else None

    # -- what is shown -------------------------------------------------------------------------------

    def hear(self, news: News) -> None:
        if isinstance(news, PastKnown):
            self._show()
        elif isinstance(news, RunEnded):
            self.runner.past.read()

    def _show(self) -> None:
        """The list as it is now; the cursor stays on its run."""
        rows, here = self.query_one(Rows), self.selected
        self._shown = self.chosen.of(self.past.runs)
        ids = [run.run for run in self._shown]
        rows.show(len(ids), ids.index(here.run) if here and here.run in ids else rows.cursor)
        self._say()
        self.query_one("#tally").refresh()
        self.query_one("#heading").refresh()
        self.refresh_bindings()

    def _say(self) -> None:
        notice, past, user = self.query_one(Notice), self.past, self.chosen.user
        if past.trouble:
            notice.trouble(past.trouble)
        elif past.read_at is None or self._shown:
            notice.clear()
        elif past.runs:
            whose = f" of {user.name}" if user else ""
            mode = "live " if self.chosen.live else ""
            notice.say(f"No {mode}run{whose} is in the journal.", "f shows dry runs too, o everybody's runs.")
        else:
            notice.say("There are no runs yet.", "Plan one: open a user, then r. Esc goes back.")
        if past.warning and not past.trouble:
            notice.say(past.warning, "The runs that could be read are listed.")
        self.query_one("#list").display = bool(self._shown)

    def _tally(self, width: int) -> Content:
        return listing.tally(self.past, self.chosen, len(self._shown), figures.now(), width)

    def _heading(self, _: int) -> Content:
        # As wide as the lines below it, which a scrollbar may have narrowed.
        return listing.heading(self.query_one(Rows).scrollable_content_region.width - GUTTER)

    def _line(self, index: int, width: int) -> Content:
        return listing.line(self._shown[index], figures.now(), width)

    @on(Rows.InView)
    def _resized(self) -> None:
        self.query_one("#heading").refresh()

    @on(Rows.Moved)
    def _moved(self) -> None:
        self.refresh_bindings()

    # -- actions -------------------------------------------------------------------------------------

    @on(Rows.Chosen)
    def action_open(self) -> None:
        """Show the run in full."""
        # Not imported before it is wanted.
        from acconsole.console.screens.pastrun import PastRunScreen

        if self.selected:
            self.app.push_screen(PastRunScreen(self.selected, self.chosen.user))

    def action_undo(self) -> None:
        """Plan to take the run back: for one user, where one user's runs are listed."""
        if self.selected:
            undo(self, self.selected, self.chosen.user)

    def action_live(self) -> None:
        """Live runs alone, or dry runs too."""
        self.chosen = replace(self.chosen, live=not self.chosen.live)
        self._show()

    def action_only(self) -> None:
        """The runs of the user of this one alone, or everybody's again."""
        user = None
        if self.chosen.user is None and self.selected:
            user = self._user(self.selected)
        self.chosen = replace(self.chosen, user=user)
        self._show()

    def _user(self, run: RunSummary) -> User | None:
        """The user of a run over one; by the journal, where the user is gone."""
        if len(run.users) != 1:
            return None
        known = (user for user in self.session.users if user.id == run.users[0])
        return next(known, User(run.users[0], run.names[0].removeprefix("@")))

    def action_copy(self) -> None:
        """Copy the run's id."""
        if self.selected:
            self.copy(self.selected.run)

    def action_reread(self) -> None:
        """Read the journal again."""
        self.runner.past.read()

    def action_back(self) -> None:
        """Go back."""
        self.dismiss()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What cannot be done to this run is dim."""
        run = self.selected
        if action in ("open", "copy"):
            return True if run else None
        if action == "undo":
            return True if run and may_be_undone(run) else None
        if action == "only":
            return True if self.chosen.user or (run and len(run.users) == 1) else None
        return True
