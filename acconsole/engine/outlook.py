"""What a plan costs of the PDS's budgets, whether it pauses for them, and when it is done. Pure."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from acconsole.engine.batches import MAX_WRITES
from acconsole.engine.budgets import Budgets
from acconsole.engine.plan import Action, Plan
from acconsole.engine.windows import DAY, HOUR, Scope, Window

RECORDS_A_SECOND = 1_300
"""In full batches, on the reference PDS with two cores."""
SECONDS_A_LOGIN = 0.05
SECONDS_A_PICTURE = 0.1
SECONDS_A_VIDEO = 2.0
"""Fetched, made and stored, on a machine of two cores."""
USUAL_REQUESTS = 5
"""What a user costs beside batches and uploads: the login, the blobs that are there, a look at the end."""
_PER = {300: "in 5 minutes", HOUR: "an hour", DAY: "a day"}


@dataclass(frozen=True, slots=True)
class Cost:
    """What there is to do for one user: `points` of the repo, `uploads` from our address, and
    `videos` among these.
    """

    did: str
    points: int
    uploads: int
    operations: int
    videos: int = 0

    @classmethod
    def of(cls, plan: Plan) -> Cost:
        """What a plan costs."""
        tally = plan.tally()
        return cls(plan.user.did or "", plan.points, tally.blobs, tally.items, plan.videos)

    @property
    def requests(self) -> int:
        """About how many requests are sent, `getRepo` left out."""
        return USUAL_REQUESTS + self.uploads + -(-self.operations // MAX_WRITES)

    @property
    def seconds(self) -> float:
        """How long it takes where nothing holds it up."""
        pictures, records = self.uploads - self.videos, self.operations / RECORDS_A_SECOND
        media = pictures * SECONDS_A_PICTURE + self.videos * SECONDS_A_VIDEO
        return SECONDS_A_LOGIN + records + media


class Limits(StrEnum):
    """What is known of a PDS's limits: whether they are on, or our key bypasses them."""

    UNKNOWN = "unknown"
    OFF = "off"
    ON = "on"
    BYPASSED = "bypassed"


@dataclass(frozen=True, slots=True)
class Pauses:
    """How often, and until when, a window has something wait; `window` is the last that does."""

    until: float
    times: int = 0
    window: Window | None = None


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a run costs and when it is done. `work`: seconds of it without waits; times are epoch seconds.

    `pauses`: for the budgets as they stand; where limits are not known to be on, for those that may be.
    """

    points: int
    uploads: int
    limits: Limits
    now: float
    work: float
    pauses: Pauses
    hourly: int
    users: int = 1

    @property
    def waits(self) -> bool:
        """Whether it is known that a budget has it wait."""
        return self.limits is Limits.ON and self.pauses.times > 0

    @property
    def ends(self) -> float:
        """When it is done, if it begins now."""
        return self.now + self.work + (self.pauses.until - self.now if self.waits else 0)

    def words(self, roughly: Callable[[float], str]) -> str:
        """The outlook in a sentence or two; `roughly` gives a length of time in words."""
        takes, times = f"takes {roughly(self.work)}", _times(self.pauses.times)
        match self.limits:
            case Limits.BYPASSED:
                return f"{self.points:,} points: the rate limits are bypassed; {takes}."
            case Limits.OFF:
                return f"{self._head}, but the PDS has its limits off; {takes}."
            case Limits.ON if self.waits:
                return f"{self._head}: pauses {times}, done about {_clock(self.ends, self.now)}."
            case _ if self.pauses.times and self.limits is Limits.UNKNOWN:
                return f"{self._head}; {takes}. A PDS that has its limits on makes it pause {times}."
            case _:
                return f"{self._head}; {takes}."

    @property
    def _head(self) -> str:
        """The cost, against the window that binds."""
        binds = self.pauses.window
        if binds is None or binds.scope is Scope.POINTS:
            most, per = (binds.most, binds.seconds) if binds else (self.hourly, HOUR)
            each = f" for each of {self.users:,} users" if self.users > 1 else ""
            return f"{self.points:,} points of {most:,} {_per(per)}{each}"
        of = f" of {binds.most:,} {_per(binds.seconds)}"
        if binds.scope is Scope.UPLOADS:
            return f"{self.points:,} points, {self.uploads:,} uploads{of}"
        return f"{self.points:,} points, {binds.scope}{of}"


def outlook(costs: Iterable[Cost], budgets: Budgets, now: float) -> Outlook:
    """What users cost together, each repo's points by themselves, and when all are done."""
    users = points = uploads = requests = reads = 0
    work, pauses = 0.0, Pauses(now)
    for cost in costs:
        users, points, uploads = users + 1, points + cost.points, uploads + cost.uploads
        requests, reads = requests + cost.requests, reads + 2
        work += cost.seconds
        windows = budgets.windows(Scope.POINTS, cost.did)
        pauses = _later(pauses, _through(windows, cost.points, Action.CREATE.points, now))
    for scope, amount in ((Scope.UPLOADS, uploads), (Scope.REQUESTS, requests), (Scope.READS, reads)):
        pauses = _later(pauses, _through(budgets.windows(scope), amount, 1, now))
    hourly = next((each.most for each in budgets.windows(Scope.POINTS) if each.seconds == HOUR), 0)
    return Outlook(points, uploads, _limits(budgets), now, work, pauses, hourly, users)


def _limits(budgets: Budgets) -> Limits:
    if budgets.bypassed:
        return Limits.BYPASSED
    return {None: Limits.UNKNOWN, False: Limits.OFF, True: Limits.ON}[budgets.on]


def _later(one: Pauses, other: Pauses) -> Pauses:
    """Budgets are waited for at the same time: the latest counts."""
    return max(one, other, key=lambda pauses: pauses.until)


def _through(windows: Sequence[Window], amount: int, unit: int, now: float) -> Pauses:
    """How an amount goes through windows, as much at once as each leaves, a whole number of `unit`s."""
    left = {each: each.most - each.used if each.resets > now else each.most for each in windows}
    resets = {each: each.resets if each.resets > now else now + each.seconds for each in windows}
    at, times, binds = now, 0, None
    while windows and amount > 0:
        room = min(left.values())
        if room >= min(unit, amount):
            taken = min(amount, room // unit * unit or room)
            amount -= taken
            left = {each: rest - taken for each, rest in left.items()}
            continue
        full = [each for each in windows if left[each] < min(unit, amount)]
        binds = max(full, key=resets.__getitem__)
        at, times = resets[binds], times + 1
        for each in windows:
            if resets[each] <= at:
                left[each], resets[each] = max(each.most, unit), at + each.seconds
    return Pauses(at, times, binds)


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count:,} times"


def _per(seconds: int) -> str:
    return _PER.get(seconds, f"in {seconds:,} s")


def _clock(moment: float, now: float) -> str:
    """A time of day, with its date when that is not today's."""
    there, here = time.localtime(moment), time.localtime(now)
    return time.strftime("%H:%M" if there[:3] == here[:3] else "%Y-%m-%d %H:%M", there)
