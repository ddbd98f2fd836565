"""How long a run was held up by a pause. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Holding:
    """Pauses of one run, in epoch seconds."""

    since: float | None = None
    _before: float = 0.0

    def begin(self, now: float) -> None:
        """The run is held up."""
        if self.since is None:
            self.since = now

    def end(self, now: float) -> None:
        """It goes on."""
        if self.since is not None:
            self._before += now - self.since
            self.since = None

    def seconds(self, now: float) -> float:
        """How long the run was held up, until now."""
        return self._before + (now - self.since if self.since is not None else 0.0)
