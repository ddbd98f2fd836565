"""Budgets: what the rate limits of a PDS leave. Every limit is a bucket, by what it counts and whose it is.

The windows are fixed, as the PDS counts them: one is opened by the first request after the one before is
over. An answer's headers show only the window with the least left, of all that the request was counted in;
what they do not show is counted here, and no less is left in it than in the one that is shown. What is on its
way counts as spent. Nothing is refused before an answer has shown that the PDS has its limits on.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from acconsole.engine.windows import LIMITS, MARGIN, Answer, Charge, Room, Scope, Told, Window, spent

KEPT_STEPS = 50
"""In so many steps a window's spending is written down, so that the journal does not get a row a request."""


@dataclass(slots=True, eq=False)
class _Bucket:
    """One window. `held`: what is on its way; `settled`: what ever was; `turn`: how often it was emptied."""

    scope: Scope
    key: str
    seconds: int
    most: int
    used: int = 0
    resets: float = 0.0
    held: int = 0
    kept: int = 0
    told: bool = False
    settled: int = 0
    turn: int = 0

    @property
    def left(self) -> int:
        return self.most - self.used - self.held

    def roll(self, now: float) -> _Bucket:
        """Itself, emptied if its time is over."""
        if self.resets and self.resets <= now:
            self.used, self.kept, self.resets = 0, 0, 0.0
            self.turn += 1
        return self

    def window(self) -> Window:
        return Window(self.scope, self.key, self.seconds, self.most, self.used, self.resets)


@dataclass(slots=True, eq=False)
class _Hold:
    """What one request has reserved of a bucket, how that stood then, and whether it opened the window."""

    bucket: _Bucket
    amount: int
    turn: int
    settled: int
    opens: bool


@dataclass(slots=True, eq=False)
class Spending:
    """What a request on its way has reserved; given back to `settle` when it is answered or lost."""

    holds: list[_Hold]


