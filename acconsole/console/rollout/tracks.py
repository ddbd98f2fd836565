"""What is behind a rollout, by media type: no bar goes back, however often a user is tried. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from acconsole.console.progress import Track
from acconsole.engine.rollout.survey import Share, Survey
from acconsole.media.base import MediaType


@dataclass(slots=True)
class Due:
    """What one user has to do of one bar. `owed`: what failed in an earlier try and was not come to since."""

    expected: int
    passed: int = 0
    failed: int = 0
    owed: int = 0


@dataclass(slots=True)
class Meter:
    """One bar over all users, and what each user in work, or still to be tried again, has to do of it."""

    track: Track = field(default_factory=Track)
    dues: dict[str, Due] = field(default_factory=dict)

    def begin(self, user: str, expected: int) -> None:
        """A user is worked on; `expected` counts the first time only."""
        due = self.dues.setdefault(user, Due(expected))
        due.owed = due.failed

    def put(self, user: str, count: int, *, left_out: bool = False) -> None:
        """So many items are done, or have turned out to need nothing."""
        if left_out:
            self.track.left_out += count
        else:
            self.track.done += count
        due = self.dues.get(user)
        if due is None:
            self._grow(count)
            return
        mended = min(count, due.owed)
        due.owed -= mended
        due.failed -= mended
        self.track.failed -= mended
        self._advance(due, count - mended)

    def fail(self, user: str) -> None:
        """An item failed; one that failed before stays where it is."""
        due = self.dues.get(user)
        if due and due.owed:
            due.owed -= 1
            return
        self.track.failed += 1
        if due is None:
            self._grow(1)
        else:
            due.failed += 1
            self._advance(due, 1)

    def settle(self, user: str, *, failed: bool) -> None:
        """A user is through: what no event spoke of failed with the user, or had nothing left to do."""
        due = self.dues.pop(user, None)
        if due is None:
            return
        rest = max(0, due.expected - due.passed)
        if failed:
            self.track.failed += rest
        else:
            self.track.failed -= due.owed
            self.track.left_out += rest + due.owed

    def give_up(self, user: str) -> None:
        """All that a user has to do has failed; should the user be tried again after all, that is mended."""
        if due := self.dues.get(user):
            rest = max(0, due.expected - due.passed)
            self.track.failed += rest
            due.failed, due.passed = due.failed + rest, due.expected

    def _advance(self, due: Due, count: int) -> None:
        due.passed += count
        if due.passed > due.expected:
            self._grow(due.passed - due.expected)
            due.expected = due.passed

    def _grow(self, count: int) -> None:
        # Both ends of the bar move by as much as was not foreseen, so that its front cannot go back.
        self.track.total += count


class Tracks:
    """A bar a media type, and one for the blobs of all."""

    def __init__(self, survey: Survey) -> None:
        self._shares = {share.user.id: share for share in survey.shares}
        self.kinds: dict[MediaType, Meter] = {}
        for kind in MediaType:
            if items := survey.tally(kind).items:
                self.kinds[kind] = Meter(Track(items))
        self.blobs = Meter(Track(survey.tally().blobs))

    def share(self, user: str) -> Share | None:
        """What the survey found of a user."""
        return self._shares.get(user)

    def of(self, kind: MediaType) -> Meter:
        """The bar of a media type."""
        return self.kinds.setdefault(kind, Meter())

    @property
    def items(self) -> Track:
        """The bars of all media types in one."""
        tracks = [meter.track for meter in self.kinds.values()]
        return Track(
            total=sum(track.total for track in tracks),
            done=sum(track.done for track in tracks),
            failed=sum(track.failed for track in tracks),
            left_out=sum(track.left_out for track in tracks),
        )

    def begin(self, user: str, kinds: Iterable[MediaType]) -> None:
        """It is the turn of these media types of a user."""
        share, blobs = self._shares.get(user), 0
        for kind in kinds:
            tally = share.tallies.get(kind) if share else None
            if tally:
                self.of(kind).begin(user, tally.items)
                blobs += tally.blobs
        if blobs:
            self.blobs.begin(user, blobs)

    def settle(self, user: str, kinds: Iterable[MediaType], *, failed: bool) -> None:
        """The turn of these media types of a user is over for good."""
        for meter in self._meters(kinds):
            meter.settle(user, failed=failed)

    def give_up(self, user: str, kinds: Iterable[MediaType]) -> None:
        """A user failed as a whole: these media types are most likely not come to any more."""
        kinds = list(kinds)
        self.begin(user, kinds)
        for meter in self._meters(kinds):
            meter.give_up(user)

    def _meters(self, kinds: Iterable[MediaType]) -> list[Meter]:
        return [*(self.kinds[kind] for kind in kinds if kind in self.kinds), self.blobs]
