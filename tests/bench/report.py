"""What a benchmark says: a ratio, the bound that it must keep, and the figures behind it."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

median = statistics.median


@dataclass(frozen=True)
class Line:
    """One measured value and its bound: at least so much, or with `at_most` no more."""

    name: str
    value: float
    bound: float
    told: str
    at_most: bool = False

    @property
    def kept(self) -> bool:
        return self.value <= self.bound if self.at_most else self.value >= self.bound

    def __str__(self) -> str:
        sign, verdict = ("≤" if self.at_most else "≥"), ("ok" if self.kept else "MISSED")
        return f"{verdict:<7}{self.name:<36}{self.value:8.2f}  {sign} {self.bound:g}   {self.told}"


def show(lines: Sequence[Line]) -> bool:
    """Print the lines; whether every bound was kept."""
    for line in lines:
        print(line, flush=True)
    return all(line.kept for line in lines)
