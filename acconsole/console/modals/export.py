"""A table as a file: in which form, and where."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Static

from acconsole.console import figures
from acconsole.console.actions import bindings
from acconsole.console.base import ConsoleModal
from acconsole.console.inert import inert, visible
from acconsole.console.tables import Table
from acconsole.console.widgets.keybar import KeyBar
from acconsole.console.widgets.topbar import TopBar
from acconsole.errors import Failed


class ExportModal(ConsoleModal[Path]):
    """Closes with the file that was written, or with None."""

    BINDINGS = bindings("export")
    AUTO_FOCUS: ClassVar[str] = "#csv"

    def __init__(self, table: Table) -> None:
        super().__init__()
        self._table = table
        self._is_here = False

    def compose(self) -> ComposeResult:
        yield TopBar()
        with Vertical(classes="box") as box:
            box.border_title = f"Export {figures.plural(len(self._table), 'row')}"
            yield Static("As the table is shown: searched, filtered and sorted.")
            yield Static(self._where(), id="place", classes="mute")
            with Horizontal(classes="buttons"):
                yield Button("Cancel", id="cancel")
                yield Button("Other folder", id="place-button")
                yield Button("JSON", id="json")
                yield Button("CSV", id="csv")
        yield KeyBar()

    @property
    def folder(self) -> Path:
        """Where it goes."""
        return Path.cwd() if self._is_here else self.session.exports

    def _where(self) -> Content:
        return Content.assemble("A new file in ", inert(str(self.folder), 70, "$foreground"))

    @on(Button.Pressed)
    async def _pressed(self, event: Button.Pressed) -> None:
        match event.button.id:
            case "csv" | "json" as suffix:
                await self._write(suffix)
            case "place-button":
                self.action_place()
            case _:
                self.action_cancel()

    async def action_csv(self) -> None:
        """Write a table for a spreadsheet."""
        await self._write("csv")

    async def action_json(self) -> None:
        """Write a list for scripts."""
        await self._write("json")

    def action_place(self) -> None:
        """The other folder."""
        self._is_here = not self._is_here
        self.query_one("#place", Static).update(self._where())

    def action_cancel(self) -> None:
        """Write nothing."""
        self.dismiss(None)

    async def _write(self, suffix: str) -> None:
        try:
            file = await asyncio.to_thread(self._table.write, self.folder, suffix)
        except Failed as error:
            self.query_one("#place", Static).update(
                Content.assemble(inert(error.message, style="$bad"), " ", inert(error.hint))
            )
            return
        self.app.notify(f"Written: {visible(str(file))}", markup=False, timeout=10)
        self.dismiss(file)
