"""Taking a run back, before it is done: the same dialogs as a restore and a rollout have, on the way back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from acconsole.console.inert import inert
from acconsole.console.messages import PlanMade, SurveyMade
from acconsole.console.modals.plan import PlanModal
from acconsole.console.modals.rollout import RolloutModal
from acconsole.console.past.facts import moment
from acconsole.console.rollout.choice import Choice
from acconsole.console.session import PlanWanted
from acconsole.console.widgets.notice import Notice
from acconsole.engine.history import Ending, RunSummary
from acconsole.engine.model import User
from acconsole.media.base import MediaType

if TYPE_CHECKING:
    from acconsole.console.base import ConsoleScreen

_LEFT_OUT = ("first", "marked", "prune", "blocked")


def may_be_undone(run: RunSummary) -> bool:
    """Whether there can be anything to take back, by what is known of it in a line."""
    return run.live and bool(run.users) and run.ending is not Ending.RUNNING


def undo(screen: ConsoleScreen, run: RunSummary, user: User | None) -> None:
    """Open the plan that takes a run back: for one of its users alone, or for all of them."""
    if not may_be_undone(run):
        return
    modal: UndoModal | UndoManyModal
    if user is None and len(run.users) > 1:
        modal = UndoManyModal(run)
    else:
        known = (each for each in screen.session.users if each.id == run.users[0])
        by_name = User(run.users[0], run.names[0].removeprefix("@"))
        modal = UndoModal(run, user or next(known, by_name))
    screen.app.push_screen(modal, screen.console.began)


class UndoModal(PlanModal):
    """What it takes to take back what a run did to one user."""

    def __init__(self, past: RunSummary, user: User) -> None:
        super().__init__("undo", user, tuple(MediaType))
        self.past = past

    @property
    def _wanted(self) -> PlanWanted:
        return PlanWanted("undo", self._user, frozenset(MediaType), undoes=self.past.run)

    def _say(self, news: PlanMade) -> None:
        super()._say(news)
        plan = news.plan
        if plan and plan.is_empty and not plan.problem:
            skipped = "What has changed since is left as it is: see the items." if plan.skipped else ""
            self.query_one(Notice).say(f"Nothing to take back of {self._user.name}.", skipped)

    def _choice(self, width: int) -> Content:
        alone = " for this user alone" if len(self.past.users) > 1 else ""
        return told(self.past, alone).truncate(width, ellipsis=True)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A run is taken back whole."""
        if action in _LEFT_OUT or action.startswith("toggle_"):
            return False
        return super().check_action(action, parameters)


class UndoManyModal(RolloutModal):
    """What it takes to take back what a run did to many users; it looks at once."""

    def __init__(self, past: RunSummary) -> None:
        super().__init__(Choice(few=past.users, named="users of the run", only_few=True))
        self.past = past

    def on_mount(self) -> None:
        self.query_one("#plan").border_title = "Undo"
        super().on_mount()

    def chosen(self) -> None:
        super().chosen()
        self.action_look()

    def _ask(self) -> int:
        return self.runner.rollouts.survey_undo(self.past.run)

    def _made(self, news: SurveyMade) -> None:
        super()._made(news)
        if news.survey and not news.survey.shares:
            skipped = "What has changed since is left as it is." if news.survey.skipped else ""
            self.query_one(Notice).say("Nothing to take back.", skipped)

    def _target(self) -> Content:
        host = self.session.engine.host if self.session.engine else ""
        return Content.assemble(told(self.past), (" on ", "$mute"), inert(host, 40, "bold"))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A run is taken back whole."""
        if action in _LEFT_OUT or action.startswith("toggle_"):
            return False
        return super().check_action(action, parameters)


def told(run: RunSummary, alone: str = "") -> Content:
    """Which run is taken back; `alone` says for whom, where it was over more."""
    return Content.assemble(
        ("Takes back run ", "$mute"),
        (run.run, "bold"),
        (alone, "bold $todo"),
        ", ",
        inert(f"{run.action} of {run.who}", 40),
        (f", {moment(run.began)}", "$mute"),
    )
