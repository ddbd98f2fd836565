"""Bars in eighths of a cell, and sparklines. Pure: numbers in, content out."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise

from textual.content import Content

EIGHTHS = " ▏▎▍▌▋▊▉█"
LEVELS = "▁▂▃▄▅▆▇█"
TRACK = "$track"


def bar(width: int, total: float, *parts: tuple[float, str], least: int = 1) -> Content:
    """One bar of `width` cells for `total`: each part, an amount and its colour, after the one before.

    A part that is not nothing shows at least `least` eighths, and the bar is full only when the parts are.
    """
    if width < 1:
        return Content()
    edges = _edges(width * 8, total, [amount for amount, _ in parts], least)
    colours = [colour for _, colour in parts]
    cells = [_cell(cell * 8, edges, colours) for cell in range(width)]
    return Content.assemble(*cells).simplify()


def _edges(eighths: int, total: float, amounts: Sequence[float], least: int) -> list[int]:
    """Where each part ends, in eighths from the left."""
    reached = list(accumulate(max(amount, 0) for amount in amounts))
    if total <= 0 or not reached or reached[-1] <= 0:
        return [0] * len(amounts)
    # From where the parts end, not part by part: rounded shares would fall short of a full bar.
    ends = [int(eighths * min(amount / total, 1)) for amount in reached]
    sizes = [end - start for start, end in pairwise([0, *ends])]
    sizes = [max(size, least) if amount > 0 else 0 for size, amount in zip(sizes, amounts, strict=True)]
    room = eighths if reached[-1] >= total else eighths - 1
    while sum(sizes) > room:
        largest = max(range(len(sizes)), key=sizes.__getitem__)
        sizes[largest] -= min(sum(sizes) - room, sizes[largest])
    return list(accumulate(sizes))


def _cell(left: int, edges: Sequence[int], colours: Sequence[str]) -> tuple[str, str]:
    """One cell: the part on its left drawn in eighths over the part on its right."""

    def at(eighth: int) -> str | None:
        return next((colour for edge, colour in zip(edges, colours, strict=True) if eighth < edge), None)

    first, last = at(left), at(left + 7)
    if first is None:
        return (" ", f"on {TRACK}")
    if first == last:
        return ("█", first)
    edge = next(edge for edge in edges if edge > left)
    return (EIGHTHS[edge - left], f"{first} on {last or TRACK}")


def sparkline(values: Sequence[float], width: int) -> str:
    """The last `width` values as columns of eighths, the highest of them filling its cell."""
    shown = list(values)[-width:]
    top = max(shown, default=0) or 1
    columns = (LEVELS[min(7, int(value / top * 7.999))] if value > 0 else " " for value in shown)
    return "".join(columns).rjust(width)
