"""Playing a tape: where it is at a time, whether it stands. Pure: the clock is given."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Player:
    """A tape of some seconds, played over and over. Times are seconds of a clock that never goes back."""

    seconds: float
    playing: bool = True
    _since: float = 0.0
    _from: float = 0.0

    @classmethod
    def started(cls, seconds: float, now: float, *, playing: bool = True) -> Player:
        """One that begins now."""
        return cls(seconds, playing, now)

    def position(self, now: float) -> float:
        """The second of the tape that is shown."""
        if self.seconds <= 0:
            return 0.0
        spent = now - self._since if self.playing else 0.0
        return (self._from + spent) % self.seconds

    def toggle(self, now: float) -> None:
        """Stand still, or go on from there."""
        self._from = self.position(now)
        self._since = now
        self.playing = not self.playing
