"""The search field: what is typed searches, what moves goes to the list below."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import Input

from acconsole.console.actions import bindings
from acconsole.console.widgets.rows import Rows

_TYPED = ("j", "k", "home", "end")


class SearchField(Input):
    """One line of text, with the list's own keys for moving handed on to the list."""

    BINDINGS: ClassVar[list[BindingType]] = [
        each for each in bindings("list") if isinstance(each, Binding) and each.key not in _TYPED
    ]

    def __init__(self, rows: Callable[[], Rows]) -> None:
        super().__init__(placeholder="handle, code, DID, id", compact=True, select_on_focus=False)
        self._rows = rows

    def action_up(self) -> None:
        self._rows().action_up()

    def action_down(self) -> None:
        self._rows().action_down()

    def action_page_up(self) -> None:
        self._rows().action_page_up()

    def action_page_down(self) -> None:
        self._rows().action_page_down()
