"""What a rollout tells while it runs. What single users' runs tell comes in `UserMoved`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from acconsole.engine.events import Event
from acconsole.engine.model import User
from acconsole.engine.plan import Tally
from acconsole.media.base import MediaType

if TYPE_CHECKING:
    from acconsole.engine.rollout.account import RolloutResult
    from acconsole.engine.rollout.survey import Survey


@dataclass(frozen=True, slots=True)
class RolloutStarted(Event):
    """The rollout begins. `live` False: a dry run, in which every write is refused at the leaf."""

    run: str
    survey: Survey
    live: bool


@dataclass(frozen=True, slots=True)
class TurnBegan(Event):
    """It is the turn of media types that belong together: `users` have something to do of them."""

    kinds: tuple[MediaType, ...]
    users: int


@dataclass(frozen=True, slots=True)
class UserBegan(Event):
    """A user is worked on, the `attempt`th time. `expected`: what the survey found to do."""

    user: User
    kinds: tuple[MediaType, ...]
    attempt: int
    expected: Tally


@dataclass(frozen=True, slots=True)
class UserMoved(Event):
    """Something happened in the run over one user."""

    user: User
    event: Event


@dataclass(frozen=True, slots=True)
class UserEnded(Event):
    """A user's turn is over. `failures`: how many items failed; `reason` says why the whole user did.

    `again`: the epoch time from which the user is tried again, if so.
    """

    user: User
    kinds: tuple[MediaType, ...]
    failures: int = 0
    reason: str | None = None
    again: float | None = None


@dataclass(frozen=True, slots=True)
class CrewChanged(Event):
    """From now on so many users are worked on at the same time; why."""

    limit: int
    wanted: int
    reason: str


@dataclass(frozen=True, slots=True)
class RolloutFinished(Event):
    """The rollout is over: the account of it. It is the last event."""

    result: RolloutResult