class Budgets:
    """The buckets of one PDS. `key`: a bypass key is sent, so that limits are none unless they show.

    `on`: whether the PDS has its limits on for us; None while that is not known.
    """

    def __init__(self, now: Callable[[], float] = time.time, *, key: bool = False) -> None:
        self.on: bool | None = None
        self._now = now
        self._key = key
        self._limits = {scope: dict(windows) for scope, windows in LIMITS.items()}
        self._sure: set[tuple[Scope, int]] = set()
        self._buckets: dict[tuple[Scope, str], dict[int, _Bucket]] = {}
        self._unkept: dict[tuple[Scope, str, int], Window] = {}

    @property
    def bypassed(self) -> bool:
        """Whether a bypass key keeps the limits off."""
        return self._key and not self.on

    # -- what is left --------------------------------------------------------------------------------

    def windows(self, scope: Scope, key: str = "") -> list[Window]:
        """The windows of a scope as they stand now, those too that nothing has opened."""
        if (scope, key) not in self._buckets:
            return [Window(scope, key, *limit, 0, 0.0) for limit in self._limits[scope].items()]
        return [bucket.window() for bucket in self._of(scope, key)]

    def room(self, scope: Scope, key: str = "") -> Room:
        """How much of a scope may be sent now, by its tightest window."""
        if not self.on:
            return Room(None)
        tight = min(self._of(scope, key), key=lambda bucket: bucket.left)
        return Room(max(0, tight.left), tight.resets)

    def is_told(self, scope: Scope, key: str = "") -> bool:
        """Whether an answer has told what is left of a scope, by the one window or by another."""
        return all(bucket.told for bucket in self._of(scope, key))

    def _of(self, scope: Scope, key: str) -> Sequence[_Bucket]:
        found, now = self._buckets.setdefault((scope, key), {}), self._now()
        for seconds, most in self._limits[scope].items():
            if seconds not in found:
                found[seconds] = _Bucket(scope, key, seconds, most)
        return [bucket.roll(now) for bucket in found.values()]

    # -- spending ------------------------------------------------------------------------------------

    def reserve(self, *charges: Charge) -> Spending:
        """Reserve what a request takes, the narrowest scope first. Raises `BudgetSpent` where it cannot."""
        wanted = [
            (bucket, charge.amount)
            for charge in charges
            if charge.amount > 0
            for bucket in self._of(charge.scope, charge.key)
        ]
        if self.on and (full := [bucket for bucket, amount in wanted if amount > bucket.left]):
            last = max(full, key=lambda bucket: bucket.resets)
            raise spent(last.scope, last.resets)
        spending = Spending([])
        for bucket, amount in wanted:
            spending.holds.append(_Hold(bucket, amount, bucket.turn, bucket.settled, bucket.resets == 0))
            bucket.held += amount
            bucket.resets = bucket.resets or self._now() + bucket.seconds + MARGIN
        return spending

    def settle(self, spending: Spending, answer: Answer | None) -> None:
        """A request was answered, or its answer is lost (None): what it took counts either way."""
        for hold in spending.holds:
            self._count(hold)
        if answer and answer.told:
            self.on = True
            self._believe(spending, answer.told)
        elif answer and answer.good:
            self.on = False
        if answer and answer.refused_until is not None and spending.holds:
            self._close(spending, answer.told, answer.refused_until)
        for hold in spending.holds:
            self._note(hold.bucket)

    def _count(self, hold: _Hold) -> None:
        bucket = hold.bucket.roll(self._now())
        bucket.held -= hold.amount
        bucket.used += hold.amount
        bucket.settled += hold.amount
        if hold.opens or not bucket.resets:
            # The PDS opened it some time after the request was sent, and no later than now.
            bucket.resets = self._now() + bucket.seconds + MARGIN

    def _believe(self, spending: Spending, told: Told) -> None:
        """Set what is counted here right by what an answer shows of the tightest window."""
        shown = self._shown(spending, told)
        for hold in spending.holds:
            bucket = hold.bucket
            if hold.turn != bucket.turn:
                continue  # it tells of a window that is over
            bucket.told = True
            # What was answered while this was on its way may have come to the PDS later, and be in it or not.
            most = max(0, bucket.most - told.left) + bucket.settled - hold.settled - hold.amount
            others = told.most - told.left > bucket.used or told.resets > bucket.resets + 2 * MARGIN
            if bucket is shown and others:
                bucket.used = most
            else:
                bucket.used = min(bucket.used, most)
            bucket.resets = told.resets if bucket is shown else bucket.resets

    def _shown(self, spending: Spending, told: Told) -> _Bucket | None:
        """Which of a request's windows the headers show; what is new in its figures is learnt."""
        if not spending.holds:
            return None
        same = [hold.bucket for hold in spending.holds if hold.bucket.seconds == told.seconds]
        exact = [bucket for bucket in same if bucket.most == told.most]
        unsure = [bucket for bucket in same if (bucket.scope, bucket.seconds) not in self._sure]
        first = spending.holds[0]
        chosen = next(iter(exact or unsure or same), None)
        if chosen is None:
            chosen = _Bucket(first.bucket.scope, first.bucket.key, told.seconds, told.most)
            chosen.used = chosen.settled = first.amount
            self._buckets[chosen.scope, chosen.key][told.seconds] = chosen
            spending.holds.append(_Hold(chosen, first.amount, 0, 0, True))
        self._learn(chosen.scope, told.seconds, told.most)
        return chosen

    def _learn(self, scope: Scope, seconds: int, most: int) -> None:
        self._sure.add((scope, seconds))
        if self._limits[scope].get(seconds) == most:
            return
        self._limits[scope][seconds] = most
        for (each, _), buckets in self._buckets.items():
            if each is scope and seconds in buckets:
                buckets[seconds].most = most

    def _close(self, spending: Spending, told: Told | None, until: float) -> None:
        """Others have spent it: the window that refused is closed until it resets."""
        closed = (told and self._shown(spending, told)) or spending.holds[0].bucket
        closed.used, closed.resets = closed.most, max(until, told.resets if told else until)
        self.on = True
        self._unkept[closed.scope, closed.key, closed.seconds] = closed.window()

    # -- kept ----------------------------------------------------------------------------------------

    def _note(self, bucket: _Bucket) -> None:
        """Have a bucket written down once it has moved by a step."""
        if self.on and abs(bucket.used - bucket.kept) >= max(2, bucket.most // KEPT_STEPS):
            bucket.kept = bucket.used
            self._unkept[bucket.scope, bucket.key, bucket.seconds] = bucket.window()

    def to_keep(self) -> list[Window]:
        """What is to be written down since this was last asked for."""
        windows, self._unkept = list(self._unkept.values()), {}
        return windows

    def carried(self, did: str) -> tuple[Window, ...]:
        """What travels with a user to another machine: the open windows that are counted by the repo."""
        return tuple(window for window in self.windows(Scope.POINTS, did) if window.resets)

    def restore(self, windows: Iterable[Window]) -> None:
        """Take in windows that were kept or have travelled; one whose time is over counts no more."""
        for window in windows:
            if window.resets <= self._now():
                continue
            self.on = True if self.on is None else self.on
            self._limits[window.scope][window.seconds] = window.most
            self._of(window.scope, window.key)
            bucket = self._buckets[window.scope, window.key][window.seconds]
            bucket.most, bucket.used = window.most, max(bucket.used, window.used)
            bucket.kept, bucket.resets = bucket.used, max(bucket.resets, window.resets)
