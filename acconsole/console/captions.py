"""What is said of a picture or a film in the preview. Pure: a view in, content out."""

from __future__ import annotations

from textual.content import Content

from acconsole.console import figures
from acconsole.console.texts import folded
from acconsole.console.views import SOURCES, PaintingView, Side, TapeView

LINES, MOST = 4, 400
"""So many lines and characters of a reason are shown."""


def published(view: PaintingView, width: int) -> Content:
    """Over the picture on the PDS."""
    if view.same:
        return _caption("the same on the PDS and built here", view.published, width, "$good")
    return _caption("on the PDS", view.published, width)


def built(view: PaintingView, width: int) -> Content:
    """Over the picture that would be built."""
    differs = view.published.still is not None and view.built.still is not None
    return _caption("≠ to be built" if differs else "to be built", view.built, width, "$todo")


def _caption(name: str, side: Side, width: int, colour: str = "") -> Content:
    if side.awaited:
        return Content.styled(f"… {name}", "$faint")
    if side.still is None:
        return _folded(f"{name}: {side.note}", width, "$mute")
    size = f" {figures.size(side.still.size)}"
    size = size if len(name) + len(size) <= width else ""
    return Content.assemble((name, colour), (size, "$mute")).truncate(width, ellipsis=True)


def film(view: TapeView, width: int) -> Content:
    """Under a film, or in its place while it comes or when it cannot be had."""
    lines = [_folded(reason, width, "$mute") for reason in view.lacking]
    if view.is_awaited:
        amount = f"  {figures.size(view.done)}" if view.done else ""
        amount += f" of {figures.size(view.size)}" if view.done and view.size else ""
        lines.insert(0, Content.styled(f"… {SOURCES[view.source]}{amount}", "$faint"))
    elif view.film is None:
        lines.insert(0, Content.styled("Nothing to play.", "bold"))
    else:
        lost = f"  {figures.plural(view.film.lost, 'frame')} cannot be decoded" if view.film.lost else ""
        from_where = Content.assemble(
            (f"from {SOURCES[view.source]}", ""), (f"  {figures.size(view.size)}", "$mute"), (lost, "$todo")
        )
        lines.insert(0, from_where.truncate(width, ellipsis=True))
    return Content("\n").join(lines)


def _folded(text: str, width: int, style: str) -> Content:
    lines = folded([(text[:MOST], style)], width)
    return Content("\n").join(lines[:LINES])
