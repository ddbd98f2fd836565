"""The heads of the columns of a list; a click on one tells where."""

from __future__ import annotations

from textual import events
from textual.message import Message

from acconsole.console.widgets.line import Line


class Heads(Line):
    """A line that says at which cell it was clicked."""

    class Clicked(Message):
        """The line was clicked at `x`, in cells from its left."""

        def __init__(self, x: int) -> None:
            super().__init__()
            self.x = x

    def on_click(self, event: events.Click) -> None:
        self.post_message(self.Clicked(event.x))
