"""How far a run is, folded from its events: tracks that never go back, rate, failures, a log. Pure."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field

from acconsole.console import figures
from acconsole.console.holding import Holding
from acconsole.console.videos import Videos, told
from acconsole.engine import events
from acconsole.engine.events import Event, Failure, RunResult
from acconsole.engine.gauges import Gauges
from acconsole.engine.plan import BlockedItem, Plan, Tally
from acconsole.errors import AcError
from acconsole.media.base import MediaType

LOG_LINES = 2000
RATE_SECONDS = 60
"""The sparkline goes back this far, a column a second."""
RATE_WINDOW = 5


@dataclass(slots=True)
class Track:
    """One bar: of `total` items so many are done, failed, left out as done already, on their way."""

    total: int = 0
    done: int = 0
    failed: int = 0
    left_out: int = 0
    doing: int = 0
    blobs: int = 0
    blob_bytes: int = 0
    blobs_total: int = 0

    @property
    def passed(self) -> int:
        """How many items the bar has put behind it; it only grows."""
        return self.done + self.failed + self.left_out


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of the log: an epoch time, the text, and the name of a colour."""

    at: float
    text: str
    tone: str = ""


@dataclass(slots=True)
class Progress:
    """The whole of what a Run screen shows. Feed it every event with the epoch time of its coming."""

    plan: Plan
    live: bool
    started_at: float
    run: str | None = None
    tracks: dict[MediaType, Track] = field(default_factory=dict)
    points: int = 0
    rates: dict[int, int] = field(default_factory=dict)
    failures: Counter[tuple[str, str]] = field(default_factory=Counter)
    log: deque[LogLine] = field(default_factory=lambda: deque(maxlen=LOG_LINES))
    lines_told: int = 0
    gauges: Gauges = field(default_factory=Gauges)
    bypassed: bool = False
    waiting: events.Waiting | None = None
    backup: str | None = None
    result: RunResult | None = None
    error: AcError | None = None
    ended_at: float | None = None
    holding: Holding = field(default_factory=Holding)
    videos: Videos = field(init=False)

    def __post_init__(self) -> None:
        self.videos = Videos(self.plan)
        for kind in MediaType:
            tally = self.plan.tally(kind)
            if tally.items:
                self.tracks[kind] = Track(tally.items, blobs_total=tally.blobs)

    # -- what it comes to ----------------------------------------------------------------------------

    @property
    def all(self) -> Track:
        """Every track in one."""
        tracks = self.tracks.values()
        return Track(*(sum(getattr(track, name) for track in tracks) for name in Track.__slots__))

    def rate(self, now: float) -> float:
        """Items a second, over the last few seconds of the run."""
        now = self.ended_at or now
        since = max(self.started_at, now - RATE_WINDOW)
        if self.ended_at:
            since = self.started_at
        recent = sum(count for second, count in self.rates.items() if second >= int(since))
        return recent / max(now - since, 0.25)

    def columns(self, now: float) -> list[int]:
        """Items in each of the last seconds, oldest first."""
        last = int(self.ended_at or now)
        first = max(int(self.started_at), last - RATE_SECONDS + 1)
        return [self.rates.get(second, 0) for second in range(first, last + 1)]

    def seconds_left(self, now: float) -> float | None:
        """How long the rest takes at the pace of the run so far; None when that cannot be told yet."""
        track, spent = self.all, now - self.started_at - self.holding.seconds(now)
        if self.ended_at or self.holding.since is not None or not track.passed or spent < 0.5:
            return None
        left = (track.total - track.passed) * spent / track.passed
        wait = self.waiting.until - now if self.waiting else 0
        return left + max(wait, 0)

    # -- folding -------------------------------------------------------------------------------------

    def take(self, event: Event, now: float) -> Failure | None:
        """Fold one event in; returns the failure that it tells of, if it does."""
        if not isinstance(event, events.Waiting | events.Budget):
            self.waiting = None
        self.videos.take(event)
        match event:
            case events.Started(run=run):
                self.run = run
                self.say(now, f"{'live run' if self.live else 'dry run'} {run} begins")
            case events.BackupWritten(path=path):
                self.backup = path
                self.say(now, f"backup written and read back: {path}")
            case events.BatchStarted(kind=kind, size=size):
                self._track(kind).doing = size
            case events.BlobStored():
                self._blob(event)
            case events.TapeMade(ref=ref):
                for text, tone in told(self.videos.name(ref), event):
                    self.say(now, text, tone)
            case events.Committed():
                self._committed(event, now)
            case events.Found(kind=kind, done=done):
                self._pass(kind, done, now)
                self.say(now, f"{kind} {_words(done)}: they were there already")
            case events.Linked(kind=kind, count=count, relinked=relinked):
                self._pass(kind, Tally(relink=relinked), now)
                verb = "cleared" if self.plan.action == "wipe" else "linked"
                self.say(now, f"{kind} {verb} in Mongo: {count:,}")
            case events.Withheld(kind=kind, held=held):
                self._pass(kind, held, now)
                self.points += held.points
                self.say(now, f"{kind} would: {_words(held)}")
            case events.Dropped(kind=kind, count=count, reason=reason):
                self._leave_out(kind, count)
                self.say(now, f"{kind} {count:,} left out: {reason}")
            case events.ItemFailed(failure=failure):
                self._failed(failure, now)
            case events.ItemBlocked(item=item):
                self._blocked(item, now)
            case events.Reread(reason=reason, to_do=to_do):
                self.say(now, f"the repo was read again ({reason}); {to_do:,} to do", "$todo")
            case events.Waiting(until=until, reason=reason):
                self.waiting = event
                self.say(now, f"waits until {figures.clock(until)}: {reason}", "$todo")
            case events.Budget():
                self.gauges.take(event)
            case events.Bypassed():
                self.bypassed = True
                self.say(now, "the PDS's rate limits are bypassed")
            case events.Finished(result=result):
                self._finished(result, now)
            case _:
                pass
        return event.failure if isinstance(event, events.ItemFailed) else None

    def end(self, now: float, error: AcError | None = None) -> None:
        """The run is over; `error` is what ended it before its time."""
        self.ended_at = self.ended_at or now
        self.holding.end(now)
        self.error = error
        self.videos.on_the_way.clear()
        if error:
            self.say(now, f"{error.title}: {error.message}", "$bad")

    def _track(self, kind: MediaType) -> Track:
        return self.tracks.setdefault(kind, Track())

    def _pass(self, kind: MediaType, done: Tally, now: float) -> None:
        track = self._track(kind)
        track.done += done.items
        track.doing = max(0, track.doing - done.items)
        # A reread may turn up more than was planned: the bar's end moves, never its front.
        track.total = max(track.total, track.passed)
        self.rates[int(now)] = self.rates.get(int(now), 0) + done.items

    def _leave_out(self, kind: MediaType, count: int) -> None:
        track = self._track(kind)
        track.left_out += count
        track.doing = max(0, track.doing - count)
        track.total = max(track.total, track.passed)

    def _committed(self, event: events.Committed, now: float) -> None:
        done = event.done
        self._pass(event.kind, done, now)
        self._track(event.kind).doing = 0
        self.points += done.points
        commit = figures.middle(event.commit, 6, 4)
        self.say(
            now, f"{event.kind} batch {event.number}: {_words(done)}, commit {commit}, {event.seconds:.2f} s"
        )

    def _blob(self, event: events.BlobStored) -> None:
        track = self._track(event.kind)
        track.blobs += 1
        track.blob_bytes += event.size
        track.blobs_total = max(track.blobs_total, track.blobs)

    def _failed(self, failure: Failure, now: float) -> None:
        kind = failure.kind
        if kind:
            track = self._track(kind)
            track.failed += 1
            track.doing = max(0, track.doing - 1)
            track.total = max(track.total, track.passed)
        self.failures[kind.value if kind else failure.handle, failure.reason] += 1
        what = f"{kind} {failure.ref or failure.rkey or ''}" if kind else failure.handle
        self.say(now, f"failed: {what}: {failure.reason}", "$bad")

    def _blocked(self, item: BlockedItem, now: float) -> None:
        self._leave_out(item.kind, 1)
        self.say(now, f"blocked: {item.kind} {item.ref}: {item.field}: {item.reason}", "$bad")

    def _finished(self, result: RunResult, now: float) -> None:
        self.result = result
        self.ended_at = now
        whole = not result.stopped and all(failure.kind for failure in result.failed)
        for track in self.tracks.values():
            track.doing = 0
            if whole:
                # Every operation was come to; what no event spoke of had nothing left to do.
                track.left_out += track.total - track.passed
        self.say(now, "stopped" if result.stopped else "finished")

    def say(self, now: float, text: str, tone: str = "") -> None:
        """Write a line into the log."""
        self.log.append(LogLine(now, text, tone))
        self.lines_told += 1


def _words(tally: Tally) -> str:
    past = {"create": "create", "update": "update", "delete": "delete", "relink": "relink", "blobs": "upload"}
    parts = [f"{past[name]} {count:,}" for name, count in tally.as_json().items() if count]
    return ", ".join(parts) or "nothing"
