"""The one gate: whether a run may write. Dry run and live run are the same code up to this leaf.

guard = Guard.open(plan, live=…, read_only=…, max_deletes=…, confirmed=…)   raises before anything is written
if guard.permits(writes): …                                                  at each leaf
"""

from __future__ import annotations

from dataclasses import dataclass

from acconsole.engine.plan import Plan
from acconsole.errors import ReadOnly, TooManyDeletes, Unconfirmed

_DELETES_FLOOR = 100
_DELETES_SHARE = 10
"""Without `--max-deletes`, 100 or a tenth of the user's records may go, whichever is larger."""


@dataclass(slots=True)
class Guard:
    """Permission for one run over one user. `deletes_left` is counted down at the leaf."""

    live: bool
    deletes_left: int

    @classmethod
    def open(
        cls,
        plan: Plan,
        *,
        live: bool,
        read_only: bool = False,
        max_deletes: int | None = None,
        confirmed: str | None = None,
        typed: str | None = None,
    ) -> Guard:
        """The gate for a plan. A wipe states its own number of deletes and wants its user `confirmed`, by
        the canonical name or as `typed` in the command.

        Raises `ReadOnly`, `Unconfirmed` or `TooManyDeletes`; a dry run is refused nothing.
        """
        wiping = plan.action == "wipe"
        limit = plan.deletes_capped if wiping and max_deletes is None else delete_limit(plan, max_deletes)
        if live:
            if read_only:
                raise refused_as_read_only()
            if wiping and not _names(confirmed, plan, typed):
                given = "no confirmation was given" if confirmed is None else "another name was given"
                raise Unconfirmed(
                    f"A wipe of {plan.user.name} must be confirmed with that name, and {given}.",
                    f"Say --confirm {plan.user.name} once you have looked at the dry run.",
                )
            if plan.deletes_capped > limit:
                raise TooManyDeletes(
                    f"{plan.deletes_capped:,} records of {plan.user.name} would go; {limit:,} are allowed.",
                    f"Look at the dry run. If every one is right, say --max-deletes {plan.deletes_capped}.",
                )
        return cls(live, limit)

    def permits(self, *, deletes: int = 0) -> bool:
        """Whether a write may be sent now: False in a dry run. `deletes` leaves duplicates out.

        Raises `TooManyDeletes` when the run would delete more than it was opened for.
        """
        if not self.live:
            return False
        if deletes > self.deletes_left:
            raise TooManyDeletes(
                f"The run would now delete more than the {self.deletes_left:,} records that are left to it.",
                "Nothing more was deleted. Make a new plan and look at it.",
            )
        self.deletes_left -= deletes
        return True


def refused_as_read_only() -> ReadOnly:
    """What is said where the setting forbids to write."""
    return ReadOnly(
        "ACCONSOLE_READ_ONLY is on: nothing is written.",
        "Take the setting away, or leave out --live to see what would be done.",
    )


def delete_limit(plan: Plan, max_deletes: int | None) -> int:
    """How many deletes a run may hold, duplicates left out."""
    return usual_limit(plan.records) if max_deletes is None else max_deletes


def usual_limit(records: int) -> int:
    """How many of a user's records may go without more being said."""
    return max(_DELETES_FLOOR, records // _DELETES_SHARE)


def _names(confirmed: str | None, plan: Plan, typed: str | None) -> bool:
    if confirmed is None:
        return False
    names = (plan.user.name, plan.user.pds_handle, typed)
    return confirmed.strip().removeprefix("@").casefold() in {
        name.removeprefix("@").casefold() for name in names if name
    }
