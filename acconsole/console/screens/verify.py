"""What verifying some users found: each field of each record against what its doc gives now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.worker import Worker

from acconsole.console import figures, verifying
from acconsole.console.actions import bindings
from acconsole.console.bars import bar
from acconsole.console.base import ConsoleScreen
from acconsole.console.inert import head, inert
from acconsole.console.messages import News, VerifyMoved
from acconsole.console.screens.user import UserScreen
from acconsole.console.verdicts import colour_of
from acconsole.console.verifying import Verifying
from acconsole.console.widgets.keybar import KeyBar
from acconsole.console.widgets.line import Line, cell, ends
from acconsole.console.widgets.notice import Notice
from acconsole.console.widgets.rows import Rows
from acconsole.console.widgets.topbar import TopBar
from acconsole.engine.model import User
from acconsole.engine.verify import Problem, Report


@dataclass(frozen=True, slots=True)
class Found:
    """One line: a problem, or a user without any."""

    report: Report
    problem: Problem | None

    def line(self, width: int) -> Content:
        """Sign, user, media type, item, and what is wrong with it."""
        problem, name = self.problem, 17 if width < 110 else 24
        if problem is None:
            fine = f"{self.report.checked:,} checked, all as they should be"
            return Content.assemble(("= ", "bold $good"), self._name(name), (fine, "$mute"))
        verdict = problem.verdict
        sign, colour = (verdict.sign, colour_of(verdict)) if verdict else ("!", "$bad")
        where = f"{problem.field}: " if problem.field else ""
        return Content.assemble(
            (f"{sign} ", f"bold {colour}"),
            self._name(name),
            cell(problem.kind.value if problem.kind else "", 10, "$mute", right=False),
            cell(inert((problem.ref or problem.rkey or "")[-8:], 8), 9, "$mute", right=False),
            head(f"{where}{problem.detail}", max(width - 21 - name, 8)),
        )

    def _name(self, width: int) -> Content:
        return cell(inert(self.report.user.name, width - 1), width, right=False)


class VerifyScreen(ConsoleScreen):
    """Begins when it opens; leaving it ends what is still going on."""

    BINDINGS = bindings("verify")
    AUTO_FOCUS: ClassVar[str] = "Rows"

    def __init__(self, users: Sequence[User]) -> None:
        super().__init__(id="verify")
        self._users = users
        self.verifying = Verifying(users)
        self._found: list[Found] = []
        self._taken = 0
        self._worker: Worker[None] | None = None

    def compose(self) -> ComposeResult:
        yield TopBar()
        yield Line(self._title, id="title")
        yield Notice()
        yield Rows(self._line, id="items")
        yield KeyBar()

    def on_mount(self) -> None:
        self.action_again()

    def hear(self, news: News) -> None:
        if isinstance(news, VerifyMoved):
            self._show()

    def _show(self) -> None:
        reports = self.verifying.reports
        for report in reports[self._taken :]:
            self._found += [Found(report, each) for each in report.problems] or [Found(report, None)]
        self._taken = len(reports)
        rows, notice = self.query_one(Rows), self.query_one(Notice)
        rows.show(len(self._found), rows.cursor)
        if self.verifying.trouble:
            notice.trouble(self.verifying.trouble)
        elif not self._found:
            notice.say("… reading what is to be verified", "Each repo is read anew.")
        else:
            notice.clear()
        self.query_one("#title").refresh()
        self.refresh_bindings()

    def _title(self, width: int) -> Content:
        work, total = self.verifying, len(self._users)
        who = inert(self._users[0].name, 24) if total == 1 else Content(figures.plural(total, "user"))
        left = Content.assemble(" Verify ", who.stylize("bold"), f"   {work.checked:,} checked   ")
        problems = figures.plural(work.problems, "problem")
        left += Content.styled(
            problems, "bold $todo" if work.problems else "$good" if work.is_over else "$mute"
        )
        done = len(work.reports)
        if work.is_over:
            return ends(left, Content.styled(f"{done:,}/{total:,} ", "$mute"), width)
        shown = bar(12, total, (done, "$work"))
        return ends(left, Content.assemble(shown, f" {done:,}/{total:,} "), width)

    def _line(self, index: int, width: int) -> Content:
        return self._found[index].line(width)

    @on(Rows.Chosen)
    def action_open(self) -> None:
        """Open the user of the line under the cursor."""
        cursor = self.query_one(Rows).cursor
        if cursor < len(self._found):
            self.app.push_screen(UserScreen(self._found[cursor].report.user))

    def action_again(self) -> None:
        """Verify them again."""
        self.verifying, self._found, self._taken = Verifying(self._users), [], 0
        self._worker = verifying.begin(self.runner, self.verifying)
        self._show()

    def action_back(self) -> None:
        """Go back; what is still going on ends."""
        if self._worker:
            self._worker.cancel()
        self.dismiss()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What cannot be done now is dim."""
        if action == "again":
            return True if self.verifying.is_over else None
        if action == "open":
            return True if self._found else None
        return True
