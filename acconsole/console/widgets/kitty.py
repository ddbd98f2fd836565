"""Pictures by kitty's graphics protocol, through textual-image. Imported once that is loaded."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from typing import cast

from rich.console import Console, ConsoleOptions
from rich.console import RenderResult as Segments
from textual.app import RenderResult
from textual.driver import Driver
from textual_image.renderable import TGPImage as Drawn
from textual_image.widget import TGPImage

Send = Callable[[str], None]


class Collected(Drawn):
    """A picture that goes to the terminal by way of Textual's writer.

    textual-image writes it straight to the terminal, into the middle of what Textual may be writing there.
    """

    send: Send | None = None

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Segments:
        kept, written = sys.__stdout__, io.StringIO()
        sys.__stdout__ = written  # type: ignore[misc, assignment]  # that is where textual-image writes to
        try:
            segments = list(super().__rich_console__(console, options))
        finally:
            sys.__stdout__ = kept  # type: ignore[misc]  # as above
        if self.send and written.getvalue():
            self.send(written.getvalue())
        yield from segments

    def cleanup(self) -> None:
        """Let the terminal forget the picture."""
        if self.send and self.terminal_image_id:
            self.send(f"\x1b_Ga=d,d=I,i={self.terminal_image_id},q=2\x1b\\")
        self.terminal_image_id = None


class KittyImage(TGPImage, Renderable=Collected):
    """A picture, which the terminal forgets when it is taken off the screen."""

    def render(self) -> RenderResult:
        drawn = super().render()
        if isinstance(drawn, Collected):
            # Textual gives nobody else access to the writer of the terminal.
            drawn.send = cast(Driver, self.app._driver).write
        return drawn

    def on_unmount(self) -> None:
        # When the console ends the terminal forgets by itself, and may be gone.
        if not self.app._exit:
            self.image = None
