"""Whose failures of one cause these are, in a rollout; from here to each user."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.content import Content

from acconsole.console import figures
from acconsole.console.actions import bindings
from acconsole.console.base import ConsoleScreen
from acconsole.console.inert import inert
from acconsole.console.messages import News, RunEnded, RunMoved
from acconsole.console.rollout.causes import Cause, Hit
from acconsole.console.rollout.lists import hit_line
from acconsole.console.session import RolloutRun
from acconsole.console.widgets.keybar import KeyBar
from acconsole.console.widgets.line import Line
from acconsole.console.widgets.notice import Notice
from acconsole.console.widgets.rows import Rows
from acconsole.console.widgets.topbar import TopBar


class FailedScreen(ConsoleScreen):
    """Lists the users; it grows while the rollout goes on, and shrinks as failures are mended."""

    BINDINGS = bindings("failed")
    AUTO_FOCUS: ClassVar[str] = "Rows"

    def __init__(self, rollout: RolloutRun, cause: Cause) -> None:
        super().__init__()
        self._rollout = rollout
        self._cause = cause
        self._hits: list[Hit] = []

    def compose(self) -> ComposeResult:
        yield TopBar()
        yield Line(self._title, id="run-title")
        yield Notice()
        yield Rows(lambda index, width: hit_line(self._hits[index], self._cause, width), id="users")
        yield KeyBar()

    def on_mount(self) -> None:
        self._show()

    def hear(self, news: News) -> None:
        if isinstance(news, RunMoved | RunEnded) and news.run is self._rollout:
            self._show()

    def _show(self) -> None:
        rows = self.query_one(Rows)
        here = self._hits[rows.cursor].user.id if rows.cursor < len(self._hits) else None
        self._hits = self._rollout.progress.causes.hits(self._cause)
        cursor = next((at for at, hit in enumerate(self._hits) if hit.user.id == here), rows.cursor)
        if (len(self._hits), cursor) != (rows.count, rows.cursor):
            rows.show(len(self._hits), cursor)
            self.refresh_bindings()
        rows.refresh()
        self.query_one("#run-title").refresh()
        notice = self.query_one(Notice)
        if self._hits:
            notice.clear()
        else:
            notice.say("Nobody any more: a later try has mended it.", "Esc goes back.")

    def _title(self, width: int) -> Content:
        users = figures.plural(len(self._hits), "user")
        what = Content.styled(f"{self._cause.what}: ", "$mute") if self._cause.kind else Content()
        left = Content.assemble(" ", (users, "bold $bad"), "  ", what)
        return Content.assemble(left, inert(self._cause.reason, max(width - left.cell_length - 1, 8), "bold"))

    # -- actions -------------------------------------------------------------------------------------

    @on(Rows.Chosen)
    def action_open(self) -> None:
        """Open the user under the cursor."""
        from acconsole.console.screens.user import UserScreen

        cursor = self.query_one(Rows).cursor
        if cursor < len(self._hits):
            self.app.push_screen(UserScreen(self._hits[cursor].user))

    def action_back(self) -> None:
        """Back to the rollout."""
        self.dismiss()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Without users there is nobody to open."""
        return bool(self._hits) or None if action == "open" else True
