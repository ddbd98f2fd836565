"""What the console knows, apart from any screen: the connection, the users, glances at them, the run."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from acconsole.console import figures
from acconsole.console.shelf import Shelf

if TYPE_CHECKING:
    from acconsole.console.progress import Progress
    from acconsole.engine.events import Stop
    from acconsole.engine.model import Counts, User
    from acconsole.engine.plan import Plan
    from acconsole.engine.status import UserState
    from acconsole.engine.sync import Engine, Health
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
class Glance:
    """What one look at a user came to: counts without the docs and records behind them."""

    counts: dict[MediaType, Counts]
    account: str
    error: str | None
    read_at: float

    @classmethod
    def of(cls, state: UserState) -> Glance:
        counts = {kind: matched.counts for kind, matched in state.types.items()}
        return cls(counts, state.account, state.error, state.read_at)

    @property
    def to_do(self) -> int:
        """How many docs and records keep the user from being in sync."""
        return sum(counts.to_do for counts in self.counts.values())


@dataclass(frozen=True, slots=True)
class PlanWanted:
    """What a plan is to be of. `refs`: of these docs alone, if there are any."""

    action: str
    user: User
    kinds: frozenset[MediaType]
    refs: frozenset[str] = frozenset()
    prune: bool = False
    retry_blocked: bool = False


@dataclass(eq=False, slots=True)
class Run:
    """One run that the console started. `over` once its last event has come."""

    plan: Plan
    live: bool
    progress: Progress
    stop: Stop
    over: bool = False
    cancelling: bool = False


@dataclass(slots=True)
class Session:
    """Everything that screens read and only the runner writes."""

    label: Label
    waiting_for: str | None = "the connection"
    waiting_since: float = field(default_factory=figures.now)
    trouble: AcError | None = None
    engine: Engine | None = None
    users: list[User] = field(default_factory=list)
    health: Health | None = None
    glances: dict[str, Glance] = field(default_factory=dict)
    reading: set[str] = field(default_factory=set)
    run: Run | None = None
    shelf: Shelf = field(default_factory=Shelf)
    confirming: int = 0

    @property
    def is_live(self) -> bool:
        """Whether the header says LIVE: a live run is on, or is being confirmed."""
        return self.confirming > 0 or bool(self.run and self.run.live and not self.run.over)

    @property
    def running(self) -> Run | None:
        """The run that is going on."""
        return self.run if self.run and not self.run.over else None
