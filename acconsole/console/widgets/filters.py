"""The filters beside the search, each with its count; a click on one chooses it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from textual import events
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from acconsole.console import figures
from acconsole.console.filters import Filter

GAP = 3


class FilterBar(Widget):
    """As many as fit, at the right or with the class `-left`; those that find nobody give way first.

    `chosen` and `counts` are asked at each paint. A count is None while nobody was looked at.
    """

    class Chosen(Message):
        """A filter was clicked."""

        def __init__(self, chosen: Filter) -> None:
            super().__init__()
            self.chosen = chosen

    def __init__(
        self,
        chosen: Callable[[], Filter | None],
        counts: Callable[[], Mapping[Filter, int | None]],
        *,
        classes: str | None = None,
    ) -> None:
        super().__init__(classes=classes)
        self._chosen = chosen
        self._counts = counts
        self._spots: list[tuple[int, int, Filter]] = []

    def render(self) -> Content:
        width, chosen, counts = self.content_size.width, self._chosen(), self._counts()
        shown = _fitting(counts, chosen, width - 3)
        length = sum(len(_text(each, counts[each])) + GAP for each in shown)
        x = 3 if self.has_class("-left") else max(0, width - length)
        self._spots = []
        parts: list[Content | str] = [" " * x]
        for each in shown:
            chip = _chip(each, counts[each], each is chosen)
            self._spots.append((x, x + chip.cell_length, each))
            x += chip.cell_length + GAP - 2
            parts += [chip, " " * (GAP - 2)]
        return Content.assemble(*parts)

    def on_click(self, event: events.Click) -> None:
        for first, last, each in self._spots:
            if first <= event.x < last:
                self.post_message(self.Chosen(each))


def _text(each: Filter, count: int | None) -> str:
    return f"{each} {figures.UNKNOWN if count is None else figures.number(count)}"


def _chip(each: Filter, count: int | None, chosen: bool) -> Content:
    number = figures.UNKNOWN if count is None else figures.number(count)
    if chosen:
        return Content.styled(f" {each} {number} ", "bold $badge-text on $pick")
    colour = each.colour if count else "$faint"
    name = "$mute" if count else "$faint"
    return Content.assemble((f" {each} ", name), (number, f"bold {colour}" if count else colour), " ")


def _fitting(counts: Mapping[Filter, int | None], chosen: Filter | None, width: int) -> list[Filter]:
    """In their own order; the chosen one is kept, then those that find somebody."""
    wanted = sorted(counts, key=lambda each: (each is not chosen, not counts[each]))
    kept: list[Filter] = []
    for each in wanted:
        width -= len(_text(each, counts[each])) + GAP
        if width >= 0:
            kept.append(each)
    return [each for each in counts if each in kept]
