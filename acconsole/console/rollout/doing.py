"""The runner's work for rollouts: looks at everybody, starts them, and finds runs that died."""

from __future__ import annotations

import itertools
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING

from acconsole.console import figures
from acconsole.console.messages import DiedKnown, Resumable, SurveyMade, SurveyMoved
from acconsole.console.session import RolloutRun
from acconsole.console.trouble import as_trouble

if TYPE_CHECKING:
    from acconsole.console.runner import Runner
    from acconsole.engine.events import Event
    from acconsole.engine.history import RunSummary
    from acconsole.engine.rollout.survey import Scope, Survey
    from acconsole.errors import BudgetSpent

COALESCE = 0.1


class Rollouts:
    """One survey at a time, and one run at a time of whatever kind."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._tickets = itertools.count(1)

    # -- before --------------------------------------------------------------------------------------

    def survey(self, scope: Scope) -> int:
        """Look at everybody in the scope; `SurveyMade` with the returned ticket tells the outcome."""
        ticket = next(self._tickets)
        self._runner.start(partial(self._survey, ticket, scope), "survey", exclusive=True)
        return ticket

    def survey_undo(self, run: str) -> int:
        """Look at what there is to take back of a run over many users; `SurveyMade` tells likewise."""
        ticket = next(self._tickets)
        self._runner.start(partial(self._survey_undo, ticket, run), "survey", exclusive=True)
        return ticket

    def give_up_survey(self) -> None:
        """Nobody waits for the survey any more."""
        self._runner.start(_nothing, "survey", exclusive=True)

    def _telling(self, ticket: int) -> Callable[[Survey], None]:
        """Tells of a survey as it grows, now and then."""
        last = 0.0

        def told(survey: Survey) -> None:
            nonlocal last
            if time.monotonic() - last >= COALESCE:
                last = time.monotonic()
                self._runner.post(SurveyMoved(ticket, survey))

        return told

    async def _survey_undo(self, ticket: int, run: str) -> None:
        try:
            survey = await self._runner.engine.survey_undo(run, self._telling(ticket))
        except Exception as error:
            self._runner.post(SurveyMade(ticket, None, as_trouble(error)))
            return
        self._runner.post(SurveyMade(ticket, survey))

    async def _survey(self, ticket: int, scope: Scope) -> None:
        runner, told = self._runner, self._telling(ticket)

        def waits(spent: BudgetSpent) -> None:
            runner.post(SurveyMoved(ticket, made, spent.resume_at))

        # Both would read the same repos at the same time; what the survey has read the scan need not read.
        was_scanning = await runner.looking.hold()
        try:
            # Imported here: the first paint does without it.
            from acconsole.engine.rollout.survey import Survey

            made = Survey(scope, runner.engine.host)
            survey = await runner.engine.survey(scope, told, waits)
        except Exception as error:
            runner.post(SurveyMade(ticket, None, as_trouble(error)))
            return
        finally:
            if was_scanning:
                runner.looking.scan()
        runner.post(SurveyMade(ticket, survey))

    # -- a rollout -----------------------------------------------------------------------------------

    def begin(
        self, survey: Survey, *, live: bool, wanted: int | None = None, resumes: str | None = None
    ) -> RolloutRun | None:
        """Start a rollout; None while another run is going on.

        `wanted`: how many users at once; `resumes`: the run that it goes on from.
        """
        from acconsole.console.rollout.progress import RolloutProgress
        from acconsole.engine.rollout.crew import USUAL, Control

        runner = self._runner
        if runner.session.running:
            return None
        control = Control(wanted or USUAL)
        run = RolloutRun(survey, live, RolloutProgress(survey, live, figures.now()), control)
        events = runner.engine.rollout(survey, live=live, control=control, resumes=resumes)
        runner.running.begin(run, self._heeded(run, events))
        return run

    async def _heeded(
        self, run: RolloutRun, events: AsyncGenerator[Event, None]
    ) -> AsyncGenerator[Event, None]:
        """The events as they are. What was known of a user who was written to does not hold any more."""
        from acconsole.engine.rollout.told import UserEnded

        looking = self._runner.looking
        async with aclosing(events) as stream:
            async for event in stream:
                yield event
                if isinstance(event, UserEnded) and run.live and event.again is None:
                    looking.forget_user(event.user.id, failed=event.user.id in run.progress.failed)

    # -- runs that died ------------------------------------------------------------------------------

    def look_for_died(self) -> None:
        """Ask the journal which runs died; `DiedKnown` tells."""
        self._runner.start(self._look_for_died, "died", exclusive=True)

    async def _look_for_died(self) -> None:
        try:
            self._runner.session.died = await self._runner.engine.died()
        except Exception as error:
            # A journal that cannot be read is told of where it matters: a live run is refused without it.
            as_trouble(error)
            return
        self._runner.post(DiedKnown())

    def resume(self, run: RunSummary) -> None:
        """Find out what a run that died was about; `Resumable` tells."""
        self._runner.start(partial(self._resume, run), "resume", exclusive=True)

    async def _resume(self, run: RunSummary) -> None:
        from acconsole.engine.rollout.survey import Scope
        from acconsole.media.base import MediaType

        engine = self._runner.engine
        try:
            if run.action == "rollout":
                _, scope, _ = await engine.resumed(run.run)
            else:
                options = (await engine.run_record(run.run)).beginning.options
                scope = Scope(tuple(map(MediaType, options.get("types", MediaType))), run.users)
        except Exception as error:
            self._runner.post(Resumable(run, None, as_trouble(error)))
            return
        self._runner.post(Resumable(run, scope))


async def _nothing() -> None:
    """Takes the place of a survey that is given up."""
