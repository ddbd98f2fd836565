"""How many users are worked on at the same time: as many as were asked for, fewer while the PDS suffers.

The PDS shows how it is by how long its commits take and by what it fails at. Trouble takes a third of the
crew away, slowness a tenth, at most once in a while; each commit that was quick brings a little of it back.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from acconsole.engine.events import Stop

USUAL = 50
"""Users at once when nothing else is said."""
HARD_TOP = 200
"""Never more users at once, whatever is asked for."""
SLOW = 4.0
"""Seconds of a commit from which the PDS counts as slow; alone, a full batch takes it some 0.15."""
QUICK = 2.0
"""Seconds of a commit below which it has room for more."""
EVERY = 5.0
"""Seconds between two cuts: what was begun before the last one tells nothing new."""

Changed = Callable[[int, str], None]
"""Is told how many users are worked on from now on, and why."""


class Crew:
    """`limit` is how many users may be worked on now; `wanted` the most that was asked for."""

    def __init__(self, wanted: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.wanted = min(max(1, wanted), HARD_TOP)
        self.limit = self.wanted
        self._room = float(self.wanted)
        self._changed: Changed = lambda *_: None
        self._clock = clock
        self._cut_at = float("-inf")

    def on_change(self, changed: Changed) -> None:
        """Tell this one of each change."""
        self._changed = changed

    def want(self, count: int) -> None:
        """Ask for another number of users at once. More is tried now; a crew that is smaller stays so."""
        before, self.wanted = self.wanted, min(max(1, count), HARD_TOP)
        self._become(self.wanted if self.wanted > before else self._room, "asked for")

    def committed(self, seconds: float) -> None:
        """A commit went through, and took so long."""
        if seconds >= SLOW:
            self._cut(0.9, f"a commit took {seconds:.1f} s")
        elif seconds <= QUICK:
            # A whole crew of quick commits makes room for one more.
            self._become(self._room + 1 / self.limit, "the PDS is quick")

    def failed(self, reason: str) -> None:
        """The PDS failed, refused to go on, or did not answer."""
        self._cut(2 / 3, reason)

    def _cut(self, share: float, reason: str) -> None:
        if self._clock() - self._cut_at >= EVERY:
            self._cut_at = self._clock()
            self._become(self._room * share, reason)

    def _become(self, room: float, reason: str) -> None:
        self._room = min(max(1.0, room), float(self.wanted))
        if int(self._room) != self.limit:
            self.limit = int(self._room)
            self._changed(self.limit, reason)


class Control(Stop):
    """The way to steer a rollout: to stop it, to hold it up, and to change how many users it works on."""

    def __init__(self, wanted: int = USUAL) -> None:
        super().__init__()
        self.crew = Crew(wanted)
