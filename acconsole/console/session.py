"""What the console knows, apart from any screen: the connection, the users, glances at them, the run."""

from __future__ import annotations

from collections.abc import Callable, Set
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from acconsole.console import figures
from acconsole.console.filters import Filter
from acconsole.console.glances import Glances
from acconsole.console.past.book import Past
from acconsole.console.scan import Scan
from acconsole.console.shelf import Shelf

if TYPE_CHECKING:
    from acconsole.console.progress import Progress, Track
    from acconsole.console.rollout.progress import RolloutProgress
    from acconsole.engine.events import Stop
    from acconsole.engine.finder import Finder
    from acconsole.engine.history import RunSummary
    from acconsole.engine.model import User
    from acconsole.engine.plan import Plan
    from acconsole.engine.reading import Health
    from acconsole.engine.rollout.crew import Control
    from acconsole.engine.rollout.survey import Survey
    from acconsole.engine.sync import Engine
    from acconsole.errors import AcError
    from acconsole.media.base import MediaType
    from acconsole.settings import Settings

    Connect = Callable[[Callable[[str], None]], AbstractAsyncContextManager[tuple[Settings, Engine]]]


@dataclass(frozen=True, slots=True)
class Label:
    """What the header says of the connection before there is one: profile, its colour, read-only."""

    profile: str = "default"
    colour: str = "purple"
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class PlanWanted:
    """What a plan is to be of. `refs`: of these docs alone, if any. `undoes`: the run that it takes back."""

    action: str
    user: User
    kinds: frozenset[MediaType]
    refs: frozenset[str] = frozenset()
    prune: bool = False
    retry_blocked: bool = False
    undoes: str | None = None


@dataclass(eq=False, slots=True)
class Run:
    """One run that the console started. `over` once its last event has come."""

    plan: Plan
    live: bool
    progress: Progress
    stop: Stop
    over: bool = False
    cancelling: bool = False

    @property
    def what(self) -> str:
        """What it does to whom; the name as its user wrote it."""
        return f"{self.plan.action} {self.plan.user.name}"

    @property
    def kinds(self) -> tuple[MediaType, ...]:
        """The media types that it is about."""
        return self.plan.kinds

    @property
    def bar(self) -> Track:
        """How far it is."""
        return self.progress.all

    @property
    def in_trouble(self) -> bool:
        """Whether something went wrong."""
        return bool(self.progress.error or self.progress.failures)

    @property
    def working_on(self) -> Set[str]:
        """The ids of the users that it is working on now."""
        return {self.plan.user.id}

    def concerns(self, user: str) -> bool:
        """Whether a user is among those that it is about."""
        return user == self.plan.user.id


@dataclass(eq=False, slots=True)
class RolloutRun:
    """One rollout that the console started, after a survey. `over` once its last event has come."""

    survey: Survey
    live: bool
    progress: RolloutProgress
    stop: Control
    over: bool = False
    cancelling: bool = False

    @property
    def what(self) -> str:
        """What it does, to whomever."""
        return self.survey.action

    @property
    def kinds(self) -> tuple[MediaType, ...]:
        """The media types that it is about."""
        return self.survey.scope.kinds

    @property
    def bar(self) -> Track:
        """How far it is."""
        return self.progress.tracks.items

    @property
    def in_trouble(self) -> bool:
        """Whether something went wrong."""
        return self.progress.in_trouble

    @property
    def working_on(self) -> Set[str]:
        """The ids of the users that it is working on now."""
        return self.progress.lanes.users

    def concerns(self, user: str) -> bool:
        """Whether a user is among those that it is about."""
        return self.progress.tracks.share(user) is not None


@dataclass(slots=True)
class Session:
    """Everything that screens read and only the runner writes; but for `marks`, which the list of users sets.

    `again_at`: when connecting is tried again by itself. `failed`: ids of users of whom the last run failed,
    or failed in part. `written_at`: when the last run on a user ended. `died`: live runs that ended without
    an end, and are to be gone on from. Times are epoch times.
    """

    label: Label
    waiting_for: str | None = "the connection"
    waiting_since: float = field(default_factory=figures.now)
    trouble: AcError | None = None
    again_at: float | None = None
    engine: Engine | None = None
    exports: Path = Path()
    users: list[User] = field(default_factory=list)
    finder: Finder | None = None
    health: Health | None = None
    glances: Glances = field(default_factory=Glances)
    reading: set[str] = field(default_factory=set)
    scan: Scan | None = None
    marks: dict[str, None] = field(default_factory=dict)
    failed: set[str] = field(default_factory=set)
    written_at: dict[str, float] = field(default_factory=dict)
    run: Run | RolloutRun | None = None
    died: list[RunSummary] = field(default_factory=list)
    shelf: Shelf = field(default_factory=Shelf)
    past: Past = field(default_factory=Past)
    confirming: int = 0

    @property
    def is_live(self) -> bool:
        """Whether the header says LIVE: a live run is on, or is being confirmed."""
        return self.confirming > 0 or bool(self.run and self.run.live and not self.run.over)

    @property
    def running(self) -> Run | RolloutRun | None:
        """The run that is going on."""
        return self.run if self.run and not self.run.over else None

    @property
    def marked_users(self) -> tuple[str, ...]:
        """The ids of the marked users, in the order in which they were marked."""
        return tuple(self.marks)

    def found(self, chosen: Filter) -> Set[str]:
        """The ids of those whom a filter finds."""
        found = self.glances.found(chosen)
        if chosen is Filter.RUNNING:
            return self.running.working_on if self.running else set()
        return found | self.failed if chosen is Filter.FAILED and self.failed else found
