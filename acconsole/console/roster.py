"""Which users the list shows, and in which order: search, filter, sorting. Pure, but for what it is told.

Everything is done with the places of users in the list of all, so that a key costs little among a hundred
thousand. An order is made when it is chosen, and again when what it is made from has changed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from acconsole.console.filters import Filter
from acconsole.console.glances import Glance, Glances
from acconsole.media.base import MediaType

if TYPE_CHECKING:
    from acconsole.engine.finder import Finder
    from acconsole.engine.model import User


class Column(StrEnum):
    """What the list can be sorted by, in the order of the columns."""

    USER = "user"
    PAINTINGS = "paintings"
    MOODS = "moods"
    PIECES = "pieces"
    KIDLISP = "kidlisp"
    TAPES = "tapes"
    TO_DO = "to do"
    LOOKED = "looked"


_ASCENDS = (Column.USER, Column.LOOKED)


@dataclass(frozen=True, slots=True)
class Sort:
    """A column and a direction. `downwards`: the most to do first, who was looked at longest ago first."""

    column: Column = Column.USER
    downwards: bool = False

    @classmethod
    def by(cls, column: Column) -> Sort:
        """By a column, the way round that it is mostly wanted."""
        return cls(column, column not in _ASCENDS)

    @property
    def turned(self) -> Sort:
        return Sort(self.column, not self.downwards)

    @property
    def next(self) -> Sort:
        """By the column that is likely wanted next: what is to do comes before the media types."""
        return Sort.by(_CYCLE[(_CYCLE.index(self.column) + 1) % len(_CYCLE)])

    @property
    def arrow(self) -> str:
        return "▼" if self.downwards else "▲"


_CYCLE = (Column.USER, Column.TO_DO, Column.LOOKED, *(Column(kind.value) for kind in MediaType))

MANY = 2000
"""From so many on, those who are alike come as in the list, not as the search has them: that costs less."""
_TROUBLES = {"none": 1, "inactive": 2, "unreadable": 3, "unknown": 4}
"""Between those who have something to do and those who are in sync."""


@dataclass(frozen=True, slots=True)
class _Made:
    """An order of these users: what each place is sorted by, and the places in order."""

    users: Sequence[User]
    sort: Sort
    keys: Sequence[float]
    order: Sequence[int]


class Roster:
    """The users shown. Without a chosen order a search gives the best first, and else they come by handle."""

    def __init__(self) -> None:
        self.query = ""
        self.filter: Filter | None = None
        self.sort: Sort | None = None
        self.shown: list[User] = []
        self._made = _Made((), Sort(), (), ())
        self._ids_of: Sequence[User] = ()
        self._ids: list[str] = []

    @property
    def is_moving(self) -> bool:
        """Whether who is shown, and where, depends on how users stand."""
        return self.filter is not None or (self.sort is not None and self.sort.column is not Column.USER)

    def arrange(self, finder: Finder, glances: Glances, kept: Set[str] | None) -> None:
        """Find out anew who is shown; `kept` are the ids that the filter finds, None without one."""
        places = self._placed(finder, finder.find(self.query, fuzzy=True), glances)
        if self._ids_of is not finder.users:
            self._ids_of, self._ids = finder.users, [user.id for user in finder.users]
        if kept is not None:
            ids = self._ids
            places = [at for at in places if ids[at] in kept]
        users = finder.users
        self.shown = list(users) if isinstance(places, range) else [users[at] for at in places]

    def renew(self, finder: Finder, glances: Glances) -> None:
        """Make the order anew from how users stand now. May be called on another thread."""
        sort = self.sort or Sort()
        made = keys(sort.column, glances.get_all([user.id for user in finder.users]))
        order = ordered(range(len(made)), made, downwards=sort.downwards)
        self._made = _Made(finder.users, sort, made, order)

    def _placed(self, finder: Finder, found: Sequence[int], glances: Glances) -> Sequence[int]:
        if self.sort is None:
            return found
        if self._made.users is not finder.users or self._made.sort != self.sort:
            self.renew(finder, glances)
        keys, order = self._made.keys, self._made.order
        if len(found) == len(order):
            return order
        if len(found) > MANY:
            chosen = set(found)
            return [at for at in order if at in chosen]
        return ordered(found, keys, downwards=self.sort.downwards)


def keys(column: Column, glances: Sequence[Glance | None]) -> Sequence[float]:
    """What each place is sorted by; below zero where nothing is known."""
    if column is Column.USER:
        return range(len(glances))
    key = _KEYS[column]
    return [key(glance) if glance else -1 for glance in glances]


def ordered(places: Sequence[int], keys: Sequence[float], *, downwards: bool) -> list[int]:
    """The places by their keys, those that are alike as they were; the unknown come last either way."""
    known = [at for at in places if keys[at] >= 0]
    unknown = [at for at in places if keys[at] < 0] if len(known) < len(places) else []
    known.sort(key=keys.__getitem__, reverse=downwards)
    return known + unknown


def _of_kind(kind: MediaType) -> Callable[[Glance], float]:
    def key(glance: Glance) -> float:
        counts = glance.of_kind(kind)
        # Among those who have nothing to do, the ones who made something go before those who did not.
        return counts.to_do * 1_000_000 + min(counts.synced, 999_999) if counts else 0

    return key


def _to_do(glance: Glance) -> float:
    return _TROUBLES.get(glance.account) or 10 * glance.to_do


def _looked(glance: Glance) -> float:
    # The age, not the time: those looked at last come first.
    return 1e11 - glance.read_at


_KEYS: dict[Column, Callable[[Glance], float]] = {
    Column.TO_DO: _to_do,
    Column.LOOKED: _looked,
    **{Column(kind.value): _of_kind(kind) for kind in MediaType},
}
