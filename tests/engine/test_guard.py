"""The gate: every refusal, and what passes."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from acconsole.engine.guard import Guard, delete_limit
from acconsole.engine.model import User, Verdict
from acconsole.engine.plan import Action, Operation, Plan
from acconsole.errors import Exit, ReadOnly, Refused, TooManyDeletes, Unconfirmed
from acconsole.media.base import GUEST, MediaType
from tests.engine.cases import USER, rkey

MOODS = MediaType.MOODS


def plan(action: str = "restore", deletes: int = 0, duplicates: int = 0, **changed: Any) -> Plan:
    verdicts = [Verdict.TOMBSTONE] * deletes + [Verdict.DUPLICATE] * duplicates
    operations = tuple(
        Operation(Action.DELETE, MOODS, verdict, "a", rkey(number)) for number, verdict in enumerate(verdicts)
    )
    made = Plan(action, USER, "pds.test", "rev", "commit", (MOODS,), operations)
    return dataclasses.replace(made, **changed)


def test_a_dry_run_is_refused_nothing_and_writes_nothing() -> None:
    for chosen in (plan(deletes=500), plan("wipe", 500)):
        guard = Guard.open(chosen, live=False, read_only=True, max_deletes=0)
        assert not guard.permits()
        assert not guard.permits(deletes=1_000)


def test_a_live_run_writes() -> None:
    assert Guard.open(plan(), live=True).permits()


def test_read_only_goes_before_everything() -> None:
    for chosen in (plan(), plan("wipe", 3)):
        with pytest.raises(ReadOnly, match="READ_ONLY") as caught:
            Guard.open(chosen, live=True, read_only=True, max_deletes=0)
        assert caught.value.exit_status is Exit.REFUSED
        assert caught.value.fatal


@pytest.mark.parametrize(
    "confirmed",
    ["@jeffrey", "jeffrey", "JEFFREY", " @jeffrey ", "jeffrey.test", "@jeffrey.test", "AC23vowan"],
)
def test_a_wipe_is_confirmed_by_the_canonical_name_or_as_typed(confirmed: str) -> None:
    assert Guard.open(plan("wipe"), live=True, confirmed=confirmed, typed="ac23vowan").permits()


@pytest.mark.parametrize("confirmed", [None, "", "@", "jeff", "jeffrey2", "yes", "@art", "jeffrey.example"])
@pytest.mark.parametrize("typed", ["jeffrey", None, ""])
def test_a_wipe_without_the_right_name_is_refused(confirmed: str | None, typed: str | None) -> None:
    with pytest.raises(Unconfirmed) as caught:
        Guard.open(plan("wipe"), live=True, confirmed=confirmed, typed=typed)
    assert "@jeffrey" in caught.value.hint
    assert isinstance(caught.value, Refused)


def test_a_code_that_was_not_typed_does_not_confirm() -> None:
    with pytest.raises(Unconfirmed):
        Guard.open(plan("wipe"), live=True, confirmed="ac23vowan", typed="jeffrey")


def test_the_guest_accounts_wipe_is_confirmed_by_art() -> None:
    guest = plan("wipe", user=User(GUEST, pds_handle="art.test"))
    assert Guard.open(guest, live=True, confirmed="art", typed=GUEST).permits()
    with pytest.raises(Unconfirmed, match="art"):
        Guard.open(guest, live=True, confirmed="guest", typed="art")


def test_a_restore_needs_no_confirmation() -> None:
    assert Guard.open(plan(), live=True, confirmed="whoever").permits()


@pytest.mark.parametrize(
    ("records", "limit"), [(0, 100), (999, 100), (1_000, 100), (1_010, 101), (2_867, 286), (20_000, 2_000)]
)
def test_a_hundred_or_a_tenth_may_go(records: int, limit: int) -> None:
    assert delete_limit(plan(records=records), None) == limit
    assert Guard.open(plan(deletes=limit, records=records), live=True).permits(deletes=limit)
    with pytest.raises(TooManyDeletes, match=f"{limit + 1:,} records of @jeffrey would go; {limit:,} are"):
        Guard.open(plan(deletes=limit + 1, records=records), live=True)


def test_max_deletes_says_how_many() -> None:
    assert Guard.open(plan(deletes=5), live=True, max_deletes=5).permits(deletes=5)
    with pytest.raises(TooManyDeletes) as caught:
        Guard.open(plan(deletes=5), live=True, max_deletes=4)
    assert "--max-deletes 5" in caught.value.hint
    with pytest.raises(TooManyDeletes):
        Guard.open(plan(deletes=1), live=True, max_deletes=0)


def test_duplicates_do_not_count() -> None:
    assert Guard.open(plan(duplicates=500), live=True, max_deletes=0).permits()


def test_a_wipe_states_its_own_number() -> None:
    wiping = plan("wipe", deletes=500)
    assert Guard.open(wiping, live=True, confirmed="jeffrey").deletes_left == 500
    with pytest.raises(TooManyDeletes):
        Guard.open(wiping, live=True, confirmed="jeffrey", max_deletes=499)


def test_the_leaf_counts_down() -> None:
    guard = Guard.open(plan(deletes=5), live=True, max_deletes=5)
    assert guard.permits(deletes=3)
    assert guard.permits(deletes=0)
    with pytest.raises(TooManyDeletes, match="2 records that are left"):
        guard.permits(deletes=3)
    assert guard.permits(deletes=2)
    with pytest.raises(TooManyDeletes):
        guard.permits(deletes=1)
