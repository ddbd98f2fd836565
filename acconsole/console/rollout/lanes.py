"""The users in work, each in a place of its own on the screen that it keeps until it is done. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from acconsole.engine.model import User
from acconsole.media.base import MediaType

FADES = 20.0
"""Seconds for which a user that is done stays to be seen, unless another one takes the place."""


@dataclass(eq=False, slots=True)
class Lane:
    """One user in work. `waits`: until when, if a budget or a pause after an error holds the user up.

    `verifies`: all is written, and looked at once more.
    """

    user: User
    tries: int
    total: int
    kinds: tuple[MediaType, ...]
    passed: int = 0
    failed: int = 0
    waits: float | None = None
    whole: str | None = None
    ended_at: float | None = None
    stopped: bool = False
    verifies: bool = False

    @property
    def is_bad(self) -> bool:
        """Whether something of the user failed."""
        return self.whole is not None or self.failed > 0


class Lanes:
    """A user takes the first place that is free, so that those in view are the ones in work."""

    def __init__(self) -> None:
        self._places: list[Lane] = []
        self._here: dict[str, int] = {}

    def begin(self, lane: Lane) -> None:
        """A user is worked on."""
        at = next((at for at, each in enumerate(self._places) if each.ended_at is not None), None)
        if at is None:
            at = len(self._places)
            self._places.append(lane)
        else:
            self._places[at] = lane
        self._here[lane.user.id] = at

    def of(self, user: str) -> Lane | None:
        """The user's lane, while the user is in work."""
        at = self._here.get(user)
        return None if at is None else self._places[at]

    def end(self, user: str, now: float) -> Lane | None:
        """The user is not worked on any more; its lane as it was."""
        at = self._here.pop(user, None)
        if at is None:
            return None
        lane = self._places[at]
        lane.ended_at, lane.waits = now, None
        return lane

    def end_all(self, now: float) -> None:
        """Nobody is worked on any more."""
        for user in list(self._here):
            lane = self.end(user, now)
            if lane:
                lane.stopped = True

    @property
    def working(self) -> int:
        """How many users are in work."""
        return len(self._here)

    @property
    def users(self) -> set[str]:
        """The ids of the users in work."""
        return set(self._here)

    def __iter__(self) -> Iterator[Lane]:
        """Those in work."""
        return (self._places[at] for at in self._here.values())

    def shown(self, now: float, room: int) -> list[Lane | None]:
        """The first `room` places; None where nobody is in work and nobody was a short while ago."""
        shown = [lane if _seen(lane, now) else None for lane in self._places[:room]]
        while shown and shown[-1] is None:
            shown.pop()
        return shown

    def beyond(self, room: int) -> int:
        """How many are in work in places that are not among the first `room`."""
        return sum(at >= room for at in self._here.values())


def _seen(lane: Lane, now: float) -> bool:
    return lane.ended_at is None or now - lane.ended_at < FADES
