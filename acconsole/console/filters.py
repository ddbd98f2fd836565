"""Which users may be asked for by how they stand. Pure."""

from __future__ import annotations

from enum import StrEnum


class Filter(StrEnum):
    """A reason to look at a user, in the order of the filters on the screen."""

    OUT_OF_SYNC = "out of sync"
    NO_ACCOUNT = "no account"
    INACTIVE = "inactive"
    BLOCKED = "blocked"
    TOMBSTONES = "tombstones"
    RUNNING = "running"
    FAILED = "failed"

    @property
    def colour(self) -> str:
        """The colour of its number, when there is somebody."""
        return _COLOURS.get(self, "$bad")


_COLOURS = {Filter.OUT_OF_SYNC: "$todo", Filter.TOMBSTONES: "$todo", Filter.RUNNING: "$work"}

MEANINGS = {
    Filter.OUT_OF_SYNC: "Everybody whose repo can be read is in sync.",
    Filter.NO_ACCOUNT: "Everybody has an account on the PDS.",
    Filter.INACTIVE: "No account is deactivated or taken down.",
    Filter.BLOCKED: "Nobody has a doc that cannot become a record.",
    Filter.TOMBSTONES: "Nobody has a record of a deleted doc.",
    Filter.RUNNING: "No run is going on.",
    Filter.FAILED: "Every repo could be read, and no run has failed.",
}
"""What it means that a filter finds nobody, once everybody was looked at."""
