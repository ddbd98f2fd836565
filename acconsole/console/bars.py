"""Bars in eighths of a cell, and sparklines. Pure: numbers in, content out."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

EIGHTHS = " ▏▎▍▌▋▊▉█"
LEVELS = "▁▂▃▄▅▆▇█"
TRACK = "$track"


def bar(width: int, total: float, *parts: tuple[float, str]) -> Content:
    """One bar of `width` cells for `total`: each part, an amount and its colour, after the one before.

    A part that is not nothing shows at least an eighth, and the bar is full only when the parts are.
    """
    if width < 1:
        return Content()
    edges = _edges(width * 8, total, [amount for amount, _ in parts])
    colours = [colour for _, colour in parts]
    cells = [_cell(cell * 8, edges, colours) for cell in range(width)]
    return Content.assemble(*cells).simplify()


def _edges(eighths: int, total: float, amounts: Sequence[float]) -> list[int]:
    """Where each part ends, in eighths from the left."""
    edges, reached, last = [], 0.0, 0
    for amount in amounts:
        reached += max(amount, 0)
        edge = int(eighths * reached / total) if total > 0 else 0
        if amount > 0:
            edge = max(edge, last + 1)
        if reached < total:
            edge = min(edge, eighths - 1)
        last = max(last, min(edge, eighths))
        edges.append(last)
    return edges


def _cell(left: int, edges: Sequence[int], colours: Sequence[str]) -> tuple[str, str]:
    """One cell: the part on its left drawn in eighths over the part on its right."""

    def at(eighth: int) -> str | None:
        return next((colour for edge, colour in zip(edges, colours, strict=True) if eighth < edge), None)

    first, last = at(left), at(left + 7)
    if first is None:
        return (" ", f"on {TRACK}")
    if first == last:
        return ("█", first)
    edge = max((edge for edge in edges if left < edge <= left + 7), default=left + 8)
    return (EIGHTHS[edge - left], f"{first} on {last or TRACK}")


def sparkline(values: Sequence[float], width: int) -> str:
    """The last `width` values as columns of eighths, the highest of them filling its cell."""
    shown = list(values)[-width:]
    top = max(shown, default=0) or 1
    columns = (LEVELS[min(7, int(value / top * 7.999))] if value > 0 else " " for value in shown)
    return "".join(columns).rjust(width)
