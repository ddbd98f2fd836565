"""What a run does when something does not answer: wait, try again, and know when to give up."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import ParamSpec, TypeVar

from acconsole.engine.clock import Clock
from acconsole.engine.events import Event, Stop, Waiting
from acconsole.engine.model import Place
from acconsole.engine.tasks import unless
from acconsole.errors import BudgetSpent, Failed, Swapped, Uncertain, Unreachable

P = ParamSpec("P")
T = TypeVar("T")

PAUSES: tuple[float, ...] = (0.5, 1, 2, 4, 8, 15)
"""Seconds between tries of something that does not answer: half a minute in all."""
MAX_STUCK = 3
"""Rounds without progress after which a user is given up."""
MAX_SWAPS = 40
"""Times in a row that other writers may be first; each time shows the repo alive, so there may be more."""


class Patience:
    """Asks again while Mongo or the PDS is out of reach or a budget is spent, and says that it waits.

    `wait` False: a spent budget is not waited for.
    """

    def __init__(self, emit: Callable[[Event], None], stop: Stop, clock: Clock, *, wait: bool) -> None:
        self._emit = emit
        self._stop = stop
        self._clock = clock
        self._wait = wait
        self._told_of = 0.0

    async def of(self, call: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """The call's result, asked for again while it raises `Unreachable`, for half a minute.

        Raises `BudgetSpent` as `afford` does.
        """
        for pause in PAUSES:
            try:
                return await self.afford(call, *args, **kwargs)
            except Unreachable as error:
                moment = self._clock.now() + pause
                self._emit(Waiting(moment, error.message, failed=True))
                await self._clock.until(moment)
        return await self.afford(call, *args, **kwargs)

    async def afford(self, call: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """The call's result, once the budgets have room for it.

        Raises `BudgetSpent` when they have none and the run is not to wait, or stops meanwhile.
        """
        while True:
            try:
                return await call(*args, **kwargs)
            except BudgetSpent as spent:
                if not self._wait or self._stop.requested:
                    raise
                await self.until(spent.resume_at, spent.message)

    async def until(self, moment: float, reason: str) -> None:
        """Wait until an epoch time, or until the run is stopped; of several that wait, one says it."""
        now = self._clock.now()
        moment = max(moment, now + 1)  # what was just refused is not asked for again at once
        if moment > self._told_of or self._told_of <= now:
            self._told_of = moment
            self._emit(Waiting(moment, reason))
        await unless(self._stop.wait, self._clock.until(moment))


@dataclass(slots=True)
class Recovery:
    """How often a run has got nowhere, and which records it suspects."""

    stuck: int = 0
    swaps: int = 0
    suspects: dict[Place, int] = field(default_factory=dict)

    def progressed(self) -> None:
        """A batch went through."""
        self.stuck = self.swaps = 0

    def blames(self, key: Place) -> bool:
        """Whether a record that failed alone is to blame: the second time that it does."""
        self.suspects[key] = self.suspects.get(key, 0) + 1
        return self.suspects[key] > 1

    def swapped(self) -> None:
        """Another writer was first once more. Raises `Failed` when that goes on and on."""
        self.swaps += 1
        if self.swaps > MAX_SWAPS:
            raise Failed(
                f"Another writer was first {MAX_SWAPS} times in a row.",
                "Run it again when the repo is quieter; what was done stays done.",
            )

    async def pause(self, why: Uncertain, isolating: bool, clock: Clock) -> None:
        """Wait a little before reading again. Raises `Failed` after too many rounds without progress.

        `isolating`: a failing batch can still be halved, which is progress of its own.
        """
        if isolating or isinstance(why, Swapped):
            return
        self.stuck += 1
        if self.stuck >= MAX_STUCK:
            raise Failed(
                f"{MAX_STUCK} rounds without progress: {why.message}",
                "Look at the PDS, then run it again; what was done stays done.",
            )
        await clock.until(clock.now() + PAUSES[self.stuck])
