"""One run of the past in full: what it was, whom it came to, what failed, each batch and its outcome."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content

from acconsole.console import figures
from acconsole.console.actions import bindings
from acconsole.console.base import ConsoleScreen
from acconsole.console.messages import News, RecordKnown, RunEnded
from acconsole.console.modals.undo import may_be_undone, undo
from acconsole.console.past import entries, facts
from acconsole.console.past.account import Account, Entry, Section, user_of
from acconsole.console.widgets.keybar import KeyBar
from acconsole.console.widgets.line import Line
from acconsole.console.widgets.notice import Notice
from acconsole.console.widgets.rows import Rows
from acconsole.console.widgets.topbar import TopBar
from acconsole.engine.history import Ending, RunSummary
from acconsole.engine.model import User

CLOCK = 5.0


class PastRunScreen(ConsoleScreen):
    """Reads the run when it opens, and again while it goes on. `user`: undo is for that user alone."""

    BINDINGS = bindings("pastrun")
    AUTO_FOCUS: ClassVar[str] = "Rows"

    def __init__(self, summary: RunSummary, user: User | None = None) -> None:
        super().__init__()
        self.summary = summary
        self.account: Account | None = None
        self.section: Section | None = None
        self._user = user

    def compose(self) -> ComposeResult:
        yield TopBar()
        yield Line(lambda width: facts.title(self.summary, width), id="run-title")
        yield Notice()
        with Vertical(id="account"):
            yield Line(self._facts, id="facts")
            yield Line(self._tabs, id="tabs", classes="heading")
            yield Rows(self._line, id="entries")
        yield KeyBar()

    def on_mount(self) -> None:
        self.set_interval(CLOCK, self._look_again)
        self.query_one("#account").display = False
        self.query_one(Notice).say("… reading the run from the journal")
        self.action_reread()

    def _look_again(self) -> None:
        if self.is_current and self.account and self.summary.ending is Ending.RUNNING:
            self.action_reread()

    @property
    def _entries(self) -> Sequence[Entry]:
        """What is listed now."""
        return self.account.lists[self.section] if self.account and self.section else ()

    @property
    def selected(self) -> User | None:
        """The user whom the line under the cursor is about, as far as it is known who that is."""
        cursor = self.query_one(Rows).cursor
        id = user_of(self._entries[cursor]) if cursor < len(self._entries) else ""
        return next((user for user in self.session.users if user.id == id), None)

    # -- what is shown -------------------------------------------------------------------------------

    def hear(self, news: News) -> None:
        if isinstance(news, RecordKnown) and news.run == self.summary.run:
            self._take(news)
        elif isinstance(news, RunEnded) and self.summary.ending is Ending.RUNNING:
            self.action_reread()

    def _take(self, news: RecordKnown) -> None:
        notice = self.query_one(Notice)
        if news.error:
            notice.trouble(news.error)
        elif news.account:
            notice.clear()
            self.account, self.summary = news.account, news.account.record.summary
            self._list(self.section or news.account.first, self.query_one(Rows).cursor)
        self.query_one("#account").display = self.account is not None
        self.query_one("#run-title").refresh()
        self.query_one("#facts").refresh(layout=True)

    def _list(self, section: Section, cursor: int = 0) -> None:
        self.section = section
        self.query_one(Rows).show(max(len(self._entries), 1), cursor)
        self.query_one("#tabs").refresh()
        self.refresh_bindings()

    def _facts(self, width: int) -> Content:
        return facts.facts(self.account, figures.now(), width) if self.account else Content()

    def _tabs(self, width: int) -> Content:
        return entries.tabs(self.account, self.section, width) if self.account and self.section else Content()

    def _line(self, index: int, width: int) -> Content:
        if self.account is None or self.section is None:
            return Content()
        if not self._entries:
            return Content.styled(entries.NOTHING[self.section], "$mute")
        return entries.line(self.account, self._entries[index], width)

    @on(Rows.Moved)
    def _moved(self) -> None:
        self.refresh_bindings()

    # -- actions -------------------------------------------------------------------------------------

    @on(Rows.Chosen)
    def action_open(self) -> None:
        """Open the user whom this line is about."""
        # Not imported before it is wanted.
        from acconsole.console.screens.user import UserScreen

        if self.selected:
            self.app.push_screen(UserScreen(self.selected))

    def action_next(self) -> None:
        """The next list."""
        self._turn(1)

    def action_previous(self) -> None:
        """The list before."""
        self._turn(-1)

    def _turn(self, by: int) -> None:
        if self.account and self.section:
            there = list(self.account.lists)
            self._list(there[(there.index(self.section) + by) % len(there)])

    def action_undo(self) -> None:
        """Plan to take the run back."""
        undo(self, self.summary, self._user)

    def action_undo_user(self) -> None:
        """Plan to take back what it did to the user of this line alone."""
        if self.selected:
            undo(self, self.summary, self.selected)

    def action_copy(self) -> None:
        """Copy the run's id."""
        self.copy(self.summary.run)

    def action_copy_place(self) -> None:
        """Copy the folder of its backup."""
        if self.summary.backup:
            self.copy(self.summary.backup)

    def action_reread(self) -> None:
        """Read the run again."""
        self.runner.past.read_run(self.summary.run)

    def action_back(self) -> None:
        """Back to the runs."""
        self.dismiss()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What cannot be done to this run is dim, what makes no sense is left out."""
        if action == "undo":
            return True if may_be_undone(self.summary) else None
        if action == "undo_user" and len(self.summary.users) < 2:
            return False
        if action == "undo_user":
            return True if self.selected and may_be_undone(self.summary) else None
        if action == "open":
            return True if self.selected else None
        if action == "copy_place":
            return self.summary.backup is not None
        return True
