"""A list of any length: only the lines in view are painted."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import events
from textual.content import Content
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from acconsole.console.actions import bindings

GUTTER = 2

PaintRow = Callable[[int, int], Content]
"""Paints the line of an index, for a width in cells."""


class Rows(ScrollView, can_focus=True):
    """`count` lines of content with a cursor. Mouse: a click moves the cursor, one on the cursor chooses."""

    BINDINGS = bindings("list")
    COMPONENT_CLASSES: ClassVar[set[str]] = {"rows--cursor", "rows--mark"}

    cursor = reactive(0, repaint=False)

    class Message_(Message):
        """The root of what a list tells; `index` is the line under the cursor."""

        def __init__(self, rows: Rows, index: int) -> None:
            super().__init__()
            self.rows = rows
            self.index = index

        @property
        def control(self) -> Rows:
            return self.rows

    class Moved(Message_):
        """The cursor stands on another line."""

    class Chosen(Message_):
        """A line was chosen with the mouse."""

    class InView(Message):
        """Other lines are in view now."""

    def __init__(self, paint: PaintRow, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._paint = paint
        self._count = 0

    @property
    def count(self) -> int:
        """How many lines there are."""
        return self._count

    def show(self, count: int, cursor: int = 0) -> None:
        """There are `count` lines now, and the cursor is to stand on that one."""
        self._count = count
        self.virtual_size = Size(0, count)
        self.set_reactive(Rows.cursor, self._clamped(cursor))
        self._keep_in_view()
        self.refresh()
        self.post_message(self.Moved(self, self.cursor))
        self.call_after_refresh(self._tell_view)

    def in_view(self) -> range:
        """The indexes of the lines in view."""
        first = self.scroll_offset.y
        return range(first, min(self._count, first + max(self.scrollable_content_region.height, 1)))

    # -- painting ------------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        index = self.scroll_offset.y + y
        width = self.scrollable_content_region.width
        if index >= self._count:
            return Strip.blank(width, self.visual_style.rich_style)
        here = index == self.cursor
        style = self.get_visual_style("rows--cursor") if here else self.visual_style
        mark = self.get_visual_style("rows--mark").foreground if here else None
        gutter = Content("▸ " if here else "  ")
        if mark:
            gutter = gutter.stylize(f"{mark.hex}")
        content = Content.assemble(gutter, self._paint(index, width - GUTTER))
        strip = Strip(content.render_segments(style), content.cell_length)
        return strip.adjust_cell_length(width, style.rich_style).apply_offsets(0, index)

    # -- moving --------------------------------------------------------------------------------------

    def validate_cursor(self, cursor: int) -> int:
        return self._clamped(cursor)

    def watch_cursor(self, old: int, new: int) -> None:
        if old == new:
            return
        self._keep_in_view()
        self.refresh_line(old)
        self.refresh_line(new)
        self.post_message(self.Moved(self, new))

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if round(old_value) != round(new_value):
            self._tell_view()

    def on_resize(self) -> None:
        self._keep_in_view()
        self._tell_view()

    def on_focus(self) -> None:
        self.refresh_line(self.cursor)

    def on_blur(self) -> None:
        self.refresh_line(self.cursor)

    def on_click(self, event: events.Click) -> None:
        index = self.scroll_offset.y + event.y
        if event.x >= self.scrollable_content_region.width or index >= self._count:
            return
        if index == self.cursor:
            self.post_message(self.Chosen(self, index))
        self.cursor = index

    def action_up(self) -> None:
        self.cursor -= 1

    def action_down(self) -> None:
        self.cursor += 1

    def action_page_up(self) -> None:
        self.cursor -= self._page

    def action_page_down(self) -> None:
        self.cursor += self._page

    def action_first(self) -> None:
        self.cursor = 0

    def action_last(self) -> None:
        self.cursor = self._count - 1

    @property
    def _page(self) -> int:
        return max(1, self.scrollable_content_region.height - 1)

    def _clamped(self, cursor: int) -> int:
        return max(0, min(cursor, self._count - 1))

    def _keep_in_view(self) -> None:
        region = Region(0, self.cursor, 1, 1)
        self.scroll_to_region(region, animate=False, force=True, immediate=True, x_axis=False)

    def _tell_view(self) -> None:
        self.post_message(self.InView())
