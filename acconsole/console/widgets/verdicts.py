"""The table of verdicts: a line a media type, a column a verdict, and a cursor on one cell."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import ClassVar

from textual import events
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from acconsole.console import figures
from acconsole.console.actions import bindings
from acconsole.console.userlist import kind_bar
from acconsole.console.verdicts import colour_of
from acconsole.console.widgets.line import cell
from acconsole.engine.model import Counts, Verdict
from acconsole.media.base import MediaType

KINDS = tuple(MediaType)
COLUMNS: tuple[Verdict | None, ...] = (None, *Verdict)
"""The cursor's columns; None stands for every verdict, on the number of docs."""

_SHORT = ("sync", "miss", "unln", "stal", "dup", "tomb", "orph", "blck")
_MIDDLE = ("synced", "miss", "unlnk", "stale", "dup", "tomb", "orph", "block")


@dataclass(frozen=True, slots=True)
class _Widths:
    kind: int
    docs: int
    records: int
    verdict: int
    bar: int

    @classmethod
    @cache
    def fitting(cls, width: int) -> _Widths:
        verdict = 12 if width >= 138 else 8 if width >= 98 else 6
        rest = width - 2 - 11 - 7 - 9 - 8 * verdict - 2
        return cls(11, 7, 9 if rest >= 4 else 8, verdict, max(0, min(rest, 40)))

    def at(self, x: int) -> int | None:
        """The column of COLUMNS under a cell of the line."""
        start = 2 + self.kind + self.docs + self.records
        if x < start:
            return 0
        column = (x - start) // self.verdict
        return column + 1 if column < len(Verdict) else None


class VerdictTable(Widget, can_focus=True):
    """Counts by media type and verdict. `counts` None while they are not known."""

    BINDINGS = bindings("table")
    COMPONENT_CLASSES: ClassVar[set[str]] = {"verdicts--row", "verdicts--cell"}

    line = reactive(0)
    column = reactive(0)

    class Picked(Message):
        """The cursor stands on another cell."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: dict[MediaType, Counts] | None = None

    @property
    def kind(self) -> MediaType:
        """The media type under the cursor."""
        return KINDS[self.line]

    @property
    def verdict(self) -> Verdict | None:
        """The verdict under the cursor, None for every one."""
        return COLUMNS[self.column]

    def show(self, counts: dict[MediaType, Counts] | None) -> None:
        """These counts, or none."""
        self.counts = counts
        self.refresh()

    def pick(self, kind: MediaType, verdict: Verdict | None) -> None:
        """Put the cursor on a cell."""
        self.line, self.column = KINDS.index(kind), COLUMNS.index(verdict)

    def occurring(self) -> list[Verdict]:
        """The verdicts that the media type under the cursor has."""
        counts = (self.counts or {}).get(self.kind)
        return [verdict for verdict in Verdict if counts and counts.of(verdict)]

    # -- painting ------------------------------------------------------------------------------------

    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        return len(KINDS) + 1

    def render_line(self, y: int) -> Strip:
        width = self.content_size.width
        here = y - 1 == self.line
        style = self.get_visual_style("verdicts--row") if here else self.visual_style
        content = self._heading(width) if y == 0 else self._line(KINDS[y - 1], width, here)
        segments = content.render_segments(style)
        return Strip(segments, content.cell_length).adjust_cell_length(width, style.rich_style)

    def _heading(self, width: int) -> Content:
        widths = _Widths.fitting(width)
        parts = [
            cell("  type", widths.kind + 2, "$mute", right=False),
            cell("docs", widths.docs, "$mute"),
            cell("records", widths.records, "$mute"),
        ]
        for place, verdict in enumerate(Verdict):
            name = _name(verdict, place, widths.verdict)
            chosen = place + 1 == self.column
            style = f"bold {colour_of(verdict)}" if chosen else "$mute"
            parts.append(cell(name, widths.verdict, style))
        return Content.assemble(*parts)

    def _line(self, kind: MediaType, width: int, here: bool) -> Content:
        widths = _Widths.fitting(width)
        counts = (self.counts or {}).get(kind)
        name = Content.assemble(
            ("▸ " if here else "  ", "$pick"),
            cell(kind.value, widths.kind, "bold" if here else "", right=False),
        )
        parts = [
            name,
            self._count(counts.docs if counts else None, widths.docs, "", here and self.column == 0),
        ]
        parts.append(self._count(counts.records if counts else None, widths.records, "", False))
        for place, verdict in enumerate(Verdict, 1):
            count = counts.of(verdict) if counts else None
            parts.append(
                self._count(count, widths.verdict, colour_of(verdict), here and place == self.column)
            )
        if counts and widths.bar >= 3 and (counts.docs or counts.records):
            parts += [Content("  "), kind_bar(widths.bar, counts)]
        return Content.assemble(*parts)

    def _count(self, count: int | None, width: int, colour: str, picked: bool) -> Content:
        if count is None:
            shown = cell(figures.UNKNOWN, width, "$faint")
        else:
            shown = cell(figures.short(count, width - 1), width, colour if count else "$faint")
        if not picked:
            return shown
        return shown.stylize(self.get_visual_style("verdicts--cell"), 1)

    # -- moving --------------------------------------------------------------------------------------

    def validate_line(self, line: int) -> int:
        return max(0, min(line, len(KINDS) - 1))

    def validate_column(self, column: int) -> int:
        return max(0, min(column, len(COLUMNS) - 1))

    def watch_line(self, old: int, new: int) -> None:
        if old != new:
            self.post_message(self.Picked())

    def watch_column(self, old: int, new: int) -> None:
        if old != new:
            self.post_message(self.Picked())

    def on_click(self, event: events.Click) -> None:
        if event.y >= 1:
            self.line = event.y - 1
        column = _Widths.fitting(self.content_size.width).at(event.x)
        if column is not None:
            self.column = column

    def action_up(self) -> None:
        self.line -= 1

    def action_down(self) -> None:
        self.line += 1

    def action_left(self) -> None:
        self.column -= 1

    def action_right(self) -> None:
        self.column += 1


def _name(verdict: Verdict, place: int, width: int) -> str:
    if width >= 12:
        return f"{verdict.sign} {verdict.value}"
    return f"{verdict.sign}{(_MIDDLE if width >= 8 else _SHORT)[place]}"
