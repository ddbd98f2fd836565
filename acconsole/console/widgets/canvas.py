"""Pictures of half cells: two pixels a cell, one above the other, as textual-image draws them."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from rich.segment import Segment
from textual.color import BLACK
from textual.strip import Strip
from textual.widget import Widget

if TYPE_CHECKING:
    from PIL import Image

STRIPS_HELD = 12_000
"""Lines of pictures that are kept painted: a film is played over and over."""


class Canvas(Widget):
    """One of some pictures at a time; `at` is which."""

    def __init__(self) -> None:
        super().__init__()
        self._pictures: tuple[Image.Image, ...] = ()
        self.at = 0
        self._painted: OrderedDict[int, list[Strip]] = OrderedDict()
        self._ground = BLACK

    def show(self, pictures: tuple[Image.Image, ...], columns: int, lines: int) -> None:
        """These pictures, each at most `columns` wide and twice `lines` high; the first of them now."""
        self._pictures, self.at = pictures, 0
        self._painted.clear()
        self.styles.width, self.styles.height = columns, lines
        self.refresh()

    def clear(self) -> None:
        """No picture, in the room of the last one."""
        self._pictures = ()
        self._painted.clear()
        self.refresh()

    def turn_to(self, at: int) -> None:
        """Another of the pictures."""
        if at != self.at:
            self.at = at
            self.refresh()

    def render_line(self, y: int) -> Strip:
        width, style = self.content_size.width, self.visual_style.rich_style
        strips = self._strips()
        strip = strips[y] if y < len(strips) else Strip.blank(width, style)
        return strip.adjust_cell_length(width, style)

    def _strips(self) -> list[Strip]:
        if self.at >= len(self._pictures):
            return []
        # Where a picture is transparent, the colour below it is painted along.
        if (ground := self.background_colors[1]) != self._ground:
            self._ground = ground
            self._painted.clear()
        if self.at not in self._painted:
            self._painted[self.at] = self._paint(self._pictures[self.at])
            while len(self._painted) * max(self.size.height, 1) > STRIPS_HELD:
                self._painted.popitem(last=False)
        return self._painted[self.at]

    def _paint(self, picture: Image.Image) -> list[Strip]:
        from textual_image.renderable import HalfcellImage

        width, lines = picture.width, (picture.height + 1) // 2
        ground = self._grounded(picture, (width, lines * 2))
        options = self.app.console.options.update(width=width, height=lines)
        painted = self.app.console.render_lines(HalfcellImage(ground, width, lines), options, pad=False)
        return [Strip(list(Segment.simplify(line)), width) for line in painted[:lines]]

    def _grounded(self, picture: Image.Image, size: tuple[int, int]) -> Image.Image:
        """The picture on this widget's background, with an even number of lines."""
        from PIL import Image

        ground = Image.new("RGB", size, self._ground.rgb)
        ground.paste(picture, (0, 0), picture if picture.mode == "RGBA" else None)
        return ground
