"""A strip of content that is painted for whatever width it has."""

from __future__ import annotations

from collections.abc import Callable

from textual.content import Content
from textual.widget import Widget

Paint = Callable[[int], Content]


class Line(Widget):
    """What `paint` gives for the width at hand; `refresh` paints it again."""

    def __init__(self, paint: Paint, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._paint = paint

    def render(self) -> Content:
        return self._paint(self.content_size.width)


def ends(left: Content, right: Content, width: int) -> Content:
    """One line with something at each end; the left end gives way when both do not fit."""
    room = width - right.cell_length
    if room < 4:
        return left.truncate(width, ellipsis=True)
    left = left.truncate(room - 1, ellipsis=True)
    return Content.assemble(left, " " * (room - left.cell_length), right)


def cell(content: Content | str, width: int, style: str = "", *, right: bool = True) -> Content:
    """A cell of a table: exactly `width` cells, right-aligned unless told otherwise."""
    shown = Content(content) if isinstance(content, str) else content
    if shown.cell_length > width:
        shown = shown.truncate(width, ellipsis=True)
    gap = " " * (width - shown.cell_length)
    shown = Content.assemble(gap, shown) if right else Content.assemble(shown, gap)
    return shown.stylize_before(style) if style else shown
