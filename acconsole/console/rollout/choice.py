"""What a rollout is to be about, while it is being chosen. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from textual.content import Content

from acconsole.console import figures
from acconsole.engine.rollout.survey import Scope
from acconsole.media.base import MediaType

KINDS = tuple(MediaType)


@dataclass(slots=True)
class Choice:
    """Media types, and whom.

    `few`: ids of users that may be chosen instead of everybody, `named` what they are called (`marked`);
    `resumes`: the run that is gone on from; `wanted`: how many users at once, None for the usual number.
    """

    kinds: set[MediaType] = field(default_factory=lambda: set(KINDS))
    few: tuple[str, ...] = ()
    named: str = "marked"
    only_few: bool = False
    limit: int | None = None
    prune: bool = False
    retry_blocked: bool = False
    resumes: str | None = None
    wanted: int | None = None

    @classmethod
    def of(cls, scope: Scope, *, named: str = "chosen", resumes: str | None = None) -> Choice:
        """As a rollout of before had it."""
        return cls(
            set(scope.kinds),
            scope.users or (),
            named,
            scope.users is not None,
            scope.limit,
            scope.prune,
            scope.retry_blocked,
            resumes,
        )

    @property
    def scope(self) -> Scope:
        """What to look at."""
        users = self.few if self.only_few else None
        kinds = tuple(kind for kind in KINDS if kind in self.kinds)
        return Scope(kinds, users, self.limit, self.prune, self.retry_blocked)

    def count(self, everybody: int) -> int:
        """How many users are looked at."""
        of = len(self.few) if self.only_few else everybody
        return of if self.limit is None else min(of, self.limit)

    def types(self, width: int) -> Content:
        """The media types, each with its key."""
        parts: list[tuple[str, str]] = []
        for place, kind in enumerate(KINDS, 1):
            parts += _switch(str(place), kind.value, kind in self.kinds)
        return Content.assemble(*parts).truncate(width)

    def others(self, everybody: int, width: int) -> Content:
        """Whom, and what else."""
        parts: list[tuple[str, str]] = []
        if self.few:
            parts += _switch("m", f"only the {len(self.few):,} {self.named}", self.only_few)
        else:
            parts += [(f"{figures.plural(everybody, 'user')}  ", "bold")]
        parts += _switch("x", "prune", self.prune)
        parts += _switch("b", "retry blocked" if width >= 84 else "retry", self.retry_blocked)
        return Content.assemble(*parts).truncate(width)


def _switch(key: str, name: str, on: bool) -> list[tuple[str, str]]:
    return [(f"{key} ", "$pick"), (f"{'✓' if on else '·'}{name}  ", "" if on else "$faint")]
