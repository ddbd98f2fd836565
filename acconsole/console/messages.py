"""What the runner tells the app, and the app tells its screens: workers touch no widget."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from acconsole.console.past.account import Account
    from acconsole.console.session import RolloutRun, Run
    from acconsole.console.shelf import Converting
    from acconsole.console.views import View
    from acconsole.engine.events import Failure
    from acconsole.engine.history import RunSummary
    from acconsole.engine.plan import Plan
    from acconsole.engine.rollout.survey import Scope, Survey
    from acconsole.engine.status import UserState
    from acconsole.errors import AcError


class News(Message):
    """Something is known now that was not known before."""


class Stage(News):
    """The console is connected, or waits for something else, or could not connect; see the session."""


class HealthKnown(News):
    """Mongo and the PDS were asked whether they answer."""


class GlanceKnown(News):
    """What a user's status comes to is known; newest wins, for the session holds them all."""

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, GlanceKnown)


class ScanMoved(News):
    """The look at everybody has begun, got further, or ended; newest wins, for the session holds it all."""

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, ScanMoved)


class VerifyMoved(News):
    """Verifying has got further, or is over; newest wins."""

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, VerifyMoved)


class StateRead(News):
    """A user was read in full; `error` when that failed."""

    def __init__(self, user_id: str, state: UserState | None, error: AcError | None = None) -> None:
        super().__init__()
        self.user_id = user_id
        self.state = state
        self.error = error


class PlanMade(News):
    """A plan that was asked for under `ticket` is there; `error` when it could not be made."""

    def __init__(self, ticket: int, plan: Plan | None, error: AcError | None = None) -> None:
        super().__init__()
        self.ticket = ticket
        self.plan = plan
        self.error = error


class PreviewKnown(News):
    """What was asked for under `ticket` can be previewed, as far as `view` goes."""

    def __init__(self, ticket: int, view: View) -> None:
        super().__init__()
        self.ticket = ticket
        self.view = view


class TapesKnown(News):
    """More is known of the tapes, or of their conversions; newest wins, for the session holds it all."""

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, TapesKnown)


class TapeConverted(News):
    """A conversion is over; never coalesced."""

    def __init__(self, one: Converting) -> None:
        super().__init__()
        self.one = one


class RunMoved(News):
    """The run has got further; newest wins."""

    def __init__(self, run: Run | RolloutRun) -> None:
        super().__init__()
        self.run = run

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, RunMoved)


class RunFailure(News):
    """An item of the run failed; never coalesced."""

    def __init__(self, run: Run | RolloutRun, failure: Failure) -> None:
        super().__init__()
        self.run = run
        self.failure = failure


class RunEnded(News):
    """The run is over: its progress holds the account, or why there is none."""

    def __init__(self, run: Run | RolloutRun) -> None:
        super().__init__()
        self.run = run


class SurveyMoved(News):
    """A look at everybody before a rollout has got further; newest wins. `waits_until`: a budget is spent."""

    def __init__(self, ticket: int, survey: Survey, waits_until: float = 0.0) -> None:
        super().__init__()
        self.ticket = ticket
        self.survey = survey
        self.waits_until = waits_until

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, SurveyMoved)


class SurveyMade(News):
    """A survey that was asked for under `ticket` is whole; `error` when it could not be made."""

    def __init__(self, ticket: int, survey: Survey | None, error: AcError | None = None) -> None:
        super().__init__()
        self.ticket = ticket
        self.survey = survey
        self.error = error


class Resumable(News):
    """What a run that died was about is known, so that it can be gone on from; `error` when it is not."""

    def __init__(self, run: RunSummary, scope: Scope | None, error: AcError | None = None) -> None:
        super().__init__()
        self.run = run
        self.scope = scope
        self.error = error


class DiedKnown(News):
    """It is known which runs died before their end; see the session."""


class PastKnown(News):
    """The runs of the past were read, or are being read; newest wins, for the session holds them."""

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, PastKnown)


class RecordKnown(News):
    """A run that was asked for was read in full; `error` when it could not be."""

    def __init__(self, run: str, account: Account | None, error: AcError | None = None) -> None:
        super().__init__()
        self.run = run
        self.account = account
        self.error = error
