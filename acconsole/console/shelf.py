"""What the console knows of everybody's tapes: the list, what storage says of each, conversions, marks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from acconsole.console.stages import share
from acconsole.media.conversion import Stage

if TYPE_CHECKING:
    from acconsole.engine.shelf import TapeFacts, TapeRow
    from acconsole.errors import AcError


class Lot(StrEnum):
    """What becomes of a conversion."""

    WAITS = "waits"
    GOES = "goes"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"

    @property
    def is_over(self) -> bool:
        return self in (Lot.DONE, Lot.FAILED, Lot.STOPPED)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a conversion came to, without the video itself. Sizes are in bytes."""

    video_size: int
    frames: int
    pictures: int
    seconds: float
    sound: bool
    fitted: bool
    notes: tuple[str, ...]


@dataclass(eq=False, slots=True)
class Converting:
    """One conversion. `share` goes from 0 to 1 and never back."""

    row: TapeRow
    lot: Lot = Lot.WAITS
    stage: str = "waits"
    share: float = 0.0
    zip_size: int = 0
    outcome: Outcome | None = None
    error: str = ""

    def take(self, stage: Stage, done: int, total: int) -> None:
        """It has got so far."""
        self.stage = stage.value
        self.share = max(self.share, share(stage, done, total))
        if stage is Stage.DOWNLOAD:
            self.zip_size = max(done, total)

    def end(self, lot: Lot, error: str = "") -> None:
        """It is over."""
        self.lot, self.error = lot, error
        self.stage = lot.value


@dataclass(slots=True)
class Shelf:
    """Everybody's tapes. `read_at` is None before the list was read to its end."""

    rows: list[TapeRow] = field(default_factory=list)
    reading: bool = False
    read_at: float | None = None
    trouble: AcError | None = None
    facts: dict[str, TapeFacts] = field(default_factory=dict)
    conversions: dict[str, Converting] = field(default_factory=dict)
    marked: set[str] = field(default_factory=set)

    @property
    def going_on(self) -> list[Converting]:
        """The conversions that are not over, those at work first."""
        return sorted(
            (each for each in self.conversions.values() if not each.lot.is_over),
            key=lambda each: each.lot is Lot.WAITS,
        )

    @property
    def over(self) -> int:
        """How many conversions are over."""
        return sum(each.lot.is_over for each in self.conversions.values())

    def of(self, lot: Lot) -> Iterator[Converting]:
        """The conversions that came to that."""
        return (each for each in self.conversions.values() if each.lot is lot)
