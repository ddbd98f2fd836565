"""Bars in eighths of a cell, and sparklines. Pure: numbers in, content out."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise

from textual.content import Content

EIGHTHS = " ▏▎▍▌▋▊▉█"
LEVELS = "▁▂▃▄▅▆▇█"
TRACK = "$track"


def bar(width: int, total: float, *parts: tuple[float, str], least: int = 1, track: str = TRACK) -> Content:
    """One bar of `width` cells for `total`: each part, an amount and its colour, after the one before.

    A part that is not nothing shows at least `least` eighths, and the bar is full only when the parts are.
    `track` is the colour of what is empty.
    """
    if width < 1:
        return Content()
    edges = _edges(width * 8, total, [amount for amount, _ in parts], least)
    colours = [colour for _, colour in parts]
    cells = [_cell(cell * 8, edges, [*colours, track]) for cell in range(width)]
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
    """One cell: the part on its left drawn in eighths over the part on its right. The track comes last."""

    def part(eighth: int) -> int:
        return next((place for place, edge in enumerate(edges) if eighth < edge), len(edges))

    first, last = part(left), part(left + 7)
    if first == len(edges):
        return (" ", f"on {colours[first]}")
    if first == last:
        return ("█", colours[first])
    return (EIGHTHS[edges[first] - left], f"{colours[first]} on {colours[last]}")


def column_bar(width: int, share: float, colour: str, track: str = TRACK) -> list[tuple[str, str]]:
    """A low bar, for many below each other; how high its last cell is tells the eighths."""
    eighths = int(width * 8 * min(max(share, 0.0), 1.0))
    full, rest = divmod(eighths, 8)
    front = LEVELS[6] * full + (LEVELS[min(rest, 6)] if rest else "")
    return [(front, colour), (LEVELS[0] * (width - len(front)), track)]


def sparkline(values: Sequence[float], width: int) -> str:
    """The last `width` values as columns of eighths, the highest of them filling its cell."""
    shown = list(values)[-width:]
    top = max(shown, default=0) or 1
    columns = (LEVELS[min(7, int(value / top * 7.999))] if value > 0 else " " for value in shown)
    return "".join(columns).rjust(width)
