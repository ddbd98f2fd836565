"""The list of users and how they stand: what is shown, and what is heard. What can be done is in `users`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Input

from acconsole.console import figures, userlines
from acconsole.console.base import ConsoleScreen
from acconsole.console.filters import Filter
from acconsole.console.messages import DiedKnown, GlanceKnown, News, RunEnded, ScanMoved, Stage
from acconsole.console.roster import Roster, Sort
from acconsole.console.userlist import Columns, Row, heading
from acconsole.console.widgets.filters import FilterBar
from acconsole.console.widgets.heads import Heads
from acconsole.console.widgets.keybar import KeyBar
from acconsole.console.widgets.line import Line
from acconsole.console.widgets.notice import Notice
from acconsole.console.widgets.rows import GUTTER, Rows
from acconsole.console.widgets.search import SearchField
from acconsole.console.widgets.topbar import TopBar

if TYPE_CHECKING:
    from acconsole.engine.model import User

TICK = 1.0
CROWD = 20_000
"""From so many users on, what moves is arranged anew less often."""


class UserTable(ConsoleScreen):
    """The search, the filters, and the list below them."""

    AUTO_FOCUS: ClassVar[str] = "SearchField"

    def __init__(self) -> None:
        super().__init__()
        self.roster = Roster()
        self._arranged_at = 0.0
        self._scan_stood = (False, False)
        self._arranged_of: tuple[object, ...] = ()

    def compose(self) -> ComposeResult:
        yield TopBar()
        with Horizontal(id="search"):
            yield SearchField(lambda: self.query_one(Rows))
            yield Line(self._tally, id="tally-beside", classes="tally")
            yield FilterBar(lambda: self.roster.filter, self._counts)
        with Horizontal(id="second"):
            yield Line(self._tally, id="tally", classes="tally")
            yield FilterBar(lambda: self.roster.filter, self._counts, classes="-left")
        yield Line(self._trouble, id="trouble")
        yield Line(self._died, id="died")
        yield Heads(self._heading, id="heading", classes="heading")
        yield Rows(self._row, id="users")
        yield Notice()
        yield KeyBar()

    def on_mount(self) -> None:
        self.set_interval(TICK, self._tick)
        self._stage()

    # -- what is shown -------------------------------------------------------------------------------

    def hear(self, news: News) -> None:
        match news:
            case Stage():
                self._stage()
            case DiedKnown():
                self.tell_died()
            case GlanceKnown():
                self.repaint()
            case ScanMoved():
                self._scanned()
            case RunEnded():
                self.runner.looking.refill()
                self._want()
                self.repaint()
            case _:
                pass

    def _stage(self) -> None:
        """Users, or what is being waited for, or why there are none."""
        self.list_anew()
        self.refresh_bindings()

    def _scanned(self) -> None:
        scan = self.session.scan
        stands = bool(scan and scan.is_going), bool(scan and scan.trouble)
        if stands != self._scan_stood:
            self._scan_stood = stands
            self.query_one("#trouble").display = stands[1]
            self.refresh_bindings()
        self.repaint()

    def list_anew(self, *, top: bool = False) -> None:
        """Find out anew who is shown; the cursor stays with its user, or goes to the `top`."""
        rows, roster, finder = self.query_one(Rows), self.roster, self.session.finder
        here = self.selected
        if finder:
            kept = self.session.found(roster.filter) if roster.filter else None
            roster.arrange(finder, self.session.glances, kept)
        self._arranged_of, self._arranged_at = self._moves_with, figures.ticks()
        cursor = 0
        if here and not top and rows.cursor:
            cursor = next((at for at, user in enumerate(roster.shown) if user.id == here.id), rows.cursor)
        rows.show(len(roster.shown), cursor)
        self._say()
        self.repaint()

    @property
    def _moves_with(self) -> tuple[object, ...]:
        session = self.session
        return session.glances.version, session.running, len(session.failed)

    def _arrange_if_moved(self) -> None:
        """List them anew when that may come out otherwise than the last time; not oftener than need be."""
        due = TICK if len(self.session.users) < CROWD else 5 * TICK
        moved = self.roster.is_moving and self._moves_with != self._arranged_of
        if moved and figures.ticks() - self._arranged_at >= due:
            self._arranged_at = figures.ticks()
            self.runner.start(self._arrange, "arrange", exclusive=True)

    async def _arrange(self) -> None:
        finder = self.session.finder
        if finder and self.roster.sort:
            # A hundred thousand keys would hold up the screen.
            await asyncio.to_thread(self.roster.renew, finder, self.session.glances)
        self.call_later(self.list_anew)

    def _say(self) -> None:
        """What there is to say instead of a list."""
        notice, session = self.query_one(Notice), self.session
        if session.trouble:
            notice.trouble(session.trouble, userlines.again_in(session.again_at, figures.now()))
        elif session.waiting_for:
            waited = figures.now() - session.waiting_since
            seconds = f"{waited:.0f} s so far. " if waited >= 1 else ""
            notice.say(f"Waiting for {session.waiting_for} …", f"{seconds}It goes on by itself.")
        elif not self.roster.shown:
            notice.say(*userlines.nobody(session, self.roster))
        else:
            notice.clear()
        self.query_one(Rows).display = self.query_one("#heading").display = not notice.display

    def _counts(self) -> dict[Filter, int | None]:
        session = self.session
        counts = {each: len(session.found(each)) for each in Filter} if session.users else {}
        return {each: count if session.glances or count else None for each, count in counts.items()}

    def _tally(self, width: int) -> Content:
        return userlines.tally(self.session, self.roster, width, figures.now())

    def tell_died(self) -> None:
        """Whether there is a run that died, to be gone on from."""
        self.query_one("#died").display = bool(self.session.died)
        self.query_one("#died").refresh()
        self.refresh_bindings()

    def _died(self, width: int) -> Content:
        return userlines.died(self.session.died, width, figures.now())

    def _trouble(self, width: int) -> Content:
        return userlines.trouble(self.session, width, figures.now()) or Content()

    def _heading(self, _: int) -> Content:
        return heading(self.columns, self.order)

    @property
    def columns(self) -> Columns:
        """The columns as they are now."""
        # As wide as the lines, which a scrollbar may have narrowed.
        return Columns.fitting(self.query_one(Rows).scrollable_content_region.width)

    def _row(self, index: int, width: int) -> Content:
        session, user = self.session, self.roster.shown[index]
        glance, reading = session.glances.get(user.id), user.id in session.reading
        word = self.roster.query.casefold().strip().partition(" ")[0].removeprefix("@")
        row = Row(user, glance, reading, user.id in session.marks, word)
        return row.line(Columns.fitting(width + GUTTER), figures.now())

    def repaint(self) -> None:
        """What is shown may look otherwise now."""
        for each in self.query("#users, .tally, FilterBar, #trouble, #heading"):
            each.refresh()

    def _tick(self) -> None:
        if self.session.waiting_for or self.session.trouble:
            self._say()
        elif self.is_current:
            self._arrange_if_moved()
            self.repaint()

    @on(Rows.InView)
    def _want(self) -> None:
        self.query_one("#heading").refresh()
        self.read_in_view(fresh=False)

    def read_in_view(self, *, fresh: bool) -> None:
        """Read the users in view, those that were not read lately or, with `fresh`, all."""
        rows, shown = self.query_one(Rows), self.roster.shown
        view = [shown[index] for index in rows.in_view() if index < len(shown)]
        # The selected user first: that is the row that is being looked at.
        view.sort(key=lambda user: user is not self.selected)
        self.runner.looking.want(view, fresh=fresh)

    @property
    def selected(self) -> User | None:
        """The user under the cursor."""
        cursor = self.query_one(Rows).cursor
        return self.roster.shown[cursor] if cursor < len(self.roster.shown) else None

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        self.search(event.value)

    def search(self, query: str) -> None:
        """Show those who fit a query."""
        if query != self.roster.query:
            self.roster.query = query
            self.list_anew(top=bool(query))
            self.refresh_bindings()

    @property
    def order(self) -> Sort | None:
        """The order that the list is in; None when the best match comes first."""
        return self.roster.sort or (None if self.roster.query else Sort())
