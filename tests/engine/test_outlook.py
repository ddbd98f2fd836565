"""What a plan costs, which window binds, and when it is done."""

from __future__ import annotations

import time

import pytest

from acconsole.engine.budgets import Budgets
from acconsole.engine.model import User, Verdict
from acconsole.engine.outlook import Cost, Limits, Outlook, outlook
from acconsole.engine.plan import Action, Operation, Plan
from acconsole.engine.rollout.survey import Scope as Chosen
from acconsole.engine.rollout.survey import Survey
from acconsole.engine.windows import DAY, HOUR, Scope, Window
from acconsole.media.base import MediaType

NOW = time.mktime((2026, 3, 2, 20, 13, 0, 0, 0, -1))
DID = "did:plc:jeffrey"


def budgets(on: bool | None, *windows: Window, key: bool = False) -> Budgets:
    made = Budgets(lambda: NOW, key=key)
    made.restore(windows)
    made.on = on
    return made


def points(points: int) -> Cost:
    return Cost(DID, points, 0, points // 3)


def spent(scope: Scope, seconds: int, most: int, used: int, left: float, key: str = "") -> Window:
    return Window(scope, key, seconds, most, used, NOW + left)


@pytest.mark.parametrize(
    ("amount", "windows", "pauses", "waited"),
    [
        (0, [], 0, 0),
        (4_998, [], 0, 0),
        (5_001, [], 1, HOUR),
        (8_601, [], 1, HOUR),
        (10_002, [], 2, 2 * HOUR),
        (3_000, [spent(Scope.POINTS, HOUR, 5_000, 4_410, 900, DID)], 1, 900),
        (590, [spent(Scope.POINTS, HOUR, 5_000, 4_410, 900, DID)], 0, 0),
        (3_000, [spent(Scope.POINTS, HOUR, 5_000, 5_000, -1, DID)], 0, 0),
        (3_000, [spent(Scope.POINTS, DAY, 35_000, 34_999, 5_000, DID)], 1, 5_000),
        # Seven hours' points are the day's: the rest goes the next day.
        (36_000, [], 8, DAY),
    ],
)
def test_each_spent_window_is_waited_for(
    amount: int, windows: list[Window], pauses: int, waited: float
) -> None:
    made = outlook([points(amount)], budgets(True, *windows), NOW)
    assert (made.points, made.pauses.times) == (amount, pauses)
    assert made.ends - NOW - made.work == pytest.approx(waited, abs=1e-3)


def test_the_work_itself_takes_its_time() -> None:
    records = outlook([Cost(DID, 0, 0, 13_000)], budgets(None), NOW)
    media = outlook([Cost(DID, 0, 20, 10, 10)], budgets(None), NOW)
    assert records.work == pytest.approx(10, abs=0.1)
    assert media.work == pytest.approx(21, abs=0.1)
    assert records.ends == NOW + records.work


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (
            outlook([points(6_210)], budgets(True), NOW),
            "6,210 points of 5,000 an hour: pauses once, done about 21:13.",
        ),
        (outlook([points(63)], budgets(True), NOW), "63 points of 5,000 an hour; takes so long."),
        (
            outlook([points(6_210)], budgets(None), NOW),
            "6,210 points of 5,000 an hour; takes so long. A PDS that has its limits on makes it pause once.",
        ),
        (outlook([points(63)], budgets(None), NOW), "63 points of 5,000 an hour; takes so long."),
        (
            outlook([points(6_210)], budgets(False), NOW),
            "6,210 points of 5,000 an hour, but the PDS has its limits off; takes so long.",
        ),
        (
            outlook([points(6_210)], budgets(None, key=True), NOW),
            "6,210 points: the rate limits are bypassed; takes so long.",
        ),
        (
            outlook([Cost(DID, 300, 3_900, 100)], budgets(True), NOW),
            "300 points, 3,900 uploads of 1,000 a day: pauses 3 times, done about 2026-03-05 20:19.",
        ),
        (
            outlook([points(3)], budgets(True, spent(Scope.REQUESTS, 300, 3_000, 3_000, 120)), NOW),
            "3 points, requests of 3,000 in 5 minutes: pauses once, done about 20:15.",
        ),
    ],
)
def test_in_words(made: Outlook, words: str) -> None:
    assert made.words(lambda _: "so long") == words


def test_many_users_wait_at_the_same_time() -> None:
    """Points are counted by repo, uploads and requests by our address."""
    many = [Cost(f"did:plc:{number}", 6_000, 3, 2_000) for number in range(100)]
    made = outlook(iter(many), budgets(True), NOW)
    assert (made.points, made.uploads, made.pauses.times) == (600_000, 300, 1)
    assert made.ends - NOW - made.work == pytest.approx(HOUR, abs=1e-3)
    words = made.words(lambda _: "so long")
    assert words.startswith("600,000 points of 5,000 an hour for each of 100 users: pauses once, done about ")
    fleet = [Cost(f"did:plc:{number}", 60, 1, 20) for number in range(4_200)]
    made = outlook(fleet, budgets(True), NOW)
    binds = made.pauses.window
    assert binds
    assert (binds.scope, made.pauses.times) == (Scope.UPLOADS, 4)
    texts = outlook((Cost(each.did, 60, 0, 20) for each in fleet), budgets(True), NOW)
    assert texts.pauses.window
    assert texts.pauses.window.scope is Scope.REQUESTS
    assert texts.limits is Limits.ON


def test_a_survey_costs_what_its_plans_do() -> None:
    operations = [
        Operation(action, MediaType.PAINTINGS, verdict, f"{n}", f"{n}", blobs=("thumbnail",))
        for n, (action, verdict) in enumerate(
            [
                (Action.CREATE, Verdict.MISSING),
                (Action.UPDATE, Verdict.STALE),
                (Action.RELINK, Verdict.UNLINKED),
            ]
        )
    ]
    user = User("u", did=DID)
    plan = Plan("restore", user, "pds.test", "r", "c", (MediaType.PAINTINGS,), tuple(operations))
    survey = Survey(Chosen(), "pds.test")
    survey.take(plan, has_docs=True)
    assert list(survey.costs()) == [Cost.of(plan)] == [Cost(DID, 5, 3, 3)]
