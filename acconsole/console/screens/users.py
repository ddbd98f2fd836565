"""The users: search as you type, filters, sorting, marks, and what is in sync for everybody."""

from __future__ import annotations

from textual import on

from acconsole.console.actions import bindings
from acconsole.console.inert import visible
from acconsole.console.messages import News, Resumable
from acconsole.console.screens.userchoosing import UserChoosing
from acconsole.console.widgets.rows import Rows
from acconsole.console.widgets.search import SearchField

_NEEDS_SOMEBODY = ("open", "mark", "mark_shown", "copy", "copy_did", "export", "verify", "reread")


class UsersScreen(UserChoosing):
    """The first screen."""

    BINDINGS = bindings("users", priority=("open", "clear"))

    @on(Rows.Chosen)
    def action_open(self) -> None:
        """Open the user under the cursor."""
        # Not imported before the first paint.
        from acconsole.console.screens.user import UserScreen

        if self.selected and self.query_one(Rows).display:
            self.app.push_screen(UserScreen(self.selected))

    def action_search(self) -> None:
        """Go to the search field."""
        self.query_one(SearchField).focus()

    def action_clear(self) -> None:
        """Clear the search; then the filter; then go to the list."""
        field = self.query_one(SearchField)
        if field.value:
            field.value = ""
        elif self.roster.filter:
            self.choose(None)
        else:
            self.query_one(Rows).focus()

    # -- looking -------------------------------------------------------------------------------------

    def action_reread(self) -> None:
        """Read those in view again."""
        self.read_in_view(fresh=True)

    def action_scan(self) -> None:
        """Look at everybody again."""
        self.runner.looking.scan(afresh=True)

    def action_retry(self) -> None:
        """Connect or read the users again; scan again."""
        if self.session.trouble:
            self.runner.connect()
        else:
            self.action_scan()

    def action_verify(self) -> None:
        """Check each field of the marked users, or of the one under the cursor."""
        # Not imported before the first paint.
        from acconsole.console.screens.verify import VerifyScreen

        users = [user for user in self.session.users if user.id in self.session.marks]
        users = users or ([self.selected] if self.selected else [])
        if users:
            self.app.push_screen(VerifyScreen(users))

    # -- rollouts, and what died ---------------------------------------------------------------------

    def action_rollout(self) -> None:
        """Plan a rollout over everybody, or over the marked users."""
        # Not imported before the first paint.
        from acconsole.console.modals.rollout import RolloutModal
        from acconsole.console.rollout.choice import Choice

        marked = self.session.marked_users
        self.app.push_screen(RolloutModal(Choice(few=marked, only_few=bool(marked))), self.console.began)

    def action_resume(self) -> None:
        """Plan to go on from the run that died."""
        if self.session.died:
            self.runner.rollouts.resume(self.session.died[0])

    def hear(self, news: News) -> None:
        super().hear(news)
        if isinstance(news, Resumable) and self.is_current:
            self._resumable(news)

    def _resumable(self, news: Resumable) -> None:
        """Open the plan that goes on from a run that died."""
        # Not imported before the first paint.
        from acconsole.console.modals.plan import PlanModal
        from acconsole.console.modals.rollout import RolloutModal
        from acconsole.console.rollout.choice import Choice

        run, scope = news.run, news.scope
        user = next((user for user in self.session.users if user.id in run.users[:1]), None)
        if scope and run.action == "rollout":
            self.app.push_screen(RolloutModal(Choice.of(scope, resumes=run.run)), self.console.began)
        elif scope and user and run.action in ("restore", "wipe"):
            self.app.push_screen(PlanModal(run.action, user, scope.kinds), self.console.began)
        else:
            why = (
                news.error.message if news.error else f"A new plan for {run.who} goes on from what is there."
            )
            self.notify(visible(why, 200), severity="warning", markup=False)

    def action_let_be(self) -> None:
        """Say no more of the run that died."""
        del self.session.died[:1]
        self.tell_died()

    # -- taking away ---------------------------------------------------------------------------------

    def action_export(self) -> None:
        """Write the table as it is shown to a file."""
        # Not imported before the first paint.
        from acconsole.console.modals.export import ExportModal
        from acconsole.console.tables import UserTable

        shown = list(self.roster.shown)
        if shown:
            glances = self.session.glances.get_all([user.id for user in shown])
            self.app.push_screen(ExportModal(UserTable(shown, glances)))

    def action_copy(self) -> None:
        """Copy the handle, or what stands for it."""
        if self.selected:
            self.copy(self.selected.name)

    def action_copy_did(self) -> None:
        """Copy the DID."""
        if self.selected and self.selected.did:
            self.copy(self.selected.did)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What cannot be done now is not offered."""
        session = self.session
        if action == "retry":
            return bool(session.trouble or (session.scan and session.scan.trouble))
        if action in ("resume", "let_be"):
            return bool(session.died)
        if action == "rollout":
            return bool(session.users) or None
        if action == "clear":
            return bool(
                isinstance(self.focused, SearchField)
                or self.query_one(SearchField).value
                or self.roster.filter
            )
        if action == "scan":
            return session.engine is not None and not (session.scan and session.scan.is_going)
        if action == "unmark":
            return bool(session.marks)
        if action == "copy_did":
            return bool(self.selected and self.selected.did)
        if action in _NEEDS_SOMEBODY:
            return bool(self.roster.shown)
        if action.startswith(("filter", "sort", "reverse")):
            return bool(session.users)
        return True
