"""Budgets: never more sent in any window than its limit, what answers teach, and what is kept."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acconsole.engine.budgets import Budgets, Spending
from acconsole.engine.pacing import WRITES_A_SECOND, Pace
from acconsole.engine.windows import DAY, HOUR, MARGIN, Answer, Charge, Room, Scope, Told, Window
from acconsole.errors import BudgetSpent
from acconsole.sandbox.pds import limits
from acconsole.sandbox.pds.limits import Limiter
from acconsole.sandbox.pds.xrpc import XrpcError

START = 1_700_000_000.0
DID = "did:plc:a"
KINDS = {
    Scope.POINTS: (Charge(Scope.POINTS, DID), (limits.WRITE_HOUR, limits.WRITE_DAY)),
    Scope.LOGINS: (Charge(Scope.LOGINS, DID), (limits.SESSION_DAY, limits.SESSION)),
    Scope.UPLOADS: (Charge(Scope.UPLOADS), (limits.UPLOAD,)),
}


@dataclass
class Clock:
    now: float = START

    def __call__(self) -> float:
        return self.now


@dataclass
class Sent:
    """A request on its way; the PDS comes to it at once, or when its answer is taken."""

    scope: Scope
    amount: int
    spending: Spending
    answer: Answer | None = None


@dataclass
class Pds:
    """Budgets beside the limiter of a PDS that nobody else uses; `refused` counts its 429s."""

    clock: Clock = field(default_factory=Clock)
    refused: int = 0
    sent: list[Sent] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.budgets = Budgets(self.clock)
        self.limiter = Limiter(self.clock)

    def send(self, scope: Scope, amount: int, *, at_once: bool = True) -> float | None:
        """Send a request if there is room, else give when there will be."""
        charge = Charge(scope, KINDS[scope][0].key, amount)
        try:
            spending = self.budgets.reserve(charge, Charge(Scope.REQUESTS))
        except BudgetSpent as spent:
            return spent.resume_at
        made = Sent(scope, amount, spending)
        if at_once:
            made.answer = self._come_to(made)
        self.sent.append(made)
        return None

    def take(self, index: int, *, lost: bool = False) -> None:
        """The answer of a request comes, or is lost."""
        made = self.sent.pop(index % len(self.sent))
        answer = made.answer or self._come_to(made)
        self.budgets.settle(made.spending, None if lost else answer)

    def _come_to(self, made: Sent) -> Answer:
        charges = [limits.Charge(window, "key", made.amount) for window in KINDS[made.scope][1]]
        try:
            headers = self.limiter.charge([*charges, limits.Charge(limits.EVERYTHING, "ip")])
        except XrpcError as error:
            self.refused += 1
            return told(dict(error.headers), refused=True)
        return told(headers)

    def spend(self, scope: Scope, amount: int) -> float | None:
        """Send a request, and take its answer."""
        wait = self.send(scope, amount)
        if wait is None:
            self.take(-1)
        return wait


def told(headers: dict[str, str], *, refused: bool = False) -> Answer:
    most, _, seconds = headers["ratelimit-policy"].partition(";w=")
    resets = float(headers["ratelimit-reset"]) + MARGIN
    window = Told(int(most), int(seconds), int(headers["ratelimit-remaining"]), resets)
    return Answer(window, not refused, resets if refused else None)


STEPS = st.tuples(
    st.sampled_from(list(KINDS)),
    st.integers(1, 600),
    st.one_of(st.just(0.0), st.floats(0, 50), st.floats(0, 9_000)),
    st.booleans(),
    st.integers(0, 9),
    st.integers(0, 12).map(lambda number: number == 0),
)


@given(st.lists(STEPS, max_size=120))
def test_whatever_is_sent_in_whatever_order_nothing_is_ever_refused(
    steps: list[tuple[Scope, int, float, bool, int, bool]],
) -> None:
    pds = Pds()
    pds.spend(Scope.POINTS, 1)
    for scope, amount, later, at_once, index, lost in steps:
        while pds.sent and (later > 60 or len(pds.sent) > index):
            pds.take(index, lost=lost)
        pds.clock.now += later
        resume_at = pds.send(scope, amount if scope is Scope.POINTS else 1 + amount // 60, at_once=at_once)
        assert resume_at is None or pds.clock.now < resume_at <= pds.clock.now + DAY + 2 * MARGIN
    while pds.sent:
        pds.take(0)
    assert pds.refused == 0


@given(st.lists(st.integers(1, 600), min_size=60, max_size=90))
def test_what_binds_is_used_to_the_full(amounts: list[int]) -> None:
    """By the day: an hour's window after the other, and then none until the next day."""
    pds, done = Pds(), 0
    for amount in amounts:
        while (resume_at := pds.spend(Scope.POINTS, amount)) is not None:
            if resume_at > START + DAY:
                assert 35_000 - 600 < done <= 35_000
                return
            pds.clock.now = resume_at
        done += amount
    assert done == sum(amounts) <= 35_000
    assert pds.refused == 0


def test_nothing_holds_before_an_answer_shows_that_limits_are_on() -> None:
    budgets = Budgets(Clock())
    for _ in range(40):
        budgets.settle(budgets.reserve(Charge(Scope.LOGINS, DID)), Answer())
    assert (budgets.on, budgets.room(Scope.LOGINS, DID)) == (False, Room(None))
    budgets.settle(budgets.reserve(Charge(Scope.REQUESTS)), Answer(Told(3_000, 300, 2_999, START + 300)))
    assert budgets.on
    with pytest.raises(BudgetSpent) as caught:  # what went before was counted all the same
        budgets.reserve(Charge(Scope.LOGINS, DID))
    assert caught.value.resume_at == START + 300 + MARGIN
    budgets.settle(budgets.reserve(Charge(Scope.REQUESTS)), Answer(good=False))
    assert budgets.on, "an error without headers tells nothing"


