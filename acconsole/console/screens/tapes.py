"""Everybody's tapes: what is there of each, conversions that publish nothing, restores of some of them."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content

from acconsole.console import tapelist
from acconsole.console.actions import bindings
from acconsole.console.base import ConsoleScreen
from acconsole.console.messages import News, RunEnded, TapeConverted, TapesKnown
from acconsole.console.modals.plan import PlanModal
from acconsole.console.session import Run
from acconsole.console.shelf import Shelf
from acconsole.console.widgets.keybar import KeyBar
from acconsole.console.widgets.line import Line
from acconsole.console.widgets.notice import Notice
from acconsole.console.widgets.preview import Preview
from acconsole.console.widgets.rows import GUTTER, Rows
from acconsole.console.widgets.topbar import TopBar
from acconsole.engine.model import User
from acconsole.engine.shelf import TapeRow
from acconsole.media.base import MediaType


class TapesScreen(ConsoleScreen):
    """Reads the list when it opens for the first time, and again when a run over tapes has ended."""

    BINDINGS = bindings("tapes")
    AUTO_FOCUS: ClassVar[str] = "Rows"

    def __init__(self) -> None:
        super().__init__(id="tapes")
        self._offered = (False, False)

    def compose(self) -> ComposeResult:
        yield TopBar()
        yield Line(lambda width: tapelist.tally(self.shelf, width), id="tally")
        yield Notice()
        with Horizontal(id="drill"):
            with Vertical(id="list"):
                yield Line(self._heading, id="heading", classes="heading")
                yield Rows(self._line, id="items")
                yield Line(lambda width: tapelist.conversions(self.shelf, width), id="conversions")
            yield Preview(id="detail")
        yield KeyBar()

    def on_mount(self) -> None:
        if self.shelf.read_at is None and not self.shelf.reading:
            self.runner.tapes.read()
        self._show()

    @property
    def shelf(self) -> Shelf:
        """What is known of the tapes."""
        return self.session.shelf

    @property
    def selected(self) -> TapeRow | None:
        """The tape under the cursor."""
        cursor = self.query_one(Rows).cursor
        return self.shelf.rows[cursor] if cursor < len(self.shelf.rows) else None

    @property
    def _chosen(self) -> list[TapeRow]:
        """The marked tapes, else the one under the cursor."""
        marked = [row for row in self.shelf.rows if row.doc.ref in self.shelf.marked]
        return marked or ([self.selected] if self.selected else [])

    # -- what is shown -------------------------------------------------------------------------------

    def hear(self, news: News) -> None:
        if isinstance(news, TapesKnown | TapeConverted):
            self._show()
        elif isinstance(news, RunEnded) and MediaType.TAPES in news.run.kinds and news.run.live:
            self.runner.tapes.read()

    def _show(self) -> None:
        rows, shelf = self.query_one(Rows), self.shelf
        if rows.count != len(shelf.rows) or self._is_another_list():
            rows.show(len(shelf.rows), rows.cursor)
        else:
            rows.refresh()
        self._say()
        self.query_one("#tally").refresh()
        converting = self.query_one("#conversions")
        converting.display = bool(shelf.conversions)
        converting.refresh(layout=converting.display)
        offered = (bool(shelf.rows), bool(shelf.going_on))
        if offered != self._offered:
            self._offered = offered
            self.refresh_bindings()

    def _is_another_list(self) -> bool:
        """Whether the pane shows a tape of a list that was read anew since."""
        return self.selected is not None and self.query_one(Preview).pair is not self.selected.pair

    def _say(self) -> None:
        notice, shelf = self.query_one(Notice), self.shelf
        if shelf.trouble:
            notice.trouble(shelf.trouble)
        elif not shelf.rows and shelf.reading:
            notice.say(
                "… reading everybody's tapes", "Every owner's repo is read; the guest account's first."
            )
        elif not shelf.rows:
            notice.say("Nobody has a tape.", "R looks again, esc goes back.")
        else:
            notice.clear()
        self.query_one("#drill").display = bool(shelf.rows)

    def _heading(self, _: int) -> Content:
        # As wide as the lines below it, which a scrollbar may have narrowed.
        return tapelist.heading(self.query_one(Rows).scrollable_content_region.width - GUTTER)

    def _line(self, index: int, width: int) -> Content:
        return tapelist.line(self.shelf.rows[index], self.shelf, width)

    @on(Rows.InView)
    def _want(self) -> None:
        rows = self.query_one(Rows)
        self.query_one("#heading").refresh()
        view = [self.shelf.rows[index] for index in rows.in_view() if index < len(self.shelf.rows)]
        # The selected tape first: that is the one that is being looked at.
        view.sort(key=lambda row: row is not self.selected)
        self.runner.tapes.want(view)

    @on(Rows.Moved)
    def _preview(self) -> None:
        row, pane = self.selected, self.query_one(Preview)
        if row is None:
            pane.show(User(""), None)
        else:
            pane.show(row.user, row.pair, f"The owner's repo could not be read. {row.trouble or ''}")

    @on(Rows.Chosen)
    def action_pane(self) -> None:
        """Where there is no room for both, the tape or the list; elsewhere, the focus goes over."""
        showing = not self.has_class("-detail")
        self.set_class(showing, "-detail")
        self.query_one("#detail" if showing else "#items").focus()

    # -- actions -------------------------------------------------------------------------------------

    def action_mark(self) -> None:
        """Mark the tape under the cursor, and go on to the next one."""
        if self.selected:
            self.runner.tapes.mark([self.selected.doc.ref])
            self.query_one(Rows).action_down()
            self._show()

    def action_every(self) -> None:
        """Mark every tape that a restore would mend; a second time, none."""
        rows = self.shelf.rows
        self.runner.tapes.mark(
            row.doc.ref for row in rows if row.pair and row.pair.verdict in tapelist.MENDED
        )
        self._show()

    def action_convert(self) -> None:
        """Convert, and publish nothing."""
        self.runner.tapes.convert(self._chosen)

    def action_stop(self) -> None:
        """Stop the conversions."""
        self.runner.tapes.stop()

    def action_restore(self) -> None:
        """Plan a restore of the chosen tapes of one owner: of the one under the cursor, if any is marked."""
        chosen, selected = self._chosen, self.selected
        owners = list(dict.fromkeys(row.user for row in chosen))
        owner = selected.user if selected and selected.user in owners else owners[0]
        also = tapelist.left_marked(row.user for row in chosen if row.user != owner)
        refs = {row.doc.ref for row in chosen if row.user == owner}
        self.app.push_screen(
            PlanModal("restore", owner, (MediaType.TAPES,), refs=refs, also=also),
            lambda run: self._started(run, refs),
        )

    def _started(self, run: Run | None, refs: set[str]) -> None:
        if run is None:
            return
        if run.live:
            self.shelf.marked -= refs
        self.console.action_show_run()

    def action_play(self) -> None:
        """Play the tape, or let it stand."""
        self.query_one(Preview).play()

    def action_other(self) -> None:
        """Play it from somewhere else."""
        self.query_one(Preview).turn_to_other_source()

    def action_reread(self) -> None:
        """Read the tapes again."""
        self.runner.previews.forget()
        self.runner.tapes.read()
        self._show()

    def action_back(self) -> None:
        """From the tape to the list, from there to where one came from."""
        if self.has_class("-detail"):
            self.action_pane()
        else:
            self.dismiss()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What cannot be done now is dim, what makes no sense here is left out."""
        if action == "stop":
            return bool(self.shelf.going_on)
        if action == "play":
            return self.query_one(Preview).can_play
        if action == "other":
            return self.query_one(Preview).has_other_source
        if action in ("mark", "every", "convert", "restore"):
            return True if self.shelf.rows else None
        return True
