"""A rollout, and what can be done with it. Leaving the screen leaves it going."""

from __future__ import annotations

from textual import on

from acconsole.console.actions import bindings
from acconsole.console.rollout.choice import Choice
from acconsole.console.screens.rolloutboard import RolloutBoard
from acconsole.console.session import RolloutRun
from acconsole.console.widgets.rows import Rows

STEP = 5
"""By so many more or fewer users at once, where there are more than twice as many."""


class RolloutScreen(RolloutBoard):
    """Steers one rollout while it goes on, and leads on from it when it is over."""

    BINDINGS = bindings("rollout")

    def action_pause(self) -> None:
        """Hold it up after the batches on their way, or let it go on."""
        self.runner.running.pause(self.run)
        self.show()

    def action_stop(self) -> None:
        """Stop after the batches on their way; a second time, cancel at once."""
        self.runner.running.stop(self.run)
        self.show()

    def action_more(self) -> None:
        """More users at once."""
        wanted = self.run.stop.crew.wanted
        self._want(wanted + (STEP if wanted >= 2 * STEP else 1))

    def action_fewer(self) -> None:
        """Fewer users at once."""
        wanted = self.run.stop.crew.wanted
        self._want(wanted - (STEP if wanted > 2 * STEP else 1))

    def _want(self, count: int) -> None:
        self.run.stop.crew.want(count)
        self.paint(layout=True)

    def action_next(self) -> None:
        """The next list."""
        self._turn(1)

    def action_previous(self) -> None:
        """The list before."""
        self._turn(-1)

    def _turn(self, by: int) -> None:
        self.turn(self.kinds[(self.kinds.index(self.lower) + by) % len(self.kinds)])

    @on(Rows.Chosen, "#list")
    def action_open(self) -> None:
        """Whose failures these are, or the user."""
        # Not imported before they are wanted.
        from acconsole.console.screens.failed import FailedScreen
        from acconsole.console.screens.user import UserScreen

        cursor = self.query_one("#list", Rows).cursor
        if cursor < len(self.rowset.causes):
            self.app.push_screen(FailedScreen(self.run, self.rowset.causes[cursor][0]))
        elif user := self.rowset.user(cursor):
            self.app.push_screen(UserScreen(user))

    def action_retry(self) -> None:
        """Plan a rollout over those of whom something failed."""
        failed = tuple(sorted(self.run.progress.causes.users))
        choice = Choice.of(self.run.survey.scope, named="who failed")
        choice.few, choice.only_few, choice.limit = failed, True, None
        self._plan(choice)

    def action_resume(self) -> None:
        """Plan to go on with what is left."""
        self._plan(Choice.of(self.run.survey.scope, resumes=self.run.progress.run))

    def action_everybody(self) -> None:
        """After a canary, plan the rollout over everybody."""
        choice = Choice.of(self.run.survey.scope)
        choice.limit = None
        self._plan(choice)

    def _plan(self, choice: Choice) -> None:
        # Not imported before it is wanted.
        from acconsole.console.modals.rollout import RolloutModal

        choice.wanted = self.run.stop.crew.wanted
        self.app.push_screen(RolloutModal(choice), self._began)

    def _began(self, run: RolloutRun | None) -> None:
        if run:
            self.take(run)

    def action_back(self) -> None:
        """Leave the screen; the rollout goes on."""
        self.dismiss()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What makes no sense now is left out."""
        run, result = self.run, self.run.progress.result
        match action:
            case "pause":
                return not (run.over or run.stop.requested)
            case "stop" | "more" | "fewer":
                return not run.over
            case "open":
                return bool(self.rowset.causes or self.rowset.again or self.rowset.left_out) or None
            case "retry" | "resume" | "everybody" if run.survey.undoes:
                return False  # a plan of a rollout would do again what was taken back
            case "retry":
                return run.over and bool(run.progress.causes.users)
            case "resume":
                return run.over and run.live and (result is None or result.stopped)
            case "everybody":
                return run.over and run.survey.scope.limit is not None and bool(result and not result.stopped)
            case _:
                return True
