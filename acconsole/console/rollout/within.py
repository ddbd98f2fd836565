"""What single users' runs tell within a rollout: bars, lanes, failures, waits, a log. Pure."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from acconsole.console import figures
from acconsole.console.progress import LOG_LINES, LogLine
from acconsole.console.rollout.causes import Causes
from acconsole.console.rollout.lanes import Lane, Lanes
from acconsole.console.rollout.pace import Pace
from acconsole.console.rollout.tracks import Tracks
from acconsole.engine import events
from acconsole.engine.events import Event, Failure
from acconsole.engine.gauges import Gauges
from acconsole.engine.model import User
from acconsole.engine.plan import Tally
from acconsole.engine.rollout.survey import Survey
from acconsole.engine.windows import Scope
from acconsole.media.base import MediaType

SHARED = (Scope.UPLOADS, Scope.REQUESTS, Scope.READS)
"""The budgets that all users draw on; the others are each user's own."""


@dataclass(slots=True)
class Within:
    """What the runs over single users have come to, and the log."""

    survey: Survey
    live: bool
    started_at: float
    lanes: Lanes = field(default_factory=Lanes)
    causes: Causes = field(default_factory=Causes)
    points: int = 0
    gauges: Gauges = field(default_factory=Gauges)
    bypassed: bool = False
    log: deque[LogLine] = field(default_factory=lambda: deque(maxlen=LOG_LINES))
    lines_told: int = 0
    tracks: Tracks = field(init=False)
    pace: Pace = field(init=False)
    _waits_told: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.tracks = Tracks(self.survey)
        self.pace = Pace(self.tracks, self.started_at, sum(share.videos for share in self.survey.shares))

    def say(self, now: float, text: str, tone: str = "") -> None:
        """Write a line into the log."""
        self.log.append(LogLine(now, text, tone))
        self.lines_told += 1

    def within(self, user: User, event: Event, now: float) -> None:
        """Fold in what happened in the run over one user."""
        lane = self.lanes.of(user.id)
        if lane and not isinstance(event, events.Waiting | events.Budget):
            lane.waits = None
        match event:
            case events.Committed(kind=kind, done=done) | events.Found(kind=kind, done=done):
                self._put(lane, user, kind, done, now)
            case events.Linked(kind=kind, relinked=relinked):
                self._put(lane, user, kind, Tally(relink=relinked), now)
            case events.Withheld(kind=kind, held=held):
                self._put(lane, user, kind, held, now)
                self._blobs(lane, user, held.blobs, now)
            case events.BlobStored():
                self._blobs(lane, user, 1, now)
            case events.TapeMade():
                self.pace.videos_made += 1
            case events.Dropped(kind=kind, count=count):
                self._leave_out(lane, user, kind, count)
            case events.ItemFailed(failure=failure):
                self.fail(lane, user, failure, now)
            case events.Started(plan=plan) if lane:
                lane.total = plan.tally().items + plan.tally().blobs
            case events.Finished(result=result) if lane:
                lane.stopped = result.stopped or result.resume_at is not None
                lane.verifies = True
            case _:
                self._aside(lane, user, event, now)

    def _aside(self, lane: Lane | None, user: User, event: Event, now: float) -> None:
        """What moves no bar."""
        match event:
            case events.ItemBlocked(item=item):
                self._leave_out(lane, user, item.kind, 1)
                self.say(
                    now, f"blocked: {user.name} {item.kind} {item.ref}: {item.field}: {item.reason}", "$bad"
                )
            case events.Reread(reason=reason):
                self.say(now, f"{user.name}: the repo was read again ({reason})", "$todo")
            case events.Waiting(until=until, reason=reason):
                if lane:
                    lane.waits = until
                # Fifty users that wait for the same are told of once.
                if self._waits_told.get(reason, 0.0) < now:
                    self._waits_told[reason] = until
                    self.say(now, f"{user.name} waits until {figures.clock(until)}: {reason}", "$todo")
            case events.Budget(scope=scope) if scope in SHARED:
                self.gauges.take(event)
            case events.Bypassed():
                self.bypassed = True
            case _:
                pass

    def _put(self, lane: Lane | None, user: User, kind: MediaType, done: Tally, now: float) -> None:
        self.tracks.of(kind).put(user.id, done.items)
        self.pace.put(now, done.items)
        self.points += done.points
        if lane:
            lane.passed += done.items

    def _blobs(self, lane: Lane | None, user: User, count: int, now: float) -> None:
        if count:
            self.tracks.blobs.put(user.id, count)
            self.pace.put_blobs(now, count)
        if lane:
            lane.passed += count

    def _leave_out(self, lane: Lane | None, user: User, kind: MediaType, count: int) -> None:
        self.tracks.of(kind).put(user.id, count, left_out=True)
        if lane:
            lane.passed += count

    def fail(self, lane: Lane | None, user: User, failure: Failure, now: float) -> None:
        """An item failed, or a whole user."""
        if failure.kind:
            self.tracks.of(failure.kind).fail(user.id)
        if lane and failure.kind:
            lane.failed += 1
        elif lane:
            lane.whole = failure.reason
        self.causes.add(user, lane.kinds if lane else (), failure)
        what = (
            f"{user.name} {failure.kind} {failure.ref or failure.rkey or ''}" if failure.kind else user.name
        )
        self.say(now, f"failed: {what}: {failure.reason}", "$bad")
