"""How many users are worked on at the same time, by what the PDS shows."""

from __future__ import annotations

from acconsole.engine.rollout.crew import EVERY, HARD_TOP, QUICK, SLOW, Crew


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_trouble_takes_a_third_away_and_once_only_in_a_while() -> None:
    clock = Clock()
    crew = Crew(30, clock)
    told: list[tuple[int, str]] = []
    crew.on_change(lambda limit, reason: told.append((limit, reason)))
    for _ in range(30):
        crew.failed("the PDS answers 500")
    assert told == [(20, "the PDS answers 500")], "what was begun before says the same thing over again"
    clock.now += EVERY
    crew.failed("once more")
    assert crew.limit == 13
    for _ in range(100):
        clock.now += EVERY
        crew.failed("again")
    assert crew.limit == 1, "one is always left"


def test_slowness_takes_a_little_and_quickness_gives_it_back() -> None:
    clock = Clock()
    crew = Crew(50, clock)
    crew.committed(SLOW)
    assert crew.limit == 45
    for _ in range(44):
        crew.committed(QUICK)
    assert crew.limit == 45, "it takes a whole crew of quick commits for one more"
    for _ in range(2):
        crew.committed(QUICK)
    assert crew.limit == 46
    crew.committed((SLOW + QUICK) / 2)
    assert crew.limit == 46
    for _ in range(1_000):
        crew.committed(0.1)
    assert crew.limit == 50, "never more than was asked for"


def test_what_is_asked_for_holds_at_once_within_bounds() -> None:
    crew = Crew(10_000)
    assert (crew.wanted, crew.limit) == (HARD_TOP, HARD_TOP)
    crew.want(3)
    assert crew.limit == 3
    crew.want(0)
    assert crew.limit == 1
    crew.want(90)
    assert crew.limit == 90
    crew.failed("the PDS answers 500")
    crew.want(80)
    assert crew.limit == 60, "fewer are asked for than before, and the PDS wants fewer still"
