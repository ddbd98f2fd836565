"""What tests can make go wrong, and nobody else: all of it is off until it is asked for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Faults:
    """Faults of `applyWrites`. Each counter goes down by one when its fault has struck.

    `lost_answers`: the commit is made, then the connection is closed without an answer.
    `errors`: 500 InternalServerError, and nothing is done.
    `delay`: seconds that every `applyWrites` waits before it begins.
    """

    lost_answers: int = 0
    errors: int = 0
    delay: float = 0.0

    def take_lost_answer(self) -> bool:
        """Whether this answer is to be lost."""
        if self.lost_answers < 1:
            return False
        self.lost_answers -= 1
        return True

    def take_error(self) -> bool:
        """Whether this call is to fail."""
        if self.errors < 1:
            return False
        self.errors -= 1
        return True
