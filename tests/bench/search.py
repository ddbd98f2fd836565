"""A key typed into the search of users, against the least that a search could do: a look into each name."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

from acconsole.console.glances import Glances
from acconsole.console.roster import Roster
from acconsole.console.screens.users import UsersScreen
from acconsole.console.widgets.rows import Rows
from acconsole.engine.finder import Finder
from acconsole.engine.model import User
from tests.bench.report import Line
from tests.console.crowd import Crowd, over_crowd, person
from tests.console.driver import Driver, console

EVERYBODY, MANY = 4_201, 100_000
QUERIES = ("u", "us", "use", "user", "user0", "usr4", "ac2", "!u")
ROUNDS = 5


async def measure() -> list[Line]:
    """The slowest key of a query, painted, among everybody; and unpainted among a hundred thousand."""
    return [await _painted(), _unpainted()]


async def _painted() -> Line:
    people = [person(number) for number in range(EVERYBODY)]
    async with console(over_crowd(Crowd(people)), size=(120, 40)) as driver:
        await driver.see("4,201 users")
        return _line("a key among 4,201, painted", 40, people, lambda query: _paint(driver, query))


def _paint(driver: Driver, query: str) -> None:
    screen, rows = driver.at(UsersScreen), driver.one(Rows)
    screen.search(query)
    for y in range(rows.size.height):
        rows.render_line(y)


def _unpainted() -> Line:
    people = [person(number) for number in range(MANY)]
    finder, roster, glances = Finder(people), Roster(), Glances()

    def arrange(query: str) -> None:
        roster.query = query
        roster.arrange(finder, glances, None)

    return _line("a key among 100,000", 10, people, arrange)


def _line(name: str, bound: float, people: list[User], search: Callable[[str], None]) -> Line:
    ours = {query: _best(partial(search, query)) for query in QUERIES}
    plain = _best(lambda: [each for each in people if "user4" in (each.handle or "").casefold()])
    query, slowest = max(ours.items(), key=lambda item: item[1])
    told = f"{query!r} {slowest * 1000:.1f} ms of work; a look into each handle {plain * 1000:.1f} ms"
    return Line(name, slowest / plain, bound, told, at_most=True)


def _best(work: Callable[[], object]) -> float:
    """Seconds of this thread's own work, at best of some rounds."""
    best = float("inf")
    for _ in range(ROUNDS):
        began = time.thread_time()
        work()
        best = min(best, time.thread_time() - began)
    return best
