"""How far a rollout is, folded from its events: users, bars, lanes, failures by cause, a log. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from acconsole.console import figures
from acconsole.console.holding import Holding
from acconsole.console.rollout.lanes import Lane
from acconsole.console.rollout.within import Within
from acconsole.engine.events import Event, Failure
from acconsole.engine.model import User
from acconsole.engine.rollout import told
from acconsole.engine.rollout.account import RolloutResult
from acconsole.engine.rollout.lanes import TURNS
from acconsole.errors import AcError
from acconsole.media.base import MediaType


@dataclass(frozen=True, slots=True)
class Again:
    """A user that is to be tried again: when, after how many tries, and why."""

    user: User
    due: float
    tries: int
    reason: str


@dataclass(slots=True)
class RolloutProgress(Within):
    """The whole of what a Rollout screen shows. Feed it every event with the epoch time of its coming."""

    run: str | None = None
    holding: Holding = field(default_factory=Holding)
    again: dict[str, Again] = field(default_factory=dict)
    done: set[str] = field(default_factory=set)
    failed: set[str] = field(default_factory=set)
    turn: told.TurnBegan | None = None
    turn_ended: int = 0
    cut: told.CrewChanged | None = None
    result: RolloutResult | None = None
    error: AcError | None = None
    ended_at: float | None = None
    turns: list[tuple[MediaType, ...]] = field(init=False)
    _left: dict[str, set[MediaType]] = field(init=False)
    _crew: tuple[int, int] | None = None
    _partly: set[str] = field(default_factory=set)
    _tries: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        Within.__post_init__(self)
        self._left = {share.user.id: set(share.tallies) for share in self.survey.shares}
        wanted = set().union(*self._left.values())
        self.turns = [turn for turn in TURNS if wanted & set(turn)]

    # -- what it comes to ----------------------------------------------------------------------------

    @property
    def users(self) -> int:
        """How many users there are to do."""
        return len(self._left)

    @property
    def waiting(self) -> int:
        """How many users are neither in work nor done nor failed."""
        return max(0, self.users - len(self.done) - len(self.failed) - self.lanes.working)

    @property
    def on_the_way(self) -> int:
        """How many users are in work, or have one turn behind them and another before them."""
        return len(self._partly | self.lanes.users)

    @property
    def turn_number(self) -> int:
        """Which of the turns it is, from 1; 0 before the first."""
        kinds = set(self.turn.kinds) if self.turn else set()
        return next((at for at, turn in enumerate(self.turns, 1) if kinds & set(turn)), 0)

    @property
    def in_trouble(self) -> bool:
        """Whether something went wrong."""
        wrong = self.result is not None and (self.result.why is not None or self.result.wrong > 0)
        return bool(self.error or wrong or self.causes.users)

    def seconds_left(self, now: float) -> float | None:
        """How long the rest takes, at a guess; None when that cannot be told."""
        if self.ended_at or self.holding.since is not None:
            return None
        left = self.pace.seconds_left(now, self.holding.seconds(now))
        last = max((each.due for each in self.again.values()), default=now)
        return None if left is None else max(left, last - now)

    # -- folding -------------------------------------------------------------------------------------

    def take(self, event: Event, now: float) -> Failure | None:
        """Fold one event in. It gives no failure back: they are kept by cause, and not told one by one."""
        match event:
            case told.UserMoved(user=user, event=within):
                self.within(user, within, now)
            case told.UserBegan():
                self._began(event)
            case told.UserEnded():
                self._user_ended(event, now)
            case told.RolloutStarted(run=run):
                self.run = run
                self.say(now, f"{'live' if self.live else 'dry'} rollout {run} begins")
            case told.TurnBegan(kinds=kinds, users=users):
                self.turn, self.turn_ended = event, 0
                self.pace.turn(kinds, now, self.holding.seconds(now))
                self.say(now, f"{', '.join(kinds)}: the turn of {figures.plural(users, 'user')}")
            case told.CrewChanged():
                self._crew_changed(event, now)
            case told.RolloutFinished(result=result):
                self._finished(result, now)
            case _:
                pass
        return None

    def end(self, now: float, error: AcError | None = None) -> None:
        """The rollout is over; `error` is what ended it before its time."""
        self.ended_at = self.ended_at or now
        self.pace.ended_at = self.ended_at
        self.holding.end(now)
        self.lanes.end_all(now)
        self.error = error
        if error:
            self.say(now, f"{error.title}: {error.message}", "$bad")

    def _began(self, event: told.UserBegan) -> None:
        user = event.user
        self.again.pop(user.id, None)
        self.failed.discard(user.id)
        self.causes.forget(user, event.kinds)
        tries = self._tries[user.id] = self._tries.get(user.id, 0) + 1
        self.tracks.begin(user.id, event.kinds)
        self.lanes.begin(Lane(user, tries, event.expected.items + event.expected.blobs, event.kinds))

    def _user_ended(self, event: told.UserEnded, now: float) -> None:
        user, lane = event.user, self.lanes.end(event.user.id, now)
        if event.reason and not (lane and lane.whole):
            self.fail(lane, user, Failure(user.name, None, None, None, event.reason), now)
        if lane:
            lane.whole = event.reason
        if event.again is not None:
            reason = event.reason or f"{figures.plural(event.failures, 'item')} failed"
            self.again[user.id] = Again(user, event.again, self._tries.get(user.id, 1), reason)
            self.say(now, f"{user.name} is tried again at {figures.clock(event.again)}", "$todo")
        elif not (lane and lane.stopped):
            self._settle(event)

    def _settle(self, event: told.UserEnded) -> None:
        """A user's turn is over for good."""
        user = event.user
        self.turn_ended += 1
        self._tries.pop(user.id, None)
        self.tracks.settle(user.id, event.kinds, failed=event.reason is not None)
        left = self._left.setdefault(user.id, set())
        left -= set(event.kinds)
        if event.reason:
            self.tracks.give_up(user.id, left)
        if event.reason or (not left and user.id in self.causes.users):
            self.failed.add(user.id)
        elif not left:
            self.done.add(user.id)
        else:
            self._partly.add(user.id)
            return
        self._partly.discard(user.id)

    def _crew_changed(self, event: told.CrewChanged, now: float) -> None:
        """Each cut is told of, and when all are at work again; the steps between are too many to be told."""
        before, wanted = self._crew or (event.wanted, event.wanted)
        at_once = f"{figures.plural(event.limit, 'user')} at once"
        if event.limit >= event.wanted:
            self.cut = None
            self.say(now, f"{at_once} again" if event.wanted == wanted else f"{at_once}: {event.reason}")
        elif event.limit < before:
            self.cut = event
            self.say(now, f"{at_once}: {event.reason}", "$todo")
        self._crew = (event.limit, event.wanted)

    def _finished(self, result: RolloutResult, now: float) -> None:
        self.result, self.ended_at = result, now
        self.say(now, f"stopped: {result.why}" if result.why else "stopped" if result.stopped else "finished")