def test_no_less_is_left_than_in_the_window_that_is_shown() -> None:
    """A PDS that was started anew has forgotten what was spent."""
    clock = Clock()
    budgets = Budgets(clock)
    budgets.restore([Window(Scope.POINTS, DID, HOUR, 5_000, 4_900, START + 900)])
    assert not budgets.is_told(Scope.POINTS, DID)
    spending = budgets.reserve(Charge(Scope.POINTS, DID, 60), Charge(Scope.REQUESTS))
    budgets.settle(spending, Answer(Told(3_000, 300, 2_990, START + 300)))
    hour, day = budgets.windows(Scope.POINTS, DID)
    assert (hour.left, day.used) == (2_990, 60)
    assert budgets.windows(Scope.REQUESTS)[0].used == 10, "others of our address"
    assert budgets.is_told(Scope.POINTS, DID)


@pytest.mark.parametrize(("most", "seconds"), [(500, HOUR), (9_000, HOUR), (70, 60)])
def test_another_operators_figures_are_believed(most: int, seconds: int) -> None:
    budgets = Budgets(Clock())
    spending = budgets.reserve(Charge(Scope.POINTS, DID, 30), Charge(Scope.REQUESTS))
    budgets.settle(spending, Answer(Told(most, seconds, most - 30, START + seconds)))
    for did, left in ((DID, most - 30), ("did:plc:b", most)):
        (window,) = (each for each in budgets.windows(Scope.POINTS, did) if each.seconds == seconds)
        assert (window.most, window.left) == (most, left)
        with pytest.raises(BudgetSpent):
            budgets.reserve(Charge(Scope.POINTS, did, left + 1))


def test_a_refusal_closes_the_window_until_it_resets() -> None:
    clock = Clock()
    budgets = Budgets(clock)
    spending = budgets.reserve(Charge(Scope.POINTS, DID, 60), Charge(Scope.REQUESTS))
    budgets.settle(spending, Answer(Told(5_000, HOUR, 0, START + 1_234), False, START + 1_234))
    for _ in range(3):
        with pytest.raises(BudgetSpent) as caught:
            budgets.reserve(Charge(Scope.POINTS, DID, 1))
        assert caught.value.resume_at == START + 1_234
    budgets.reserve(Charge(Scope.POINTS, "did:plc:b", 1))
    clock.now = START + 1_234
    assert budgets.room(Scope.POINTS, DID).points == 5_000
    # A refusal without headers, as a proxy gives it, closes what the request was mainly about.
    budgets.settle(budgets.reserve(Charge(Scope.REQUESTS)), Answer(None, False, clock.now + 60))
    with pytest.raises(BudgetSpent):
        budgets.reserve(Charge(Scope.REQUESTS))


def test_what_is_on_its_way_counts_as_spent() -> None:
    pds = Pds()
    pds.spend(Scope.UPLOADS, 900)
    pds.send(Scope.UPLOADS, 60, at_once=False)
    assert pds.budgets.room(Scope.UPLOADS).points == 40
    assert pds.send(Scope.UPLOADS, 41) is not None
    assert pds.send(Scope.UPLOADS, 40) is None
    pds.take(0, lost=True)
    pds.take(0)
    assert pds.budgets.room(Scope.UPLOADS).points == 0
    assert pds.refused == 0


def test_a_users_budgets_travel_and_a_machines_do_not() -> None:
    pds = Pds()
    pds.spend(Scope.POINTS, 600)
    pds.spend(Scope.UPLOADS, 10)
    luggage = pickle.dumps(pds.budgets.carried(DID))
    assert len(luggage) < 600
    there = Budgets(pds.clock)
    there.restore(pickle.loads(luggage))
    assert there.room(Scope.POINTS, DID) == pds.budgets.room(Scope.POINTS, DID)
    assert there.room(Scope.UPLOADS).points == 1_000
    pds.clock.now += HOUR + 2
    late = Budgets(pds.clock)
    late.restore(pickle.loads(luggage))
    assert [window.used for window in late.windows(Scope.POINTS, DID)] == [0, 600]


def test_what_is_kept_comes_in_steps_and_is_not_forgotten() -> None:
    pds, rows, kept = Pds(), 0, {}
    for _ in range(500):
        pds.spend(Scope.UPLOADS, 1)
        for window in pds.budgets.to_keep():
            rows += 1
            kept[window.scope, window.seconds] = window
    assert rows <= 40
    again = Budgets(pds.clock)
    again.restore(kept.values())
    assert again.on
    assert again.windows(Scope.UPLOADS)[0].used > 480


def test_the_bypass_key_counts_until_limits_show() -> None:
    budgets = Budgets(Clock(), key=True)
    states = [budgets.bypassed]
    budgets.settle(budgets.reserve(Charge(Scope.REQUESTS)), Answer())
    states.append(budgets.bypassed)
    budgets.settle(budgets.reserve(Charge(Scope.REQUESTS)), Answer(Told(3_000, 300, 2_999, START + 300)))
    assert [*states, budgets.bypassed, Budgets(Clock()).bypassed] == [True, True, False, False]


def test_a_pace_holds_up_no_one_but_the_hasty() -> None:
    clock = Clock()
    pace = Pace(clock)
    burst = [pace.delay() for _ in range(int(WRITES_A_SECOND))]
    assert max(burst) == pytest.approx(0, abs=1e-3)
    waits = [pace.delay() for _ in range(100)]
    assert waits[-1] == pytest.approx(100 / WRITES_A_SECOND, abs=1e-3)
    clock.now += 10
    assert pace.delay() == 0
