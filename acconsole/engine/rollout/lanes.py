"""The rollout itself: users taken in turn, each by one writer, the failed ones once more at the end.

Media types whose records need no blobs have the first turn, with everybody; a day's budget of uploads that
runs out in the second holds nobody's texts up. Who fails is tried again when everybody else is through, with
growing pauses. When too many have failed, something is wrong with more than them, and the rollout stops.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from acconsole.engine import events
from acconsole.engine.events import Event, Failure, RunResult
from acconsole.engine.history import Ending
from acconsole.engine.journal import Beginning
from acconsole.engine.plan import Tally
from acconsole.engine.ports import Journal
from acconsole.engine.rollout import report, told
from acconsole.engine.rollout.account import Account, RolloutResult
from acconsole.engine.rollout.crew import Control
from acconsole.engine.rollout.hands import Hands
from acconsole.engine.rollout.limits import Limits
from acconsole.engine.rollout.part import Order
from acconsole.engine.rollout.survey import Share, Survey
from acconsole.engine.tasks import finish
from acconsole.errors import AcError, Held, Unreachable
from acconsole.media.base import MediaType

TURNS = (
    (MediaType.MOODS, MediaType.PIECES, MediaType.KIDLISP),
    (MediaType.PAINTINGS, MediaType.TAPES),
)
"""Media types that have their turn together: those of records alone, then those with blobs."""
PAUSES = (5.0, 20.0, 60.0)
"""Seconds before a user that failed is tried again, each time."""
TICK = 0.2
"""Seconds in which a pause, a stop or a larger crew is noticed."""
SETTLING = 90.0
"""Seconds that users in work get to see their batches to the end, when the rollout is torn down."""

Turn = tuple[MediaType, ...]


@dataclass(frozen=True, slots=True)
class How:
    """How a rollout is carried out. `max_failures`: users that may fail; None for the usual share.

    `max_deletes` is for each user; `wait`: spent budgets are waited for.
    """

    beginning: Beginning
    state_dir: Path
    lease_seconds: float
    max_deletes: int | None = None
    max_failures: int | None = None
    wait: bool = True


@dataclass(slots=True)
class _Again:
    """A user that waits for another try."""

    due: float
    share: Share


class Rollout:
    """One rollout. `go` is called once; every event goes through `emit`."""

    def __init__(
        self,
        survey: Survey,
        hands: Hands,
        journal: Journal,
        how: How,
        *,
        control: Control,
        emit: Callable[[Event], None],
    ) -> None:
        chosen = set(survey.scope.kinds)
        self._turns = [turn for turn in (tuple(k for k in each if k in chosen) for each in TURNS) if turn]
        self._survey = survey
        self._hands = hands
        self._journal = journal
        self._how = how
        self._control = control
        self._emit = emit
        self._account = Account(survey, self._turns)
        self._tries: Counter[tuple[str, Turn]] = Counter()
        self._limits = Limits(survey.looked, how.max_failures)
        self._why: str | None = None
        self._backed_up = False
        control.crew.on_change(self._crew_changed)

    # -- the whole -----------------------------------------------------------------------------------

    async def go(self) -> None:
        """Do every turn; `RolloutFinished` is emitted whatever happens but a cancellation.

        Raises `JournalError` before anything is begun; `Unreachable` when that is what stopped it.
        """
        began, sent = time.monotonic(), self._hands.requests
        beginning = self._how.beginning
        await self._journal.begin(beginning)
        self._emit(told.RolloutStarted(beginning.run, self._survey, beginning.live))
        ending = Ending.FAILED
        try:
            for turn in self._turns:
                await self._take(turn)
            ending = Ending.STOPPED if self._control.requested else Ending.FINISHED
        except asyncio.CancelledError:
            self._control.request()
            ending = Ending.STOPPED
            raise
        finally:
            result = await self._result(time.monotonic() - began, self._hands.requests - sent)
            await self._journal.end(beginning.run, ending, result.as_json())
        self._emit(told.RolloutFinished(result))
        if self._why and self._limits.is_unreachable:
            raise Unreachable(self._why, "Look at Mongo and at the PDS, then go on with --resume.")

    async def _result(self, seconds: float, requests: int) -> RolloutResult:
        how = self._how
        folder = how.state_dir / "runs" / how.beginning.run
        result = self._account.result(
            run=how.beginning.run,
            live=how.beginning.live,
            pds_requests=requests,
            seconds=seconds,
            backup=str(folder) if self._backed_up else None,
            stopped=self._control.requested,
            resume_at=self._limits.resume_at,
            why=self._why,
            report=str(folder) if how.beginning.live else None,
        )
        if how.beginning.live:
            # The journal and `--json` have the account too: a full disk is no reason to lose it here.
            with suppress(OSError):
                await asyncio.to_thread(report.write, folder, result, self._account.all_rows())
        return result

    # -- one turn ------------------------------------------------------------------------------------

    async def _take(self, turn: Turn) -> None:
        """Do everybody's share of these media types, and those again that failed."""
        queue = deque(
            share
            for share in self._survey.shares
            if share.tallies.keys() & set(turn) and not self._limits.has_failed(share.user.id)
        )
        if queue and not self._control.requested:
            self._emit(told.TurnBegan(turn, len(queue)))
        again: list[_Again] = []
        working: set[asyncio.Task[_Again | None]] = set()
        try:
            while working or ((queue or again) and not self._control.requested):
                self._begin(turn, queue, again, working)
                done = await self._some(working)
                working -= done
                again += [waits for task in done if (waits := task.result())]
        finally:
            for task in working:
                task.cancel()
            if working:
                await finish(asyncio.gather(*working, return_exceptions=True), SETTLING)

    def _begin(
        self,
        turn: Turn,
        queue: deque[Share],
        again: list[_Again],
        working: set[asyncio.Task[_Again | None]],
    ) -> None:
        """Begin with as many users as may be worked on now; those that failed come after all others."""
        control = self._control
        while len(working) < control.crew.limit and not control.requested and not control.paused:
            if queue:
                share = queue.popleft()
            elif due := next((each for each in again if each.due <= time.time()), None):
                again.remove(due)
                share = due.share
            else:
                return
            working.add(asyncio.create_task(self._one(share, turn)))

    async def _some(self, working: set[asyncio.Task[_Again | None]]) -> set[asyncio.Task[_Again | None]]:
        """Those that are done, after a moment at most."""
        if not working:
            await asyncio.sleep(TICK)
            return set()
        done, _ = await asyncio.wait(working, timeout=TICK, return_when=asyncio.FIRST_COMPLETED)
        return done

    # -- one user ------------------------------------------------------------------------------------

    async def _one(self, share: Share, turn: Turn) -> _Again | None:
        """Work on one user; when the user is to be tried again, since when."""
        user = share.user
        self._tries[user.id, turn] += 1
        order = self._order(share, turn)
        expected = sum((share.tallies[kind] for kind in turn if kind in share.tallies), Tally())
        self._emit(told.UserBegan(user, turn, order.attempt, expected))

        def emit(event: Event) -> None:
            self._heed(share, turn, event)
            self._emit(told.UserMoved(user, event))

        try:
            done = await self._hands.do(order, emit=emit, stop=self._control)
        except AcError as error:
            return self._failed(share, turn, error)
        self._account.ended(user, turn, done)
        return self._ended(share, turn, done.result)

    def _order(self, share: Share, turn: Turn) -> Order:
        how, scope = self._how, self._survey.scope
        return Order(
            beginning=how.beginning,
            user=share.user,
            kinds=turn,
            chosen=scope.choice,
            attempt=self._account.began(share.user),
            max_deletes=how.max_deletes,
            wait=how.wait,
            lease_seconds=how.lease_seconds,
            last=self._account.is_last(share.user, turn),
        )

    def _heed(self, share: Share, turn: Turn, event: Event) -> None:
        """What of a user's run concerns the whole."""
        crew = self._control.crew
        match event:
            case events.Committed(seconds=seconds):
                crew.committed(seconds)
            case events.Reread(failed=True, reason=reason) | events.Waiting(failed=True, reason=reason):
                crew.failed(reason)
            case events.BackupWritten():
                self._backed_up = True
            case events.Finished(result=result):
                self._account.took(share.user, turn, result)
            case _:
                pass

    def _failed(self, share: Share, turn: Turn, error: AcError) -> _Again | None:
        """A user could not be worked on, or not to the end."""
        user = share.user
        failure = Failure.of_user(user.name, error)
        self._account.failed(user, turn, failure)
        if not isinstance(error, Held):  # whoever holds the user sees to it
            self._limits.failed(user.id, error.message, unreachable=isinstance(error, Unreachable))
        return self._tell(share, turn, (failure,), again=failure.again or isinstance(error, Held))

    def _ended(self, share: Share, turn: Turn, result: RunResult | None) -> _Again | None:
        """A user's run came to its end, good or bad."""
        failed = result.failed if result else ()
        whole = next((failure for failure in failed if failure.kind is None), None)
        spent = result.resume_at if result else None
        if spent:
            self._limits.spent(share.user.id, spent)
        elif whole:
            self._limits.failed(share.user.id, whole.reason, unreachable=False)
        else:
            self._limits.mended(share.user.id)
        again = not spent and any(failure.again for failure in failed)
        return self._tell(share, turn, failed, again=again)

    def _tell(self, share: Share, turn: Turn, failed: tuple[Failure, ...], *, again: bool) -> _Again | None:
        """Tell that a user's turn is over, and give when it comes again, if so."""
        if (why := self._limits.reason_to_stop) and not self._control.requested:
            self._why = why
            self._control.request()
        user, tries = share.user, self._tries[share.user.id, turn]
        due = None
        if again and tries <= len(PAUSES) and not self._control.requested:
            due = time.time() + PAUSES[tries - 1]
            self._account.put_back(user, turn)
        whole = next((failure.reason for failure in failed if failure.kind is None), None)
        items = sum(failure.kind is not None for failure in failed)
        self._emit(told.UserEnded(user, turn, items, whole, due))
        return None if due is None else _Again(due, share)

    def _crew_changed(self, limit: int, reason: str) -> None:
        self._emit(told.CrewChanged(limit, self._control.crew.wanted, reason))
