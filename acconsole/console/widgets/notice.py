"""A state that needs a sentence: waiting, an error with what to do about it, nothing to show."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static

from acconsole.console.inert import inert
from acconsole.errors import AcError


class Notice(Static):
    """A few lines of text; hidden while there is nothing to say."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.display = False

    def clear(self) -> None:
        """Nothing to say any more."""
        self.display = False

    def say(self, text: str, detail: str = "") -> None:
        """A calm sentence, and a dim one below it."""
        lines = [inert(text, style="bold")]
        self._show(lines + ([inert(detail, style="$mute")] if detail else []))

    def trouble(self, error: AcError, again: str = "") -> None:
        """An error: what happened, what to do, and the key that tries again where that may help.

        `again` says when that is done without a key.
        """
        lines = [Content.assemble(("! ", "bold $bad"), inert(error.title, style="bold $bad"))]
        lines.append(inert(error.message))
        if error.hint:
            lines.append(inert(error.hint, style="$mute"))
        if error.retryable:
            by_itself = (f" · {again}" if again else "", "$mute")
            lines.append(Content.assemble(("F5", "bold $pick"), " try again", by_itself))
        self._show(lines)

    def _show(self, lines: list[Content]) -> None:
        self.update(Content("\n").join(lines))
        self.display = True
