"""Who is listed, in which order: by any column, with search and filter; counts that are always right."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acconsole.console.filters import Filter
from acconsole.console.glances import Glance, Glances
from acconsole.console.roster import Column, Roster, Sort
from acconsole.console.session import Label, Session
from acconsole.engine.finder import Finder
from acconsole.engine.model import Counts, User
from acconsole.engine.status import Standing
from acconsole.media.base import MediaType
from tests.console.test_snapshots import a_run

USERS = [User(f"id{n}", name) for n, name in enumerate(("abby", "bit", "casey", "dot", "jeb"))]
FINDER = Finder(USERS)


def glance(
    *, missing: int = 0, synced: int = 0, blocked: int = 0, tombstone: int = 0, account: str = "ok", at: float
) -> Glance:
    docs = missing + synced + blocked
    counts = Counts(docs, docs, synced, missing, blocked=blocked, tombstone=tombstone)
    standing = Standing(
        USERS[0], {MediaType.MOODS: counts, MediaType.TAPES: Counts()}, None, None, None, account, at
    )
    return Glance.of(standing)


@pytest.fixture
def glances() -> Glances:
    known = Glances()
    known["id0"] = glance(missing=2, synced=1, at=30)
    known["id1"] = glance(synced=4, at=10)
    known["id2"] = glance(missing=9, account="none", at=40)
    known["id4"] = glance(missing=2, blocked=1, tombstone=1, at=20)
    return known


def listed(roster: Roster, glances: Glances) -> str:
    kept = glances.found(roster.filter) if roster.filter else None
    roster.arrange(FINDER, glances, kept)
    return " ".join(user.handle or "" for user in roster.shown)


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        (None, "abby bit casey dot jeb"),
        (Sort(Column.USER, True), "jeb dot casey bit abby"),
        (Sort.by(Column.TO_DO), "jeb abby casey bit dot"),
        (Sort.by(Column.TO_DO).turned, "bit casey abby jeb dot"),
        (Sort.by(Column.LOOKED), "casey abby jeb bit dot"),
        (Sort.by(Column.LOOKED).turned, "bit jeb abby casey dot"),
        (Sort.by(Column.MOODS), "casey jeb abby bit dot"),
        (Sort.by(Column.TAPES), "abby bit casey jeb dot"),
    ],
)
def test_every_column_both_ways_and_the_unknown_last(
    glances: Glances, sort: Sort | None, expected: str
) -> None:
    roster = Roster()
    roster.sort = sort
    assert listed(roster, glances) == expected


def test_the_next_column_goes_through_all_of_them() -> None:
    seen = [Sort()]
    while (following := seen[-1].next) not in seen:
        seen.append(following)
    assert {sort.column for sort in seen} == set(Column)
    assert following == Sort()


def test_search_filter_and_order_work_together(glances: Glances) -> None:
    roster = Roster()
    roster.query = "b"
    assert listed(roster, glances) == "bit abby jeb"
    roster.filter = Filter.OUT_OF_SYNC
    assert listed(roster, glances) == "abby jeb"
    roster.sort = Sort.by(Column.TO_DO)
    assert listed(roster, glances) == "jeb abby"
    roster.query = "zzz"
    assert listed(roster, glances) == ""


def test_those_who_are_alike_stay_as_the_search_has_them() -> None:
    roster = Roster()
    roster.query, roster.sort = "b", Sort.by(Column.TO_DO)
    assert listed(roster, Glances()) == "bit abby jeb"


def test_an_order_is_made_anew_when_it_is_asked_for(glances: Glances) -> None:
    roster = Roster()
    roster.sort = Sort.by(Column.TO_DO)
    assert listed(roster, glances).startswith("jeb abby")
    glances["id3"] = glance(missing=100, at=50)
    assert listed(roster, glances).startswith("jeb abby")
    roster.renew(FINDER, glances)
    assert listed(roster, glances).startswith("dot jeb abby")


def test_each_filter_finds_whom_it_is_named_for(glances: Glances) -> None:
    glances["id3"] = glance(account="inactive", at=1)
    glances["id1"] = glance(account="unreadable", at=1)
    found = {each: glances.found(each) for each in Filter}
    assert found == {
        Filter.OUT_OF_SYNC: {"id0", "id4"},
        Filter.NO_ACCOUNT: {"id2"},
        Filter.INACTIVE: {"id3"},
        Filter.BLOCKED: {"id4"},
        Filter.TOMBSTONES: {"id4"},
        Filter.RUNNING: set(),
        Filter.FAILED: {"id1"},
    }


ACCOUNTS = st.sampled_from(["ok", "none", "inactive", "unreadable"])


@given(
    st.lists(
        st.tuples(st.integers(0, 4), st.none() | st.tuples(ACCOUNTS, st.integers(0, 2), st.integers(0, 2)))
    )
)
def test_counts_are_those_of_a_fresh_count(changes: list[tuple[int, tuple[str, int, int] | None]]) -> None:
    glances = Glances()
    for at, change in changes:
        if change:
            account, missing, blocked = change
            glances[f"id{at}"] = glance(missing=missing, blocked=blocked, account=account, at=1)
        else:
            glances.pop(f"id{at}", None)
    for each in Filter:
        assert glances.found(each) == {id for id, known in glances.items() if each in known.filters}


def test_a_glance_holds_the_counts_that_it_was_made_of() -> None:
    counts = Counts(*range(1, 11))
    known = Glance.of(Standing(USERS[0], {MediaType.PIECES: counts}, None, None, None, "ok", 1.0))
    assert known.of_kind(MediaType.PIECES) == counts
    assert known.of_kind(MediaType.MOODS) is None
    assert known.to_do == counts.to_do


def test_who_is_being_run_on_and_of_whom_a_run_failed() -> None:
    session = Session(Label())
    assert session.found(Filter.RUNNING) == session.found(Filter.FAILED) == set()
    run = session.run = a_run()
    assert session.found(Filter.RUNNING) == {run.plan.user.id}
    run.over = True
    assert session.found(Filter.RUNNING) == set()
    session.failed.add("id3")
    session.glances["id1"] = Glance.unknown("gone", 1.0)
    assert session.found(Filter.FAILED) == {"id1", "id3"}
    assert session.glances.found(Filter.FAILED) == {"id1"}
