"""What is said on stderr while many users are read: a line that moves on a terminal, elsewhere nothing."""

from __future__ import annotations

import sys
import time

from acconsole.engine.asking import Waits
from acconsole.errors import BudgetSpent
from acconsole.inert import drawn

EVERY = 0.1
"""Seconds between two moves of the line."""


class Counting:
    """One line, written over and over; gone when it is closed."""

    def __init__(self, *, quiet: bool) -> None:
        self._moves = not quiet and sys.stderr.isatty()
        self._quiet = quiet
        self._moved_at = 0.0

    def show(self, text: str) -> None:
        """What has been counted; now and then one of these is shown."""
        now = time.monotonic()
        if self._moves and now - self._moved_at >= EVERY:
            self._moved_at = now
            print(f"\r\x1b[K{drawn(text)}", end="", file=sys.stderr, flush=True)

    def say(self, text: str) -> None:
        """Something that stays to be read."""
        if not self._quiet:
            self.close()
            print(drawn(text), file=sys.stderr, flush=True)

    def waits(self, *, always: bool) -> Waits | None:
        """What waits for a spent budget and says so: on a terminal, or `always`; else None."""
        return self._wait if always or (sys.stdin.isatty() and sys.stderr.isatty()) else None

    def _wait(self, spent: BudgetSpent) -> None:
        opens = time.strftime("%H:%M:%S", time.localtime(spent.resume_at))
        self.say(f"waiting until {opens}: {spent.message}")

    def close(self) -> None:
        """Take the line away."""
        if self._moves:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
