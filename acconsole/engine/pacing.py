"""A pace for the host's sake, where no limit of the PDS holds."""

from __future__ import annotations

from collections.abc import Callable

WRITES_A_SECOND = 50.0
"""Requests that write, of the whole process. It is a fifth of the small commits that the reference PDS takes
on two cores, which leaves the rest to its users; full batches hold 200 records and never come near it."""


class Pace:
    """A bucket of tokens: a second's worth may be taken at once, and they come back at `rate` a second."""

    def __init__(self, now: Callable[[], float], rate: float = WRITES_A_SECOND) -> None:
        self._now = now
        self._rate = rate
        self._free_at = 0.0

    def delay(self) -> float:
        """Take a token; how many seconds to wait before it may be used."""
        now = self._now()
        self._free_at = max(self._free_at, now - 1) + 1 / self._rate
        return max(0.0, self._free_at - now)
