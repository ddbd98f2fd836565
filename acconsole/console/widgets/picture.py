"""A still picture under its caption, by the best way that the terminal has."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from acconsole.console.graphics import USUAL_CELL, Graphics, cell_size
from acconsole.console.widgets.canvas import Canvas

if TYPE_CHECKING:
    from PIL import Image
    from textual_image.widget import SixelImage

    from acconsole.console.app import ConsoleApp
    from acconsole.console.widgets.kitty import KittyImage


class Picture(Vertical):
    """A caption, and below it a picture, which fits into a square."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._shown: tuple[Image.Image, int] | None = None
        self._waits = False
        self._image: SixelImage | KittyImage | None = None

    def compose(self) -> ComposeResult:
        yield Static(classes="caption")
        canvas = Canvas()
        canvas.display = False
        yield canvas

    @property
    def graphics(self) -> Graphics:
        """The way that pictures are shown by."""
        return cast("ConsoleApp", self.app).graphics

    def show(self, caption: Content, picture: Image.Image | None, columns: int, side: int) -> None:
        """This caption, in so many columns, and this picture, at most `side` columns wide, or none."""
        self.query_one(Static).update(caption)
        self.styles.width = columns
        wanted = (picture, side) if picture else None
        if self._waits or wanted != self._shown:
            self._shown, self._waits = wanted, False
            show = self._on_canvas if self.graphics is Graphics.CELLS else self._as_graphics
            show(picture, side)

    def wait(self, caption: Content, columns: int) -> None:
        """Nothing is known yet of the next picture, whose place is kept."""
        self.query_one(Static).update(caption)
        self.styles.width = columns
        self._waits = True
        self.query_one(Canvas).clear()
        if self._image:
            self._image.image = None

    def _on_canvas(self, picture: Image.Image | None, side: int) -> None:
        from acconsole.media.film import fitted

        canvas = self.query_one(Canvas)
        canvas.display = picture is not None
        canvas.show((fitted(picture, (side, side)),) if picture else (), side, side // 2)

    def _as_graphics(self, picture: Image.Image | None, side: int) -> None:
        self.query_one(Canvas).display = False
        if self._image is None:
            self._image = _image(self.graphics)
            self.mount(self._image)
        self._image.display = picture is not None
        self._image.image = picture
        if picture:
            width, height = cell_size() or USUAL_CELL
            # A square on the screen, whatever shape a cell has.
            scale = min(side * width / picture.width, side // 2 * 2 * width / picture.height)
            self._image.styles.width = max(1, int(picture.width * scale / width))
            self._image.styles.height = max(1, int(picture.height * scale / height))


def _image(kind: Graphics) -> SixelImage | KittyImage:
    # Once a picture is there, textual-image has been loaded.
    if kind is Graphics.SIXEL:
        from textual_image.widget import SixelImage

        return SixelImage()
    from acconsole.console.widgets.kitty import KittyImage

    return KittyImage()
