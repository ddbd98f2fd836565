"""What one look at a user came to, for everybody who was looked at, counted as it comes."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING

from acconsole.console.filters import Filter
from acconsole.media.base import MediaType

if TYPE_CHECKING:
    from acconsole.engine.model import Counts
    from acconsole.engine.status import Standing

_NAMES = (
    "docs",
    "records",
    "synced",
    "missing",
    "unlinked",
    "stale",
    "duplicate",
    "tombstone",
    "orphan",
    "blocked",
)
"""The fields of `Counts`, in their order."""
_FIELDS = attrgetter(*_NAMES)
_BLOCKED, _TOMBSTONE = _NAMES.index("blocked"), _NAMES.index("tombstone")
_KINDS = tuple(MediaType)
_PLACES = {kind: place for place, kind in enumerate(_KINDS)}
_ACCOUNTS = {
    "none": Filter.NO_ACCOUNT,
    "inactive": Filter.INACTIVE,
    "unreadable": Filter.FAILED,
    "unknown": Filter.FAILED,
}


@dataclass(frozen=True, slots=True, eq=False)
class Glance:
    """Counts without the docs and records behind them; `of` makes one.

    `packed` holds, a media type after the other, the fields of `Counts`, or None where there is nothing.
    `account` is as in the engine's `Standing`, or `unknown` when the user could not be looked at.
    `read_at` is an epoch time, `to_do` how many docs and records keep the user from being in sync.
    """

    packed: tuple[tuple[int, ...] | None, ...]
    account: str
    error: str | None
    read_at: float
    to_do: int = 0

    @classmethod
    def of(cls, standing: Standing) -> Glance:
        # Numbers in tuples are nothing to the garbage collector: of a hundred thousand it would make pauses.
        packed = tuple(_packed(standing.counts.get(kind)) for kind in _KINDS)
        return cls(packed, standing.account, standing.error, standing.read_at, standing.to_do)

    @classmethod
    def unknown(cls, error: str, read_at: float) -> Glance:
        """Of a user who could not be looked at."""
        return cls((), "unknown", error, read_at)

    def of_kind(self, kind: MediaType) -> Counts | None:
        """The counts of a media type; None where there is nothing of it, or nothing is known."""
        # Not imported before the first paint.
        from acconsole.engine.model import Counts

        packed = self.packed[_PLACES[kind]] if self.packed else None
        return Counts(*packed) if packed else None

    @property
    def filters(self) -> Iterator[Filter]:
        """Where the user is to be found."""
        if self.account in _ACCOUNTS:
            yield _ACCOUNTS[self.account]
        elif self.to_do:
            yield Filter.OUT_OF_SYNC
        if any(each[_BLOCKED] for each in self.packed if each):
            yield Filter.BLOCKED
        if any(each[_TOMBSTONE] for each in self.packed if each):
            yield Filter.TOMBSTONES


def _packed(counts: Counts | None) -> tuple[int, ...] | None:
    return _FIELDS(counts) if counts and (counts.docs or counts.records) else None


class Glances(MutableMapping[str, Glance]):
    """Glances by the user's id. `version` changes with each of them."""

    def __init__(self) -> None:
        self._known: dict[str, Glance] = {}
        self._found: dict[Filter, set[str]] = {each: set() for each in Filter}
        self.version = 0

    def found(self, chosen: Filter) -> set[str]:
        """The ids of those whom a filter finds by how they stand."""
        return self._found[chosen]

    def __setitem__(self, id: str, glance: Glance) -> None:
        if before := self._known.get(id):
            self._forget(id, before)
        self._known[id] = glance
        for each in glance.filters:
            self._found[each].add(id)
        self.version += 1

    def __delitem__(self, id: str) -> None:
        self._forget(id, self._known.pop(id))
        self.version += 1

    def _forget(self, id: str, glance: Glance) -> None:
        for each in glance.filters:
            self._found[each].discard(id)

    def __getitem__(self, id: str) -> Glance:
        return self._known[id]

    def get_all(self, ids: list[str]) -> list[Glance | None]:
        """The glances of many, in their order."""
        return list(map(self._known.get, ids))

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)
