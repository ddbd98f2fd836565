"""What a screen shows of the budgets while a run goes on: the tightest of the windows that were told of."""

from __future__ import annotations

from acconsole.engine.events import Budget
from acconsole.engine.windows import DAY, HOUR, Scope

_THIS = {HOUR: "this hour", DAY: "today"}


class Gauges:
    """A run's windows as they were last told of."""

    def __init__(self) -> None:
        self._told: dict[tuple[Scope, int], Budget] = {}

    def take(self, told: Budget) -> None:
        """One window as it stands now."""
        self._told[told.scope, told.seconds] = told

    def tightest(self, now: float) -> Budget | None:
        """The window of which the most is used; one whose time is over is none any more."""
        open_still = [each for each in self._told.values() if each.reset > now]
        return max(open_still, key=lambda each: each.used / max(each.limit, 1), default=None)


def name(budget: Budget) -> str:
    """`points this hour`, `uploads today`."""
    return f"{budget.scope} {_THIS.get(budget.seconds, f'in {budget.seconds:,} s')}"
