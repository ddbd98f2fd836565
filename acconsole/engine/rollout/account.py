"""What a rollout comes to: the whole account, and a row a user for the report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from acconsole.engine.events import Failure, RunResult
from acconsole.engine.model import User
from acconsole.engine.plan import Tally
from acconsole.engine.rollout.part import Done
from acconsole.engine.rollout.survey import Survey
from acconsole.engine.verify import Problem
from acconsole.media.base import MediaType


class UserEnd(StrEnum):
    """How a rollout left a user who had something to do."""

    DONE = "done"
    FAILED = "failed"
    """The whole user, or single items."""
    LEFT_OUT = "left-out"
    """Nothing can be done for who has no account that works."""
    NOT_BEGUN = "not-begun"
    """The rollout was stopped before, or in the middle."""


@dataclass(slots=True)
class Row:
    """One user in the report. `failures` are by turn: a later try takes the place of an earlier."""

    user: User
    planned: Tally
    done: Tally = field(default_factory=Tally)
    attempts: int = 0
    seconds: float = 0.0
    points: int = 0
    turns: set[tuple[MediaType, ...]] = field(default_factory=set)
    failures: dict[tuple[MediaType, ...], tuple[Failure, ...]] = field(default_factory=dict)
    left_out: str | None = None

    @property
    def failed(self) -> list[Failure]:
        """What failed and was not mended by a later try."""
        return [failure for failures in self.failures.values() for failure in failures]

    @property
    def end(self) -> UserEnd:
        if self.left_out:
            return UserEnd.LEFT_OUT
        if self.failed:
            return UserEnd.FAILED
        return UserEnd.NOT_BEGUN if self.turns else UserEnd.DONE

    @property
    def reason(self) -> str | None:
        """Why the user is not done, in a sentence; None when it is, or was not begun."""
        return self.left_out or next((failure.reason for failure in self.failed), None)

    def as_json(self) -> dict[str, Any]:
        """The row as scripts read it."""
        return {
            "handle": self.user.plain_handle,
            "user": self.user.id,
            "did": self.user.did,
            "end": self.end.value,
            "planned": self.planned.as_json(),
            "done": self.done.as_json(),
            "failed": len(self.failed),
            "attempts": self.attempts,
            "points": self.points,
            "seconds": round(self.seconds, 3),
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class RolloutResult(RunResult):
    """The whole account of a rollout. `why` says what stopped it, when it was not the admin.

    `looked` and `in_sync` are of the survey; `ends` counts the others by how they were left. `checked` and
    `wrong`: operations that were looked at again afterwards, and those not as planned.
    """

    looked: int = 0
    in_sync: int = 0
    ends: tuple[tuple[UserEnd, int], ...] = ()
    why: str | None = None
    checked: int = 0
    wrong: int = 0
    problems: tuple[Problem, ...] = ()
    report: str | None = None

    def as_json(self) -> dict[str, Any]:
        ends = {end.value.replace("-", "_"): count for end, count in self.ends}
        problems = [problem.as_json() for problem in self.problems]
        # Not `super()`: a class with slots is made anew, and is not the one that it would look for.
        return {
            **RunResult.as_json(self),
            "users": {"looked": self.looked, "in_sync": self.in_sync, **ends},
            "why": self.why,
            "verified": {"checked": self.checked, "wrong": self.wrong, "problems": problems},
            "report": self.report,
        }


PROBLEMS_KEPT = 1_000
"""Problems that a verification found, of which no more than these are kept."""


class Account:
    """A rollout's account while it is being made."""

    def __init__(self, survey: Survey, turns: Iterable[tuple[MediaType, ...]]) -> None:
        self._survey = survey
        self.rows = {share.user.id: Row(share.user, share.tally) for share in survey.shares}
        for turn in turns:
            for share in survey.shares:
                if share.tallies.keys() & set(turn):
                    self.rows[share.user.id].turns.add(turn)
        self._blocked = {(item.kind, item.ref): (name, item) for name, item in survey.blocked}
        self._skipped = {
            (name, item.kind, item.ref, item.rkey): (name, item) for name, item in survey.skipped
        }
        self.done = Tally()
        self.points = 0
        self.checked = self.wrong = 0
        self.problems: list[Problem] = []

    def is_last(self, user: User, turn: tuple[MediaType, ...]) -> bool:
        """Whether nothing is left to do for a user but this turn."""
        return self.rows[user.id].turns <= {turn}

    def began(self, user: User) -> int:
        """The run comes to a user; the how manieth time that is."""
        row = self.rows[user.id]
        row.attempts += 1
        return row.attempts

    def took(self, user: User, turn: tuple[MediaType, ...], result: RunResult) -> None:
        """A run over one user came to its end, good or bad."""
        row = self.rows[user.id]
        row.done += result.done
        row.seconds += result.seconds
        row.points += result.points
        row.failures[turn] = result.failed
        self.done += result.done
        self.points += result.points
        for name, item in result.blocked:
            self._blocked.setdefault((item.kind, item.ref), (name, item))
        for name, left in result.skipped:
            self._skipped.setdefault((name, left.kind, left.ref, left.rkey), (name, left))

    def ended(self, user: User, turn: tuple[MediaType, ...], done: Done) -> None:
        """A user's turn is over without an error, unless it was stopped with something left to do."""
        row, result = self.rows[user.id], done.result
        if not (result and result.stopped and result.done.items < result.planned.items):
            row.turns.discard(turn)
        if done.result is None:
            row.failures.pop(turn, None)
        if done.verified:
            self.checked += done.verified.checked
            self.wrong += done.verified.wrong
            self.problems += done.verified.problems[: PROBLEMS_KEPT - len(self.problems)]

    def failed(self, user: User, turn: tuple[MediaType, ...], failure: Failure) -> None:
        """A user could not be worked on, or not to the end: then the run has told it, among others."""
        row = self.rows[user.id]
        row.turns.discard(turn)
        if failure not in row.failures.get(turn, ()):
            row.failures[turn] = (failure,)

    def put_back(self, user: User, turn: tuple[MediaType, ...]) -> None:
        """A user's turn comes again; what failed counts as failed until then."""
        self.rows[user.id].turns.add(turn)

    def all_rows(self) -> list[Row]:
        """A row for each user who had something to do, by handle, those left out too."""
        left_out = [Row(user, Tally(), left_out=reason) for user, reason in self._survey.left_out]
        return sorted([*self.rows.values(), *left_out], key=lambda row: row.user.sort_key)

    def result(
        self,
        *,
        run: str,
        live: bool,
        pds_requests: int,
        seconds: float,
        backup: str | None,
        stopped: bool,
        resume_at: float | None,
        why: str | None,
        report: str | None,
    ) -> RolloutResult:
        """The account as it is now."""
        rows = self.all_rows()
        ends = tuple((end, sum(row.end is end for row in rows)) for end in UserEnd)
        return RolloutResult(
            run=run,
            action=self._survey.action,
            live=live,
            planned=self._survey.tally(),
            done=self.done,
            failed=tuple(failure for row in rows for failure in self._failures(row)),
            blocked=tuple(self._blocked.values()),
            skipped=tuple(self._skipped.values()),
            pds_requests=pds_requests,
            points=self.points if live else self._survey.points,
            seconds=seconds,
            backup=backup,
            stopped=stopped,
            resume_at=resume_at,
            looked=self._survey.looked,
            in_sync=self._survey.in_sync,
            ends=ends,
            why=why,
            checked=self.checked,
            wrong=self.wrong,
            problems=tuple(self.problems),
            report=report,
        )

    @staticmethod
    def _failures(row: Row) -> Sequence[Failure]:
        if row.left_out:
            return [Failure(row.user.name, None, None, None, row.left_out)]
        return row.failed
